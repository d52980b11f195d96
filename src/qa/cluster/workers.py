"""Embeds texts in many processes, on one machine or several; the only user of Ray."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from qa.cluster.shards import Shard, Shards, shards_folder
from qa.errors import EncoderError, QAError, SettingsError, UnavailableError
from qa.index.encoder import Encoder, open_encoder
from qa.settings import Settings

__all__ = ["Workers", "embedding"]

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


@contextlib.contextmanager
def embedding(encoder: Encoder, settings: Settings) -> Iterator[Encoder]:
    """Give the encoder in the workers that the settings name; remove its shards once all is done.

    Raises:
        SettingsError: the number of workers is below 1.
    """
    shards = shards_folder(settings.cache, settings.index, encoder)
    with Workers(encoder, shards, settings.workers or None, settings.ray) as workers:
        yield workers
        workers.remove_shards()


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
        self._shards = Shards(shards, encoder.sha256)
        self._workers = workers or _WORKERS
        self._address = address
        self._ending = contextlib.ExitStack()
        # Texts whose vectors are of an earlier build that was cut off.
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
        """See ``Encoder``; ``on_encoded`` is called after each shard.

        Raises:
            SettingsError: Ray is not installed.
            EncoderError: a worker has no model, or its vectors are not those of this machine.
            UnavailableError: the cluster cannot be reached, or its workers fail.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0

        def place(shard: Shard, of_shard: np.ndarray) -> None:
            nonlocal done
            vectors[shard.start : shard.start + shard.texts] = of_shard
            done += shard.texts
            if on_encoded:
                on_encoded(done)

        missing = []
        for shard in self._shards.split(texts):
            kept = self._shards.kept(shard)
            if kept is None:
                missing.append(shard)
            else:
                self.kept += shard.texts
                place(shard, kept)
        for shard, of_shard in self._embedded(missing):
            self._shards.keep(shard, of_shard)
            place(shard, of_shard)
        return vectors

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        """See ``Encoder``; runs here, without workers."""
        return self._encoder.encode_query(texts)

    def remove_shards(self) -> None:
        """Remove the shards on the disk, once the build is done."""
        self._shards.remove()

    def _embedded(self, shards: Sequence[Shard]) -> Iterator[tuple[Shard, np.ndarray]]:
        """Yield the shards with their vectors, each as soon as it is done, in any order."""
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
            while (result := ray.get(stream.next.remote())) is not None:
                number, data = result
                shard = shards[number]
                vectors = np.frombuffer(data, dtype=np.float32)
                yield shard, vectors.reshape(shard.texts, self.dimension)
        except Exception as error:  # Ray raises what it likes
            raise _cause(error) from error

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
    """An actor in the cluster that leads the shards through the workers."""

    def __init__(
        self, contents: Sequence[bytes], files: Mapping[str, bytes], expected: bytes, workers: int
    ) -> None:
        self._results = _streamed(contents, files, expected, workers)

    def next(self) -> tuple[int, bytes] | None:
        """Return the number of the next finished shard and its vectors; None after the last.

        Raises:
            EncoderError: a worker has no model, or its vectors are not the ``expected``.
            UnavailableError: the workers fail.
        """
        try:
            return next(self._results, None)
        except Exception as error:  # noqa: BLE001 - Ray's, its workers', and its libraries'
            raise _cause(error) from None  # what Ray raises cannot always be sent


def _streamed(
    contents: Sequence[bytes], files: Mapping[str, bytes], expected: bytes, workers: int
) -> Iterator[tuple[int, bytes]]:
    """Yield numbers of shards, and the bytes of their vectors, as they are done.

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
    """A model in a worker: turns shards into vectors, or into the reason why it cannot."""

    def __init__(self, files: Any, expected: bytes) -> None:
        import ray  # noqa: PLC0415

        self._fault = ""
        try:
            with tempfile.TemporaryDirectory() as folder:
                for name, content in ray.get(files).items():
                    (Path(folder) / name).write_bytes(content)
                self._encoder = open_encoder(Path(folder))
            vectors = self._encoder.encode(_PROBES).tobytes()
        except EncoderError as error:  # Ray would keep nothing of it but a trace
            self._fault = f"The worker on {socket.gethostname()} has no model: {error}"
            return
        if vectors != expected:
            self._fault = (
                f"The worker on {socket.gethostname()} gives other vectors than this machine, so "
                "that the snapshot would be another: its processor or its onnxruntime is. Take "
                "machines of one kind, and the versions of constraints.txt on each."
            )

    def __call__(self, shard: Any) -> Any:
        """Return a table: the ``number`` of the shard and the bytes of its ``vectors``, float32.

        Where there is a ``fault``, it is the reason, and there are no bytes.
        """
        import pyarrow as pa  # noqa: PLC0415

        vectors = b""
        if not self._fault:
            vectors = self._encoder.encode(json.loads(shard["texts"][0].as_py())).tobytes()
        result = {"vectors": pa.array([vectors], pa.large_binary()), "fault": [self._fault]}
        return pa.table({"number": shard["number"], **result})


def _files(encoder: Encoder) -> Mapping[str, bytes]:
    """The files of the encoder's folder, by name."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "encoder"
        encoder.save(folder)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _library(*, is_local: bool) -> Any:
    """Ray, without its usage statistics and its messages.

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
    # Failures are raised here.
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    return ray


def _check_address(address: str) -> None:
    """Check that somebody listens, which takes Ray itself half a minute.

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


def _cause(error: BaseException) -> QAError:
    """The error for a failure in a worker: its cause, if that was raised on purpose."""
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
    """The first line of an error, without the traces that Ray adds."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}".rstrip(".: ")
