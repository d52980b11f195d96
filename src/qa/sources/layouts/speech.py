"""Signs that a stretch of text asks, or is a sentence, in any script."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.sources.layouts.label_words import is_note
from qa.sources.layouts.labels import Label

__all__ = ["asks", "ends_of", "ends_sentence", "first_line", "has_question", "is_sentence"]

# Marks of a question; か before the end of a Japanese sentence; the Greek semicolon.
_QUESTION_MARKS = "?？؟⸮՞\u037e"
_ASKS = re.compile(r"か[。」）]|か\s*\Z|[\u0370-\u03ff\u1f00-\u1fff];(?=\s|\Z)")
# A turn that asks does so towards its end.
_END_CHARS = 400
_SENTENCE_WORDS = 8
_SENTENCE_END = re.compile(r"[.!?…。！？۔।:;\-—][\"'”’»）)\]】」』*_]*\s*\Z")
_SENTENCE_END_CHARS = 20
_SENTENCE_WITHIN = re.compile(r"[^\W\d_]{3}[.?!][ ]+\S")


def ends_of(labels: Sequence[Label], text: str) -> list[int]:
    """Return the end of every label's turn: where the next begins, or the text's end."""
    return [*(label.span.start for label in labels[1:]), len(text)] if labels else []


def asks(text: str, label: Label, end: int) -> bool:
    """Return whether a label's turn asks: by its label, or with a question mark near its end."""
    if label.name.kind == "asker" or label.puts or text.startswith("To ask ", label.span.end):
        return True
    return has_question(text, max(label.span.end, end - _END_CHARS), end)


def has_question(text: str, start: int, end: int) -> bool:
    """Return whether a stretch of text holds the mark of a question."""
    if any(text.find(mark, start, end) >= 0 for mark in _QUESTION_MARKS):
        return True
    is_other = text.find("か", start, end) >= 0 or text.find(";", start, end) >= 0
    return is_other and bool(_ASKS.search(text[start:end].rstrip()))


def first_line(text: str, start: int, end: int) -> str:
    """Return the first line of a stretch of text."""
    line_end = text.find("\n", start, end)
    return text[start : end if line_end < 0 else line_end]


def ends_sentence(text: str, end: int) -> bool:
    """Return whether a sentence ends in front of a place."""
    return bool(_SENTENCE_END.search(text[max(0, end - _SENTENCE_END_CHARS) : end]))


def is_sentence(text: str, start: int, end: int) -> bool:
    """Return whether the first line of a stretch is a sentence, or a note in brackets."""
    line = first_line(text, start, end).strip()
    return (
        ends_sentence(line, len(line))
        or len(line.split(None, _SENTENCE_WORDS)) > _SENTENCE_WORDS
        or bool(_SENTENCE_WITHIN.search(line))
        or (line.startswith("(") and is_note(line))
    )
