"""Measure a well-behaved client beside hostile ones, and the memory that they leave behind.

    python benchmarks/hostile.py [--minutes 10] [--attackers 4] [--index FOLDER]

``qa serve`` with its own settings, but for the questions a client may ask, answers from the
project's corpus, or from another index. First the well-behaved client asks alone for a third of
the time, two minutes at most. Then, for all of it, each attacker, at an address of its own,
keeps idle connections open, restores conversations whose results nobody fetches, asks for results
and does not read them, sends bodies that are too long, malformed, or slow to come. At the end the
server is left alone for a minute. Prints the quiet p99, the p99 under attack and their ratio, and
the memory before, at most and afterwards; exit code 1 where a goal is missed. Needs Linux, for
/proc and the addresses 127.0.0.2 and up.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import multiprocessing
import random
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from common import ROOT, finished, machine, memory_mb, python, quantile, say, served

SEED = 20261129
MOST_SLOWER, MOST_GROWN_MB = 4, 50
QUIET_SHARE, MOST_QUIET_S, LEFT_ALONE_S = 3, 120, 60
# The well-behaved client: a request every so often, and so many questions a minute allowed.
EVERY_S, QUESTIONS_PER_MINUTE = 0.2, 300
# Each attacker: connections it holds, and how often it begins something.
IDLE, STALLED, SLOW = 120, 20, 20
RESTORE_EVERY_S, BIG_EVERY_S, MALFORMED_EVERY_S = 0.5, 0.5, 0.2
_ANSWER_S, _REOPEN_S = 30, 1.0
_JOIN = "/en/gradio_api/queue/join"


class Waited(NamedTuple):
    """A request of the well-behaved client: which, its status, and how long it took."""

    kind: str
    status: int
    ms: float


def asked(port: int, kind: str, method: str, path: str, body: object = None) -> Waited:
    """One request of the well-behaved client, on a connection of its own; status 0 if it fails."""
    sent = None if body is None else json.dumps(body)
    headers = {"Content-Type": "application/json"} if sent else {}
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)
    status = 0
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection.request(method, path, sent, headers)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    connection.close()
    return Waited(kind, status, (time.perf_counter() - started) * 1000)


def behaved(port: int, seconds: float, words: list[str], document: str) -> list[Waited]:
    """Ask in the API and in the chat, and read, for so long."""
    chance = random.Random(SEED)  # noqa: S311 - chance that can be repeated is what is wanted
    found, end, number = [], time.monotonic() + seconds, 0
    while (started := time.monotonic()) < end:
        question = "what of " + " ".join(chance.sample(words, 4)) + "?"
        session = f"{chance.randrange(16**12):x}"
        event = {"data": [question, [], False, "", "", ""], "fn_index": 0, "session_hash": session}
        kind = ("question", "question", "chat", "document")[number % 4]
        if kind == "question":
            found.append(asked(port, kind, "POST", "/api/v1/ask", {"question": question}))
        elif kind == "document":
            found.append(asked(port, kind, "GET", f"/documents/{document}"))
        else:
            joined = asked(port, kind, "POST", _JOIN, event)
            data = f"/en/gradio_api/queue/data?session_hash={session}"
            told = asked(port, kind, "GET", data)
            worst = max(joined.status, told.status) if joined.status and told.status else 0
            found.append(Waited(kind, worst, joined.ms + told.ms))
        number += 1
        time.sleep(max(0.0, started + EVERY_S - time.monotonic()))
    return found


def posted(path: str, body: bytes, length: int | None = None) -> bytes:
    """A request as it is sent."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {length or len(body)}\r\n\r\n".encode() + body


def restored(session: str) -> bytes:
    """As long a conversation as is taken, to restore."""
    held = [{"role": "user", "content": "x" * 19_000}] * 26
    event = {"data": [held], "fn_index": 3, "session_hash": session}
    return posted(_JOIN, json.dumps(event).encode())


