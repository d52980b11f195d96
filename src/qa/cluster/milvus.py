"""The searches of a snapshot on a Milvus server or cluster; the only user of pymilvus.

    NAME_<digest>_passages     collections, never changed once their snapshot is live
    NAME_<digest>_sentences
    NAME_<digest>_questions
    NAME_<digest>_words
    NAME                       an alias of the live snapshot's passages, switched in one step

Milvus holds the vectors to be searched, with what they are filtered by; for the search by words,
the BM25 of the words that each passage holds. What it finds is rescored by the snapshot's
files, so that the same rows have the same scores whoever found them. An exact search that brings
fewer rows than there are is no answer, but an error.

Up to ``exact_rows`` vectors a collection is searched whole (FLAT). A larger one is kept in lists,
in eight bits (IVF_SQ8), as faiss is told to. Not in a graph (HNSW, DiskANN, AUTOINDEX): sentences
that are said again and again have the same vector, their nodes lead to each other only, and a
search that comes among them does not get out: of 232 rows asked for, 82 came.

Consistency: a collection is written, flushed, loaded, and counted with strong consistency before
the alias leads to it, and never written again. So questions need none of it ("Bounded"), and do
not wait for the newest of what does not change.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from qa.cluster.rows import FIELDS, SEARCHED, Rows
from qa.errors import SettingsError, SnapshotError, UnavailableError
from qa.index.lexical import LexicalIndex
from qa.index.vectors import VectorIndex, candidates, list_count, probed
from qa.index.visible import Visible

__all__ = ["Milvus", "condition"]

_T = TypeVar("_T")
# Longest a call takes that answers a question; tried again so long, where it was well before.
_ANSWER_S, _TRIED_S = 2.0, 1.5
# Longest one step of publishing takes.
_PUBLISH_S = 600.0
# Most rows Milvus gives at a time.
_MOST = 16_384
_NOT_FOUND, _NOT_LOADED = 100, 101
# Most lists, and how many are looked into. Milvus makes lists for each segment by itself, fewer
# where a segment is small, and a segment of 512 MB, its default, has 340,000 rows.
_LISTS, _PROBED = 1_024, 128


class Milvus:
    """A record's snapshots on a Milvus server; see ``Engine``. Safe to use from several threads."""

    is_local = False

    def __init__(
        self, uri: str, name: str, *, token: str = "", certificate: Path | None = None
    ) -> None:
        """``name`` begins the collections' names, and is the alias'.

        Raises:
            SettingsError: a package that it needs is missing, or the certificate cannot be read.
        """
        if importlib.util.find_spec("pymilvus") is None:
            raise SettingsError(
                'engine = "milvus" needs more than is installed: pip install "press-qa[cluster]".'
            )
        self.uri = uri
        self._name = name
        self._secrets: dict[str, Any] = {"token": token} if token else {}
        if uri.startswith("https:"):
            self._secrets |= {"secure": True}
        if certificate:
            self._secrets |= {"server_pem_path": str(_checked(certificate, uri))}
        self._client: Any = None
        self._lock = threading.Lock()
        self._is_well = True
        # The rows of each collection of the snapshots that were opened.
        self._counts: dict[str, dict[str, int]] = {}

    def live(self, index: Path) -> str | None:  # noqa: ARG002 - it is the same for every folder
        """See ``Engine``."""
        found = self.now(self._aliased)
        if found is None:
            return None
        match = re.fullmatch(rf"{re.escape(self._name)}_([0-9a-f]{{32}})_passages", found)
        if match is None:
            raise SettingsError(
                f"The alias {self._name} in Milvus at {self.uri} leads to {found}, which is no "
                "snapshot of ours: name another in milvus_name, or drop the alias."
            )
        return match[1]

    def put(self, folder: Path) -> None:
        """See ``Engine``. What is there whole already is not sent again."""
        for name in SEARCHED:
            self._put(folder, name)

    def make_live(self, index: Path, digest: str) -> None:  # noqa: ARG002 - as ``live``
        """See ``Engine``."""
        target = self._name_of(digest, "passages")

        def switch(client: Any, timeout: float) -> None:
            change = client.alter_alias if self._aliased(client, timeout) else client.create_alias
            change(collection_name=target, alias=self._name, timeout=timeout)

        self._patiently(switch)

    def vectors(self, folder: Path, name: str) -> VectorIndex:
        """See ``Engine``."""
        index = _MilvusVectors.open(folder / "vectors" / f"{name}.faiss")
        index.collection = self._opened(folder, name, len(index))
        index.is_exact = _lists(folder, len(index)) is None
        return index

    def lexical(self, folder: Path) -> LexicalIndex:
        """See ``Engine``."""
        index = _MilvusWords.open(folder / "lexical")
        index.collection = self._opened(folder, "words", int(index.passages.held(len(index)).sum()))
        return index

    def faults(self, folder: Path) -> list[str]:
        """See ``Engine``. Every row is fetched and compared."""
        return [fault for name in SEARCHED for fault in self._faults(folder, name)]

    def keep(self, digests: Collection[str]) -> None:
        """See ``Engine``."""
        ours = re.compile(rf"{re.escape(self._name)}_([0-9a-f]{{32}})_({'|'.join(SEARCHED)})")

        def drop(client: Any, timeout: float) -> None:
            for collection in client.list_collections(timeout=timeout):
                match = ours.fullmatch(collection)
                if match and match[1] not in digests:
                    client.drop_collection(collection, timeout=timeout)

        self._patiently(drop)

    def check(self, digest: str) -> None:
        """See ``Engine``. The rows of its collections are counted."""
        for collection, count in self._counts.get(digest, {}).items():
            found = self.now(partial(_counted, collection=collection), collection, again=False)
            if found != count:
                raise UnavailableError(
                    f"{collection} in Milvus at {self.uri} holds {found} rows, the snapshot "
                    f'{count}: run "qa index".'
                )
        self.now(self._aliased, again=False)

    def _opened(self, folder: Path, name: str, count: int) -> _Collection:
        """A collection to be searched, which has to hold so many rows.

        Raises:
            SnapshotError: it holds another number.
        """
        collection = self._name_of(folder.name, name)
        if count:
            self._counts.setdefault(folder.name, {})[collection] = count
            found = self.now(partial(_counted, collection=collection), collection)
            if found != count:
                raise SnapshotError(
                    f"{collection} in Milvus at {self.uri} holds {found} rows, the snapshot "
                    f'{count}: run "qa index".'
                )
        return _Collection(self, collection)

    def _name_of(self, digest: str, name: str) -> str:
        return f"{self._name}_{digest}_{name}"

    def _aliased(self, client: Any, timeout: float) -> str | None:
        """The collection that the alias leads to; None where there is no alias."""
        from pymilvus.exceptions import MilvusException  # noqa: PLC0415

        try:
            found: str = client.describe_alias(self._name, timeout=timeout)["collection_name"]
        except MilvusException as error:
            if _is_alias_missing(error):
                return None
            raise
        return found

    def _put(self, folder: Path, name: str) -> None:
        """Send the rows of one search into a collection, and load it."""
        collection = self._name_of(folder.name, name)
        rows = Rows(folder, name)
        if not len(rows):
            return

        def is_whole(client: Any, timeout: float) -> bool:
            if not client.has_collection(collection, timeout=timeout):
                return False
            client.load_collection(collection, timeout=timeout)
            return _counted(client, timeout, collection) == len(rows)

        if self._patiently(is_whole):
            return
        lists = _lists(folder, len(rows))
        new = partial(_create, collection=collection, dimension=rows.dimension, lists=lists)
        self._patiently(new)
        for block in rows.blocks():
            self._patiently(partial(_send, collection=collection, rows=block))
        self._patiently(lambda client, timeout: client.flush(collection, timeout=timeout))
        if not self._patiently(is_whole):
            raise UnavailableError(
                f"Milvus at {self.uri} does not hold all {len(rows)} rows of {collection} after "
                "they were sent: the snapshot before stays live."
            )

    def _faults(self, folder: Path, name: str) -> Iterator[str]:
        collection = self._name_of(folder.name, name)
        for block in Rows(folder, name).blocks():
            rows = [one["row"] for one in block]
            found = self.now(partial(_fetched, collection=collection, rows=rows), collection)
            held = {one["row"]: one for one in found}
            for one in block:
                other = held.get(one["row"])
                if other is None:
                    yield f"{collection} in Milvus lacks row {one['row']}"
                elif any(other[name] != one[name] for name in (*FIELDS, "vector")):
                    yield f"{collection} in Milvus: row {one['row']} is not the snapshot's"

    def now(
        self,
        call: Callable[[Any, float], _T],
        collection: str | None = None,
        *,
        again: bool = True,
    ) -> _T:
        """What a call for a question gives, tried again for a moment where it was well before."""
        seconds = _TRIED_S if again and self._is_well else 0.0
        return self._called(call, _ANSWER_S, seconds, collection)

    def _patiently(self, call: Callable[[Any, float], _T]) -> _T:
        """What a call gives that publishes."""
        return self._called(call, _PUBLISH_S, 10 * _TRIED_S, None)

    def _called(
        self,
        call: Callable[[Any, float], _T],
        timeout: float,
        tried_s: float,
        collection: str | None,
    ) -> _T:
        """What a call gives, tried again with longer and longer pauses for ``tried_s`` seconds.

        Raises:
            UnavailableError: it failed to the end.
        """
        # What gRPC writes by itself, whatever is told to logging.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc  # noqa: PLC0415
        import tenacity  # noqa: PLC0415
        from pymilvus.exceptions import MilvusException  # noqa: PLC0415

        failures = (MilvusException, grpc.RpcError, OSError)

        def once() -> _T:
            client = self._connected()
            try:
                return call(client, timeout)
            except MilvusException as error:
                # A server that was started anew has its collections, but loads them when told.
                if error.code != _NOT_LOADED or collection is None:
                    raise
                client.load_collection(collection, timeout=timeout)
                return call(client, timeout)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda e: isinstance(e, failures) and getattr(e, "code", None) != _NOT_FOUND
            ),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=0.4),
            stop=tenacity.stop_after_delay(tried_s),
            reraise=True,
        )
        try:
            found = retrying(once)
        except failures as error:
            self._is_well = False
            details = getattr(error, "details", None)
            what = getattr(error, "message", None) or (details() if details else str(error))
            remedy = (
                "see that it runs, that milvus_uri is its address (https:// only where it speaks "
                "TLS), and milvus_token what it takes; it is used again when it is back"
            )
            if getattr(error, "code", None) == _NOT_FOUND:
                remedy = 'run "qa index" where the record is'
            raise UnavailableError(
                f"Milvus at {self.uri} does not do what it is asked ({what}): {remedy}."
            ) from error
        self._is_well = True
        return found

    def _connected(self) -> Any:
        """The client; made when it is first used."""
        with self._lock:
            if self._client is None:
                from pymilvus import MilvusClient  # noqa: PLC0415

                # It logs every failure with what was asked. What fails is told by us.
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
                self._client = MilvusClient(self.uri, timeout=_ANSWER_S, **self._secrets)
            return self._client


