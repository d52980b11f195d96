"""Texts are embedded in many processes, on one machine or several; the only user of Ray.

Texts are cut into shards of a fixed number. A finished shard is kept on the disk of whoever
builds, so that a build that was cut off goes on where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
import secrets
import shutil
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from qa.errors import EncoderError, QAError, SettingsError, UnavailableError
from qa.index.encoder import Encoder, open_encoder

__all__ = ["Workers", "shards_folder"]

# Texts embedded before their vectors are kept. A worker that dies loses what it has of its shard:
# about ten seconds' work on one processor, beside which handing a shard out costs nothing.
_SHARD = 1_024
# Workers, where only the cluster's address is given.
_WORKERS = 2
# Times that a worker is started again, and a shard begun again, before the build is given up: a
# machine that fails now and then is endured, a text that ends every worker is not tried for ever.
_RESTARTS = 8
_CONNECT_TIMEOUT_S = 5
# Texts that every worker has to embed bit for bit as this machine does.
_PROBES = (
    "Why?",
    "In 2021 exports grew by 28.2 percent, to 1,100,000 tonnes; imports fell (see table 4).",
    "对外文化贸易的主要考虑是什么?",
    "The minister said that the plan would be carried out step by step. " * 8,
)
_SHA256_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Shard:
    """Some of the texts, from row ``start`` on; ``content`` is their JSON, and ``name`` its key."""

    start: int
    texts: int
    content: bytes
    name: str


def shards_folder(cache: Path, index: Path, encoder: Encoder) -> Path:
    """Where a build of this index with this encoder keeps its shards; no other one does."""
    key = f"{encoder.sha256} {index.absolute()}".encode()
    return cache / "shards" / hashlib.sha256(key).hexdigest()[:32]


class Workers:
    """An encoder that embeds in the workers of a Ray cluster; see ``Encoder``.

    Its vectors are bit for bit those of the encoder it is made of. Without an address the
    cluster is one of this machine, started when there is something to embed and ended with the
    ``with`` block.
    """

    # Texts taken at once by a build: their vectors wait in memory (400 MB of 384 dimensions), and
    # for every block the workers load their models anew.
    block = 262_144

    def __init__(
        self,
        encoder: Encoder,
        shards: Path,
        workers: int | None = None,
        address: str | None = None,
    ) -> None:
        if workers is not None and workers < 1:
            raise SettingsError(f"{workers} workers cannot embed: take 1 or more.")
        self.name = encoder.name
        self.precision = encoder.precision
        self.sha256 = encoder.sha256
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        self.languages = encoder.languages
        self._encoder = encoder
        self._shards = shards
        self._workers = workers or _WORKERS
        self._address = address
        self._ending = contextlib.ExitStack()
        # Texts that a build before this one, cut off, had embedded.
        self.kept = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.close()

    def count_tokens(self, text: str) -> int:
        """See ``Encoder``."""
        return self._encoder.count_tokens(text)

    def save(self, folder: Path) -> None:
        """See ``Encoder``."""
        self._encoder.save(folder)

    def encode(
        self, texts: Sequence[str], on_encoded: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """See ``Encoder``; ``on_encoded`` is told after each shard.

        Raises:
            SettingsError: Ray is not installed.
            EncoderError: a worker has no model, or its vectors are not those of this machine.
            UnavailableError: the cluster cannot be reached, or its workers fail.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0

        def place(shard: _Shard, found: np.ndarray) -> None:
            nonlocal done
            vectors[shard.start : shard.start + shard.texts] = found
            done += shard.texts
            if on_encoded:
                on_encoded(done)

        missing = []
        for shard in self._cut(texts):
            kept = self._kept(shard)
            if kept is None:
                missing.append(shard)
            else:
                self.kept += shard.texts
                place(shard, kept)
        for shard, found in self._embedded(missing):
            self._keep(shard, found)
            place(shard, found)
        return vectors

    def forget(self) -> None:
        """Remove the shards on the disk: what they were kept for is done."""
        shutil.rmtree(self._shards, ignore_errors=True)

    def _cut(self, texts: Sequence[str]) -> Iterator[_Shard]:
        for start in range(0, len(texts), _SHARD):
            some = texts[start : start + _SHARD]
            content = json.dumps(some).encode()
            name = hashlib.sha256(f"{self.sha256} ".encode() + content).hexdigest()
            yield _Shard(start, len(some), content, name)

    def _path(self, shard: _Shard) -> Path:
        return self._shards / f"{shard.name}.npy"

    def _keep(self, shard: _Shard, vectors: np.ndarray) -> None:
        """Write a shard's vectors, whole or not at all: an .npy file with its sha256 at its end."""
        content = io.BytesIO()
        np.save(content, vectors, allow_pickle=False)
        data = content.getvalue()
        self._shards.mkdir(parents=True, exist_ok=True)
        unfinished = self._shards / f".{shard.name}.{os.getpid()}"
        unfinished.write_bytes(data + hashlib.sha256(data).digest())
        unfinished.replace(self._path(shard))

    def _kept(self, shard: _Shard) -> np.ndarray | None:
        """A shard's vectors from the disk; None where they are not there, or not whole."""
        try:
            content = self._path(shard).read_bytes()
        except FileNotFoundError:
            return None
        data, sha256 = content[:-_SHA256_BYTES], content[-_SHA256_BYTES:]
        if hashlib.sha256(data).digest() != sha256:
            return None
        vectors: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
        return vectors

    def _embedded(self, shards: Sequence[_Shard]) -> Iterator[tuple[_Shard, np.ndarray]]:
        """The shards with their vectors, each as soon as it is done, in any order."""
        if not shards:
            return
        ray = self._start()
        expected = self._encoder.encode(_PROBES).tobytes()
        try:
            # Ray Data runs in the cluster, which ray:// only leads to; it takes no processor there.
            stream = ray.remote(num_cpus=0)(_Stream).remote(
                ray.put([shard.content for shard in shards]),
                ray.put(_files(self._encoder)),
                expected,
                self._workers,
            )
            while (found := ray.get(stream.next.remote())) is not None:
                number, data = found
                shard = shards[number]
                vectors = np.frombuffer(data, dtype=np.float32)
                yield shard, vectors.reshape(shard.texts, self.dimension)
        except Exception as error:  # Ray raises what it likes
            raise _told(error) from error

    def _start(self) -> Any:
        """Ray, connected to the cluster, or to one that is started here.

        Raises:
            SettingsError: Ray is not installed.
            UnavailableError: the cluster cannot be reached.
        """
        ray = _library(is_local=self._address is None)
        if ray.is_initialized():
            return ray
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        if self._address is None:
            quiet |= {"num_cpus": self._workers, "include_dashboard": False}
        else:
            _check_address(self._address)
        try:
            ray.init(address=self._address or "local", **quiet)
        except Exception as error:  # it raises what it likes
            if self._address is None:
                raise UnavailableError(
                    f"Ray did not start here: {_first_line(error)}. A busy machine may be too slow "
                    "for it: run the same command again, or without workers."
                ) from error
            raise UnavailableError(
                f"The Ray cluster {self._address} does not take us in: {_first_line(error)}. It "
                "needs the Python and the Ray of this machine, and its token where it has one "
                "(RAY_AUTH_MODE=token, RAY_AUTH_TOKEN); host:port works on its own machines "
                "only, ray://host:port from everywhere."
            ) from error
        self._ending.callback(ray.shutdown)
        return ray


