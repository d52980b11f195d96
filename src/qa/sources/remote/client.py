"""Polite HTTP requests: to one host after a delay, retried while it is busy, bounded in all.

A request takes no more bytes or time than the policy allows. A body counts only when it is whole
(``content_coding.py``).
"""

from __future__ import annotations

import datetime
import email.utils
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpcore
import httpx
import tenacity

from qa import __version__
from qa.errors import SourceError, UnreachableError
from qa.sources.remote.addresses import CheckedBackend
from qa.sources.remote.content_coding import ACCEPTED, unpacked

__all__ = ["ROBOT", "Client", "FetchPolicy", "Response"]

# The product token that robots.txt names.
ROBOT = "press-qa"
_ACCEPT = "text/html, application/xhtml+xml, application/pdf, application/xml, text/*, */*;q=0.5"
_REDIRECTS = (301, 302, 303, 307, 308)
_BUSY = 429
_ATTEMPTS = 4
# A longer wait is left to another run.
_LONGEST_WAIT_S = 300.0
_WAIT_DIGITS = 9
# After as many failed requests in a row a host is left alone.
_MOST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """Limits and identity of requests; see the settings of the same names."""

    contact: str | None = None
    fetch_delay_s: float = 1.0
    fetch_timeout_s: float = 30.0
    max_source_bytes: int = 20_000_000
    max_redirects: int = 5
    allow_private: bool = False

    @property
    def user_agent(self) -> str:
        """The User-Agent header, with the contact."""
        contact = f" (+{self.contact})" if self.contact else ""
        return f"{ROBOT}/{__version__}{contact}"


@dataclass(frozen=True, slots=True)
class Response:
    """A server's answer; ``data`` is the unpacked body of a 200, else empty."""

    status: int
    headers: httpx.Headers
    data: bytes

    @property
    def location(self) -> str | None:
        """The target of a redirect; None for any other answer."""
        return self.headers.get("location") if self.status in _REDIRECTS else None


class _BusyError(UnreachableError):
    """Worth another try, after ``wait_s`` where the server names it."""

    wait_s: float | None = None


class _NoResponseError(_BusyError):
    """The server could not be reached, or its answer is not HTTP."""


class Client:
    """Sends requests one after the other; remembers delays and failures of hosts."""

    def __init__(self, policy: FetchPolicy, sleep: Callable[[float], None] = time.sleep) -> None:
        self._policy = policy
        self._sleep = sleep
        self._backend = CheckedBackend(allow_private=policy.allow_private)
        self._pool = httpcore.ConnectionPool(network_backend=self._backend, max_connections=4)
        self._next_at: dict[str, float] = {}
        self._failures: Counter[str] = Counter()
        backoff = tenacity.wait_exponential(multiplier=policy.fetch_delay_s, max=_LONGEST_WAIT_S)
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_BusyError),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=lambda tried: _wait_s(tried, backoff(tried)),
            sleep=sleep,
            reraise=True,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def get(
        self,
        url: httpx.URL,
        headers: Mapping[str, str],
        *,
        crawl_delay_s: float | None = None,
        most: int | None = None,
    ) -> Response:
        """Return the server's answer; a busy one is asked again, after longer and longer waits.

        Only the first ``most`` bytes of the body are read, where given.

        Raises:
            UnreachableError: it cannot be had now.
            SourceError: the host may not be asked, or the body is too long or broken.
        """
        if self._failures[url.host] >= _MOST_FAILURES:
            raise UnreachableError(
                f"{url.host} could not be reached {_MOST_FAILURES} times in a row: what is left "
                "of it is for the next run."
            )
        delay_s = self._delay_s(url.host, crawl_delay_s)
        try:
            response: Response = self._retrying(self._request, url, headers, delay_s, most)
        except _NoResponseError:
            self._failures[url.host] += 1
            raise
        self._failures[url.host] = 0
        return response

    def _delay_s(self, host: str, crawl_delay_s: float | None) -> float:
        """Return the delay of the settings, or that of robots.txt if it is longer."""
        delay_s = max(self._policy.fetch_delay_s, crawl_delay_s or 0.0)
        if delay_s > _LONGEST_WAIT_S:
            raise UnreachableError(
                f"{host} asks for {delay_s:.0f} s between two requests, more than "
                f"{_LONGEST_WAIT_S:.0f}: it is left alone."
            )
        return delay_s

    def _request(
        self, url: httpx.URL, headers: Mapping[str, str], delay_s: float, most: int | None
    ) -> Response:
        """Send one request when the delay since the last one to its host is over."""
        self._sleep(max(0.0, self._next_at.get(url.host, 0.0) - time.monotonic()))
        self._backend.deadline = time.monotonic() + self._policy.fetch_timeout_s
        try:
            response = self._exchange(url, headers, most)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _NoResponseError(f"{url}: {str(error) or type(error).__name__}.") from error
        finally:
            self._next_at[url.host] = time.monotonic() + delay_s
        if response.status == _BUSY or response.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            wait_s = _retry_after_s(response.headers)
            message = f"{url}: its server answers {response.status}."
            if wait_s is not None and wait_s > _LONGEST_WAIT_S:
                raise UnreachableError(f"{message} It asks to wait {wait_s:.0f} s.")
            busy = _BusyError(message)
            busy.wait_s = wait_s
            raise busy
        return response

    def _exchange(self, url: httpx.URL, headers: Mapping[str, str], most: int | None) -> Response:
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        sent = {
            "User-Agent": self._policy.user_agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": ACCEPTED,
            **headers,
        }
        with self._pool.stream("GET", target, headers=list(sent.items())) as response:
            received = httpx.Headers(response.headers)
            body = b""
            if response.status == httpx.codes.OK:
                codings = received.get("content-encoding", "")
                body = self._body(str(url), response, codings, most)
        return Response(response.status, received, body)

    def _body(self, url: str, response: httpcore.Response, codings: str, most: int | None) -> bytes:
        limit = self._policy.max_source_bytes
        body = bytearray()
        is_beginning = False
        for piece in response.iter_stream():
            body += piece
            if most is not None and len(body) >= most:
                is_beginning = True
                break
            if len(body) > limit:
                raise SourceError(
                    f"{url}: longer than {limit} bytes: raise max_source_bytes to take it."
                )
        return unpacked(bytes(body), codings, limit, url, is_beginning=is_beginning)[:most]


def _wait_s(tried: tenacity.RetryCallState, backoff_s: float) -> float:
    failure = tried.outcome.exception() if tried.outcome else None
    wait_s = failure.wait_s if isinstance(failure, _BusyError) else None
    return backoff_s if wait_s is None else wait_s


def _retry_after_s(headers: httpx.Headers) -> float | None:
    """Return the seconds of Retry-After, given as a number or a date; None without it."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        # More digits than these are more than anybody waits.
        return float(value[:_WAIT_DIGITS])
    try:
        until = email.utils.parsedate_to_datetime(value)
        if until.tzinfo is None:
            until = until.replace(tzinfo=datetime.UTC)
        return max(0.0, (until - datetime.datetime.now(datetime.UTC)).total_seconds())
    except Exception:  # noqa: BLE001 - the parser raises what it likes
        return None
