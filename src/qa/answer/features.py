"""Candidates and their features: one number per passage for everything that tells an answer.

All features of a question's candidates are computed at once, from what the snapshot holds;
nothing is embedded for them but the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.answer.searches.registry import SEARCH_FEATURES
from qa.answer.searches.search import Candidates, Search, ranges
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.text.question_dates import Period

__all__ = ["FEATURES", "FeatureExtractor", "Features"]

# Every feature, those of the searches first. Cosines lie in [-1, 1], shares in [0, 1]; of all but
# names_missing, higher is better.
FEATURES = {
    **SEARCH_FEATURES,
    "coverage": "share of the question's words it holds in any form, rare ones counting more",
    "near_coverage": "likewise with its neighbours, its heading and the question it answers",
    "names_missing": "share of the question's names and numbers that even these lack",
    "dated": "1 where its document is of the time asked for, 1/2 where nearly, else 0",
    "recent": "where the latest is asked for, the share of dated documents that are older",
}
# Candidates of each search. Beyond some dozens the fused order no longer changes its head.
_DEPTH = 100
# Documents that are so many days before or after a period are nearly of it.
_NEAR_DAYS = 92
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Features:
    """The features of candidates: ``columns[name][i]`` is that of passage ``rows[i]``.

    ``has_vector`` says of each if its vectors count. ``record_coverage`` is the share of
    the question's words that the record holds at all.
    """

    rows: np.ndarray
    columns: dict[str, np.ndarray]
    has_vector: np.ndarray
    record_coverage: float

    def matrix(self, names: Sequence[str]) -> np.ndarray:
        """Return the named features side by side; float64, shape (candidates, names)."""
        if not names:
            return np.zeros((len(self.rows), 0))
        return np.column_stack([self.columns[name] for name in names])


class FeatureExtractor:
    """Finds candidates in one snapshot and computes their features.

    The searches find journalists' questions too, but these are no candidates: the passages that
    answer such a question stand in for it.
    """

    def __init__(self, snapshot: Snapshot, searches: Sequence[Search]) -> None:
        self.snapshot = snapshot
        self._searches = searches
        self._documents = snapshot.passages.documents
        self._dates = snapshot.passages.dates

    def candidates(self, question: ParsedQuestion, visible: Visible | None = None) -> np.ndarray:
        """Return the rows of the ``visible`` passages that a search found, ascending."""
        nearest = np.concatenate(
            [
                np.zeros(0, dtype=np.int64),
                *(self._nearest(s, question, visible) for s in self._on(question)),
            ]
        )
        is_question = self.snapshot.passages.is_question[nearest]
        answers, _ = _partners(self.snapshot.answered, np.unique(nearest[is_question]))
        rows = np.unique(np.concatenate([nearest[~is_question], answers]))
        return rows if visible is None else rows[visible.rows[rows]]

    def features(
        self,
        question: ParsedQuestion,
        visible: Visible | None = None,
        rows: np.ndarray | None = None,
    ) -> Features:
        """Return the features of the candidates, or of the passages ``rows``, ascending.

        The record is taken to hold the ``visible`` passages only.
        """
        rows = self.candidates(question, visible) if rows is None else rows
        candidates = self._with_questions(rows, visible)
        columns = dict.fromkeys(FEATURES, np.zeros(len(rows)))
        columns |= self._of_searches(question, candidates)
        shares, record_coverage = self._word_shares(question, candidates, visible)
        columns |= shares
        columns["dated"] = _dated(question.period, self._dates[rows])
        if question.wants_latest:
            columns["recent"] = self._recent(rows)
        has_vector = self._has_vector(rows) & (question.vector is not None)
        return Features(rows, columns, has_vector, record_coverage)

    def _on(self, question: ParsedQuestion) -> list[Search]:
        """Return the searches that can be made for a question."""
        return [s for s in self._searches if question.vector is not None or not s.uses_vector]

    def _nearest(
        self, search: Search, question: ParsedQuestion, visible: Visible | None
    ) -> np.ndarray:
        rows = search.nearest(question, _DEPTH, visible)
        return rows[self._has_vector(rows)] if search.uses_vector else rows

    def _has_vector(self, rows: np.ndarray) -> np.ndarray:
        """Tell of each passage if the encoder knows its language, so that its vectors count."""
        has_vector: np.ndarray = self.snapshot.documents.is_embedded[self._documents[rows]]
        return has_vector

    def _with_questions(self, rows: np.ndarray, visible: Visible | None) -> Candidates:
        questions, owners = _partners(self.snapshot.answering, rows)
        if visible is not None:
            is_visible = visible.rows[questions]
            questions, owners = questions[is_visible], owners[is_visible]
        return Candidates(rows, questions, owners)

    def _of_searches(
        self, question: ParsedQuestion, candidates: Candidates
    ) -> dict[str, np.ndarray]:
        columns: dict[str, np.ndarray] = {}
        for search in self._on(question) if len(candidates) else ():
            for name, values in search.columns(question, candidates).items():
                columns[name] = np.maximum(columns.get(name, values), values)
        return columns

    def _word_shares(
        self, question: ParsedQuestion, candidates: Candidates, visible: Visible | None
    ) -> tuple[dict[str, np.ndarray], float]:
        """Return the features of words, and the share of the words that the record holds."""
        lexical, count, rows = self.snapshot.lexical, len(question.terms), candidates.rows
        # All passages whose words matter, each once: the candidates, those beside them, and the
        # questions they answer.
        beside = [(rows + step, self._is_beside(rows, step)) for step in (-1, 1)]
        near_rows = [other[is_there] for other, is_there in beside]
        every = np.unique(np.concatenate([rows, *near_rows, candidates.questions]))
        every = every.astype(np.int32)
        own_places = np.searchsorted(every, rows)
        beside_places = [
            (np.searchsorted(every, np.where(is_there, other, rows)), is_there)
            for other, is_there in beside
        ]
        question_places = np.searchsorted(every, candidates.questions)
        headings = self.snapshot.passages.headings[rows]
        own = np.zeros((count, len(rows)), dtype=bool)
        near = np.zeros((count, len(rows)), dtype=bool)
        is_held = np.zeros(count, dtype=bool)
        for number, term in enumerate(question.terms):
            forms = lexical.forms(term)
            holds = lexical.passages.holds(forms, every)
            if visible is not None:
                holds &= visible.rows[every]
            is_held[number] = any(_any(lexical.passages.rows(form), visible) for form in forms)
            own[number] = holds[own_places]
            near[number] = own[number] | lexical.headings.holds(forms, headings)
            for places, is_there in beside_places:
                near[number] |= is_there & holds[places]
            near[number] |= candidates.any(holds[question_places])
        share = question.weights / (float(question.weights.sum()) or 1.0)
        is_named = question.is_named
        columns = {
            "coverage": share @ own,
            "near_coverage": share @ near,
            "names_missing": is_named.astype(float) @ ~near / max(1, is_named.sum()),
        }
        return columns, float(share @ is_held)

    def _is_beside(self, rows: np.ndarray, step: int) -> np.ndarray:
        """Tell of each passage if its document has another one, ``step`` rows on."""
        other = np.clip(rows + step, 0, len(self._documents) - 1)
        is_beside: np.ndarray = (other == rows + step) & (
            self._documents[other] == self._documents[rows]
        )
        return is_beside

    def _recent(self, rows: np.ndarray) -> np.ndarray:
        """Return the share of dated documents, of a log its days, that are older; 0 if undated."""
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
    """Return 1 for dates in the period, ½ for those shortly before or after it, else 0."""
    if period is None:
        return np.zeros(len(dates))
    first, last = period.first.toordinal(), period.last.toordinal()
    days = np.maximum(first - dates, dates - last)
    nearness = np.where(days <= 0, 1.0, np.where(days <= _NEAR_DAYS, 0.5, 0.0))
    nearness[dates == 0] = 0.0
    return nearness


def _partners(pairs: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the partners of some rows, and the place of each one's row among these.

    ``pairs``, of shape (2, pairs), ascend by the first row.
    """
    first, second = pairs
    starts, ends = (np.searchsorted(first, rows.astype(first.dtype), side) for side in _SIDES)
    index, _ = ranges(starts, ends)
    return second[index].astype(np.int64), np.repeat(np.arange(len(rows)), ends - starts)


def _any(rows: np.ndarray, visible: Visible | None) -> bool:
    """Tell if one of the rows is visible."""
    return len(rows) > 0 and (visible is None or bool(visible.rows[rows].any()))
