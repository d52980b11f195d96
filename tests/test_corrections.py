"""A document that ingest did not write so is named, until a person accepts it as it is."""

import datetime
import hashlib

import pytest

from conftest import WordEncoder
from qa.answer.verify import verify_snapshot
from qa.errors import CorpusError
from qa.index.build import build
from qa.sources import corpus_folder
from qa.sources.corrections import accept
from qa.sources.ingest import ingest

TEXT = "Tea is hot.\n\nMilk is cold.\n\nRain fell on 3 May."


@pytest.fixture
def home(tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "tea.txt").write_text(TEXT, "utf-8")
    assert taken(tmp_path) == ["new"]
    return tmp_path


def taken(home):
    return [d.outcome for d in ingest([home / "seeds"], home / "corpus")]


def document(home):
    return home / "corpus" / "tea-is-hot.md"


def indexed(home):
    """Index the record as it is now, and return its verification."""
    build(
        corpus_folder.read_all(home / "corpus"), home / "index", WordEncoder(), passage_chars=1250
    )
    return verify_snapshot(home / "index", home / "corpus")


def differs(home, what):
    path = document(home)
    return (
        f"{path} differs in its {what} from what ingest wrote: corrected by hand, or damaged. If "
        f'it is right, run "qa accept {path.stem}", then "qa index"; if not, restore it.'
    )


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("3 May", "4 May", "text"),
        ("Milk is cold.\n\n", "", "text"),
        ("\n\nRain fell on 3 May.\n", "\n", "text"),
        ("title: Tea is hot", "title: Tea is not hot", "front matter"),
        ("language: en", "language: en\ndate: 2020-01-01", "front matter"),
        ("ingested_from: ", "retrieved: ", "front matter"),
        ("\nsource_sha256: ", "\nsource_sha256: 0", "front matter"),
    ],
)
def test_what_differs_is_named_though_it_was_indexed_so(home, before, after, what):
    path = document(home)
    whole = path.read_text("utf-8")
    assert whole.count(before) == 1
    path.write_text(whole.replace(before, after), "utf-8")
    assert indexed(home).faults == (differs(home, what),)
    path.write_text(whole, "utf-8")
    assert indexed(home).faults == ()


def test_a_flipped_bit_anywhere_never_passes_for_what_ingest_wrote(home):
    path = document(home)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            found = corpus_folder.read(path)
        except CorpusError:
            continue
        assert found.is_altered, whole[place - 10 : place + 10]


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda data: data.replace(b"Milk", b"\0\0\0\0"), "is damaged, it holds NUL characters"),
        (lambda data: data.replace(b"Milk", b"\xff\xfe\0\0"), "It is damaged, or not UTF-8"),
        (lambda data: data[:100], "has no title"),
        (lambda _: b"", "has no title"),
        (lambda data: bytes(len(data)), "has no title"),
    ],
)
def test_what_is_damaged_beyond_doubt_is_no_document(home, spoil, named):
    path = document(home)
    indexed(home)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CorpusError) as refusal:
        corpus_folder.read(path)
    assert named in str(refusal.value)
    faults = verify_snapshot(home / "index", home / "corpus").faults
    assert [str(path) in fault for fault in faults] == [True]


def test_a_text_with_nul_characters_that_ingest_wrote_is_read(tmp_path):
    one = corpus_folder.Document(id="a", title="A", text="x\0y")
    corpus_folder.write(tmp_path, "a", corpus_folder.render(one, "seeds/a.txt", "1" * 64))
    assert corpus_folder.read(tmp_path / "a.md").document == one


def test_what_was_accepted_is_right_until_it_changes_again(home):
    path = document(home)
    path.write_text(path.read_text("utf-8").replace("3 May", "4 May"), "utf-8")
    assert [*accept(home / "corpus", ["tea-is-hot"])] == [("tea-is-hot.md", True)]
    assert [*accept(home / "corpus", ["tea-is-hot.md"])] == [("tea-is-hot.md", False)]
    file = corpus_folder.read(path)
    assert (file.is_corrected, file.is_accepted, file.is_altered) == (True, True, False)
    assert file.document.text == TEXT.replace("3 May", "4 May")
    found = indexed(home)
    assert found.faults == ()
    assert found.notes == ("Corrected by hand, and accepted: tea-is-hot.",)
    assert taken(home) == ["kept"]
    path.write_text(path.read_text("utf-8").replace("4 May", "5 May"), "utf-8")
    assert indexed(home).faults == (differs(home, "text"),)
    assert [*accept(home / "corpus", ["tea-is-hot"])] == [("tea-is-hot.md", True)]
    assert path.read_text("utf-8").count("accepted_sha256: ") == 1
    assert indexed(home).faults == ()


def test_a_correction_stays_accepted_when_ingest_amends_the_document(home):
    path = document(home)
    path.write_text(path.read_text("utf-8").replace("3 May", "4 May"), "utf-8")
    (_,) = accept(home / "corpus", ["tea-is-hot"])
    day = datetime.date(2026, 1, 2)
    amended = corpus_folder.amended(path.read_text("utf-8"), withdrawn=day, also=["seeds/b.txt"])
    path.write_text(amended, "utf-8")
    file = corpus_folder.read(path)
    assert (file.document.withdrawn, file.is_accepted) == (day, True)
    unaccepted = amended.replace("4 May", "6 May")
    path.write_text(corpus_folder.amended(unaccepted, withdrawn=None), "utf-8")
    assert not corpus_folder.read(path).is_accepted


def test_a_document_written_by_hand_needs_nobodys_word(home):
    (home / "corpus" / "own.md").write_text("---\ntitle: Own\n---\n\nOwn words.\n", "utf-8")
    assert indexed(home).faults == ()
    assert [*accept(home / "corpus", ["own"])] == [("own.md", False)]


def test_a_line_of_the_text_that_looks_like_the_mark_accepts_nothing(home):
    path = document(home)
    digest = hashlib.sha256(b"x").hexdigest()
    path.write_text(f"{path.read_text('utf-8')}\naccepted_sha256: {digest}\n", "utf-8")
    assert corpus_folder.read(path).is_altered
    (_,) = accept(home / "corpus", ["tea-is-hot"])
    assert corpus_folder.read(path).is_accepted
    assert corpus_folder.read(path).document.text.endswith(f"accepted_sha256: {digest}")


@pytest.mark.parametrize("name", ["missing", "../tea", "sub/tea", ""])
def test_only_documents_of_the_corpus_are_accepted(home, name):
    with pytest.raises(CorpusError, match="is missing: name documents by their ids"):
        [*accept(home / "corpus", [name])]
