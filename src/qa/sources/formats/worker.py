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
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import IO, Any

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.listings import Named, links_of_page, links_of_xml
from qa.sources.formats.readers import FORMATS
from qa.sources.formats.robots import rules

__all__ = ["Rules", "read_apart", "read_links", "read_rules", "search_apart", "serve"]


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """What robots.txt says of an address: may it be fetched, and the seconds between requests."""

    may_fetch: bool
    delay_s: float | None


def read_apart(data: bytes, name: str) -> Extracted:
    """What the reader of the name's ending gives, worked out in another process.

    Raises:
        SourceError: the reader refuses the file, crashes, or passes a limit of time or memory.
    """
    answer = _asked("document", data, name)
    date = answer["date"] and datetime.date.fromisoformat(answer["date"])
    times = tuple((offset, time) for offset, time in answer["times"])
    return Extracted(**{**answer, "date": date, "pages": tuple(answer["pages"]), "times": times})


def read_links(data: bytes, url: str, *, is_xml: bool) -> list[Named]:
    """Return what a listing at an address names.

    Raises:
        SourceError: it is refused, or passes a limit of time or memory.
    """
    answer = _asked("xml" if is_xml else "page", data, url)
    return [Named(*named) for named in answer["links"]]


def read_rules(text: bytes, url: str, robot: str) -> Rules:
    """Return what a robots.txt says of an address to a robot.

    Raises:
        SourceError: it passes a limit of time or memory.
    """
    return Rules(**_asked("rules", text, url, robot=robot))


def search_apart(pattern: str, texts: Sequence[str], name: str) -> list[bool]:
    """Return, for each text, whether a regular expression is found in it.

    Raises:
        SourceError: searching passes a limit of time.
    """
    answer = _asked("search", json.dumps(texts).encode(), name, pattern=pattern)
    return [bool(found) for found in answer["found"]]


def _asked(task: str, data: bytes, name: str, **given: str) -> dict[str, Any]:
    answer = _reader().asked(data, name, task=task, **given)
    if "refused" in answer:
        raise SourceError(answer["refused"])
    return answer


class _Reader:
    """The process that reads, whichever it is at the moment; ``command`` starts it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def asked(self, data: bytes, name: str, **given: str) -> dict[str, Any]:
        """Its answer, as JSON values.

        Raises:
            SourceError: there is none.
        """
        told = {"task": "document", **given, "name": name, "bytes": len(data)}
        request = json.dumps(told).encode() + b"\n"
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
        answer = _answer(requests.read(request.pop("bytes")), **request)
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


def _document(data: bytes, name: str) -> dict[str, Any]:
    extracted = FORMATS[PurePath(name).suffix.lower()].read(data, name)
    stated = dataclasses.asdict(extracted)
    return {**stated, "date": extracted.date and extracted.date.isoformat()}


def _links(named: Sequence[Named]) -> dict[str, Any]:
    return {"links": [dataclasses.astuple(one) for one in named]}


def _rules(text: bytes, url: str, robot: str) -> dict[str, Any]:
    may_fetch, delay_s = rules(text, url, robot)
    return {"may_fetch": may_fetch, "delay_s": delay_s}


def _search(texts: bytes, _: str, pattern: str) -> dict[str, Any]:
    search = re.compile(pattern).search
    return {"found": [search(text) is not None for text in json.loads(texts)]}


_TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "document": _document,
    "xml": lambda data, url: _links(links_of_xml(data, url)),
    "page": lambda data, url: _links(links_of_page(data, url)),
    "rules": _rules,
    "search": _search,
}


def _answer(data: bytes, name: str, task: str = "document", **given: str) -> dict[str, Any]:
    try:
        return _TASKS[task](data, name, **given)
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
