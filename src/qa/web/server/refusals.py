"""Which refused requests get a line in the log: the first few of a client in a minute."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

__all__ = ["RefusalLog"]

# How many refusals of a client are logged one by one in an interval; the rest in one line at its
# end. Enough to find out what a client does wrong, too few to fill a disk.
_LINES = 5
_INTERVAL_S = 60.0
# Clients told apart at a time; what is refused to more of them is summed up together.
_MOST_CLIENTS = 10_000
_OTHERS = "others"
_SUMMED = "more requests of one client were refused"

_log = logging.getLogger(__name__)


class RefusalLog:
    """Sums up what is refused to each client, so that a flood of requests is a few lines.

    Metrics count every request all the same. No line says which client it is about.
    """

    def __init__(self) -> None:
        self._lines: Counter[str] = Counter()
        self._summed: dict[str, Counter[int]] = {}

    def is_logged(self, client: str, status: int) -> bool:
        """Say whether a refusal is logged by itself; otherwise it is summed up."""
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
        """Log all that is summed up so far."""
        for client in [*self._lines]:
            self._sum_up(client)

    def _sum_up(self, client: str) -> None:
        """Log what was refused to a client beyond the lines it had, and begin anew."""
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
