"""What there is at an address: one page, or a listing of many.

Listings are feeds (RSS, Atom), sitemaps and their indexes, packed or not, and pages whose links
are followed by a pattern. XML is parsed without entities, so that it cannot grow while it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Protocol
from xml.etree.ElementTree import Element

import httpx

from qa.corpus.fetch import Fetched, Fetcher, gunzip
from qa.errors import SourceError

__all__ = ["Link", "Notes", "Page", "Trouble", "WebSource", "hosts_of", "listed"]

_GZIP = b"\x1f\x8b"
# What may stand before the first element of a document, from its beginning to its end.
_BEFORE_ROOT = {b"<?": b"?>", b"<!--": b"-->", b"<!": b">"}
_ROOT = re.compile(rb"<([\w:.-]+)")
_LOOKED_AT_BYTES = 10_000
_XML_LISTINGS = ("urlset", "sitemapindex", "rss", "feed", "RDF")
_IS_REGULAR = re.compile(r"[\\^$()\[\]{}+|]|\.\*")
# What a link to the next page of a listing says, where it does not say rel="next".
_NEXT = re.compile(
    r"\W*(?:next(?: page)?|older(?: posts| entries)?|下一[页頁]|下[页頁]|suivante?|weiter"
    r"|siguiente)\W*|[›»>→]+",
    re.IGNORECASE,
)
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
class Trouble:
    """A listing that could not be read, or names nothing."""

    url: str
    error: SourceError


@dataclass(frozen=True, slots=True)
class _Listing:
    """Pages and further listings that a listing names."""

    pages: tuple[Link, ...]
    listings: tuple[str, ...] = ()


class Notes(Protocol):
    """Where listings are kept until the run is over."""

    def listed(self, url: str) -> str | None:
        """What ``keep`` was told of the listing."""

    def keep(self, url: str, links: str) -> None:
        """Keep what a listing names."""


def listed(
    source: WebSource,
    fetcher: Fetcher,
    notes: Notes,
    *,
    limit: int,
    on_named: Callable[[int], None],
    **asking: Any,
) -> Iterator[Link | Page | Trouble]:
    """The pages at an address, each once, as listings name them; or the page itself.

    Listings are read one after the other, and none twice; ``on_named`` is told how many pages
    they have named. ``asking`` is for ``Fetcher.fetch``, should the address be a page; ``limit``
    is the most bytes a packed listing may hold.
    """
    may_go_to = hosts_of(source)
    matches = _matcher(source.follow)
    waiting, known = [source.url], {source.url}
    seen: set[str] = set()
    troubled = False
    while waiting:
        url = waiting.pop(0)
        try:
            found = _read(url, source, fetcher, notes, limit=limit, **asking)
        except SourceError as error:
            yield Trouble(url, error)
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
            and matches(link.url)
        ]
        seen.update(link.url for link in new)
        on_named(len(seen))
        yield from new
        if len(known) > _MOST_LISTINGS:
            message = f"{source.url}: more than {_MOST_LISTINGS} listings: narrow --follow."
            yield Trouble(source.url, SourceError(message))
            return
    if not seen and not troubled:
        yield Trouble(source.url, SourceError(_names_nothing(source)))


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
    notes: Notes,
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
    """Whether a host is the source's, with or without "www.", or one that it may lead to."""
    hosts = {httpx.URL(source.url).host, *source.follow_hosts}
    hosts = {host.lower().removeprefix("www.") for host in hosts}
    return lambda host: host.lower().removeprefix("www.") in hosts


