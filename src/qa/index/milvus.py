"""The searches of a snapshot on a Milvus server or cluster; the only user of pymilvus.

    NAME_<digest>_passages     collections, never changed once their snapshot is live
    NAME_<digest>_sentences
    NAME_<digest>_questions
    NAME                       an alias of the live snapshot's passages, switched in one step

Milvus holds the vectors to be searched, with what they are filtered by. What it finds is scored
anew by the vectors in the snapshot's files, so that the same rows have the same cosines whoever
found them. A search that brings fewer rows than there are is no answer, but an error.

Consistency: a collection is written, flushed, loaded, and counted with strong consistency before
the alias leads to it, and never written again. So questions need none of it ("Bounded"), and do
not wait for the newest of what does not change.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import threading
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from qa.errors import SettingsError, SnapshotError, UnavailableError
from qa.index.store import Documents, Passages, mapped
from qa.index.vectors import VECTORS, VectorIndex, put_forward
from qa.index.visible import Visible

__all__ = ["Milvus", "condition"]

_T = TypeVar("_T")
# Rows sent or fetched at a time: some 3 MB of vectors.
_BLOCK = 2_000
# Longest a call takes that answers a question; tried again so long, where it was well before.
_ANSWER_S, _TRIED_S = 2.0, 1.5
# Longest one step of publishing takes.
_PUBLISH_S = 600.0
# Most rows Milvus gives at a time.
_MOST = 16_384
_NOT_FOUND, _NOT_LOADED = 100, 101
_FIELDS = ("row", "passage", "date", "section")


class Milvus:
    """A record's snapshots on a Milvus server; see ``Engine``. Safe to use from several threads."""

    is_local = False

    def __init__(
        self, uri: str, name: str, *, token: str = "", certificate: Path | None = None
    ) -> None:
        """``name`` begins the collections' names, and is the alias'.

        Raises:
            SettingsError: a package that it needs is missing.
        """
        if importlib.util.find_spec("pymilvus") is None:
            raise SettingsError(
                'engine = "milvus" needs more than is installed: pip install "press-qa[cluster]".'
            )
        self._uri = uri
        self._name = name
        self._secrets: dict[str, Any] = {"token": token} if token else {}
        if uri.startswith("https:"):
            self._secrets |= {"secure": True}
            if certificate:
                self._secrets |= {"server_pem_path": str(certificate)}
        self._client: Any = None
        self._lock = threading.Lock()
        self._is_well = True

    def live(self, index: Path) -> str | None:  # noqa: ARG002 - it is the same for every folder
        """See ``Engine``."""
        found = self._now(self._aliased)
        if found is None:
            return None
        match = re.fullmatch(rf"{re.escape(self._name)}_([0-9a-f]{{32}})_passages", found)
        if match is None:
            raise SnapshotError(
                f"The alias {self._name} in Milvus at {self._uri} leads to {found}, which is no "
                'snapshot: drop the alias, or name another in milvus_name, and run "qa index".'
            )
        return match[1]

    def put(self, folder: Path) -> None:
        """See ``Engine``. What is there whole already is not sent again."""
        manifest = json.loads((folder / "manifest.json").read_bytes())
        exact_rows = int(manifest["inputs"]["settings"]["exact_rows"])
        for name in VECTORS:
            self._put(folder, name, exact_rows)

    def make_live(self, index: Path, digest: str) -> None:  # noqa: ARG002 - as ``live``
        """See ``Engine``."""
        target = self._collection(digest, "passages")

        def switch(client: Any, timeout: float) -> None:
            change = client.alter_alias if self._aliased(client, timeout) else client.create_alias
            change(collection_name=target, alias=self._name, timeout=timeout)

        self._patiently(switch)

    def opened(self, folder: Path, name: str) -> VectorIndex:
        """See ``Engine``."""
        collection = self._collection(folder.name, name)
        index = _MilvusIndex.open(folder / "vectors" / f"{name}.faiss")
        index.searched_by(self, collection)
        if len(index):
            found = self._now(lambda client, timeout: _counted(client, collection, timeout))
            if found != len(index):
                raise SnapshotError(
                    f"{collection} in Milvus at {self._uri} holds {found} rows, the snapshot "
                    f'{len(index)}: run "qa index".'
                )
        return index

    def faults(self, folder: Path) -> list[str]:
        """See ``Engine``. Every row is fetched and compared."""
        return [fault for name in VECTORS for fault in self._faults(folder, name)]

    def keep(self, digests: Collection[str]) -> None:
        """See ``Engine``."""
        ours = re.compile(rf"{re.escape(self._name)}_([0-9a-f]{{32}})_({'|'.join(VECTORS)})")

        def drop(client: Any, timeout: float) -> None:
            for collection in client.list_collections(timeout=timeout):
                match = ours.fullmatch(collection)
                if match and match[1] not in digests:
                    client.drop_collection(collection, timeout=timeout)

        self._patiently(drop)

    def check(self) -> None:
        """See ``Engine``."""
        self._now(self._aliased, again=False)

    def search(
        self, collection: str, vector: np.ndarray, limit: int, visible: Visible | None
    ) -> np.ndarray:
        """Up to ``limit`` rows that are nearest to a vector; int64, in no order.

        Raises:
            UnavailableError: Milvus cannot be reached, or found fewer rows than there are.
        """

        def asked(client: Any, timeout: float) -> Any:
            return client.search(
                collection,
                data=[vector.astype(np.float32).tolist()],
                anns_field="vector",
                limit=limit,
                filter=condition(visible),
                output_fields=[],
                consistency_level="Bounded",
                timeout=timeout,
            )

        (hits,) = self._now(asked, collection)
        if visible is None and len(hits) < limit:
            raise UnavailableError(
                f"Milvus at {self._uri} found {len(hits)} rows in {collection}, there are {limit} "
                "or more: it is not whole, or not all of it is loaded."
            )
        return np.array([hit["row"] for hit in hits], dtype=np.int64)

    def _collection(self, digest: str, name: str) -> str:
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

    def _put(self, folder: Path, name: str, exact_rows: int) -> None:
        """Send the rows of one vector index into a collection, and load it."""
        collection = self._collection(folder.name, name)
        index = VectorIndex.open(folder / "vectors" / f"{name}.faiss")
        if not len(index):
            return

        def is_whole(client: Any, timeout: float) -> bool:
            if not client.has_collection(collection, timeout=timeout):
                return False
            client.load_collection(collection, timeout=timeout)
            return _counted(client, collection, timeout) == len(index)

        if self._patiently(is_whole):
            return
        kind = "FLAT" if len(index) <= exact_rows else "AUTOINDEX"
        new = partial(_create, collection=collection, dimension=index.dimension, index_type=kind)
        self._patiently(new)
        for block in _blocks(folder, name, index):
            self._patiently(partial(_send, collection=collection, rows=block))
        self._patiently(lambda client, timeout: client.flush(collection, timeout=timeout))
        if not self._patiently(is_whole):
            raise UnavailableError(
                f"Milvus at {self._uri} does not hold all {len(index)} rows of {collection} after "
                "they were sent: the snapshot before stays live."
            )

    def _faults(self, folder: Path, name: str) -> Iterator[str]:
        collection = self._collection(folder.name, name)
        index = VectorIndex.open(folder / "vectors" / f"{name}.faiss")
        for block in _blocks(folder, name, index):
            rows = [one["row"] for one in block]
            found = self._now(partial(_fetched, collection=collection, rows=rows), collection)
            held = {one["row"]: one for one in found}
            for one in block:
                other = held.get(one["row"])
                if other is None:
                    yield f"{collection} in Milvus lacks row {one['row']}"
                elif any(other[field] != one[field] for field in _FIELDS) or not np.array_equal(
                    np.float32(other["vector"]), np.float32(one["vector"])
                ):
                    yield f"{collection} in Milvus: row {one['row']} is not the snapshot's"

    def _now(
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
            what = getattr(error, "message", None) or str(error) or type(error).__name__
            raise UnavailableError(
                f"Milvus at {self._uri} does not do what it is asked ({what}): see that it runs, "
                "and milvus_uri and milvus_token; it is used again when it is back."
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
                self._client = MilvusClient(self._uri, timeout=_ANSWER_S, **self._secrets)
            return self._client


class _MilvusIndex(VectorIndex):
    """The vectors of a snapshot, in its files; nearest rows are asked of Milvus."""

    _milvus: Milvus
    _collection: str

    def searched_by(self, milvus: Milvus, collection: str) -> None:
        """Ask this collection, which holds the same rows."""
        self._milvus, self._collection = milvus, collection

    def _found(
        self, vector: np.ndarray, wanted: int, visible: Visible | None, there: int
    ) -> tuple[np.ndarray, np.ndarray]:
        limit = min(put_forward(wanted, there), _MOST)
        rows = self._milvus.search(self._collection, vector, limit, visible)
        return self.cosines(vector, rows), rows


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
    return " and ".join(terms)


def _is_alias_missing(error: Any) -> bool:
    """Whether an error says that there is no such alias: 1600, or 100 of Milvus Lite."""
    return error.code in {_NOT_FOUND, 1600}


def _create(client: Any, timeout: float, collection: str, dimension: int, index_type: str) -> None:
    """An empty collection, in the place of one that was not finished."""
    from pymilvus import DataType  # noqa: PLC0415

    if client.has_collection(collection, timeout=timeout):
        client.drop_collection(collection, timeout=timeout)
    schema: Any = client.create_schema(auto_id=False, enable_dynamic_field=False)
    for field in _FIELDS:
        schema.add_field(field, DataType.INT64, is_primary=field == "row")
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    indexes = client.prepare_index_params()
    indexes.add_index("vector", index_type=index_type, metric_type="IP")
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
    return client.query(collection, ids=rows, output_fields=[*_FIELDS, "vector"], timeout=timeout)


def _counted(client: Any, collection: str, timeout: float) -> int:
    """How many rows a collection holds."""
    (found,) = client.query(
        collection, output_fields=["count(*)"], consistency_level="Strong", timeout=timeout
    )
    return int(found["count(*)"])


def _blocks(folder: Path, name: str, index: VectorIndex) -> Iterator[list[dict[str, Any]]]:
    """The rows of one vector index of the snapshot in a folder, as Milvus holds them."""
    documents = Documents(folder / "documents")
    passages = Passages(folder / "passages", documents)
    questions = mapped(folder / "questions" / "sentences.npy")
    for start in range(0, len(index), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(index)))
        of = rows
        if name != "passages":
            of = passages.of_sentences(rows if name == "sentences" else questions[rows])
        number = passages.documents[of]
        columns = (rows, of, documents.dates[number], documents.section_numbers[number])
        vectors = index.vectors(rows)
        yield [
            {**dict(zip(_FIELDS, map(int, values), strict=True)), "vector": vector.tolist()}
            for *values, vector in zip(*columns, vectors, strict=True)
        ]