class _Stream:
    """The shards' way through the workers, told by somebody in the cluster."""

    def __init__(
        self, contents: Sequence[bytes], files: Mapping[str, bytes], expected: bytes, workers: int
    ) -> None:
        self._found = _streamed(contents, files, expected, workers)

    def next(self) -> tuple[int, bytes] | None:
        """The number of the next shard to be done, and its vectors; None when all are.

        Raises:
            EncoderError: a worker has no model, or its vectors are not the ``expected``.
            UnavailableError: the workers fail.
        """
        try:
            return next(self._found, None)
        except Exception as error:  # noqa: BLE001 - Ray's, its workers', and its libraries'
            raise _told(error) from None  # what Ray raises cannot always be sent


def _streamed(
    contents: Sequence[bytes], files: Mapping[str, bytes], expected: bytes, workers: int
) -> Iterator[tuple[int, bytes]]:
    """Numbers of shards, and the bytes of their vectors, in the order in which they are done.

    Raises:
        EncoderError: a worker has no model, or its vectors are not the ``expected``.
    """
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415
    import ray  # noqa: PLC0415
    import ray.data  # noqa: PLC0415

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    # A table for each shard, so that each is a task of its own and comes back when it is done.
    tables = [
        pa.table({"number": [number], "texts": pa.array([content], pa.large_binary())})
        for number, content in enumerate(contents)
    ]
    with warnings.catch_warnings():
        # Bounds of restarts are to have another place, which Ray 2.60 has not got yet.
        warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")
        results = ray.data.from_arrow(tables).map_batches(
            _Embedder,
            fn_constructor_args=(ray.put(files), expected),
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=min(workers, len(tables))),
            num_cpus=1,
            max_restarts=_RESTARTS,
            max_task_retries=_RESTARTS,
        )
    for batch in results.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
        for row in batch.to_pylist():
            if row["fault"]:
                raise EncoderError(row["fault"])
            yield row["number"], row["vectors"]


