"""ZIP archives that hold a document (DOCX, XLSX, ODT, EPUB), checked before they are unpacked."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.format import Signature

__all__ = ["ZIP", "check_parts", "open_package", "parse_xml", "read_part"]

ZIP = Signature("a ZIP archive", b"PK\x03\x04")


@contextlib.contextmanager
def open_package(data: bytes, name: str, kind: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose parts and unpacked bytes are within the limits.

    A part never unpacks to more than it states: ``zipfile`` stops there and reports it broken.

    Raises:
        SourceError: it is broken, encrypted, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > limits.PARTS or unpacked > limits.UNPACKED_BYTES:
                raise SourceError(
                    f"{name}: it unpacks to {len(parts)} parts and {unpacked} bytes, the limits "
                    f"are {limits.PARTS} (PARTS) and {limits.UNPACKED_BYTES} (UNPACKED_BYTES)."
                )
            yield package
    # zipfile raises RuntimeError for encryption, NotImplementedError for unknown compression.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise SourceError(f"{name}: a broken or encrypted {kind} ({error}).") from error


def read_part(package: zipfile.ZipFile, part: str, name: str, kind: str) -> bytes:
    """Return the bytes of an XML part that reads no other file.

    Raises:
        SourceError: it is missing, or declares a document type.
    """
    try:
        content = package.read(part)
    except KeyError as error:
        raise SourceError(f"{name}: a ZIP archive, and no {kind} in it (no {part}).") from error
    if b"<!DOCTYPE" in content.replace(b"\0", b""):
        raise SourceError(
            f"{name}: {part} declares a document type, as no {kind} does and as is done to read "
            "other files: not read."
        )
    return content


def check_parts(package: zipfile.ZipFile, name: str, kind: str) -> None:
    """Check all XML parts of an Office package before a library reads them.

    Raises:
        SourceError: a part declares a document type.
    """
    for part in package.namelist():
        if part.endswith((".xml", ".rels")):
            read_part(package, part, name, kind)


def parse_xml(content: bytes) -> Any:
    """Return the root element; entities are not resolved, and no other file is read."""
    from lxml import etree  # noqa: PLC0415 - takes a moment to load

    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
