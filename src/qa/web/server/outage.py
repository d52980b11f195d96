"""Failures that last, logged without repetition."""

from __future__ import annotations

import logging
from collections.abc import Callable

__all__ = ["Outage"]


class Outage:
    """A failure that lasts, logged when it begins and when it ends."""

    def __init__(
        self,
        log: logging.Logger,
        begins: str,
        ends: str,
        set_gauge: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Log ``begins``, which has a place for the cause, and ``ends``; the gauge is 0 or 1."""
        self._log = log
        self._begins = begins
        self._ends = ends
        self._set_gauge = set_gauge
        self._cause: str | None = None

    def __bool__(self) -> bool:
        return self._cause is not None

    def note(self, cause: str | None, *, is_new_cause_logged: bool = False) -> None:
        """Note that it fails by ``cause``, or that it works (None)."""
        before, self._cause = self._cause, cause
        self._set_gauge(cause is not None)
        is_new = before is None or (is_new_cause_logged and cause != before)
        if cause is not None and is_new:
            self._log.error(self._begins, cause)
        elif cause is None and before is not None:
            self._log.warning(self._ends)
