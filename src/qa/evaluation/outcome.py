"""The result of an evaluation: every question with its answer, and the measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qa.evaluation.datasets import JudgedQuestion
from qa.index.snapshot import Snapshot
from qa.records import Answer, Hit, Quote

__all__ = ["METRICS", "QUESTIONS", "Evaluation", "JudgedAnswer"]

# Files of a written evaluation that a comparison reads.
METRICS, QUESTIONS = "metrics.json", "questions.jsonl"


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """A judged question with its answer.

    ``documents`` are all documents with a hit and the score of their best one, best first,
    strictly falling. ``quote_ranks`` has, for each gold quote, the rank (from 1) of the first
    passage that holds at least half of it, or None. ``is_highlighted`` is true if the sentences
    ``marked`` in the first passage hold at least half of a gold quote.
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
        """The rank of the first passage that holds a gold quote, or None."""
        return min((rank for rank in self.quote_ranks if rank), default=None)

    @property
    def document_ranks(self) -> dict[str, int]:
        """The rank of each document, from 1."""
        return {document: rank for rank, (document, _) in enumerate(self.documents, 1)}

    @property
    def is_right(self) -> bool:
        """Return whether the record has an answer and the first passage or document holds it."""
        if self.question.gold:
            return self.quote_rank == 1
        return bool(self.documents) and self.documents[0][0] in self.question.relevant


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A judged set with its answers and measures.

    ``metrics`` is the content of ``metrics.json``; ``values`` holds the measures by name and
    question, of which ``metrics`` has the means.
    """

    metrics: dict[str, Any]
    settings: dict[str, Any]
    answers: tuple[JudgedAnswer, ...]
    values: dict[str, dict[str, float]]
    left_out: tuple[str, ...]
    snapshot: Snapshot
