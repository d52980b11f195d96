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
    """YAML between two ``---`` lines at the very start, and the text after it, untouched.

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
    """Plain text, whose head may be a title, a date and an address line (then a blank one).

    Raises:
        SourceError: the bytes are not text, or the head's date is none.
    """
    return _with_head(decoded(data, name), name)


def _with_head(text: str, name: str) -> Extracted:
    """Text whose head may be a title, a date and an address line (then a blank one)."""
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
    """Markdown; front matter and the first top heading tell what it is.

    Raises:
        SourceError: the bytes are not text, the front matter is not YAML, or its date is none.
    """
    text = decoded(data, name)
    fields, body = split_front_matter(text, name)
    if not fields:
        extracted = _with_head(text, name)
        if extracted.title:
            return extracted
    heading = re.search(r"^# +(\S.*)$", body, re.MULTILINE)

    def stated(key: str) -> str | None:
        value = fields.get(key)
        if isinstance(value, list | dict):
            raise SourceError(f"{name}: the {key} in its front matter is a list, not text.")
        return value.strip() or None if value else None

    return Extracted(
        body.strip("\n"),
        title=stated("title") or (heading[1].rstrip(" \t#") if heading else None),
        date=_date(stated("date"), name),
        section=stated("section"),
        source=stated("source"),
        language=stated("language"),
    )


def _date(stated: str | None, name: str) -> datetime.date | None:
    if stated is None:
        return None
    try:
        return day(stated)
    except ValueError as error:
        raise SourceError(f"{name}: {stated!r} is not a date as YYYY-MM-DD.") from error


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
