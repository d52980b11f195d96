"""Footnotes of printed pages, recognised by their size, place and mark."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from qa.sources.formats.page import Line, Page

__all__ = ["numbered_by_note", "text_size"]

# Notes at the foot of a page are smaller than its text by this factor, and begin with their mark.
_NOTE_SIZE = 0.92
_NOTE = re.compile(
    r"([\u00b9\u00b2\u00b3\u2070-\u2079\u1d43-\u1d61]{1,3}|\d{1,3}|[*†‡§]{1,3})[\s.)]*\S"
)


def text_size(pages: Sequence[Page]) -> float:
    """Return the height of most of the text's lines, in points."""
    sizes: Counter[int] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(line.height * 10)] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], size), default=0) / 10


def numbered_by_note(page: Page, size: float) -> Iterator[tuple[Line, int]]:
    """Yield the lines of a page, each with the number of its footnote; 0 for text."""
    small = _NOTE_SIZE * size
    lowest = min((line.bottom for line in page.lines if line.height >= small), default=0.0)
    notes = in_note = 0
    mark = ""
    for line in page.lines:
        begins = _NOTE.match(line.text)
        if line.height >= small or line.bottom >= lowest or not (in_note or begins):
            in_note = 0
        elif begins and (not in_note or _follows(begins[1], mark)):
            notes, mark = notes + 1, begins[1]
            in_note = notes
        yield line, in_note


def _follows(mark: str, before: str) -> bool:
    """Return whether the mark of a note may follow another; numbers count."""
    numbers = [unicodedata.normalize("NFKC", written) for written in (before, mark)]
    if all(number.isdecimal() for number in numbers):
        return int(numbers[1]) == int(numbers[0]) + 1
    return not numbers[1].isdecimal()
