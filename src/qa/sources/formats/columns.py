"""Columns of a page that are drawn row by row, read one after the other.

Such pages look like tables. Columns of prose are told from these by their lines: most of them are
full, have several words, and stand on both sides of one gutter.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import replace

from qa.sources.formats.page import Line

__all__ = ["in_columns"]

# So many rows have to have lines on both sides of a gutter.
_LEAST_ROWS = 5
# The words of a column's line, and the share of its width that it fills; a table's cells are less.
_WORDS = 4
_WIDE_CHARS = 8
_FILLED = 0.7
# The share of the longer column's lines that have one beside them.
_PAIRED_SHARE = 0.6
_SAME_LEVEL = 0.5
# Further below the line above, in usual distances, a line is no longer of the column.
_WIDE_GAP = 1.25
_MOST_COLUMNS = 6


def in_columns(lines: Sequence[Line]) -> tuple[list[Line], bool]:
    """The lines in the order in which they are read; whether that is in doubt.

    A line across both columns separates what stands above it from what stands below.
    """
    return _ordered(list(lines), _MOST_COLUMNS)


def _ordered(lines: list[Line], columns: int) -> tuple[list[Line], bool]:
    rows = _beside(lines)
    if len(rows) < _LEAST_ROWS or not columns:
        return lines, False
    gutter, of_gutter = _gutter(lines, rows)
    if len(of_gutter) < _LEAST_ROWS:
        return lines, False
    first, last = of_gutter[0], _last_of_columns(lines, of_gutter, gutter)
    block = lines[first : last + 1]
    left = [line for line in block if line.right <= gutter]
    right = [line for line in block if line.left >= gutter]
    before, after = (
        [lines[place] for place in of_gutter],
        [lines[place + 1] for place in of_gutter],
    )
    longer = max(_in_column_of(before, left), _in_column_of(after, right))
    is_prose = _is_prose(before) and _is_prose(after)
    if not is_prose or len(of_gutter) < _PAIRED_SHARE * longer:
        return lines, _has_words(before) and _has_words(after)
    ordered: list[Line] = []
    is_doubtful = False
    for crosses, part in itertools.groupby(block, lambda line: line.left < gutter < line.right):
        stretch = list(part)
        if crosses:
            ordered += stretch
            continue
        for side in (
            [line for line in stretch if line.right <= gutter],
            [line for line in stretch if line.right > gutter],
        ):
            read, in_doubt = _ordered(side, columns - 1)
            ordered += _numbered(read, 1 + max((line.column for line in ordered), default=0))
            is_doubtful |= in_doubt
    return [*lines[:first], *ordered, *lines[last + 1 :]], is_doubtful


def _numbered(column: Sequence[Line], first: int) -> list[Line]:
    """The lines with numbers of columns from ``first`` on."""
    return [replace(line, column=line.column + first) for line in column]


def _beside(lines: Sequence[Line]) -> list[int]:
    """The places of lines that have the one after them beside them."""
    return [
        place
        for place, (before, after) in enumerate(itertools.pairwise(lines))
        if abs(before.bottom - after.bottom) < _SAME_LEVEL * after.height
        and after.left >= before.right
    ]


def _gutter(lines: Sequence[Line], rows: Sequence[int]) -> tuple[float, list[int]]:
    """A place that lies between the lines of most rows, and those rows."""
    gaps = [(lines[place].right, lines[place + 1].left) for place in rows]
    open_gaps = best = 0
    gutter = gaps[0][0]
    changes = sorted([*((start, 0) for start, _ in gaps), *((end, 1) for _, end in gaps)])
    for (place, ends), (following, _) in itertools.pairwise(changes):
        open_gaps += -1 if ends else 1
        if open_gaps > best:
            best, gutter = open_gaps, (place + following) / 2
    found = [place for place, (a, b) in zip(rows, gaps, strict=True) if a <= gutter <= b]
    return gutter, found


def _last_of_columns(lines: Sequence[Line], rows: Sequence[int], gutter: float) -> int:
    """The place of the last line of the columns, one of which may be longer."""
    falls = [lines[above].bottom - lines[below].bottom for above, below in itertools.pairwise(rows)]
    most = _WIDE_GAP * statistics.median(falls)
    last = rows[-1] + 1
    lowest = lines[rows[-1]].bottom
    for place in range(last + 1, len(lines)):
        line = lines[place]
        is_next = 0 < lowest - line.bottom <= most
        if line.left < gutter < line.right or not is_next:
            break
        last, lowest = place, line.bottom
    return last


def _in_column_of(some: Sequence[Line], lines: Sequence[Line]) -> int:
    """Return how many lines stand above or below some."""
    left, right = min(line.left for line in some), max(line.right for line in some)
    return sum(line.left < right and left < line.right for line in lines)


def _is_prose(column: Sequence[Line]) -> bool:
    """Return whether most of a column's lines have several words and are full."""
    if not _has_words(column):
        return False
    start = min(line.left for line in column)
    width = statistics.quantiles([line.right - start for line in column], n=10)[8]
    filled = [line.right - start >= _FILLED * width for line in column]
    return statistics.mean(filled) > _PAIRED_SHARE


def _has_words(column: Sequence[Line]) -> bool:
    if len(column) < _LEAST_ROWS:
        return False
    words = statistics.median(len(line.text.split()) for line in column)
    wide = statistics.median(sum(char > "\u2e80" for char in line.text) for line in column)
    return words >= _WORDS or wide >= _WIDE_CHARS
