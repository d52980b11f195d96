"""Files and folders as sources: their paths, names and contents."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.errors import SourceError
from qa.sources.formats import check_size

__all__ = ["contents", "files", "source_name"]


def files(sources: Sequence[Path]) -> Iterator[tuple[Path, Path | None]]:
    """Yield the files among the sources, and those below folders with the folder, each once.

    Hidden files below a folder are left out; links are not followed, but yielded like files.
    """
    known: set[str] = set()
    for source in sources:
        is_folder = source.is_dir()
        for path in _below(source) if is_folder else [source]:
            if len(sources) > 1:
                absolute = os.path.abspath(path)  # noqa: PTH100 - a Path takes five times as much
                if absolute in known:
                    continue
                known.add(absolute)
            yield path, source if is_folder else None


def _below(place: Path) -> Iterator[Path]:
    """Yield the files below a folder by name, without hidden ones."""
    with os.scandir(place) as entries:
        names = sorted(
            (entry.name, entry.is_dir(follow_symlinks=False))
            for entry in entries
            if not entry.name.startswith(".")
        )
    for name, is_folder in names:
        path = place / name
        if is_folder:
            yield from _below(path)
        else:
            yield path


def contents(path: Path, home: Path | None, name: str) -> bytes:
    """Return the bytes of a file below the folder ``home``.

    Raises:
        SourceError: it is missing, a link out of ``home``, no regular file, or too large.
    """
    if not path.exists():
        raise SourceError(f"{path}: there is no such file or folder.")
    if home and path.is_symlink() and not path.resolve().is_relative_to(home.resolve()):
        raise SourceError(f"{path}: a link out of {home}, not followed: name what it leads to.")
    if path.is_dir():
        raise SourceError(f"{path}: a link to a folder, not followed: name that folder.")
    if not path.is_file():
        raise SourceError(f"{path}: no file, but a pipe, a socket or a device.")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise SourceError(f"{path}: its name is not text: give it another.") from error
    check_size(path.stat().st_size, name)
    return path.read_bytes()


def source_name(path: Path, corpus: Path) -> str:
    """Return the source's permanent name: its path relative to the corpus folder's parent."""
    home = corpus.absolute().parent
    return Path(os.path.relpath(path.absolute(), home)).as_posix()
