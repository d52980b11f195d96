"""What speaks for a passage as an answer: every feature as one number per passage.

All features are computed for all candidates of a question at once, from what the snapshot holds;
nothing is embedded for it but the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.text.question_dates import Period
from qa.text.terms import Term

__all__ = ["FEATURES", "FeatureExtractor", "Features", "ParsedQuestion"]

# Every feature. Cosines lie in [-1, 1], shares in [0, 1]; all but names_missing: higher is better.
FEATURES = {
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
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question as the searches take it.

    ``vector`` is None where the encoder does not know its language, or is not asked. ``terms``
    are its words without repetition; ``weights`` their inverse document frequencies; ``named``
    says which belong to a name or a number. ``words`` are the stems of all its words as they come,
    for BM25; none where words are not searched. ``numbers`` are those of written questions.
    """

    text: str
    vector: np.ndarray | None
    terms: tuple[Term, ...]
    weights: np.ndarray
    named: np.ndarray
    words: tuple[str, ...]
    period: Period | None
    wants_latest: bool
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """The features of candidates: ``features[name][i]`` is that of passage ``rows[i]``.

    ``has_vector`` says of each whether its vectors count. ``record_coverage`` is the share of
    the question's words that the record holds at all.
    """

    rows: np.ndarray
    columns: dict[str, np.ndarray]
    has_vector: np.ndarray
    record_coverage: float

    def matrix(self, names: Sequence[str]) -> np.ndarray:
        """The named features side by side; float64, shape (candidates, names)."""
        if not names:
            return np.zeros((len(self.rows), 0))
        return np.column_stack([self.columns[name] for name in names])


class FeatureExtractor:
    """Weighs passages of one snapshot; what all questions share is prepared once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._starts = snapshot.passages.sentence_starts
        self._documents = snapshot.passages.documents
        self._dates = snapshot.passages.dates

    def has_vector(self, rows: np.ndarray) -> np.ndarray:
        """Tell if the vectors of passages count: whether the encoder knows their language."""
        voting: np.ndarray = self._snapshot.documents.is_embedded[self._documents[rows]]
        return voting

    def answers(self, rows: np.ndarray) -> np.ndarray:
        """The passages that answer questions, given by their rows."""
        return _partners(self._snapshot.answered, rows)[0]

    def evidence(
        self, asked: ParsedQuestion, rows: np.ndarray, visible: Visible | None = None
    ) -> Features:
        """The features of the passages ``rows``, ascending.

        ``visible`` are those the record is taken to hold.
        """
        questions = self._questions_of(rows, visible)
        held, record_coverage = self._held(asked, rows, questions, visible)
        return Features(
            rows=rows,
            columns={
                **self._likeness(asked.vector, rows, questions),
                **held,
                "words": self._snapshot.lexical.scores(asked.words, rows).astype(float),
                "dated": _dated(asked.period, self._dates[rows]),
                "recent": self._newness(rows) if asked.wants_latest else np.zeros(len(rows)),
            },
            has_vector=self.has_vector(rows) & (asked.vector is not None),
            record_coverage=record_coverage,
        )

    def _questions_of(self, rows: np.ndarray, visible: Visible | None) -> _Owned:
        """The questions that the passages answer."""
        questions, owners = _partners(self._snapshot.answering, rows)
        if visible is not None:
            is_there = visible.rows[questions]
            questions, owners = questions[is_there], owners[is_there]
        return _Owned(questions, owners, len(rows))

    def _likeness(
        self, vector: np.ndarray | None, rows: np.ndarray, questions: _Owned
    ) -> dict[str, np.ndarray]:
        """The features that come from vectors; all 0 where these do not count."""
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
        cosines = self._snapshot.sentence_vectors.cosines(vector, index)
        pairs = _pair_cosines(cosines, self._snapshot.sentence_pairs[index], firsts)
        of_passages = self._snapshot.passage_vectors.cosines(vector, rows)
        best = (np.maximum.reduceat(values, firsts) for values in (cosines, pairs))
        first, second, third = (values.astype(float) for values in (of_passages, *best))
        return first, second, third

    def _held(
        self, asked: ParsedQuestion, rows: np.ndarray, questions: _Owned, visible: Visible | None
    ) -> tuple[dict[str, np.ndarray], float]:
        """The features that come from who holds which of the question's words."""
        lexical, count = self._snapshot.lexical, len(asked.terms)
        # All passages whose words matter, each once: the candidates, those beside them, and the
        # questions they answer.
        beside = [(rows + step, self._is_beside(rows, step)) for step in (-1, 1)]
        near_rows = [other[there] for other, there in beside]
        every = np.unique(np.concatenate([rows, *near_rows, questions.rows])).astype(np.int32)
        own_places = np.searchsorted(every, rows)
        beside_places = [
            (np.searchsorted(every, np.where(there, other, rows)), there) for other, there in beside
        ]
        question_places = np.searchsorted(every, questions.rows)
        headings = self._snapshot.passages.headings[rows]
        own = np.zeros((count, len(rows)), dtype=bool)
        near = np.zeros((count, len(rows)), dtype=bool)
        is_held = np.zeros(count, dtype=bool)
        for number, term in enumerate(asked.terms):
            forms = lexical.forms(term)
            holds = lexical.passages.holds(forms, every)
            if visible is not None:
                holds &= visible.rows[every]
            is_held[number] = any(_any(lexical.passages.rows(form), visible) for form in forms)
            own[number] = holds[own_places]
            near[number] = own[number] | lexical.headings.holds(forms, headings)
            for places, there in beside_places:
                near[number] |= there & holds[places]
            near[number] |= questions.any(holds[question_places])
        share = asked.weights / (float(asked.weights.sum()) or 1.0)
        columns = {
            "coverage": share @ own,
            "near_coverage": share @ near,
            "names_missing": asked.named.astype(float) @ ~near / max(1, asked.named.sum()),
        }
        return columns, float(share @ is_held)

    def _is_beside(self, rows: np.ndarray, step: int) -> np.ndarray:
        """Return whether each passage has a neighbour in its document, ``step`` rows on."""
        other = np.clip(rows + step, 0, len(self._documents) - 1)
        is_there: np.ndarray = (other == rows + step) & (
            self._documents[other] == self._documents[rows]
        )
        return is_there

    def _newness(self, rows: np.ndarray) -> np.ndarray:
        """The share of what is dated, of a log every day, that is older; 0 without a date."""
        older: np.ndarray = np.searchsorted(self._known_dates, self._dates[rows])
        return older / max(1, len(self._known_dates))

    @cached_property
    def _known_dates(self) -> np.ndarray:
        """The date of every document, and of every day of a log, ascending."""
        begins = np.ones(len(self._dates), dtype=bool)
        begins[1:] = (np.diff(self._documents) != 0) | (np.diff(self._dates) != 0)
        dates = self._dates[begins]
        return np.sort(dates[dates > 0])


