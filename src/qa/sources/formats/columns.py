"""Columns of a page that a file draws row by row, put one after the other.

Such pages look like tables. Columns of prose differ by their lines: most of them are full, have
several words, and stand on both sides of one gutter.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import replace

from qa.sources.formats.page import Line, most_covered

__all__ = ["in_columns"]

# Rows that must have lines on both sides of a gutter.
_LEAST_ROWS = 5
# The words of a column's line, and the share of its width that it fills; table cells have less.
_WORDS = 4
_WIDE_CHARS = 8
_FILLED = 0.7
# The share of the longer column's lines that have one beside them.
_PAIRED_SHARE = 0.6
# Further below the line above, in usual distances, a line is no longer of the column.
_WIDE_GAP = 1.25
_MAX_COLUMNS = 6


def in_columns(lines: Sequence[Line]) -> tuple[list[Line], bool]:
    """Return the lines in reading order, and whether that is in doubt.

    A line across both columns separates what stands above it from what stands below.
    """
    return _ordered(list(lines), _MAX_COLUMNS)


def _ordered(lines: list[Line], columns: int) -> tuple[list[Line], bool]:
    rows = _rows(lines)
    if len(rows) < _LEAST_ROWS or not columns:
        return lines, False
    gutter, _ = most_covered((lines[at].right, lines[at + 1].left) for at in rows)
    of_gutter = [at for at in rows if lines[at].right <= gutter <= lines[at + 1].left]
    if len(of_gutter) < _LEAST_ROWS:
        return lines, False
    first, last = of_gutter[0], _last_of_columns(lines, of_gutter, gutter)
    block = lines[first : last + 1]
    left = [line for line in block if line.right <= gutter]
    right = [line for line in block if line.left >= gutter]
    before = [lines[at] for at in of_gutter]
    after = [lines[at + 1] for at in of_gutter]
    longer = max(_count_above_or_below(before, left), _count_above_or_below(after, right))
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
            column, in_doubt = _ordered(side, columns - 1)
            first_number = 1 + max((line.column for line in ordered), default=0)
            ordered += [replace(line, column=line.column + first_number) for line in column]
            is_doubtful |= in_doubt
    return [*lines[:first], *ordered, *lines[last + 1 :]], is_doubtful


def _rows(lines: Sequence[Line]) -> list[int]:
    """Return the indexes of lines that have the next one beside them."""
    return [
        at
        for at, (before, after) in enumerate(itertools.pairwise(lines))
        if after.is_level_with(before) and after.left >= before.right
    ]


def _last_of_columns(lines: Sequence[Line], rows: Sequence[int], gutter: float) -> int:
    """Return the index of the last line of the columns, one of which may be longer."""
    falls = [lines[above].bottom - lines[below].bottom for above, below in itertools.pairwise(rows)]
    most = _WIDE_GAP * statistics.median(falls)
    last = rows[-1] + 1
    lowest = lines[rows[-1]].bottom
    for at in range(last + 1, len(lines)):
        line = lines[at]
        is_next = 0 < lowest - line.bottom <= most
        if line.left < gutter < line.right or not is_next:
            break
        last, lowest = at, line.bottom
    return last


def _count_above_or_below(column: Sequence[Line], lines: Sequence[Line]) -> int:
    left, right = min(line.left for line in column), max(line.right for line in column)
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
