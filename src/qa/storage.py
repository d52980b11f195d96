"""Folders that this program writes into: locked while it does, and marked as its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import BusyError, QAError

__all__ = ["LOCK", "is_marked", "locked"]

LOCK = ".lock"
# Nothing secret is in a lock, and a run as another user (cron as root) has to see the same one:
# with the usual mode it could not open it.
_LOCK_MODE = 0o666


def is_marked(folder: Path, mark: str) -> bool:
    """Return whether the folder's lock file holds ``mark``, which ``locked`` writes."""
    path = folder / LOCK
    try:
        return not path.is_symlink() and path.is_file() and path.read_bytes() == mark.encode()
    except OSError:
        return False


@contextmanager
def locked(folder: Path, mark: str, writer: str, error: type[QAError]) -> Iterator[None]:
    """Hold the one lock of a folder, and mark the folder with a line that says whose it is.

    The lock is a file in the folder itself, so that all who write it meet there, whatever path
    and user they come by. It stays: removing it would let two runs hold two locks.

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
