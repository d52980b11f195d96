"""Filters: the rows that a search may find."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Visible"]


@dataclass(frozen=True, slots=True)
class Visible:
    """The rows that may be found.

    ``rows`` is a bool for each row of the index. The rest are the conditions behind it, for an
    engine that filters by itself: the first and last ordinal of the passage's date, the number
    of its section, passages that are hidden whatever else they are, and, if not None, the only
    passages that may be found.
    """

    rows: np.ndarray
    since: int | None = None
    until: int | None = None
    section: int | None = None
    hidden: tuple[int, ...] = ()
    only: tuple[int, ...] | None = None

    @property
    def count(self) -> int:
        """The number of rows that may be found."""
        return int(np.count_nonzero(self.rows))

    def spread(self, counts: np.ndarray) -> Visible:
        """Return the same for rows of which each passage has so many, one after the other."""
        return replace(self, rows=np.repeat(self.rows, counts))

    def at(self, passages: np.ndarray) -> Visible:
        """Return the same for rows that belong to these passages, one to each."""
        return replace(self, rows=self.rows[passages])
