"""The time to keep things under and to expire them by: a wrong clock loses nothing at once."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

__all__ = ["AHEAD", "ExpiryClock", "StampClock"]

# The share of the time that things are kept by which the expiry clock may move in an hour. A
# system clock that jumps ahead has to stay wrong for ten hours before anything recent expires; a
# server that was stopped for all that time catches up in ten hours.
_SHARE_PER_HOUR = 0.1
# A time further ahead is wrong: the clocks of servers that share a database differ by less.
AHEAD = timedelta(days=1)
# After so many seconds a clock is believed against what was known before: if it was wrong when
# the machine started, it has been set by then.
_SETTLED_S = 36_000


class StampClock:
    """The system's time, unless it fell back by more than a day in the last ten hours.

    Things dated by a clock that is behind would expire as soon as it is set.
    """

    def __init__(self, system: datetime) -> None:
        self._start = system, time.monotonic()
        self._opened_at = time.monotonic()
        self._fell_at: float | None = None

    @property
    def is_settled(self) -> bool:
        """Say whether it has run for so long that the system's clock must have been set."""
        return time.monotonic() - self._opened_at > _SETTLED_S

    def now(self, system: datetime) -> datetime:
        """The time to keep something under, where the system's clock says ``system``."""
        start, started_at = self._start
        read_at = time.monotonic()
        reckoned = start + timedelta(seconds=read_at - started_at)
        if system >= reckoned - AHEAD:
            self._fell_at = None
            return system
        if self._fell_at is None:
            self._fell_at = read_at
        if read_at - self._fell_at <= _SETTLED_S:
            return reckoned
        self._start = system, read_at
        return system


class ExpiryClock:
    """The system's time, followed at a bounded speed.

    Between two readings it moves, forward or back, by at most a tenth of the time that things
    are kept per hour that really passed. So a jump of the system's clock shows only as far as it
    lasts. Real time is measured by the monotonic clock, which cannot jump.
    """

    def __init__(self, kept: timedelta, start: datetime) -> None:
        self._speed = kept * _SHARE_PER_HOUR / timedelta(hours=1)
        self._now = start
        self._read_at = time.monotonic()

    def now(self, system: datetime) -> datetime:
        """The time to expire by, where the system's clock says ``system``."""
        read_at = time.monotonic()
        reach = timedelta(seconds=self._speed * (read_at - self._read_at))
        self._read_at = read_at
        self._now = min(max(system, self._now - reach), self._now + reach)
        return self._now

    def catch_up(self, system: datetime) -> None:
        """Agree with the system's clock at once, where that makes nothing expire."""
        self._now = system
