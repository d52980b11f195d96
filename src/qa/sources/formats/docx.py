"""Word documents (DOCX): paragraphs, lists and table rows in document order; python-docx's home.

python-docx opens the package. Its own walk over the text is not used: it skips content controls
(tables of contents, covers) and insertions with changes tracked. No other file is ever read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from qa.errors import SourceError
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.package import ZIP, check_parts, open_package, parse_xml
from qa.sources.formats.superscripts import subscript, superscript

__all__ = ["docx"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Deleted text, text that moved away, and field codes (their results stand beside them).
_LEFT_OUT = frozenset(
    {_FALLBACK, *(_W + tag for tag in ("del", "moveFrom", "delText", "instrText", "rPr", "pPr"))}
)
_CHARACTERS = {
    _W + "tab": "\t",
    _W + "br": "\n",
    _W + "cr": "\n",
    _W + "noBreakHyphen": "\u2011",
}
_NOTE_KINDS = ("footnote", "endnote")
_TITLE_WITHIN_PARAGRAPHS = 40
# The attribute for the mark of a note's reference: Word numbers notes only when it shows them.
_NOTE_MARK = "mark"
_ALIGNMENTS = {"superscript": superscript, "subscript": subscript}
_SHIFTED_HALF_POINTS = 4


def docx(data: bytes, name: str) -> Extracted:
    """Return the document's text, a blank line between paragraphs; notes stand at its end.

    Raises:
        SourceError: it is no DOCX, is too large, or declares entities.
    """
    with open_package(data, name, "DOCX") as package:
        if not {"word/document.xml", "[Content_Types].xml"} & {*package.namelist()}:
            raise SourceError(f"{name}: a ZIP archive, and no Word document in it.")
        check_parts(package, name, "Word document")
    import docx as python_docx  # noqa: PLC0415 - brings lxml

    document = python_docx.Document(io.BytesIO(data))
    aligned = _aligned_styles(document)
    _write_superscripts(document.element.body, aligned)
    notes = list(_notes(document, aligned))
    paragraphs = [text for text in _blocks(document.element.body) if text.strip()]
    title = _title(document)
    if title and paragraphs and paragraphs[0].split() == title.split():
        paragraphs = paragraphs[1:]
    return Extracted("\n\n".join([*paragraphs, *notes]), title=title)


def _blocks(container: Any) -> Iterator[str]:
    """Yield paragraphs and tables in order, through content controls; a table is one block."""
    for element in container:
        if element.tag == _W + "p":
            yield "".join(_characters(element)).strip()
            for box in element.iter(_W + "txbxContent"):
                if not any(ancestor.tag in _LEFT_OUT for ancestor in box.iterancestors()):
                    yield from _blocks(box)
        elif element.tag == _W + "tbl":
            yield "\n".join(_rows(element))
        elif element.tag not in _LEFT_OUT:
            yield from _blocks(element)


def _rows(table: Any) -> Iterator[str]:
    """Yield a line per row, with tabs between its cells; a cell's text is on one line."""
    for row in table.iter(_W + "tr"):
        if next(row.iterancestors(_W + "tbl"), None) is not table:
            continue
        cells = [
            " ".join(" ".join(_blocks(cell)).split())
            for cell in row.iter(_W + "tc")
            if next(cell.iterancestors(_W + "tr"), None) is row
        ]
        if any(cells):
            yield "\t".join(cells).rstrip("\t")


def _characters(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag in _LEFT_OUT or child.tag == _W + "txbxContent":
            continue
        if child.tag == _W + "t":
            yield child.text or ""
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        elif child.tag in {_W + f"{kind}Reference" for kind in _NOTE_KINDS}:
            yield child.get(_NOTE_MARK, "")
        else:
            yield from _characters(child)


def _aligned_styles(document: Any) -> dict[str, str]:
    """Return the ids of styles for superscripts and subscripts, each with that alignment."""
    return {
        style.get(_W + "styleId"): alignment
        for style in document.styles.element.iter(_W + "style")
        if (alignment := _alignment(style.find(_W + "rPr"), {}))
    }


def _alignment(properties: Any, aligned: Mapping[str, str]) -> str:
    """Return "superscript" or "subscript"; empty for characters that are neither."""
    if properties is None:
        return ""
    vertical = properties.find(_W + "vertAlign")
    if vertical is not None:
        return vertical.get(_W + "val") if vertical.get(_W + "val") in _ALIGNMENTS else ""
    position = properties.find(_W + "position")
    shift = position.get(_W + "val", "0") if position is not None else "0"
    if shift.lstrip("-").isdecimal() and abs(int(shift)) >= _SHIFTED_HALF_POINTS:
        return "superscript" if int(shift) > 0 else "subscript"
    style = properties.find(_W + "rStyle")
    return aligned.get(style.get(_W + "val"), "") if style is not None else ""


def _write_superscripts(container: Any, aligned: Mapping[str, str]) -> None:
    """Replace characters that are set above or below the line, as marks of notes are."""
    for run in container.iter(_W + "r"):
        alignment = _alignment(run.find(_W + "rPr"), aligned)
        for text in run.iter(_W + "t") if alignment else ():
            text.text = _ALIGNMENTS[alignment](text.text or "")


def _notes(document: Any, aligned: Mapping[str, str]) -> Iterator[str]:
    """Yield footnotes, then endnotes, each behind its mark, which its reference gets too."""
    for kind in _NOTE_KINDS:
        references = document.element.body.iter(f"{_W}{kind}Reference")
        marks = {}
        for number, reference in enumerate(references, start=1):
            mark = f"[{number}]" if kind == "footnote" else f"[{kind} {number}]"
            marks[reference.get(_W + "id")] = mark
            reference.set(_NOTE_MARK, mark)
        for related in document.part.rels.values():
            if related.is_external or not related.reltype.endswith(f"/{kind}s"):
                continue
            for note in parse_xml(related.target_part.blob):
                _write_superscripts(note, aligned)
                text = " ".join(" ".join(_blocks(note)).split())
                # Separators and notes whose reference was deleted are referred to by nothing.
                if text and note.get(_W + "id") in marks:
                    yield f"{marks[note.get(_W + 'id')]} {text}"


def _title(document: Any) -> str | None:
    """Return the paragraph styled as title, or the file's title if the text holds it too."""
    for paragraph in document.paragraphs:
        if paragraph.style and (paragraph.style.name or "").lower() == "title":
            if title := " ".join(paragraph.text.split()):
                return title
            break
    title = " ".join((document.core_properties.title or "").split())
    top = [" ".join(p.text.split()) for p in document.paragraphs[:_TITLE_WITHIN_PARAGRAPHS]]
    return title if title and title in top else None


FORMATS = (
    Format(
        docx,
        {".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",)},
        "headings, paragraphs, lists, text boxes, table rows in order; footnotes and endnotes at "
        "the end, behind their marks",
        "a title that the text says too",
        signature=ZIP,
        convertible=(".doc", ".dot", ".wps", ".pages"),
    ),
)
