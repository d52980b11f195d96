"""The time that a question names: years, months, "last year", "latest"."""

from __future__ import annotations

import calendar
import datetime
import re
from dataclasses import dataclass

from qa.text.written_dates import ENGLISH_MONTHS

__all__ = ["Period", "asks_when_said", "period", "wants_latest"]

_SEASONS = {
    "spring": (3, 5),
    "summer": (6, 8),
    "fall": (9, 11),
    "autumn": (9, 11),
    "winter": (12, 2),
}
_ANY_YEAR = r"(?:19|20)\d\d"
_YEAR = rf"(?P<year>{_ANY_YEAR})"
_ANY_MONTH = "|".join(sorted(ENGLISH_MONTHS, key=len, reverse=True))
_DAY = re.compile(
    rf"\b(?:(?P<iso>{_ANY_YEAR}-\d\d-\d\d)"
    rf"|(?P<month>{_ANY_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month2>{_ANY_MONTH})\.?,? "
    rf"(?P<year2>{_ANY_YEAR}))\b",
    re.IGNORECASE,
)
_MONTH_OF_YEAR = re.compile(
    rf"\b(?P<month>{_ANY_MONTH})\.?(?: of)?,? {_YEAR}\b"
    rf"|(?P<year2>{_ANY_YEAR})\s*年\s*(?P<month2>\d{{1,2}})\s*月",
    re.IGNORECASE,
)
_SEASON_OF_YEAR = re.compile(
    rf"\b(?P<season>{'|'.join(_SEASONS)})(?: of)?,? {_YEAR}\b", re.IGNORECASE
)
_YEARS = re.compile(
    rf"(?<![\d-]){_YEAR}\s*(?:-|–|to|and|until|至|到)\s*(?P<end>{_ANY_YEAR})\b", re.IGNORECASE
)
# Not a price, a share or a part of another number.
_ONE_YEAR = re.compile(rf"(?<![\d.$-])(?<!\d,){_YEAR}(?!\d|,\d|\.\d|%)")
_RELATIVE = re.compile(
    r"\b(?P<which>last|this|past|previous|current) (?P<what>year|month)\b"
    r"|(?P<han>去年|今年|上个月|上個月|本月)",
    re.IGNORECASE,
)
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent(?:ly)?|currently|nowadays|right now|as of now|these days|"
    r"at present|at the moment|(?:is|are|does|do|has|have) \w+(?: \w+)? now)\b"
    r"|最新|最近|目前|现在|現在|如今",
    re.IGNORECASE,
)


_SAID = re.compile(
    r"\b(?:said|says?|saying|stated?|told|tell|announced?|spoke|speak|spoken|mention(?:ed)?"
    r"|comment(?:ed|s)?|remark(?:ed|s)?|asked|answer(?:ed)?|repl(?:y|ied)|respond(?:ed)?"
    r"|statements?|briefings?|press (?:conference|release)s?|speech(?:es)?|published|issued)\b"
    r"|[说說讲講]|表示|谈到|談到|提到|回应|回應|答复|答覆",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Period:
    """A range of days, both ends included."""

    first: datetime.date
    last: datetime.date

    @property
    def days(self) -> int:
        """Return the number of days."""
        return (self.last - self.first).days + 1

    def holds(self, date: datetime.date | None) -> bool:
        """Tell if the day lies in it; an unknown day does not."""
        return date is not None and self.first <= date <= self.last


def period(question: str, today: datetime.date) -> Period | None:
    """Return the time a question names, by its most exact expression; None if it names none."""
    for parse in (_day, _month, _season, _years, _year):
        named = parse(question)
        if named:
            return named
    return _relative(question, today)


def asks_when_said(question: str) -> bool:
    """Tell if the time is that of the statement and not of what it is about."""
    return bool(_SAID.search(question))


def wants_latest(question: str) -> bool:
    """Tell if the question asks for the latest state."""
    return bool(_LATEST.search(question))


def _day(question: str) -> Period | None:
    match = _DAY.search(question)
    if not match:
        return None
    try:
        if match["iso"]:
            day = datetime.date.fromisoformat(match["iso"])
        else:
            month = ENGLISH_MONTHS[(match["month"] or match["month2"]).lower()]
            number = int(match["day"] or match["day2"])
            day = datetime.date(int(match["year"] or match["year2"]), month, number)
    except ValueError:
        return None
    return Period(day, day)


def _month(question: str) -> Period | None:
    match = _MONTH_OF_YEAR.search(question)
    if not match:
        return None
    year = int(match["year"] or match["year2"])
    month = ENGLISH_MONTHS[match["month"].lower()] if match["month"] else int(match["month2"])
    return _months(year, month, year, month) if 1 <= month <= 12 else None  # noqa: PLR2004


def _season(question: str) -> Period | None:
    match = _SEASON_OF_YEAR.search(question)
    if not match:
        return None
    first, last = _SEASONS[match["season"].lower()]
    year = int(match["year"])
    # A winter is named after the year it ends in; one that begins in it is nearly of it.
    return _months(year - (first > last), first, year, last)


def _years(question: str) -> Period | None:
    match = _YEARS.search(question)
    if not match or match["year"] > match["end"]:
        return None
    return _months(int(match["year"]), 1, int(match["end"]), 12)


def _year(question: str) -> Period | None:
    match = _ONE_YEAR.search(question)
    return _months(int(match["year"]), 1, int(match["year"]), 12) if match else None


def _relative(question: str, today: datetime.date) -> Period | None:
    match = _RELATIVE.search(question)
    if not match:
        return None
    han = match["han"]
    is_now = han in {"今年", "本月"} if han else match["which"].lower() in {"this", "current"}
    is_year = han in {"今年", "去年"} if han else match["what"].lower() == "year"
    if is_year:
        year = today.year if is_now else today.year - 1
        return _months(year, 1, year, 12)
    month = today if is_now else today.replace(day=1) - datetime.timedelta(days=1)
    return _months(month.year, month.month, month.year, month.month)


def _months(first_year: int, first_month: int, last_year: int, last_month: int) -> Period:
    last_day = calendar.monthrange(last_year, last_month)[1]
    return Period(
        datetime.date(first_year, first_month, 1), datetime.date(last_year, last_month, last_day)
    )
