"""Measure a server under overload and beside slow clients.

    python benchmarks/load.py DATA

DATA is the folder of judged sets: the documents of ``press_dev`` and ``squad2`` are indexed,
unless the cache holds them, and two days of a parliament with them, whose pages are long. ``qa
serve`` answers from them in a process of its own; the clients are in another. Every answer is
checked against the documents. Writes ``results/load.md`` and ``load.json``; exit code 1 where a
goal is missed. Needs Linux, for /proc.
"""

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import urlopen

from common import (
    RESULTS,
    UNLIMITED,
    log_lines,
    memory_mb,
    quantile,
    questions,
    say,
    served,
    table,
    write_result,
)

from qa.evaluation.datasets import open_set
from qa.evaluation.run import indexed
from qa.records import Document
from qa.settings import Settings
from qa.sources.corpus_folder import CorpusFile
from qa.sources.ingest import document as ingested

SEED = 20220721
ASKED_ALONE, WARMED = 200, 100
CAPACITY_CLIENTS, CAPACITY_QUESTIONS = 4, 3_000
CLIENTS, TIMES_CAPACITY, OVERLOAD_S = 200, 5, 60
MEMORY_EVERY_S, BUSY_LOOK_S = 10, 3
ASKED_BESIDE_SLOW, SLOW_SENDERS, SLOW_READERS = 100, 100, 100
# Longer than what is measured, so that who is not let go is told from who is let go late.
SLOW_S, SLOW_BEGIN_S = 60, 2
SLOW_LOOK_S = 0.25
MOST_P99_MS, MOST_ARRIVING_S, MOST_UNREAD_S, LATE_S = 2_000, 10, 30, 3
# "As before" and "flat", with room for what else the machine does.
MOST_SLOWER, MOST_GROWN = 1.5, 1.1
# The server lets an unused connection go after five seconds.
_USED_AGAIN_S = 3
_ANSWER_S = 30
# As a client on a slow network has them: small packets, and little room for what it did not read.
_SEGMENT, _ROOM = 536, 2048
# Where the address of a slow client goes in what it sends.
_ADDRESS = b"{address}"
# The field of a line of /proc/net/tcp with the number of the socket: 0 where no process holds it.
_INODE = 9

Texts = Mapping[str, str]
Made = TypeVar("Made")
Found = TypeVar("Found")


class Wanted(NamedTuple):
    """A request: when, in seconds from the start, from which client; GET where nothing is asked."""

    due_s: float
    client: int
    path: str
    question: str | None = None


class Reply(NamedTuple):
    """The outcome of a request; ``status`` 0 and ``error`` where no answer came.

    ``ms`` are from when it was due, ``late_ms`` how much later than that it was sent.
    """

    wanted: Wanted
    at: float
    ms: float
    late_ms: float
    status: int
    headers: dict[str, str]
    body: bytes
    error: str = ""


class Slow(NamedTuple):
    """A slow client: its kind, the port it came from, and how its connection ended for it."""

    kind: str
    port: int
    began: float
    transferred: int
    ended: str


class Client:
    """A visitor with an address of its own, whose connections are used again."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._address = address_of(number)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []

    async def reply(self, wanted: Wanted, due: float) -> Reply:
        """Return the outcome of a request that is due at a time of the monotonic clock."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(_ANSWER_S):
                status, headers, body = await self._exchanged(wanted)
            error = ""
        except (OSError, EOFError, ValueError) as failed:
            status, headers, body, error = 0, {}, b"", f"{type(failed).__name__}: {failed}"
        ended = time.monotonic()
        ms, late_ms = (ended - due) * 1000, (began - due) * 1000
        return Reply(wanted, ended, ms, late_ms, status, headers, body, error)

    async def _exchanged(self, wanted: Wanted) -> tuple[int, dict[str, str], bytes]:
        reader, writer = await self._connection()
        try:
            writer.write(request(wanted, self._address))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in head[1:] if line)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            body = await _body(reader, headers)
        except BaseException:
            writer.transport.abort()
            raise
        if headers.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer, time.monotonic()))
        return int(head[0].split()[1]), headers, body

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer, used = self._idle.pop()
            if time.monotonic() - used < _USED_AGAIN_S and not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)