_MALFORMED = [
    {"data": [{"path": "/dev/zero"}, [], False, "", "", ""], "fn_index": 0},
    {"data": [[{"role": "user", "content": ""}] * 14_000], "fn_index": 3},
    {"data": [[{"role": "user", "content": {"path": "/etc/hostname"}}]], "fn_index": 3},
    {"data": [{}] * 100_000, "fn_index": 2},
]


class Attacker:
    """A client that means harm, at an address of its own."""

    def __init__(self, port: int, address: str, end: float) -> None:
        self._port, self._address, self._end = port, address, end
        self.done: Counter[str] = Counter()
        self._number = 0

    async def attack(self) -> None:
        """Do all there is until the end."""
        kinds = [self._idle] * IDLE + [self._stalled] * STALLED + [self._slow] * SLOW
        await asyncio.gather(
            *(self._held(kind) for kind in kinds),
            self._every(RESTORE_EVERY_S, self._unread),
            self._every(BIG_EVERY_S, self._big),
            self._every(MALFORMED_EVERY_S, self._malformed),
        )

    async def _held(self, kind: Callable[[], Awaitable[None]]) -> None:
        while time.time() < self._end:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(max(0.1, self._end - time.time())):
                    await kind()
            await asyncio.sleep(_REOPEN_S)

    async def _every(self, seconds: float, kind: Callable[[], Awaitable[None]]) -> None:
        while time.time() < self._end:
            started = time.monotonic()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(kind(), _ANSWER_S)
            await asyncio.sleep(max(0.0, started + seconds - time.monotonic()))

    @contextlib.asynccontextmanager
    async def _connected(self, room: int | None = None):  # noqa: ANN202
        sock = socket.socket()
        if room:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        sock.bind((self._address, 0))
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
            reader, writer = await asyncio.open_connection(sock=sock, limit=2048)
        except OSError:
            sock.close()
            self.done["connection refused"] += 1
            raise
        try:
            yield reader, writer
        finally:
            writer.close()

    async def _answer(self, kind: str, sent: bytes) -> int:
        async with self._connected() as (reader, writer):
            writer.write(sent)
            with contextlib.suppress(OSError):
                await writer.drain()
            line = await reader.readline()
            found = re.match(rb"HTTP/1.1 (\d+)", line)
            status = int(found[1]) if found else 0
            self.done[f"{kind}: {status or 'closed'}"] += 1
            return status

    def _session(self) -> str:
        self._number += 1
        return f"{self._address.replace('.', '-')}-{self._number}"

    async def _idle(self) -> None:
        async with self._connected() as (reader, _):
            await reader.read()
        self.done["idle let go"] += 1

    async def _stalled(self) -> None:
        """Ask for a result, and read none of it."""
        session = self._session()
        await self._answer("restore to stall", restored(session))
        async with self._connected(room=2048) as (reader, writer):
            data = f"/en/gradio_api/queue/data?session_hash={session}"
            writer.write(f"GET {data} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            await asyncio.sleep(45)
            await reader.read(1)
        self.done["stalled"] += 1

    async def _slow(self) -> None:
        """Send a body a byte a second."""
        async with self._connected() as (_, writer):
            writer.write(posted("/api/v1/ask", b"", 60_000))
            for _ in range(60):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(1)
        self.done["slow to its end"] += 1

    async def _unread(self) -> None:
        await self._answer("restore", restored(self._session()))

    async def _big(self) -> None:
        await self._answer("big", posted("/api/v1/ask", b" " * 2_000_000))

    async def _malformed(self) -> None:
        event = _MALFORMED[self.done.total() % len(_MALFORMED)]
        body = json.dumps({**event, "session_hash": self._session()}).encode()
        await self._answer("malformed", posted(_JOIN, body))


def attacked(port: int, attackers: int, seconds: float, told: object) -> None:
    """Attack from `attackers` addresses; put the counts of events into ``told``."""

    async def all_of_them() -> Counter[str]:
        end = time.time() + seconds
        clients = [Attacker(port, f"127.0.0.{2 + n}", end) for n in range(attackers)]
        await asyncio.gather(*(client.attack() for client in clients))
        return sum((client.done for client in clients), Counter[str]())

    told.put(asyncio.run(all_of_them()))  # type: ignore[attr-defined]


class Memory(threading.Thread):
    """Looks at a process's memory every second."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process = process
        self.most = 0.0
        self.start()

    def run(self) -> None:
        """Look until the process has ended."""
        with contextlib.suppress(OSError, IndexError):
            while True:
                self.most = max(self.most, memory_mb(self._process))
                time.sleep(1)


def told(name: str, found: list[Waited]) -> float:
    """Print the waits of the well-behaved client and return their p99."""
    took = [waited.ms for waited in found]
    by_kind = {
        kind: round(quantile([w.ms for w in found if w.kind == kind], 0.99))
        for kind in sorted({w.kind for w in found})
    }
    statuses = Counter(waited.status for waited in found)
    p99 = quantile(took, 0.99)
    say(
        f"{name}: {len(found)} requests, p50 {quantile(took, 0.5):.0f} ms, p99 {p99:.0f} ms, "
        f"p99 by kind {by_kind}, statuses {dict(statuses)}"
    )
    return p99


def main() -> None:
    """Attack, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10, help="how long to attack")
    parser.add_argument("--attackers", type=int, default=4, help="addresses that attack")
    parser.add_argument("--index", type=Path, help="an index to answer from")
    given = parser.parse_args()
    seconds = given.minutes * 60
    say(machine())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "corpus", home / "corpus")
        if given.index is None:
            inside = f"import os; os.chdir({folder!r}); from qa.cli import main; main()"
            finished([*python("-c", inside), "index"])
        (document,) = [path.stem for path in (ROOT / "corpus").glob("*.md")][:1]
        text = (ROOT / "corpus" / f"{document}.md").read_text("utf-8")
        words = sorted({w.lower() for w in re.findall(r"[A-Za-z]{4,}", text)})
        index = given.index or home / "index"
        limit = {"questions_per_minute": QUESTIONS_PER_MINUTE}
        with served(index, home / "log", **limit) as (process, port):
            behaved(port, 10, words, document)  # what is loaded at its first use
            quiet = behaved(port, min(MOST_QUIET_S, seconds / QUIET_SHARE), words, document)
            before, memory = memory_mb(process.pid), Memory(process.pid)
            queue = multiprocessing.Queue()
            attack = multiprocessing.Process(
                target=attacked, args=(port, given.attackers, seconds, queue)
            )
            attack.start()
            time.sleep(2)
            beside = behaved(port, seconds - 2, words, document)
            done = queue.get(timeout=2 * _ANSWER_S)
            attack.join()
            time.sleep(LEFT_ALONE_S)
            after = memory_mb(process.pid)
        log = (home / "log").read_text("utf-8")
    quiet_p99, p99 = told("quiet", quiet), told("under attack", beside)
    ratio = p99 / quiet_p99
    say(f"ratio of p99: {ratio:.2f} (goal: below {MOST_SLOWER})")
    say(f"memory: {before:.0f} MB before, {memory.most:.0f} at most, {after:.0f} afterwards")
    say(f"attackers: {dict(sorted(done.items()))}")
    tracebacks = log.count("Traceback")
    say(f"log: {len(log) / 1e6:.1f} MB, {tracebacks} tracebacks")
    refused = sum(waited.status != http.HTTPStatus.OK for waited in beside)
    say(f"of the well-behaved client's requests, {refused} were not answered")
    if ratio >= MOST_SLOWER or after - before > MOST_GROWN_MB or tracebacks or refused:
        sys.exit(1)


if __name__ == "__main__":
    main()
