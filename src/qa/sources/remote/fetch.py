"""Fetch addresses on the web, as robots.txt allows, over redirects hop by hop.

robots.txt is evaluated in the bounded worker process (``formats/robots.py``); requests are sent
by ``client.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from qa.errors import GoneError, SourceError, UnreachableError
from qa.sources.formats import read_rules
from qa.sources.remote.addresses import checked_url
from qa.sources.remote.client import ROBOT, Client, FetchPolicy, Response

__all__ = ["FetchPolicy", "Fetched", "Fetcher"]

_GONE = (404, 410)
_NOT_MODIFIED = 304
# RFC 9309 lets a robot read no more than that of robots.txt.
_ROBOTS_BYTES = 500 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """The content of an address; ``final`` is the address after redirects.

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


class Fetcher:
    """Fetches addresses one after the other; keeps the robots.txt of every server."""

    def __init__(self, policy: FetchPolicy, sleep: Callable[[float], None] = time.sleep) -> None:
        self._policy = policy
        self._client = Client(policy, sleep)
        self._robots: dict[str, bytes | SourceError] = {}
        self._crawl_delays_s: dict[str, float | None] = {}

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        modified: str | None = None,
        may_go_to: Callable[[str], bool] = lambda host: True,  # noqa: ARG005 - anywhere
        is_known: Callable[[str], bool] = lambda url: False,  # noqa: ARG005 - nothing is
    ) -> Fetched:
        """Return the content of an address, or that it has not changed since the tags given.

        Redirects lead only to hosts they may go to, and are not followed to what is known.

        Raises:
            GoneError: the server says that there is nothing there any more.
            UnreachableError: it cannot be had now.
            SourceError: it may not be fetched, or is not worth it.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in conditions.items() if value}
        place = self._checked(url)
        visited: list[str] = []
        while True:
            visited.append(str(place))
            self._check_robots(place)
            response = self._get(place, headers)
            if response.location is None:
                return _fetched(url, str(place), response)
            place = self._redirected(place, response.location)
            self._check_hop(url, place, visited, may_go_to)
            if is_known(str(place)):
                return Fetched(url, str(place), is_known=True)

    def _get(
        self, place: httpx.URL, headers: Mapping[str, str], most: int | None = None
    ) -> Response:
        delay_s = self._crawl_delays_s.get(_origin(place))
        return self._client.get(place, headers, crawl_delay_s=delay_s, most=most)

    def _check_hop(
        self, url: str, place: httpx.URL, visited: list[str], may_go_to: Callable[[str], bool]
    ) -> None:
        if str(place) in visited:
            raise SourceError(f"{url}: redirected in a circle, to {place} again.")
        if len(visited) > self._policy.max_redirects:
            raise SourceError(
                f"{url}: redirected more than {self._policy.max_redirects} times (max_redirects)."
            )
        if not may_go_to(place.host):
            raise SourceError(
                f"{url}: redirected to {place.host}, another host: allow it with "
                f"--follow-host {place.host}."
            )

    def _checked(self, url: str) -> httpx.URL:
        return checked_url(url, allow_private=self._policy.allow_private)

    def _redirected(self, place: httpx.URL, location: str) -> httpx.URL:
        """Return the address that a redirect leads to."""
        try:
            target = str(place.join(location))
        except (httpx.InvalidURL, ValueError) as error:
            raise SourceError(
                f"{place}: redirected to {location[:100]!r}, which is not an address: {error}."
            ) from error
        return self._checked(target)

    def _check_robots(self, place: httpx.URL) -> None:
        """Raise if robots.txt forbids to fetch the page, or cannot be had."""
        origin = _origin(place)
        if origin not in self._robots:
            self._robots[origin] = self._fetched_robots(origin)
        text = self._robots[origin]
        if isinstance(text, SourceError):
            raise text
        if not text:
            return
        try:
            rules = read_rules(text, str(place), ROBOT)
        except SourceError as error:
            refusal = _without_robots(origin, error)
            self._robots[origin] = refusal
            raise refusal from error
        self._crawl_delays_s[origin] = rules.delay_s
        if not rules.may_fetch:
            raise SourceError(f"{place}: robots.txt of {place.host} forbids to fetch it.")

    def _fetched_robots(self, origin: str) -> bytes | SourceError:
        """Return robots.txt of a server, or why nothing may be fetched from there."""
        try:
            place = self._checked(f"{origin}/robots.txt")
            for _ in range(self._policy.max_redirects + 1):
                response = self._get(place, {}, most=_ROBOTS_BYTES)
                if response.location is None:
                    break
                place = self._redirected(place, response.location)
        except UnreachableError as error:
            return _without_robots(origin, error)
        except SourceError as error:
            return error
        # RFC 9309: where there are no rules, everything is allowed.
        return response.data if response.status == httpx.codes.OK else b""


def _fetched(url: str, final: str, response: Response) -> Fetched:
    """Return the meaning of an answer that is no redirect and no failure of the server."""
    headers = response.headers
    tags = {
        "content_type": headers.get("content-type", ""),
        "etag": headers.get("etag"),
        "modified": headers.get("last-modified"),
    }
    if response.status == httpx.codes.OK:
        return Fetched(url, final, response.data, **tags)
    if response.status == _NOT_MODIFIED:
        return Fetched(url, final, None, **tags)
    message = f"{url}: its server answers {response.status}"
    if response.status in _GONE:
        raise GoneError(f"{message}: there is nothing there.")
    raise SourceError(f"{message}, not with a page.")


def _without_robots(origin: str, error: SourceError) -> UnreachableError:
    # RFC 9309: a server that cannot tell its rules forbids everything.
    return UnreachableError(f"{origin}/robots.txt cannot be had, so nothing is fetched: {error}")


def _origin(place: httpx.URL) -> str:
    return str(place.copy_with(raw_path=b"/")).rstrip("/")
