"""Rate limits and connection limits per client; the only user of limits."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import math
import time
from collections import Counter
from typing import cast

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from starlette.types import Scope

from qa.errors import SettingsError
from qa.settings import Settings
from qa.web.server.metrics import Metrics
from qa.web.server.outage import Outage

__all__ = ["Limits", "OpenCounts", "address_of", "is_within", "network"]

# An IPv6 client controls a network of this prefix and may use any address in it.
_IPV6_PREFIX = 64
# Timeouts of one reply of Redis, and of all its replies for one request, in seconds. A Redis nearby
# needs a thousandth of it; a visitor hardly notices.
_REPLY_S = 0.25
_COUNTING_S = 0.5
# An unreachable Redis is tried again after so many seconds, by one request.
_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


class OpenCounts:
    """Open requests or connections per client."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more; return whether its client may have it. It counts until ``leave``."""
        client = network(address)
        self._open[client] += 1
        return self._open[client] <= self._most

    def leave(self, address: str) -> None:
        """Count one less of its client."""
        client = network(address)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]


class Limits:
    """Rate limits of requests and questions per client; ``open`` counts open requests.

    A client is an address, or the holder of a key. A sliding window of a minute counts: in the
    Redis of ``limits_storage`` if set, together with every server of the same record, otherwise
    in this process. While Redis cannot be reached, this process counts alone. Open requests are
    always counted per process.
    """

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        """Count in Redis if the settings say so; ``metrics`` show whether it can be reached.

        Raises:
            SettingsError: a package that Redis needs is missing, or its address cannot be used.
        """
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = (
            _SharedCounts(settings, metrics or Metrics()) if settings.limits_storage else None
        )
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute, namespace="request")
        self._questions = RateLimitItemPerMinute(
            settings.questions_per_minute, namespace="question"
        )
        self._keyed = RateLimitItemPerMinute(settings.keyed_questions_per_minute, namespace="keyed")
        self._keys = settings.api_keys
        self.open = OpenCounts(settings.max_connections_per_client)

    def key(self, authorization: str | None) -> str | None:
        """Return the hash of the key in an Authorization header if it is one of those set."""
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = hashlib.sha256(secret.strip().encode()).hexdigest()
        return digest if any(hmac.compare_digest(digest, key) for key in self._keys) else None

    async def request(self, address: str) -> int | None:
        """Count a request; return the seconds to wait if it is one too many."""
        return await self._count(self._requests, network(address), 1)

    async def questions(self, address: str, key: str | None, number: int = 1) -> int | None:
        """Count ``number`` questions; return the seconds to wait if they are too many."""
        limit, client = (self._keyed, key) if key else (self._questions, network(address))
        return await self._count(limit, client, number)

    async def _count(self, limit: RateLimitItemPerMinute, client: str, cost: int) -> int | None:
        if self._shared and self._shared.is_due():
            try:
                async with asyncio.timeout(_COUNTING_S):
                    wait_s = await _hit(self._shared.counter, limit, client, cost)
            except (StorageError, OSError) as error:
                self._shared.failed(error)
            else:
                self._shared.worked()
                return wait_s
        return await _hit(self._own, limit, client, cost)


class _SharedCounts:
    """Counts in Redis, shared by several servers, and whether Redis can be reached."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.counter = SlidingWindowCounterRateLimiter(_redis(settings))
        self._not_before = 0.0
        self._outage = Outage(
            _log,
            "limits_storage cannot be used, each server counts alone: %s",
            "limits_storage is used again: the servers count together",
            metrics.limits_alone.set,
        )

    def is_due(self) -> bool:
        """Return whether to try Redis: while it answers, and once per pause while it does not."""
        now = time.monotonic()
        if now < self._not_before:
            return False
        if self._outage:
            self._not_before = now + _PAUSE_S
        return True

    def failed(self, error: Exception) -> None:
        """Note that Redis cannot be reached."""
        self._not_before = time.monotonic() + _PAUSE_S
        self._outage.note(str(error) or "no reply in time")

    def worked(self) -> None:
        """Note that Redis can be reached."""
        if self._outage:
            self._not_before = 0.0
            self._outage.note(None)


def _redis(settings: Settings) -> Storage:
    """Return the storage where the servers of one record count together; it connects later.

    Keys begin with a hash of the public address, or else of the title, so that several records
    can share one Redis.

    Raises:
        SettingsError: a package is missing, or the address cannot be used.
    """
    url = settings.limits_storage.get_secret_value() if settings.limits_storage else ""
    record = hashlib.sha256((settings.public_url or settings.title).encode()).hexdigest()[:16]
    try:
        storage = storage_from_string(
            f"async+{url}",
            implementation="redispy",
            key_prefix=f"press-qa:{record}",
            wrap_exceptions=True,
            max_connections=settings.max_connections,
            socket_timeout=_REPLY_S,
            socket_connect_timeout=_REPLY_S,
        )
    except ConfigurationError:  # its text may hold the password
        raise SettingsError(
            'limits_storage cannot be used: run "pip install press-qa[cluster]" if that is not '
            "done, and look at its address."
        ) from None
    except ValueError:  # likewise
        raise SettingsError("limits_storage is no address that Redis is reached by.") from None
    return cast(Storage, storage)


async def _hit(
    counter: SlidingWindowCounterRateLimiter,
    limit: RateLimitItemPerMinute,
    client: str,
    cost: int,
) -> int | None:
    """Count ``cost``; return the seconds to wait if that is too much."""
    if await counter.hit(limit, client, cost=cost):
        return None
    stats = await counter.get_window_stats(limit, client)
    return max(1, math.ceil(stats.reset_time - time.time()))


def address_of(scope: Scope) -> str:
    """Return the address of the client, or nothing if the server has none."""
    return scope["client"][0] if scope.get("client") else ""


def network(address: str) -> str:
    """Return the client of an address: the network of an IPv6 address, else the address."""
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
    """Return whether an address is in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
