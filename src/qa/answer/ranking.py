"""Candidates become hits: their order, and how likely each of them is an answer.

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
from qa.answer.searches.registry import VECTOR_FEATURES
from qa.index.snapshot import Snapshot
from qa.records import Hit

__all__ = [
    "answer_floors",
    "coefficients",
    "confidence_features",
    "confidences",
    "is_few",
    "kind",
    "newest_first",
    "ordered",
    "promoted",
    "ranked",
    "scores",
]

# The lead is over the hit of this rank: its neighbours often answer too.
_LEAD_RANK = 5
# Of hits this near the best (a tenth likelier or less) the newest leads.
_NEAR_TIE = 0.1


def ranked(snapshot: Snapshot, features: Features) -> list[Hit]:
    """Return the candidates as hits, best first; near-ties newest first, equals by row."""
    scored = scores(features)
    return ordered(snapshot, features, scored, confidences(features, scored))


def ordered(
    snapshot: Snapshot, features: Features, scored: np.ndarray, confidences: np.ndarray
) -> list[Hit]:
    """Return candidates as hits by their scores, best first, as ``ranked`` does."""
    rows = features.rows
    floors = answer_floors()
    without, with_vector = (floors[kind(features, has_vector=has)] for has in (False, True))
    is_answer = confidences >= np.where(features.has_vector, with_vector, without)
    order = np.lexsort((rows, -scored))
    ids = snapshot.documents.ids
    hits = [
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
    return newest_first(snapshot, hits)


def newest_first(snapshot: Snapshot, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, best first, with near-ties with the best in the order of their dates."""
    tied = 0
    for hit in hits:
        if hit.score < hits[0].score - _NEAR_TIE or hit.is_answer != hits[0].is_answer:
            break
        tied += 1

    def newest(hit: Hit) -> int:
        return -int(snapshot.passages.dates[hit.row])

    return [*_keeping_scores(hits[:tied], sorted(hits[:tied], key=newest)), *hits[tied:]]


def promoted(hits: Sequence[Hit], first: Collection[int]) -> list[Hit]:
    """Return the hits with those of some rows before the others."""
    return _keeping_scores(hits, sorted(hits, key=lambda hit: hit.row not in first))


def _keeping_scores(hits: Sequence[Hit], moved: Sequence[Hit]) -> list[Hit]:
    """Return the moved hits with the scores of their new ranks: scores never rise with the rank."""
    return [replace(hit, score=at.score) for hit, at in zip(moved, hits, strict=True)]


def answer_floors() -> dict[str, float]:
    """Return the least confidence of an answer, by ``kind``."""
    floors: dict[str, float] = coefficients()["answer_floors"]
    return floors


@lru_cache(maxsize=1)
def coefficients() -> dict[str, Any]:
    """Return the content of ``coefficients.json``."""
    content: dict[str, Any] = json.loads(
        resources.files("qa.answer").joinpath("coefficients.json").read_text("utf-8")
    )
    return content


def scores(
    features: Features, weights: Mapping[str, Mapping[str, float]] | None = None
) -> np.ndarray:
    """Return the scores that order the candidates, higher is better; shape (candidates,).

    The difference of two scores is the logarithm of how much likelier the one is the answer,
    if one of them is.
    """
    weights = weights or coefficients()["ranking"]
    by_words, by_vectors = (
        features.matrix(tuple(weights[kind])) @ np.array([*weights[kind].values()])
        for kind in ("words", "vectors")
    )
    scored: np.ndarray = np.where(features.has_vector, by_vectors, by_words)
    return scored


def kind(features: Features, *, has_vector: bool) -> str:
    """Return the name of the confidence's coefficients for passages among these candidates."""
    few = "few_" if is_few(len(features.rows)) else ""
    return f"{few}vectors" if has_vector else f"{few}words"


def is_few(candidates: int) -> bool:
    """Tell if there are so few candidates that none can stand out among others."""
    return candidates < _LEAD_RANK


def confidence_features(features: Features, scored: np.ndarray) -> dict[str, np.ndarray]:
    """Return all that the confidence may be computed from; each of shape (candidates,).

    The features; ``likeness``, the best of all cosines; ``record_coverage``; ``intercept``; and
    ``lead``, by how much the score is above the fifth best, 0 below it and where there are fewer.
    """
    fifth = np.sort(scored)[-_LEAD_RANK] if len(scored) >= _LEAD_RANK else np.inf
    columns = features.columns
    return {
        **columns,
        "likeness": np.max([columns[name] for name in VECTOR_FEATURES], axis=0),
        "record_coverage": np.full(len(scored), features.record_coverage),
        "lead": np.maximum(0.0, scored - fifth),
        "intercept": np.ones(len(scored)),
    }


def confidences(features: Features, scored: np.ndarray) -> np.ndarray:
    """Return how likely each candidate answers, were it the first; in [0, 1]."""
    known = confidence_features(features, scored)
    without, with_vector = (
        sum(
            (w * known[name] for name, w in coefficients()["confidence"][weights].items()),
            np.zeros(len(scored)),
        )
        for weights in (kind(features, has_vector=has) for has in (False, True))
    )
    likely: np.ndarray = 1 / (1 + np.exp(-np.where(features.has_vector, with_vector, without)))
    return likely
