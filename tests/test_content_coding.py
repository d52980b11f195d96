"""A packed body is unpacked whole, or refused."""

import gzip
import tracemalloc
import zlib

import brotli
import pytest
from backports import zstd

from qa.errors import SourceError, UnreachableError
from qa.sources.remote import content_coding
from qa.sources.remote.content_coding import unpacked

TEXT = b"".join(b"Measure %d applies. " % n for n in range(300))
LIMIT = 100_000


def bare_deflate(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "GZip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    " deflate ": bare_deflate(TEXT),
    "br": brotli.compress(TEXT),
    "zstd": zstd.compress(TEXT),
    "identity, gzip": gzip.compress(TEXT),
    "br, gzip": gzip.compress(brotli.compress(TEXT)),
    "": TEXT,
}


@pytest.mark.parametrize("name", PACKED)
def test_a_whole_body_is_unpacked(name):
    assert unpacked(PACKED[name], name, LIMIT, "a") == TEXT


@pytest.mark.parametrize("name", [name for name in PACKED if name])
def test_a_body_that_ends_anywhere_before_its_end_is_refused(name):
    data = PACKED[name]
    for size in range(0, len(data), 7):
        with pytest.raises(SourceError):
            unpacked(data[:size], name, LIMIT, "a")
    with pytest.raises(UnreachableError, match="a: cut off, its .* do not end within the"):
        unpacked(data[:-1], name, LIMIT, "a")


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_all_members_are_read_and_what_follows_them_is_not(pack):
    name = "gzip" if pack is gzip.compress else "zstd"
    one, two = pack(TEXT[:1000]), pack(TEXT[1000:])
    for between in (b"", b"\0", b"\0" * 9_000):
        assert unpacked(one + between + two, name, LIMIT, "a") == TEXT
        assert unpacked(one + between, name, LIMIT, "a") == TEXT[:1000]
    assert unpacked(one + two + b"<!-- served in 3 ms -->", name, LIMIT, "a") == TEXT
    assert unpacked(one + b"<!-- x -->" + two, name, LIMIT, "a") == TEXT[:1000]
    for size in range(1, len(two), 5):
        with pytest.raises(UnreachableError, match="cut off"):
            unpacked(one + two[:size], name, LIMIT, "a")


def test_what_follows_a_deflate_body_is_ignored():
    assert unpacked(zlib.compress(TEXT) + b"junk", "deflate", LIMIT, "a") == TEXT


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstd.compress),
        ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    ],
)
def test_a_bomb_takes_little_more_memory_than_the_limit(name, pack):
    bomb = pack(b"0" * 30_000_000)
    tracemalloc.start()
    with pytest.raises(SourceError, match=f"longer than {LIMIT} bytes when unpacked"):
        unpacked(bomb, name, LIMIT, "a")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000


def test_a_body_of_exactly_the_limit_is_taken():
    for name, packed in PACKED.items():
        assert unpacked(packed, name, len(TEXT), "a") == TEXT
    for name in ("gzip", "deflate", "br", "zstd"):
        with pytest.raises(SourceError, match="longer than"):
            unpacked(PACKED[name], name, len(TEXT) - 1, "a")


def test_a_million_members_are_not_copied_a_million_times(monkeypatch):
    """Only a part of the rest of the body is copied for each member, not all of it."""
    copied = []
    real = zlib.decompressobj

    class Counting:
        def __init__(self, **how):
            self._one = real(**how)

        def decompress(self, data, most):
            copied.append(len(data))
            return self._one.decompress(data, most)

        def __getattr__(self, name):
            return getattr(self._one, name)

    monkeypatch.setattr(content_coding.zlib, "decompressobj", Counting)
    body = gzip.compress(b"") * 20_000
    assert unpacked(body, "gzip", LIMIT, "a") == b""
    assert max(copied) <= content_coding._BLOCK_BYTES
    assert sum(copied) < len(body) * 250  # members in a block, on average half of it is left


def test_the_beginning_of_a_body_may_end_anywhere():
    assert TEXT.startswith(unpacked(PACKED["gzip"][:200], "gzip", LIMIT, "a", is_beginning=True))
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpacked(b"Disallow: /", "gzip", LIMIT, "a", is_beginning=True)


@pytest.mark.parametrize(
    ("codings", "why"),
    [
        ("compress", "sent as 'compress', which was not asked for"),
        ("gzip, " * 9, "packed 9 times, at most 3"),
        ("gzip, x", "sent as 'x'"),
        ("gzip", r"it cannot be unpacked \(gzip\)"),
        ("deflate", r"it cannot be unpacked \(deflate\)"),
        ("br", r"it cannot be unpacked \(br\)"),
        ("zstd", r"it cannot be unpacked \(zstd\)"),
    ],
)
def test_what_is_not_packed_so_is_refused(codings, why):
    with pytest.raises(SourceError, match=f"^a: {why}"):
        unpacked(b"\xff\xfe" + TEXT, codings, LIMIT, "a")
