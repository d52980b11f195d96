"""Content codings of HTTP bodies: a body is unpacked whole, or refused.

A content coding says where its data end, so that a body that was cut off is never taken for the
whole. Input is fed in small blocks: a body of a million tiny gzip members takes linear time.
"""

# httpx 0.28 has decoders for these codings, too. They take a gzip, deflate or brotli body that was
# cut off for a whole one, read only the first member of gzip, and do not bound what is unpacked.

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from typing import Any

import brotli
from backports.zstd import ZstdDecompressor

from qa.errors import SourceError, UnreachableError

__all__ = ["ACCEPTED", "unpacked"]

# The value of Accept-Encoding.
ACCEPTED = "gzip, deflate, br, zstd"
# What follows a member is copied; so much at a time, that no input makes this quadratic.
_BLOCK_BYTES = 4_096
# A response is packed once, by some proxies twice; each more multiplies what a bomb may cost.
_MOST_CODINGS = 3
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def unpacked(
    data: bytes, codings: str, limit: int, name: str, *, is_beginning: bool = False
) -> bytes:
    """Undo the content codings of a body, the last one first; at most ``limit`` bytes.

    ``codings`` is the value of Content-Encoding. All members of a gzip body are read; what
    follows them and is none is ignored, as browsers do. With ``is_beginning``, only the beginning
    of the body is there.

    Raises:
        SourceError: a coding is not known, the body is broken, or is longer than ``limit``.
        UnreachableError: the body ends before its data do.
    """
    named = [coding.strip().lower() for coding in codings.split(",")]
    named = [coding for coding in named if coding not in {"", "identity"}]
    if len(named) > _MOST_CODINGS:
        raise SourceError(f"{name}: packed {len(named)} times, at most {_MOST_CODINGS} are undone.")
    for coding in reversed(named):
        if coding not in _UNPACK:
            raise SourceError(
                f"{name}: sent as {coding[:40]!r}, which was not asked for; read are {ACCEPTED}."
            )
        try:
            body, is_whole = _UNPACK[coding](data, limit)
        except Exception as error:  # each library has errors of its own
            raise SourceError(f"{name}: it cannot be unpacked ({coding}): {error}.") from error
        if len(body) > limit:
            raise SourceError(
                f"{name}: longer than {limit} bytes when unpacked: raise max_source_bytes to "
                "take it."
            )
        if not is_whole and not is_beginning:
            raise UnreachableError(
                f"{name}: cut off, its {coding} data do not end within the {len(data)} bytes sent."
            )
        data = body
    return data


def _members(
    data: bytes, limit: int, *, start: Callable[[], Any], magic: bytes | None
) -> tuple[bytes, bool]:
    """Return the data of all members, and True if the last one ends.

    At most one byte more than ``limit`` is unpacked. ``start`` makes a decompressor as zlib has
    them. Further members begin with ``magic``; without one there is a single member.
    """
    body = bytearray()
    member = start()
    between = b""
    for begin in range(0, len(data), _BLOCK_BYTES):
        block = data[begin : begin + _BLOCK_BYTES]
        while block:
            if member.eof:
                between = (between + block).lstrip(b"\0") if magic else b"-"
                if not magic or not magic.startswith(between[: len(magic)]):
                    return bytes(body), True
                if len(between) < len(magic):
                    break
                member, block, between = start(), between, b""
            body += member.decompress(block, limit + 1 - len(body))
            if len(body) > limit:
                return bytes(body), True
            block = member.unused_data
    return bytes(body), member.eof and not between


def _inflated(data: bytes, limit: int) -> tuple[bytes, bool]:
    """Unpack a deflate body, in a zlib wrapper (RFC 9110) or bare as some servers send it."""
    try:
        return _members(data, limit, start=zlib.decompressobj, magic=None)
    except zlib.error:
        bare = functools.partial(zlib.decompressobj, wbits=-zlib.MAX_WBITS)
        return _members(data, limit, start=bare, magic=None)


def _gunzipped(data: bytes, limit: int) -> tuple[bytes, bool]:
    start = functools.partial(zlib.decompressobj, wbits=zlib.MAX_WBITS | 16)
    return _members(data, limit, start=start, magic=_GZIP_MAGIC)


def _unzstd(data: bytes, limit: int) -> tuple[bytes, bool]:
    return _members(data, limit, start=ZstdDecompressor, magic=_ZSTD_MAGIC)


def _unbrotli(data: bytes, limit: int) -> tuple[bytes, bool]:
    stream: Any = brotli.Decompressor()
    body = bytearray()
    for begin in range(0, len(data), _BLOCK_BYTES):
        body += stream.process(
            data[begin : begin + _BLOCK_BYTES], output_buffer_limit=limit + 1 - len(body)
        )
        while not stream.can_accept_more_data() and len(body) <= limit:
            body += stream.process(b"", output_buffer_limit=limit + 1 - len(body))
        if len(body) > limit:
            break
    return bytes(body), bool(stream.is_finished())


_UNPACK: dict[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _inflated,
    "br": _unbrotli,
    "zstd": _unzstd,
}
