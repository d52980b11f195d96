"""From answers to figures: every question's values, and what stands in ``metrics.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qa.evaluation import measure
from qa.evaluation.datasets import JudgedSet, kinds
from qa.evaluation.outcome import JudgedAnswer
from qa.index.snapshot import Snapshot

__all__ = ["metrics_of", "values_of"]

# A measure's value with the ends of its interval: mean, low, high.
Estimate = dict[str, float | None]


def values_of(asked: Sequence[JudgedAnswer]) -> dict[str, dict[str, float]]:
    """Every question's value in every measure that is a mean, by measure and question.

    Ranking measures where there are qrels, quote measures where there are gold quotes,
    ``answered`` and ``right`` for all.
    """
    answerable = [a for a in asked if a.question.kind == "answerable"]
    quoted = [a for a in asked if a.question.gold]
    values = {
        f"ranking.{name}": of_questions
        for name, of_questions in measure.ranking(
            {a.question.id: dict(a.question.relevant) for a in answerable},
            {a.question.id: a.documents for a in answerable},
        ).items()
    }
    for k in measure.QUOTE_CUTOFFS:
        values[f"quotes.Success@{k}"] = {
            a.question.id: float(a.quote_rank is not None and a.quote_rank <= k) for a in quoted
        }
    values["quotes.highlight@1"] = {a.question.id: float(a.is_highlighted) for a in quoted}
    values["answered"] = {a.question.id: float(a.answer.is_answered) for a in asked}
    return values


def metrics_of(
    judged: JudgedSet,
    asked: Sequence[JudgedAnswer],
    values: Mapping[str, Mapping[str, float]],
    snapshot: Snapshot,
    seconds: float | None,
) -> dict[str, Any]:
    """What stands in ``metrics.json``; what the set cannot measure is None."""
    ids = {
        kind: [a.question.id for a in asked if a.question.kind == kind]
        for kind in ("answerable", "followup", *measure.ABSTENTION_KINDS)
    }

    def mean(name: str, kind: str) -> Estimate | None:
        of_kind = [values[name][i] for i in ids[kind] if i in values.get(name, ())]
        return measure.mean(of_kind)

    confidences = {a.question.id: a.answer.confidence for a in asked}

    def auroc(kind: str) -> Estimate | None:
        sides = ([confidences[i] for i in ids[side]] for side in ("answerable", kind))
        return measure.auroc(*sides)

    quotes = {name: mean(f"quotes.{name}", "answerable") for name in measure.QUOTES}
    abstention = {
        **{f"auroc_{kind}": auroc(kind) for kind in measure.ABSTENTION_KINDS},
        **{
            f"answered_{kind}": mean("answered", kind)
            for kind in ("answerable", *measure.ABSTENTION_KINDS)
        },
    }
    followups = {name: mean(f"quotes.{name}", "followup") for name in measure.QUOTES}
    counts = snapshot.manifest["counts"]
    return {
        "set": judged.name,
        "snapshot": snapshot.digest,
        "questions": kinds(judged.questions),
        "ranking": {name: mean(f"ranking.{name}", "answerable") for name in measure.RANKING},
        "quotes": _means(quotes),
        "abstention": _means(abstention),
        "latency_ms": measure.percentiles([a.answer.elapsed_ms for a in asked]),
        "build": {
            **{name: counts[name] for name in ("documents", "passages", "sentences")},
            "seconds": seconds,
        },
        "followups": _means(followups),
        "intervals": {
            "quotes": _intervals(quotes),
            "abstention": _intervals(abstention),
            "followups": _intervals(followups),
        },
    }


def _means(block: Mapping[str, Estimate | None]) -> dict[str, float | None]:
    return {name: value["mean"] if value else None for name, value in block.items()}


def _intervals(block: Mapping[str, Estimate | None]) -> dict[str, Estimate | None]:
    return {
        name: {"low": value["low"], "high": value["high"]} if value else None
        for name, value in block.items()
    }
