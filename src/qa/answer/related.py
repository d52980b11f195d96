"""Questions of the record that are near to the one asked."""

from __future__ import annotations

from collections.abc import Sequence

from qa.answer.features import ParsedQuestion
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Citation

__all__ = ["related_questions"]

_MOST = 3
# Nearer than this the two are the same question; farther, they have little to do with each other.
_SAME_COSINE, _LEAST_COSINE = 0.95, 0.35


def related_questions(
    snapshot: Snapshot,
    asked: ParsedQuestion,
    cited: Sequence[Citation],
    visible: Visible | None = None,
) -> tuple[str, ...]:
    """Up to three questions that were asked in a record, verbatim, the nearest first.

    None that a citation answers already, none of a passage that is not ``visible``. Empty where
    the question has no vector.
    """
    if asked.vector is None:
        return ()
    is_there = None
    if visible is not None:
        is_there = visible.at(snapshot.passages.of_sentences(snapshot.questions))
    rows, cosines = snapshot.question_vectors.nearest(asked.vector, 4 * _MOST, is_there)
    answered = "\n".join(c.passage.asked or "" for c in cited)
    found: dict[str, None] = {}
    for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
        if _LEAST_COSINE <= cosine < _SAME_COSINE and len(found) < _MOST:
            text = snapshot.passages.sentence_text(int(snapshot.questions[row]))
            if text not in answered:
                found[text] = None
    return tuple(found)
