"""Parsing in a process of its own, which is killed and replaced when it does not come back.

One process serves one file after the other; it ends with this one. What it may take is bounded:
time here, memory by the system, and it can write no file. Both sides talk in lines of JSON, so
that a parser that a file has taken over has no way back.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import datetime
import functools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import PurePath
from typing import IO, Any

from qa.corpus.formats import limits
from qa.corpus.formats.extracted import Extracted
from qa.corpus.formats.readers import FORMATS
from qa.errors import SourceError

__all__ = ["read_apart", "serve"]


def read_apart(data: bytes, name: str) -> Extracted:
    """What the reader of the name's ending gives, worked out in another process.

    Raises:
        SourceError: the reader refuses the file, crashes, or passes a limit of time or memory.
    """
    answer = _reader().asked(data, name)
    if "refused" in answer:
        raise SourceError(answer["refused"])
    date = answer["date"] and datetime.date.fromisoformat(answer["date"])
    return Extracted(**{**answer, "date": date, "pages": tuple(answer["pages"])})


class _Reader:
    """The process that reads, whichever it is at the moment; ``command`` starts it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def asked(self, data: bytes, name: str) -> dict[str, Any]:
        """Its answer, as JSON values.

        Raises:
            SourceError: there is none.
        """
        request = json.dumps({"name": name, "bytes": len(data)}).encode() + b"\n"
        with self._lock:
            process = self._running()
            try:
                line = _exchanged(process, request + data, limits.READING_S)
            except TimeoutError as error:
                self.stop()
                raise SourceError(
                    f"{name}: reading it took longer than {limits.READING_S:.0f} seconds "
                    "(READING_S): save it anew, or as text."
                ) from error
            if not line.endswith(b"\n"):
                ended = process.wait()
                self.stop()
                why = signal.strsignal(-ended) if ended < 0 else f"exit code {ended}"
                gib = limits.ADDRESS_SPACE_BYTES >> 30
                raise SourceError(
                    f"{name}: its reader ended in the middle ({why}), for a fault or for want of "
                    f"more than {gib} GiB of memory (ADDRESS_SPACE_BYTES): save it anew."
                )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def stop(self) -> None:
        """End the process; the next file starts another."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                # What is left in the pipe to a process that is gone goes nowhere.
                with contextlib.suppress(BrokenPipeError):
                    if pipe:
                        pipe.close()


@functools.cache
def _reader() -> _Reader:
    reader = _Reader([sys.executable, "-B", "-c", f"from {__name__} import serve; serve()"])
    atexit.register(reader.stop)
    return reader


def _exchanged(process: subprocess.Popen[bytes], sent: bytes, within_s: float) -> bytes:
    """The line that comes back; without its end where the process ended before.

    Raises:
        TimeoutError: nothing came in that time; the process is killed.
    """
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(within_s, expire)
    timer.start()
    try:
        # A process that ends while it is sent to is told by its answer, which has no end.
        with contextlib.suppress(BrokenPipeError):
            _pipe(process.stdin).write(sent)
            _pipe(process.stdin).flush()
        line = _pipe(process.stdout).readline()
    finally:
        timer.cancel()
    if expired.is_set():
        raise TimeoutError
    return line


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("The reader's process was started without its pipes.")
    return pipe


def serve() -> None:
    """Read what is asked for on standard input until that ends: the other process."""
    requests = sys.stdin.buffer
    # Whatever a library prints must not stand among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _bind()
    while line := requests.readline():
        request = json.loads(line)
        answer = _answer(requests.read(request["bytes"]), request["name"])
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _bind() -> None:
    """Let the system hold this process to its limits, where the system can."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (limits.ADDRESS_SPACE_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(data: bytes, name: str) -> dict[str, Any]:
    try:
        extracted = FORMATS[PurePath(name).suffix.lower()].read(data, name)
    except SourceError as error:
        return {"refused": str(error)}
    except MemoryError:
        gib = limits.ADDRESS_SPACE_BYTES >> 30
        return {
            "refused": f"{name}: reading it takes more than {gib} GiB of memory "
            "(ADDRESS_SPACE_BYTES): save it anew, or as text."
        }
    except ImportError as error:
        return {
            "refused": f"{name}: what reads it is not installed ({error.name}): "
            "pip install 'press-qa[index]'."
        }
    except Exception as error:  # noqa: BLE001 - parsers raise what they like at broken files
        kind = type(error).__name__
        return {"refused": f"{name}: it cannot be read, it is broken ({kind}: {error})."}
    stated = dataclasses.asdict(extracted)
    return {**stated, "date": extracted.date and extracted.date.isoformat()}