@dataclass(frozen=True, slots=True)
class _Collection:
    """A collection on a Milvus server, to be searched."""

    milvus: Milvus
    name: str

    def nearest(
        self,
        vector: list[float] | Mapping[int, float],
        limit: int,
        visible: Visible | None,
        least: int = 0,
        probed: int | None = None,
    ) -> np.ndarray:
        """Up to ``limit`` rows that are nearest to a vector; int64, in no order.

        ``probed`` is how many lists are looked into, where there are lists.

        Raises:
            UnavailableError: Milvus cannot be reached, or found fewer than ``least``.
        """

        def asked(client: Any, timeout: float) -> Any:
            return client.search(
                self.name,
                data=[vector],
                anns_field="vector",
                limit=limit,
                filter=condition(visible),
                search_params={"params": {"nprobe": probed} if probed else {}},
                output_fields=["row"],
                consistency_level="Bounded",
                timeout=timeout,
            )

        (hits,) = self.milvus.now(asked, self.name)
        if len(hits) < least:
            raise UnavailableError(
                f"Milvus at {self.milvus.uri} found {len(hits)} rows in {self.name}, there are "
                f"{least} or more: it is not whole, or not all of it is loaded."
            )
        return np.array(hits.ids, dtype=np.int64)


class _MilvusVectors(VectorIndex):
    """The vectors of a snapshot, in its files; nearest rows are asked of Milvus."""

    collection: _Collection
    is_exact: bool

    def _found(
        self, vector: np.ndarray, wanted: int, visible: Visible | None, there: int
    ) -> tuple[np.ndarray, np.ndarray]:
        limit = min(candidates(wanted, there), _MOST)
        least, looked_into = limit, None
        if not self.is_exact:
            least, looked_into = 0, probed(_PROBED, _LISTS, there / len(self))
        rows = self.collection.nearest(
            vector.astype(np.float32).tolist(), limit, visible, least, looked_into
        )
        return self.cosines(vector, rows), rows


