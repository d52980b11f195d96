"""What the reader is given of a passage: some sentences, and what they are about."""

from __future__ import annotations

from collections.abc import Sequence

from qa.records import Span

__all__ = ["WINDOW_CHARS", "context_of", "pair", "window"]

# The most of a passage that is read at once; reading takes time with every word.
WINDOW_CHARS = 420
# Of what was asked, its end: there journalists ask, and visitors too.
_CONTEXT_CHARS = 120
_QUESTION_CHARS = 240


def context_of(asked: str, title: str) -> str:
    """What a passage is about, in few words: the question it answers, else its title."""
    return _end(asked or title, _CONTEXT_CHARS)


def window(sentences: Sequence[Span], best: range, *, before: bool = True) -> range:
    """The sentences around the best ones that fit, as numbers.

    They are added in turn on both sides, as long as they fit; ``before`` says on which first.
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


def pair(question: str, context: str, text: str) -> tuple[str, str, int]:
    """The two texts the reader takes, and where ``text`` begins in the second."""
    before = f"{context} : " if context else ""
    return _end(question, _QUESTION_CHARS), before + text, len(before)


def _end(text: str, most: int) -> str:
    """The text with single spaces; of a long one the last words."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[-most:].partition(" ")[2]
