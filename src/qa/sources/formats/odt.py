"""OpenDocument text (ODT): headings, paragraphs, lists and table rows in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from qa.errors import SourceError
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.package import ZIP, opened_package, part_of
from qa.sources.formats.raised import lowered, raised

__all__ = ["odt"]

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_TEXT, _OFFICE, _TABLE, _STYLE = (
    f"{{{_OASIS}:{kind}:1.0}}" for kind in ("text", "office", "table", "style")
)
_SPACE = re.compile("[ \t\r\n]+")
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_PARAGRAPHS = frozenset({_TEXT + "p", _TEXT + "h"})
# Deleted text, comments, declarations, and bodies of notes (which stand at the end).
_LEFT_OUT = frozenset(
    {
        _TEXT + "tracked-changes",
        _TEXT + "sequence-decls",
        _TEXT + "variable-decls",
        _TEXT + "user-field-decls",
        _OFFICE + "annotation",
        _OFFICE + "forms",
        _OFFICE + "scripts",
        "{http://www.w3.org/1998/Math/MathML}math",
    }
)
_CHARACTERS = {_TEXT + "tab": "\t", _TEXT + "line-break": "\n", _TEXT + "soft-hyphen": "\u00ad"}
# A hostile file may ask for any number.
_MOST_SPACES = 100


def odt(data: bytes, name: str) -> Extracted:
    """Return the document's text, a blank line between paragraphs; notes stand at its end.

    Raises:
        SourceError: it is no ODT, is encrypted, too large, or declares entities.
    """
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    with opened_package(data, name, "ODT") as package:
        content = part_of(package, "content.xml", name, "ODT")
        names = package.namelist()
        if "META-INF/manifest.xml" in names and b"encryption-data" in package.read(
            "META-INF/manifest.xml"
        ):
            raise SourceError(f"{name}: an encrypted ODT: save it without a password.")
        meta = part_of(package, "meta.xml", name, "ODT") if "meta.xml" in names else b""
        styles = part_of(package, "styles.xml", name, "ODT") if "styles.xml" in names else b""
    tree = etree.fromstring(content, parser)
    body = tree.find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise SourceError(f"{name}: an OpenDocument file that is no text document.")
    trees = [tree, *([etree.fromstring(styles, parser)] if styles else [])]
    reader = _Reader({name: how for one in trees for name, how in _positions(one)})
    blocks = [block.strip() for block in reader.blocks(body)]
    paragraphs = [block for block in blocks if block]
    stated = etree.fromstring(meta, parser).findtext(f".//{_TITLE}") if meta else ""
    title = " ".join((stated or "").split())
    if title and title not in [" ".join(block.split()) for block in paragraphs[:40]]:
        title = ""  # the text does not say it: often that of a template
    if title and " ".join(paragraphs[0].split()) == title:
        paragraphs = paragraphs[1:]
    return Extracted("\n\n".join([*paragraphs, *reader.notes]), title=title or None)


def _positions(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield names of styles whose characters stand above ("super") or below ("sub") the line."""
    for style in tree.iter(_STYLE + "style"):
        properties = style.find(_STYLE + "text-properties")
        stated = properties.get(_STYLE + "text-position", "") if properties is not None else ""
        kind = stated.split(" ")[0]
        moved = kind.rstrip("%")
        if kind in {"super", "sub"}:
            yield style.get(_STYLE + "name"), kind
        elif moved.lstrip("-").isdecimal() and int(moved):
            yield style.get(_STYLE + "name"), "super" if int(moved) > 0 else "sub"


class _Reader:
    """Reads blocks of text; ``notes`` are those met so far, each behind its mark."""

    def __init__(self, positions: dict[str, str]) -> None:
        self._positions = positions
        self.notes: list[str] = []

    def blocks(self, container: Any) -> Iterator[str]:
        """Yield paragraphs and tables in order; a table is one block."""
        for element in container:
            if element.tag in _PARAGRAPHS:
                yield self._text(element)
                for box in element.iter("{" + f"{_OASIS}:drawing:1.0" + "}text-box"):
                    yield from self.blocks(box)
            elif element.tag == _TABLE + "table":
                yield "\n".join(self._rows(element))
            elif isinstance(element.tag, str) and element.tag not in _LEFT_OUT:
                yield from self.blocks(element)

    def _rows(self, table: Any) -> Iterator[str]:
        for row in table.iter(_TABLE + "table-row"):
            if next(row.iterancestors(_TABLE + "table"), None) is not table:
                continue
            cells = [" ".join(" ".join(self.blocks(cell)).split()) for cell in row]
            if any(cells):
                yield "\t".join(cells).rstrip("\t")

    def _text(self, paragraph: Any) -> str:
        return "".join(self._characters(paragraph))

    def _characters(self, element: Any) -> Iterator[str]:
        # White space is one space; more are elements of their own.
        yield _spaced(element.text)
        for child in element:
            yield from self._inline(child)
            yield _spaced(child.tail)

    def _inline(self, child: Any) -> Iterator[str]:
        tag = child.tag
        if tag in _CHARACTERS:
            yield _CHARACTERS[tag]
        elif tag == _TEXT + "s":
            count = child.get(_TEXT + "c", "1")
            yield " " * min(int(count) if count.isdecimal() else 1, _MOST_SPACES)
        elif tag == _TEXT + "note":
            yield self._note(child)
        elif tag == _TEXT + "span":
            position = self._positions.get(child.get(_TEXT + "style-name", ""))
            change = {"super": raised, "sub": lowered}.get(position or "", str)
            yield change("".join(self._characters(child)))
        elif isinstance(tag, str) and tag not in _LEFT_OUT and "drawing" not in tag:
            yield from self._characters(child)

    def _note(self, note: Any) -> str:
        kind = note.get(_TEXT + "note-class", "footnote")
        cited = (note.findtext(_TEXT + "note-citation") or "").strip()
        mark = f"[{cited}]" if kind == "footnote" else f"[{kind} {cited}]"
        body = note.find(_TEXT + "note-body")
        said = " ".join(" ".join(self.blocks(body) if body is not None else ()).split())
        self.notes.append(f"{mark} {said}")
        return mark


def _spaced(text: str | None) -> str:
    return _SPACE.sub(" ", text or "")


FORMATS = (
    Format(
        odt,
        {".odt": ("application/vnd.oasis.opendocument.text",)},
        "headings, paragraphs, lists, text boxes, table rows in order; notes at the end, behind "
        "their marks",
        "a title that the text says too",
        signature=ZIP,
    ),
)
