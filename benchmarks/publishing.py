"""Publish new snapshots while a server answers questions.

    python benchmarks/publishing.py DATA

DATA is the folder of judged sets; the transcripts of ``press_dev`` are indexed. While ``qa
serve`` answers 20 requests a second, questions, documents, statuses and pages, 20 new snapshots
are published beside it, each with a document added, changed or taken away, some right after one
another. No request may fail, and every citation is checked against the snapshot that its answer
names. Writes ``results/publishing.md`` and ``publishing.json``; exit code 1 where a goal is
missed. Needs Linux, for /proc.
"""

import argparse
import hashlib
import html
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from urllib.request import urlopen

from common import RESULTS, log_lines, memory_mb, quantile, say, table, write_result
from load import (
    SEED,
    Reply,
    Row,
    Texts,
    Wanted,
    busy_processors,
    citation_faults,
    cited,
    clients,
    corpus_file,
    in_ms,
    level,
    one_after_the_other,
    quantiles,
    say_too,
    served_to_all,
    shuffled,
    take,
    when_due,
)

from qa.evaluation.datasets import open_set
from qa.evaluation.run import indexed
from qa.index.build import build
from qa.index.encoder import Encoder
from qa.index.snapshot import open_snapshot
from qa.records import Document
from qa.settings import Settings
from qa.sources.corpus_folder import CorpusFile

REQUESTS_PER_S, MOST_SERVED_S, CLIENTS, WARMED = 20, 600, 20, 100
SNAPSHOTS, BURST_EVERY = 20, 5
# A snapshot every so often; of every five the last comes right after the one before it.
PUBLISHED_EVERY_S, BEGIN_S = 3.2, 3
TAKEN_UP_S, REST_S = 30, 5
LOOKED_EVERY_S = 1.0
# The first new snapshots are opened beside the old one, and what that takes is not given back to
# the system. From then on memory has to be flat.
SETTLED_AFTER, MOST_GROWN = 5, 1.04
# What is asked of: a document that every snapshot has, with another text in each.
NOTICE = "notice-on-the-marlow-bridge"
NOTICE_QUESTIONS = (
    "What is the toll of the Marlow bridge in pounds?",
    "How much does it cost to cross the Marlow bridge?",
    "Since which notice does the toll of the Marlow bridge hold?",
)
# Shares of what is asked for; the rest is questions on other documents.
MIX = {"notice": 0.25, "document": 0.15, "reader": 0.1, "status": 0.1, "page": 0.15}
OK = 200


class Published(NamedTuple):
    """A snapshot as it was published: when, with which texts and counts, in how many seconds."""

    digest: str
    at: float
    seconds: float
    texts: Texts
    counts: Mapping[str, int]


class Seen(NamedTuple):
    """The server at a moment: memory, and the snapshots whose files it has mapped."""

    at: float
    mb: float
    mapped: frozenset[str]


