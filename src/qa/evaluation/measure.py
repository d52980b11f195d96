"""The arithmetic of an evaluation: pure functions from results to measures.

Ranking measures are computed by ir-measures, intervals and ranks by scipy. Every question
counts: one without results has the value 0 and stays in the mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qa.records import Span

__all__ = [
    "ABSTENTION_KINDS",
    "CURVE_CUTOFFS",
    "LESS_IS_BETTER",
    "QUOTES",
    "QUOTE_CUTOFFS",
    "RANKING",
    "Bin",
    "Operating",
    "area",
    "auroc",
    "chance",
    "covers_half",
    "falling",
    "mean",
    "percentiles",
    "ranking",
    "reliability",
    "resampled",
    "risk_coverage",
]

RANKING = ("nDCG@10", "R@5", "R@20", "Success@1", "Success@3", "Success@10", "RR@10")
QUOTE_CUTOFFS = (1, 3)
QUOTES = (*(f"Success@{k}" for k in QUOTE_CUTOFFS), "highlight@1")
CURVE_CUTOFFS = (1, 2, 3, 5, 10, 20, 50)
# Kinds of questions that the system must not answer.
ABSTENTION_KINDS = ("out_of_scope", "near_scope", "unanswerable")
LESS_IS_BETTER = frozenset(f"answered_{kind}" for kind in ABSTENTION_KINDS)
CONFIDENCE_LEVEL = 0.95
# 10,000 resamples settle a 95 % interval's ends to about a hundredth of its width. The interval
# of an area takes fewer: each resample sorts all questions.
RESAMPLES = 10_000
AREA_RESAMPLES = 2_000
_SEED = 20_220_721
_BINS = 10
# Resamples held in memory at once.
_BATCH = 200


def ranking(
    qrels: Mapping[str, Mapping[str, int]],
    run: Mapping[str, Sequence[tuple[str, float]]],
    measures: Sequence[str] = RANKING,
) -> dict[str, dict[str, float]]:
    """Return every measure's value for every question of ``qrels``, by measure and question.

    ``run`` holds documents with their score, best first and strictly falling (see ``falling``).
    A question the run lacks, or for which it holds nothing, has the value 0.
    """
    import ir_measures  # noqa: PLC0415

    wanted = [ir_measures.parse_measure(name) for name in measures]
    scored = {question: dict(run.get(question, ())) for question in qrels}
    values: dict[str, dict[str, float]] = {str(m): {} for m in wanted}
    for metric in ir_measures.iter_calc(wanted, qrels, scored):
        values[str(metric.measure)][metric.query_id] = float(metric.value)
    return values


def falling(scores: Sequence[float]) -> list[float]:
    """Return the scores, best first, as 32-bit numbers, each strictly below the one before.

    TREC's tools read scores as 32-bit numbers and order equal ones by the document's name. To
    give them the order that a visitor sees, equal scores are lowered by the smallest step.
    """
    lowered: list[float] = []
    bound = np.float32(np.inf)
    for score in scores:
        value = np.float32(score)
        if value >= bound:
            value = np.nextafter(bound, np.float32(-np.inf))
        lowered.append(float(value))
        bound = value
    return lowered


def chance(a: np.ndarray, b: np.ndarray, statistic: Any, resamples: int) -> float:
    """Return the two-sided p of the paired randomisation test between two systems.

    If the systems were alike, each question's two values could be swapped (Fisher; for retrieval
    Smucker, Allan and Carterette 2007). ``statistic`` reduces the last axis to one number.
    """
    draw = np.random.default_rng(_SEED)
    observed = abs(statistic(b) - statistic(a))
    as_far = 0
    for start in range(0, resamples, _BATCH):
        swapped = draw.random((min(_BATCH, resamples - start), len(a))) < 0.5  # noqa: PLR2004
        gains = statistic(np.where(swapped, a, b)) - statistic(np.where(swapped, b, a))
        # Sums in another order differ in their last bits.
        as_far += int((np.abs(gains) >= observed - 1e-12).sum())
    return (as_far + 1) / (resamples + 1)


def covers_half(spans: Iterable[Span], places: Iterable[Span]) -> bool:
    """Return whether the spans together hold at least half of the characters of one of the places.

    All are of one document; the spans do not overlap each other.
    """
    spans = tuple(spans)
    return any(
        2 * sum(max(0, min(s.end, place.end) - max(s.start, place.start)) for s in spans)
        >= place.end - place.start
        for place in places
    )


def mean(values: Sequence[float]) -> dict[str, float | None] | None:
    """Return the mean with its 95 % bootstrap interval over questions; None without a value.

    A single value has no interval: ``low`` and ``high`` are None.
    """
    if not len(values):
        return None
    centre = float(np.mean(values))
    if len(values) == 1:
        return {"mean": centre, "low": None, "high": None}
    low, high = _interval((np.asarray(values, dtype=float),), np.mean, RESAMPLES)
    return {"mean": centre, "low": low, "high": high}


def auroc(positive: Sequence[float], negative: Sequence[float]) -> dict[str, float | None] | None:
    """Return the area under the ROC curve: how likely a positive scores above a negative.

    In [0, 1], .5 is chance, higher is better, ties count half; None if a side is empty. It is
    the Mann-Whitney statistic over the product of the counts (Hanley and McNeil 1982), with its
    95 % bootstrap interval as in ``mean``, each side resampled by itself.
    """
    if not len(positive) or not len(negative):
        return None
    sides = (np.asarray(positive, dtype=float), np.asarray(negative, dtype=float))
    if len(positive) == len(negative) == 1:
        return {"mean": float(area(*sides)), "low": None, "high": None}
    low, high = _interval(sides, area, AREA_RESAMPLES)
    return {"mean": float(area(*sides)), "low": low, "high": high}


def area(positive: np.ndarray, negative: np.ndarray, axis: int = -1) -> Any:
    """Return the value of ``auroc`` along an axis of arrays."""
    from scipy.stats import rankdata  # noqa: PLC0415

    ranks = rankdata(np.concatenate([positive, negative], axis=axis), axis=axis)
    count, others = positive.shape[axis], negative.shape[axis]
    above = np.take(ranks, np.arange(count), axis=axis).sum(axis=axis) - count * (count + 1) / 2
    return above / (count * others)


def _interval(
    samples: tuple[np.ndarray, ...], statistic: Any, resamples: int
) -> tuple[float, float]:
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(resampled(samples, statistic, resamples), (tail, 1 - tail))
    return float(low), float(high)


def resampled(samples: tuple[np.ndarray, ...], statistic: Any, resamples: int) -> np.ndarray:
    """Return the statistic of ``resamples`` bootstrap samples, the same in every run.

    Each sample is resampled by itself, with replacement. ``statistic`` takes an ``axis``.
    """
    from scipy.stats import bootstrap  # noqa: PLC0415

    # scipy refuses a single observation; drawing from two equal ones is the same.
    twice = tuple(np.repeat(sample, 2) if len(sample) == 1 else sample for sample in samples)
    drawn: np.ndarray = bootstrap(
        twice,
        statistic,
        n_resamples=resamples,
        batch=_BATCH,
        confidence_level=CONFIDENCE_LEVEL,
        method="percentile",
        axis=-1,
        vectorized=True,
        rng=np.random.default_rng(_SEED),
    ).bootstrap_distribution
    return drawn


@dataclass(frozen=True, slots=True)
class Operating:
    """The effect of answering from a confidence of ``threshold`` on.

    ``coverage`` is the share of all questions that are answered, ``risk`` the share of wrong
    answers among these; both in [0, 1].
    """

    threshold: float
    coverage: float
    risk: float


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> list[Operating]:
    """Return the risk at every coverage that a threshold gives, by falling threshold.

    A question is right if the record answers it and the first citation holds the answer
    (El-Yaniv and Wiener 2010, section 2).
    """
    values, is_wrong = np.asarray(confidences, dtype=float), ~np.asarray(right, dtype=bool)
    return [
        Operating(float(threshold), float(answered.mean()), float(is_wrong[answered].mean()))
        for threshold in np.unique(values)[::-1]
        for answered in [values >= threshold]
    ]


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions whose confidence lies in [low, high), the last bin's end included."""

    low: float
    high: float
    count: int
    confidence: float
    share_right: float


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """Return mean confidence and share right in ten bins of equal width, empty ones left out."""
    values, is_right = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    places = np.minimum((values * _BINS).astype(int), _BINS - 1)
    return [
        Bin(
            low=place / _BINS,
            high=(place + 1) / _BINS,
            count=int(inside.sum()),
            confidence=float(values[inside].mean()),
            share_right=float(is_right[inside].mean()),
        )
        for place in range(_BINS)
        for inside in [places == place]
        if inside.any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance of confidence and share right over the questions; 0 is best."""
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.confidence - b.share_right) for b in bins) / total


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return the 50th, 95th and 99th percentile of milliseconds, rounded to microseconds."""
    return {f"p{q}": round(float(np.percentile(values, q)), 3) for q in (50, 95, 99)}
