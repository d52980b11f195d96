"""A snapshot that is altered while it is open: no altered word is answered, nothing crashes."""

import asyncio
import os
import shutil

import pytest

from conftest import WordEncoder
from patience import wait_until
from qa import QA
from qa.errors import SnapshotError, UnavailableError
from qa.index import integrity
from qa.index import snapshot as snapshots
from qa.index.snapshot import live_digest, open_snapshot
from qa.web.server.live import Live, Watch
from test_live import value

TEXTS = {"tea": "Tea is hot. It is drunk at five.", "milk": "Milk is cold.", "ale": "Ale is warm."}
QUESTIONS = ("is tea hot", "is milk cold", "is ale warm")
IDS = ["tea", "milk", "ale"]
ASK = "/api/v1/ask"


@pytest.fixture
def index(make_index):
    return make_index(TEXTS)


@pytest.fixture
def folder(index):
    return index / live_digest(index)


@pytest.fixture
def opened(index):
    return QA(open_snapshot(index), WordEncoder())


@pytest.fixture
def text_file(folder):
    return folder / "documents" / "documents.jsonl"


def overwrite(path, before, after):
    """Change a file's bytes where they are, without a new file."""
    content = path.read_bytes()
    assert before in content
    assert len(before) == len(after)
    with path.open("r+b") as file:
        file.seek(content.index(before))
        file.write(after)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_an_altered_word_is_never_read_and_the_others_are(opened, text_file):
    overwrite(text_file, b"Milk is cold", b"Milk is warm")
    documents = opened.snapshot.documents
    with pytest.raises(SnapshotError, match=r"documents\.jsonl was altered: document 'milk' is"):
        documents["milk"]
    assert documents["tea"].text == TEXTS["tea"]
    with pytest.raises(SnapshotError, match="document 'milk'"):
        opened.ask("is milk cold")


@pytest.mark.parametrize("field", [b'"title": "milk"', b'"language": "en"', b'"date": null'])
def test_what_is_said_about_a_document_is_checked_with_its_text(opened, text_file, field):
    overwrite(text_file, field, field.replace(b"m", b"n").replace(b"en", b"zh").replace(b"l", b"1"))
    ids = [i for i in TEXTS if i in {"ale", "milk", "tea"}]
    fine = 0
    for document_id in ids:
        try:
            opened.snapshot.documents[document_id]
            fine += 1
        except SnapshotError:
            pass
    assert fine == len(ids) - 1


def test_a_document_is_read_again_once_its_file_is_put_back(opened, text_file):
    whole = text_file.read_bytes()
    text_file.write_bytes(whole[:10])
    with pytest.raises(SnapshotError, match=r"documents\.jsonl was altered"):
        opened.snapshot.documents["tea"]
    text_file.write_bytes(whole)
    assert opened.snapshot.documents["tea"].text == TEXTS["tea"]
    text_file.write_bytes(b"")
    with pytest.raises(SnapshotError, match=r"documents\.jsonl was altered"):
        opened.snapshot.documents["milk"]
    text_file.unlink()
    text_file.write_bytes(whole)  # another file under the same name
    assert opened.snapshot.documents["milk"].text == TEXTS["milk"]


def test_who_opened_a_snapshot_reads_it_on_after_it_was_removed(opened, folder):
    shutil.rmtree(folder)
    assert opened.ask("is milk cold").citations[0].passage.text == "Milk is cold."


@pytest.mark.parametrize("held", [integrity.HELD_BYTES, 0], ids=["in memory", "mapped"])
def test_no_file_that_is_cut_short_can_crash_who_opened_it(index, folder, monkeypatch, held):
    monkeypatch.setattr(integrity, "HELD_BYTES", held)
    for path in files(folder):
        whole = path.read_bytes()
        opened = QA(open_snapshot(index), WordEncoder())
        os.truncate(path, 0)
        if held and path.name != "documents.jsonl":
            assert [opened.ask(q).citations[0].document.id for q in QUESTIONS] == IDS
        else:
            for question in QUESTIONS:
                with pytest.raises(SnapshotError, match="has 0 bytes, should have"):
                    opened.ask(question)
        path.write_bytes(whole)
        answers = [opened.ask(question) for question in QUESTIONS]
        assert [a.citations[0].document.id for a in answers] == IDS


def test_answers_do_not_depend_on_what_small_files_become(index, folder):
    """Cut short between the check of its size and the search, too: it is in memory."""
    opened = QA(open_snapshot(index), WordEncoder())
    expected = [opened.explain(question).answer.citations for question in QUESTIONS]
    another = QA(open_snapshot(index), WordEncoder())
    for path in files(folder):
        if path.name not in {"documents.jsonl", "manifest.json"}:
            path.write_bytes(b"\xff" * path.stat().st_size)
    assert [another.explain(question).answer.citations for question in QUESTIONS] == expected


