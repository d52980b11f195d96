"""Sources become corpus files; nothing is lost, nothing is overwritten in silence."""

import pytest

from conftest import SEED
from qa.corpus import folder
from qa.corpus.ingest import ingest

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
    return folder.read(project / "corpus" / name).document.text


def test_the_seed_becomes_a_document(project):
    put(project, "seed.txt", SEED.read_text("utf-8"))
    assert run(project) == [("seeds/seed.txt", "new")]
    (file,) = folder.read_all(project / "corpus")
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
    assert len(list((project / "corpus").iterdir())) == 1


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
    assert (done.outcome, done.is_trouble) == ("conflict", True)
    assert "--overwrite" in done.why
    assert corpus_text(project, "onne.md") == "One."
    assert run(project, overwrite=True) == [("seeds/a.txt", "updated")]
    assert corpus_text(project, "onne.md") == "Two."


def test_two_sources_with_one_title_stay_two_documents(project):
    put(project, "a.txt", "Title\n2020-02-03\n\nOne.")
    put(project, "b.txt", "Title\n2020-02-03\n\nTwo.")
    assert run(project) == [("seeds/a.txt", "new"), ("seeds/b.txt", "new")]
    texts = [file.document.text for file in folder.read_all(project / "corpus")]
    assert sorted(texts) == ["One.", "Two."]
    assert {outcome for _, outcome in run(project)} == {"unchanged"}


def test_an_address_in_the_head_is_the_source_and_the_file_is_still_known_again(project):
    put(project, "a.txt", "T\n2020-02-03\nhttps://example.org/a\n\nOne.")
    run(project)
    (file,) = folder.read_all(project / "corpus")
    assert (file.document.source, file.ingested_from) == ("https://example.org/a", "seeds/a.txt")
    assert run(project) == [("seeds/a.txt", "unchanged")]


def test_a_bad_file_is_named_and_the_good_ones_are_taken(project):
    put(project, "a.txt", "One.")
    (project / "seeds" / "b.pdf").write_bytes(b"%PDF")
    put(project, "c.txt", "Three.")
    done = list(ingest([project / "seeds", project / "gone.txt"], project / "corpus"))
    assert [d.outcome for d in done] == ["new", "failed", "new", "failed"]
    assert ".pdf is not a format read here" in done[1].why
    assert "no such file" in done[3].why


def test_hidden_files_in_a_folder_are_left_alone(project):
    put(project, "a.txt", "One.")
    put(project, ".DS_Store", "x")
    assert run(project) == [("seeds/a.txt", "new")]


def test_a_chinese_text_is_known_as_chinese_and_named_in_chinese(project):
    put(project, "a.txt", "2021年贸易增长。很快。")
    run(project)
    (file,) = folder.read_all(project / "corpus")
    assert (file.document.id, file.document.language) == ("2021年贸易增长", "zh")
