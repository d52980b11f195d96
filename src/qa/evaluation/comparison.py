"""Two evaluations of one set side by side: what changed, and whether by more than chance."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import EvaluationError
from qa.evaluation import measure
from qa.evaluation.datasets import HAS_ANSWER
from qa.evaluation.report import METRICS, QUESTIONS

__all__ = ["ALPHA", "Changed", "Comparison", "Difference", "compare"]

# The chance of calling any one measure worse where nothing changed but luck.
ALPHA = 0.05
_WORSE_WHEN_MORE = frozenset(f"answered_{kind}" for kind in measure.ABSTENTION_KINDS)


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of both, and B minus A with its 95 % paired-bootstrap interval.

    ``p`` is how often luck alone would set them as far apart (``measure.chance``). ``verdict``
    is "better" or "worse" where that is too seldom to be luck, given how many measures are
    looked at (Holm 1979); else "same".
    """

    name: str
    questions: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    verdict: str = "same"


@dataclass(frozen=True, slots=True)
class Changed:
    """A question served well by one of the two only."""

    id: str
    kind: str
    question: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What B changes against A.

    ``won`` are questions that B serves well and A does not, ``lost`` the other way round: the
    record has an answer, and it is cited first; or it has none, and that is said.
    """

    a: str
    b: str
    differences: tuple[Difference, ...]
    won: tuple[Changed, ...]
    lost: tuple[Changed, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """Names of the measures in which B is significantly worse."""
        return tuple(d.name for d in self.differences if d.verdict == "worse")


def compare(
    a: Path | str, b: Path | str, *, measures: Sequence[str] = (), alpha: float = ALPHA
) -> Comparison:
    """Compare two folders that ``qa eval -o`` wrote, question by question.

    ``measures`` names those to look at (all, where empty): the fewer, the smaller a change
    that is seen.

    Raises:
        EvaluationError: a folder holds no evaluation, the two are of different questions, or a
            measure is unknown.
    """
    rows_a, rows_b = _rows(Path(a)), _rows(Path(b))
    _check_same_questions(Path(a), rows_a, Path(b), rows_b)
    pairs = [*zip(rows_a, rows_b, strict=True)]
    found = {d.name: d for d in (*_mean_differences(pairs), *_area_differences(pairs))}
    unknown = [name for name in measures if name not in found]
    if unknown:
        raise EvaluationError(
            f"{', '.join(unknown)}: not measured by these evaluations; they measure "
            f"{', '.join(found)}."
        )
    chosen = [found[name] for name in measures] or [*found.values()]
    return Comparison(
        str(a),
        str(b),
        tuple(_judged(chosen, alpha)),
        won=tuple(_changed(b) for a, b in pairs if _is_served(b) and not _is_served(a)),
        lost=tuple(_changed(b) for a, b in pairs if _is_served(a) and not _is_served(b)),
    )


def _rows(folder: Path) -> list[dict[str, Any]]:
    try:
        (folder / METRICS).stat()
        lines = (folder / QUESTIONS).read_text("utf-8").removesuffix("\n").split("\n")
        rows = [json.loads(line) for line in lines]
        for row in rows:
            _asked_for(row), _found(row)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f'{folder} holds no whole evaluation ({error}): run "qa eval SET -o {folder}".'
        ) from error
    return rows


def _check_same_questions(
    a: Path, rows_a: Sequence[Mapping[str, Any]], b: Path, rows_b: Sequence[Mapping[str, Any]]
) -> None:
    by_id = {row["id"]: row for row in rows_b}
    only = [row["id"] for row in rows_a if row["id"] not in by_id]
    if only or len(rows_a) != len(rows_b):
        first = f", {only[0]!r} is only in the first" if only else ""
        raise EvaluationError(
            f"{a} has {len(rows_a)} questions, {b} has {len(rows_b)}{first}: compare evaluations "
            "of one set, made with the same options."
        )
    for row, other in zip(rows_a, rows_b, strict=True):
        if _asked_for(row) != _asked_for(other):
            raise EvaluationError(
                f"Question {row['id']!r} is not the same in {a} and {b} (its words, kind, place or "
                "expected answer): compare evaluations of one set."
            )


def _asked_for(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is asked and expected, without what was found."""
    relevant = [(item["document"], item["grade"]) for item in row["relevant"]]
    gold = [(item["document"], item["quote"]) for item in row["gold"]]
    stated = (row["id"], row["kind"], row["question"], row["previous"])
    return (*stated, relevant, gold, sorted(row["measures"]))


