"""Checks of a snapshot's files: against the manifest, and later for changes.

A snapshot's files never change once they are published. Where somebody alters one all the same,
a server that opened it must not answer from it: ``check_sizes`` is cheap enough for every
question, ``faults`` reads the changed files again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Self

from qa.errors import SnapshotError
from qa.index import owned
from qa.storage import file_sha256

__all__ = [
    "HELD_BYTES",
    "FileStamp",
    "SnapshotFiles",
    "check_snapshot",
    "file_names",
    "file_stamps",
    "is_held",
    "snapshot_faults",
]

# A file up to this size is read into memory, where nobody can change it; a larger one is mapped,
# so that a large record does not need a large memory. 128 MiB holds 170,000 vectors of 384
# numbers, more than a search looks at one by one (exact_rows).
HELD_BYTES = 128 * 1024 * 1024
_HASHING_THREADS = 2


class FileStamp(NamedTuple):
    """A file's size, times and inode: they change with its content, and take no reading."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def file_stamps(folder: Path) -> dict[str, FileStamp]:
    """Return the stamp of every file below a folder, by its name there."""
    stamps = {path.relative_to(folder).as_posix(): _stamp(path) for path in folder.rglob("*")}
    return {name: stamp for name, stamp in stamps.items() if stamp}


class SnapshotFiles:
    """The files of an opened snapshot, checked again when they change."""

    def __init__(
        self,
        folder: Path,
        sizes: Mapping[str, int],
        stamps: Mapping[str, FileStamp],
        fault: Callable[[str], str | None],
        read_later: Collection[str] = (),
    ) -> None:
        """``stamps`` were taken before the files were checked, ``fault`` checks one again.

        ``read_later`` are the files that are read when they are needed, beside those mapped.
        """
        self._paths = {name: folder / name for name in sizes}
        self._read_later = [
            (os.fspath(self._paths[name]), size)
            for name, size in sizes.items()
            if size > HELD_BYTES or name in read_later
        ]
        self._stamps: dict[str, FileStamp | None] = {name: stamps.get(name) for name in sizes}
        self._fault = fault
        self._faults: dict[str, str] = {}

    @classmethod
    def of_manifest(
        cls,
        folder: Path,
        manifest: bytes,
        stamps: Mapping[str, FileStamp],
        read_later: Collection[str] = (),
    ) -> Self:
        """Return the files of a snapshot that was checked, its manifest among them."""
        own = {"size": len(manifest), "sha256": hashlib.sha256(manifest).hexdigest()}
        expected = {**json.loads(manifest)["files"], owned.MANIFEST: own}
        return cls(
            folder,
            {name: stated["size"] for name, stated in expected.items()},
            stamps,
            lambda name: _fault(folder / name, expected[name]),
            read_later,
        )

    def check_sizes(self) -> None:
        """Do nothing where every file that is still read has its size, or is gone.

        Raises:
            SnapshotError: one has another size. Reading a mapped one could end the process.
        """
        for path, size in self._read_later:
            try:
                actual = os.stat(path).st_size  # noqa: PTH116 - a third of the time of Path.stat
            except OSError:
                continue
            if actual != size:
                raise SnapshotError(
                    f"{path} has {actual} bytes, should have {size}: restore it, or run "
                    '"qa index" to build the snapshot anew.'
                )

    def faults(self) -> list[str]:
        """Return the faults of the files now, a line each; reads those that changed since.

        A file that is gone is no fault: what was opened stays readable, and the snapshot may be
        on its way out.
        """
        for name, path in self._paths.items():
            stamp = _stamp(path)
            if stamp == self._stamps[name]:
                continue
            fault = self._fault(name) if stamp else None
            self._stamps[name] = stamp
            self._faults.pop(name, None)
            if fault:
                self._faults[name] = fault
        return [*self._faults.values()]


def _stamp(path: Path) -> FileStamp | None:
    """A file's stamp; None where there is no such file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return FileStamp(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def file_names(folder: Path) -> list[str]:
    """Return the names of all files below a folder, ascending."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def snapshot_faults(folder: Path) -> list[str]:
    """Return every file of a snapshot that is missing, altered or too much, with the reason."""
    if not folder.is_dir():
        return [f"{folder} is missing, which should be live"]
    try:
        content = (folder / owned.MANIFEST).read_bytes()
    except OSError:
        return [f"{folder / owned.MANIFEST} is missing"]
    actual = hashlib.sha256(content).hexdigest()[: owned.DIGEST_CHARS]
    if actual != folder.name:
        return [f"{folder / owned.MANIFEST} has sha256 {actual}..., should have {folder.name}..."]
    expected = json.loads(content)["files"]
    names = sorted({*expected, *file_names(folder)} - {owned.MANIFEST})
    with ThreadPoolExecutor(_HASHING_THREADS) as threads:
        faults = threads.map(lambda name: _fault(folder / name, expected.get(name)), names)
        return [fault for fault in faults if fault]


def check_snapshot(faults: Sequence[str]) -> None:
    """Refuse a snapshot with any fault.

    Raises:
        SnapshotError: there is one.
    """
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SnapshotError(
            f'The snapshot is damaged: {faults[0]}{more}; run "qa index" to build it anew.'
        )


def _fault(path: Path, expected: Mapping[str, Any] | None) -> str | None:
    """The difference of a file from the size and sha256 that the manifest states."""
    if expected is None:
        return f"{path} is not in the manifest"
    if not path.is_file():
        return f"{path} is missing"
    size = path.stat().st_size
    if size != expected["size"]:
        return f"{path} has {size} bytes, should have {expected['size']}"
    sha256 = file_sha256(path)
    if sha256 != expected["sha256"]:
        return f"{path} has sha256 {sha256}, should have {expected['sha256']}"
    return None


def is_held(path: Path) -> bool:
    """Return whether a file is read into memory rather than mapped."""
    return path.stat().st_size <= HELD_BYTES
