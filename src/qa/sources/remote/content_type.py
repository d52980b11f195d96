"""A fetched body as a file: its format and its text as UTF-8."""

from __future__ import annotations

import codecs
from pathlib import PurePosixPath

import httpx

from qa.errors import SourceError
from qa.sources.formats.encodings import text_codec
from qa.sources.formats.registry import BY_ENDING, MEDIA_TYPES, ending_by_signature
from qa.sources.remote.fetch import Fetched

__all__ = ["as_file"]

# Servers give these types to files they do not know: there the first bytes or the address tell.
_VAGUE = ("text/plain", "application/octet-stream", "binary/octet-stream", "")


def as_file(fetched: Fetched) -> tuple[bytes, str]:
    """Return the bytes of a file, and a name for it whose ending tells its format.

    Text in another encoding than UTF-8, where the server names it, becomes UTF-8.

    Raises:
        SourceError: the server sent a format that is not supported.
    """
    data = fetched.data or b""
    kind, charset = _content_type(fetched.content_type)
    suffix = PurePosixPath(httpx.URL(fetched.final).path).suffix.lower()
    ending = MEDIA_TYPES.get(kind)
    if kind in _VAGUE:
        by_name = suffix if suffix in BY_ENDING else ending
        ending = ending_by_signature(data, suffix) or by_name
    if ending is None:
        types = ", ".join(sorted(MEDIA_TYPES))
        raise SourceError(
            f"{fetched.final}: its server calls it {kind or 'nothing'}; read are {types}."
        )
    if charset and kind.startswith("text/"):
        data = _as_utf8(data, charset, fetched.final)
    name = fetched.final if suffix == ending else f"{fetched.final}{ending}"
    return data, name


def _content_type(stated: str) -> tuple[str, str | None]:
    """Return the media type in lower case, and the charset where one is named."""
    kind, *parameters = stated.split(";")
    charset = None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and charset is None:
            charset = value.strip().strip("\"'").strip().lower() or None
    return kind.strip().lower(), charset


def _as_utf8(data: bytes, charset: str, name: str) -> bytes:
    codec = text_codec(charset)
    if codec is None:
        raise SourceError(f"{name}: its server names an unknown encoding, {charset[:40]!r}.")
    if codec in {"utf-8", "ascii"} or data.startswith(codecs.BOM_UTF8):
        return data
    try:
        # The mark outweighs what the page says of its encoding itself.
        return codecs.BOM_UTF8 + data.decode(codec).encode()
    except UnicodeError as error:
        why = f"{name}: not {charset[:40]} text, as its server says: {error}."
        raise SourceError(why) from error
