"""Verification names the file that fails, and passes when none does."""

import json
import shutil

import pytest

from conftest import SEED, WordEncoder
from qa import QA
from qa.answer.verify import verify_answers, verify_snapshot
from qa.errors import InputError
from qa.index.build import build
from qa.index.snapshot import live_digest, open_snapshot
from qa.records import to_json
from qa.sources import corpus_folder
from qa.sources.ingest import ingest


@pytest.fixture
def project(tmp_path, encoder):
    (tmp_path / "seeds").mkdir()
    shutil.copy(SEED, tmp_path / "seeds" / "seed.txt")
    (tmp_path / "seeds" / "tea.txt").write_text("Tea is hot.\n\nMilk is cold.", "utf-8")
    list(ingest([tmp_path / "seeds"], tmp_path / "corpus"))
    build(
        corpus_folder.read_all(tmp_path / "corpus"), tmp_path / "index", encoder, passage_chars=1250
    )
    return tmp_path


def proof(project):
    return verify_snapshot(project / "index", project / "corpus")


def test_a_whole_record_is_proved(project):
    assert proof(project).faults == ()
    assert proof(project).summary.startswith("Proved: 5 passages and 16 sentences of 2 documents")


def test_one_changed_character_anywhere_in_a_corpus_file_is_named(project):
    path = project / "corpus" / "tea-is-hot.md"
    whole = path.read_text("utf-8")
    for before, after in (
        ("Milk is cold", "Milk is bold"),
        ("title: Tea", "title: Tee"),
        ("language: en", "language: eo"),
        ("source_sha256: ", "source_sha256:  "),
    ):
        assert before in whole
        path.write_text(whole.replace(before, after), "utf-8")
        assert len(proof(project).faults) >= 1
        assert all(str(path) in fault for fault in proof(project).faults)
    path.write_text(whole, "utf-8")
    assert proof(project).faults == ()


def test_a_changed_text_names_the_place_and_the_passage(project):
    path = project / "corpus" / "tea-is-hot.md"
    path.write_text(path.read_text("utf-8").replace("Milk is cold", "Milk is bold"), "utf-8")
    changed, passage = proof(project).faults
    assert "the text differs from character 21 on" in changed
    assert "its text is not the document's at that place" in passage


def test_a_missing_an_added_and_a_broken_corpus_file_are_named(project):
    path = project / "corpus" / "tea-is-hot.md"
    whole = path.read_bytes()
    path.unlink()
    assert [str(path) in fault for fault in proof(project).faults] == [True]
    path.write_bytes(b"no document")
    assert [str(path) in fault for fault in proof(project).faults] == [True]
    path.write_bytes(whole)
    other = project / "corpus" / "other.md"
    other.write_text("---\ntitle: O\n---\nO.", "utf-8")
    assert proof(project).faults == (f'{other} is not in the snapshot: run "qa index".',)


def test_a_damaged_snapshot_file_is_named(project):
    path = (
        project / "index" / live_digest(project / "index") / "vectors" / "words" / "passages.faiss"
    )
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    assert [str(path) in fault for fault in proof(project).faults] == [True]


def answer_json(project):
    qa = QA(open_snapshot(project / "index"), WordEncoder())
    return json.dumps(to_json(qa.ask("is tea hot")))


def test_an_answer_is_proved_alone_and_as_lines(project):
    one = answer_json(project)
    assert verify_answers(one, project / "corpus").faults == ()
    proved = verify_answers(f"{one}\n{one}\n", project / "corpus")
    assert proved.faults == ()
    assert proved.summary.startswith("Proved: 2 citations of 2 answers")


def test_a_tampered_answer_is_named_with_its_line(project):
    one = answer_json(project)
    (fault, *_) = verify_answers(
        f"{one}\n{one.replace('Tea is hot', 'Tea is not')}", project / "corpus"
    ).faults
    assert fault.startswith("line 2: citation 1: tea-is-hot: ")


def test_what_is_not_json_is_refused(project):
    for content in ("", "{", "{}\n{"):
        with pytest.raises(InputError, match="not JSON"):
            verify_answers(content, project / "corpus")
