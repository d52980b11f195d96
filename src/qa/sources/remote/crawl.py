"""Crawl: the pages that listings at an address name.

Listings are feeds (RSS, Atom), sitemaps and their indexes, packed or not, and pages whose links
are followed by a pattern. They are parsed in the worker process (``formats/listings.py``).
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

__all__ = ["Link", "ListingCache", "ListingError", "WebSource", "hosts_of", "listed"]

_GZIP = b"\x1f\x8b"
# Markup before the first element of a document: how it begins, how it ends.
_BEFORE_ROOT = {b"<?": b"?>", b"<!--": b"-->", b"<!": b">"}
_ROOT = re.compile(rb"<([\w:.-]+)")
_LOOKED_AT_BYTES = 10_000
_XML_LISTINGS = ("urlset", "sitemapindex", "rss", "feed", "RDF")
# More listings than that are a calendar without an end.
_MOST_LISTINGS = 10_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class WebSource:
    """An address to ingest from, patterns of the links to follow, and further hosts for them."""

    url: str
    follow: tuple[str, ...] = ()
    follow_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A page that a listing names, and the day it last changed, if given."""

    url: str
    changed: str | None = None


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
    """Keeps listings until the run is over."""

    def listed(self, url: str) -> str | None:
        """Return the links that ``keep`` was given for the listing; None without them."""

    def keep(self, url: str, links: str) -> None:
        """Keep the links of a listing, as JSON."""


def listed(
    source: WebSource,
    fetcher: Fetcher,
    cache: ListingCache,
    *,
    limit: int,
    on_named: Callable[[int], None],
    **fetch_options: Any,
) -> Iterator[Link | Fetched | ListingError]:
    """Yield the pages at an address, each once, as listings name them; or the page itself.

    Listings are read one after the other, and none twice; ``on_named`` is called with the number
    of pages they have named. ``fetch_options`` are those of ``Fetcher.fetch``, should the address
    be a page; ``limit`` is the most bytes a packed listing may hold.
    """
    may_go_to = hosts_of(source)
    waiting, listings = [source.url], {source.url}
    pages: set[str] = set()
    has_failed = False
    while waiting:
        url = waiting.pop(0)
        try:
            listing = _read(url, source, fetcher, cache, limit=limit, **fetch_options)
            if isinstance(listing, Fetched):
                yield listing
                return
            followed = matching(source.follow, [link.url for link in listing.pages], url)
        except SourceError as error:
            yield ListingError(url, error)
            has_failed = True
            continue
        further = [url for url in listing.listings if url not in listings and may_go_to(_host(url))]
        listings.update(further)
        waiting += further
        followed -= pages | listings
        new = [
            link
            for link in dict.fromkeys(listing.pages)
            if link.url in followed and may_go_to(_host(link.url))
        ]
        pages.update(link.url for link in new)
        on_named(len(pages))
        yield from new
        if len(listings) > _MOST_LISTINGS:
            message = f"{source.url}: more than {_MOST_LISTINGS} listings: narrow --follow."
            yield ListingError(source.url, SourceError(message))
            return
    if not pages and not has_failed:
        yield ListingError(source.url, _empty(source))


def _host(url: str) -> str:
    return httpx.URL(url).host


def _empty(source: WebSource) -> SourceError:
    patterns = f" that match {', '.join(source.follow)}" if source.follow else ""
    return SourceError(
        f"{source.url}: a listing that names no pages{patterns} on its own host. Look whether "
        "it is broken, whether --follow is right, and whether its links lead elsewhere "
        "(--follow-host)."
    )


def _read(
    url: str,
    source: WebSource,
    fetcher: Fetcher,
    cache: ListingCache,
    *,
    limit: int,
    **fetch_options: Any,
) -> _Listing | Fetched:
    """Return the links of a listing, from the cache or fetched; or the page that it is instead."""
    kept = cache.listed(url)
    if kept:
        pages, listings = json.loads(kept)
        return _Listing(tuple(Link(*page) for page in pages), tuple(listings))
    is_first = url == source.url
    fetched = fetcher.fetch(url, **(fetch_options if is_first else {"may_go_to": hosts_of(source)}))
    listing = _listing(fetched, source, limit)
    if listing is None:
        if is_first:
            return fetched
        raise SourceError(f"{url}: named as a listing, it is none.")
    pages = [[link.url, link.changed] for link in listing.pages]
    cache.keep(url, json.dumps([pages, listing.listings]))
    return listing


def hosts_of(source: WebSource) -> Callable[[str], bool]:
    """Return a test for the hosts of a source, with or without "www.", and those it may lead to."""
    hosts = {httpx.URL(source.url).host, *source.follow_hosts}
    hosts = {host.lower().removeprefix("www.") for host in hosts}
    return lambda host: host.lower().removeprefix("www.") in hosts


def _listing(fetched: Fetched, source: WebSource, limit: int) -> _Listing | None:
    """Return the links of a listing; None if the bytes are none."""
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
    links = read_links(data, fetched.final, is_xml=is_xml)
    if is_page and not is_xml:
        followed = matching(source.follow, [link.url for link in links], fetched.final)
        links = [link for link in links if link.url in followed]
    return _Listing(
        tuple(Link(link.url, link.changed) for link in links if not link.is_listing),
        tuple(link.url for link in links if link.is_listing),
    )


def _root(data: bytes) -> str:
    """Return the name of the first element, without its prefix; empty where there is none."""
    rest = data[:_LOOKED_AT_BYTES].lstrip()
    while begin := next((b for b in _BEFORE_ROOT if rest.startswith(b)), None):
        end = b"]>" if begin == b"<!" and b"[" in rest.partition(b">")[0] else _BEFORE_ROOT[begin]
        rest = rest.partition(end)[2].lstrip()
    root = _ROOT.match(rest)
    return root[1].decode().rpartition(":")[2] if root else ""
