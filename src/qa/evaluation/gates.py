"""Gates: the measures that a release has to reach."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa.errors import SettingsError
from qa.evaluation.measure import ABSTENTION_KINDS, QUOTES, RANKING

__all__ = ["Gate", "missed", "parse"]

# A bare name means the first of these blocks that measures it; "followups" has to be named.
_BLOCKS: dict[str, tuple[str, ...]] = {
    "quotes": QUOTES,
    "ranking": RANKING,
    "abstention": (
        *(f"auroc_{kind}" for kind in ABSTENTION_KINDS),
        *(f"answered_{kind}" for kind in ("answerable", *ABSTENTION_KINDS)),
    ),
    "followups": QUOTES,
    "latency_ms": ("p50", "p95", "p99"),
}
_GATE = re.compile(r"(?P<name>[\w@.]+)\s*(?P<sign><=|>=|=)\s*(?P<limit>\d*\.?\d+)")


@dataclass(frozen=True, slots=True)
class Gate:
    """A measure and its limit, a floor or a ceiling; ``block`` is empty for a bare name."""

    block: str
    name: str
    limit: float
    is_ceiling: bool


def parse(text: str) -> list[Gate]:
    """Parse gates such as ``"nDCG@10=0.70,answered_near_scope<=0.10"``; "=" means ">=".

    Raises:
        SettingsError: a gate has another form, or names no measure.
    """
    gates = []
    for part in text.split(","):
        match = _GATE.fullmatch(part.strip())
        if not match:
            raise SettingsError(
                f"--fail-under: {part.strip()!r} is not a gate; expected a measure, one of = >= "
                '<=, and a number, as in "nDCG@10=0.70".'
            )
        block, _, name = match["name"].rpartition(".")
        if not any(name in names for b, names in _BLOCKS.items() if block in ("", b)):
            known = ", ".join(f"{b}.{n}" for b, names in _BLOCKS.items() for n in names)
            raise SettingsError(
                f"--fail-under: {match['name']!r} is not a measure; known: {known}."
            )
        gates.append(Gate(block, name, float(match["limit"]), match["sign"] == "<="))
    return gates


def missed(gates: Sequence[Gate], metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for every gate that is missed: the value, and the limit."""
    for gate in gates:
        blocks = [gate.block] if gate.block else [b for b in _BLOCKS if b != "followups"]
        block, value = next(
            (
                (block, value)
                for block in blocks
                for value in [_value(metrics, block, gate.name)]
                if value is not None
            ),
            (gate.block, None),
        )
        name = f"{block}.{gate.name}" if block else gate.name
        sign = "at most" if gate.is_ceiling else "at least"
        if value is None:
            yield f"{name} is not measured by this set, the gate is {sign} {gate.limit:g}."
        elif not _holds(gate, value):
            yield f"{name} is {value:.6f}, the gate is {sign} {gate.limit:g}."


def _value(metrics: Mapping[str, Any], block: str, name: str) -> float | None:
    value = metrics[block].get(name)
    if isinstance(value, dict):
        value = value["mean"]
    return None if value is None else float(value)


def _holds(gate: Gate, value: float) -> bool:
    # A mean of 7 in 10 may come out as 0.7000000000000001 or 0.6999999999999999.
    is_equal = math.isclose(value, gate.limit, rel_tol=1e-12)
    return is_equal or (value < gate.limit if gate.is_ceiling else value > gate.limit)
