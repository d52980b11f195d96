"""Parsing in a worker process, which is killed and replaced when it does not answer.

One process parses one file after the other; it ends with this one. Its time is limited here, its
memory by the system, and it can write no file. Both sides exchange lines of JSON, so that a parser
that a file has taken over has no way back.
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
from typing import IO, Any, cast

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.listings import Link, links_of_page, links_of_xml
from qa.sources.formats.registry import BY_ENDING
from qa.sources.formats.robots import Rules, rules_for

__all__ = ["extract_in_worker", "read_links", "read_rules", "search_in_worker", "serve"]

_GIB = limits.ADDRESS_SPACE_BYTES >> 30


def extract_in_worker(data: bytes, name: str) -> Extracted:
    """Return the text that the parser for the name's ending extracts.

    Raises:
        SourceError: the parser refuses the file, crashes, or exceeds a limit of time or memory.
    """
    answer = _answer_of_worker("document", data, name)
    date = answer["date"] and datetime.date.fromisoformat(answer["date"])
    times = tuple((offset, time) for offset, time in answer["times"])
    return Extracted(**{**answer, "date": date, "pages": tuple(answer["pages"]), "times": times})


def read_links(data: bytes, url: str, *, is_xml: bool) -> list[Link]:
    """Return the links of a listing at an address.

    Raises:
        SourceError: it is refused, or exceeds a limit of time or memory.
    """
    answer = _answer_of_worker("xml" if is_xml else "page", data, url)
    return [Link(*link) for link in answer["links"]]


def read_rules(text: bytes, url: str, robot: str) -> Rules:
    """Return the rules of a robots.txt for a robot and an address.

    Raises:
        SourceError: it exceeds a limit of time or memory.
    """
    return Rules(**_answer_of_worker("rules", text, url, robot=robot))


def search_in_worker(pattern: str, texts: Sequence[str], name: str) -> list[bool]:
    """Return for each text whether it matches a regular expression somewhere.

    Raises:
        SourceError: searching exceeds the limit of time.
    """
    answer = _answer_of_worker("search", json.dumps(texts).encode(), name, pattern=pattern)
    return [bool(is_match) for is_match in answer["matches"]]


def _answer_of_worker(task: str, data: bytes, name: str, **arguments: str) -> dict[str, Any]:
    answer = _worker().request(data, name, task=task, **arguments)
    if "refused" in answer:
        raise SourceError(answer["refused"])
    return answer


class _Worker:
    """A worker process, started by ``command`` and replaced when it ends."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def request(self, data: bytes, name: str, **arguments: str) -> dict[str, Any]:
        """Return the worker's answer, as JSON values.

        Raises:
            SourceError: there is none.
        """
        header = {"task": "document", **arguments, "name": name, "bytes": len(data)}
        message = json.dumps(header).encode() + b"\n" + data
        with self._lock:
            process = self._running()
            try:
                line = _exchange(process, message, limits.READING_S)
            except TimeoutError as error:
                self.stop()
                raise SourceError(
                    f"{name}: reading it took longer than {limits.READING_S:.0f} seconds "
                    "(READING_S): save it again, or as text."
                ) from error
            if not line.endswith(b"\n"):
                status = process.wait()
                self.stop()
                cause = signal.strsignal(-status) if status < 0 else f"exit code {status}"
                raise SourceError(
                    f"{name}: its parser ended in the middle ({cause}), for a fault or for want of "
                    f"more than {_GIB} GiB of memory (ADDRESS_SPACE_BYTES): save it again."
                )
        return cast("dict[str, Any]", json.loads(line))

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
        """End the process; the next request starts another."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                # Bytes left in the pipe to a process that is gone go nowhere.
                with contextlib.suppress(BrokenPipeError):
                    cast("IO[bytes]", pipe).close()


@functools.cache
def _worker() -> _Worker:
    worker = _Worker([sys.executable, "-B", "-c", f"from {__name__} import serve; serve()"])
    atexit.register(worker.stop)
    return worker


def _exchange(process: subprocess.Popen[bytes], message: bytes, timeout_s: float) -> bytes:
    """Send a message and return the line that comes back, cut off where the process ended."""
    is_expired = threading.Event()

    def expire() -> None:
        is_expired.set()
        process.kill()

    timer = threading.Timer(timeout_s, expire)
    timer.start()
    try:
        stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        # A process that ends while it is sent to shows in its answer, which has no end.
        with contextlib.suppress(BrokenPipeError):
            stdin.write(message)
            stdin.flush()
        line = stdout.readline()
    finally:
        timer.cancel()
    if is_expired.is_set():
        raise TimeoutError
    return line


def serve() -> None:
    """Answer requests on standard input until it ends: the worker process."""
    requests = sys.stdin.buffer
    # Nothing that a library prints may stand among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _limit_resources()
    while line := requests.readline():
        request = json.loads(line)
        answer = _answer(requests.read(request.pop("bytes")), **request)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _limit_resources() -> None:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (limits.ADDRESS_SPACE_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _extract(data: bytes, name: str) -> dict[str, Any]:
    extracted = BY_ENDING[PurePath(name).suffix.lower()].extract(data, name)
    date = extracted.date and extracted.date.isoformat()
    return {**dataclasses.asdict(extracted), "date": date}


def _links(links: Sequence[Link]) -> dict[str, Any]:
    return {"links": [dataclasses.astuple(link) for link in links]}


def _search(texts: bytes, _: str, pattern: str) -> dict[str, Any]:
    search = re.compile(pattern).search
    return {"matches": [search(text) is not None for text in json.loads(texts)]}


_TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "document": _extract,
    "xml": lambda data, url: _links(links_of_xml(data, url)),
    "page": lambda data, url: _links(links_of_page(data, url)),
    "rules": lambda text, url, robot: dataclasses.asdict(rules_for(text, url, robot)),
    "search": _search,
}


def _answer(data: bytes, name: str, task: str = "document", **arguments: str) -> dict[str, Any]:
    try:
        return _TASKS[task](data, name, **arguments)
    except SourceError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {
            "refused": f"{name}: reading it takes more than {_GIB} GiB of memory "
            "(ADDRESS_SPACE_BYTES): save it again, or as text."
        }
    except ImportError as error:
        return {
            "refused": f"{name}: what reads it is not installed ({error.name}): "
            "pip install 'press-qa[index]'."
        }
    except Exception as error:  # noqa: BLE001 - parsers raise anything at broken files
        kind = type(error).__name__
        return {"refused": f"{name}: it cannot be read, it is broken ({kind}: {error})."}
