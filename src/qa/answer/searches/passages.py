"""The search by the vectors of whole passages."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.answer.searches.search import Candidates
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible

__all__ = ["PassageSearch"]


class PassageSearch:
    """Finds the passages whose vectors are nearest to the question's."""

    name: ClassVar = "passages"
    summary: ClassVar = "nearest passage vectors"
    features: ClassVar = {
        "passage": "cosine of the passage",
        "asked": "cosine of the journalist's question it answers, 0 without one",
    }
    uses_vector: ClassVar = True

    def __init__(self, snapshot: Snapshot) -> None:
        self._vectors = snapshot.passage_vectors

    def nearest(self, question: ParsedQuestion, k: int, visible: Visible | None) -> np.ndarray:
        """See ``Search``."""
        return self._vectors.nearest(question.known_vector, k, visible)[0]

    def columns(self, question: ParsedQuestion, candidates: Candidates) -> dict[str, np.ndarray]:
        """See ``Search``."""
        return {
            "passage": self._cosines(question, candidates.rows),
            "asked": candidates.greatest(self._cosines(question, candidates.questions)),
        }

    def _cosines(self, question: ParsedQuestion, rows: np.ndarray) -> np.ndarray:
        return self._vectors.cosines(question.known_vector, rows).astype(float)
