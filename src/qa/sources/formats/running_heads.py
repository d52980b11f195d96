"""What stands at the top and foot of pages and is not their text: heads, feet, page numbers.

They repeat at one height, on every page or on left and right pages by turns, or stand beside a
number that counts the pages.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from qa.sources.formats.page import Line, Page
from qa.sources.formats.page_notes import text_size

__all__ = ["without_running_heads"]

# How much of a page's height at its top and bottom may hold them, and on which share of the pages,
# but at least how many, they have to stand.
_MARGIN_SHARE = 0.12
_SHARE = 0.5
_PAGES = 3
# Lines this close in height are level; points.
_LEVEL_POINTS = 3
# On so many left, or right, pages a head of its own has to stand.
_PAGES_BY_TURNS = 2
# What stands beside a page number is longer where it is text.
_HEAD_WORDS = 12
_HEAD_SIZE = 1.05
_WORD = re.compile(r"\d+|[^\W\d_]+")
_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)")

_NUMBER_AND_HEAD = re.compile(r"\W*\d{1,4}(?![\d.,]).*[^\W\d]")
_HEAD_AND_NUMBER = re.compile(r"[^\W\d].*(?<![\d.,])\d{1,4}\W*$")

_Words = tuple[str, ...]


def without_running_heads(pages: Sequence[Page]) -> tuple[list[Page], list[Line]]:
    """The pages without running heads, feet and page numbers; and these."""
    edges = [[*_edge(page)] for page in pages]
    heads = _repeated(edges) | _by_turns(edges)
    beside = _beside_numbers(edges, text_size(pages))
    gone = [[line for line in edge if _place(line) in heads or beside(line)] for edge in edges]
    kept = [
        replace(page, lines=_foot_last(page, [x for x in page.lines if x not in leaving]))
        for page, leaving in zip(pages, map(frozenset, gone), strict=True)
    ]
    return kept, list(itertools.chain.from_iterable(gone))


def _foot_last(page: Page, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines of a page, a foot that the file draws first behind them."""
    foot = list(
        itertools.takewhile(
            lambda line: line.bottom + line.height <= _MARGIN_SHARE * page.height, lines
        )
    )
    text = lines[len(foot) :]
    lowest = min((line.bottom for line in text), default=0.0)
    is_below = all(line.bottom < lowest for line in foot)
    return (*text, *foot) if is_below else tuple(lines)


def _edge(page: Page) -> Iterator[Line]:
    """The lines in the margins at its top and bottom."""
    margin = _MARGIN_SHARE * page.height
    for line in page.lines:
        if line.bottom + line.height <= margin or line.bottom >= page.height - margin:
            yield line


def _level(line: Line) -> int:
    return round(line.bottom / _LEVEL_POINTS)


def _place(line: Line) -> tuple[_Words, int]:
    """The words of a line whatever their order and its numbers, and how high it stands."""
    words = ("#" if word.isdecimal() else word for word in _WORD.findall(line.text))
    return tuple(sorted(words)) or (line.text,), _level(line)


def _least(pages: int) -> float:
    return max(_PAGES, _SHARE * pages)


def _repeated(edges: Sequence[Sequence[Line]]) -> set[tuple[_Words, int]]:
    """What stands at one height on many pages."""
    stands_on = Counter(place for edge in edges for place in {_place(line) for line in edge})
    return {place for place, count in stands_on.items() if count >= _least(len(edges))}


def _by_turns(edges: Sequence[Sequence[Line]]) -> set[tuple[_Words, int]]:
    """What stands at one height on left pages, where something else does on right pages."""
    sides = [
        Counter(place for edge in edges[side::2] for place in {_place(line) for line in edge})
        for side in (0, 1)
    ]
    often = [
        [
            (place, count)
            for place, count in stands_on.items()
            if count >= max(_PAGES_BY_TURNS, _SHARE * len(edges[side::2]))
        ]
        for side, stands_on in enumerate(sides)
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


def _counted(edges: Sequence[Sequence[Line]]) -> dict[int, bool]:
    """The heights at which numbers count the pages; whether they stand left and right by turns."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    rows: dict[int, list[str]] = defaultdict(list)
    for number, edge in enumerate(edges):
        placed = sorted(edge, key=lambda line: (_level(line), line.left))
        for level, row in itertools.groupby(placed, _level):
            rows[level].append(" ".join(line.text for line in row))
            found[level].update({int(n) - number for n in _NUMBER.findall(rows[level][-1])})
    return {
        level: any(map(_NUMBER_AND_HEAD.match, rows[level]))
        and any(map(_HEAD_AND_NUMBER.search, rows[level]))
        for level, firsts in found.items()
        if max(firsts.values(), default=0) >= _least(len(edges))
        or (len(edges) == len(rows[level]) == _PAGES - 1 and _is_pair(*rows[level]))
    }


def _is_pair(first: str, second: str) -> bool:
    """Return whether two heads differ in the next number only, or have theirs at opposite ends."""
    numbers = [[int(n) for n in _NUMBER.findall(row)] for row in (first, second)]
    if not all(numbers) or not {n + 1 for n in numbers[0]} & {*numbers[1]}:
        return False
    if _NUMBER.sub("#", first) == _NUMBER.sub("#", second):
        return True
    ends = [bool(_HEAD_AND_NUMBER.search(row)) for row in (first, second)]
    begins = [bool(_NUMBER_AND_HEAD.match(row)) for row in (first, second)]
    return (begins[0] and ends[1]) or (ends[0] and begins[1])


def _beside_numbers(edges: Sequence[Sequence[Line]], size: float) -> Callable[[Line], bool]:
    """Tells whether a line is the number of its page, or a head beside it.

    A head stands on several pages, or, no larger than the text, to the left and right by turns.
    """
    counted = _counted(edges)
    stands_on = Counter(place for edge in edges for place in {_place(line) for line in edge})

    def is_beside(line: Line) -> bool:
        if _level(line) not in counted or len(line.text.split()) > _HEAD_WORDS:
            return False
        is_head = counted[_level(line)] and line.height <= _HEAD_SIZE * size
        place = _place(line)
        return is_head or place[0] == ("#",) or stands_on[place] >= _PAGES_BY_TURNS

    return is_beside
