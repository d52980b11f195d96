"""What day it is for expiring what is kept: a clock that is wrong for a while deletes nothing."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

__all__ = ["ExpiryClock"]

# The share of the time that things are kept by which the expiry clock may move in an hour. A
# system clock that jumps ahead has to stay wrong for ten hours before anything recent expires; a
# server that was stopped for all that time catches up in ten hours.
_SHARE_PER_HOUR = 0.1


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
