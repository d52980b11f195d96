"""What speaks for a passage as an answer: every clue as one number per passage.

All clues are computed for all candidates of a question at once, from what the snapshot holds;
nothing is embedded for it but the question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qa.answer.dates import Period
from qa.index.lexical import Term
from qa.index.snapshot import Snapshot
from qa.records import Span

__all__ = ["CLUES", "Asked", "Evidence", "Weigher"]

# Every clue. Cosines lie in [-1, 1], shares in [0, 1]; all but names_missing: higher is better.
CLUES = {
    "passage": "cosine of the passage",
    "sentence": "cosine of its best sentence",
    "pair": "cosine of its best two sentences together, or of its best one",
    "asked": "cosine of the journalist's question it answers, 0 without one",
    "words": "BM25 as a share of what the question could reach (LexicalIndex.scores)",
    "coverage": "share of the question's words it holds in any form, rare ones counting more",
    "near_coverage": "likewise with its neighbours, its heading and the question it answers",
    "names_missing": "share of the question's names and numbers that even these lack",
    "dated": "1 where its document is of the time asked for, 1/2 where nearly, else 0",
    "recent": "where the latest is asked for, the share of dated documents that are older",
}
# Documents that are so many days before or after a period are nearly of it.
_NEAR_DAYS = 92


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the searches take it.

    ``vector`` is None where the encoder does not know its language, or is not asked. ``terms``
    are its words without repetition; ``weights`` their inverse document frequencies; ``named``
    says which belong to a name or a number. ``words`` is BM25 by passage.
    """

    text: str
    vector: np.ndarray | None
    terms: tuple[Term, ...]
    weights: np.ndarray
    named: np.ndarray
    words: np.ndarray
    period: Period | None
    wants_latest: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """The clues of candidates: ``clues[name][i]`` is that of passage ``rows[i]``.

    ``is_voting`` says of each whether its vectors count. ``record_coverage`` is the share of
    the question's words that the record holds at all.
    """

    rows: np.ndarray
    clues: dict[str, np.ndarray]
    is_voting: np.ndarray
    record_coverage: float

    def matrix(self, names: Sequence[str]) -> np.ndarray:
        """The named clues side by side; float64, shape (candidates, names)."""
        if not names:
            return np.zeros((len(self.rows), 0))
        return np.column_stack([self.clues[name] for name in names])


