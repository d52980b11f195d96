"""The files of an opened snapshot, compared with what they were when they were checked.

A snapshot's files never change once they are published. Where somebody alters one all the same,
a server that opened it must not answer from it: ``check_sizes`` is cheap enough for every
question, ``faults`` reads again what has changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from qa.errors import SnapshotError

__all__ = ["HELD_BYTES", "FileStamp", "SnapshotFiles", "file_stamps", "is_held"]

# A file up to this size is read into memory, where nobody can change it; a larger one is mapped,
# so that a large record does not need a large memory. 128 MiB holds 170,000 vectors of 384
# numbers, more than a search looks at one by one (exact_rows).
HELD_BYTES = 128 * 1024 * 1024


class FileStamp(NamedTuple):
    """What changes with a file's content, and can be had without reading it."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def file_stamps(folder: Path) -> dict[str, FileStamp]:
    """The state of every file below a folder, by its name there."""
    found = {path.relative_to(folder).as_posix(): _state(path) for path in folder.rglob("*")}
    return {name: state for name, state in found.items() if state}


class SnapshotFiles:
    """The files of a snapshot and whether they still are what the manifest states."""

    def __init__(
        self,
        folder: Path,
        sizes: Mapping[str, int],
        states: Mapping[str, FileStamp],
        fault: Callable[[str], str | None],
        read_later: Collection[str] = (),
    ) -> None:
        """``states`` were taken before the files were checked, ``fault`` checks one again.

        ``read_later`` are the files that are read when they are needed, beside those mapped.
        """
        self._paths = {name: folder / name for name in sizes}
        self._read_later = [
            (os.fspath(self._paths[name]), size)
            for name, size in sizes.items()
            if size > HELD_BYTES or name in read_later
        ]
        self._states: dict[str, FileStamp | None] = {name: states.get(name) for name in sizes}
        self._fault = fault
        self._faults: dict[str, str] = {}

    def check_sizes(self) -> None:
        """Do nothing where every file that is still read has its size, or is gone.

        Raises:
            SnapshotError: one has another size. Reading a mapped one could end the process.
        """
        for path, size in self._read_later:
            try:
                found = os.stat(path).st_size  # noqa: PTH116 - a third of the time of Path.stat
            except OSError:
                continue
            if found != size:
                raise SnapshotError(
                    f"{path} has {found} bytes, should have {size}: restore it, or run "
                    '"qa index" to build the snapshot anew.'
                )

    def faults(self) -> list[str]:
        """What is wrong with the files now, a line each; reads those that changed since.

        A file that is gone is no fault: what was opened stays readable, and the snapshot may be
        on its way out.
        """
        for name, path in self._paths.items():
            state = _state(path)
            if state == self._states[name]:
                continue
            fault = self._fault(name) if state else None
            self._states[name] = state
            self._faults.pop(name, None)
            if fault:
                self._faults[name] = fault
        return [*self._faults.values()]


def _state(path: Path) -> FileStamp | None:
    """A file's state; None where there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def is_held(path: Path) -> bool:
    """Say whether a file is read into memory rather than mapped."""
    return path.stat().st_size <= HELD_BYTES
