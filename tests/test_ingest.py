"""Sources become corpus files; nothing is lost, nothing is overwritten in silence."""

import os

import pytest

from badfiles import pdf_of
from conftest import SEED
from qa.records import page_of
from qa.sources import corpus_folder
from qa.sources.ingest import ingest
from qa.sources.preview import preview

SEED_ID = "2022-07-21-recently-27-government-departments-including-mofcom-issued"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "seeds").mkdir()
    return tmp_path


def run(project, *, overwrite=False):
    done = ingest([project / "seeds"], project / "corpus", overwrite=overwrite)
    return [(d.source, d.outcome) for d in done]


def put(project, name, text):
    (project / "seeds" / name).write_text(text, "utf-8")


def corpus_text(project, name):
    return corpus_folder.read(project / "corpus" / name).document.text


def test_the_seed_becomes_a_document(project):
    put(project, "seed.txt", SEED.read_text("utf-8"))
    assert run(project) == [("seeds/seed.txt", "new")]
    (file,) = corpus_folder.read_all(project / "corpus")
    document = file.document
    assert document.id == SEED_ID
    assert document.title == (
        "Recently, 27 government departments including MOFCOM issued the opinions on promoting "
        "the high-quality development of foreign trade in culture"
    )
    assert (str(document.date), document.section) == ("2022-07-21", "Service Trade")
    assert (document.source, document.language) == ("seeds/seed.txt", "en")
    assert SEED.read_text("utf-8").endswith(document.text)


def test_again_changes_nothing(project):
    put(project, "a.txt", "One.")
    run(project)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (project / "corpus").iterdir()}
    assert run(project) == [("seeds/a.txt", "unchanged")]
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (project / "corpus").iterdir()}
    assert after == before


def test_a_changed_source_is_updated_and_keeps_its_id(project):
    put(project, "a.txt", "One.")
    run(project)
    put(project, "a.txt", "Two.")
    assert run(project) == [("seeds/a.txt", "updated")]
    assert corpus_text(project, "one.md") == "Two."
    assert [p.name for p in corpus_folder.paths(project / "corpus")] == ["one.md"]


def test_a_hand_correction_is_kept_while_the_source_is_as_it_was(project):
    put(project, "a.txt", "Onne.")
    run(project)
    path = project / "corpus" / "onne.md"
    path.write_text(path.read_text("utf-8").replace("\nOnne.", "\nOne."), "utf-8")
    assert run(project) == [("seeds/a.txt", "kept")]
    assert corpus_text(project, "onne.md") == "One."


def test_a_corrected_file_whose_source_changed_is_a_conflict_until_told(project):
    put(project, "a.txt", "Onne.")
    run(project)
    path = project / "corpus" / "onne.md"
    path.write_text(path.read_text("utf-8").replace("\nOnne.", "\nOne."), "utf-8")
    put(project, "a.txt", "Two.")
    (done,) = ingest([project / "seeds"], project / "corpus")
    assert (done.outcome, done.needs_attention) == ("conflict", True)
    assert "--overwrite" in done.why
    assert corpus_text(project, "onne.md") == "One."
    assert run(project, overwrite=True) == [("seeds/a.txt", "updated")]
    assert corpus_text(project, "onne.md") == "Two."


def test_two_sources_with_one_title_stay_two_documents(project):
    put(project, "a.txt", "Title\n2020-02-03\n\nOne.")
    put(project, "b.txt", "Title\n2020-02-03\n\nTwo.")
    assert run(project) == [("seeds/a.txt", "new"), ("seeds/b.txt", "new")]
    texts = [file.document.text for file in corpus_folder.read_all(project / "corpus")]
    assert sorted(texts) == ["One.", "Two."]
    assert {outcome for _, outcome in run(project)} == {"unchanged"}


def test_an_address_in_the_head_is_the_source_and_the_file_is_still_known_again(project):
    put(project, "a.txt", "T\n2020-02-03\nhttps://example.org/a\n\nOne.")
    run(project)
    (file,) = corpus_folder.read_all(project / "corpus")
    assert (file.document.source, file.ingested_from) == ("https://example.org/a", "seeds/a.txt")
    assert run(project) == [("seeds/a.txt", "unchanged")]


def test_a_bad_file_is_named_and_the_good_ones_are_taken(project):
    put(project, "a.txt", "One.")
    (project / "seeds" / "b.pdf").write_bytes(b"%PDF")
    put(project, "c.txt", "Three.")
    done = list(ingest([project / "seeds", project / "gone.txt"], project / "corpus"))
    assert [d.outcome for d in done] == ["new", "failed", "new", "failed"]
    assert "not a PDF that can be read" in done[1].why
    assert "no such file" in done[3].why


