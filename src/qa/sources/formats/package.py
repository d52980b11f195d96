"""ZIP archives that hold a document (DOCX, XLSX, ODT, EPUB), checked before they are unpacked."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Iterator

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.format import Signature

__all__ = ["ZIP", "opened_package", "part_of"]

ZIP = Signature("a ZIP archive", b"PK\x03\x04")


@contextlib.contextmanager
def opened_package(data: bytes, name: str, kind: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose parts and unpacked bytes are within the limits.

    A part never unpacks to more than it says: ``zipfile`` stops there and finds it broken.

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
    # zipfile says RuntimeError of what is encrypted, NotImplementedError of an unknown packing.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise SourceError(f"{name}: a broken or encrypted {kind} ({error}).") from error


def part_of(package: zipfile.ZipFile, part: str, name: str, kind: str) -> bytes:
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