class _MilvusWords(LexicalIndex):
    """The words of a snapshot, in its files; the passages that hold them are asked of Milvus."""

    collection: _Collection

    def _found(
        self, stems: Sequence[str], k: int, visible: Visible | None
    ) -> tuple[np.ndarray, np.ndarray]:
        asked = {number: float(n) for number, n in self._numbers(stems).items()}
        if not asked:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        holding = max((self.passages.rows(word) for word in stems), key=len)
        there = len(holding) if visible is None else int(np.count_nonzero(visible.rows[holding]))
        limit = min(candidates(k, len(self)), _MOST)
        rows = self.collection.nearest(asked, limit, visible, min(limit, there))
        return rows, self.scores(stems, rows)

    def _numbers(self, stems: Sequence[str]) -> Counter[int]:
        """How often each word that the record holds is asked for, by its number."""
        numbers = map(self.passages.number, stems)
        return Counter(number for number in numbers if number is not None)


def condition(visible: Visible | None) -> str:
    """What ``visible`` says, as a filter of Milvus; empty where all are."""
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


def _checked(certificate: Path, uri: str) -> Path:
    """The file of a certificate.

    Raises:
        SettingsError: it cannot be read, or is for nothing.
    """
    if not uri.startswith("https:"):
        raise SettingsError(
            f"milvus_certificate is for TLS, and milvus_uri is {uri}: write https://, or leave "
            "the certificate out."
        )
    try:
        is_pem = b"-----BEGIN CERTIFICATE-----" in certificate.read_bytes()
    except OSError as error:
        raise SettingsError(f"milvus_certificate: {certificate}: {error.strerror}.") from error
    if not is_pem:
        raise SettingsError(f"milvus_certificate: {certificate} holds no certificate in PEM.")
    return certificate


