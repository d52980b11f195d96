"""``qa ingest`` writes into a corpus only, alone, and whatever path it is reached by."""

import os
import subprocess
import sys

import pytest

from conftest import ROOT, contents
from qa.errors import BusyError, CorpusError
from qa.index.build import build
from qa.sources import corpus_folder, owned
from qa.sources.ingest import ingest
from qa.sources.state import State
from qa.storage import LOCK


@pytest.fixture
def seeds(tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "tea.txt").write_text("Tea is hot.\n\nMilk is cold.", "utf-8")
    return tmp_path / "seeds"


def taken(seeds, corpus, cache=None):
    return [(d.outcome, d.document) for d in ingest([seeds], corpus, cache=cache)]


def project(place):
    (place / "notes").mkdir(parents=True)
    (place / "notes" / "thesis.txt").write_text("mine", "utf-8")
    (place / "README.md").write_text("My project.", "utf-8")


def other_markdown(place):
    place.mkdir()
    (place / "todo.md").write_text("# To do\n", "utf-8")


def blog(place):
    place.mkdir()
    (place / "post.md").write_text("---\ntitle: Post\ndraft: true\n---\nHello.\n", "utf-8")


def interrupted(place):
    """A file like one that a killed ingest leaves, beside others."""
    place.mkdir()
    (place / ".draft.md.unfinished").write_text("Once upon a time", "utf-8")
    (place / "photo.jpg").write_bytes(b"\xff\xd8")


def lock(place):
    place.mkdir()
    (place / LOCK).write_text("4711", "utf-8")


@pytest.mark.parametrize("make", [project, other_markdown, blog, interrupted, lock])
def test_a_folder_with_foreign_files_is_refused_and_keeps_every_byte(seeds, tmp_path, make):
    make(tmp_path / "place")
    before = contents(tmp_path)
    with pytest.raises(CorpusError):
        taken(seeds, tmp_path / "place")
    assert contents(tmp_path) == before


def test_the_refusal_names_the_files_and_the_remedy(seeds, tmp_path):
    with pytest.raises(CorpusError) as refusal:
        taken(seeds, tmp_path)
    assert str(refusal.value) == (
        f"{tmp_path} holds files that are no documents of a record (seeds), so that nothing was "
        "written: name an empty or a new folder (--corpus)."
    )


def test_a_folder_with_documents_of_an_earlier_version_is_a_corpus(seeds, tmp_path):
    corpus = tmp_path / "corpus"
    taken(seeds, corpus)
    (corpus / LOCK).write_bytes(b"")
    (corpus / "scan.pdf").write_bytes(b"%PDF")
    assert taken(seeds, corpus) == [("unchanged", "tea-is-hot")]
    assert (corpus / LOCK).read_text("utf-8") == owned.MARK
    assert (corpus / "scan.pdf").read_bytes() == b"%PDF"


def test_a_folder_of_documents_written_by_hand_is_a_corpus(seeds, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("README.md", ".gitignore"):
        (corpus / name).write_text("The record.", "utf-8")
    (corpus / "rain.md").write_text("---\ntitle: Rain\n---\n\nRain fell.\n", "utf-8")
    before = contents(corpus)
    assert taken(seeds, corpus) == [("new", "tea-is-hot")]
    assert contents(corpus).items() >= before.items()


def test_a_file_or_a_link_to_nothing_is_no_corpus(seeds, tmp_path):
    (tmp_path / "file").write_text("mine", "utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "missing")
    for name in ("file", "link"):
        with pytest.raises(CorpusError, match="is not a folder: name another"):
            taken(seeds, tmp_path / name)


def test_a_link_in_the_place_of_a_file_to_be_written_is_not_written_through(seeds, tmp_path):
    corpus, mine = tmp_path / "corpus", tmp_path / "mine.txt"
    corpus.mkdir()
    mine.write_text("mine", "utf-8")
    (corpus / ".tea-is-hot.md.unfinished").symlink_to(mine)
    assert taken(seeds, corpus) == [("failed", None)]
    (corpus / "tea-is-hot.md").unlink(missing_ok=True)
    assert mine.read_text("utf-8") == "mine"
    assert (corpus / ".tea-is-hot.md.unfinished").is_symlink()


def test_one_corpus_has_one_lock_by_whatever_path_and_cache(seeds, tmp_path):
    corpus = tmp_path / "corpus"
    taken(seeds, corpus)
    (tmp_path / "link").symlink_to(corpus)
    (tmp_path / "above").symlink_to(tmp_path)
    with State.open(corpus, tmp_path / "cache"):
        for path in (corpus, tmp_path / "link", tmp_path / "above" / "corpus"):
            for cache in (tmp_path / "cache", tmp_path / "another", None):
                with pytest.raises(BusyError, match='Another "qa ingest" is writing'):
                    taken(seeds, path, cache)
    assert taken(seeds, tmp_path / "link", tmp_path / "another")[0][0] in ("unchanged", "duplicate")


def test_another_process_is_kept_out_too(seeds, tmp_path):
    corpus = tmp_path / "corpus"
    taken(seeds, corpus)
    (tmp_path / "link").symlink_to(corpus)
    command = [sys.executable, "-m", "qa", "ingest", str(seeds), "--corpus", str(tmp_path / "link")]
    environment = {**os.environ, "QA_CACHE": str(tmp_path / "another")}
    with State.open(corpus, tmp_path / "cache"):
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
        )
    assert (done.returncode, done.stderr) == (
        1,
        f'qa: Another "qa ingest" is writing {tmp_path}/link: wait for it to end.\n',
    )


def test_every_user_can_open_the_lock(seeds, tmp_path):
    before = os.umask(0o077)
    try:
        taken(seeds, tmp_path / "corpus")
    finally:
        os.umask(before)
    assert (tmp_path / "corpus" / LOCK).stat().st_mode & 0o777 == 0o666


@pytest.mark.parametrize("is_marked", [False, True])
def test_a_corpus_that_can_only_be_read_is_told(seeds, tmp_path, monkeypatch, is_marked):
    from qa import storage

    corpus = tmp_path / "corpus"
    if is_marked:
        taken(seeds, corpus)

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied", str(corpus / LOCK))

    monkeypatch.setattr("filelock.FileLock.acquire", denied)
    with pytest.raises(CorpusError) as refusal:
        taken(seeds, corpus)
    assert str(refusal.value) == (
        f"{corpus} cannot be written ({corpus / LOCK}: Permission denied): make it writable for "
        "this user, or name another folder."
    )
    assert storage.is_marked(corpus, owned.MARK) is is_marked


def test_the_lock_is_no_document_and_changes_no_digest(seeds, tmp_path, encoder):
    corpus = tmp_path / "corpus"
    taken(seeds, corpus)
    digests = []
    for _ in range(2):
        files = [*corpus_folder.read_all(corpus)]
        assert [file.document.id for file in files] == ["tea-is-hot"]
        digests.append(build(files, tmp_path / "index", encoder, passage_chars=1250).digest)
        (corpus / LOCK).unlink(missing_ok=True)
    assert digests[0] == digests[1]


def test_git_does_not_see_the_lock(tmp_path):
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert f"/corpus/{LOCK}" in ignored
