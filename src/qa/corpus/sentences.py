"""Text to sentence spans; the only user of nupunkt."""

from __future__ import annotations

import itertools
import re

from qa.records import Span

__all__ = ["sentence_spans"]

# Scripts without spaces end a sentence at these marks, closing quotes and brackets included;
# nupunkt is trained on English and leaves them alone.
_WIDE_END = re.compile(r"[。！？](?:[!?]*[。！？])*[」』”’）)】》]*")
_LINE_END = re.compile(r"\n+")
# nupunkt looks from every sentence-ending mark to the end of its stretch without spaces, which
# takes quadratic time ("!!!!!"). Of a stretch with more marks than any text has, it is shown the
# first and the last ones; letters stand in the places of the others.
_STRETCH = re.compile(r"(?<!\S)\S{200,}")
_MARK = re.compile("[.!?…]")
_SHOWN_MARKS = 50
_HIDDEN_MARKS = dict.fromkeys(map(ord, ".!?…"), "x")


def sentence_spans(text: str) -> list[Span]:
    """The sentences of ``text``, in order, without surrounding white space.

    A sentence never crosses a line break. Between two spans there is only white space.
    """
    import nupunkt  # noqa: PLC0415 - loads its model on import

    spans: list[Span] = []
    for line_start, line_end in _pieces(text, 0, len(text), _LINE_END):
        line = _STRETCH.sub(_with_few_marks, text[line_start:line_end])
        for start, end in nupunkt.sent_spans(line) if line.strip() else []:
            for piece in _pieces(text, line_start + start, line_start + end, _WIDE_END):
                span = _trimmed(text, *piece)
                if span:
                    spans.append(span)
    return spans


def _with_few_marks(stretch: re.Match[str]) -> str:
    """The stretch at its length, with at most twice ``_SHOWN_MARKS`` sentence-ending marks."""
    marks = [mark.start() for mark in _MARK.finditer(stretch[0])]
    if len(marks) <= 2 * _SHOWN_MARKS:
        return stretch[0]
    start, end = marks[_SHOWN_MARKS], marks[-_SHOWN_MARKS]
    return stretch[0][:start] + stretch[0][start:end].translate(_HIDDEN_MARKS) + stretch[0][end:]


def _pieces(text: str, start: int, end: int, cut_after: re.Pattern[str]) -> list[tuple[int, int]]:
    """``text[start:end]`` cut after every match; the pieces follow one another without a gap."""
    cuts = [m.end() for m in cut_after.finditer(text, start, end)]
    bounds = [start, *(cut for cut in cuts if cut < end), end]
    return list(itertools.pairwise(bounds))


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """The span without white space at either end; None where nothing else is there."""
    piece = text[start:end]
    body = piece.strip()
    if not body:
        return None
    lead = len(piece) - len(piece.lstrip())
    return Span(start + lead, start + lead + len(body))
