"""The search by the vectors of single sentences."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.answer.searches.search import Candidates, ranges
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible

__all__ = ["SentenceSearch"]

# Least squared length of two unit vectors' sum: opposite ones would be divided by 0.
_LEAST_SQUARE = 1e-6


class SentenceSearch:
    """Finds the passages with the sentences whose vectors are nearest to the question's."""

    name: ClassVar = "sentences"
    summary: ClassVar = "nearest sentence vectors"
    features: ClassVar = {
        "sentence": "cosine of its best sentence",
        "pair": "cosine of its best two sentences together, or of its best one",
        "asked": "cosine of the journalist's question it answers, 0 without one",
    }
    uses_vector: ClassVar = True

    def __init__(self, snapshot: Snapshot) -> None:
        self._passages = snapshot.passages
        self._vectors = snapshot.sentence_vectors
        self._with_next = snapshot.sentence_pairs

    def nearest(self, question: ParsedQuestion, k: int, visible: Visible | None) -> np.ndarray:
        """See ``Search``."""
        if visible is not None:
            visible = visible.spread(np.diff(self._passages.sentence_starts))
        sentences, _ = self._vectors.nearest(question.known_vector, k, visible)
        return self._passages.of_sentences(sentences)

    def columns(self, question: ParsedQuestion, candidates: Candidates) -> dict[str, np.ndarray]:
        """See ``Search``."""
        cosines, index, firsts = self._cosines(question, candidates.rows)
        pairs = _pair_cosines(cosines, self._with_next[index], firsts)
        asked = np.zeros(0)
        if len(candidates.questions):
            of_questions, _, starts = self._cosines(question, candidates.questions)
            asked = np.maximum.reduceat(of_questions, starts).astype(float)
        return {
            "sentence": np.maximum.reduceat(cosines, firsts).astype(float),
            "pair": np.maximum.reduceat(pairs, firsts).astype(float),
            "asked": candidates.greatest(asked),
        }

    def _cosines(
        self, question: ParsedQuestion, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the cosines of the passages' sentences, their rows, where each passage begins."""
        starts = self._passages.sentence_starts
        index, firsts = ranges(starts[rows], starts[rows + 1])
        return self._vectors.cosines(question.known_vector, index), index, firsts


def _pair_cosines(cosines: np.ndarray, with_next: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Return the cosine of each sentence, or that together with the next of its passage if more."""
    pairs = cosines.copy()
    lengths = np.sqrt(np.maximum(2 + 2 * with_next[:-1], _LEAST_SQUARE))
    is_inside = np.ones(len(cosines) - 1, dtype=bool)
    is_inside[firsts[1:] - 1] = False
    together = (cosines[:-1] + cosines[1:]) / lengths
    pairs[:-1][is_inside] = np.maximum(pairs[:-1], together)[is_inside]
    return pairs