def address_of(number: int) -> str:
    """The address of a client, among those set apart for benchmarks (RFC 2544)."""
    return f"198.18.{number // 250}.{number % 250 + 1}"


def request(wanted: Wanted, address: str) -> bytes:
    """Return the bytes of a request."""
    head = f"Host: 127.0.0.1\r\nX-Forwarded-For: {address}\r\n"
    if wanted.question is None:
        return f"GET {wanted.path} HTTP/1.1\r\n{head}\r\n".encode()
    body = json.dumps({"question": wanted.question}).encode()
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"POST {wanted.path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers["content-length"]))
    body = bytearray()
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return bytes(body)


# What runs in the clients' process.


def one_after_the_other(port: int, asked: Sequence[str], clients: int) -> tuple[float, list[Reply]]:
    """Ask all questions, each client the next one once it has an answer; the seconds it took."""

    async def all_asked() -> list[Reply]:
        left = iter(asked)
        replies: list[Reply] = []

        async def visitor(number: int) -> None:
            client = Client(port, number)
            for text in left:
                wanted = Wanted(0, number, "/api/v1/ask", text)
                replies.append(await client.reply(wanted, time.monotonic()))

        await asyncio.gather(*map(visitor, range(clients)))
        return replies

    started = time.perf_counter()
    replies = run(all_asked)
    return time.perf_counter() - started, replies


def when_due(port: int, wanted: Sequence[Wanted], until: Path | None = None) -> list[Reply]:
    """Make every request when it is due, whatever became of those before; ``until`` a file is."""

    async def all_made() -> list[Reply]:
        clients = {w.client: Client(port, w.client) for w in wanted}
        start = time.monotonic()
        made = []
        for one in wanted:
            await asyncio.sleep(max(0, start + one.due_s - time.monotonic()))
            if is_over(until):
                break
            coming = clients[one.client].reply(one, start + one.due_s)
            made.append(asyncio.create_task(coming))
        return await asyncio.gather(*made)

    return run(all_made)


def is_over(until: Path | None) -> bool:
    """Return true once the file exists that ends the run."""
    return until is not None and until.exists()


def slowly(port: int, kinds: Mapping[str, tuple[bytes, bytes | None, int]]) -> list[Slow]:
    """Slow clients of every kind: what they send at once, then a byte a second, and how many.

    Those that send nothing more read what comes, a byte a second.
    """

    async def one(number: int, kind: str, first: bytes, rest: bytes | None) -> Slow:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            began, transferred, ended = time.monotonic(), 0, "open still"
            sock.sendall(first.replace(_ADDRESS, address_of(number).encode()))
            more = cycle(rest) if rest else None
            while time.monotonic() < began + SLOW_S:
                await asyncio.sleep(1)
                try:
                    if more:
                        sock.sendall(bytes([next(more)]))
                        transferred += 1
                    got = sock.recv(4096 if more else 1)
                except BlockingIOError:
                    continue
                except OSError as error:
                    ended = type(error).__name__
                    break
                if not got:
                    ended = "closed"
                    break
                transferred += 0 if more else 1
            return Slow(kind, sock.getsockname()[1], began, transferred, ended)

    async def all_of_them() -> list[Slow]:
        plans = [(kind, *plan) for kind, (*plan, count) in kinds.items() for _ in range(count)]
        return await asyncio.gather(*(one(number, *plan) for number, plan in enumerate(plans)))

    return run(all_of_them)


def run(made: Callable[[], Awaitable[Made]]) -> Made:
    """Return the result of a coroutine, run in a fast event loop."""
    import uvloop  # noqa: PLC0415 - in the clients' process only

    async def awaited() -> Made:
        return await made()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(awaited())


# What runs in the benchmark's own process.


