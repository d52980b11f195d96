"""Two evaluations of one set side by side: the changes, and which are significant."""

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
from qa.evaluation.outcome import METRICS, QUESTIONS

__all__ = ["ALPHA", "Changed", "Comparison", "Difference", "compare"]

# The probability of calling any measure worse where nothing changed but luck.
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure of A and of B, and B minus A with its 95 % paired-bootstrap interval.

    ``p`` is the probability of such a difference by luck (``measure.chance``). ``verdict`` is
    "better" or "worse" where that is significant, corrected for the number of measures
    (Holm 1979), else "same".
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
    """A question that only one of the two evaluations serves well."""

    id: str
    kind: str
    question: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes from A to B.

    ``won`` are the questions that B serves well and A does not, ``lost`` the reverse. A question
    is served well if its answer is cited first, or if it has none and none is given.
    """

    a: str
    b: str
    differences: tuple[Difference, ...]
    won: tuple[Changed, ...]
    lost: tuple[Changed, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """The names of the measures in which B is significantly worse."""
        return tuple(d.name for d in self.differences if d.verdict == "worse")


def compare(
    a: Path | str, b: Path | str, *, measures: Sequence[str] = (), alpha: float = ALPHA
) -> Comparison:
    """Compare two folders that ``qa eval -o`` wrote, question by question.

    ``measures`` names those to compare (all, if empty): the fewer there are, the smaller the
    changes that are significant.

    Raises:
        EvaluationError: a folder holds no evaluation, the two are of different questions, or a
            measure is unknown.
    """
    rows_a, rows_b = _rows(Path(a)), _rows(Path(b))
    _check_same_questions(Path(a), rows_a, Path(b), rows_b)
    pairs = [*zip(rows_a, rows_b, strict=True)]
    differences = {d.name: d for d in (*_mean_differences(pairs), *_area_differences(pairs))}
    unknown = [name for name in measures if name not in differences]
    if unknown:
        raise EvaluationError(
            f"{', '.join(unknown)}: not measured by these evaluations; they measure "
            f"{', '.join(differences)}."
        )
    chosen = [differences[name] for name in measures] or [*differences.values()]
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
            _expected(row)
            _check_results(row)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f'{folder} holds no complete evaluation ({error}): run "qa eval SET -o {folder}".'
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
        if _expected(row) != _expected(other):
            raise EvaluationError(
                f"Question {row['id']!r} is not the same in {a} and {b} (its words, kind, place or "
                "expected answer): compare evaluations of one set."
            )


def _expected(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the question and its expected answer, without the results."""
    relevant = [(item["document"], item["grade"]) for item in row["relevant"]]
    gold = [(item["document"], item["quote"]) for item in row["gold"]]
    question = (row["id"], row["kind"], row["question"], row["previous"])
    return (*question, relevant, gold, sorted(row["measures"]))


def _check_results(row: Mapping[str, Any]) -> None:
    """Raise KeyError or TypeError if the row lacks results that a comparison reads."""
    row["status"], row["right"], row["confidence"] + 0


Pairs = Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]


def _mean_differences(pairs: Pairs) -> Iterator[Difference]:
    """Yield the measures that are means over questions: ranking, quotes, shares answered."""
    values: dict[str, list[tuple[float, float]]] = {}
    for a, b in pairs:
        for name, value in a["measures"].items():
            values.setdefault(_public_name(name, a["kind"]), []).append(
                (value, b["measures"][name])
            )
    for name, pair in values.items():
        before, after = np.asarray(pair, dtype=float).T
        drawn = measure.resampled((after - before,), np.mean, measure.RESAMPLES)
        p = measure.chance(before, after, lambda v: v.mean(axis=-1), measure.RESAMPLES)
        yield _difference(name, len(pair), (before.mean(), after.mean()), drawn, p)


def _public_name(name: str, kind: str) -> str:
    """Return the name of a measure in ``metrics.json``."""
    if name == "answered":
        return f"answered_{kind}"
    return name if kind == "answerable" else f"followups.{name.rpartition('.')[2]}"


def _area_differences(pairs: Pairs) -> Iterator[Difference]:
    """Yield the areas under the ROC curve; both evaluations are resampled alike."""
    confidences: dict[str, list[tuple[float, float]]] = {}
    for a, b in pairs:
        confidences.setdefault(a["kind"], []).append((a["confidence"], b["confidence"]))
    for kind in measure.ABSTENTION_KINDS:
        if "answerable" in confidences and kind in confidences:
            yield _area_difference(kind, confidences["answerable"], confidences[kind])


def _area_difference(
    kind: str, answerable: list[tuple[float, float]], others: list[tuple[float, float]]
) -> Difference:
    before, after = np.asarray([*answerable, *others], dtype=float).T
    split = len(answerable)

    def area(values: np.ndarray) -> Any:
        return measure.area(values[..., :split], values[..., split:])

    def gain(i: np.ndarray, j: np.ndarray, axis: int = -1) -> Any:
        return measure.area(after[i], after[j], axis) - measure.area(before[i], before[j], axis)

    rows = np.arange(len(before))
    drawn = measure.resampled((rows[:split], rows[split:]), gain, measure.AREA_RESAMPLES)
    p = measure.chance(before, after, area, measure.AREA_RESAMPLES)
    return _difference(f"auroc_{kind}", len(before), (area(before), area(after)), drawn, p)


def _difference(
    name: str, questions: int, sides: tuple[float, float], drawn: np.ndarray, p: float
) -> Difference:
    tail = (1 - measure.CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    a, b = map(float, sides)
    return Difference(name, questions, a, b, b - a, float(low), float(high), p)


def _judged(differences: Sequence[Difference], alpha: float) -> Iterator[Difference]:
    """Yield the differences with their verdict, after Holm's step-down correction."""
    significant: set[str] = set()
    for rank, difference in enumerate(sorted(differences, key=lambda d: d.p)):
        if difference.p > alpha / (len(differences) - rank):
            break
        significant.add(difference.name)
    for difference in differences:
        if difference.name not in significant:
            yield difference
            continue
        is_worse = (difference.difference > 0) == (difference.name in measure.LESS_IS_BETTER)
        yield dataclasses.replace(difference, verdict="worse" if is_worse else "better")


def _is_served(row: Mapping[str, Any]) -> bool:
    """Return whether the answer is cited first, or if there is none and none is given."""
    is_answered = row["status"] == "answered"
    if row["kind"] in HAS_ANSWER:
        return is_answered and bool(row["right"])
    return not is_answered


def _changed(row: Mapping[str, Any]) -> Changed:
    return Changed(row["id"], row["kind"], row["question"])
