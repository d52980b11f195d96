"""Calls to a Milvus server, with timeouts and retries; the only user of pymilvus."""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from qa.errors import SettingsError, UnavailableError

__all__ = ["MilvusServer"]

_T = TypeVar("_T")
# Longest a call takes that answers a question; retried so long, if the last call succeeded.
_ANSWER_S, _RETRY_S = 2.0, 1.5
# Longest one step of publishing takes.
_PUBLISH_S = 600.0
# An alias that is missing is 1600, or 100 of Milvus Lite.
_NOT_FOUND, _NOT_LOADED, _NO_ALIAS = 100, 101, 1600


class MilvusServer:
    """A connection to a Milvus server, made when it is first used. Safe to use from threads.

    Methods named for publishing wait for long; the others answer a question and do not.
    """

    def __init__(self, uri: str, *, token: str = "", certificate: Path | None = None) -> None:
        """Check the settings without connecting.

        Raises:
            SettingsError: a package that it needs is missing, or the certificate cannot be read.
        """
        if importlib.util.find_spec("pymilvus") is None:
            raise SettingsError(
                'engine = "milvus" needs more than is installed: pip install "press-qa[cluster]".'
            )
        self.uri = uri
        self._secrets: dict[str, Any] = {"token": token} if token else {}
        if uri.startswith("https:"):
            self._secrets |= {"secure": True}
        if certificate:
            self._secrets |= {"server_pem_path": str(_checked(certificate, uri))}
        self._client: Any = None
        self._lock = threading.Lock()
        self._is_well = True

    def aliased(self, alias: str, *, retry: bool = True) -> str | None:
        """Return the collection of an alias; None where there is no alias."""
        return self._answer(partial(_aliased, alias=alias), retry=retry)

    def count(self, collection: str, *, retry: bool = True) -> int:
        """Return the number of rows in a collection."""
        return self._answer(partial(_count, collection=collection), collection, retry=retry)

    def fetch(self, collection: str, rows: Sequence[int], fields: Sequence[str]) -> Any:
        """Return rows of a collection with these fields, in any order."""

        def query(client: Any, timeout: float) -> Any:
            return client.query(
                collection, ids=list(rows), output_fields=list(fields), timeout=timeout
            )

        return self._answer(query, collection)

    def search(
        self,
        collection: str,
        vector: list[float] | Mapping[int, float],
        limit: int,
        condition: str,
        nprobe: int | None = None,
    ) -> np.ndarray:
        """Return up to ``limit`` rows that are nearest to a vector; int64, in no order.

        ``nprobe`` is the number of lists compared, where there are lists.
        """

        def query(client: Any, timeout: float) -> Any:
            return client.search(
                collection,
                data=[vector],
                anns_field="vector",
                limit=limit,
                filter=condition,
                search_params={"params": {"nprobe": nprobe} if nprobe else {}},
                output_fields=["row"],
                consistency_level="Bounded",
                timeout=timeout,
            )

        (hits,) = self._answer(query, collection)
        return np.array(hits.ids, dtype=np.int64)

    def switch_alias(self, alias: str, collection: str) -> None:
        """Let an alias lead to a collection, in one step; part of publishing."""

        def switch(client: Any, timeout: float) -> None:
            exists = _aliased(client, timeout, alias)
            change = client.alter_alias if exists else client.create_alias
            change(collection_name=collection, alias=alias, timeout=timeout)

        self._publish(switch)

    def drop(self, is_old: Callable[[str], bool]) -> None:
        """Drop the collections with these names; part of publishing."""

        def drop(client: Any, timeout: float) -> None:
            for collection in client.list_collections(timeout=timeout):
                if is_old(collection):
                    client.drop_collection(collection, timeout=timeout)

        self._publish(drop)

    def create(
        self, collection: str, fields: Sequence[str], dimension: int | None, lists: int | None
    ) -> None:
        """Create an empty collection, replacing one that was not finished; part of publishing.

        The first of the integer ``fields`` is the key. Without ``dimension`` vectors are sparse;
        without ``lists`` they are searched exactly.
        """
        self._publish(
            partial(_create, collection=collection, fields=fields, dimension=dimension, lists=lists)
        )

    def send(self, collection: str, rows: list[dict[str, Any]]) -> None:
        """Put rows in the place of those with their keys; part of publishing."""
        self._publish(lambda client, timeout: client.upsert(collection, rows, timeout=timeout))

    def flush(self, collection: str) -> None:
        """Flush a collection to the server's disk; part of publishing."""
        self._publish(lambda client, timeout: client.flush(collection, timeout=timeout))

    def is_whole(self, collection: str, count: int) -> bool:
        """Load a collection and return whether it has ``count`` rows; part of publishing."""

        def is_whole(client: Any, timeout: float) -> bool:
            if not client.has_collection(collection, timeout=timeout):
                return False
            client.load_collection(collection, timeout=timeout)
            return _count(client, timeout, collection) == count

        return self._publish(is_whole)

    def _answer(
        self,
        call: Callable[[Any, float], _T],
        collection: str | None = None,
        *,
        retry: bool = True,
    ) -> _T:
        """Make a call for a question; retry it for a moment if the last call succeeded."""
        retry_s = _RETRY_S if retry and self._is_well else 0.0
        return self._call(call, _ANSWER_S, retry_s, collection)

    def _publish(self, call: Callable[[Any, float], _T]) -> _T:
        """Make a call that publishes."""
        return self._call(call, _PUBLISH_S, 10 * _RETRY_S, None)

    def _call(
        self,
        call: Callable[[Any, float], _T],
        timeout: float,
        retry_s: float,
        collection: str | None,
    ) -> _T:
        """Make a call, retried with longer and longer pauses for ``retry_s`` seconds.

        Raises:
            UnavailableError: it failed to the end.
        """
        # What gRPC writes by itself, whatever is told to logging.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc  # noqa: PLC0415
        import tenacity  # noqa: PLC0415
        from pymilvus.exceptions import MilvusException  # noqa: PLC0415

        failures = (MilvusException, grpc.RpcError, OSError)

        def attempt() -> _T:
            client = self._connected()
            try:
                return call(client, timeout)
            except MilvusException as error:
                # A server that was restarted has its collections, but loads them on demand.
                if error.code != _NOT_LOADED or collection is None:
                    raise
                client.load_collection(collection, timeout=timeout)
                return call(client, timeout)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda e: isinstance(e, failures) and getattr(e, "code", None) != _NOT_FOUND
            ),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=0.4),
            stop=tenacity.stop_after_delay(retry_s),
            reraise=True,
        )
        try:
            result = retrying(attempt)
        except failures as error:
            self._is_well = False
            raise self._unavailable(error) from error
        self._is_well = True
        return result

    def _unavailable(self, error: Exception) -> UnavailableError:
        """The error of a call that failed, with its remedy."""
        details = getattr(error, "details", None)
        cause = getattr(error, "message", None) or (details() if details else str(error))
        remedy = (
            "see that it runs, that milvus_uri is its address (https:// only where it speaks "
            "TLS), and milvus_token what it takes; it is used again when it is back"
        )
        if getattr(error, "code", None) == _NOT_FOUND:
            remedy = 'run "qa index" where the record is'
        return UnavailableError(
            f"Milvus at {self.uri} does not do what it is asked ({cause}): {remedy}."
        )

    def _connected(self) -> Any:
        """The client; made when it is first used."""
        with self._lock:
            if self._client is None:
                from pymilvus import MilvusClient  # noqa: PLC0415

                # It logs every failure with the question. Failures are raised here.
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
                self._client = MilvusClient(self.uri, timeout=_ANSWER_S, **self._secrets)
            return self._client


