"""Listings: what a feed, a sitemap or a page of links names; runs in the reader process.

XML is parsed without entities, so that it cannot grow while it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import httpx

from qa.errors import SourceError

__all__ = ["Named", "links_of_page", "links_of_xml"]

# What a link to the next page of a listing says, where it does not say rel="next".
_NEXT = re.compile(
    r"\W*(?:next(?: page)?|older(?: posts| entries)?|下一[页頁]|下[页頁]|suivante?|weiter"
    r"|siguiente)\W*|[›»>→]+",
    re.IGNORECASE,
)
# A link that says more is no "next"; what lies in it need not be kept.
_WORDS_CHARS = 100


@dataclass(frozen=True, slots=True)
class Named:
    """An address that a listing names; ``is_listing`` where it is another listing.

    ``changed`` is the day on which it last changed, if that is told.
    """

    url: str
    changed: str | None = None
    is_listing: bool = False


def links_of_xml(data: bytes, base: str) -> list[Named]:
    """Return what a feed, a sitemap or an index of sitemaps names.

    Raises:
        SourceError: it is not XML, or declares entities.
    """
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - only to crawl
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415

    try:
        root: Element = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise SourceError(f"{base}: not XML that can be read safely: {error!r}.") from error
    kind = _local(root.tag)
    if kind in {"urlset", "sitemapindex"}:
        named: Iterator[Named] = (
            _sitemap_entry(element, is_listing=kind != "urlset") for element in root
        )
    else:
        named = _of_feed(root)
    return list(_absolute(named, base))


def _of_feed(root: Element) -> Iterator[Named]:
    for element in root.iter():
        if _local(element.tag) in {"item", "entry"}:
            yield _feed_entry(element)
        elif _local(element.tag) == "link" and element.get("rel") == "next":
            yield Named(element.get("href", ""), is_listing=True)


def _sitemap_entry(element: Element, *, is_listing: bool) -> Named:
    texts = {_local(child.tag): (child.text or "").strip() for child in element}
    return Named(texts.get("loc", ""), texts.get("lastmod"), is_listing)


def _feed_entry(element: Element) -> Named:
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
    return Named(url, changed or None)


def _local(tag: Any) -> str:
    """A tag without its namespace; of comments and the like, nothing."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def links_of_page(data: bytes, base: str) -> list[Named]:
    """Return the links of a web page in order, each once; those to its next page are listings.

    Raises:
        SourceError: the page cannot be read whole.
    """
    from lxml import etree  # noqa: PLC0415 - takes a moment to load

    # libxml2 ends a page at a NUL, and reads bytes that are not UTF-8 as Latin-1.
    page = data.decode("utf-8", "replace").replace("\0", "\ufffd").encode()
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(page, parser) if page.strip() else None
    if any(fault.type_name == "ERR_RESOURCE_LIMIT" for fault in parser.error_log):
        raise SourceError(f"{base}: its elements lie too deep in one another to be read whole.")
    if root is None:
        return []
    based = next((e.get("href") for e in root.iter("base") if e.get("href")), "")
    for link in _absolute([Named(based)], base):
        base = link.url
    links = dict.fromkeys(
        Named(href, is_listing=is_next or bool(_NEXT.fullmatch(words)))
        for href, is_next, words in _links(root)
    )
    return list(dict.fromkeys(_absolute(links, base)))


def _links(root: Any) -> Iterator[tuple[str, bool, str]]:
    """Every link: its address, whether it says rel="next", and its words."""
    from lxml import etree  # noqa: PLC0415

    open_link: tuple[str, bool] | None = None
    words: list[str] = []
    kept = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        is_start = event == "start"
        if element.tag == "a" and (not is_start or element.get("href") is not None):
            if open_link:
                yield *open_link, " ".join("".join(words).split())
            open_link, words, kept = None, [], 0
        if is_start and element.tag in {"a", "link"} and element.get("href") is not None:
            is_next = "next" in (element.get("rel") or "").lower().split()
            if element.tag == "a":
                open_link = element.get("href"), is_next
            elif is_next:
                yield element.get("href"), True, ""
        said = element.text if is_start else element.tail
        if open_link and said and kept <= _WORDS_CHARS:
            words.append(said)
            kept += len(said)


def _absolute(named: Any, base: str) -> Iterator[Named]:
    """Those that lead to a page, with their whole address, without fragment."""
    begin = httpx.URL(base)
    for one in named:
        try:
            url = begin.join(one.url.strip()).copy_with(fragment=None) if one.url else None
        except (httpx.InvalidURL, ValueError):
            continue
        if url and url.scheme in {"http", "https"} and url.host and not url.userinfo:
            yield Named(str(url), one.changed, one.is_listing)
