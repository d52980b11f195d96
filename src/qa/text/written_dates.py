"""Dates written out in a text, in many languages and orders; the one table of month names."""

from __future__ import annotations

import contextlib
import datetime
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["ENGLISH_MONTHS", "MONTHS", "WrittenDate", "written_dates"]

# English first, then French, Spanish, Portuguese, Italian, German and Dutch; without accents.
_NAMES = """
january janvier enero janeiro gennaio januar januari janner
february fevrier febrero fevereiro febbraio februar februari
march mars marzo marco marz maerz maart
april avril abril aprile
may mai mayo maio maggio mei
june juin junio junho giugno juni
july juillet julio julho luglio juli
august aout agosto augustus
september septembre septiembre setiembre setembro settembre sept
october octobre octubre outubro ottobre oktober
november novembre noviembre novembro
december decembre diciembre dezembro dicembre dezember
"""
_ABBREVIATIONS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
# Month names in lower case and without accents, to the month's number.
MONTHS = {
    name: number
    for number, names in enumerate(_NAMES.strip().splitlines(), start=1)
    for name in names.split()
} | {name: number for number, name in enumerate(_ABBREVIATIONS, start=1)}
# Those of English, by which questions are read: "Mars" is a planet there.
ENGLISH_MONTHS = {
    name: number
    for number, names in enumerate(_NAMES.strip().splitlines(), start=1)
    for name in (names.split()[0], _ABBREVIATIONS[number - 1])
} | {"sept": 9}
_ACCENTED = {"a": "[aàâáä]", "c": "[cç]", "e": "[eéèê]", "o": "[oóô]", "u": "[uûü]"}
_MONTH = "|".join(
    "".join(_ACCENTED.get(letter, letter) for letter in name)
    for name in sorted(MONTHS, key=len, reverse=True)
)
_OF = r"(?:(?:day )?of |d[eo]l? |di )?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|ère|º|ª|°|\.)?"
_HAN_DIGITS = "〇零○Ｏ一二三四五六七八九"
_HAN = rf"[{_HAN_DIGITS}十百廿卅]"
_ERAS = {"民國": 1911, "民国": 1911, "令和": 2018, "平成": 1988}
_ERA = "|".join(_ERAS)
_SMALL = rf"(?:\d{{1,3}}|元|{_HAN}{{1,6}})"
_ERA_DATE = (
    rf"(?P<era>{_ERA}) ?(?P<year>{_SMALL}) ?年 ?"
    rf"(?P<month>{_SMALL}) ?月 ?(?P<day>{_SMALL}) ?[日号號]"
)
# The time of day as in C's asctime ("Thu Apr 3 10:00:00 2025").
_CLOCK = r"(?:\d\d:\d\d:\d\d (?:[A-Z]{2,4} )?)?"
_MARKED = r"(?<![\d./-])%s(?P<mark>[-/.])%s(?P=mark)%s(?![\d/-]|\.\d)"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?P<month>{_MONTH})\b\.? {_DAY},? ?,? {_CLOCK}(?P<year>\d{{4}})(?!\d)",
        rf"(?<![\d.,/-]){_DAY}[ -]{_OF}(?P<month>{_MONTH})\b\.?,?[ -]{_OF}(?P<year>\d{{4}})(?!\d)",
        rf"(?<!\d)(?P<year>\d{{4}}),? (?P<month>{_MONTH})\b\.? {_DAY}(?!\d)",
        _MARKED % (r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"),
        # In figures, day and month can be distinguished only if one is above twelve.
        _MARKED % (r"(?P<a>\d{1,2})", r"(?P<b>\d{1,2})", r"(?P<year>\d{4})"),
        r"(?P<year>\d{4}) ?[年년] ?(?P<month>\d{1,2}) ?[月월] ?(?P<day>\d{1,2}) ?[日号號일]",
        rf"(?P<year>[{_HAN_DIGITS}]{{4}})年(?P<month>{_HAN}{{1,3}})月(?P<day>{_HAN}{{1,3}})[日号號]",
        _ERA_DATE,
    )
]
_LAST_MONTH = 12
# "3 to 8 April 2025" and "3 April - 8 April 2025" are ranges. A dash may also separate a place, a
# number or a time from the day ("GENEVA - 3 April 2025 - 10:00").
_TO = r"(?:[-–—~至到&/]|\b(?:to|and|until|through|bis|und|au|et|al|y|e|a)\b)"
_END_OF_RANGE = re.compile(
    rf"(?:(?<!\d)(?:[0-2]?\d|3[01]|\d{{4}})(?:st|nd|rd|th)?\.?|[年月日号號]|\b(?:{_MONTH})\b\.?)"
    rf"\s*{_TO}\s*$",
    re.IGNORECASE,
)
_START_OF_RANGE = re.compile(
    rf"\s*{_TO}\s*(?:(?:[0-2]?\d|3[01])(?!\d|[:.h]\d)|(?:{_MONTH})\b)", re.IGNORECASE
)
_RANGE_CHARS = 40


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date, its offsets in the text, and whether it begins or ends a range of days."""

    start: int
    end: int
    date: datetime.date
    is_in_range: bool


def written_dates(text: str) -> Iterator[WrittenDate]:
    """Yield every date that is written with its year, in no particular order.

    Ambiguous figures ("03/04/2025") are left out.
    """
    if not re.search(rf"\d{{4}}|[{_HAN_DIGITS}]年|[民令平][國国和成]", text):
        return
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            # "2011-13-40" is no date.
            with contextlib.suppress(ValueError, KeyError):
                date = _date(match.groupdict())
                if date:
                    yield WrittenDate(*match.span(), date, _is_in_range(text, *match.span()))


def _date(groups: dict[str, str | None]) -> datetime.date | None:
    year = _number(groups["year"] or "") + _ERAS.get(groups.get("era") or "", 0)
    if groups.get("a"):
        a, b = _number(groups["a"] or ""), _number(groups["b"] or "")
        if min(a, b) > _LAST_MONTH or (max(a, b) <= _LAST_MONTH and a != b):
            return None
        return datetime.date(year, min(a, b), max(a, b))
    month = groups["month"] or ""
    return datetime.date(year, _month(month), _number(groups["day"] or ""))


def _month(written: str) -> int:
    plain = unicodedata.normalize("NFKD", written.lower())
    return MONTHS.get("".join(c for c in plain if not unicodedata.combining(c))) or _number(written)


def _number(written: str) -> int:
    """Return a number written in figures or in Chinese, below a thousand or digit by digit.

    Raises:
        ValueError: it is no number.
    """
    if written.isdecimal():
        return int(written)
    if written == "元":
        return 1
    plain = written.replace("廿", "二十").replace("卅", "三十")
    digits = {digit: max(0, n - 3) for n, digit in enumerate(_HAN_DIGITS)}
    if not set(plain) & {"十", "百"}:
        return int("".join(str(digits[digit]) for digit in plain))
    hundreds, hundred, rest = plain.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    number = 100 * (digits[hundreds] if hundreds else 1) if hundred else 0
    number += 10 * (digits[tens.lstrip("〇零○")] if tens.strip("〇零○") else 1) if ten else 0
    ones = ones.lstrip("〇零○")
    return number + (digits[ones] if ones else 0)


def _is_in_range(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _RANGE_CHARS) : start]
    return bool(_END_OF_RANGE.search(before) or _START_OF_RANGE.match(text, end))
