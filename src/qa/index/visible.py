"""Which rows a search may find, and why only those."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Visible"]


@dataclass(frozen=True, slots=True)
class Visible:
    """Which rows may be found.

    ``rows`` is a bool for each row of what is searched. The rest says the same of the passages
    they are of, for an engine that is told conditions: the first and last ordinal of the date,
    the number of the section, passages that are hidden whatever else they are, and, if not None,
    the passages that alone may be found.
    """

    rows: np.ndarray
    since: int | None = None
    until: int | None = None
    section: int | None = None
    hidden: tuple[int, ...] = ()
    only: tuple[int, ...] | None = None

    @classmethod
    def but(cls, hidden: np.ndarray) -> Visible:
        """All passages but the hidden ones, given as a bool per passage."""
        return cls(~hidden, hidden=tuple(np.flatnonzero(hidden).tolist()))

    def spread(self, counts: np.ndarray) -> Visible:
        """The same of rows that belong to passages, so many to each, one after the other."""
        return replace(self, rows=np.repeat(self.rows, counts))

    def at(self, passages: np.ndarray) -> Visible:
        """The same of rows that belong to these passages, one to each."""
        return replace(self, rows=self.rows[passages])
