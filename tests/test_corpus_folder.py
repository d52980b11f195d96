"""A corpus file can be read, written, and corrected by hand."""

import datetime
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import storage
from qa.errors import CorpusError
from qa.records import Document
from qa.sources import corpus_folder

OF_TEXT = hashlib.sha256(b"Text").hexdigest()


def document(**fields):
    given = {
        "id": "a-1",
        "title": "Tea: hot",
        "text": "One.\n\n--- \nTwo.",
        "date": datetime.date(2020, 2, 3),
        "section": "Trade",
        "source": "seeds/a.txt",
    }
    return Document(**{**given, **fields})


def written(corpus, one):
    corpus_folder.write(corpus, one.id, corpus_folder.render(one, "seeds/a.txt", "1" * 64))
    return corpus / f"{one.id}.md"


def test_what_is_written_is_read_back_equal(tmp_path):
    file = corpus_folder.read(written(tmp_path, document()))
    assert file.document == document()
    assert (file.ingested_from, file.source_sha256) == ("seeds/a.txt", "1" * 64)
    assert not file.is_corrected
    assert [p.name for p in tmp_path.iterdir()] == ["a-1.md"]


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1),
    title=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
)
def test_any_text_and_title_survive(tmp_path_factory, text, title):
    one = document(text=f"x{text}", title=f"t{title}")
    assert corpus_folder.read(written(tmp_path_factory.mktemp("corpus"), one)).document == one


def test_pages_are_written_in_one_line_and_read_back(tmp_path):
    one = document(text="One.\n\nTwo.", pages=(0, 6))
    path = written(tmp_path, one)
    assert "\npages: [0, 6]\n" in path.read_text("utf-8")
    assert corpus_folder.read(path).document == one


def test_a_hand_correction_is_noticed_and_taken(tmp_path):
    path = written(tmp_path, document())
    path.write_text(path.read_text("utf-8").replace("Two.", "Too."), "utf-8")
    file = corpus_folder.read(path)
    assert file.is_corrected
    assert file.document.text == "One.\n\n--- \nToo."


def test_a_file_written_by_hand_needs_only_a_title(tmp_path):
    (tmp_path / "b.md").write_text("---\ntitle: B\n---\nText.\r\n", "utf-8", newline="")
    file = corpus_folder.read(tmp_path / "b.md")
    assert file.document == Document(id="b", title="B", text="Text.")
    assert (file.ingested_from, file.is_corrected) == (None, True)


def test_the_folders_readme_and_hidden_files_are_not_documents(tmp_path):
    written(tmp_path, document())
    (tmp_path / "README.md").write_text("no", "utf-8")
    (tmp_path / ".b.md").write_text("no", "utf-8")
    assert [file.document.id for file in corpus_folder.read_all(tmp_path)] == ["a-1"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("No front matter.", "has no title"),
        ("---\ntitle: A\n---\n\n", "no text below"),
        ("---\ntitle: A\ntilte: B\n---\nText", "front matter has tilte; known are id, title"),
        ("---\ntitle: A\nid: other\n---\nText", "id is 'other', its file is named 'a'"),
        ("---\ntitle: A\ndate: yesterday\n---\nText", "'yesterday' is not a date"),
        ("---\ntitle: A\nlayout: poem\n---\nText", "no layout 'poem'"),
        ("---\ntitle: [\n---\nText", "not YAML"),
        (f"---\ntitle: A\npages: [0, x]\nsha256: {OF_TEXT}\n---\nText", "not a list of offsets"),
        (f"---\ntitle: A\npages: [2, 1]\nsha256: {OF_TEXT}\n---\nText", "do not ascend"),
        (f"---\ntitle: A\npages: [0, 5]\nsha256: {OF_TEXT}\n---\nText", "within the text"),
    ],
)
def test_a_file_that_is_no_document_is_refused_with_the_reason(tmp_path, content, why):
    path = tmp_path / "a.md"
    path.write_text(content, "utf-8")
    with pytest.raises(CorpusError) as refusal:
        corpus_folder.read(path)
    assert str(path) in str(refusal.value)
    assert why in str(refusal.value)


@pytest.mark.parametrize("bad", ["../a", "a/b", "", ".hidden", "a\nb", "x" * 121])
def test_an_id_cannot_leave_the_folder(tmp_path, bad):
    with pytest.raises(CorpusError, match="cannot name a file"):
        written(tmp_path / "corpus", document(id=bad))
    assert list(tmp_path.rglob("*")) == []


def test_a_missing_folder_is_named_with_the_remedy(tmp_path):
    with pytest.raises(CorpusError, match='run "qa ingest SOURCE" first'):
        corpus_folder.read_all(tmp_path / "none")


def test_a_withdrawn_document_with_other_places_is_read_back_equal(tmp_path):
    one = document(withdrawn=datetime.date(2026, 1, 2), also=("https://a.example/1", "seeds/b.txt"))
    content = corpus_folder.render(one, "https://a.example/2", "1" * 64, "2026-01-01T00:00:00Z")
    corpus_folder.write(tmp_path, one.id, content)
    file = corpus_folder.read(tmp_path / "a-1.md")
    assert file.document == one
    assert (file.retrieved, file.text_sha256) == ("2026-01-01T00:00:00Z", one.sha256)
    assert "withdrawn: 2026-01-02\n" in content


def test_amending_changes_a_key_and_nothing_else(tmp_path):
    path = written(tmp_path, document())
    raw = path.read_text("utf-8")
    marked = corpus_folder.amended(raw, withdrawn=datetime.date(2026, 1, 2), also=["x", "y"])
    path.write_text(marked, "utf-8")
    file = corpus_folder.read(path)
    assert (file.document.withdrawn, file.document.also) == (datetime.date(2026, 1, 2), ("x", "y"))
    assert not file.is_corrected
    assert corpus_folder.amended(marked, withdrawn=None, also=None) == raw
    again = corpus_folder.amended(marked, also=["z"])
    assert again.count("also:") == 1
    assert "- x" not in again


def test_what_a_person_corrected_stays_corrected_when_it_is_amended(tmp_path):
    path = written(tmp_path, document())
    path.write_text(path.read_text("utf-8").replace("Two.", "Too.").replace("title:", "title:  "))
    path.write_text(
        corpus_folder.amended(path.read_text("utf-8"), withdrawn=datetime.date(2026, 1, 2))
    )
    assert corpus_folder.read(path).is_corrected
    assert "title:   'Tea: hot'\n" in path.read_text("utf-8")
    (tmp_path / "b.md").write_text("---\ntitle: B\n---\nText.", "utf-8")
    assert corpus_folder.amended("---\ntitle: B\n---\nText.", also=["x"]) == (
        "---\ntitle: B\nalso:\n- x\n---\nText."
    )


def test_a_write_that_is_stopped_leaves_nothing(tmp_path, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(storage.os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, document())
    assert [*tmp_path.iterdir()] == []