class _Embedder:
    """A model in a worker: takes shards, gives vectors, or says why it cannot."""

    def __init__(self, files: Any, expected: bytes) -> None:
        import ray  # noqa: PLC0415

        self._fault = ""
        try:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in ray.get(files).items():
                    (Path(folder) / name).write_bytes(content)
                self._encoder = open_encoder(Path(folder))
            found = self._encoder.encode(_PROBES).tobytes()
        except EncoderError as error:  # Ray would keep nothing of it but a trace
            self._fault = f"The worker on {socket.gethostname()} has no model: {error}"
            return
        if found != expected:
            self._fault = (
                f"The worker on {socket.gethostname()} gives other vectors than this machine, so "
                "that the snapshot would be another: its processor or its onnxruntime is. Take "
                "machines of one kind, and the versions of constraints.txt on each."
            )

    def __call__(self, shard: Any) -> Any:
        """A table with the ``number`` of the shard and the bytes of its ``vectors``, float32.

        Where there is a ``fault``, it says what, and there are no bytes.
        """
        import pyarrow as pa  # noqa: PLC0415

        vectors = b""
        if not self._fault:
            vectors = self._encoder.encode(json.loads(shard["texts"][0].as_py())).tobytes()
        found = {"vectors": pa.array([vectors], pa.large_binary()), "fault": [self._fault]}
        return pa.table({"number": shard["number"], **found})


def _files(encoder: Encoder) -> Mapping[str, bytes]:
    """What the encoder's folder holds, by name."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "encoder"
        encoder.save(folder)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _library(*, is_local: bool) -> Any:
    """Ray, which tells nobody anything: neither its makers nor the terminal.

    Raises:
        SettingsError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or it warns of a change
    if is_local and not any(name.startswith("RAY_AUTH_") for name in os.environ):
        # Nobody else on the network shall run anything here; no token has to outlive us.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    try:
        import ray  # noqa: PLC0415
        import ray.data  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f'Workers need more than is installed ({error.name}): pip install "press-qa[cluster]".'
        ) from error
    # What fails is told by us.
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    return ray


def _check_address(address: str) -> None:
    """See whether anybody listens, which Ray itself takes half a minute for.

    Raises:
        UnavailableError: nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), _CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise UnavailableError(
            f"There is no Ray cluster at {address}: {error}. Start one there (ray start --head), "
            "or leave the address out to embed on this machine."
        ) from error


def _told(error: BaseException) -> QAError:
    """An error in a worker, as its cause if that was raised on purpose."""
    cause: Any = error
    while isinstance(getattr(cause, "cause", None), BaseException):
        cause = cause.cause
    if isinstance(cause, QAError):
        return type(cause)(str(cause))
    return UnavailableError(
        f"The workers failed: {_first_line(cause)}. What was embedded is kept: the same command "
        "goes on from there."
    )


def _first_line(error: BaseException) -> str:
    """What went wrong, without the traces that Ray adds."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}".rstrip(".: ")
