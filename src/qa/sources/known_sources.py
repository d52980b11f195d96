"""``corpus/sources.yaml``: the sources given to ``qa ingest``, for ``qa ingest --update``.

A list that a person can read and edit; new sources go to its end, comments stay.

    - path: seeds/
    - url: https://example.org/news
      follow: ["/news/*"]
      follow_hosts: [press.example.org]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from qa.errors import CorpusError
from qa.sources.corpus_folder import texts
from qa.sources.files import source_name
from qa.sources.formats.front_matter import value_of
from qa.sources.remote.crawl import WebSource
from qa.storage import write_whole

__all__ = ["SOURCES", "Source", "is_url", "read", "remember"]

SOURCES = "sources.yaml"
_HEAD = (
    '# Sources that "qa ingest --update" re-checks. "qa ingest" adds those it is given.\n'
    "# Delete those that should not be re-checked.\n"
)
# A file or folder, by its path from the folder that holds the corpus folder; or an address.
Source = Path | WebSource


def is_url(source: str) -> bool:
    """Return True for an address, or a mistaken one; False for a path."""
    return "://" in source


def read(corpus: Path) -> list[Source]:
    """Return the sources, in their order; paths lead from here.

    Raises:
        CorpusError: the file is not such a list.
    """
    path = corpus / SOURCES
    if not path.exists():
        return []
    try:
        rows = value_of(path.read_text("utf-8")) or []
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise CorpusError(f"{path} cannot be read: it {error}") from error
    if not isinstance(rows, list):
        raise CorpusError(f"{path} is not a list of sources.")
    return [_source(row, path, corpus) for row in rows]


def _source(row: object, path: Path, corpus: Path) -> Source:
    match row:
        case {"path": str(place), **rest} if not rest:
            return corpus.parent / place
        case {"url": str(url), **rest} if set(rest) <= {"follow", "follow_hosts"}:
            follow, hosts = texts(rest.get("follow")), texts(rest.get("follow_hosts"))
            return WebSource(url, follow, hosts)
    raise CorpusError(
        f"{path}: {row!r} is no source: give it a path, or a url with follow and follow_hosts."
    )


def remember(corpus: Path, sources: Sequence[Source]) -> None:
    """Add the sources to the file that it does not have yet."""
    known = [_row(source, corpus) for source in read(corpus)]
    new: list[dict[str, Any]] = []
    for row in (_row(source, corpus) for source in sources):
        if row not in (*known, *new):
            new.append(row)
    if not new:
        return
    corpus.mkdir(parents=True, exist_ok=True)
    path = corpus / SOURCES
    before = path.read_text("utf-8") if path.exists() else _HEAD
    if before and not before.endswith("\n"):
        before += "\n"
    added = yaml.safe_dump(new, sort_keys=False, allow_unicode=True, width=10_000)
    write_whole(path, (before + added).encode())


def _row(source: Source, corpus: Path) -> dict[str, Any]:
    if isinstance(source, Path):
        name = source_name(source, corpus)
        return {"path": f"{name}/" if source.is_dir() else name}
    row: dict[str, Any] = {"url": source.url}
    row |= {"follow": list(source.follow)} if source.follow else {}
    row |= {"follow_hosts": list(source.follow_hosts)} if source.follow_hosts else {}
    return row
