"""The headlines and plots of a report, each plot with its meaning in words and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa.evaluation import measure, plots
from qa.evaluation.measure import Operating
from qa.evaluation.outcome import Evaluation, JudgedAnswer

__all__ = ["Figure", "Headline", "figures", "headlines"]

_HEADLINES = (
    ("quotes", "Success@1", "right passage first"),
    ("quotes", "Success@3", "right passage in the first three"),
    ("quotes", "highlight@1", "right sentence marked"),
    ("ranking", "nDCG@10", "right documents high up (nDCG@10)"),
    ("ranking", "Success@1", "right document first"),
    ("ranking", "R@5", "right documents in the first five"),
    ("abstention", "auroc_near_scope", "separated from near scope (AUROC)"),
    ("abstention", "auroc_unanswerable", "separated from unanswerable (AUROC)"),
    ("abstention", "auroc_out_of_scope", "separated from out of scope (AUROC)"),
    ("abstention", "answered_answerable", "of the answerable are answered"),
    ("abstention", "answered_near_scope", "of the near scope are answered"),
    ("abstention", "answered_unanswerable", "of the unanswerable are answered"),
    ("abstention", "answered_out_of_scope", "of the out of scope are answered"),
)
# Rows in the table of a curve.
_MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Headline:
    """A measure at the top of the report; without an interval, ``low`` and ``high`` are None."""

    words: str
    value: float
    low: float | None
    high: float | None
    more_is_better: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot as SVG; ``words`` say what it shows, ``head`` and ``rows`` are its numbers."""

    title: str
    words: str
    svg: str
    head: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def headlines(metrics: Mapping[str, Any]) -> list[Headline]:
    """Return the main measures, those that the set has."""
    shown = []
    for block, name, words in _HEADLINES:
        value = metrics[block][name]
        if value is None:
            continue
        interval = value if block == "ranking" else metrics["intervals"][block][name]
        shown.append(
            Headline(
                words,
                value["mean"] if block == "ranking" else value,
                interval["low"],
                interval["high"],
                more_is_better=name not in measure.LESS_IS_BETTER,
            )
        )
    return shown


def figures(evaluation: Evaluation) -> list[Figure]:
    """Return the plots that the questions of the set allow."""
    answers = evaluation.answers
    confidences = [a.answer.confidence for a in answers]
    right = [a.is_right for a in answers]
    curves = _curves(answers)
    return [
        *([_ranking_by_k(curves)] if curves else []),
        _risk_and_coverage(measure.risk_coverage(confidences, right), _shipped(answers)),
        _reliability(measure.reliability(confidences, right)),
        _latency([a.answer.elapsed_ms for a in answers], evaluation.metrics["latency_ms"]),
    ]


def _figure(
    title: str,
    words: str,
    draw: Callable[[str], str],
    head: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
) -> Figure:
    """Return a figure; ``draw`` makes its SVG from the text for people who cannot see it."""
    return Figure(title, words, draw(f"{title}. {words}"), head, rows)


def _ranking_by_k(curves: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    name, points = next(iter(curves.items()))
    shares = ", ".join(f"{k} for {value:.0%}" for k, value in points if k in (1, 3, 10))
    return _figure(
        "Ranking by k",
        f"{name.capitalize()} among the first: {shares} of the answerable questions.",
        lambda label: plots.ranking_by_k(curves, label),
        ("first k", *curves),
        [(k, *(f"{dict(curve)[k]:.3f}" for curve in curves.values())) for k, _ in points],
    )


def _risk_and_coverage(points: Sequence[Operating], shipped: Operating | None) -> Figure:
    words = "No question is answered at the shipped threshold."
    if shipped:
        words = (
            f"At the shipped threshold {shipped.coverage:.0%} of all questions are answered, "
            f"and {shipped.risk:.0%} of these wrongly: the record holds no answer, or the first "
            "citation is not it."
        )
    return _figure(
        "Risk and coverage",
        words,
        lambda label: plots.risk_coverage(points, shipped, label),
        ("share answered", "share wrong of these", "from confidence"),
        [
            (f"{p.coverage:.3f}", f"{p.risk:.3f}", f"{p.threshold:.3f}")
            for p in _evenly_spaced(points)
        ],
    )


def _reliability(bins: Sequence[measure.Bin]) -> Figure:
    return _figure(
        "Reliability of the confidence",
        "A well calibrated confidence of .8 is right eight times in ten. Here the two are "
        f"{measure.calibration_error(bins):.2f} apart, on average over the questions.",
        lambda label: plots.reliability(bins, label),
        ("confidence", "questions", "mean confidence", "share right"),
        [
            (f"{b.low:.1f} to {b.high:.1f}", b.count, f"{b.confidence:.3f}", f"{b.share_right:.3f}")
            for b in bins
        ],
    )


def _latency(values_ms: Sequence[float], percentiles: Mapping[str, float]) -> Figure:
    p50, p95, p99 = (f"{percentiles[name]:.0f} ms" for name in ("p50", "p95", "p99"))
    return _figure(
        "Time to answer",
        f"Half of the questions took at most {p50}, 95 of 100 at most {p95}, 99 of 100 at most "
        f"{p99}, on the machine that ran this.",
        lambda label: plots.latency(values_ms, percentiles, label),
        ("percentile", "milliseconds"),
        [(name, f"{value:.1f}") for name, value in percentiles.items()],
    )


def _shipped(answers: Sequence[JudgedAnswer]) -> Operating | None:
    """Return the operating point of the system as shipped; None if it answers nothing.

    Its threshold depends on whether a passage's vector counts: the lowest one is returned.
    """
    answered = [a for a in answers if a.answer.is_answered]
    if not answered:
        return None
    return Operating(
        threshold=min(a.answer.confidence for a in answered),
        coverage=len(answered) / len(answers),
        risk=sum(not a.is_right for a in answered) / len(answered),
    )


def _evenly_spaced(points: Sequence[Operating]) -> Sequence[Operating]:
    """Return at most ``_MOST_ROWS`` of the points, both ends among them."""
    if len(points) <= _MOST_ROWS:
        return points
    return [points[round(i * (len(points) - 1) / (_MOST_ROWS - 1))] for i in range(_MOST_ROWS)]


def _curves(answers: Sequence[JudgedAnswer]) -> dict[str, list[tuple[int, float]]]:
    """Return the shares of the answerable questions with a hit in the first k, by k."""
    answerable = [a for a in answers if a.question.kind == "answerable"]
    if not answerable:
        return {}
    cutoffs = measure.CURVE_CUTOFFS
    curves: dict[str, list[tuple[int, float]]] = {}
    if all(a.question.gold for a in answerable):
        ranks = [a.quote_rank for a in answerable]
        curves["right passage found"] = [
            (k, sum(r is not None and r <= k for r in ranks) / len(ranks)) for k in cutoffs
        ]
    values = measure.ranking(
        {a.question.id: dict(a.question.relevant) for a in answerable},
        {a.question.id: a.documents for a in answerable},
        [f"{name}@{k}" for name in ("Success", "R") for k in cutoffs],
    )
    success, recall = (
        [(k, sum(values[f"{name}@{k}"].values()) / len(answerable)) for k in cutoffs]
        for name in ("Success", "R")
    )
    curves["a right document found"] = success
    if recall != success:  # they are the same where every question has one right document
        curves["share of right documents found"] = recall
    return curves
