"""Atomic writes, locks of folders, and marks of the folders that this program owns."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import BusyError, QAError, SettingsError

__all__ = [
    "LOCK",
    "file_sha256",
    "free_name",
    "is_marked",
    "locked",
    "own_cache",
    "sync_file",
    "sync_folder",
    "write_whole",
]

LOCK = ".lock"
# A run as another user (cron as root) must be able to open the same lock.
_LOCK_MODE = 0o666


# Marks a folder as a cache for backup programs too: https://bford.info/cachedir/
_CACHE_TAG = "CACHEDIR.TAG"
_CACHE_MARK = (
    "Signature: 8a477f597d28d172789f06886e5bc75d\n# The cache of press-qa: it is safe to delete.\n"
)
# Contents of the cache: exported encoders, shards of builds, states of sources, and indexes of
# judged sets by their hash.
_CACHED = re.compile(r"encoders|shards|sources|lost\+found|[0-9a-f]{32}")
_SHOWN = 3


def own_cache(cache: Path) -> None:
    """Mark a folder as this program's cache; refuse one that holds anything else.

    Raises:
        SettingsError: it holds other files, or cannot be written.
    """
    tag = cache / _CACHE_TAG
    try:
        if tag.is_file() and tag.read_bytes() == _CACHE_MARK.encode():
            return
        foreign = sorted(p.name for p in cache.iterdir() if not _CACHED.fullmatch(p.name))
        if foreign:
            named = ", ".join(foreign[:_SHOWN]) + (", ..." if len(foreign) > _SHOWN else "")
            raise SettingsError(
                f"{cache} holds foreign files ({named}); nothing was written. "
                "Use an empty or a new folder (setting cache)."
            )
    except FileNotFoundError:
        pass
    except OSError as failure:
        raise _unusable_cache(cache, failure) from failure
    try:
        cache.mkdir(parents=True, exist_ok=True)
        write_whole(tag, _CACHE_MARK.encode())
    except OSError as failure:
        raise _unusable_cache(cache, failure) from failure


def _unusable_cache(cache: Path, failure: OSError) -> SettingsError:
    return SettingsError(
        f"Cannot use {cache} as a cache ({failure.strerror}). Use a folder that this user "
        "can write (setting cache)."
    )


def is_marked(folder: Path, mark: str) -> bool:
    """Tell if the folder's lock file holds ``mark``, which ``locked`` writes."""
    path = folder / LOCK
    try:
        return not path.is_symlink() and path.is_file() and path.read_bytes() == mark.encode()
    except OSError:
        return False


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically: under another name, synced, then renamed.

    The remains of a killed write are replaced. A link in their place is neither written through
    nor removed.

    Raises:
        OSError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    if not unfinished.is_symlink():
        unfinished.unlink(missing_ok=True)
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            unfinished.replace(path)
    except FileExistsError:
        raise
    except BaseException:  # a signal, too, from the moment on at which the file is there
        unfinished.unlink(missing_ok=True)
        raise


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Flush a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush a folder's list of names to the disk."""
    if os.name == "nt":  # folders cannot be opened there; the file system keeps names itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_name(path: Path, mark: str) -> Path:
    """Return the first of ``path.mark-1``, ``path.mark-2``, ... that does not exist."""
    number = 1
    while os.path.lexists(f"{path}.{mark}-{number}"):
        number += 1
    return path.with_name(f"{path.name}.{mark}-{number}")


@contextmanager
def locked(folder: Path, mark: str, writer: str, error: type[QAError]) -> Iterator[None]:
    """Hold the lock of a folder, and mark the folder as this program's.

    The lock is a file in the folder itself, so that it is the same for every path and user. It
    stays: removing it would let two runs hold two locks.

    Args:
        folder: Created where it is missing.
        mark: The line the lock file holds.
        writer: The command that writes the folder, for messages.
        error: Raised when the folder cannot be written.

    Raises:
        BusyError: another process holds the lock.
    """
    import filelock  # noqa: PLC0415 - only to write

    path = folder / LOCK
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise error(f"{path} is not a plain file: remove it, or name another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path.resolve(), mode=_LOCK_MODE)
        lock.acquire(timeout=0)
    except filelock.Timeout as timeout:
        raise BusyError(f'Another "{writer}" is writing {folder}: wait for it to end.') from timeout
    except OSError as failure:
        raise _unwritable(folder, failure, error) from failure
    try:
        try:
            if not path.stat().st_size:
                path.write_bytes(mark.encode())
        except OSError as failure:
            raise _unwritable(folder, failure, error) from failure
        yield
    finally:
        lock.release()


def _unwritable(folder: Path, failure: OSError, error: type[QAError]) -> QAError:
    where = failure.filename or folder
    return error(
        f"{folder} cannot be written ({where}: {failure.strerror}): "
        "make it writable for this user, or name another folder."
    )
