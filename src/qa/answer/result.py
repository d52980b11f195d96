"""The result of a search, from which an answer is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qa.answer.lookup import NO_LOOKUP, Lookup
from qa.answer.question import ParsedQuestion
from qa.answer.rescoring import Rescored
from qa.records import Hit

__all__ = ["Result"]


@dataclass(frozen=True, slots=True)
class Result:
    """A question as it was searched for, and all its hits, best first.

    ``is_joined`` says that it was joined with the question before, which rerankers do not know.
    ``lookup`` are passages asked for by number or name, which need no reranker; ``rescored`` are
    the hits that it rescored, by row.
    """

    question: ParsedQuestion
    hits: list[Hit]
    is_joined: bool = False
    lookup: Lookup = NO_LOOKUP
    rescored: Mapping[int, Rescored] = field(default_factory=dict)

    @property
    def is_answered(self) -> bool:
        """Tell if the first hit is an answer."""
        return bool(self.hits) and self.hits[0].is_answer

    @property
    def confidence(self) -> float:
        """The confidence of the first hit; 0 without one."""
        return self.hits[0].confidence if self.hits else 0.0
