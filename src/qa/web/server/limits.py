"""How much each client may ask; the only user of limits."""

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

from qa.errors import SettingsError
from qa.settings import Settings
from qa.web.server.metrics import Metrics

__all__ = ["Limits", "OpenCounts", "is_within", "network"]

# An IPv6 client has a network of this prefix, and could change its address within it at will.
_IPV6_PREFIX = 64
# Longest to wait for one reply of Redis, and for all it is asked for one request, in seconds. A
# Redis nearby needs a thousandth of it; a visitor hardly notices.
_REPLY_S = 0.25
_COUNTING_S = 0.5
# Redis that was away is tried again after so many seconds, by one request.
_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


class OpenCounts:
    """How much each client has open, of requests or of connections."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more; say whether its client may have it. It counts until it leaves."""
        client = network(address)
        self._open[client] += 1
        return self._open[client] <= self._most

    def leave(self, address: str) -> None:
        """Count one less."""
        client = network(address)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]


class Limits:
    """Counts requests and questions by client, and open requests.

    A client is an address, or the holder of a key. Requests and questions are counted by a
    sliding window of a minute: in the Redis of ``limits_storage`` where that is set, together
    with every server of the same record, otherwise in this process's memory. While Redis cannot
    be reached, they are counted in this process's memory too, so that visitors are answered.
    Open requests are this process's alone.
    """

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        """``metrics`` are told whether Redis can be reached.

        Raises:
            SettingsError: a package that Redis needs is missing, or its address cannot be used.
        """
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = _Shared(settings, metrics or Metrics()) if settings.limits_storage else None
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute, namespace="request")
        self._questions = RateLimitItemPerMinute(
            settings.questions_per_minute, namespace="question"
        )
        self._keyed = RateLimitItemPerMinute(settings.keyed_questions_per_minute, namespace="keyed")
        self._keys = settings.api_keys
        self._open = OpenCounts(settings.max_connections_per_client)

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
        return self._open.enter(address)

    def leave(self, address: str) -> None:
        """Count a request as open no more."""
        self._open.leave(address)

    async def _spent(self, limit: RateLimitItemPerMinute, client: str, cost: int) -> int | None:
        if self._shared and self._shared.is_due():
            try:
                async with asyncio.timeout(_COUNTING_S):
                    wait_s = await _counted(self._shared.counter, limit, client, cost)
            except (StorageError, OSError) as error:
                self._shared.failed(error)
            else:
                self._shared.worked()
                return wait_s
        return await _counted(self._own, limit, client, cost)


class _Shared:
    """The counts that several servers share, and whether they can be reached."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.counter = SlidingWindowCounterRateLimiter(_redis(settings))
        self._alone = metrics.limits_alone
        self._is_away = False
        self._not_before = 0.0

    def is_due(self) -> bool:
        """Tell if to count here: always while it can be reached, now and then while it cannot."""
        now = time.monotonic()
        if now < self._not_before:
            return False
        if self._is_away:
            self._not_before = now + _PAUSE_S
        return True

    def failed(self, error: Exception) -> None:
        """It cannot be reached; told once, until it is back."""
        self._not_before = time.monotonic() + _PAUSE_S
        if not self._is_away:
            self._is_away = True
            self._alone.set(1)
            why = str(error) or "no reply in time"
            _log.error("limits_storage cannot be used, each server counts alone: %s", why)

    def worked(self) -> None:
        """It can be reached."""
        if self._is_away:
            self._is_away = False
            self._not_before = 0.0
            self._alone.set(0)
            _log.warning("limits_storage is used again: the servers count together")


def _redis(settings: Settings) -> Storage:
    """Where the servers of one record count together; nothing is connected yet.

    Keys begin with what tells records apart in one Redis: a hash of the public address, or of
    the title where there is none.

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
    except ConfigurationError:  # what it says may hold the password
        raise SettingsError(
            'limits_storage cannot be used: run "pip install press-qa[cluster]" if that is not '
            "done, and look at its address."
        ) from None
    except ValueError:  # likewise
        raise SettingsError("limits_storage is no address that Redis is reached by.") from None
    return cast(Storage, storage)


async def _counted(
    counter: SlidingWindowCounterRateLimiter,
    limit: RateLimitItemPerMinute,
    client: str,
    cost: int,
) -> int | None:
    """Count so much; seconds to wait where it is too much."""
    if await counter.hit(limit, client, cost=cost):
        return None
    stats = await counter.get_window_stats(limit, client)
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
    """Return whether an address lies in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
