"""The body of an HTTP response, unpacked: whole, or not at all.

A content coding says where its data end, so that a body that was cut off is never taken for the
whole. Input is fed in small blocks: a body of a million tiny gzip members takes linear time.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

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


class _Decompressor(Protocol):
    """What zlib and zstd have in common."""

    @property
    def eof(self) -> bool:
        """Return whether the end of the member was reached."""

    @property
    def unused_data(self) -> bytes:
        """What was given after the end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most so many bytes of the unpacked data."""


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
            _raise_cut_off(name, coding, len(data))
        data = body
    return data


def _raise_cut_off(name: str, coding: str, size: int) -> NoReturn:
    raise UnreachableError(
        f"{name}: cut off, its {coding} data do not end within the {size} bytes sent."
    )


def _members(
    data: bytes, limit: int, *, start: Callable[[], _Decompressor], magic: bytes | None
) -> tuple[bytes, bool]:
    """The data of all members up to ``limit`` bytes and one more; whether the last one ends.

    Further members begin with ``magic``; without one there is a single member.
    """
    body = bytearray()
    member = start()
    between = b""
    for begin in range(0, len(data), _BLOCK_BYTES):
        block = data[begin : begin + _BLOCK_BYTES]
        while block:
            if member.eof:
                between = (between + block).lstrip(b"\0") if magic else b"-"
                if not magic or not _may_begin(between, magic):
                    return bytes(body), True
                if len(between) < len(magic):
                    break
                member, block, between = start(), between, b""
            body += member.decompress(block, limit + 1 - len(body))
            if len(body) > limit:
                return bytes(body), True
            block = member.unused_data
    return bytes(body), member.eof and not between


def _may_begin(data: bytes, magic: bytes) -> bool:
    return magic.startswith(data[: len(magic)])


def _inflated(data: bytes, limit: int) -> tuple[bytes, bool]:
    """A deflate body: in a zlib wrapper as the standard says, or bare as some servers send it."""
    try:
        return _members(data, limit, start=zlib.decompressobj, magic=None)
    except zlib.error:
        bare = functools.partial(zlib.decompressobj, wbits=-zlib.MAX_WBITS)
        return _members(data, limit, start=bare, magic=None)


def _gunzipped(data: bytes, limit: int) -> tuple[bytes, bool]:
    start = functools.partial(zlib.decompressobj, wbits=zlib.MAX_WBITS | 16)
    return _members(data, limit, start=start, magic=_GZIP_MAGIC)


def _unzstd(data: bytes, limit: int) -> tuple[bytes, bool]:
    from backports.zstd import ZstdDecompressor  # noqa: PLC0415 - only where a server sends it

    return _members(data, limit, start=ZstdDecompressor, magic=_ZSTD_MAGIC)


def _unbrotli(data: bytes, limit: int) -> tuple[bytes, bool]:
    import brotli  # noqa: PLC0415 - only where a server sends it

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