def main() -> None:
    """Start the server, measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    qa, _ = indexed(record(data), Settings.load(), lambda *_: None)
    index = qa.snapshot.encoder.parent.parent
    texts = {name: document.text for name, document in qa.snapshot.documents.items()}
    counts = f"{len(texts):,} documents, {len(qa.snapshot.passages):,} passages"
    say(counts)
    asked = shuffled(data)
    busy = busy_processors()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with served_to_all(index, log) as (process, port), clients(2) as pool:
            found = measured(process, port, pool, asked, texts)
        found["busy_processors"] = busy
        found["log"] = dict(Counter(map(level, log_lines(log))))
        found["exit code"] = process.returncode
    rows = rows_of(found)
    written = table(["what", "measured", "goal"], [row[:3] for row in rows])
    missed = [row.what for row in rows if not row.is_met]
    (RESULTS / "load.json").write_text(json.dumps(found, indent=1), "utf-8")
    about = f", {busy:.1f} of them busy with other work. {counts}"
    figures = "; ".join(f"{row.what}: {row.measured}" for row in rows if row.goal)
    write_result("load", "Load", written, figures, about)
    say(written)
    sys.exit(f"Missed: {'; '.join(missed)}." if missed else 0)


def busy_processors() -> float:
    """Return the number of processors that are busy with work other than ours."""

    def idle_s() -> float:
        fields = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()
        return sum(map(int, fields[4:6])) / os.sysconf("SC_CLK_TCK")

    before = idle_s()
    time.sleep(BUSY_LOOK_S)
    return max(0.0, (os.cpu_count() or 1) - (idle_s() - before) / BUSY_LOOK_S)


def record(data: Path) -> list[CorpusFile]:
    """The documents that are indexed: two judged sets, and two long documents."""
    judged = [*open_set(data / "press_dev").documents, *open_set(data / "squad2").documents]
    days = [
        ingested(path.read_bytes(), path.name) for path in sorted((data / "chinese").glob("l*"))
    ]
    return [*judged, *(corpus_file(document) for document in days)]


def corpus_file(document: Document) -> CorpusFile:
    """A document in the place of a file of the record."""
    content = f"{document.title}\n{document.text}".encode()
    return CorpusFile(document.id, hashlib.sha256(content).hexdigest(), document)


def shuffled(data: Path) -> Iterator[str]:
    """Questions that are all different, in an order that is the same in every run."""
    press = [question.question for question in open_set(data / "press_dev").questions]
    texts = [*press, *questions(data, 200_000)]
    distinct = list(dict.fromkeys(text.strip() for text in texts))
    random.Random(SEED).shuffle(distinct)  # noqa: S311 - no secret
    return iter(distinct)


def measured(
    process: subprocess.Popen[bytes],
    port: int,
    pool: ProcessPoolExecutor,
    asked: Iterator[str],
    texts: Texts,
) -> dict[str, Any]:
    """All figures, by what they are of."""

    def alone(count: int) -> dict[str, float]:
        return quantiles(pool.submit(one_after_the_other, port, take(asked, count), 1).result()[1])

    alone(WARMED)
    found: dict[str, Any] = {"before": say_too("before", alone(ASKED_ALONE))}
    some = take(asked, CAPACITY_QUESTIONS)
    seconds, replies = pool.submit(one_after_the_other, port, some, CAPACITY_CLIENTS).result()
    found["capacity"] = {"questions_per_s": len(replies) / seconds, **quantiles(replies)}
    say_too("capacity", found["capacity"])
    rate = TIMES_CAPACITY * found["capacity"]["questions_per_s"]
    offered = pool.submit(when_due, port, arrivals(rate, asked))
    memory, replies = watched(process.pid, offered)
    found["overload"] = say_too("overload", overload(rate, replies, texts))
    found["memory"] = say_too("memory", {"mb": memory})
    time.sleep(2)
    found["after"] = say_too("after", alone(ASKED_ALONE))
    found["without slow clients"] = say_too("without slow clients", alone(ASKED_BESIDE_SLOW))
    slow = pool.submit(slowly, port, slow_kinds(port, texts))
    time.sleep(SLOW_BEGIN_S)
    beside = pool.submit(one_after_the_other, port, take(asked, ASKED_BESIDE_SLOW), 1)
    seen = looked(process.pid, port, slow)
    found["beside slow clients"] = say_too("beside", quantiles(beside.result()[1]))
    found["slow"] = say_too("slow", let_go(slow.result(), seen))
    found["memory"]["after slow clients"] = memory_mb(process.pid)
    found["is alive"] = process.poll() is None
    return found


def overload(rate: float, replies: Sequence[Reply], texts: Texts) -> dict[str, Any]:
    """Return the figures of the overload."""
    accepted = [reply for reply in replies if reply.status == 200]  # noqa: PLR2004 - OK
    refused = [reply for reply in replies if reply.status not in {0, 200}]
    errors = Counter(reply.error for reply in replies if not reply.status)
    faults = [fault for reply in accepted for fault in faults_of(reply, texts)]
    served_s = max(reply.at for reply in replies) - min(reply.at for reply in replies)
    return {
        "offered_per_s": rate,
        "requests": len(replies),
        "sent_per_s": len(replies) / served_s,
        "sent_late_ms_p99": quantile([reply.late_ms for reply in replies], 0.99),
        "accepted": len(accepted),
        "accepted_per_s": len(accepted) / served_s,
        "clients_without_answer": CLIENTS - len({reply.wanted.client for reply in accepted}),
        "answered": sum(b'"status":"answered"' in reply.body for reply in accepted),
        "citations": sum(len(cited(json.loads(reply.body))) for reply in accepted),
        "faults": len(faults),
        "first_faults": faults[:5],
        "refused": {str(s): n for s, n in Counter(r.status for r in refused).items()},
        "refused_without_retry_after": sum("retry-after" not in r.headers for r in refused),
        "refused_ms": quantiles(refused) if refused else None,
        "connection_errors": dict(errors),
        "p99_ms_by_10_s": by_ten_seconds(accepted),
        **quantiles(accepted),
    }


def by_ten_seconds(replies: Sequence[Reply]) -> list[float]:
    """The p99 of what was due in each ten seconds."""
    tens: dict[int, list[float]] = {}
    for reply in replies:
        tens.setdefault(int(reply.wanted.due_s // 10), []).append(reply.ms)
    return [quantile(tens[number], 0.99) for number in sorted(tens)]


def faults_of(reply: Reply, texts: Texts) -> Iterator[str]:
    """Yield the faults of an answer, checked against question and documents."""
    answer = json.loads(reply.body)
    if answer["question"] != reply.wanted.question:
        yield f"asked {reply.wanted.question!r}, answered {answer['question']!r}"
    for citation in cited(answer):
        yield from citation_faults(citation, texts)
    if (answer["status"] == "answered") != bool(answer["citations"]):
        yield f"{answer['status']} with {len(answer['citations'])} citations"


def citation_faults(citation: Mapping[str, Any], texts: Texts) -> Iterator[str]:
    """Yield the statements of a citation that the documents contradict."""
    name, passage = citation["document"]["id"], citation["passage"]
    text = texts.get(name)
    if text is None:
        yield f"there is no document {name}"
        return
    if citation["sha256"] != hashlib.sha256(text.encode()).hexdigest():
        yield f"sha256 is not that of {name}"
    for part in (passage, *citation["quotes"]):
        if part["text"] != text[part["start"] : part["end"]] or not part["text"]:
            yield f"not in {name} at {part['start']}: {part['text'][:60]!r}"
    if not text[: passage["start"]].endswith(citation["prefix"]):
        yield f"the prefix is not what stands in {name} before {passage['start']}"
    if not text[passage["end"] :].startswith(citation["suffix"]):
        yield f"the suffix is not what stands in {name} after {passage['end']}"


def cited(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All citations of an answer."""
    return [*answer["citations"], *answer["nearest"]]


