"""The interface of a search, and the passages that its features are computed for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible

__all__ = ["Candidates", "Search", "ranges"]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages by their rows, ascending, and the questions that they answer.

    The passage at place ``owners[i]`` of ``rows`` answers the question of row ``questions[i]``.
    """

    rows: np.ndarray
    questions: np.ndarray
    owners: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def greatest(self, values: np.ndarray) -> np.ndarray:
        """Return the greatest value of each passage's questions, at least 0; 0 without one."""
        greatest = np.zeros(len(self.rows))
        np.maximum.at(greatest, self.owners, values)
        return greatest

    def any(self, values: np.ndarray) -> np.ndarray:
        """Tell of each passage if the value of one of its questions is true."""
        is_true = np.zeros(len(self.rows), dtype=bool)
        is_true[self.owners[values]] = True
        return is_true


class Search(Protocol):
    """One way to find candidates for a question in a snapshot.

    ``name`` is that in the setting ``searches``, ``summary`` a line for people. ``features`` says
    what each feature is that the search supplies: one number per candidate, where higher is
    better, 0 while the search is off. A feature of two searches is the greater of the two.
    ``uses_vector`` says that it needs the question's vector; it is not asked without one.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    features: ClassVar[dict[str, str]]
    uses_vector: ClassVar[bool]

    def __init__(self, snapshot: Snapshot) -> None: ...

    def nearest(self, question: ParsedQuestion, k: int, visible: Visible | None) -> np.ndarray:
        """Return the rows of the ``k`` best ``visible`` passages, in any order, questions too."""

    def columns(self, question: ParsedQuestion, candidates: Candidates) -> dict[str, np.ndarray]:
        """Return the ``features`` of the candidates; float64, shape (candidates,)."""


def ranges(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers from each start to its end in one array, and where each range begins."""
    counts = ends - starts
    firsts = np.cumsum(counts) - counts
    index: np.ndarray = np.arange(int(counts.sum())) + np.repeat(starts - firsts, counts)
    return index, firsts
