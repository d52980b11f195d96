"""Which ending is read by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qa.sources.formats import (
    captions,
    delimited,
    docx,
    eml,
    epub,
    html,
    json_faq,
    limits,
    odt,
    pdf,
    rtf,
    text,
    xlsx,
)
from qa.sources.formats.extracted import Extracted

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True, slots=True)
class Format:
    """How files of one ending are read.

    ``contents`` are what their first bytes may say they are, ``apart`` whether they are parsed in
    a process of its own.
    """

    read: Callable[[bytes, str], Extracted]
    contents: frozenset[str] = frozenset()
    apart: bool = False
    most_bytes: int = limits.FILE_BYTES


_TEXT = Format(text.plain_text)
_MARKDOWN = Format(text.markdown)
_HTML = Format(html.html, frozenset({"an HTML page"}), apart=True, most_bytes=limits.HTML_BYTES)
_PDF = Format(pdf.pdf, frozenset({"a PDF"}), apart=True)
_DOCX = Format(docx.docx, frozenset({"a ZIP archive"}), apart=True)
_XLSX = Format(xlsx.xlsx, frozenset({"a ZIP archive"}), apart=True)
_ODT = Format(odt.odt, frozenset({"a ZIP archive"}), apart=True)
_EPUB = Format(epub.epub, frozenset({"a ZIP archive"}), apart=True)
_RTF = Format(rtf.rtf, frozenset({"RTF"}), apart=True, most_bytes=limits.RTF_BYTES)
_EML = Format(eml.eml, apart=True)
_DELIMITED = Format(delimited.delimited, apart=True)
_CAPTIONS = Format(captions.captions, apart=True)
_JSON = Format(json_faq.json_faq, apart=True)
_JSON_LINES = Format(json_faq.json_lines, apart=True)

FORMATS: dict[str, Format] = {
    ".txt": _TEXT,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": _PDF,
    ".docx": _DOCX,
    ".odt": _ODT,
    ".rtf": _RTF,
    ".epub": _EPUB,
    ".eml": _EML,
    ".xlsx": _XLSX,
    ".csv": _DELIMITED,
    ".tsv": _DELIMITED,
    ".srt": _CAPTIONS,
    ".vtt": _CAPTIONS,
    ".json": _JSON,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
}
