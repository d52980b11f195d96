"""The result of extracting a source's text, the same for every format."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

__all__ = ["Extracted", "left_out_remark", "title_of"]


@dataclass(frozen=True, slots=True)
class Extracted:
    """A source's text, and the title, date, section, language and address it states itself.

    ``pages`` holds the offset in ``text`` of every page's first character, where it has pages.
    ``times`` pairs offsets with seconds of the recording, ``recording`` is its address: see
    ``Document``.
    ``layout`` names the layout where the format states it, as a table of questions does.
    ``has_questions`` says that the source marks questions and their answers, so that a single
    question is enough to recognise them. ``remark`` lists parts of the source that are not in the
    text and may be missed.
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


def left_out_remark(counts: Mapping[str, int]) -> str:
    """Return a remark on the parts left out, by the singular noun of each kind; empty for none."""
    counted = [f"{n} {noun}{'s' * (n > 1)}" for noun, n in sorted(counts.items()) if n]
    return f"left out: {', '.join(counted)}" if counted else ""


def title_of(name: str) -> str:
    """Return the title of a document that states none, made of its file's name or address."""
    path = unquote(urlsplit(name).path) if "://" in name else name.replace("\\", "/")
    return " ".join(re.split(r"[\s_-]+", PurePosixPath(path).stem)).strip() or name
