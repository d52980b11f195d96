"""Questions of the record that are near to the one asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.answer.evidence import Asked
from qa.index.lexical import terms
from qa.index.snapshot import Snapshot
from qa.records import Citation

__all__ = ["RelatedQuestions"]

_MOST = 3
_CHARS = 200
# A question with fewer words of substance leans on what was said before it.
_LEAST_TERMS = 4
# Nearer than this the two are the same question; farther, they have little to do with each other.
_SAME_COSINE, _LEAST_COSINE = 0.95, 0.35


class RelatedQuestions:
    """The questions that were asked in a record; only those that can be read by themselves."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._texts: list[str] = []
        rows, of_passages = [], []
        starts = snapshot.sentence_starts.tolist()
        for row, (passage, start) in enumerate(zip(snapshot.passages, starts, strict=False)):
            for number, text in enumerate(
                passage.sentence_texts if passage.role == "question" else ()
            ):
                if text[-1] in "?？" and len(text) <= _CHARS and _says_enough(text):
                    self._texts.append(text)
                    rows.append(start + number)
                    of_passages.append(row)
        self._vectors = snapshot.sentence_vectors.vectors[rows]
        self._passages = np.array(of_passages, dtype=np.int64)

    def near(
        self, asked: Asked, cited: Sequence[Citation], visible: np.ndarray | None = None
    ) -> tuple[str, ...]:
        """Up to three of them, verbatim, the nearest first.

        None that a citation answers already, none that is not ``visible``. Empty where the
        question has no vector.
        """
        if asked.vector is None:
            return ()
        cosines = self._vectors @ asked.vector
        if visible is not None:
            cosines = np.where(visible[self._passages], cosines, -1.0)
        answered = "\n".join(c.passage.asked or "" for c in cited)
        found: dict[str, None] = {}
        for place in np.argsort(-cosines, kind="stable")[: 4 * _MOST]:
            text = self._texts[place]
            is_near = _LEAST_COSINE <= cosines[place] < _SAME_COSINE
            if is_near and text not in answered and len(found) < _MOST:
                found[text] = None
        return tuple(found)


def _says_enough(text: str) -> bool:
    return len({term.stem for term in terms(text)}) >= _LEAST_TERMS
