"""Candidates become hits: their order, and whether the best of them is an answer.

The order is a weighted sum of the evidence as it is, not brought to one scale per question:
then words count for much where the record shares the question's words, and for little where it
does not. Whether it is an answer is a plain floor: the hit must be like the question, and its
document must know the question's words. Neither is fitted or calibrated yet.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.answer.retrieve import Candidate
from qa.index.lexical import terms
from qa.index.snapshot import Snapshot
from qa.records import Hit

__all__ = ["ANSWER_FLOOR", "hits", "leading"]

# A hit is an answer from this confidence on.
ANSWER_FLOOR = 0.5
# What a passage's evidence weighs: chosen by hand, to be fitted and judged on separate data. The
# weight of the journalist's question is not measured at all.
_WEIGHTS = {"passage_cosine": 0.5, "sentence_cosine": 0.5, "words": 0.6, "asked_cosine": 0.25}
# The floor, set by hand on the seed document: how much of the question's words its document has
# to know, and how like the question the hit has to be, to reach ANSWER_FLOOR; or how like,
# whatever the words. Lower answers more and errs more.
_WORDS_KNOWN = 0.5
_LIKENESS = 0.15
_LIKENESS_ALONE = 0.45
# Citations after the first must score at least this share of it.
_SHARE_OF_BEST = 0.7


def hits(
    snapshot: Snapshot,
    question: str,
    candidates: Sequence[Candidate],
    visible: np.ndarray | None = None,
) -> list[Hit]:
    """The candidates as hits, best first; equals in the order of the record.

    ``visible``, a bool per passage, says which the record is taken to hold.
    """
    words_known = _WordsKnown(snapshot, question, visible)
    scored = [(_score(candidate), candidate) for candidate in candidates]
    scored.sort(key=lambda pair: (-pair[0], pair[1].row))
    return [
        Hit(candidate.row, passage, score, _confidence(candidate, words_known(passage.document)))
        for score, candidate in scored
        for passage in [snapshot.passages[candidate.row]]
    ]


def leading(hits: Sequence[Hit], top_k: int) -> list[Hit]:
    """The hits worth citing: up to ``top_k``, none far below the best."""
    return [hit for hit in hits[:top_k] if hit.score >= hits[0].score * _SHARE_OF_BEST]


def _score(candidate: Candidate) -> float:
    """Higher is better; about 0 for nothing in common, rarely above 1.5."""
    return float(sum(w * getattr(candidate, name) for name, w in _WEIGHTS.items()))


def _confidence(candidate: Candidate, words_known: float) -> float:
    """In [0, 1]; ANSWER_FLOOR where the evidence just suffices."""
    likeness = max(candidate.passage_cosine, candidate.sentence_cosine, candidate.asked_cosine)
    together = min(words_known / _WORDS_KNOWN, likeness / _LIKENESS)
    return float(np.clip(max(together, likeness / _LIKENESS_ALONE) * ANSWER_FLOOR, 0.0, 1.0))


class _WordsKnown:
    """The share of one question's words that a document has, in whatever form."""

    def __init__(self, snapshot: Snapshot, question: str, visible: np.ndarray | None) -> None:
        self._snapshot = snapshot
        self._visible = visible
        wanted = {t.stem: t for t in terms(question) if not t.is_about_the_record}
        self._wanted = tuple(wanted.values())
        self._shares: dict[str, float] = {}

    def __call__(self, document: str) -> float:
        if document not in self._shares:
            rows = self._snapshot.document_rows[document]
            holds = self._snapshot.lexical.holds
            known = sum(holds(term, rows, self._visible) for term in self._wanted)
            self._shares[document] = known / len(self._wanted) if self._wanted else 0.0
        return self._shares[document]
