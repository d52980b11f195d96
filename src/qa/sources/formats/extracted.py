"""What every format gives."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

__all__ = ["Extracted"]


@dataclass(frozen=True, slots=True)
class Extracted:
    """A source's text, and the title, date, section, language and address it states itself.

    ``pages`` holds the offset in ``text`` of every page's first character, where it has pages.
    ``times`` pairs offsets with seconds of the recording, ``recording`` is its address: see
    ``Document``.
    ``layout`` names the layout where the format states it, as a table of questions does.
    ``has_questions`` says that the source marks questions and their answers, so that one question
    is enough to recognise them.
    ``remark`` says what of the source is not in the text and may be missed.
    """

    text: str
    title: str | None = None
    date: datetime.date | None = None
    section: str | None = None
    source: str | None = None
    language: str | None = None
    pages: tuple[int, ...] = ()
    times: tuple[tuple[int, float], ...] = ()
    recording: str | None = None
    layout: str | None = None
    has_questions: bool = False
    remark: str = ""
