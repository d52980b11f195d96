"""Who searches a snapshot, and says which snapshot is live: this process, or Milvus.

A snapshot is the same whoever searches it: the same files, the same digest. What an engine finds
is scored by the snapshot's own files.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from qa.errors import SnapshotError
from qa.index.lexical import LexicalIndex
from qa.index.vectors import VectorIndex
from qa.settings import Settings

__all__ = ["CURRENT", "DIGEST_CHARS", "FAISS", "Engine", "engine_of", "sync_file", "sync_folder"]

DIGEST_CHARS = 32
CURRENT = "current"
_REMEDY = 'run "qa index" to build it anew'


class Engine(Protocol):
    """Who searches. What may fail because it is elsewhere raises UnavailableError."""

    is_local: bool

    def live(self, index: Path) -> str | None:
        """The digest of the live snapshot; None where nothing has been published.

        Raises:
            SnapshotError: what should hold a digest does not.
            SettingsError: what is live there is no snapshot.
        """

    def put(self, folder: Path) -> None:
        """Take in the complete snapshot in a folder, named by its digest, to be searched."""

    def make_live(self, index: Path, digest: str) -> None:
        """Make a snapshot that was put the live one, in one step for everybody."""

    def vectors(self, folder: Path, name: str) -> VectorIndex:
        """One of the vector indexes of the snapshot in a folder."""

    def lexical(self, folder: Path) -> LexicalIndex:
        """The lexical index of the snapshot in a folder."""

    def faults(self, folder: Path) -> list[str]:
        """What the engine holds otherwise than the snapshot's files do, a line each."""

    def keep(self, digests: Collection[str]) -> None:
        """Let go of every snapshot but these."""

    def check(self, digest: str) -> None:
        """Do nothing where it can search a snapshot that was opened, now.

        Raises:
            UnavailableError: it cannot.
        """


class _Faiss:
    """faiss, in this process; ``index/current`` names the live snapshot."""

    is_local = True

    def live(self, index: Path) -> str | None:
        current = index / CURRENT
        if not current.exists():
            return None
        if not current.is_file():
            raise SnapshotError(f"{current} is not a file: move it away, then {_REMEDY}.")
        digest = current.read_bytes().decode("ascii", "replace").rstrip("\n")
        if len(digest) != DIGEST_CHARS or set(digest) - set("0123456789abcdef"):
            raise SnapshotError(f"{current} does not hold a digest: {_REMEDY}.")
        return digest

    def put(self, folder: Path) -> None:
        """Nothing: the files are searched as they are."""

    def make_live(self, index: Path, digest: str) -> None:
        following = index / f".{CURRENT}"
        following.write_text(f"{digest}\n", "ascii")
        sync_file(following)
        following.replace(index / CURRENT)
        sync_folder(index)

    def vectors(self, folder: Path, name: str) -> VectorIndex:
        return VectorIndex.open(folder / "vectors" / f"{name}.faiss")

    def lexical(self, folder: Path) -> LexicalIndex:
        return LexicalIndex.open(folder / "lexical")

    def faults(self, folder: Path) -> list[str]:  # noqa: ARG002 - it holds nothing of its own
        return []

    def keep(self, digests: Collection[str]) -> None:
        """Nothing: the folder's litter is removed by its owner."""

    def check(self, digest: str) -> None:
        """It is here."""


FAISS: Engine = _Faiss()


def engine_of(settings: Settings, record: str = "") -> Engine:
    """The engine of the settings; ``record`` names another record than the live one."""
    if settings.engine == "faiss":
        return FAISS
    from qa.cluster.milvus import Milvus  # noqa: PLC0415 - only where it is set

    return Milvus(
        settings.milvus_uri,
        settings.milvus_name + (record and f"_{record}"),
        token=settings.milvus_token.get_secret_value(),
        certificate=settings.milvus_certificate,
    )


def sync_file(path: Path) -> None:
    """Bring a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Bring the names of a folder's files to the disk."""
    if os.name == "nt":  # folders cannot be opened there; the file system keeps names itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
