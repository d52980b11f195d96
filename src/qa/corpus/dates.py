"""Dates as documents write them, in English, French and Chinese."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import re
from collections.abc import Iterable, Iterator

__all__ = ["dates_in", "only_date", "stated_date"]

_MONTHS = (
    ("january", "janvier"),
    ("february", "février"),
    ("march", "mars"),
    ("april", "avril"),
    ("may", "mai"),
    ("june", "juin"),
    ("july", "juillet"),
    ("august", "août"),
    ("september", "septembre", "sept"),
    ("october", "octobre"),
    ("november", "novembre"),
    ("december", "décembre"),
)
_NUMBERS = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}
_NUMBERS |= {names[0][:3]: number for number, names in enumerate(_MONTHS, start=1)}
_MONTH = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er)?"
_WRITTEN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?P<month>{_MONTH})\.? {_DAY},? (?P<year>\d{{4}})\b",
        rf"\b{_DAY} (?P<month>{_MONTH})\.?,? (?P<year>\d{{4}})\b",
        r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b",
        r"(?P<year>\d{4}) ?年 ?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?日",
    )
]
# How far down a document dates itself.
_TOP_CHARS = 3_000
_TOP_LINES = 12
# What may stand beside a date in its line without making it one of something else.
_BESIDE = re.compile(
    r"(?:for (?:immediate )?release|date|on|le|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|\d{1,2}:\d\d ?[AP]\.?M\.?(?: [A-Z]{3,4})?|星期[一二三四五六日天]|[,:：()（）.]|\s)+",
    re.IGNORECASE,
)


def stated_date(title: str | None, text: str) -> datetime.date | None:
    """The one date in the title, else the one that lines near the top consist of."""
    in_title = dates_in(title or "")
    if len(in_title) == 1:
        return in_title.pop()
    lines = (line for line in text[:_TOP_CHARS].split("\n") if line.strip())
    return only_date(itertools.islice(lines, _TOP_LINES))


def only_date(lines: Iterable[str]) -> datetime.date | None:
    """The date that some of the lines consist of; None where there is none, or more than one."""
    found = {date for line in lines if (date := _date(" ".join(line.split())))}
    return found.pop() if len(found) == 1 else None


def dates_in(text: str) -> set[datetime.date]:
    """Every date that is written out in the text."""
    return {date for _, date in _written(text)}


def _date(line: str) -> datetime.date | None:
    for match, date in _written(line):
        beside = line[: match.start()] + line[match.end() :]
        if not beside or _BESIDE.fullmatch(beside):
            return date
    return None


def _written(text: str) -> Iterator[tuple[re.Match[str], datetime.date]]:
    for pattern in _WRITTEN:
        for match in pattern.finditer(text):
            month = match["month"].lower()
            number = _NUMBERS.get(month) or int(month)
            # What only looks like a date ("2011-13-40") is none.
            with contextlib.suppress(ValueError):
                yield match, datetime.date(int(match["year"]), number, int(match["day"]))
