"""All formats; a new one is a module with ``FORMATS`` and its name in ``_MODULES``."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath

from qa.sources.formats.format import Format, Signature

__all__ = [
    "BY_ENDING",
    "CONVERTIBLE",
    "FORMATS",
    "MEDIA_TYPES",
    "content_kind",
    "ending_by_signature",
    "format_of",
]

_MODULES = (
    "text",
    "html",
    "pdf",
    "docx",
    "odt",
    "rtf",
    "epub",
    "eml",
    "captions",
    "delimited",
    "xlsx",
    "json_faq",
)

FORMATS: tuple[Format, ...] = tuple(
    form for module in _MODULES for form in import_module(f"{__package__}.{module}").FORMATS
)
BY_ENDING = {ending: form for form in FORMATS for ending in form.endings}
# The ending of files of a media type.
MEDIA_TYPES = {
    media_type: ending
    for form in FORMATS
    for ending, media_types in form.endings.items()
    for media_type in media_types
}
# The ending of the format to which LibreOffice converts files of another.
CONVERTIBLE = {ending: form.ending for form in FORMATS for ending in form.convertible}

_UNSUPPORTED = (
    Signature("an empty ZIP archive", b"PK\x05\x06"),
    Signature(
        "an old Office file (.doc), or an encrypted one", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    ),
    Signature("a gzip archive", b"\x1f\x8b"),
    Signature("a PNG picture", b"\x89PNG"),
    Signature("a JPEG picture", b"\xff\xd8\xff"),
    Signature("a GIF picture", b"GIF8"),
    Signature("a program", b"\x7fELF"),
    Signature("a program", b"MZ\x90"),
)
_SIGNATURES = (*(form.signature for form in FORMATS if form.signature), *_UNSUPPORTED)


def format_of(name: str) -> Format | None:
    """Return the format of a file, by the ending of its name."""
    return BY_ENDING.get(PurePath(name).suffix.lower())


def content_kind(data: bytes) -> str | None:
    """Return the kind of file that the first bytes prove; None for text, for example."""
    for signature in _SIGNATURES:
        if signature.start and data.startswith(signature.start):
            return signature.kind
    return next((s.kind for s in _SIGNATURES if s.matches and s.matches(data)), None)


def ending_by_signature(data: bytes, ending: str) -> str | None:
    """Return the ending of a file's format by its first bytes; None where they do not tell.

    Several formats are ZIP archives: ``ending``, that of the file's name, tells these apart.
    """
    fitting = [
        form
        for form in FORMATS
        if form.signature and form.signature.start and data.startswith(form.signature.start)
    ]
    if any(ending in form.endings for form in fitting):
        return ending
    return fitting[0].ending if fitting else None
