"""The search by words."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.answer.searches.search import Candidates
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible

__all__ = ["WordSearch"]


class WordSearch:
    """Finds the passages that share the most telling words with the question."""

    name: ClassVar = "words"
    summary: ClassVar = "highest BM25"
    features: ClassVar = {"words": "BM25 as a share of the most that the question could reach"}
    uses_vector: ClassVar = False

    def __init__(self, snapshot: Snapshot) -> None:
        self._lexical = snapshot.lexical

    def nearest(self, question: ParsedQuestion, k: int, visible: Visible | None) -> np.ndarray:
        """See ``Search``."""
        return self._lexical.highest(question.stems, k, visible)

    def columns(self, question: ParsedQuestion, candidates: Candidates) -> dict[str, np.ndarray]:
        """See ``Search``."""
        return {"words": self._lexical.scores(question.stems, candidates.rows).astype(float)}
