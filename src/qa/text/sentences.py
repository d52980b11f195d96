"""Sentence spans of a text; the only user of nupunkt."""

from __future__ import annotations

import itertools
import re

from qa.records import Span
from qa.text.boundaries import joins, sure_ends
from qa.text.flows import flow_spans

__all__ = ["sentence_spans"]

# Scripts without spaces end a sentence at these marks, closing quotes and brackets included;
# nupunkt is trained on English and leaves them alone.
_WIDE_END = re.compile(r"[。！？](?:[!?]*[。！？])*[」』”’）)】》〉〕］｝〗〙\"']*")
# nupunkt looks from every sentence-ending mark to the end of its stretch without spaces, which
# takes quadratic time ("!!!!!"). Of a stretch with more marks than any text has, it is shown the
# first and the last ones; letters stand in the places of the others.
_STRETCH = re.compile(r"(?<!\S)\S{200,}")
_MARK = re.compile("[.!?…]")
_SHOWN_MARKS = 50
_HIDDEN_MARKS = dict.fromkeys(map(ord, ".!?…"), "x")


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of ``text``, in order, without surrounding white space.

    A sentence crosses a line break only if the line was broken in print, and never an empty line.
    Between two spans there is only white space.
    """
    return [span for start, end in flow_spans(text) for span in _of_flow(text, start, end)]


def _of_flow(text: str, start: int, end: int) -> list[Span]:
    import nupunkt  # noqa: PLC0415 - loads its model on import

    # A line break inside a flow is a space.
    flow = text[start:end].replace("\n", " ")
    if not flow.strip():
        return []
    ends = {stop for _, stop in nupunkt.sent_spans(_STRETCH.sub(_with_few_marks, flow))}
    ends |= {_next_word(flow, end) for end in sure_ends(flow)}
    bounds = [0]
    for at in sorted(ends):
        if 0 < at < len(flow) and not joins(flow, bounds[-1], at):
            bounds.append(at)
    wide = {match.end() for match in _WIDE_END.finditer(flow)}
    cuts = sorted({*bounds, *(at for at in wide if at < len(flow)), len(flow)})
    spans = (_trimmed(flow, a, b, start) for a, b in itertools.pairwise(cuts))
    return [span for span in spans if span]


def _next_word(flow: str, at: int) -> int:
    while at < len(flow) and flow[at].isspace():
        at += 1
    return at


def _with_few_marks(stretch: re.Match[str]) -> str:
    """Return the stretch at its length, with at most twice ``_SHOWN_MARKS`` marks."""
    marks = [mark.start() for mark in _MARK.finditer(stretch[0])]
    if len(marks) <= 2 * _SHOWN_MARKS:
        return stretch[0]
    start, end = marks[_SHOWN_MARKS], marks[-_SHOWN_MARKS]
    return stretch[0][:start] + stretch[0][start:end].translate(_HIDDEN_MARKS) + stretch[0][end:]


def _trimmed(flow: str, start: int, end: int, offset: int) -> Span | None:
    """Return the span without white space at either end; None if nothing is left."""
    piece = flow[start:end]
    body = piece.strip()
    if not body:
        return None
    start += offset + len(piece) - len(piece.lstrip())
    return Span(start, start + len(body))
