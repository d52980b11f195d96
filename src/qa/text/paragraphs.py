"""Paragraph spans of a text."""

from __future__ import annotations

import re

from qa.records import Span

__all__ = ["paragraph_spans"]

_PARAGRAPH = re.compile(r"\S(?:(?!\n[ \t]*\n).)*", re.DOTALL)


def paragraph_spans(text: str) -> list[Span]:
    """Return the paragraphs of ``text``, which blank lines separate, without white space around."""
    return [Span(m.start(), m.start() + len(m[0].rstrip())) for m in _PARAGRAPH.finditer(text)]