def _aliased(client: Any, timeout: float, alias: str) -> str | None:
    """The collection of an alias; None where there is no alias."""
    from pymilvus.exceptions import MilvusException  # noqa: PLC0415

    try:
        collection: str = client.describe_alias(alias, timeout=timeout)["collection_name"]
    except MilvusException as error:
        if error.code in {_NOT_FOUND, _NO_ALIAS}:
            return None
        raise
    return collection


def _count(client: Any, timeout: float, collection: str) -> int:
    (row,) = client.query(
        collection, output_fields=["count(*)"], consistency_level="Strong", timeout=timeout
    )
    return int(row["count(*)"])


def _create(  # noqa: PLR0913, PLR0917 - the client, and what MilvusServer.create takes
    client: Any,
    timeout: float,
    collection: str,
    fields: Sequence[str],
    dimension: int | None,
    lists: int | None,
) -> None:
    from pymilvus import DataType  # noqa: PLC0415

    if client.has_collection(collection, timeout=timeout):
        client.drop_collection(collection, timeout=timeout)
    schema: Any = client.create_schema(auto_id=False, enable_dynamic_field=False)
    for field in fields:
        schema.add_field(field, DataType.INT64, is_primary=field == fields[0])
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


def _checked(certificate: Path, uri: str) -> Path:
    """The file of a certificate.

    Raises:
        SettingsError: it cannot be read, or there is no TLS.
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