def main() -> None:
    """Serve, publish, ask, check, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    files = [*open_set(data / "press_dev").documents]
    settings = Settings.load()
    qa, _ = indexed(files, settings, lambda *_: None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = folder / "index"
        shutil.copytree(qa.snapshot.encoder.parent.parent, index)
        first = published(notice(files, 0), index, qa.encoder, settings)
        say(f"the first snapshot took {first.seconds:.1f} s: {first.counts}")
        busy = busy_processors()
        with served_to_all(index, folder / "log") as (process, port):
            found = measured(process, port, index, qa.encoder, files, first, shuffled(data))
        lines = log_lines(folder / "log")
    found["busy_processors"] = busy
    found["log"] = dict(Counter(map(level, lines)))
    found["first_errors"] = [line for line in lines if level(line) not in {"INFO", "WARNING"}][:5]
    write(found, counts=f"{first.counts['documents']:,} documents")


def write(found: Mapping[str, Any], counts: str) -> None:
    """Print the table and write it; end with 1 where a goal is missed."""
    rows = [*rows_of(found)]
    written = table(["what", "measured", "goal"], [row[:3] for row in rows])
    (RESULTS / "publishing.json").write_text(json.dumps(found, indent=1), "utf-8")
    about = f", {found['busy_processors']:.1f} of them busy with other work. {counts}"
    figures = "; ".join(f"{row.what}: {row.measured}" for row in rows if row.goal)
    write_result("publishing", "Publishing while serving", written, figures, about)
    say(written)
    missed = [row.what for row in rows if not row.is_met]
    sys.exit(f"Missed: {'; '.join(missed)}." if missed else 0)


def measured(  # noqa: PLR0913, PLR0917 - what is served, and what is made of it
    process: subprocess.Popen[bytes],
    port: int,
    index: Path,
    encoder: Encoder,
    files: Sequence[CorpusFile],
    first: Published,
    asked: Iterator[str],
) -> dict[str, Any]:
    """All figures, by what they are of."""
    settings = Settings.load()
    with clients(1) as pool:
        pool.submit(one_after_the_other, port, take(asked, WARMED), 1).result()
        alone = quantiles(
            pool.submit(one_after_the_other, port, take(asked, WARMED), 1).result()[1]
        )
        before = looked(process.pid, index)
        wanted = requests(asked, sorted(first.texts))
        stop = index.parent / "stop"
        coming = pool.submit(when_due, port, wanted, stop)
        snapshots, seen, settled_mb = [first], [before], before.mb
        for moment, changed in changes(files):
            wait(moment, process.pid, index, seen)
            snapshots.append(published(changed, index, encoder, settings))
            seen.append(looked(process.pid, index))
            settled_mb = seen[-1].mb if len(snapshots) <= SETTLED_AFTER + 1 else settled_mb
        taken_up_s = until_taken_up(port, snapshots[-1])
        wait(time.monotonic() + REST_S, process.pid, index, seen)
        stop.touch()
        replies = finished(coming, process.pid, index, seen)
        pool.submit(one_after_the_other, port, take(asked, WARMED), 1).result()
    time.sleep(REST_S)
    after = looked(process.pid, index)
    return {
        "alone": say_too("alone", alone),
        "replies": say_too("replies", checked(replies, snapshots)),
        "snapshots": len(snapshots) - 1,
        "published_s": [s.seconds for s in snapshots[1:]],
        "apart_s": [b.at - a.at for a, b in pairwise(snapshots)][1:],
        "last_taken_up_after_s": taken_up_s,
        "mb": [s.mb for s in seen],
        "mb_before": before.mb,
        "mb_settled": settled_mb,
        "mb_after": after.mb,
        "most_mapped": max(len(s.mapped) for s in seen),
        "live": snapshots[-1].digest,
        "mapped_after": sorted(after.mapped),
        "left_over": sorted(after.mapped - {snapshots[-1].digest}),
        "is_alive": process.poll() is None,
    }


# What is published.


def notice(files: Sequence[CorpusFile], number: int) -> list[CorpusFile]:
    """The files, and the notice in the form of that number; its passages move from form to form."""
    chance = random.Random(SEED + number)  # noqa: S311 - no secret
    before = " ".join(f"Recital {n} of notice {number}." for n in range(chance.randrange(40)))
    text = (
        f"{before}\n\nThe toll of the Marlow bridge is {100 + number} pounds since notice "
        f"{number}. It costs {100 + number} pounds to cross the Marlow bridge in a car.\n\n"
        f"Notice {number} was given by the keeper of the Marlow bridge."
    ).strip()
    title = f"Notice {number} on the Marlow bridge"
    return [*files, corpus_file(Document(id=NOTICE, title=title, text=text))]


def changes(files: Sequence[CorpusFile]) -> Iterator[tuple[float, list[CorpusFile]]]:
    """Yield each snapshot's due time in seconds from now and its files, no two alike."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    present = list(files)
    start = time.monotonic() + BEGIN_S
    due_s = 0.0
    for number in range(1, SNAPSHOTS + 1):
        kind = ("added", "changed", "taken away")[number % 3]
        if kind == "added":
            text = f"In year {number} the ferry of Upper Wexley carried {number * 37} horses."
            document = Document(id=f"ferry-{number}", title=f"The ferry, {number}", text=text)
            present.append(corpus_file(document))
        else:
            place = chance.randrange(len(files) // 2)
            if kind == "changed":
                old = present[place].document
                text = f"Corrected in snapshot {number}.\n\n{old.text}"
                present[place] = corpus_file(replace(old, text=text))
            else:
                del present[place]
        yield start + due_s, notice(present, number)
        due_s += 0 if number % BURST_EVERY == BURST_EVERY - 1 else PUBLISHED_EVERY_S


def published(
    files: Sequence[CorpusFile], index: Path, encoder: Encoder, settings: Settings
) -> Published:
    """Build and publish a snapshot, as ``qa index`` does, and keep what it says."""
    started = time.monotonic()
    built = build(files, index, encoder, passage_chars=settings.passage_chars)
    ended = time.monotonic()
    snapshot = open_snapshot(index)
    texts = {name: document.text for name, document in snapshot.documents.items()}
    return Published(built.digest, ended, ended - started, texts, snapshot.manifest["counts"])


# What is asked.


def requests(asked: Iterator[str], documents: Sequence[str]) -> list[Wanted]:
    """Return the requests in order, equally spaced."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    kinds, weights = [*MIX, "question"], [*MIX.values(), 1 - sum(MIX.values())]
    wanted = []
    for number in range(REQUESTS_PER_S * MOST_SERVED_S):
        due_s, client = number / REQUESTS_PER_S, number % CLIENTS
        kind = chance.choices(kinds, weights)[0]
        # A suffix makes each question another one, so that none is answered from memory.
        about = f"{chance.choice(NOTICE_QUESTIONS)} ({number})"
        if kind in {"notice", "question"}:
            question = about if kind == "notice" else next(asked)
            wanted.append(Wanted(due_s, client, "/api/v1/ask", question))
            continue
        name = NOTICE if chance.random() < 0.5 else chance.choice(documents)  # noqa: PLR2004
        path = {
            "document": f"/api/v1/documents/{quote(name)}",
            "reader": f"/documents/{quote(NOTICE)}",
            "status": "/api/v1/status",
            "page": f"/answer?q={quote(about)}",
        }[kind]
        wanted.append(Wanted(due_s, client, path))
    return wanted


# What came back.


def checked(replies: Sequence[Reply], snapshots: Sequence[Published]) -> dict[str, Any]:
    """Return the figures of the replies, each checked against the snapshot it names."""
    by_digest = {s.digest: s for s in snapshots}
    gone = {name for s in snapshots for name in snapshots[0].texts if name not in s.texts}
    kinds: dict[str, list[Reply]] = {}
    failed, faults = [], []
    for reply in replies:
        kinds.setdefault(kind_of(reply.wanted), []).append(reply)
        if reply.status != OK and not is_gone(reply, gone):
            failed.append(f"{reply.wanted.path}: {reply.status} {reply.error} {reply.body[:200]!r}")
        elif reply.status == OK:
            faults += [f"{reply.wanted.path}: {f}" for f in faults_of(reply, by_digest, snapshots)]
    answers = [json.loads(r.body) for r in replies if r.wanted.question and r.status == OK]
    named = Counter(answer["snapshot"] for answer in answers)
    return {
        "requests": len(replies),
        "gone": sum(is_gone(reply, gone) for reply in replies),
        "failed": len(failed),
        "first_failed": failed[:5],
        "faults": len(faults),
        "first_faults": faults[:5],
        "citations": sum(len(cited(answer)) for answer in answers),
        "snapshots_named": [named[s.digest] for s in snapshots],
        "late_ms_p99": quantile([reply.late_ms for reply in replies], 0.99),
        "by_kind": {kind: {"requests": len(k), **quantiles(k)} for kind, k in kinds.items()},
        "questions": quantiles([r for r in replies if r.wanted.question]),
        "all": quantiles(replies),
    }


def kind_of(wanted: Wanted) -> str:
    """Return the kind of a request."""
    if wanted.question:
        return "ask"
    return re.sub(r"(?<=documents/).*", "ID", wanted.path.partition("?")[0])


def is_gone(reply: Reply, gone: set[str]) -> bool:
    """Return true if the document was not found and some snapshot lacks it."""
    names = {f"/api/v1/documents/{quote(name)}" for name in gone}
    return reply.status == 404 and reply.wanted.path in names  # noqa: PLR2004 - not found


def faults_of(
    reply: Reply, by_digest: Mapping[str, Published], snapshots: Sequence[Published]
) -> Iterator[str]:
    """Yield the faults of a reply."""
    path = reply.wanted.path
    if path == "/api/v1/ask":
        yield from answer_faults(reply, by_digest)
    elif path == "/api/v1/status":
        yield from status_faults(json.loads(reply.body), by_digest)
    elif path.startswith("/api/v1/documents/"):
        yield from document_faults(json.loads(reply.body), snapshots)
    else:
        yield from page_faults(reply)


def answer_faults(reply: Reply, by_digest: Mapping[str, Published]) -> Iterator[str]:
    """Yield the faults of an answer, checked against the snapshot it names."""
    answer = json.loads(reply.body)
    if answer["question"] != reply.wanted.question:
        yield f"asked {reply.wanted.question!r}, answered {answer['question']!r}"
    named = by_digest.get(answer["snapshot"])
    if named is None:
        yield f"there is no snapshot {answer['snapshot']}"
        return
    for citation in cited(answer):
        yield from citation_faults(citation, named.texts)


def status_faults(status: Mapping[str, Any], by_digest: Mapping[str, Published]) -> Iterator[str]:
    """Yield the faults of a status whose counts are not those of its snapshot."""
    told = {name: status[name] for name in ("documents", "passages", "sentences")}
    if status["snapshot"] not in by_digest:
        yield f"there is no snapshot {status['snapshot']}"
    elif told != by_digest[status["snapshot"]].counts:
        yield f"{told} is not what {status['snapshot']} holds"


def document_faults(document: Mapping[str, Any], snapshots: Sequence[Published]) -> Iterator[str]:
    """Yield the faults of a document that no snapshot has as it is."""
    if hashlib.sha256(document["text"].encode()).hexdigest() != document["sha256"]:
        yield f"sha256 is not that of {document['id']}"
    if all(s.texts.get(document["id"]) != document["text"] for s in snapshots):
        yield f"no snapshot holds this text of {document['id']}"


def page_faults(reply: Reply) -> Iterator[str]:
    """Yield the faults of a page on the notice that mixes two snapshots."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", reply.body.decode()))
    # The page repeats the question, which has no number of a notice in it.
    numbers = {*re.findall(r"[Nn]otice (\d+)", text)}
    tolls = {str(int(toll) - 100) for toll in re.findall(r"is (\d+) pounds", text)}
    if not numbers:
        yield "the page does not show the notice"
    elif len(numbers | tolls) > 1:
        yield f"the page mixes notices {sorted(numbers | tolls)}"