def _matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether an address matches one of the patterns, or there are none.

    A pattern whose only sign is "*" stands for a whole address, or for all of it behind the host
    where it begins with "/"; any other is a regular expression, found anywhere in the address.
    """
    tests = [_test(pattern) for pattern in patterns]
    return lambda url: not tests or any(test(url) for test in tests)


def _test(pattern: str) -> Callable[[str], bool]:
    if "*" in pattern and not _IS_REGULAR.search(pattern):
        whole = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        if pattern.startswith("/"):
            return lambda url: bool(whole.fullmatch(httpx.URL(url).raw_path.decode()))
        return lambda url: bool(whole.fullmatch(url))
    try:
        anywhere = re.compile(pattern)
    except re.error as error:
        raise SourceError(f"--follow {pattern!r} is not a regular expression: {error}.") from error
    return lambda url: bool(anywhere.search(url))


def _listing(fetched: Fetched, source: WebSource, limit: int) -> _Listing | None:
    """What the bytes name, if they are a listing."""
    data = fetched.data
    if data is None:
        return None
    if data.startswith(_GZIP):
        data = gunzip(data, limit, fetched.final)
    data = data.removeprefix(_BYTE_ORDER_MARK)
    name = _root(data)
    if name in _XML_LISTINGS:
        return _of_xml(data, fetched.final)
    is_html = "html" in fetched.content_type or name.lower() == "html"
    if source.follow and is_html:
        return _of_html(data, fetched.final, _matcher(source.follow))
    return None


def _root(data: bytes) -> str:
    """The name of the first element, without its prefix; empty where there is none."""
    rest = data[:_LOOKED_AT_BYTES].lstrip()
    while begin := next((b for b in _BEFORE_ROOT if rest.startswith(b)), None):
        end = b"]>" if begin == b"<!" and b"[" in rest.partition(b">")[0] else _BEFORE_ROOT[begin]
        rest = rest.partition(end)[2].lstrip()
    root = _ROOT.match(rest)
    return root[1].decode().rpartition(":")[2] if root else ""


def _of_xml(data: bytes, base: str) -> _Listing:
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - only to crawl
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415

    try:
        root: Element = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise SourceError(f"{base}: not XML that can be read safely: {error!r}.") from error
    kind = _local(root.tag)
    if kind in ("urlset", "sitemapindex"):
        entries = [_sitemap_entry(element) for element in root]
        absolute = (_absolute(Link(url, changed), base) for url, changed in entries if url)
        named = tuple(link for link in absolute if link)
        if kind == "urlset":
            return _Listing(named)
        return _Listing((), tuple(link.url for link in named))
    found: list[Link] = []
    further: list[Link] = []
    for element in root.iter():
        if _local(element.tag) in ("item", "entry"):
            found.append(_feed_entry(element))
        elif _local(element.tag) == "link" and element.get("rel") == "next":
            further.append(Link(element.get("href", "")))
    pages = [link for link in (_absolute(link, base) for link in found) if link]
    listings = [link.url for link in (_absolute(link, base) for link in further) if link]
    return _Listing(tuple(pages), tuple(listings))


def _sitemap_entry(element: Element) -> tuple[str, str | None]:
    texts = {_local(child.tag): (child.text or "").strip() for child in element}
    return texts.get("loc", ""), texts.get("lastmod")


def _feed_entry(element: Element) -> Link:
    """The page of an entry of a feed: its link, or its permanent id where that is an address."""
    url = changed = ""
    for child in element:
        name, text = _local(child.tag), (child.text or "").strip()
        is_page = name == "link" and child.get("rel", "alternate") == "alternate"
        if is_page and not url:
            url = child.get("href") or text
        elif name == "updated":
            changed = text
    if not url:
        ids = (c for c in element if _local(c.tag) == "guid" and c.get("isPermaLink") != "false")
        url = next((child.text or "" for child in ids), "").strip()
    return Link(url, changed or None)


def _local(tag: Any) -> str:
    """A tag without its namespace; of comments and the like, nothing."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


class _Links(HTMLParser):
    """The links of a page: address, whether it says rel="next", and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.links: list[tuple[str, bool, str]] = []
        self._open: tuple[str, bool] | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in reversed(attrs)}
        is_next = "next" in told.get("rel", "").lower().split()
        if tag == "base" and self.base is None:
            self.base = told.get("href")
        elif tag == "link" and is_next and "href" in told:
            self.links.append((told["href"], True, ""))
        elif tag == "a" and "href" in told:
            self._end()
            self._open = (told["href"], is_next)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end()

    def handle_data(self, data: str) -> None:
        if self._open:
            self._words.append(data)

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        if self._open:
            self.links.append((*self._open, " ".join("".join(self._words).split())))
        self._open, self._words = None, []


def _of_html(data: bytes, base: str, matches: Callable[[str], bool]) -> _Listing:
    parser = _Links()
    parser.feed(data.decode("utf-8", "replace"))
    parser.close()
    if parser.base:
        based = _absolute(Link(parser.base), base)
        base = based.url if based else base
    pages: dict[str, Link] = {}
    listings: dict[str, Link] = {}
    for href, is_next, words in parser.links:
        link = _absolute(Link(href), base)
        if link is None or not matches(link.url):
            continue
        leads_on = is_next or _NEXT.fullmatch(words)
        (listings if leads_on else pages)[link.url] = link
    return _Listing(tuple(pages.values()), tuple(listings))


def _absolute(link: Link, base: str) -> Link | None:
    """The link with its whole address, without fragment; None where it leads to no page."""
    try:
        url = httpx.URL(base).join(link.url.strip()).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError):
        return None
    is_page = url.scheme in ("http", "https") and url.host and not url.userinfo
    return Link(str(url), link.changed) if is_page else None
