"""One address on the web to bytes, politely, and never twice at once.

``Fetcher.fetch`` asks robots.txt first, waits between two requests to a host, says who it is,
tries again where a server is busy, follows redirects hop by hop, and takes no more bytes, time
or hops than it was told. robots.txt is evaluated in the bounded reader process
(``formats/robots.py``), and a body counts only when it is whole (``coding.py``).
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

from qa import __version__
from qa.errors import GoneError, SourceError, UnreachableError
from qa.sources.formats import read_rules
from qa.sources.remote.addresses import CheckedBackend, checked_url
from qa.sources.remote.content_coding import ACCEPTED, unpacked

__all__ = ["FetchPolicy", "Fetched", "Fetcher"]

# The name by which robots.txt speaks of us.
_ROBOT = "press-qa"
_ACCEPT = "text/html, application/xhtml+xml, application/pdf, application/xml, text/*, */*;q=0.5"
_MOVED = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_NOT_MODIFIED = 304
_BUSY = 429
_ATTEMPTS = 4
# Asked to wait longer than that, we rather come back another time.
_LONGEST_WAIT_S = 300.0
_WAIT_DIGITS = 9
# As many addresses of a host in a row that cannot be reached: then it is left alone.
_GIVEN_UP_AFTER = 3
# RFC 9309 lets a robot read no more than that of robots.txt.
_ROBOTS_BYTES = 500 * 1024


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How addresses are asked; see the settings of the same names."""

    contact: str | None = None
    fetch_delay_s: float = 1.0
    fetch_timeout_s: float = 30.0
    max_source_bytes: int = 20_000_000
    max_redirects: int = 5
    allow_private: bool = False

    @property
    def user_agent(self) -> str:
        """Who asks, and whom to tell if it should not."""
        contact = f" (+{self.contact})" if self.contact else ""
        return f"{_ROBOT}/{__version__}{contact}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave; ``final`` is where it was found after redirects.

    ``data`` is None where the server says that nothing has changed, and where ``is_known``:
    a redirect led to an address whose content is known already.
    """

    url: str
    final: str
    data: bytes | None = None
    content_type: str = ""
    etag: str | None = None
    modified: str | None = None
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: httpx.Headers
    data: bytes


class _BusyError(UnreachableError):
    """Worth another try, after ``wait_s`` where the server says so."""

    wait_s: float | None = None


class _SilentError(_BusyError):
    """The server could not be reached, or said nothing that is an answer."""


class Fetcher:
    """Asks addresses one after the other; what it knows of hosts lasts as long as it does."""

    def __init__(self, policy: FetchPolicy, sleep: Callable[[float], None] = time.sleep) -> None:
        self._manners = policy
        self._sleep = sleep
        self._backend = CheckedBackend(allow_private=policy.allow_private)
        self._pool = httpcore.ConnectionPool(network_backend=self._backend, max_connections=4)
        self._rules: dict[str, bytes | SourceError] = {}
        self._stated_delays: dict[str, float | None] = {}
        self._next_at: dict[str, float] = {}
        self._unreached: Counter[str] = Counter()

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()

    def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        modified: str | None = None,
        may_go_to: Callable[[str], bool] = lambda host: True,  # noqa: ARG005 - anywhere
        is_known: Callable[[str], bool] = lambda url: False,  # noqa: ARG005 - nothing is
    ) -> Fetched:
        """What the address gives, or that nothing has changed since ``etag`` and ``modified``.

        Redirects lead only to hosts they may go to, and are not followed to what is known.

        Raises:
            GoneError: there is nothing there any more.
            UnreachableError: it cannot be had now.
            SourceError: it may not be fetched, or is not worth it.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in conditions.items() if value}
        place = self._checked(url)
        been = [str(place)]
        while True:
            self._ask_robots(place)
            response = self._asked(place, headers)
            if response.status not in _MOVED or "location" not in response.headers:
                break
            place = self._redirected(place, response)
            self._check_hop(url, place, been, may_go_to)
            if is_known(str(place)):
                return Fetched(url, str(place), is_known=True)
            been.append(str(place))
        return _fetched(url, str(place), response)

    def _check_hop(
        self, url: str, place: httpx.URL, been: list[str], may_go_to: Callable[[str], bool]
    ) -> None:
        if str(place) in been:
            raise SourceError(f"{url}: redirected in a circle, to {place} again.")
        if len(been) > self._manners.max_redirects:
            raise SourceError(
                f"{url}: redirected more than {self._manners.max_redirects} times (max_redirects)."
            )
        if not may_go_to(place.host):
            raise SourceError(
                f"{url}: redirected to {place.host}, another host: allow it with "
                f"--follow-host {place.host}."
            )

    def _checked(self, url: str) -> httpx.URL:
        return checked_url(url, allow_private=self._manners.allow_private)

    def _redirected(self, place: httpx.URL, response: _Response) -> httpx.URL:
        """Return the address that a redirect leads to."""
        location = response.headers["location"]
        try:
            target = str(place.join(location))
        except (httpx.InvalidURL, ValueError) as error:
            raise SourceError(
                f"{place}: redirected to {location[:100]!r}, which is not an address: {error}."
            ) from error
        return self._checked(target)

    def _ask_robots(self, place: httpx.URL) -> None:
        """Raise what forbids to fetch the page: its robots.txt, or that it cannot be had."""
        origin = _origin(place)
        if origin not in self._rules:
            self._rules[origin] = self._robots(origin)
        text = self._rules[origin]
        if isinstance(text, SourceError):
            raise text
        if not text:
            return
        try:
            rules = read_rules(text, str(place), _ROBOT)
        except SourceError as error:
            refused = _without_rules(origin, error)
            self._rules[origin] = refused
            raise refused from error
        self._stated_delays[origin] = rules.delay_s
        if not rules.may_fetch:
            raise SourceError(f"{place}: robots.txt of {place.host} forbids to fetch it.")

    def _robots(self, origin: str) -> bytes | SourceError:
        """Return robots.txt of a server, or why nothing is fetched from there."""
        try:
            return self._fetched_robots(origin)
        except UnreachableError as error:
            return _without_rules(origin, error)
        except SourceError as error:
            return error

    def _fetched_robots(self, origin: str) -> bytes:
        place = self._checked(f"{origin}/robots.txt")
        for _ in range(self._manners.max_redirects + 1):
            response = self._asked(place, {}, most=_ROBOTS_BYTES)
            if response.status not in _MOVED or "location" not in response.headers:
                break
            place = self._redirected(place, response)
        # RFC 9309: where there are no rules, everything is allowed.
        return response.data if response.status == httpx.codes.OK else b""

    def _delay_s(self, place: httpx.URL) -> float:
        """What the settings say to wait between two requests, or robots.txt if it says more."""
        stated = self._stated_delays.get(_origin(place))
        delay_s = max(self._manners.fetch_delay_s, stated or 0.0)
        if delay_s > _LONGEST_WAIT_S:
            raise UnreachableError(
                f"{place.host} asks for {delay_s:.0f} s between two requests, more than "
                f"{_LONGEST_WAIT_S:.0f}: it is left alone."
            )
        return delay_s

    def _asked(
        self, place: httpx.URL, headers: Mapping[str, str], most: int | None = None
    ) -> _Response:
        """The server's answer; busy ones are asked again after a while, each time a longer one."""
        import tenacity  # noqa: PLC0415 - only to fetch

        if self._unreached[place.host] >= _GIVEN_UP_AFTER:
            raise UnreachableError(
                f"{place.host} could not be reached {_GIVEN_UP_AFTER} times in a row: what is left "
                "of it is for the next run."
            )
        longer = tenacity.wait_exponential(
            multiplier=self._manners.fetch_delay_s, max=_LONGEST_WAIT_S
        )

        def wait(tried: tenacity.RetryCallState) -> float:
            failure = tried.outcome.exception() if tried.outcome else None
            stated = failure.wait_s if isinstance(failure, _BusyError) else None
            return longer(tried) if stated is None else stated

        trying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_BusyError),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            response: _Response = trying(self._ask, place, headers, most)
        except _SilentError:
            self._unreached[place.host] += 1
            raise
        self._unreached[place.host] = 0
        return response

    def _ask(self, place: httpx.URL, headers: Mapping[str, str], most: int | None) -> _Response:
        """One request, in its turn."""
        host = place.host
        delay_s = self._delay_s(place)
        self._sleep(max(0.0, self._next_at.get(host, 0.0) - time.monotonic()))
        self._backend.deadline = time.monotonic() + self._manners.fetch_timeout_s
        try:
            response = self._exchange(place, headers, most)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _SilentError(f"{place}: {str(error) or type(error).__name__}.") from error
        finally:
            self._next_at[host] = time.monotonic() + delay_s
        if response.status == _BUSY or response.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            wait_s = _retry_after_s(response.headers)
            message = f"{place}: its server answers {response.status}."
            if wait_s is not None and wait_s > _LONGEST_WAIT_S:
                raise UnreachableError(f"{message} It asks to wait {wait_s:.0f} s.")
            busy = _BusyError(message)
            busy.wait_s = wait_s
            raise busy
        return response

    def _exchange(
        self, place: httpx.URL, headers: Mapping[str, str], most: int | None
    ) -> _Response:
        url = httpcore.URL(
            scheme=place.raw_scheme,
            host=place.raw_host,
            port=place.port,
            target=place.raw_path,
        )
        sent = {
            "User-Agent": self._manners.user_agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": ACCEPTED,
            **headers,
        }
        with self._pool.stream("GET", url, headers=list(sent.items())) as response:
            told = httpx.Headers(response.headers)
            body = b""
            if response.status == httpx.codes.OK:
                body = self._body(place, response, told, most)
        return _Response(response.status, told, body)

    def _body(
        self,
        place: httpx.URL,
        response: httpcore.Response,
        told: httpx.Headers,
        most: int | None,
    ) -> bytes:
        """The bytes of a page; only the first ``most`` where they are told, else all."""
        limit = self._manners.max_source_bytes
        body = bytearray()
        is_beginning = False
        for piece in response.iter_stream():
            body += piece
            if most is not None and len(body) >= most:
                is_beginning = True
                break
            if len(body) > limit:
                raise SourceError(
                    f"{place}: longer than {limit} bytes: raise max_source_bytes to take it."
                )
        codings = told.get("content-encoding", "")
        data = bytes(body)
        return unpacked(data, codings, limit, str(place), is_beginning=is_beginning)[:most]


