"""``qa index`` removes what it made from a folder, and nothing else from any folder."""

import hashlib
import json

import pytest

from conftest import WordEncoder, contents, corpus_file
from qa.errors import SnapshotError
from qa.index import owned
from qa.index import snapshot as snapshots
from qa.index.build import build
from qa.records import Document
from qa.storage import LOCK

TEXTS = ("Tea is hot.", "Milk is cold.", "Rain fell.", "Snow lies.")


def publish(index, text=TEXTS[0]):
    file = corpus_file(Document(id="a", title="A", text=text))
    return build([file], index, WordEncoder(), passage_chars=100).digest


def project(folder):
    (folder / "seeds").mkdir(parents=True)
    (folder / "seeds" / "a.txt").write_text("mine", "utf-8")
    (folder / "qa.toml").write_text('title = "x"', "utf-8")


def photographs(folder):
    (folder / hashlib.sha256(b"x").hexdigest()[:32]).mkdir(parents=True)
    (folder / hashlib.sha256(b"x").hexdigest()[:32] / "photo.jpg").write_bytes(b"\xff\xd8")


def extension(folder):
    """A folder like a snapshot's, with another program's manifest."""
    photographs(folder)
    path = next(folder.iterdir()) / "manifest.json"
    path.write_text(json.dumps({"name": "x", "files": {"photo.jpg": {}}}), "utf-8")


def current(folder):
    folder.mkdir()
    (folder / "current").write_text("notes on current affairs\n", "utf-8")


def empty_current(folder):
    folder.mkdir()
    (folder / "current").touch()


def lock(folder):
    folder.mkdir()
    (folder / LOCK).write_text("4711", "utf-8")


def unfinished(folder):
    (folder / ".unfinished").mkdir(parents=True)
    (folder / ".unfinished" / "novel.txt").write_text("Once upon a time", "utf-8")


def link(folder):
    project(folder.parent / "elsewhere")
    folder.mkdir()
    (folder / "there").symlink_to(folder.parent / "elsewhere")


def hidden(folder):
    folder.mkdir()
    (folder / ".env").write_text("SECRET=1", "utf-8")


def corpus(folder):
    folder.mkdir()
    (folder / "a.md").write_text("---\ntitle: A\n---\n\nTea is hot.\n", "utf-8")


FOREIGN = [
    project,
    photographs,
    extension,
    current,
    empty_current,
    lock,
    unfinished,
    link,
    hidden,
    corpus,
]


@pytest.mark.parametrize("make", FOREIGN, ids=lambda make: make.__name__)
def test_a_folder_with_foreign_files_is_refused_and_keeps_every_byte(tmp_path, make):
    folder = tmp_path / "folder"
    make(folder)
    before = contents(tmp_path)
    with pytest.raises(SnapshotError, match=r"did not make \(.*name an empty or a new folder"):
        publish(folder)
    with pytest.raises(SnapshotError):
        snapshots.roll_back(folder)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("make", FOREIGN, ids=lambda make: make.__name__)
def test_what_comes_into_an_index_later_stays(tmp_path, make):
    other, index = tmp_path / "other", tmp_path / "index"
    make(other)
    first = publish(index, TEXTS[0])
    for path in other.iterdir():
        if path.name not in ("current", LOCK, ".unfinished"):
            path.rename(index / path.name)
    foreign = {name: data for name, data in contents(index).items() if first not in name}
    for name in ("current", LOCK):
        del foreign[name]
    digests = [publish(index, text) for text in TEXTS[1:]]
    after = contents(index)
    assert {name: after[name] for name in foreign} == foreign
    assert (index / first).exists() is False
    assert snapshots.live_digest(index) == digests[-1]


