"""The input of the reranker: some sentences of a passage, and what they are about."""

from __future__ import annotations

from collections.abc import Sequence

from qa.records import Span

__all__ = ["WINDOW_CHARS", "context_of", "text_pair", "window_around"]

# Characters of a passage that are rescored together; each word takes time.
WINDOW_CHARS = 420
# Of what was asked, its end: there journalists ask, and visitors too.
_CONTEXT_CHARS = 120
_QUESTION_CHARS = 240


def context_of(asked: str, title: str) -> str:
    """Return the end of the question that a passage answers, or else of its title."""
    return _end(asked or title, _CONTEXT_CHARS)


def window_around(sentences: Sequence[Span], best: range, *, before: bool = True) -> range:
    """Return the numbers of the best sentences and of those around them that fit.

    They are added in turn on both sides; ``before`` says on which first.
    """
    first, last = best.start, best.stop - 1
    while True:
        fits_before = first > 0 and (
            sentences[last].end - sentences[first - 1].start <= WINDOW_CHARS
        )
        fits_after = last + 1 < len(sentences) and (
            sentences[last + 1].end - sentences[first].start <= WINDOW_CHARS
        )
        if not (fits_before or fits_after):
            return range(first, last + 1)
        if fits_before and (before or not fits_after):
            first -= 1
        else:
            last += 1
        before = not before


def text_pair(question: str, context: str, text: str) -> tuple[str, str, int]:
    """Return the two texts the reranker takes, and where ``text`` begins in the second."""
    before = f"{context} : " if context else ""
    return _end(question, _QUESTION_CHARS), before + text, len(before)


def _end(text: str, most: int) -> str:
    """Return the text with single spaces; of a long one the last words."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[-most:].partition(" ")[2]
