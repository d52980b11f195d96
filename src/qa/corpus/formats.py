"""Bytes of a source file to its text and what the file says of itself.

One door, ``extract``. A new format is one function and one row of ``FORMATS``.
"""

from __future__ import annotations

import codecs
import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

import yaml

from qa.errors import SourceError

__all__ = ["FORMATS", "Extracted", "extract", "split_front_matter"]

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_HEAD = re.compile(
    r"(?P<title>[^\n]*\S[^\n]*)\n(?P<date>\d{4}-\d{2}-\d{2})[ \t]*\n"
    r"(?:(?P<source>https?://\S+)[ \t]*\n)?[ \t]*\n+"
)


@dataclass(frozen=True, slots=True)
class Extracted:
    """A source's text, and the title, date, section, language and address it states itself."""

    text: str
    title: str | None = None
    date: datetime.date | None = None
    section: str | None = None
    source: str | None = None
    language: str | None = None


def extract(data: bytes, name: str) -> Extracted:
    """The text of a source file; ``name`` tells its format by its ending.

    Raises:
        SourceError: the format is not read here, the bytes are not text, or nothing is there.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise SourceError(
            f"{name}: the ending {suffix or '(none)'} is not a format read here; known: {known}."
        )
    extracted = FORMATS[suffix](_decoded(data, name), name)
    if not extracted.text.strip():
        raise SourceError(f"{name}: there is no text in it.")
    return extracted


def _decoded(data: bytes, name: str) -> str:
    """The bytes as text with line feeds at line ends, without byte-order mark."""
    mark = next((mark for mark in _BYTE_ORDER_MARKS if data.startswith(mark)), b"")
    encoding = _BYTE_ORDER_MARKS.get(mark, "utf-8")
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{name}: not {encoding} text (byte {error.start} is {data[error.start]:#04x}): "
            "save it as UTF-8."
        ) from error
    if "\0" in text:
        raise SourceError(f"{name}: binary, not text (it holds NUL characters).")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_front_matter(text: str, name: str) -> tuple[dict[str, object], str]:
    """YAML between two ``---`` lines at the very start, and the text after it, untouched.

    Raises:
        SourceError: the front matter is not a YAML mapping.
    """
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    try:
        fields = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise SourceError(f"{name}: its front matter is not YAML: {error}") from error
    if fields is None:
        fields = {}
    if not isinstance(fields, dict):
        raise SourceError(
            f"{name}: its front matter is a {type(fields).__name__}, not key: value lines."
        )
    return fields, text[match.end() :]


def _plain_text(text: str, name: str) -> Extracted:
    """Plain text, whose head may be a title, a date and an address line (then a blank one)."""
    head = _HEAD.match(text)
    if not head:
        return Extracted(text.strip("\n"))
    return Extracted(
        text[head.end() :].strip("\n"),
        title=head["title"].strip(),
        date=_date(head["date"], name),
        source=head["source"],
    )


def _markdown(text: str, name: str) -> Extracted:
    """Markdown, kept as written; front matter and the first top heading tell what it is."""
    fields, body = split_front_matter(text, name)
    if not fields:
        extracted = _plain_text(text, name)
        if extracted.title:
            return extracted
    heading = re.search(r"^# +(.+?)[ \t#]*$", body, re.MULTILINE)

    def stated(key: str) -> str | None:
        return str(fields[key]).strip() if fields.get(key) else None

    return Extracted(
        body.strip("\n"),
        title=stated("title") or (heading[1] if heading else None),
        date=_date(stated("date"), name),
        section=stated("section"),
        source=stated("source"),
        language=stated("language"),
    )


def _date(stated: str | None, name: str) -> datetime.date | None:
    if stated is None:
        return None
    try:
        return datetime.date.fromisoformat(stated[:10])
    except ValueError as error:
        raise SourceError(f"{name}: {stated!r} is not a date as YYYY-MM-DD.") from error


FORMATS: dict[str, Callable[[str, str], Extracted]] = {
    ".txt": _plain_text,
    ".md": _markdown,
    ".markdown": _markdown,
}
