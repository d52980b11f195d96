"""The Milvus engine: snapshots searched on a Milvus server or cluster.

    NAME_<digest>_passages     collections, never changed once their snapshot is live
    NAME_<digest>_sentences
    NAME_<digest>_questions
    NAME_<digest>_words
    NAME_<digest>_passages_1   of a second encoder, and so on
    NAME                       an alias of the live snapshot's passages, switched in one step

Milvus holds the vectors to be searched and the fields they are filtered by; for the search by
words, the BM25 of each passage's words. Its candidates are rescored by the snapshot's files, so
that the same rows have the same scores with every engine. An exact search that returns fewer
rows than there are is an error.

Up to ``exact_rows`` vectors a collection is searched whole (FLAT). A larger one is kept in lists,
in eight bits (IVF_SQ8), as with faiss. Not in a graph (HNSW, DiskANN, AUTOINDEX): sentences that
are repeated again and again have the same vector, their nodes lead to each other only, and a
search that comes among them does not get out: of 232 rows wanted, 82 came.

Consistency: a collection is written, flushed, loaded, and counted with strong consistency before
the alias leads to it, and never written again. So searches need none of it ("Bounded"), and do
not wait for the newest of what does not change.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa.cluster.milvus_client import MilvusServer
from qa.cluster.rows import FIELDS, Rows, collection_suffix, searches
from qa.errors import SettingsError, SnapshotError, UnavailableError
from qa.index.lexical import LexicalIndex
from qa.index.vectors import VectorIndex, candidate_count, list_count, nprobe_among_visible
from qa.index.visible import Visible
from qa.settings import Settings

__all__ = ["Milvus", "condition", "open_engine"]

# Most rows Milvus gives at a time.
_MOST = 16_384
# Most lists, and the number compared. Milvus makes lists for each segment by itself, fewer where
# a segment is small, and a segment of 512 MB, its default, has 340,000 rows.
_LISTS, _NPROBE = 1_024, 128


def open_engine(settings: Settings, record: str) -> Milvus:
    """Return the engine the settings describe; see ``engine_of``."""
    return Milvus(
        settings.milvus_uri,
        settings.milvus_name + (record and f"_{record}"),
        token=settings.milvus_token.get_secret_value(),
        certificate=settings.milvus_certificate,
    )


class Milvus:
    """A record's snapshots on a Milvus server; see ``Engine``. Safe to use from several threads."""

    is_local = False

    def __init__(
        self, uri: str, name: str, *, token: str = "", certificate: Path | None = None
    ) -> None:
        """Check the settings without connecting.

        ``name`` begins the collections' names, and is the alias'.

        Raises:
            SettingsError: a package that it needs is missing, or the certificate cannot be read.
        """
        self.uri = uri
        self._server = MilvusServer(uri, token=token, certificate=certificate)
        self._name = name
        # The rows of each collection of the snapshots that were opened.
        self._counts: dict[str, dict[str, int]] = {}

    def live(self, index: Path) -> str | None:  # noqa: ARG002 - it is the same for every folder
        """See ``Engine``."""
        collection = self._server.aliased(self._name)
        if collection is None:
            return None
        match = re.fullmatch(rf"{re.escape(self._name)}_([0-9a-f]{{32}})_passages", collection)
        if match is None:
            raise SettingsError(
                f"The alias {self._name} in Milvus at {self.uri} leads to {collection}, which is "
                "no snapshot of ours: name another in milvus_name, or drop the alias."
            )
        return match[1]

    def put(self, folder: Path) -> None:
        """See ``Engine``. Collections that are whole already are not sent again."""
        for suffix in searches(folder):
            self._put(folder, suffix)

    def make_live(self, index: Path, digest: str) -> None:  # noqa: ARG002 - as ``live``
        """See ``Engine``."""
        self._server.switch_alias(self._name, self._name_of(digest, "passages"))

    def vectors(self, folder: Path, encoder: str, name: str) -> VectorIndex:
        """See ``Engine``."""
        collection = self._name_of(folder.name, collection_suffix(folder, encoder, name))
        path = folder / "vectors" / encoder / f"{name}.faiss"
        search = _VectorSearch(self._server, collection, _exact_rows(folder))
        index = VectorIndex.open(path, search)
        self._open(folder, collection, len(index))
        return index

    def lexical(self, folder: Path) -> LexicalIndex:
        """See ``Engine``."""
        collection = self._name_of(folder.name, "words")
        index = LexicalIndex.open(folder / "lexical", _WordSearch(self._server, collection))
        self._open(folder, collection, int(index.passages.held(len(index)).sum()))
        return index

    def faults(self, folder: Path) -> list[str]:
        """See ``Engine``. Every row is fetched and compared."""
        return [fault for suffix in searches(folder) for fault in self._faults(folder, suffix)]

    def keep(self, digests: Collection[str]) -> None:
        """See ``Engine``."""
        ours = re.compile(rf"{re.escape(self._name)}_([0-9a-f]{{32}})_[a-z]+(_\d+)?")

        def is_old(collection: str) -> bool:
            match = ours.fullmatch(collection)
            return match is not None and match[1] not in digests

        self._server.drop(is_old)

    def check(self, digest: str) -> None:
        """See ``Engine``. The rows of its collections are counted."""
        for collection, count in self._counts.get(digest, {}).items():
            actual = self._server.count(collection, retry=False)
            if actual != count:
                raise UnavailableError(self._miscounted(collection, actual, count))
        self._server.aliased(self._name, retry=False)

    def _open(self, folder: Path, collection: str, count: int) -> None:
        """Check that a collection holds so many rows.

        Raises:
            SnapshotError: it holds another number.
        """
        if count:
            self._counts.setdefault(folder.name, {})[collection] = count
            actual = self._server.count(collection)
            if actual != count:
                raise SnapshotError(self._miscounted(collection, actual, count))

    def _miscounted(self, collection: str, actual: int, count: int) -> str:
        return (
            f"{collection} in Milvus at {self.uri} holds {actual} rows, the snapshot {count}: "
            'run "qa index".'
        )

    def _name_of(self, digest: str, suffix: str) -> str:
        return f"{self._name}_{digest}_{suffix}"

    def _put(self, folder: Path, suffix: str) -> None:
        """Send the rows of one search into a collection, and load it."""
        collection = self._name_of(folder.name, suffix)
        rows = Rows(folder, suffix)
        if not len(rows) or self._server.is_whole(collection, len(rows)):
            return
        is_exact = len(rows) <= _exact_rows(folder)
        lists = None if is_exact else min(list_count(len(rows)), _LISTS)
        self._server.create(collection, FIELDS, rows.dimension, lists)
        for block in rows.blocks():
            self._server.send(collection, block)
        self._server.flush(collection)
        if not self._server.is_whole(collection, len(rows)):
            raise UnavailableError(
                f"Milvus at {self.uri} does not hold all {len(rows)} rows of {collection} after "
                "they were sent: the snapshot before stays live."
            )

    def _faults(self, folder: Path, suffix: str) -> Iterator[str]:
        collection = self._name_of(folder.name, suffix)
        fields = (*FIELDS, "vector")
        for block in Rows(folder, suffix).blocks():
            held = self._server.fetch(collection, [row["row"] for row in block], fields)
            by_number = {row["row"]: row for row in held}
            for row in block:
                other = by_number.get(row["row"])
                if other is None:
                    yield f"{collection} in Milvus lacks row {row['row']}"
                elif any(other[field] != row[field] for field in fields):
                    yield f"{collection} in Milvus: row {row['row']} is not the snapshot's"


