"""Questions of the record that are near to the visitor's."""

from __future__ import annotations

from collections.abc import Sequence

from qa.answer.question import ParsedQuestion
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Citation

__all__ = ["related_questions"]

_MOST = 3
# Nearer than this the two are the same question; farther, they have little to do with each other.
_SAME_COSINE, _LEAST_COSINE = 0.95, 0.35


def related_questions(
    snapshot: Snapshot,
    question: ParsedQuestion,
    cited: Sequence[Citation],
    visible: Visible | None = None,
) -> tuple[str, ...]:
    """Return up to three questions that were asked in the record, verbatim, nearest first.

    Those that a citation answers already are left out, and those of passages that are not
    ``visible``. Empty where the question has no vector.
    """
    if question.vector is None:
        return ()
    if visible is not None:
        visible = visible.at(snapshot.passages.of_sentences(snapshot.questions))
    rows, cosines = snapshot.question_vectors.nearest(question.vector, 4 * _MOST, visible)
    answered = "\n".join(c.passage.asked or "" for c in cited)
    related: dict[str, None] = {}
    for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
        if _LEAST_COSINE <= cosine < _SAME_COSINE and len(related) < _MOST:
            text = snapshot.passages.sentence_text(int(snapshot.questions[row]))
            if text not in answered:
                related[text] = None
    return tuple(related)
