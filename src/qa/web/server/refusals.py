"""A log of refusals that a flood of requests cannot fill."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

__all__ = ["RefusalLog"]

# Refusals of a client that are logged one by one in an interval; one line at its end sums up the
# rest. Enough to diagnose a client, too few to fill a disk.
_LINES = 5
_INTERVAL_S = 60.0
# Clients counted apart at a time; refusals of any more are summed up together.
_MOST_CLIENTS = 10_000
_OTHERS = "others"
_SUMMED = "more requests of one client were refused"

_log = logging.getLogger(__name__)


class RefusalLog:
    """Logs the first refusals of each client, and the number of the others.

    Metrics count every request. No line names a client.
    """

    def __init__(self) -> None:
        self._lines: Counter[str] = Counter()
        self._summed: dict[str, Counter[int]] = {}

    def is_logged(self, client: str, status: int) -> bool:
        """Count a refusal; return whether to log it by itself rather than in the sum."""
        if client not in self._lines:
            if len(self._lines) >= _MOST_CLIENTS:
                client = _OTHERS
            if client not in self._lines:
                asyncio.get_running_loop().call_later(_INTERVAL_S, self._sum_up, client)
        self._lines[client] += 1
        if self._lines[client] <= _LINES:
            return True
        self._summed.setdefault(client, Counter())[status] += 1
        return False

    def flush(self) -> None:
        """Log all sums so far."""
        for client in [*self._lines]:
            self._sum_up(client)

    def _sum_up(self, client: str) -> None:
        """Log the sum of a client's further refusals, and start over."""
        self._lines.pop(client, None)
        statuses = self._summed.pop(client, None)
        if statuses:
            _log.info(
                _SUMMED,
                extra={
                    "count": statuses.total(),
                    "statuses": {str(status): n for status, n in sorted(statuses.items())},
                },
            )
