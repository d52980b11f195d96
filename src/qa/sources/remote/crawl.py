"""What there is at an address: one page, or a listing of many.

Listings are feeds (RSS, Atom), sitemaps and their indexes, packed or not, and pages whose links
are followed by a pattern. They are parsed in the reader process (``formats/listings.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from qa.errors import SourceError
from qa.sources.formats import read_links
from qa.sources.remote.content_coding import unpacked
from qa.sources.remote.fetch import Fetched, Fetcher
from qa.sources.remote.follow import matching

__all__ = ["Link", "ListingCache", "ListingError", "Page", "WebSource", "hosts_of", "listed"]

_GZIP = b"\x1f\x8b"
# What may stand before the first element of a document, from its beginning to its end.
_BEFORE_ROOT = {b"<?": b"?>", b"<!--": b"-->", b"<!": b">"}
_ROOT = re.compile(rb"<([\w:.-]+)")
_LOOKED_AT_BYTES = 10_000
_XML_LISTINGS = ("urlset", "sitemapindex", "rss", "feed", "RDF")
# More listings than that are a calendar without an end.
_MOST_LISTINGS = 10_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class WebSource:
    """An address to ingest from, and which of its links are followed, to which hosts."""

    url: str
    follow: tuple[str, ...] = ()
    follow_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A page that a listing names, and the day it last changed, if that is told."""

    url: str
    changed: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The address is no listing: this is the page itself."""

    fetched: Fetched


@dataclass(frozen=True, slots=True)
class ListingError:
    """A listing that could not be read, or names nothing."""

    url: str
    error: SourceError


@dataclass(frozen=True, slots=True)
class _Listing:
    """Pages and further listings that a listing names."""

    pages: tuple[Link, ...]
    listings: tuple[str, ...] = ()


class ListingCache(Protocol):
    """Where listings are kept until the run is over."""

    def listed(self, url: str) -> str | None:
        """What ``keep`` was told of the listing."""

    def keep(self, url: str, links: str) -> None:
        """Keep what a listing names."""


def listed(
    source: WebSource,
    fetcher: Fetcher,
    notes: ListingCache,
    *,
    limit: int,
    on_named: Callable[[int], None],
    **asking: Any,
) -> Iterator[Link | Page | ListingError]:
    """The pages at an address, each once, as listings name them; or the page itself.

    Listings are read one after the other, and none twice; ``on_named`` is told how many pages
    they have named. ``asking`` is for ``Fetcher.fetch``, should the address be a page; ``limit``
    is the most bytes a packed listing may hold.
    """
    may_go_to = hosts_of(source)
    waiting, known = [source.url], {source.url}
    seen: set[str] = set()
    troubled = False
    while waiting:
        url = waiting.pop(0)
        try:
            found = _read(url, source, fetcher, notes, limit=limit, **asking)
            matches = _matching(found, source, url)
        except SourceError as error:
            yield ListingError(url, error)
            troubled = True
            continue
        if isinstance(found, Page):
            yield found
            return
        further = [one for one in found.listings if one not in known and may_go_to(_host(one))]
        known.update(further)
        waiting += further
        new = [
            link
            for link in dict.fromkeys(found.pages)
            if link.url not in seen
            and link.url not in known
            and may_go_to(_host(link.url))
            and link.url in matches
        ]
        seen.update(link.url for link in new)
        on_named(len(seen))
        yield from new
        if len(known) > _MOST_LISTINGS:
            message = f"{source.url}: more than {_MOST_LISTINGS} listings: narrow --follow."
            yield ListingError(source.url, SourceError(message))
            return
    if not seen and not troubled:
        yield ListingError(source.url, SourceError(_names_nothing(source)))


def _matching(found: _Listing | Page, source: WebSource, url: str) -> set[str]:
    """The pages of a listing that the source follows."""
    if isinstance(found, Page):
        return set()
    return matching(source.follow, [link.url for link in found.pages], url)


def _host(url: str) -> str:
    return httpx.URL(url).host


def _names_nothing(source: WebSource) -> str:
    looked_for = f" that match {', '.join(source.follow)}" if source.follow else ""
    return (
        f"{source.url}: a listing that names no pages{looked_for} on its own host. Look whether "
        "it is broken, whether --follow is right, and whether its links lead elsewhere "
        "(--follow-host)."
    )


def _read(
    url: str,
    source: WebSource,
    fetcher: Fetcher,
    notes: ListingCache,
    *,
    limit: int,
    **asking: Any,
) -> _Listing | Page:
    """What one address is: from the notes of the run, or fetched."""
    kept = notes.listed(url)
    if kept:
        pages, listings = json.loads(kept)
        return _Listing(tuple(Link(*page) for page in pages), tuple(listings))
    is_first = url == source.url
    fetched = fetcher.fetch(url, **(asking if is_first else {"may_go_to": hosts_of(source)}))
    listing = _listing(fetched, source, limit)
    if listing is None:
        if is_first:
            return Page(fetched)
        raise SourceError(f"{url}: named as a listing, it is none.")
    pages = [[link.url, link.changed] for link in listing.pages]
    notes.keep(url, json.dumps([pages, listing.listings]))
    return listing


def hosts_of(source: WebSource) -> Callable[[str], bool]:
    """Return whether a host is the source's, with or without "www.", or one that it may lead to."""
    hosts = {httpx.URL(source.url).host, *source.follow_hosts}
    hosts = {host.lower().removeprefix("www.") for host in hosts}
    return lambda host: host.lower().removeprefix("www.") in hosts


def _listing(fetched: Fetched, source: WebSource, limit: int) -> _Listing | None:
    """What the bytes name, if they are a listing."""
    data = fetched.data
    if data is None:
        return None
    if data.startswith(_GZIP):
        data = unpacked(data, "gzip", limit, fetched.final)
    data = data.removeprefix(_BYTE_ORDER_MARK)
    name = _root(data)
    is_xml = name in _XML_LISTINGS
    is_page = "html" in fetched.content_type or name.lower() == "html"
    if not is_xml and not (source.follow and is_page):
        return None
    named = read_links(data, fetched.final, is_xml=is_xml)
    if is_page and not is_xml:
        followed = matching(source.follow, [one.url for one in named], fetched.final)
        named = [one for one in named if one.url in followed]
    return _Listing(
        tuple(Link(one.url, one.changed) for one in named if not one.is_listing),
        tuple(one.url for one in named if one.is_listing),
    )


def _root(data: bytes) -> str:
    """The name of the first element, without its prefix; empty where there is none."""
    rest = data[:_LOOKED_AT_BYTES].lstrip()
    while begin := next((b for b in _BEFORE_ROOT if rest.startswith(b)), None):
        end = b"]>" if begin == b"<!" and b"[" in rest.partition(b">")[0] else _BEFORE_ROOT[begin]
        rest = rest.partition(end)[2].lstrip()
    root = _ROOT.match(rest)
    return root[1].decode().rpartition(":")[2] if root else ""
