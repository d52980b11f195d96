"""Bytes of a source file to its text and what the file says of itself.

One door, ``extract``. A new format is one module and one row of ``FORMATS``. What parses more
than text runs in a process of its own, which may crash, hang or hunger without harm
(``worker.py``).
"""

from __future__ import annotations

from pathlib import PurePath

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.readers import FORMATS
from qa.sources.formats.signatures import told_by_content
from qa.sources.formats.text import split_front_matter
from qa.sources.formats.worker import read_apart, read_links, read_rules, search_apart

__all__ = [
    "FORMATS",
    "Extracted",
    "check_size",
    "extract",
    "read_links",
    "read_rules",
    "search_apart",
    "split_front_matter",
]

# What LibreOffice converts them to that is read here.
_CONVERTED = {
    ".doc": "docx",
    ".dot": "docx",
    ".wps": "docx",
    ".pages": "docx",
    ".xls": "xlsx",
    ".xlsb": "xlsx",
    ".ods": "xlsx",
    ".numbers": "xlsx",
    ".ppt": "pdf",
    ".pptx": "pdf",
    ".odp": "pdf",
    ".key": "pdf",
}


def extract(data: bytes, name: str) -> Extracted:
    """The text of a source file; ``name`` tells its format by its ending.

    Raises:
        SourceError: the format is not read here, the content is not what the ending says, a
            limit is passed, the file is broken, or no text is in it.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix in _CONVERTED:
        raise SourceError(
            f"{name}: {suffix} is not read here: convert it, for example with LibreOffice: "
            f"soffice --headless --convert-to {_CONVERTED[suffix]} FILE"
        )
    if suffix not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise SourceError(
            f"{name}: the ending {suffix or '(none)'} is not a format read here; known: {known}."
        )
    check_size(len(data), name)
    form = FORMATS[suffix]
    content = told_by_content(data)
    if content and content not in form.contents:
        raise SourceError(
            f"{name}: it begins like {content}, its name ends in {suffix}: give it the ending "
            "of what it is."
        )
    read = read_apart if form.apart else form.read
    extracted = read(data, name)
    if not extracted.text.strip():
        raise SourceError(f"{name}: there is no text in it.")
    if len(extracted.text) > limits.TEXT_CHARS:
        raise SourceError(
            f"{name}: its text has {len(extracted.text)} characters, the limit (TEXT_CHARS) is "
            f"{limits.TEXT_CHARS}: split it."
        )
    return extracted


def check_size(size: int, name: str) -> None:
    """Hold a file's size in bytes against the limit of its format, before it is read.

    Raises:
        SourceError: it is larger.
    """
    form = FORMATS.get(PurePath(name).suffix.lower())
    if form and size > form.most_bytes:
        raise SourceError(
            f"{name}: it has {size} bytes, the limit of its format is {form.most_bytes}: split it."
        )
