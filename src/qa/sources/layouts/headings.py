"""Headings between the words of speakers, which nobody says."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["before_headings", "days", "end_of_written_question", "paragraphs"]

_BLANK = re.compile(r"\n[ \t]*\n\s*")
_HEADING_CHARS = 160
# A date that stands by itself: a year and at most a day, a month and a day of the week.
_DATE = re.compile(
    r"(?=[^\n]{0,39}(?:19|20)\d{2})(?:[^\W\d_]{1,12}[.,]{0,2} ){0,2}\d{1,4}(?:st|nd|rd|th|er|º|\.)?"
    r"(?:(?: | de )[^\W\d_]{2,12}\.?)?,?(?:(?: | de )\d{4})?|\d{4}-\d{2}-\d{2}"
    r"|\d{4} ?年 ?\d{1,2} ?月 ?\d{1,2} ?日[^\n]{0,12}"
)
# "Question No.114" above the words of who asks it.
_NUMBERED = re.compile(r"[^\W\d_]+ No\.? ?\d+")
# The number that a parliament's office prints behind a written question ("NW2470E").
_CODED = re.compile(r"\b[A-Z]{2,3}\d{2,5}E\s*\Z")
# So many days make a log.
_LOG_DAYS = 3


def paragraphs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the beginning and end of the paragraphs between two places."""
    for blank in _BLANK.finditer(text, start, end):
        if blank.start() > start:
            yield start, blank.start()
        start = blank.end()
    if start < end:
        yield start, end


def days(text: str) -> list[int]:
    """Return the beginnings of a log's days; none where few different dates stand alone."""
    first: dict[str, int] = {}
    for start, end in paragraphs(text, 0, len(text)):
        if end - start <= _HEADING_CHARS and _DATE.fullmatch(text[start:end].strip("# *\t\n")):
            first.setdefault(text[start:end], start)
    return sorted(first.values()) if len(first) >= _LOG_DAYS else []


def before_headings(text: str, start: int, end: int) -> int:
    """Return the end of speech between two places: before the headings of what follows."""
    blocks = list(paragraphs(text, start, end))
    while len(blocks) > 1 and _is_heading(text[slice(*blocks[-1])]):
        end = blocks.pop()[0]
    return end


def end_of_written_question(text: str, start: int, end: int) -> int:
    """Return the end of a written question: behind its number or mark, or before a heading.

    Text that follows without a label is the reply, or another matter; "(2) whether ..." goes on.
    """
    is_over = False
    for begins, ends in paragraphs(text, start, end):
        paragraph = text[begins:ends]
        has_code = bool(_CODED.search(paragraph))
        is_next = begins > start and not has_code
        if is_next and (_is_heading(paragraph) or (is_over and not paragraph.startswith("("))):
            return begins
        is_over = has_code or paragraph.rstrip().endswith("?")
    return end


def _is_heading(paragraph: str) -> bool:
    """Return whether a paragraph is in capitals, without letters, a date, or Markdown's heading."""
    words = paragraph.strip()
    if not 0 < len(words) <= _HEADING_CHARS:
        return False
    if not any(map(str.isalpha, words)):
        return True  # a page's number, a time
    if words.startswith("#") or _DATE.fullmatch(words) or _NUMBERED.fullmatch(words):
        return True
    return words.isupper() and words[0] not in "([（【" and words[-1] not in ".!?:"
