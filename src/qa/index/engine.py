"""Engines: each searches snapshots and knows which one is live.

A snapshot is the same for every engine: the same files, the same digest. An engine supplies
candidates; the snapshot's own files score them.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from qa.errors import SnapshotError
from qa.index.lexical import LexicalIndex
from qa.index.owned import CURRENT, DIGEST_CHARS, is_digest
from qa.index.vectors import VectorIndex
from qa.settings import Settings
from qa.storage import sync_file, sync_folder

__all__ = ["CURRENT", "DIGEST_CHARS", "ENGINES", "FAISS", "Engine", "engine_of"]

# The module of each engine by the setting ``engine``; its ``open_engine`` makes one.
ENGINES = {"faiss": "qa.index.engine", "milvus": "qa.cluster.milvus"}
_REMEDY = 'run "qa index" to build it anew'


class Engine(Protocol):
    """Searches snapshots. A remote engine raises UnavailableError where it cannot be reached."""

    is_local: bool

    def live(self, index: Path) -> str | None:
        """Return the digest of the live snapshot; None where nothing has been published.

        Raises:
            SnapshotError: the file that should hold a digest does not.
            SettingsError: the live collection is no snapshot.
        """

    def put(self, folder: Path) -> None:
        """Take in the complete snapshot in a folder, named by its digest, to be searched."""

    def make_live(self, index: Path, digest: str) -> None:
        """Make a snapshot that was put the live one, in one step for everybody."""

    def vectors(self, folder: Path, encoder: str, name: str) -> VectorIndex:
        """Return a vector index, of ``VECTORS``, of an encoder of the snapshot in a folder."""

    def lexical(self, folder: Path) -> LexicalIndex:
        """Return the lexical index of the snapshot in a folder."""

    def faults(self, folder: Path) -> list[str]:
        """Return the differences of what the engine holds from the snapshot's files, a line each.

        Every row is compared.
        """

    def keep(self, digests: Collection[str]) -> None:
        """Drop every snapshot but these."""

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
        if not is_digest(digest):
            raise SnapshotError(f"{current} does not hold a digest: {_REMEDY}.")
        return digest

    def put(self, folder: Path) -> None:
        """Do nothing: the files are searched as they are."""

    def make_live(self, index: Path, digest: str) -> None:
        following = index / f".{CURRENT}"
        following.write_text(f"{digest}\n", "ascii")
        sync_file(following)
        following.replace(index / CURRENT)
        sync_folder(index)

    def vectors(self, folder: Path, encoder: str, name: str) -> VectorIndex:
        return VectorIndex.open(folder / "vectors" / encoder / f"{name}.faiss")

    def lexical(self, folder: Path) -> LexicalIndex:
        return LexicalIndex.open(folder / "lexical")

    def faults(self, folder: Path) -> list[str]:  # noqa: ARG002 - it holds nothing of its own
        return []

    def keep(self, digests: Collection[str]) -> None:
        """Do nothing: the folder's owner removes old snapshots."""

    def check(self, digest: str) -> None:
        """Do nothing: it is here."""


FAISS: Engine = _Faiss()


def open_engine(settings: Settings, record: str) -> Engine:  # noqa: ARG001 - as every engine's
    """Return faiss, which needs no settings."""
    return FAISS


def engine_of(settings: Settings, record: str = "") -> Engine:
    """Return the engine the settings name; ``record`` names another record than the live one.

    Raises:
        SettingsError: a package that it needs is missing, or one of its settings is wrong.
    """
    module = importlib.import_module(ENGINES[settings.engine])
    engine: Engine = module.open_engine(settings, record)
    return engine