# The server meanwhile.


def wait(moment: float, pid: int, index: Path, seen: list[Seen]) -> None:
    """Wait until a moment, and look at the server now and then."""
    while (left := moment - time.monotonic()) > 0:
        time.sleep(min(left, LOOKED_EVERY_S))
        seen.append(looked(pid, index))


def finished(coming: Future[list[Reply]], pid: int, index: Path, seen: list[Seen]) -> list[Reply]:
    """The replies, once all are there; the server is looked at now and then."""
    while True:
        try:
            return coming.result(timeout=LOOKED_EVERY_S)
        except TimeoutError:
            seen.append(looked(pid, index))


def looked(pid: int, index: Path) -> Seen:
    """The server now. Files that are deleted count as long as they are mapped."""
    lines = Path(f"/proc/{pid}/maps").read_text("utf-8").splitlines()
    found = (re.search(rf"{re.escape(str(index))}/([0-9a-f]{{32}})/", line) for line in lines)
    mapped = frozenset(match[1] for match in found if match)
    return Seen(time.monotonic(), memory_mb(pid), mapped)


def until_taken_up(port: int, last: Published) -> float | None:
    """Seconds from its publishing until a snapshot answers; None where it never does."""
    while time.monotonic() < last.at + TAKEN_UP_S:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
            if answer.read().decode() == last.digest:
                return time.monotonic() - last.at
        time.sleep(0.1)
    return None


