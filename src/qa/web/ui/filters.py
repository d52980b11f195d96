"""The filters of a search: first and last day, and a section of the record."""

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
    """The filters of a search, None where not set; both days are included."""

    since: datetime.date | None = None
    until: datetime.date | None = None
    section: str | None = None

    @classmethod
    def parse(cls, since: str, until: str, section: str) -> Filters:
        """Read the fields of a form; blank ones are not set.

        Raises:
            QuestionError: a day is not one.
        """
        return cls(_day(since), _day(until), section.strip() or None)

    def __bool__(self) -> bool:
        return bool(self._set)

    @property
    def arguments(self) -> dict[str, Any]:
        """The fields of ``Question``."""
        return {"since": self.since, "until": self.until, "section": self.section}

    @property
    def query(self) -> str:
        """The end of a link to an answer: empty, or begins with ``&``."""
        return f"&{urlencode(self._set)}" if self._set else ""

    def sentence(self, say: Wording) -> str:
        """Return a sentence that states the filters; empty if there are none."""
        if not self:
            return ""
        limits = []
        if self.since and self.until:
            limits.append(say("only.between", since=self.since, until=self.until))
        elif self.since:
            limits.append(say("only.since", since=self.since))
        elif self.until:
            limits.append(say("only.until", until=self.until))
        if self.section:
            limits.append(say("only.section", section=self.section))
        return say("only.told", limits=say("list.separator").join(limits))

    @property
    def _set(self) -> dict[str, str]:
        return {key: str(value) for key, value in self.arguments.items() if value}


def _day(text: str) -> datetime.date | None:
    text = text.strip()
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise QuestionError(
            f"{text[:40]!r} is not a date. Use the format YYYY-MM-DD.", "day", day=text[:40]
        ) from error
