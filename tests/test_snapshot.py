"""A damaged snapshot is refused, whatever the damage, and the file is named."""

import json

import pytest

from qa.errors import SnapshotError
from qa.index import snapshot as snapshots
from qa.index.snapshot import check_files, live_digest, open_snapshot


@pytest.fixture
def index(make_index):
    return make_index({"tea": "Tea is hot. Milk is cold."})


def files(index):
    folder = index / live_digest(index)
    return sorted(p for p in folder.rglob("*") if p.is_file())


def test_a_flipped_byte_in_any_file_is_found_and_the_file_named(index):
    assert len(files(index)) >= 9
    for path in files(index):
        data = path.read_bytes()
        for place in (0, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            with pytest.raises(SnapshotError) as refusal:
                open_snapshot(index)
            assert str(path) in str(refusal.value)
            assert 'run "qa index"' in str(refusal.value)
        path.write_bytes(data)
    open_snapshot(index)


def test_a_missing_a_shortened_and_an_added_file_are_named(index):
    for path in files(index):
        data = path.read_bytes()
        path.unlink()
        assert [str(path) in fault for fault in check_files(index)] == [True]
        path.write_bytes(data[:-1])
        assert [str(path) in fault for fault in check_files(index)] == [True]
        path.write_bytes(data)
    extra = files(index)[0].parent / "extra"
    extra.write_text("x", "utf-8")
    assert check_files(index) == [f"{extra} is not in the manifest"]


def test_every_fault_is_listed(index):
    first, second = files(index)[:2]
    first.unlink()
    second.unlink()
    assert len(check_files(index)) == 2


def test_no_snapshot_is_told_apart_from_a_broken_pointer(index, tmp_path):
    with pytest.raises(SnapshotError, match='run "qa index" first'):
        open_snapshot(tmp_path / "none")
    (index / "current").write_text("garbage", "utf-8")
    with pytest.raises(SnapshotError, match="current does not hold a digest"):
        open_snapshot(index)
    (index / "current").write_text("0" * 32 + "\n", "utf-8")
    with pytest.raises(SnapshotError, match="0000 is missing, which should be live"):
        open_snapshot(index)


def test_another_format_is_refused_with_both_numbers(index, monkeypatch):
    monkeypatch.setattr(snapshots, "FORMAT", 99)
    with pytest.raises(SnapshotError, match="has format 6, this version reads 99"):
        open_snapshot(index)


def test_counts_that_do_not_match_are_refused(index, monkeypatch):
    whole = json.loads
    monkeypatch.setattr(
        snapshots.json,
        "loads",
        lambda data: (
            {**whole(data), "counts": {"documents": 2, "passages": 1, "sentences": 2}}
            if b'"counts"' in (data if isinstance(data, bytes) else data.encode())
            else whole(data)
        ),
    )
    with pytest.raises(SnapshotError, match="counts .*'documents': 2.* its files hold"):
        open_snapshot(index)
