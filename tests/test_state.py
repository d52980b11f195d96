"""The state of sources survives damage: the file is moved aside and written anew."""

import logging
import random
import sqlite3

import pytest

from qa.errors import CorpusError
from qa.sources import corpus_folder
from qa.sources import state as states
from qa.sources.ingest import ingest
from qa.sources.state import State

DOCUMENTS = 40


@pytest.fixture
def home(tmp_path):
    (tmp_path / "seeds").mkdir()
    for n in range(DOCUMENTS):
        (tmp_path / "seeds" / f"{n}.txt").write_text(f"On tea {n}.\n\nTea {n} is hot.", "utf-8")
    assert taken(tmp_path) == ["new"] * DOCUMENTS
    return tmp_path


def taken(home):
    return [d.outcome for d in ingest([home / "seeds"], home / "corpus", cache=home / "cache")]


def database(home):
    (path,) = (home / "cache" / "sources").glob("*.sqlite")
    return path


def header(data):
    return b"garbage!" * 4 + data[32:]


def schema(data):
    return data.replace(b"CREATE TABLE files", b"CREATE TALBE files")


def pages(data):
    return data[:8192] + bytes(len(data) - 8192)


def shortened(data):
    return data[: len(data) // 2 + 100]


def text(_):
    return b"Not a database, but the beginning of a novel. " * 200


@pytest.mark.parametrize("damage", [header, schema, pages, shortened, text])
def test_a_damaged_file_is_moved_aside_and_made_anew(home, caplog, damage):
    path = database(home)
    spoilt = damage(path.read_bytes())
    assert spoilt != path.read_bytes()
    path.write_bytes(spoilt)
    with caplog.at_level(logging.WARNING):
        assert taken(home) == ["unchanged"] * DOCUMENTS
    aside = path.with_name(f"{path.name}.damaged-1")
    assert aside.read_bytes() == spoilt
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"qa: {path}, which keeps what is known of sources, was damaged (")
    assert line.endswith(f"it is now {aside.name}, and is built again from the corpus.")
    caplog.clear()
    assert taken(home) == ["unchanged"] * DOCUMENTS
    assert caplog.records == []


def test_files_moved_aside_before_stay(home):
    path = database(home)
    for number in (1, 2):
        path.write_bytes(text(number) + bytes([number]))
        taken(home)
    for number in (1, 2):
        assert path.with_name(f"{path.name}.damaged-{number}").read_bytes()[-1] == number


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bytes_anywhere_never_end_in_a_traceback_and_lose_nothing(home, seed):
    chance = random.Random(seed)  # noqa: S311 - no secret
    path = database(home)
    data = bytearray(path.read_bytes())
    for _ in range(40):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    before = {
        file.document.id: file.document.text for file in corpus_folder.read_all(home / "corpus")
    }
    for _ in range(2):
        assert not {*taken(home)} & {"new", "failed", "conflict", "withdrawn"}
    found = {
        file.document.id: file.document.text for file in corpus_folder.read_all(home / "corpus")
    }
    assert found == before


def test_damage_that_comes_up_during_a_run_is_told_and_gone_the_next_time(home):
    path = database(home)
    with pytest.raises(CorpusError) as refusal, State.open(home / "corpus", home / "cache"):
        raise sqlite3.DatabaseError("database disk image is malformed")
    assert f"it is now {path.name}.damaged-1" in str(refusal.value)
    assert str(refusal.value).endswith("Run the same command again.")
    assert taken(home) == ["unchanged"] * DOCUMENTS


def test_a_full_disk_is_no_damage(home):
    path = database(home)
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    with (
        pytest.raises(CorpusError, match=r"is full\): see that its folder .* has space"),
        State.open(home / "corpus", home / "cache"),
    ):
        raise full
    assert [p.name for p in path.parent.glob("*damaged*")] == []


def test_a_file_that_cannot_be_opened_is_told_with_the_remedy(home):
    path = database(home)
    path.unlink()
    path.mkdir()
    with pytest.raises(CorpusError, match="cannot be used .*name another in the setting cache"):
        taken(home)


def test_a_run_whose_beginning_is_damaged_is_not_gone_on_with(home):
    with State.open(home / "corpus", home / "cache") as state:
        first = state.begin_run("update")
        state.save_listing(first, "u", "[1")
        state._db.execute("UPDATE runs SET began = 'x' WHERE id = ?", [first])
        assert state.listing(first, "u") is None
        assert state.begin_run("update") != first
    assert states.now().tzinfo