def _dated(period: Period | None, dates: np.ndarray) -> np.ndarray:
    """By date: 1 in the period, ½ shortly before or after it, else 0."""
    if period is None:
        return np.zeros(len(dates))
    first, last = period.first.toordinal(), period.last.toordinal()
    days = np.maximum(first - dates, dates - last)
    nearness = np.where(days <= 0, 1.0, np.where(days <= _NEAR_DAYS, 0.5, 0.0))
    nearness[dates == 0] = 0.0
    return nearness


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
        """Return whether the value of one of each passage's rows is true."""
        found = np.zeros(self.count, dtype=bool)
        found[self.owners[values]] = True
        return found


def _ranges(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers from each start to its end, one after the other, and where each begins."""
    counts = ends - starts
    firsts = np.cumsum(counts) - counts
    index: np.ndarray = np.arange(int(counts.sum())) + np.repeat(starts - firsts, counts)
    return index, firsts


def _pair_cosines(cosines: np.ndarray, with_next: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Cosine of each sentence, or together with the next of its passage where that is more."""
    pairs = cosines.copy()
    lengths = np.sqrt(np.maximum(2 + 2 * with_next[:-1], 1e-6))
    is_inside = np.ones(len(cosines) - 1, dtype=bool)
    is_inside[firsts[1:] - 1] = False
    together = (cosines[:-1] + cosines[1:]) / lengths
    pairs[:-1][is_inside] = np.maximum(pairs[:-1], together)[is_inside]
    return pairs


def _partners(pairs: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What some rows are paired with, and the place of each one's row among them.

    ``pairs``, of shape (2, pairs), ascend by the first row.
    """
    first, second = pairs
    starts, ends = (np.searchsorted(first, rows.astype(first.dtype), side) for side in _SIDES)
    index, _ = _ranges(starts, ends)
    return second[index].astype(np.int64), np.repeat(np.arange(len(rows)), ends - starts)


def _any(rows: np.ndarray, visible: Visible | None) -> bool:
    """Return whether one of the rows is visible."""
    return len(rows) > 0 and (visible is None or bool(visible.rows[rows].any()))