def rows_of(found: Mapping[str, Any]) -> Iterator[Row]:
    """The whole table."""
    replies = found["replies"]
    seconds = f"{min(found['published_s']):.1f} to {max(found['published_s']):.1f} s each"
    answered = sum(1 for number in replies["snapshots_named"][1:] if number)
    taken_up = found["last_taken_up_after_s"]
    yield Row("snapshots published", f"{found['snapshots']}, {seconds}")
    yield Row("snapshots that answered", f"{answered} of {found['snapshots']}")
    yield Row("requests", f"{replies['requests']:,}, {REQUESTS_PER_S}/s")
    yield Row("requests that failed", str(replies["failed"]), "0", not replies["failed"])
    checks = f"{replies['citations']:,}, {replies['faults']}"
    yield Row("citations checked, faults", checks, "no fault", not replies["faults"])
    told = "never" if taken_up is None else f"{taken_up:.1f} s after it was published"
    yield Row("the last snapshot taken up", told, f"≤ {TAKEN_UP_S} s", taken_up is not None)
    yield Row("questions, nothing published", in_ms(found["alone"]))
    for kind, one in replies["by_kind"].items():
        yield Row(f"{kind}, {one['requests']} times", in_ms(one))
    mb = {name: found[f"mb_{name}"] for name in ("before", "settled", "after")}
    memory = ", ".join(f"{value:.0f}" for value in mb.values()) + " MB"
    what = f"memory of the server: before, after {SETTLED_AFTER} new snapshots, after all"
    met = mb["after"] <= mb["settled"] * MOST_GROWN
    yield Row(what, memory, "flat in the end", met)
    yield Row("snapshots mapped at a time", f"at most {found['most_mapped']}")
    left = f"{len(found['left_over'])} beside the live one"
    yield Row("snapshots mapped at the end", left, "0", not found["left_over"])
    yield Row("alive at the end", str(found["is_alive"]), "True", found["is_alive"])
    log = found["log"]
    lines = ", ".join(f"{name}: {count:,}" for name, count in log.items())
    yield Row("lines of its log", lines, "INFO, WARNING", set(log) <= {"INFO", "WARNING"})


if __name__ == "__main__":
    main()
