"""Shards of the texts of a build: each is embedded at once, and kept on the disk when done.

A build that was cut off goes on from the shards that are kept.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa.index.encoder import Encoder

__all__ = ["SHARD_TEXTS", "Shard", "Shards", "shards_folder"]

# Texts embedded before their vectors are kept. A worker that dies loses the part of its shard
# that is done: about ten seconds' work on one processor, beside which handing a shard out costs
# nothing.
SHARD_TEXTS = 1_024
_SHA256_BYTES = 32


@dataclass(frozen=True, slots=True)
class Shard:
    """Some of the texts, from row ``start`` on; ``content`` is their JSON, and ``name`` its key."""

    start: int
    texts: int
    content: bytes
    name: str


def shards_folder(cache: Path, index: Path, encoder: Encoder) -> Path:
    """Return the folder for shards of a build of this index with this encoder, and no other."""
    key = f"{encoder.sha256} {index.absolute()}".encode()
    return cache / "shards" / hashlib.sha256(key).hexdigest()[:32]


class Shards:
    """The shards of an encoder in a folder."""

    def __init__(self, folder: Path, encoder_sha256: str) -> None:
        self._folder = folder
        self._encoder_sha256 = encoder_sha256

    def split(self, texts: Sequence[str]) -> Iterator[Shard]:
        """Yield the texts in shards."""
        for start in range(0, len(texts), SHARD_TEXTS):
            some = texts[start : start + SHARD_TEXTS]
            content = json.dumps(some).encode()
            name = hashlib.sha256(f"{self._encoder_sha256} ".encode() + content).hexdigest()
            yield Shard(start, len(some), content, name)

    def keep(self, shard: Shard, vectors: np.ndarray) -> None:
        """Write a shard's vectors, whole or not at all: an .npy file with its sha256 at its end."""
        content = io.BytesIO()
        np.save(content, vectors, allow_pickle=False)
        data = content.getvalue()
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f".{shard.name}.{os.getpid()}"
        unfinished.write_bytes(data + hashlib.sha256(data).digest())
        unfinished.replace(self._path(shard))

    def kept(self, shard: Shard) -> np.ndarray | None:
        """Return a shard's vectors from the disk; None where they are missing or damaged."""
        try:
            content = self._path(shard).read_bytes()
        except FileNotFoundError:
            return None
        data, sha256 = content[:-_SHA256_BYTES], content[-_SHA256_BYTES:]
        if hashlib.sha256(data).digest() != sha256:
            return None
        vectors: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
        return vectors

    def remove(self) -> None:
        """Remove all of them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, shard: Shard) -> Path:
        return self._folder / f"{shard.name}.npy"
