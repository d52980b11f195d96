"""Links of a feed, a sitemap or a page of links; runs in the worker process.

XML is parsed without entities, so that it cannot grow while it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import httpx

from qa.errors import SourceError

__all__ = ["Link", "links_of_page", "links_of_xml"]

# The words of a link to the next page of a listing, where it does not say rel="next".
_NEXT = re.compile(
    r"\W*(?:next(?: page)?|older(?: posts| entries)?|下一[页頁]|下[页頁]|suivante?|weiter"
    r"|siguiente)\W*|[›»>→]+",
    re.IGNORECASE,
)
# A link with more characters is no "next"; the rest need not be kept.
_MAX_LINK_CHARS = 100
# httpx refuses these, urllib removes some of them without a word.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a listing; ``is_listing`` where it leads to another listing.

    ``changed`` is the stated day on which the page last changed.
    """

    url: str
    changed: str | None = None
    is_listing: bool = False


def links_of_xml(data: bytes, base: str) -> list[Link]:
    """Return the links of a feed, a sitemap or an index of sitemaps.

    Raises:
        SourceError: it is not XML, or declares entities.
    """
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - only to crawl
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415

    try:
        root: Element = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise SourceError(f"{base}: not XML that can be read safely: {error!r}.") from error
    links: Iterable[Link]
    kind = _local_name(root.tag)
    if kind in {"urlset", "sitemapindex"}:
        links = (_sitemap_entry(element, is_listing=kind != "urlset") for element in root)
    else:
        links = _links_of_feed(root)
    return list(_absolute(links, base))


def _links_of_feed(root: Element) -> Iterator[Link]:
    for element in root.iter():
        if _local_name(element.tag) in {"item", "entry"}:
            yield _feed_entry(element)
        elif _local_name(element.tag) == "link" and element.get("rel") == "next":
            yield Link(element.get("href", ""), is_listing=True)


def _sitemap_entry(element: Element, *, is_listing: bool) -> Link:
    texts = {_local_name(child.tag): (child.text or "").strip() for child in element}
    return Link(texts.get("loc", ""), texts.get("lastmod"), is_listing)


def _feed_entry(element: Element) -> Link:
    """Return the link of a feed's entry, or its permanent id where that is an address."""
    url = changed = ""
    for child in element:
        name, text = _local_name(child.tag), (child.text or "").strip()
        is_page = name == "link" and child.get("rel", "alternate") == "alternate"
        if is_page and not url:
            url = child.get("href") or text
        elif name == "updated":
            changed = text
    if not url:
        ids = (
            c for c in element if _local_name(c.tag) == "guid" and c.get("isPermaLink") != "false"
        )
        url = next((child.text or "" for child in ids), "").strip()
    return Link(url, changed or None)


def _local_name(tag: Any) -> str:
    """Return a tag without its namespace; nothing for comments and the like."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def links_of_page(data: bytes, base: str) -> list[Link]:
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
    stated_base = next((e.get("href") for e in root.iter("base") if e.get("href")), "")
    for link in _absolute([Link(stated_base)], base):
        base = link.url
    links = dict.fromkeys(
        Link(href, is_listing=is_next or bool(_NEXT.fullmatch(words)))
        for href, is_next, words in _anchors(root)
    )
    return list(dict.fromkeys(_absolute(links, base)))


def _anchors(root: Any) -> Iterator[tuple[str, bool, str]]:
    """Yield every link: its address, whether it says rel="next", and its words."""
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
        text = element.text if is_start else element.tail
        if open_link and text and kept <= _MAX_LINK_CHARS:
            words.append(text)
            kept += len(text)


def _absolute(links: Iterable[Link], base: str) -> Iterator[Link]:
    """Yield the links to pages on the web, with their absolute address and no fragment."""
    for link in links:
        href = link.url.strip()
        if not link.url or _CONTROL.search(href):
            continue
        try:
            # httpx.URL.join parses the address four times.
            url = httpx.URL(urljoin(base, href).partition("#")[0])
        except (httpx.InvalidURL, ValueError):
            continue
        if url.scheme in {"http", "https"} and url.host and not url.userinfo:
            yield Link(str(url), link.changed, link.is_listing)
