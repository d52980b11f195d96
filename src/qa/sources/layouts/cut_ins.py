"""Labels within a line: somebody known begins to speak where another's sentence ends."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from qa.records import Span
from qa.sources.layouts.labels import Label, label_at

__all__ = ["cut_ins"]

# Hansard cuts a speaker short with "---"; a PDF joins paragraphs; a scan has stains before names.
# A label before a quotation tells who is quoted.
_CUT_SHORT = re.compile(
    r"---[ ]?(?=\w)"
    r"|(?:[.?!][\"”’]?|\n[*•])[ ](?=[^\W\d_a-z][^:\n?!]{1,80}:\s+[^\s“\"„«])"
)
# The longest interjection: a bracket that opened further up is one without its end.
_ASIDE_CHARS = 300


def cut_ins(text: str, spans: Sequence[Span], known: Mapping[str, int]) -> Iterator[Label]:
    """Yield the labels within lines, below the first of ``spans`` and outside of all of them.

    ``spans`` are those of the document's other labels, ascending, and ``known`` counts these by
    the keys of their names. A label behind a bullet is not certain: it may be an entry of a list.
    """
    starts = [span.start for span in spans]
    for match in _CUT_SHORT.finditer(text):
        at = match.end()
        above = bisect.bisect_right(starts, at) - 1
        if above < 0 or at < spans[above].end or _is_in_brackets(text, at):
            continue
        label = label_at(text, at)
        if label and _is_named(text, label, known):
            yield replace(label, is_certain=not match[0].startswith("\n"))


def _is_in_brackets(text: str, at: int) -> bool:
    """Return whether a bracket is open: "(Mr. Tarn: Hear, hear!)" is an interjection."""
    since = max(0, at - _ASIDE_CHARS)
    return text.rfind("(", since, at) > text.rfind(")", since, at)


def _is_named(text: str, label: Label, known: Mapping[str, int]) -> bool:
    """Return whether a label names somebody known, or an office and its holder."""
    name = label.name
    if known.get(name.key):
        return name.is_person or name.has_office
    return name.has_office and name.has_honorific and "(" in label.span.of(text)
