"""Ownership of an index folder: nothing that this program did not make is ever removed.

A folder is this program's when its lock file says so, or when it holds what an earlier version
left: a live snapshot, or the remains of a first run that was cut off. ``qa index`` makes any
empty folder its own and refuses every other one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from qa.errors import SnapshotError
from qa.storage import LOCK, is_marked

__all__ = [
    "CURRENT",
    "DIGEST_CHARS",
    "MANIFEST",
    "MARK",
    "UNFINISHED",
    "check",
    "is_digest",
    "remove_leftovers",
    "replace",
]

DIGEST_CHARS = 32
CURRENT = "current"
MANIFEST = "manifest.json"
UNFINISHED = ".unfinished"
MARK = 'An index folder of press-qa: "qa index" removes its own old snapshots here, nothing else.\n'
_NEXT = f".{CURRENT}"
# What people and tools put into a folder that is empty otherwise.
_HARMLESS = ("README.md", ".gitignore", ".gitkeep", "lost+found")
# The parts of a snapshot; "encoder" is of formats before 6.
_PARTS = (
    "documents",
    "passages",
    "questions",
    "vectors",
    "lexical",
    "encoders",
    "encoder",
    MANIFEST,
)
_SHOWN = 3


def check(index: Path) -> None:
    """Refuse a folder that holds anything that ``qa index`` did not put there; change nothing.

    Raises:
        SnapshotError: it is no folder, cannot be read, or is somebody else's.
    """
    if not index.exists() and not index.is_symlink():
        return
    if not index.is_dir():
        raise SnapshotError(f"{index} is not a folder: name another one for the index (--index).")
    try:
        paths = sorted(index.iterdir())
    except OSError as error:
        raise SnapshotError(
            f"{index} cannot be read ({error.strerror}): make it readable for this user, or name "
            "another folder for the index (--index)."
        ) from error
    if not is_marked(index, MARK):
        foreign = [path.name for path in paths if not _is_expected(path)]
        if foreign and not _is_of_earlier_version(index):
            named = ", ".join(foreign[:_SHOWN]) + (", ..." if len(foreign) > _SHOWN else "")
            raise SnapshotError(
                f'{index} holds files that "qa index" did not make ({named}), so that nothing was '
                "written: name an empty or a new folder (--index)."
            )
    for path in paths:
        is_plain = path.is_dir() if path.name == UNFINISHED else path.is_file()
        if path.name in (UNFINISHED, CURRENT, _NEXT) and (path.is_symlink() or not is_plain):
            raise SnapshotError(f'{path} was not made by "qa index": move it away, then run again.')


def remove_leftovers(index: Path, keep: Collection[str]) -> None:
    """Remove the snapshots that are not to be kept, and the remains of runs that were cut off."""
    for path in index.iterdir():
        if path.name in keep or path.is_symlink():
            continue
        if path.name == UNFINISHED:
            shutil.rmtree(path)
        elif path.name == _NEXT:
            path.unlink()
        elif _is_snapshot(path):
            _remove(path, _listed(path) or ())


def replace(unfinished: Path, target: Path, names: Collection[str]) -> None:
    """Put a snapshot in the place of a damaged one, which holds files of these ``names``.

    Raises:
        SnapshotError: there is something else in its place.
    """
    if target.is_symlink():
        raise SnapshotError(f"{target} is a link to a damaged snapshot: remove the link.")
    if target.exists():
        others = sorted(
            p for p in target.rglob("*") if not _is_of(p, target, names) and not _is_folder(p)
        )
        if others:
            raise SnapshotError(f'{others[0]} was not made by "qa index": move it away, run again.')
        _remove(target, names)
    unfinished.rename(target)


def is_digest(name: str) -> bool:
    """Return whether a name is one that a snapshot's folder has."""
    return len(name) == DIGEST_CHARS and not set(name) - set("0123456789abcdef")


def _is_expected(path: Path) -> bool:
    """Return whether something in a folder without a mark may be this program's."""
    if path.name in _HARMLESS:
        return True
    if path.is_symlink():
        return False
    if path.name in (CURRENT, _NEXT):
        return path.is_file() and is_digest(_digest_in(path))
    if path.name == UNFINISHED or is_digest(path.name):
        return path.is_dir() and all(part.name in _PARTS for part in path.iterdir())
    return path.name == LOCK and path.is_file() and not path.stat().st_size  # of before the mark


def _is_of_earlier_version(index: Path) -> bool:
    """Return whether the folder has a live snapshot."""
    current = index / CURRENT
    if current.is_symlink() or not current.is_file():
        return False
    digest = _digest_in(current)
    return is_digest(digest) and _is_snapshot(index / digest)


def _digest_in(path: Path) -> str:
    return path.read_bytes()[: DIGEST_CHARS + 2].decode("ascii", "replace").rstrip("\n")


def _is_snapshot(path: Path) -> bool:
    """Return whether a folder is a snapshot; an empty one is the remains of one."""
    if not is_digest(path.name) or not _is_folder(path):
        return False
    return _listed(path) is not None or not any(path.iterdir())


def _listed(snapshot: Path) -> Collection[str] | None:
    """Return the names of the files that a snapshot's manifest lists; None where it has none."""
    try:
        manifest = json.loads((snapshot / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or not {"format", "inputs"} <= manifest.keys():
        return None
    return set(files)


def _remove(folder: Path, names: Collection[str]) -> None:
    """Remove the files of a snapshot, and its folders where nothing else is in them.

    The manifest goes last: until then the folder can be recognized. Links are not followed.
    """
    places = [*os.walk(folder, topdown=False)]
    for place, _, files in places:
        for name in files:
            path = Path(place, name)
            if path != folder / MANIFEST and _is_of(path, folder, names):
                path.unlink()
    for place, _, _ in places[:-1]:
        with contextlib.suppress(OSError):  # it holds something else
            Path(place).rmdir()
    (folder / MANIFEST).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _is_of(path: Path, snapshot: Path, names: Collection[str]) -> bool:
    name = path.relative_to(snapshot).as_posix()
    return not path.is_symlink() and (name in names or name == MANIFEST)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
