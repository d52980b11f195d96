"""Clocks for expiry: a wrong system clock deletes nothing at once."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

__all__ = ["AHEAD", "ExpiryClock", "StampClock"]

# The share of the retention time by which the expiry clock may move in an hour. A system clock that
# jumps ahead has to stay wrong for ten hours before anything recent expires; a server that was
# stopped for all that time catches up in ten hours.
_SHARE_PER_HOUR = 0.1
# A time further ahead is wrong: clocks of servers that share a database differ by less.
AHEAD = timedelta(days=1)
# After so many seconds the system clock is trusted against earlier times: if it was wrong when the
# machine started, it has been set by then.
_SETTLED_S = 36_000


class StampClock:
    """The system's time, unless it fell back by more than a day in the last ten hours.

    Rows dated by a clock that is behind would expire as soon as it is set.
    """

    def __init__(self, system: datetime) -> None:
        self._start = system, time.monotonic()
        self._opened_at = time.monotonic()
        self._fell_at: float | None = None

    @property
    def is_settled(self) -> bool:
        """True once it has run for so long that the system's clock must have been set."""
        return time.monotonic() - self._opened_at > _SETTLED_S

    def now(self, system: datetime) -> datetime:
        """Return the time to date a row with, while the system's clock says ``system``."""
        start, started_at = self._start
        read_at = time.monotonic()
        expected = start + timedelta(seconds=read_at - started_at)
        if system >= expected - AHEAD:
            self._fell_at = None
            return system
        if self._fell_at is None:
            self._fell_at = read_at
        if read_at - self._fell_at <= _SETTLED_S:
            return expected
        self._start = system, read_at
        return system


class ExpiryClock:
    """A clock that follows the system's at a limited speed.

    Between two readings it moves, forward or back, by at most a tenth of the retention time per
    hour that passed by the monotonic clock. So a jump of the system's clock has an effect only as
    far as it lasts.
    """

    def __init__(self, kept: timedelta, start: datetime) -> None:
        self._speed = kept * _SHARE_PER_HOUR / timedelta(hours=1)
        self._now = start
        self._read_at = time.monotonic()

    def now(self, system: datetime) -> datetime:
        """Return the time to expire by, while the system's clock says ``system``."""
        read_at = time.monotonic()
        reach = timedelta(seconds=self._speed * (read_at - self._read_at))
        self._read_at = read_at
        self._now = min(max(system, self._now - reach), self._now + reach)
        return self._now

    def catch_up(self, system: datetime) -> None:
        """Move to the system's time at once; for when that makes nothing expire."""
        self._now = system
