"""Running heads, feet and page numbers, which are not part of the text.

They repeat at one height, on every page or on alternate pages, or stand beside a number that
counts the pages.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from qa.sources.formats.footnotes import text_size
from qa.sources.formats.page import Line, Page

__all__ = ["without_running_heads"]

# The share of a page's height at its top and bottom that may hold them; the share and the least
# number of the pages that must have them.
_MARGIN_SHARE = 0.12
_SHARE = 0.5
_PAGES = 3
# Lines this close in height are level; points.
_LEVEL_POINTS = 3
# The least number of left, or right, pages with a head of their own.
_ALTERNATE_PAGES = 2
# Text beside a page number is longer than a head.
_HEAD_WORDS = 12
_HEAD_SIZE = 1.05
_WORD = re.compile(r"\d+|[^\W\d_]+")
_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)")
_NUMBER_AND_HEAD = re.compile(r"\W*\d{1,4}(?![\d.,]).*[^\W\d]")
_HEAD_AND_NUMBER = re.compile(r"[^\W\d].*(?<![\d.,])\d{1,4}\W*$")

# The words of a line, without their order and numbers, and its height on the page.
_Place = tuple[tuple[str, ...], int]


def without_running_heads(pages: Sequence[Page]) -> tuple[list[Page], list[Line]]:
    """Return the pages without running heads, feet and page numbers; and these."""
    edges = [[*_edge(page)] for page in pages]
    heads = _repeated(edges) | _alternating(edges)
    is_beside_number = _number_test(edges, text_size(pages))
    removed = [
        [line for line in edge if _place(line) in heads or is_beside_number(line)] for edge in edges
    ]
    kept = [
        replace(page, lines=_foot_last(page, [x for x in page.lines if x not in on_page]))
        for page, on_page in zip(pages, map(frozenset, removed), strict=True)
    ]
    return kept, list(itertools.chain.from_iterable(removed))


def _foot_last(page: Page, lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return the lines of a page, with a foot that the file draws first at their end."""
    margin = _MARGIN_SHARE * page.height
    foot = list(itertools.takewhile(lambda line: line.bottom + line.height <= margin, lines))
    text = lines[len(foot) :]
    lowest = min((line.bottom for line in text), default=0.0)
    is_below = all(line.bottom < lowest for line in foot)
    return (*text, *foot) if is_below else tuple(lines)


def _edge(page: Page) -> Iterator[Line]:
    """Yield the lines in the top and bottom margins."""
    margin = _MARGIN_SHARE * page.height
    for line in page.lines:
        if line.bottom + line.height <= margin or line.bottom >= page.height - margin:
            yield line


def _level(line: Line) -> int:
    return round(line.bottom / _LEVEL_POINTS)


def _place(line: Line) -> _Place:
    words = ("#" if word.isdecimal() else word for word in _WORD.findall(line.text))
    return tuple(sorted(words)) or (line.text,), _level(line)


def _least(pages: int) -> float:
    return max(_PAGES, _SHARE * pages)


def _page_counts(edges: Sequence[Sequence[Line]]) -> Counter[_Place]:
    return Counter(place for edge in edges for place in {_place(line) for line in edge})


def _repeated(edges: Sequence[Sequence[Line]]) -> set[_Place]:
    """Return the places of lines that repeat on many pages."""
    return {place for place, n in _page_counts(edges).items() if n >= _least(len(edges))}


def _alternating(edges: Sequence[Sequence[Line]]) -> set[_Place]:
    """Return the places of lines that repeat on left pages, as others do on right pages."""
    often = [
        [
            (place, count)
            for place, count in _page_counts(side).items()
            if count >= max(_ALTERNATE_PAGES, _SHARE * len(side))
        ]
        for side in (edges[::2], edges[1::2])
    ]
    by_level: dict[int, int] = defaultdict(int)
    for (_, level), count in itertools.chain(*often):
        by_level[level] += count
    both = {level for (_, level), _ in often[0]} & {level for (_, level), _ in often[1]}
    return {
        place
        for place, _ in itertools.chain(*often)
        if place[1] in both
        and len(place[0]) <= _HEAD_WORDS
        and by_level[place[1]] >= _least(len(edges))
    }


def _numbered_levels(edges: Sequence[Sequence[Line]]) -> dict[int, bool]:
    """Return the levels at which numbers count the pages, and whether these alternate sides."""
    firsts: dict[int, Counter[int]] = defaultdict(Counter)
    rows: dict[int, list[str]] = defaultdict(list)
    for number, edge in enumerate(edges):
        placed = sorted(edge, key=lambda line: (_level(line), line.left))
        for level, row in itertools.groupby(placed, _level):
            rows[level].append(" ".join(line.text for line in row))
            firsts[level].update({int(n) - number for n in _NUMBER.findall(rows[level][-1])})
    return {
        level: any(map(_NUMBER_AND_HEAD.match, rows[level]))
        and any(map(_HEAD_AND_NUMBER.search, rows[level]))
        for level, counts in firsts.items()
        if max(counts.values(), default=0) >= _least(len(edges))
        or (len(edges) == len(rows[level]) == _PAGES - 1 and _is_pair(*rows[level]))
    }


def _is_pair(first: str, second: str) -> bool:
    """Return whether two heads differ by the next number only, or have it at opposite ends."""
    numbers = [[int(n) for n in _NUMBER.findall(row)] for row in (first, second)]
    if not all(numbers) or not {n + 1 for n in numbers[0]} & {*numbers[1]}:
        return False
    if _NUMBER.sub("#", first) == _NUMBER.sub("#", second):
        return True
    ends = [bool(_HEAD_AND_NUMBER.search(row)) for row in (first, second)]
    begins = [bool(_NUMBER_AND_HEAD.match(row)) for row in (first, second)]
    return (begins[0] and ends[1]) or (ends[0] and begins[1])


def _number_test(edges: Sequence[Sequence[Line]], size: float) -> Callable[[Line], bool]:
    """Return a test for page numbers and the heads beside them.

    A head repeats, or is no larger than the text and beside numbers that alternate sides.
    """
    alternates = _numbered_levels(edges)
    page_counts = _page_counts(edges)

    def is_beside_number(line: Line) -> bool:
        if _level(line) not in alternates or len(line.text.split()) > _HEAD_WORDS:
            return False
        is_head = alternates[_level(line)] and line.height <= _HEAD_SIZE * size
        place = _place(line)
        return is_head or place[0] == ("#",) or page_counts[place] >= _ALTERNATE_PAGES

    return is_beside_number
