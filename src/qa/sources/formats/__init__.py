"""Source files to text: ``extract`` is the only entrance.

``registry.py`` knows all formats. Everything but plain text is parsed in a worker process
(``worker.py``), which may crash, hang or run out of memory without harm.
"""

from __future__ import annotations

from pathlib import PurePath

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.registry import BY_ENDING, CONVERTIBLE, content_kind, format_of
from qa.sources.formats.text import split_front_matter
from qa.sources.formats.worker import (
    extract_in_worker,
    read_links,
    read_rules,
    search_in_worker,
)

__all__ = [
    "Extracted",
    "check_size",
    "extract",
    "read_links",
    "read_rules",
    "search_in_worker",
    "split_front_matter",
]


def extract(data: bytes, name: str) -> Extracted:
    """Return the text of a source file; the ending of ``name`` tells its format.

    Raises:
        SourceError: the format is not supported, the content does not fit the ending, a limit is
            exceeded, the file is broken, or it holds no text.
    """
    form = format_of(name)
    suffix = PurePath(name).suffix.lower()
    if suffix in CONVERTIBLE:
        raise SourceError(
            f"{name}: {suffix} is not read here: convert it, for example with LibreOffice: "
            f"soffice --headless --convert-to {CONVERTIBLE[suffix][1:]} FILE"
        )
    if form is None:
        known = ", ".join(sorted(BY_ENDING))
        raise SourceError(
            f"{name}: the ending {suffix or '(none)'} is not a format read here; known: {known}."
        )
    check_size(len(data), name)
    content = content_kind(data)
    if content and not (form.signature and form.signature.kind == content):
        raise SourceError(
            f"{name}: it begins like {content}, its name ends in {suffix}: give it the ending "
            "of what it is."
        )
    extracted = (extract_in_worker if form.in_worker else form.extract)(data, name)
    if not extracted.text.strip():
        raise SourceError(f"{name}: there is no text in it.")
    if len(extracted.text) > limits.TEXT_CHARS:
        raise SourceError(
            f"{name}: its text has {len(extracted.text)} characters, the limit (TEXT_CHARS) is "
            f"{limits.TEXT_CHARS}: split it."
        )
    return extracted


def check_size(size: int, name: str) -> None:
    """Refuse a file that has more bytes than its format may have, before it is read.

    Raises:
        SourceError: it is too large.
    """
    form = format_of(name)
    if form and size > form.max_bytes:
        raise SourceError(
            f"{name}: it has {size} bytes, the limit of its format is {form.max_bytes}: split it."
        )