def test_an_empty_folder_and_its_readme_are_taken(tmp_path):
    (tmp_path / "README.md").write_text("Snapshots.", "utf-8")
    (tmp_path / ".gitignore").write_text("*", "utf-8")
    digest = publish(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {
        "README.md",
        ".gitignore",
        LOCK,
        "current",
        digest,
    }
    assert (tmp_path / LOCK).read_text("utf-8") == owned.MARK


def test_an_index_of_an_earlier_version_is_taken_with_whatever_else_is_there(tmp_path):
    digests = [publish(tmp_path, text) for text in TEXTS[:2]]
    (tmp_path / LOCK).write_bytes(b"")
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    third = publish(tmp_path, TEXTS[2])
    assert {p.name for p in tmp_path.iterdir()} == {LOCK, "current", "notes.txt", digests[1], third}
    assert (tmp_path / LOCK).read_text("utf-8") == owned.MARK


def test_a_first_run_of_an_earlier_version_that_was_cut_off_is_no_obstacle(tmp_path):
    (tmp_path / LOCK).touch()
    (tmp_path / ".unfinished" / "documents").mkdir(parents=True)
    (tmp_path / ".current").write_text(f"{'0' * 32}\n", "ascii")
    digest = publish(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {LOCK, "current", digest}


def test_a_damaged_manifest_of_an_earlier_version_is_built_anew(tmp_path):
    digest = publish(tmp_path)
    (tmp_path / LOCK).write_bytes(b"")
    (tmp_path / digest / "manifest.json").write_bytes(b"{")
    assert publish(tmp_path) == digest
    assert snapshots.check_files(tmp_path) == []


def test_a_foreign_file_within_an_old_snapshot_stays(tmp_path):
    first = publish(tmp_path, TEXTS[0])
    note = tmp_path / first / "documents" / "note.txt"
    note.write_text("mine", "utf-8")
    (tmp_path / first / "seeds").symlink_to(tmp_path)
    for text in TEXTS[1:]:
        publish(tmp_path, text)
    assert {n for n in contents(tmp_path) if n.startswith(first)} == {
        first,
        f"{first}/documents",
        f"{first}/documents/note.txt",
        f"{first}/seeds",
    }


def test_a_foreign_file_within_the_live_snapshot_is_named_and_stays(tmp_path):
    digest = publish(tmp_path)
    note = tmp_path / digest / "note.txt"
    note.write_text("mine", "utf-8")
    before = contents(tmp_path)
    with pytest.raises(SnapshotError, match=r"note\.txt was not made by .* move it away"):
        publish(tmp_path)
    assert contents(tmp_path) == before
    note.unlink()
    assert publish(tmp_path) == digest


def test_a_manifest_that_lists_files_elsewhere_leads_nowhere(tmp_path):
    index = tmp_path / "index"
    first = publish(index, TEXTS[0])
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    path = index / first / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["files"] |= {"../../mine.txt": {}, str(tmp_path / "mine.txt"): {}}
    path.write_text(json.dumps(manifest), "utf-8")
    for text in TEXTS[1:]:
        publish(index, text)
    assert (tmp_path / "mine.txt").read_text("utf-8") == "mine"
    assert not (index / first).exists()


def test_links_within_an_index_are_neither_followed_nor_removed(tmp_path):
    index, shelf = tmp_path / "index", tmp_path / "shelf"
    first = publish(index, TEXTS[0])
    (index / first).rename(shelf)
    (index / first).symlink_to(shelf)
    (index / "nowhere").symlink_to(tmp_path / "missing")
    before = contents(shelf)
    assert publish(index, TEXTS[0]) == first
    for text in TEXTS[1:]:
        publish(index, text)
    assert contents(shelf) == before
    assert (index / first).is_symlink()
    assert (index / "nowhere").is_symlink()


@pytest.mark.parametrize("name", ["current", ".current", ".unfinished", LOCK])
def test_a_link_in_the_place_of_what_is_written_is_refused(tmp_path, name):
    index, other = tmp_path / "index", tmp_path / "other"
    digest = publish(index)
    other.write_text(f"{digest}\n", "ascii")
    (index / name).unlink(missing_ok=True)
    (index / name).symlink_to(other)
    before = contents(tmp_path)
    with pytest.raises(SnapshotError, match="move it away|remove it"):
        publish(index, TEXTS[1])
    assert contents(tmp_path) == before


def test_a_link_to_an_index_is_followed(tmp_path):
    real = tmp_path / "real"
    first = publish(real)
    (tmp_path / "link").symlink_to(real)
    second = publish(tmp_path / "link", TEXTS[1])
    assert {p.name for p in real.iterdir()} == {LOCK, "current", first, second}


def test_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine", "utf-8")
    (tmp_path / "dangling").symlink_to(tmp_path / "missing")
    for name in ("file", "dangling"):
        with pytest.raises(SnapshotError, match="is not a folder: name another"):
            publish(tmp_path / name)
    with pytest.raises(SnapshotError, match="cannot be written .*name another folder"):
        publish(tmp_path / "file" / "index")
    assert (tmp_path / "file").read_text("utf-8") == "mine"


@pytest.mark.parametrize("call", ["iterdir", "mkdir"])
def test_a_folder_without_permission_is_told_with_the_remedy(tmp_path, monkeypatch, call):
    def denied(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(owned.Path, call, denied)
    with pytest.raises(SnapshotError, match="Permission denied.*make it .* for this user"):
        publish(tmp_path)


def test_current_that_is_a_folder_is_told(tmp_path):
    (tmp_path / "current").mkdir()
    with pytest.raises(SnapshotError, match="current is not a file"):
        snapshots.open_snapshot(tmp_path)


@pytest.mark.parametrize("step", [1, 9, "last"])
def test_a_removal_that_is_cut_off_is_finished_by_the_next_run(tmp_path, monkeypatch, step):
    first = publish(tmp_path, TEXTS[0])
    count = sum(path.is_file() for path in (tmp_path / first).rglob("*"))
    publish(tmp_path, TEXTS[1])
    calls = 0
    unlink = owned.Path.unlink

    def dying(path, *args, **options):
        nonlocal calls
        calls += first in path.parts
        if calls == (count if step == "last" else step):
            raise KeyboardInterrupt
        unlink(path, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(owned.Path, "unlink", dying)
        with pytest.raises(KeyboardInterrupt):
            publish(tmp_path, TEXTS[2])
    assert (tmp_path / first).is_dir()
    publish(tmp_path, TEXTS[3])
    assert not (tmp_path / first).exists()
    assert snapshots.check_files(tmp_path) == []
