"""Parts of a document that stand under a date or a question's number of their own.

A log of many days has a heading line per day, a record of written answers one per question. All
text under one heading belongs together, and none of it to the part before.
"""

from __future__ import annotations

import bisect
import datetime
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from qa.records import Document, Span, Turn
from qa.sources.layouts.numbers import Heading, number_headings
from qa.sources.layouts.registry import turns
from qa.text.dates import dates_of_heading

__all__ = ["Part", "day_of", "days", "part_day", "parted_turns", "parts"]

_DATED_LINE = re.compile(r"^[^\n]{0,80}?(?:\d{4}|年)[^\n]{0,80}$", re.MULTILINE)
_HEADING_CHARS = 80
# A day of a log has at least so much text; dates that follow one another are a list.
_LEAST_CHARS = 20
_FILLED = 0.8
_LEAST_DAYS = 2
# A document's text is looked at for its day, its turns and its proof.
_KEPT_TEXTS = 4


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch under one heading, or before the first.

    The parts of a text follow one another without a gap. ``heading`` is the line at its beginning
    that nobody said, ``date`` that of the day, ``numbers`` are those of the question, as asked for.
    """

    span: Span
    heading: Span | None = None
    date: datetime.date | None = None
    numbers: tuple[str, ...] = ()


@lru_cache(maxsize=_KEPT_TEXTS)
def parts(text: str) -> tuple[Part, ...]:
    """Return the parts of ``text``, without gap or overlap: joined, they give it back."""
    if not text:
        return ()
    headings = sorted([*_days(text), *number_headings(text)], key=lambda heading: heading.start)
    of_text: list[Part] = []
    date: datetime.date | None = None
    starts = [*(heading.start for heading in headings), len(text)]
    if starts[0] > 0:
        of_text.append(Part(Span(0, starts[0])))
    for heading, end in zip(headings, starts[1:], strict=True):
        date = heading.date or date
        if end > heading.start:
            span = Span(heading.start, end)
            of_text.append(Part(span, heading.line, date, heading.numbers))
    return tuple(of_text)


def days(text: str) -> frozenset[datetime.date]:
    """Return the days of a log; none where the text has no parts of different days."""
    return frozenset(heading.date for heading in _days(text) if heading.date)


def day_of(document: Document, offset: int) -> datetime.date | None:
    """Return the day of the text at ``offset``."""
    of_text = parts(document.text)
    at = bisect.bisect_right([part.span.start for part in of_text], offset) - 1
    return part_day(document, of_text[at], days(document.text))


def part_day(document: Document, part: Part, log: frozenset[datetime.date]) -> datetime.date | None:
    """Return the day of a part: its own in a log, else the document's.

    A log has no day itself, or is dated with one of its days, as the first.
    """
    is_own = part.date and (document.date is None or document.date in log)
    return part.date if is_own else document.date


def parted_turns(document: Document) -> Iterator[tuple[Turn, Part]]:
    """Yield the turns of a document, cut where a part begins, each with its part.

    Text under a new heading, before anybody speaks, is nobody's turn. An answer to a question of
    another part answers none.
    """
    of_text = parts(document.text)
    starts = [part.span.start for part in of_text]
    for turn in turns(document.text, document.layout):
        at = bisect.bisect_right(starts, turn.span.start) - 1
        while at < len(of_text) and of_text[at].span.start < turn.span.end:
            part = of_text[at]
            span = Span(max(turn.span.start, part.span.start), min(turn.span.end, part.span.end))
            yield _within(turn, span, part), part
            at += 1


def _within(turn: Turn, span: Span, part: Part) -> Turn:
    if span == turn.span:
        is_asked_here = turn.asked is None or turn.asked.start >= part.span.start
        return turn if is_asked_here else replace(turn, asked=None, role="statement")
    if span.start > turn.span.start:
        return Turn("statement", span)
    return replace(turn, span=span)


@lru_cache(maxsize=_KEPT_TEXTS)
def _days(text: str) -> tuple[Heading, ...]:
    """Return the heading lines that are days, in a log: in order, and with text under each."""
    has_paragraphs = "\n\n" in text
    dated: list[Heading] = []
    for match in _DATED_LINE.finditer(text):
        line = match[0].strip()
        date = dates_of_heading(line) if len(line) <= _HEADING_CHARS else None
        if date and (_begins_paragraph(text, match.start()) or not has_paragraphs):
            at = match.start() + match[0].index(line)
            dated.append(Heading(at, Span(at, at + len(line)), date=date))
    # A page's head repeats the day.
    dated = [h for n, h in enumerate(dated) if not n or h.date != dated[n - 1].date]
    is_log = len(dated) >= _LEAST_DAYS and _is_in_order(dated) and _has_text(text, dated)
    return tuple(dated) if is_log else ()


def _begins_paragraph(text: str, start: int) -> bool:
    """Return whether a line begins the text or follows an empty one."""
    before = text.rfind("\n", 0, max(0, start - 1))
    return start == 0 or not text[before + 1 : start].strip()


def _is_in_order(headings: Sequence[Heading]) -> bool:
    """Return whether every day is later than the one above, or every one earlier."""
    ordinals = [heading.date.toordinal() for heading in headings if heading.date]
    steps = [b > a for a, b in itertools.pairwise(ordinals)]
    return all(steps) or not any(steps)


def _has_text(text: str, headings: Sequence[Heading]) -> bool:
    """Return whether there is something under nearly every heading."""
    ends = [*(heading.start for heading in headings[1:]), len(text)]
    filled = sum(
        len(text[heading.line.end : end].strip()) >= _LEAST_CHARS
        for heading, end in zip(headings, ends, strict=True)
        if heading.line
    )
    return filled >= _FILLED * len(headings)
