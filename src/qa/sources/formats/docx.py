"""Word documents (DOCX): paragraphs, lists and table rows in document order; python-docx's home.

python-docx opens the package; its own walk over the text is not taken, since it leaves out what
stands in content controls (tables of contents, covers) and what was inserted with changes
tracked. Nothing outside the file is ever read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from qa.errors import SourceError
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.package import ZIP, opened_package, part_of
from qa.sources.formats.raised import lowered, raised

__all__ = ["docx"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Text that was deleted, that moved away, and codes that make text (which stands beside them).
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
# Where a reference keeps the mark it is given, since Word counts notes only when it shows them.
_SHOWN = "shown"
_TITLE_STYLE = "title"
_ALIGNMENTS = {"superscript": "superscript", "subscript": "subscript"}
_MOVED_HALF_POINTS = 4


def docx(data: bytes, name: str) -> Extracted:
    """The document's text, a blank line between paragraphs; notes stand at its end.

    Raises:
        SourceError: it is no DOCX, is too large, or declares entities.
    """
    _check_package(data, name)
    import docx as python_docx  # noqa: PLC0415 - brings lxml

    document = python_docx.Document(io.BytesIO(data))
    aligned = _aligned_styles(document)
    _raise_marks(document.element.body, aligned)
    notes = list(_notes(document, aligned))
    paragraphs = [text for text in _blocks(document.element.body) if text.strip()]
    title = _title(document)
    if title and paragraphs and paragraphs[0].split() == title.split():
        paragraphs = paragraphs[1:]
    return Extracted("\n\n".join([*paragraphs, *notes]), title=title)


def _check_package(data: bytes, name: str) -> None:
    """Hold the archive to what it says of itself, before anything is unpacked."""
    with opened_package(data, name, "DOCX") as package:
        names = package.namelist()
        if "word/document.xml" not in names and "[Content_Types].xml" not in names:
            raise SourceError(f"{name}: a ZIP archive, and no Word document in it.")
        for part in names:
            if part.endswith((".xml", ".rels")):
                part_of(package, part, name, "Word document")


def _blocks(container: Any) -> Iterator[str]:
    """Paragraphs and tables in order, through content controls; a table is one block."""
    for element in container:
        if element.tag == _W + "p":
            yield _text(element)
            yield from _boxes(element)
        elif element.tag == _W + "tbl":
            yield "\n".join(_rows(element))
        elif element.tag not in _LEFT_OUT:
            yield from _blocks(element)


def _rows(table: Any) -> Iterator[str]:
    """A line per row, tabs between its cells; what a cell holds is on one line."""
    for row in table.iter(_W + "tr"):
        if _within(row, _W + "tbl") is not table:
            continue
        cells = [cell for cell in row.iter(_W + "tc") if _within(cell, _W + "tr") is row]
        said = [" ".join(" ".join(_blocks(cell)).split()) for cell in cells]
        if any(said):
            yield "\t".join(said).rstrip("\t")


def _within(element: Any, tag: str) -> Any:
    return next(element.iterancestors(tag), None)


def _boxes(paragraph: Any) -> Iterator[str]:
    """What stands in text boxes, which hang on the paragraph."""
    for box in paragraph.iter(_W + "txbxContent"):
        if not any(ancestor.tag in _LEFT_OUT for ancestor in box.iterancestors()):
            yield from _blocks(box)


def _text(paragraph: Any) -> str:
    return "".join(_characters(paragraph)).strip()


def _characters(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag in _LEFT_OUT or child.tag == _W + "txbxContent":
            continue
        if child.tag == _W + "t":
            yield child.text or ""
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        elif child.tag in {_W + f"{kind}Reference" for kind in _NOTE_KINDS}:
            yield child.get(_SHOWN, "")
        else:
            yield from _characters(child)


def _aligned_styles(document: Any) -> dict[str, str]:
    """How high the styles of characters stand that stand above or below the line, by id."""
    return {
        style.get(_W + "styleId"): found
        for style in document.styles.element.iter(_W + "style")
        if (found := _alignment(style.find(_W + "rPr"), {}))
    }


def _alignment(properties: Any, aligned: Mapping[str, str]) -> str:
    """Return whether characters are a "superscript" or a "subscript"; empty for neither."""
    if properties is None:
        return ""
    stated = properties.find(_W + "vertAlign")
    if stated is not None:
        return _ALIGNMENTS.get(stated.get(_W + "val"), "")
    position = properties.find(_W + "position")
    moved = position.get(_W + "val", "0") if position is not None else "0"
    if moved.lstrip("-").isdecimal() and abs(int(moved)) >= _MOVED_HALF_POINTS:
        return "superscript" if int(moved) > 0 else "subscript"
    style = properties.find(_W + "rStyle")
    return aligned.get(style.get(_W + "val"), "") if style is not None else ""


def _raise_marks(container: Any, aligned: Mapping[str, str]) -> None:
    """Write characters above and below the line, as marks of notes are, as such."""
    for run in container.iter(_W + "r"):
        alignment = _alignment(run.find(_W + "rPr"), aligned)
        for text in run.iter(_W + "t") if alignment else ():
            change = raised if alignment == "superscript" else lowered
            text.text = change(text.text or "")


def _notes(document: Any, aligned: Mapping[str, str]) -> Iterator[str]:
    """Footnotes, then endnotes, each behind its mark, which its reference is given too."""
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for kind in _NOTE_KINDS:
        references = document.element.body.iter(f"{_W}{kind}Reference")
        marks = {}
        for number, reference in enumerate(references, start=1):
            mark = f"[{number}]" if kind == "footnote" else f"[{kind} {number}]"
            marks[reference.get(_W + "id")] = mark
            reference.set(_SHOWN, mark)
        for related in document.part.rels.values():
            if related.is_external or not related.reltype.endswith(f"/{kind}s"):
                continue
            for note in etree.fromstring(related.target_part.blob, parser):
                _raise_marks(note, aligned)
                said = " ".join(" ".join(_blocks(note)).split())
                # Separators and notes whose reference was deleted are referred to by nothing.
                if said and note.get(_W + "id") in marks:
                    yield f"{marks[note.get(_W + 'id')]} {said}"


def _title(document: Any) -> str | None:
    """What is styled as the title; else what the file says, if the text says it too."""
    styled = [p.text for p in document.paragraphs if p.style and _is_title(p.style.name)]
    if styled and styled[0].strip():
        return " ".join(styled[0].split())
    stated = " ".join((document.core_properties.title or "").split())
    top = [" ".join(p.text.split()) for p in document.paragraphs[:40]]
    return stated if stated and stated in top else None


def _is_title(style: str | None) -> bool:
    return (style or "").lower() == _TITLE_STYLE


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