def _found(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a comparison reads of what was found."""
    return row["status"], row["right"], row["confidence"] + 0


Pairs = Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]


def _mean_differences(pairs: Pairs) -> Iterator[Difference]:
    """Measures that are means over questions: ranking and quotes, and shares answered."""
    values: dict[str, list[tuple[float, float]]] = {}
    for a, b in pairs:
        for name, value in a["measures"].items():
            values.setdefault(_public_name(name, a["kind"]), []).append(
                (value, b["measures"][name])
            )
    for name, found in values.items():
        before, after = np.asarray(found, dtype=float).T
        drawn = measure.resampled((after - before,), np.mean, measure.RESAMPLES)
        p = measure.chance(before, after, lambda v: v.mean(axis=-1), measure.RESAMPLES)
        yield _difference(name, len(found), (before.mean(), after.mean()), drawn, p)


def _public_name(name: str, kind: str) -> str:
    """A value's name as ``metrics.json`` has it."""
    if name == "answered":
        return f"answered_{kind}"
    return name if kind == "answerable" else f"followups.{name.rpartition('.')[2]}"


def _area_differences(pairs: Pairs) -> Iterator[Difference]:
    """Areas under the ROC curve, both evaluations resampled by the same questions."""
    confidences: dict[str, list[tuple[float, float]]] = {}
    for a, b in pairs:
        confidences.setdefault(a["kind"], []).append((a["confidence"], b["confidence"]))
    answerable = confidences.get("answerable", [])
    for kind in measure.ABSTENTION_KINDS:
        if not answerable or kind not in confidences:
            continue
        before, after = np.asarray([*answerable, *confidences[kind]], dtype=float).T
        split = len(answerable)

        def area(values: np.ndarray, split: int = split) -> Any:
            return measure.area(values[..., :split], values[..., split:])

        def gain(
            i: np.ndarray,
            j: np.ndarray,
            axis: int = -1,
            before: np.ndarray = before,
            after: np.ndarray = after,
        ) -> Any:
            return measure.area(after[i], after[j], axis) - measure.area(before[i], before[j], axis)

        rows = np.arange(len(before))
        drawn = measure.resampled((rows[:split], rows[split:]), gain, measure.AREA_RESAMPLES)
        p = measure.chance(before, after, area, measure.AREA_RESAMPLES)
        yield _difference(f"auroc_{kind}", len(before), (area(before), area(after)), drawn, p)


def _difference(
    name: str, questions: int, sides: tuple[float, float], drawn: np.ndarray, p: float
) -> Difference:
    tail = (1 - measure.CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    a, b = map(float, sides)
    return Difference(name, questions, a, b, b - a, float(low), float(high), p)


def _judged(differences: Sequence[Difference], alpha: float) -> Iterator[Difference]:
    """The differences with their verdict, after Holm's step-down correction."""
    significant: set[str] = set()
    for rank, difference in enumerate(sorted(differences, key=lambda d: d.p)):
        if difference.p > alpha / (len(differences) - rank):
            break
        significant.add(difference.name)
    for difference in differences:
        if difference.name not in significant:
            yield difference
            continue
        is_worse = (difference.difference > 0) == (difference.name in _WORSE_WHEN_MORE)
        yield dataclasses.replace(difference, verdict="worse" if is_worse else "better")


def _is_served(row: Mapping[str, Any]) -> bool:
    """Return whether the visitor is told right: the answer first, or that there is none."""
    is_answered = row["status"] == "answered"
    if row["kind"] in HAS_ANSWER:
        return is_answered and bool(row["right"])
    return not is_answered


def _changed(row: Mapping[str, Any]) -> Changed:
    return Changed(row["id"], row["kind"], row["question"])