def arrivals(rate: float, asked: Iterator[str]) -> list[Wanted]:
    """Questions of many clients at random moments, so many a second on the average."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    wanted, due_s = [], 0.0
    while (due_s := due_s + chance.expovariate(rate)) < OVERLOAD_S:
        wanted.append(Wanted(due_s, chance.randrange(CLIENTS), "/api/v1/ask", next(asked)))
    return wanted


def slow_kinds(port: int, texts: Texts) -> dict[str, tuple[bytes, bytes | None, int]]:
    """Return the kinds of slow clients: sent at once, sent byte by byte, their number."""
    longest = max(texts, key=lambda name: len(texts[name].encode()))
    script = largest_script(port)
    head = b"Host: 127.0.0.1\r\nX-Forwarded-For: " + _ADDRESS + b"\r\n"
    long = head + b"Content-Type: application/json\r\nContent-Length: 20000\r\n\r\n"

    def get(path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\n".encode() + head

    senders = {
        "head": (get("/healthz"), b"x"),
        "body": (b"POST /api/v1/ask HTTP/1.1\r\n" + long, b"x"),
        "body of a request that has none": (get("/healthz") + long.removeprefix(head), b"x"),
        "line ends after an answer": (get("/healthz") + b"\r\n", b"\r\n"),
    }
    readers = {
        f"page of {len(texts[longest].encode()) >> 10} kB": get(f"/documents/{quote(longest)}"),
        "the same as JSON": get(f"/api/v1/documents/{quote(longest)}"),
        "script of the chat": get(script),
    }
    each, each_reader = SLOW_SENDERS // len(senders), SLOW_READERS // len(readers) + 1
    return {
        **{f"sends {name}": (first, rest, each) for name, (first, rest) in senders.items()},
        **{
            f"reads {name}": (first + b"\r\n", None, each_reader) for name, first in readers.items()
        },
    }


def largest_script(port: int) -> str:
    """The path of the largest script that the chat's page names."""
    with urlopen(f"http://127.0.0.1:{port}/", timeout=30) as page:
        names = set(re.findall(r"assets/[\w.-]+\.js", page.read().decode()))
        urls = [urljoin(page.url, name) for name in names]

    def size(url: str) -> int:
        with urlopen(url, timeout=30) as answer:  # noqa: S310 - our own server
            return len(answer.read())

    return urlsplit(max(urls, key=size)).path


