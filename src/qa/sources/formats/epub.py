"""Electronic books (EPUB): the chapters in reading order, read as HTML."""

from __future__ import annotations

import datetime
import posixpath
import zipfile
from typing import Any
from urllib.parse import unquote

from qa.errors import SourceError
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.front_matter import day
from qa.sources.formats.html import whole_text
from qa.sources.formats.package import ZIP, open_package, parse_xml, read_part

__all__ = ["epub"]

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_DC = "{http://purl.org/dc/elements/1.1/}"
_OPF = "{http://www.idpf.org/2007/opf}"
_CHAPTERS = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
# Methods that obfuscate fonts only, not the text.
_FONT_OBFUSCATION = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")


def epub(data: bytes, name: str) -> Extracted:
    """Return the text of all chapters, the table of contents aside.

    Raises:
        SourceError: it is no EPUB, is encrypted, or a chapter is missing.
    """
    with open_package(data, name, "EPUB") as package:
        _check_encryption(package, name)
        container = parse_xml(read_part(package, _CONTAINER, name, "EPUB"))
        rootfile = next(container.iter("{*}rootfile"), None)
        path = rootfile.get("full-path", "") if rootfile is not None else ""
        book = parse_xml(read_part(package, path, name, "EPUB"))
        chapters = [whole_text(_chapter(package, path, href, name), name) for href in _spine(book)]
    title = " ".join((book.findtext(f".//{_DC}title") or "").split())
    return Extracted(
        "\n\n".join(chapter for chapter in chapters if chapter.strip()),
        title=title or None,
        date=_date(book.findtext(f".//{_DC}date")),
        language=(book.findtext(f".//{_DC}language") or "").strip() or None,
    )


def _check_encryption(package: zipfile.ZipFile, name: str) -> None:
    if _ENCRYPTION not in package.namelist():
        return
    content = package.read(_ENCRYPTION)
    methods = content.count(b"<EncryptionMethod") + content.count(b":EncryptionMethod ")
    if methods > sum(map(content.count, _FONT_OBFUSCATION)):
        raise SourceError(f"{name}: an encrypted EPUB: it can only be read without its protection.")


def _spine(book: Any) -> list[str]:
    """Return the paths of the chapters in reading order, without the table of contents."""
    items = {item.get("id"): item for item in book.iter(f"{_OPF}item")}
    chapters = [items.get(ref.get("idref")) for ref in book.iter(f"{_OPF}itemref")]
    return [
        chapter.get("href", "")
        for chapter in chapters
        if chapter is not None
        and chapter.get("media-type") in _CHAPTERS
        and "nav" not in (chapter.get("properties") or "").split()
    ]


def _chapter(package: zipfile.ZipFile, book: str, href: str, name: str) -> bytes:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(book), unquote(href)))
    try:
        return package.read(path)
    except KeyError as error:
        raise SourceError(f"{name}: its chapter {path} is missing: save it again.") from error


def _date(written: str | None) -> datetime.date | None:
    try:
        return day((written or "").strip())
    except ValueError:
        return None


FORMATS = (
    Format(
        epub,
        {".epub": ("application/epub+zip",)},
        "the chapters in reading order, the table of contents aside",
        "title, date, language",
        signature=ZIP,
    ),
)
