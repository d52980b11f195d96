"""What a visitor limits a search to: a stretch of time, a section of the record."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from qa.errors import QuestionError
from qa.web.wording import Wording

__all__ = ["Filters"]


@dataclass(frozen=True, slots=True)
class Filters:
    """The limits of a search, those that are set; both days are included."""

    since: datetime.date | None = None
    until: datetime.date | None = None
    section: str | None = None

    @classmethod
    def read(cls, since: str, until: str, section: str) -> Filters:
        """As they come from a form: what is blank is not set.

        Raises:
            QuestionError: a day is not one.
        """
        return cls(_day(since), _day(until), section.strip() or None)

    def __bool__(self) -> bool:
        return bool(self._set)

    @property
    def asked(self) -> dict[str, Any]:
        """As ``QA.ask`` takes them."""
        return {"since": self.since, "until": self.until, "section": self.section}

    @property
    def query(self) -> str:
        """As they follow in a link to an answer; empty, or begins with ``&``."""
        return f"&{urlencode(self._set)}" if self._set else ""

    def told(self, say: Wording) -> str:
        """What was looked at alone, as a sentence; empty where that was all of the record."""
        if not self:
            return ""
        limits = ", ".join(
            say("only." + name, **{name: value}) for name, value in self._set.items()
        )
        return say("only.told", limits=limits)

    @property
    def _set(self) -> dict[str, str]:
        return {key: str(value) for key, value in self.asked.items() if value}


def _day(text: str) -> datetime.date | None:
    text = text.strip()
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise QuestionError(
            f"{text[:40]!r} is not a day as YYYY-MM-DD.", "day", day=text[:40]
        ) from error