def watched(pid: int, coming: Future[list[Reply]]) -> tuple[list[float], list[Reply]]:
    """Memory of the server, in MB, at the start, now and then, and at the end; what came."""
    memory = [memory_mb(pid)]
    while True:
        try:
            replies = coming.result(timeout=MEMORY_EVERY_S)
        except TimeoutError:
            memory.append(memory_mb(pid))
        else:
            return [*memory, memory_mb(pid)], replies


def looked(pid: int, port: int, slow: Future[list[Slow]]) -> dict[int, float]:
    """Return when the server last had each connection, by the client's port."""
    seen: dict[int, float] = {}
    while not slow.done():
        now = time.monotonic()
        seen.update(dict.fromkeys(held(pid, port), now))
        time.sleep(SLOW_LOOK_S)
    return seen


def held(pid: int, port: int) -> Iterator[int]:
    """The clients' ports of the connections that the server has open."""
    for line in Path(f"/proc/{pid}/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        local, remote = (int(address.split(":")[1], 16) for address in fields[1:3])
        if local == port and fields[_INODE] != "0":
            yield remote


def let_go(slow: Iterable[Slow], seen: Mapping[int, float]) -> dict[str, dict[str, Any]]:
    """Return by kind the seconds that the server held connections of slow clients."""
    by_kind: dict[str, list[float]] = {}
    ends: dict[str, Counter[str]] = {}
    for one in slow:
        by_kind.setdefault(one.kind, []).append(seen.get(one.port, one.began) - one.began)
        ends.setdefault(one.kind, Counter())[one.ended] += 1
    return {
        kind: {
            "clients": len(held_s),
            "held_s_median": quantile(held_s, 0.5),
            "held_s_most": max(held_s),
            "held_to_the_end": sum(s > SLOW_S - LATE_S for s in held_s),
            "for_the_client": dict(ends[kind]),
        }
        for kind, held_s in by_kind.items()
    }


class Row(NamedTuple):
    """A line of the table; ``is_met`` is true if the goal is reached."""

    what: str
    measured: str
    goal: str = ""
    is_met: bool = True


def rows_of(found: Mapping[str, Any]) -> list[Row]:
    """The whole table."""
    return [*overload_rows(found), *memory_rows(found), *slow_rows(found), *end_rows(found)]


def overload_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of the overload, and of one client before and after."""
    over, before, after = found["overload"], found["before"], found["after"]
    capacity = found["capacity"]["questions_per_s"]
    sent = f"{over['requests']:,}, {over['sent_per_s']:.0f}/s"
    accepted = f"{over['accepted']:,}, {over['accepted_per_s']:.0f}/s"
    refused = ", ".join(f"{status}: {n:,}" for status, n in over["refused"].items())
    without, errors = over["refused_without_retry_after"], over["connection_errors"]
    unanswered = over["clients_without_answer"]
    yield Row("one client, before", in_ms(before))
    yield Row(f"{CAPACITY_CLIENTS} clients, each asking when answered", f"{capacity:.0f}/s")
    yield Row(
        f"{CLIENTS} clients, {OVERLOAD_S} s: questions sent",
        f"{sent} (p99 {over['sent_late_ms_p99']:.0f} ms late)",
    )
    yield Row("accepted (200)", f"{accepted}, {over['accepted_per_s'] / capacity:.0%} of the above")
    met = over["p99_ms"] <= MOST_P99_MS
    yield Row("accepted: latency", in_ms(over), f"p99 ≤ {MOST_P99_MS:,} ms", met)
    checked = f"{over['citations']:,}, {over['faults']}"
    yield Row("accepted: citations checked, faults", checked, "no fault", not over["faults"])
    share = f"{unanswered} of {CLIENTS}"
    yield Row("clients that got no answer at all", share, "0", not unanswered)
    yield Row("refused", refused or "none", "503 only", set(over["refused"]) <= {"503"})
    yield Row("refused without Retry-After", str(without), "0", not without)
    yield Row("connection errors", str(sum(errors.values())), "0", not errors)
    met = after["p50_ms"] <= before["p50_ms"] * MOST_SLOWER
    yield Row("one client, after", in_ms(after), "as before", met)


def memory_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of the server's memory."""
    memory = found["memory"]["mb"]
    listed = ", ".join(f"{mb:.0f}" for mb in memory)
    met = memory[-1] <= memory[1] * MOST_GROWN
    yield Row(f"memory of the server, every {MEMORY_EVERY_S} s", f"{listed} MB", "flat", met)
    yield Row("memory after slow clients", f"{found['memory']['after slow clients']:.0f} MB")


def slow_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of slow clients and of one client beside them."""
    bare, beside = found["without slow clients"], found["beside slow clients"]
    many = SLOW_SENDERS + SLOW_READERS
    met = beside["p50_ms"] <= bare["p50_ms"] * MOST_SLOWER
    yield Row("one client, without slow clients", in_ms(bare))
    yield Row(f"one client, beside {many} slow ones", in_ms(beside), "as without", met)
    for kind, one in found["slow"].items():
        most = MOST_UNREAD_S if kind.startswith("reads") else MOST_ARRIVING_S
        held_s = f"{one['held_s_median']:.0f} s (most {one['held_s_most']:.0f})"
        yield Row(
            f"{one['clients']} clients, each {kind} by the byte",
            f"held for {held_s}, {one['held_to_the_end']} to the end",
            f"≤ {most} s",
            one["held_s_most"] <= most + LATE_S,
        )


def end_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of the server's state at the end."""
    log, code = found["log"], found["exit code"]
    yield Row("alive at the end", str(found["is alive"]), "True", found["is alive"])
    lines = ", ".join(f"{name}: {count:,}" for name, count in log.items())
    yield Row("lines of its log", lines, "INFO only", set(log) <= {"INFO"})
    yield Row("exit code when told to stop", str(code), "0", not code)


def in_ms(found: Mapping[str, float]) -> str:
    """Latencies in words."""
    return f"p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms"


def quantiles(replies: Sequence[Reply]) -> dict[str, float]:
    """Latencies of replies."""
    ms = [reply.ms for reply in replies]
    return {"p50_ms": quantile(ms, 0.5), "p99_ms": quantile(ms, 0.99), "most_ms": max(ms)}


def level(line: str) -> str:
    """The level of a line of the log; what is not JSON, as it is."""
    try:
        return str(json.loads(line)["level"])
    except (ValueError, KeyError, TypeError):
        return f"not JSON: {line[:200]}"


def take(asked: Iterator[str], count: int) -> list[str]:
    """The next questions."""
    return list(islice(asked, count))


def say_too(what: str, found: Found) -> Found:
    """Print what was found and return it."""
    say(f"{what}: {json.dumps(found)}")
    return found


def served_to_all(
    index: Path, log: Path
) -> AbstractContextManager[tuple[subprocess.Popen[bytes], int]]:
    """Run ``qa serve`` that trusts X-Forwarded-For and has no rate limits."""
    limits = {"questions_per_minute": UNLIMITED, "requests_per_minute": UNLIMITED}
    return served(index, log, trusted_proxies=["127.0.0.1"], **limits)


@contextmanager
def clients(number: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for clients, started afresh so that they share nothing with this one."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(number, mp_context=context) as pool:
        yield pool


if __name__ == "__main__":
    main()
