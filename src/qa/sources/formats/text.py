"""Plain text and Markdown, kept as written."""

from __future__ import annotations

import datetime
import re

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.encodings import decoded
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.front_matter import FRONT_MATTER, Value, day, fields_of

__all__ = ["markdown", "plain_text", "split_front_matter"]

_HEAD = re.compile(
    r"(?P<title>[^\S\n]*\S[^\n]*)\n(?P<date>\d{4}-\d{2}-\d{2})[ \t]*\n"
    r"(?:(?P<source>https?://\S+)[ \t]*\n)?[ \t]*\n+"
)


def split_front_matter(text: str, name: str) -> tuple[dict[str, Value], str]:
    """Split YAML between two ``---`` lines at the very start from the text after it.

    Raises:
        SourceError: the front matter is not a YAML mapping.
    """
    match = FRONT_MATTER.match(text)
    if not match:
        return {}, text
    if len(match[1]) > limits.FRONT_MATTER_CHARS:
        raise SourceError(
            f"{name}: its front matter has {len(match[1])} characters, the limit "
            f"(FRONT_MATTER_CHARS) is {limits.FRONT_MATTER_CHARS}."
        )
    try:
        fields = fields_of(match[1])
    except ValueError as error:
        raise SourceError(f"{name}: its front matter {error}") from error
    return fields, text[match.end() :]


def plain_text(data: bytes, name: str) -> Extracted:
    """Return plain text, with title, date and address where its head states them.

    Raises:
        SourceError: the bytes are not text, or the head's date is not a date.
    """
    return _with_head(decoded(data, name), name)


def _with_head(text: str, name: str) -> Extracted:
    head = _HEAD.match(text)
    if not head:
        return Extracted(text.strip("\n"))
    return Extracted(
        text[head.end() :].strip("\n"),
        title=head["title"].strip(),
        date=_date(head["date"], name),
        source=head["source"],
    )


def markdown(data: bytes, name: str) -> Extracted:
    """Return Markdown as written, with title, date and more from its front matter or head.

    Raises:
        SourceError: the bytes are not text, the front matter is not YAML, or its date is not a
            date.
    """
    text = decoded(data, name)
    fields, body = split_front_matter(text, name)
    if not fields:
        extracted = _with_head(text, name)
        if extracted.title:
            return extracted
    heading = re.search(r"^# +(\S.*)$", body, re.MULTILINE)

    def field(key: str) -> str | None:
        value = fields.get(key)
        if isinstance(value, list | dict):
            raise SourceError(f"{name}: the {key} in its front matter is a list, not text.")
        return value.strip() or None if value else None

    return Extracted(
        body.strip("\n"),
        title=field("title") or (heading[1].rstrip(" \t#") if heading else None),
        date=_date(field("date"), name),
        section=field("section"),
        source=field("source"),
        language=field("language"),
    )


def _date(written: str | None, name: str) -> datetime.date | None:
    if written is None:
        return None
    try:
        return day(written)
    except ValueError as error:
        raise SourceError(f"{name}: {written!r} is not a date as YYYY-MM-DD.") from error


FORMATS = (
    Format(
        plain_text,
        {".txt": ("text/plain",)},
        "all of it, as written",
        "a head of a title, a date (YYYY-MM-DD), perhaps an address, and a blank line",
        in_worker=False,
    ),
    Format(
        markdown,
        {".md": ("text/markdown",), ".markdown": ()},
        "all of it, as written",
        "front matter (`title`, `date`, `section`, `source`, `language`); the first top heading",
        in_worker=False,
    ),
)
