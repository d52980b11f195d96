"""Text to paragraphs."""

from __future__ import annotations

import re

from qa.records import Span

__all__ = ["paragraph_spans"]

_PARAGRAPH = re.compile(r"\S(?:(?!\n[ \t]*\n).)*", re.DOTALL)


def paragraph_spans(text: str) -> list[Span]:
    """The paragraphs of ``text``, separated by blank lines, without surrounding white space."""
    return [Span(m.start(), m.start() + len(m[0].rstrip())) for m in _PARAGRAPH.finditer(text)]
