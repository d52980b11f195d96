"""Files are written whole, locks and caches are ours, and nobody else's files are touched."""

import pytest

from conftest import contents
from qa.errors import SettingsError
from qa.storage import free_name, own_cache, write_whole


def test_a_write_replaces_what_a_killed_one_left(tmp_path):
    (tmp_path / ".a.md.unfinished").write_text("half", "utf-8")
    write_whole(tmp_path / "a.md", b"whole")
    assert contents(tmp_path) == {"a.md": b"whole"}


def test_a_link_in_the_way_is_neither_followed_nor_removed(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / ".a.md.unfinished").symlink_to(tmp_path / "mine")
    before = contents(tmp_path)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "a.md", b"whole")
    assert contents(tmp_path) == before


def test_a_signal_as_soon_as_the_file_is_there_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(path, mode):
        path.touch(exist_ok="x" not in mode)
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a.md", b"whole")
    assert [*tmp_path.iterdir()] == []


def test_a_free_name_is_nobodys_not_even_a_broken_links(tmp_path):
    (tmp_path / "a.x-1").touch()
    (tmp_path / "a.x-2").symlink_to(tmp_path / "missing")
    assert free_name(tmp_path / "a", "x") == tmp_path / "a.x-3"


def test_a_new_an_empty_and_an_earlier_cache_are_taken_and_marked(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "earlier" / "encoders").mkdir(parents=True)
    (tmp_path / "earlier" / ("0" * 32)).mkdir()
    for name in ("new", "empty", "earlier"):
        for _ in range(2):
            own_cache(tmp_path / name)
        tag = (tmp_path / name / "CACHEDIR.TAG").read_text("utf-8")
        assert tag.startswith("Signature: 8a477f597d28d172789f06886e5bc75d\n")
    (tmp_path / "new" / "other").touch()
    own_cache(tmp_path / "new")


@pytest.mark.parametrize("name", ["thesis.txt", "CACHEDIR.TAG", ".env", "0" * 31])
def test_a_folder_with_foreign_files_is_no_cache_and_keeps_every_byte(tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(SettingsError, match=r"foreign files .*Use an empty or a new"):
        own_cache(tmp_path)
    assert contents(tmp_path) == {name: b"mine"}


def test_a_cache_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    for place in (tmp_path / "file", tmp_path / "file" / "cache"):
        with pytest.raises(SettingsError, match="as a cache"):
            own_cache(place)