class Weigher:
    """Weighs passages of one snapshot; what all questions share is prepared once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._starts = snapshot.sentence_starts
        self._documents = np.zeros(len(snapshot.passages), dtype=np.int64)
        for number, rows in enumerate(snapshot.document_rows.values()):
            self._documents[rows.start : rows.stop] = number
        self._dates = [snapshot.documents[name].date for name in snapshot.document_rows]
        self._newness = _newness(self._dates)
        self._questions, self.answers = _questions_and_answers(snapshot)
        self.is_voting = np.array(
            [snapshot.is_embedded(p.document) for p in snapshot.passages], dtype=bool
        )

    def evidence(
        self, asked: Asked, rows: np.ndarray, visible: np.ndarray | None = None
    ) -> Evidence:
        """The clues of the passages ``rows``, ascending.

        ``visible``, a bool per passage, says which the record is taken to hold.
        """
        questions = self._questions_of(rows, visible)
        held, record_coverage = self._held(asked, rows, questions, visible)
        documents = self._documents[rows]
        return Evidence(
            rows=rows,
            clues={
                **self._likeness(asked.vector, rows, questions),
                **held,
                "words": asked.words[rows].astype(float),
                "dated": self._dated(asked.period)[documents],
                "recent": self._newness[documents] * asked.wants_latest,
            },
            is_voting=self.is_voting[rows] & (asked.vector is not None),
            record_coverage=record_coverage,
        )

    def _questions_of(self, rows: np.ndarray, visible: np.ndarray | None) -> _Owned:
        """The questions that the passages answer."""
        pairs = [
            (question, place)
            for place, row in enumerate(rows.tolist())
            for question in self._questions.get(row, ())
            if visible is None or visible[question]
        ]
        found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return _Owned(found[:, 0], found[:, 1], len(rows))

    def _likeness(
        self, vector: np.ndarray | None, rows: np.ndarray, questions: _Owned
    ) -> dict[str, np.ndarray]:
        """The clues that come from vectors; all 0 where these do not count."""
        if vector is None or not len(rows):
            return {name: np.zeros(len(rows)) for name in ("passage", "sentence", "pair", "asked")}
        cosines, best, pairs = self._cosines(vector, rows)
        asked = np.zeros(0)
        if len(questions.rows):
            asked = np.maximum(*self._cosines(vector, questions.rows)[:2])
        return {
            "passage": cosines,
            "sentence": best,
            "pair": pairs,
            "asked": questions.greatest(asked),
        }

    def _cosines(
        self, vector: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each passage, of its best sentence, of its best one or two sentences."""
        index, firsts = _ranges(self._starts[rows], self._starts[rows + 1])
        said = self._snapshot.sentence_vectors.vectors[index]
        cosines = said @ vector
        pairs = _pair_cosines(said, cosines, firsts)
        of_passages = self._snapshot.passage_vectors.vectors[rows] @ vector
        best = (np.maximum.reduceat(values, firsts) for values in (cosines, pairs))
        first, second, third = (values.astype(float) for values in (of_passages, *best))
        return first, second, third

    def _held(
        self, asked: Asked, rows: np.ndarray, questions: _Owned, visible: np.ndarray | None
    ) -> tuple[dict[str, np.ndarray], float]:
        """The clues that come from who holds which of the question's words."""
        lexical, count = self._snapshot.lexical, len(asked.terms)
        # One place more, so that a row's neighbour always has one.
        holds = np.zeros(len(self._documents) + 1, dtype=bool)
        own = np.zeros((count, len(rows)), dtype=bool)
        near = np.zeros((count, len(rows)), dtype=bool)
        is_held = np.zeros(count, dtype=bool)
        beside = [(step, self._is_beside(rows, step)) for step in (-1, 1)]
        headings = self._snapshot.heading_numbers[rows]
        for number, term in enumerate(asked.terms):
            forms = lexical.forms(term)
            found = lexical.holding(forms)
            if visible is not None:
                found = found[visible[found]]
            is_held[number] = len(found) > 0
            holds[found] = True
            own[number] = holds[rows]
            near[number] = own[number] | np.isin(headings, lexical.headings.rows(forms))
            for step, there in beside:
                near[number] |= there & holds[rows + step]
            near[number] |= questions.any(holds[questions.rows])
            holds[found] = False
        share = asked.weights / (float(asked.weights.sum()) or 1.0)
        clues = {
            "coverage": share @ own,
            "near_coverage": share @ near,
            "names_missing": asked.named.astype(float) @ ~near / max(1, asked.named.sum()),
        }
        return clues, float(share @ is_held)

    def _is_beside(self, rows: np.ndarray, step: int) -> np.ndarray:
        """Whether each passage has a neighbour in its document, ``step`` rows on."""
        other = np.clip(rows + step, 0, len(self._documents) - 1)
        is_there: np.ndarray = (other == rows + step) & (
            self._documents[other] == self._documents[rows]
        )
        return is_there

    def _dated(self, period: Period | None) -> np.ndarray:
        """By document: 1 in the period, ½ shortly before or after it, else 0."""
        if period is None:
            return np.zeros(len(self._dates))

        def nearness(date: Any) -> float:
            if date is None:
                return 0.0
            days = max((period.first - date).days, (date - period.last).days)
            return 1.0 if days <= 0 else 0.5 if days <= _NEAR_DAYS else 0.0

        return np.array([nearness(date) for date in self._dates])


@dataclass(frozen=True, slots=True)
class _Owned:
    """Rows that belong to passages, several to one or none; ``owners`` are their places."""

    rows: np.ndarray
    owners: np.ndarray
    count: int

    def greatest(self, values: np.ndarray) -> np.ndarray:
        """The greatest value of each passage's rows, at least 0; 0 without one."""
        best = np.zeros(self.count)
        np.maximum.at(best, self.owners, values)
        return best

    def any(self, values: np.ndarray) -> np.ndarray:
        """Whether the value of one of each passage's rows is true."""
        found = np.zeros(self.count, dtype=bool)
        found[self.owners[values]] = True
        return found


def _ranges(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers from each start to its end, one after the other, and where each begins."""
    counts = ends - starts
    firsts = np.cumsum(counts) - counts
    index: np.ndarray = np.arange(int(counts.sum())) + np.repeat(starts - firsts, counts)
    return index, firsts


def _pair_cosines(said: np.ndarray, cosines: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Cosine of each sentence, or together with the next of its passage where that is more."""
    pairs = cosines.copy()
    lengths = np.sqrt(np.maximum(2 + 2 * np.einsum("ij,ij->i", said[:-1], said[1:]), 1e-6))
    is_inside = np.ones(len(said) - 1, dtype=bool)
    is_inside[firsts[1:] - 1] = False
    together = (cosines[:-1] + cosines[1:]) / lengths
    pairs[:-1][is_inside] = np.maximum(pairs[:-1], together)[is_inside]
    return pairs


def _newness(dates: Sequence[Any]) -> np.ndarray:
    """By document, the share of the dated ones that are older; 0 without a date."""
    known = np.array(sorted(date.toordinal() for date in dates if date))
    return np.array(
        [np.searchsorted(known, d.toordinal()) / len(known) if d else 0.0 for d in dates]
    )


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
    return dict(questions), dict(answers)
