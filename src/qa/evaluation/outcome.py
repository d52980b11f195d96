"""What an evaluation gives: every question with what came back, and the figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qa.evaluation.datasets import JudgedQuestion
from qa.index.snapshot import Snapshot
from qa.records import Answer, Hit, Quote

__all__ = ["Evaluation", "JudgedAnswer"]


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One question with what came back.

    ``documents`` are all that were found with the score of their best passage, best first,
    strictly falling. ``quote_ranks`` has, for each gold quote, the rank (from 1) of the first
    passage that holds at least half of it, None where none does. ``is_highlighted`` says
    whether the sentences marked in the first passage hold at least half of a gold quote.
    """

    question: JudgedQuestion
    answer: Answer
    hits: tuple[Hit, ...]
    marked: tuple[Quote, ...]
    documents: tuple[tuple[str, float], ...]
    quote_ranks: tuple[int | None, ...]
    is_highlighted: bool

    @property
    def quote_rank(self) -> int | None:
        """The rank of the first passage that holds a gold quote."""
        return min((rank for rank in self.quote_ranks if rank), default=None)

    @property
    def is_right(self) -> bool:
        """Return whether the record has an answer and the first thing found holds it."""
        if self.question.gold:
            return self.quote_rank == 1
        return bool(self.documents) and self.documents[0][0] in self.question.relevant


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A judged set, asked and measured.

    ``metrics`` is what stands in ``metrics.json``; ``values`` has the measures by name and
    question, over which ``metrics`` gives the means.
    """

    metrics: dict[str, Any]
    settings: dict[str, Any]
    asked: tuple[JudgedAnswer, ...]
    values: dict[str, dict[str, float]]
    left_out: tuple[str, ...]
    snapshot: Snapshot
