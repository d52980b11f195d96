"""OpenDocument text (ODT): headings, paragraphs, lists and table rows in order."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from qa.errors import SourceError
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.package import ZIP, open_package, parse_xml, read_part
from qa.sources.formats.superscripts import subscript, superscript

__all__ = ["odt"]

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_TEXT, _OFFICE, _TABLE, _STYLE = (
    f"{{{_OASIS}:{kind}:1.0}}" for kind in ("text", "office", "table", "style")
)
_SPACE = re.compile("[ \t\r\n]+")
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_MANIFEST = "META-INF/manifest.xml"
_TITLE_WITHIN_PARAGRAPHS = 40
_PARAGRAPHS = frozenset({_TEXT + "p", _TEXT + "h"})
# Deleted text, comments and declarations.
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
_MAX_SPACES = 100


def odt(data: bytes, name: str) -> Extracted:
    """Return the document's text, a blank line between paragraphs; notes stand at its end.

    Raises:
        SourceError: it is no ODT, is encrypted, too large, or declares entities.
    """
    with open_package(data, name, "ODT") as package:
        content = read_part(package, "content.xml", name, "ODT")
        names = package.namelist()
        if _MANIFEST in names and b"encryption-data" in package.read(_MANIFEST):
            raise SourceError(f"{name}: an encrypted ODT: save it without a password.")
        meta, styles = (
            read_part(package, part, name, "ODT") if part in names else b""
            for part in ("meta.xml", "styles.xml")
        )
    tree = parse_xml(content)
    body = tree.find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise SourceError(f"{name}: an OpenDocument file that is no text document.")
    trees = [tree, *([parse_xml(styles)] if styles else [])]
    walk = _Walk(dict(itertools.chain.from_iterable(map(_aligned_styles, trees))))
    paragraphs = [stripped for block in walk.blocks(body) if (stripped := block.strip())]
    title = parse_xml(meta).findtext(f".//{_TITLE}") if meta else ""
    title = " ".join((title or "").split())
    top = [" ".join(block.split()) for block in paragraphs[:_TITLE_WITHIN_PARAGRAPHS]]
    if title not in top:
        title = ""  # often that of a template
    if title and top[0] == title:
        paragraphs = paragraphs[1:]
    return Extracted("\n\n".join([*paragraphs, *walk.notes]), title=title or None)


def _aligned_styles(tree: Any) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Yield names of styles for superscripts and subscripts, with what writes these."""
    for style in tree.iter(_STYLE + "style"):
        properties = style.find(_STYLE + "text-properties")
        value = properties.get(_STYLE + "text-position", "") if properties is not None else ""
        position = value.split(" ")[0]
        shift = {"super": "1", "sub": "-1"}.get(position, position.rstrip("%"))
        if shift.lstrip("-").isdecimal() and int(shift):
            yield style.get(_STYLE + "name"), superscript if int(shift) > 0 else subscript


class _Walk:
    """A walk over blocks of text; ``notes`` are those met so far, each behind its mark."""

    def __init__(self, aligned_styles: dict[str, Callable[[str], str]]) -> None:
        self._aligned_styles = aligned_styles
        self.notes: list[str] = []

    def blocks(self, container: Any) -> Iterator[str]:
        """Yield paragraphs and tables in order; a table is one block."""
        for element in container:
            if element.tag in _PARAGRAPHS:
                yield "".join(self._characters(element))
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

    def _characters(self, element: Any) -> Iterator[str]:
        # Runs of white space are one space; more spaces are elements of their own.
        yield _SPACE.sub(" ", element.text or "")
        for child in element:
            yield from self._inline(child)
            yield _SPACE.sub(" ", child.tail or "")

    def _inline(self, child: Any) -> Iterator[str]:
        tag = child.tag
        if tag in _CHARACTERS:
            yield _CHARACTERS[tag]
        elif tag == _TEXT + "s":
            count = child.get(_TEXT + "c", "1")
            yield " " * min(int(count) if count.isdecimal() else 1, _MAX_SPACES)
        elif tag == _TEXT + "note":
            yield self._note(child)
        elif tag == _TEXT + "span":
            align = self._aligned_styles.get(child.get(_TEXT + "style-name", ""), str)
            yield align("".join(self._characters(child)))
        elif isinstance(tag, str) and tag not in _LEFT_OUT and "drawing" not in tag:
            yield from self._characters(child)

    def _note(self, note: Any) -> str:
        kind = note.get(_TEXT + "note-class", "footnote")
        number = (note.findtext(_TEXT + "note-citation") or "").strip()
        mark = f"[{number}]" if kind == "footnote" else f"[{kind} {number}]"
        body = note.find(_TEXT + "note-body")
        text = " ".join(" ".join(self.blocks(body) if body is not None else ()).split())
        self.notes.append(f"{mark} {text}")
        return mark


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
