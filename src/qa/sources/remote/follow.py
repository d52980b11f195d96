"""Patterns of ``--follow``: a choice among the addresses of a listing, in linear time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import httpx

from qa.errors import SourceError
from qa.sources.formats import search_in_worker

__all__ = ["fits", "matching"]

_IS_REGULAR = re.compile(r"[\\^$()\[\]{}+|]|\.\*")


def matching(patterns: Sequence[str], urls: Sequence[str], name: str) -> set[str]:
    """Return the addresses that match one of the patterns, or all where there are none.

    A pattern whose only sign is "*" stands for a whole address, or for all of it behind the host
    where it begins with "/"; any other is a regular expression, found anywhere in the address and
    searched for in the worker process, which bounds its time. ``name`` is the listing's.

    Raises:
        SourceError: a pattern is not a regular expression, or takes too long.
    """
    if not patterns:
        return set(urls)
    matches: set[str] = set()
    for pattern in patterns:
        left = [url for url in urls if url not in matches]
        if "*" in pattern and not _IS_REGULAR.search(pattern):
            matches.update(url for url in left if _fits_address(pattern, url))
        else:
            matches.update(_searched(pattern, left, name))
    return matches


def _searched(pattern: str, urls: Sequence[str], name: str) -> list[str]:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise SourceError(f"--follow {pattern!r} is not a regular expression: {error}.") from error
    if not urls:
        return []
    return [*itertools.compress(urls, search_in_worker(pattern, urls, name))]


def _fits_address(pattern: str, url: str) -> bool:
    whole = httpx.URL(url).raw_path.decode() if pattern.startswith("/") else url
    return fits(pattern, whole)


def fits(pattern: str, text: str) -> bool:
    """Return True if the whole text fits a pattern in which "*" stands for any characters.

    Every piece between two stars is taken where it comes first: if the text fits at all, it fits
    so, and nothing is tried twice.
    """
    first, *middle = pattern.split("*")
    if not middle:
        return text == first
    *middle, last = middle
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return len(text) - at >= len(last) and text.endswith(last)
