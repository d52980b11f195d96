"""How much each client may ask; the only user of limits."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import time
from collections import Counter

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from qa.settings import Settings

__all__ = ["Limits", "is_within"]

# An IPv6 client has a network of this prefix, and could change its address within it at will.
_IPV6_PREFIX = 64


class Limits:
    """Counts requests and questions by client, in this process's memory.

    A client is an address, or the holder of a key. Counting is by a sliding window of a minute.
    """

    def __init__(self, settings: Settings) -> None:
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute, namespace="request")
        self._questions = RateLimitItemPerMinute(
            settings.questions_per_minute, namespace="question"
        )
        self._keyed = RateLimitItemPerMinute(settings.keyed_questions_per_minute, namespace="keyed")
        self._keys = settings.api_keys
        self._most_open = settings.max_connections_per_client
        self._open: Counter[str] = Counter()

    def key(self, authorization: str | None) -> str | None:
        """The hash of the key in an Authorization header, where it is one of those set."""
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = hashlib.sha256(secret.strip().encode()).hexdigest()
        return found if any(hmac.compare_digest(found, key) for key in self._keys) else None

    async def request(self, address: str) -> int | None:
        """Count a request of any kind; seconds to wait where it is one too many."""
        return await self._spent(self._requests, network(address), 1)

    async def questions(self, address: str, key: str | None, number: int = 1) -> int | None:
        """Count so many questions; seconds to wait where they are too many."""
        limit, client = (self._keyed, key) if key else (self._questions, network(address))
        return await self._spent(limit, client, number)

    def enter(self, address: str) -> bool:
        """Count a request as open; whether its client may have one more."""
        client = network(address)
        self._open[client] += 1
        return self._open[client] <= self._most_open

    def leave(self, address: str) -> None:
        """Count a request as open no more."""
        client = network(address)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    async def _spent(self, limit: RateLimitItemPerMinute, client: str, cost: int) -> int | None:
        if await self._counter.hit(limit, client, cost=cost):
            return None
        stats = await self._counter.get_window_stats(limit, client)
        return max(1, math.ceil(stats.reset_time - time.time()))


def network(address: str) -> str:
    """The address as one client has it: an IPv6 address by its network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - IPv4
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _IPV6_PREFIX), strict=False))


def is_within(
    address: str, networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
) -> bool:
    """Whether an address lies in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