def _is_alias_missing(error: Any) -> bool:
    """Return whether an error says that there is no such alias: 1600, or 100 of Milvus Lite."""
    return error.code in {_NOT_FOUND, 1600}


def _lists(folder: Path, rows: int) -> int | None:
    """The lists so many vectors of the snapshot in a folder are kept in; None: they are not."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    if rows <= manifest["inputs"]["settings"]["exact_rows"]:
        return None
    return min(list_count(rows), _LISTS)


def _create(
    client: Any, timeout: float, collection: str, dimension: int | None, lists: int | None
) -> None:
    """An empty collection, in the place of one that was not finished."""
    from pymilvus import DataType  # noqa: PLC0415

    if client.has_collection(collection, timeout=timeout):
        client.drop_collection(collection, timeout=timeout)
    schema: Any = client.create_schema(auto_id=False, enable_dynamic_field=False)
    for field in FIELDS:
        schema.add_field(field, DataType.INT64, is_primary=field == "row")
    if dimension is None:
        schema.add_field("vector", DataType.SPARSE_FLOAT_VECTOR)
        index: dict[str, Any] = {"index_type": "SPARSE_INVERTED_INDEX"}
    else:
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
        index = {"index_type": "IVF_SQ8", "params": {"nlist": lists}}
        if lists is None:
            index = {"index_type": "FLAT"}
    indexes = client.prepare_index_params()
    indexes.add_index("vector", metric_type="IP", **index)
    client.create_collection(
        collection,
        schema=schema,
        index_params=indexes,
        consistency_level="Strong",
        timeout=timeout,
    )


def _send(client: Any, timeout: float, collection: str, rows: list[dict[str, Any]]) -> None:
    """Put rows in the place of those with their numbers."""
    client.upsert(collection, rows, timeout=timeout)


def _fetched(client: Any, timeout: float, collection: str, rows: list[int]) -> Any:
    """Rows with all they hold."""
    return client.query(collection, ids=rows, output_fields=[*FIELDS, "vector"], timeout=timeout)


def _counted(client: Any, timeout: float, collection: str) -> int:
    """Return how many rows a collection holds."""
    (found,) = client.query(
        collection, output_fields=["count(*)"], consistency_level="Strong", timeout=timeout
    )
    return int(found["count(*)"])
