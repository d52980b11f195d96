"""Candidates become hits: their order, and how likely the best of them is an answer.

Both are linear in the features, with the coefficients of ``coefficients.json``, which says where
they came from (``make calibrate``). There are two sets of them: ``vectors`` for passages whose
vectors count, ``words`` for those whose language the encoder does not know and for records
searched by words alone; for the confidence two more, for records of so ``few`` passages that
none can stand out among others.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from qa.answer.features import Features
from qa.index.snapshot import Snapshot
from qa.records import Hit, Passage

__all__ = [
    "answer_floors",
    "coefficients",
    "confidences",
    "features",
    "hits",
    "is_few",
    "kind",
    "leading",
    "newest_first",
    "ordered",
    "promoted",
    "scores",
]

# The lead is over the hit of this rank: its neighbours often answer too.
_LEAD_RANK = 5
# Of hits this near the best (a tenth likelier or less) the newest leads.
_NEAR_TIE = 0.1
# Citations after the first score at most this much less than it: a tenth of the odds.
_MOST_BEHIND = float(np.log(10))


def hits(snapshot: Snapshot, evidence: Features) -> list[Hit]:
    """The candidates as hits, best first; near-ties newest first, equals as in the record."""
    scored = scores(evidence)
    return ordered(snapshot, evidence, scored, confidences(evidence, scored))


def ordered(
    snapshot: Snapshot, evidence: Features, scored: np.ndarray, confidences: np.ndarray
) -> list[Hit]:
    """Passages as hits, best first; near-ties with the best newest first.

    Equals come in the order of the record.
    """
    rows = evidence.rows
    floors = answer_floors()
    at_least = [floors[kind(evidence, has_vector=voting)] for voting in (False, True)]
    is_answer = confidences >= np.where(evidence.has_vector, at_least[1], at_least[0])
    order = np.lexsort((rows, -scored))
    ids = snapshot.documents.ids
    found = [
        Hit(row, ids[document], score, confidence, is_answer)
        for row, document, score, confidence, is_answer in zip(
            rows[order].tolist(),
            snapshot.passages.documents[rows[order]].tolist(),
            scored[order].tolist(),
            confidences[order].tolist(),
            is_answer[order].tolist(),
            strict=True,
        )
    ]
    return newest_first(snapshot, found)


def newest_first(snapshot: Snapshot, hits: Sequence[Hit]) -> list[Hit]:
    """Hits, best first, with near-ties with the best in the order of their dates."""
    tied = 0
    for hit in hits:
        if hit.score < hits[0].score - _NEAR_TIE or hit.is_answer != hits[0].is_answer:
            break
        tied += 1

    def newest(hit: Hit) -> int:
        return -int(snapshot.passages.dates[hit.row])

    # The scores change places with the hits: a better rank never has a lower score.
    falling = [hit.score for hit in hits[:tied]]
    first = sorted(hits[:tied], key=newest)
    leading = [replace(h, score=s) for h, s in zip(first, falling, strict=True)]
    return [*leading, *hits[tied:]]


def promoted(hits: Sequence[Hit], first: Collection[int]) -> list[Hit]:
    """The hits with those of some rows before the others.

    The scores change places with the hits: a better rank never has a lower score.
    """
    moved = sorted(hits, key=lambda hit: hit.row not in first)
    return [replace(hit, score=at.score) for hit, at in zip(moved, hits, strict=True)]


def leading(snapshot: Snapshot, hits: Sequence[Hit], top_k: int) -> list[tuple[Hit, Passage]]:
    """The hits worth citing: up to ``top_k``, none far below the best, no text twice."""
    chosen: list[tuple[Hit, Passage]] = []
    for hit in hits:
        if len(chosen) == top_k or hit.score < hits[0].score - _MOST_BEHIND:
            break
        passage = snapshot.passages[hit.row]
        if all(passage.text != other.text for _, other in chosen):
            chosen.append((hit, passage))
    return chosen


def answer_floors() -> dict[str, float]:
    """From which confidence on a hit is an answer, by ``kind``."""
    floors: dict[str, float] = coefficients()["answer_floors"]
    return floors


@lru_cache(maxsize=1)
def coefficients() -> dict[str, Any]:
    """What ``coefficients.json`` holds."""
    stated: dict[str, Any] = json.loads(
        resources.files("qa.answer").joinpath("coefficients.json").read_text("utf-8")
    )
    return stated


def scores(
    evidence: Features, weights: Mapping[str, Mapping[str, float]] | None = None
) -> np.ndarray:
    """What orders the candidates, higher is better; shape (candidates,).

    The difference of two scores is the logarithm of how much likelier the one is the answer,
    if one of them is.
    """
    weights = weights or coefficients()["ranking"]
    by_kind = [
        evidence.matrix(tuple(weights[kind])) @ np.array([*weights[kind].values()])
        for kind in ("words", "vectors")
    ]
    scored: np.ndarray = np.where(evidence.has_vector, by_kind[1], by_kind[0])
    return scored


def kind(evidence: Features, *, has_vector: bool) -> str:
    """Which coefficients of the confidence are meant for passages of this evidence."""
    few = "few_" if is_few(len(evidence.rows)) else ""
    return f"{few}vectors" if has_vector else f"{few}words"


def is_few(candidates: int) -> bool:
    """Return whether so few were found that none can stand out among others."""
    return candidates < _LEAD_RANK


def features(evidence: Features, scored: np.ndarray) -> dict[str, np.ndarray]:
    """What tells an answer from the nearest passage there is; each of shape (candidates,).

    The features; ``likeness``, the best cosine of passage, sentences and question asked;
    ``record_coverage``; and ``lead``, by how much the score is above the fifth best, 0 below
    it and where there are fewer.
    """
    fifth = np.sort(scored)[-_LEAD_RANK] if len(scored) >= _LEAD_RANK else np.inf
    columns = evidence.columns
    likeness = [columns[name] for name in ("passage", "sentence", "pair", "asked")]
    return {
        **columns,
        "likeness": np.max(likeness, axis=0),
        "record_coverage": np.full(len(scored), evidence.record_coverage),
        "lead": np.maximum(0.0, scored - fifth),
        "intercept": np.ones(len(scored)),
    }


def confidences(evidence: Features, scored: np.ndarray) -> np.ndarray:
    """How likely each candidate answers, were it the first; in [0, 1], shape (candidates,)."""
    known = features(evidence, scored)
    logits = [
        sum(
            (w * known[name] for name, w in coefficients()["confidence"][named].items()),
            np.zeros(len(scored)),
        )
        for named in (kind(evidence, has_vector=False), kind(evidence, has_vector=True))
    ]
    likely: np.ndarray = 1 / (1 + np.exp(-np.where(evidence.has_vector, logits[1], logits[0])))
    return likely