def _fetched(url: str, final: str, response: _Response) -> Fetched:
    """What an answer that is no redirect and no failure of the server means."""
    told = {
        "content_type": response.headers.get("content-type", ""),
        "etag": response.headers.get("etag"),
        "modified": response.headers.get("last-modified"),
    }
    if response.status == httpx.codes.OK:
        return Fetched(url, final, response.data, **told)
    if response.status == _NOT_MODIFIED:
        return Fetched(url, final, None, **told)
    message = f"{url}: its server answers {response.status}"
    if response.status in _GONE:
        raise GoneError(f"{message}: there is nothing there.")
    raise SourceError(f"{message}, not with a page.")


def _without_rules(origin: str, error: SourceError) -> UnreachableError:
    # RFC 9309: a server that cannot tell its rules forbids everything.
    return UnreachableError(f"{origin}/robots.txt cannot be had, so nothing is fetched: {error}")


def _origin(place: httpx.URL) -> str:
    return str(place.copy_with(raw_path=b"/")).rstrip("/")


def _retry_after_s(headers: httpx.Headers) -> float | None:
    """How long the server asks to wait: seconds, or until a date; None where it does not."""
    stated = headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdigit():
        # More digits than these are more than anybody waits.
        return float(stated[:_WAIT_DIGITS])
    try:
        until = email.utils.parsedate_to_datetime(stated)
        if until.tzinfo is None:
            until = until.replace(tzinfo=datetime.UTC)
        return max(0.0, (until - datetime.datetime.now(datetime.UTC)).total_seconds())
    except Exception:  # noqa: BLE001 - the parser raises what it likes
        return None