@dataclass(frozen=True, slots=True)
class _VectorSearch:
    """Candidates for a vector from a collection; see ``VectorSearch``."""

    server: MilvusServer
    collection: str
    exact_rows: int

    def __call__(
        self, index: VectorIndex, vector: np.ndarray, wanted: int, visible: Visible | None
    ) -> np.ndarray:
        count = len(index) if visible is None else visible.count
        limit = min(candidate_count(wanted, count), _MOST)
        least, nprobe = limit, None
        if len(index) > self.exact_rows:
            least = 0
            nprobe = nprobe_among_visible(_NPROBE, _LISTS, count / len(index))
        numbers = vector.astype(np.float32).tolist()
        rows = self.server.search(self.collection, numbers, limit, condition(visible), nprobe)
        _check_enough(self.server, self.collection, rows, least)
        return rows


@dataclass(frozen=True, slots=True)
class _WordSearch:
    """Candidates for words from a collection; see ``WordSearch``."""

    server: MilvusServer
    collection: str

    def __call__(
        self, index: LexicalIndex, stems: Sequence[str], k: int, visible: Visible | None
    ) -> np.ndarray:
        numbers = (index.passages.number(stem) for stem in stems)
        counts = Counter(number for number in numbers if number is not None)
        if not counts:
            return np.empty(0, dtype=np.int64)
        # Passages that hold the most frequent word are the least that a search must find.
        holding = max((index.passages.rows(word) for word in stems), key=len)
        least = len(holding) if visible is None else int(np.count_nonzero(visible.rows[holding]))
        limit = min(candidate_count(k, len(index)), _MOST)
        vector = {number: float(count) for number, count in counts.items()}
        rows = self.server.search(self.collection, vector, limit, condition(visible))
        _check_enough(self.server, self.collection, rows, min(limit, least))
        return rows


def _check_enough(server: MilvusServer, collection: str, rows: np.ndarray, least: int) -> None:
    """Refuse the rows of a search that should have found more.

    Raises:
        UnavailableError: there are fewer than ``least``.
    """
    if len(rows) < least:
        raise UnavailableError(
            f"Milvus at {server.uri} found {len(rows)} rows in {collection}, there are {least} or "
            "more: it is not whole, or not all of it is loaded."
        )


def condition(visible: Visible | None) -> str:
    """Return the Milvus filter for the visible rows; empty where all are."""
    if visible is None:
        return ""
    terms = []
    if visible.since is not None:
        terms.append(f"date >= {visible.since}")
    if visible.until is not None:
        terms.append(f"date <= {visible.until}")
    if visible.since is not None or visible.until is not None:
        terms.append("date > 0")
    if visible.section is not None:
        terms.append(f"section == {visible.section}")
    if visible.hidden:
        terms.append(f"passage not in [{', '.join(map(str, visible.hidden))}]")
    if visible.only is not None:
        terms.append(f"passage in [{', '.join(map(str, visible.only))}]")
    return " and ".join(terms)


def _exact_rows(folder: Path) -> int:
    """The most vectors that are searched exactly, as the snapshot's manifest states."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    exact_rows: int = manifest["inputs"]["settings"]["exact_rows"]
    return exact_rows
