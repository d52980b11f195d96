"""A question becomes candidates: passages found by one of the searches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from qa.index.snapshot import Snapshot
from qa.records import Span

__all__ = ["Candidate", "Searches"]

# Rows each search puts forward. Beyond some dozens the fused order no longer changes its head.
_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may answer, with its evidence; all higher is better.

    ``passage_cosine`` and ``sentence_cosine`` (of its best sentence) lie in [-1, 1], ``words``
    (BM25, see ``LexicalIndex.scores``) in [0, 1). ``asked_cosine`` is that of the journalist's
    question it answers, 0 without one.
    """

    row: int
    passage_cosine: float
    sentence_cosine: float
    words: float
    asked_cosine: float


class Searches:
    """The searches over one snapshot: passage vectors, sentence vectors, words.

    Questions are searched too, but never come back: what stands for a question that was found
    is the passages of its answer.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._questions, self._answers = _questions_and_answers(snapshot)

    def candidates(
        self, question: str, vector: np.ndarray, visible: np.ndarray | None = None
    ) -> list[Candidate]:
        """Every passage one of the searches found, by row, with the evidence of all searches.

        ``visible``, a bool per passage, leaves the others out of every search.
        """
        words = self._snapshot.lexical.scores(question)
        found = self._found(vector, words, visible)
        return [self._candidate(row, vector, words) for row in sorted(found)]

    def sentence_cosines(self, row: int, vector: np.ndarray) -> np.ndarray:
        """Cosine of each sentence of a passage, in order."""
        start, end = self._snapshot.sentence_starts[row : row + 2]
        cosines: np.ndarray = (
            self._snapshot.sentence_vectors.vectors(int(start), int(end - start)) @ vector
        )
        return cosines

    def _found(self, vector: np.ndarray, words: np.ndarray, visible: np.ndarray | None) -> set[int]:
        snapshot, visible_sentences = self._snapshot, None
        if visible is not None:
            words = np.where(visible, words, 0)
            visible_sentences = np.repeat(visible, np.diff(snapshot.sentence_starts))
        by_passage = snapshot.passage_vectors.nearest(vector, _DEPTH, visible)
        sentences = snapshot.sentence_vectors.nearest(vector, _DEPTH, visible_sentences)
        sentence_rows = [row for row, _ in sentences]
        by_sentence = np.searchsorted(snapshot.sentence_starts, sentence_rows, side="right") - 1
        by_words = np.lexsort((np.arange(len(words)), -words))[:_DEPTH]
        rows = {
            *(row for row, _ in by_passage),
            *by_sentence.tolist(),
            *by_words[words[by_words] > 0].tolist(),
        }
        return {
            found
            for row in rows
            for found in (
                self._answers[row] if snapshot.passages[row].role == "question" else [row]
            )
            if visible is None or visible[found]
        }

    def _candidate(self, row: int, vector: np.ndarray, words: np.ndarray) -> Candidate:
        return Candidate(
            row=row,
            passage_cosine=self._passage_cosine(row, vector),
            sentence_cosine=float(self.sentence_cosines(row, vector).max()),
            words=float(words[row]),
            asked_cosine=max(
                (self._asked_cosine(question, vector) for question in self._questions[row]),
                default=0.0,
            ),
        )

    def _passage_cosine(self, row: int, vector: np.ndarray) -> float:
        return float(self._snapshot.passage_vectors.vectors(row, 1)[0] @ vector)

    def _asked_cosine(self, row: int, vector: np.ndarray) -> float:
        best_sentence = float(self.sentence_cosines(row, vector).max())
        return max(best_sentence, self._passage_cosine(row, vector))


def _questions_and_answers(
    snapshot: Snapshot,
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Rows of the question by row of an answer's passage, and the other way round."""
    asked: dict[tuple[str, Span], list[int]] = defaultdict(list)
    for row, passage in enumerate(snapshot.passages):
        if passage.asked:
            asked[passage.document, passage.asked].append(row)
    questions: dict[int, list[int]] = defaultdict(list)
    answers: dict[int, list[int]] = defaultdict(list)
    spans: dict[str, list[Span]] = defaultdict(list)
    for document, span in asked:
        spans[document].append(span)
    for row, passage in enumerate(snapshot.passages):
        if passage.role != "question":
            continue
        for span in spans[passage.document]:
            if span.start < passage.span.end and passage.span.start < span.end:
                answers[row] += asked[passage.document, span]
    for question, rows in answers.items():
        for row in rows:
            questions[row].append(question)
    return questions, answers
