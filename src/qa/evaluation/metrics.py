"""The measures of every question, and the content of ``metrics.json``."""

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


def values_of(answers: Sequence[JudgedAnswer]) -> dict[str, dict[str, float]]:
    """Return the measures that are means over questions, by name and question.

    Questions with qrels have ranking measures, questions with gold quotes have quote measures,
    all have ``answered``.
    """
    answerable = [a for a in answers if a.question.kind == "answerable"]
    quoted = [a for a in answers if a.question.gold]
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
    values["answered"] = {a.question.id: float(a.answer.is_answered) for a in answers}
    return values


def metrics_of(
    judged: JudgedSet,
    answers: Sequence[JudgedAnswer],
    values: Mapping[str, Mapping[str, float]],
    snapshot: Snapshot,
    seconds: float | None,
) -> dict[str, Any]:
    """Return the content of ``metrics.json``; measures that the set does not have are None."""
    by_kind: dict[str, list[JudgedAnswer]] = {
        kind: [a for a in answers if a.question.kind == kind]
        for kind in ("answerable", "followup", *measure.ABSTENTION_KINDS)
    }

    def mean(name: str, kind: str) -> Estimate | None:
        of_questions = values.get(name, {})
        ids = [a.question.id for a in by_kind[kind]]
        return measure.mean([of_questions[i] for i in ids if i in of_questions])

    def auroc(kind: str) -> Estimate | None:
        sides = ([a.answer.confidence for a in by_kind[side]] for side in ("answerable", kind))
        return measure.auroc(*sides)

    blocks: dict[str, dict[str, Estimate | None]] = {
        "quotes": {name: mean(f"quotes.{name}", "answerable") for name in measure.QUOTES},
        "abstention": {
            **{f"auroc_{kind}": auroc(kind) for kind in measure.ABSTENTION_KINDS},
            **{
                f"answered_{kind}": mean("answered", kind)
                for kind in ("answerable", *measure.ABSTENTION_KINDS)
            },
        },
        "followups": {name: mean(f"quotes.{name}", "followup") for name in measure.QUOTES},
    }
    means = {
        block: {name: value and value["mean"] for name, value in estimates.items()}
        for block, estimates in blocks.items()
    }
    intervals = {
        block: {
            name: value and {"low": value["low"], "high": value["high"]}
            for name, value in estimates.items()
        }
        for block, estimates in blocks.items()
    }
    counts = snapshot.manifest["counts"]
    return {
        "set": judged.name,
        "snapshot": snapshot.digest,
        "questions": kinds(judged.questions),
        "ranking": {name: mean(f"ranking.{name}", "answerable") for name in measure.RANKING},
        "quotes": means["quotes"],
        "abstention": means["abstention"],
        "latency_ms": measure.percentiles([a.answer.elapsed_ms for a in answers]),
        "build": {
            **{name: counts[name] for name in ("documents", "passages", "sentences")},
            "seconds": seconds,
        },
        "followups": means["followups"],
        "intervals": intervals,
    }