@pytest.mark.parametrize("name", ["table.npy", "passages.faiss", "documents.jsonl"])
def test_what_is_altered_between_the_check_and_the_opening_is_refused(
    index, folder, monkeypatch, name
):
    (path,) = [p for p in files(folder) if p.name == name and p.parent.name != "passages"]
    check = snapshots.snapshot_faults

    def checked(of):
        found = check(of)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        return found

    monkeypatch.setattr(snapshots, "snapshot_faults", checked)
    with pytest.raises(SnapshotError, match="has sha256"):
        open_snapshot(index)


def test_only_files_that_changed_are_read_again(opened, folder, monkeypatch):
    read = []
    real = integrity.file_sha256
    monkeypatch.setattr(integrity, "file_sha256", lambda path: read.append(path.name) or real(path))
    found = opened.snapshot.files
    assert (found.faults(), read) == ([], [])
    words, speakers = folder / "lexical" / "words.json", folder / "passages" / "speakers.json"
    whole = words.read_bytes()
    words.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    speakers.touch()
    assert [str(words) in fault for fault in found.faults()] == [True]
    assert sorted(read) == ["speakers.json", "words.json"]
    assert len(found.faults()) == 1
    words.write_bytes(whole)
    assert found.faults() == []
    assert sorted(read) == ["speakers.json", "words.json", "words.json"]


@pytest.fixture
def watched(opened, index, monkeypatch):
    monkeypatch.setattr("qa.web.server.live._WATCH_S", 0.01)
    live = Live(opened)
    watch = Watch(live, index, lambda: QA(open_snapshot(index), WordEncoder()))
    watch.start()
    yield live
    watch.stop()


def test_files_that_are_gone_keep_nobody_from_answering(watched, folder, make_client):
    """As while the folder is copied from another machine, the old snapshot first deleted."""
    client = make_client(watched)
    shutil.rmtree(folder)
    stamps = watched.snapshot.files._stamps
    wait_until(lambda: not any(stamps.values()))
    assert client.post(ASK, json={"question": "is milk cold"}).status_code == 200
    assert client.get("/documents/tea").status_code == 200
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("spoil", ["altered", "cut short"])
def test_a_damaged_snapshot_is_503_everywhere_and_told_once_until_it_is_whole(
    watched, make_client, text_file, caplog, spoil
):
    client, tmp_path = make_client(watched), text_file.parents[3]
    whole = text_file.read_bytes()
    places = ("/readyz", "/documents/tea", "/api/v1/documents/tea", "/answer?q=is+tea+hot")

    def statuses():
        found = [client.get(path).status_code for path in places]
        return {*found, client.post(ASK, json={"question": "is tea hot"}).status_code}

    assert statuses() == {200}
    if spoil == "altered":
        overwrite(text_file, b"Tea is hot", b"Tea is icy")
    else:
        os.truncate(text_file, 5)
    wait_until(lambda: watched.is_damaged)
    assert statuses() == {503}
    assert client.get("/healthz").status_code == 200
    assert value(watched, "qa_snapshot_damaged") == 1
    refused = client.post(ASK, json={"question": "is tea hot"})
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "2"
    assert str(text_file.parent.parent) not in refused.text
    assert str(text_file) not in client.get("/answer?q=is+tea+hot").text
    (tmp_path / "whole").write_bytes(whole)
    (tmp_path / "whole").replace(text_file)
    wait_until(lambda: not watched.is_damaged)
    assert statuses() == {200}
    assert value(watched, "qa_snapshot_damaged") == 0
    told = [r.getMessage() for r in caplog.records if r.name == "qa.web.server.live"]
    assert len(told) == 2
    assert told[0].startswith("the snapshot is damaged, nothing is answered from it: ")
    assert str(text_file) in told[0]
    assert told[1] == "the snapshot is whole again"


def test_a_damaged_snapshot_is_left_for_the_next_one(watched, make_index, text_file):
    os.truncate(text_file, 5)
    wait_until(lambda: watched.is_damaged)
    make_index({"tea": "Tea is cold."})
    wait_until(lambda: not watched.is_damaged)
    answer = asyncio.run(watched.ask("is tea hot"))
    assert answer.citations[0].passage.text == "Tea is cold."


def test_an_altered_word_is_refused_before_anybody_looked_at_the_files(
    opened, make_client, text_file, caplog
):
    live = Live(opened)
    client = make_client(live)
    overwrite(text_file, b"Milk is cold", b"Milk is warm")
    assert client.post(ASK, json={"question": "is milk cold"}).status_code == 503
    assert client.get("/documents/milk").status_code == 503
    assert client.get("/api/v1/documents/milk").status_code == 503
    with pytest.raises(UnavailableError, match="its files on the server were altered"):
        live.check()
    assert len([r for r in caplog.records if "document 'milk'" in r.getMessage()]) == 1