def test_hidden_files_in_a_folder_are_left_alone(project):
    put(project, "a.txt", "One.")
    put(project, ".DS_Store", "x")
    assert run(project) == [("seeds/a.txt", "new")]


def test_a_chinese_text_is_known_as_chinese_and_named_in_chinese(project):
    put(project, "a.txt", "2021年贸易增长。很快。")
    run(project)
    (file,) = corpus_folder.read_all(project / "corpus")
    assert (file.document.id, file.document.language) == ("2021年贸易增长", "zh")


def test_links_out_of_a_folder_are_not_followed_and_those_within_are(project):
    put(project, "a.txt", "One.")
    (project / "secret.txt").write_text("Secret.", "utf-8")
    (project / "seeds" / "out.txt").symlink_to(project / "secret.txt")
    (project / "seeds" / "within.txt").symlink_to(project / "seeds" / "a.txt")
    (project / "seeds" / "folder").symlink_to(project)
    done = list(ingest([project / "seeds"], project / "corpus"))
    assert [(d.source, d.outcome) for d in done] == [
        ("seeds/a.txt", "new"),
        ("seeds/folder", "failed"),
        ("seeds/out.txt", "failed"),
        ("seeds/within.txt", "duplicate"),
    ]
    assert all("a link out of" in d.why for d in done[1:3])
    assert [d.outcome for d in ingest([project / "seeds" / "out.txt"], project / "c2")] == ["new"]


def test_what_is_no_file_is_not_waited_for(project):
    os.mkfifo(project / "seeds" / "a.txt")
    (done,) = ingest([project / "seeds"], project / "corpus")
    assert done.why.endswith("no file, but a pipe, a socket or a device.")


def test_a_name_that_is_no_text_is_refused(project):
    with open(os.fsencode(project / "seeds") + b"/\xff.txt", "wb") as file:  # noqa: PTH123
        file.write(b"One.")
    (done,) = ingest([project / "seeds"], project / "corpus")
    assert done.why.endswith("its name is not text: give it another.")


def test_pages_hold_while_the_text_is_as_it_was(project):
    lines = [(72, 700, "Home > Press"), (72, 600, "It rained.")], [(72, 700, "All day.")]
    (project / "seeds" / "a.pdf").write_bytes(pdf_of(*lines))
    assert run(project) == [("seeds/a.pdf", "new")]
    (path,) = corpus_folder.paths(project / "corpus")
    document = corpus_folder.read(path).document
    assert (document.text, document.section) == ("It rained.\n\nAll day.", "Press")
    assert document.pages == (0, 12)
    assert [page_of(document, at) for at in (0, 11, 12, 19)] == [1, 1, 2, 2]
    assert run(project) == [("seeds/a.pdf", "unchanged")]
    path.write_text(path.read_text("utf-8").replace("All day.", "All night."), "utf-8")
    assert corpus_folder.read(path).document.pages == ()
    assert page_of(corpus_folder.read(path).document, 0) is None


def test_what_is_not_in_the_text_is_told(project):
    (project / "seeds" / "a.pdf").write_bytes(pdf_of([(72, 700, "It rained.")], []))
    remark = "1 of 2 pages hold no text (2)"
    (shown,) = preview([project / "seeds"], project / "corpus")
    assert shown.to_json()["remark"] == remark
    (done,) = ingest([project / "seeds"], project / "corpus")
    assert (done.outcome, done.why) == ("new", remark)


def test_a_preview_is_what_would_be_written_and_writes_nothing(project):
    put(project, "a.txt", "Q Will it rain?\n\nMR. FOX: Yes.\n\nQ Sure?\n\nMR. FOX: No.")
    put(project, "b.txt", " ")
    good, bad = preview([project / "seeds"], project / "corpus")
    assert not (project / "corpus").exists()
    assert bad.to_json() == {
        "source": "seeds/b.txt",
        "error": "seeds/b.txt: there is no text in it.",
    }
    stated = good.to_json()
    assert (stated["title"], stated["layout"]) == ("Will it rain?", "transcript")
    assert stated["turns"][1] == {
        "role": "answer",
        "speaker": "MR. FOX",
        "first_words": "Yes.",
        "start": 17,
        "end": 32,
    }
