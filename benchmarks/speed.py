"""Measure speed and memory, each figure as a ratio to a reference of the same run.

    python benchmarks/speed.py DATA

DATA is the folder of judged sets. Ten thousand passages of ``beir_scifact`` are indexed, unless
the cache holds them, and asked SQuAD's questions. Writes ``results/speed.md``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import (
    UNLIMITED,
    each_in_turn,
    finished,
    imported_mb,
    median,
    memory_mb,
    python,
    quantile,
    questions,
    say,
    served,
    table,
    write_result,
)

from qa import QA
from qa.evaluation.datasets import open_set
from qa.evaluation.run import indexed
from qa.index.build import build
from qa.index.export import exported_encoder
from qa.index.models import BUNDLED
from qa.settings import Settings

TIMES = 7
WARM_BLOCK = 40
CLIENTS = 16
ASKED_OVER_HTTP = 2_000
SERVED = 10_000
QUESTION = "what are the main considerations behind the Opinions"
REFERENCE = "import sentence_transformers"
EMBEDDED_DOCUMENTS = 150
NO_LIMITS = {"questions_per_minute": UNLIMITED, "requests_per_minute": UNLIMITED}

Row = tuple[str, str, str, float, str]


def main() -> None:
    """Measure all, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    judged = open_set(data / "beir_scifact")
    qa, _ = indexed(judged.documents, Settings.load(), lambda *_: None)
    index = qa.snapshot.encoder.parent.parent
    say(f"{len(qa.snapshot.passages)} passages, {len(qa.snapshot.sentence_vectors)} sentences")
    rows = [
        told(cold(index)),
        told(warm(qa, questions(data, 400))),
        told(embedding(judged.documents[:EMBEDDED_DOCUMENTS])),
        *map(told, over_http(index, questions(data, ASKED_OVER_HTTP))),
        told(memory_of_server(index, questions(data, SERVED))),
    ]
    head = ["measure", "measured", "reference", "ratio", "goal"]
    written = table(head, [[*row[:3], f"{row[3]:.2f}", row[4]] for row in rows])
    counts = f"{len(qa.snapshot.passages):,} passages, {len(qa.snapshot.sentence_vectors):,} "
    figures = "; ".join(f"{row[0]}: {row[1]}, ratio {row[3]:.2f}" for row in rows)
    write_result("speed", "Speed", written, figures, f". {counts}sentences")
    say(written)


def told(row: Row) -> Row:
    """Print a row and return it."""
    say(f"{row[0]}: {row[1]} against {row[2]}, ratio {row[3]:.3f} (goal {row[4]})")
    return row


def cold(index: Path) -> Row:
    """A process from its start to the printed answer."""
    asked = python("-m", "qa", "ask", QUESTION, "--index", str(index))
    took = each_in_turn(
        {
            "ours": lambda: finished(asked),
            "reference": lambda: finished(python("-c", REFERENCE)),
        },
        TIMES,
    )
    ours, reference = (median(took[name]) / 1000 for name in ("ours", "reference"))
    return (
        "`qa ask`, cold process",
        f"{ours:.2f} s",
        f"`{REFERENCE}` {reference:.2f} s",
        ours / reference,
        "≤ 0.10",
    )


def warm(qa: QA, texts: list[str]) -> Row:
    """One question after the other in one process."""
    import torch  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    from qa.index.models import model_folder  # noqa: PLC0415

    torch.set_num_threads(1)
    model = SentenceTransformer(str(model_folder(BUNDLED)), device="cpu", local_files_only=True)
    ways = {"ours": qa.ask, "reference": model.encode, "encoder": lambda t: qa.encoder.encode([t])}
    took: dict[str, list[float]] = {name: [] for name in ways}
    # In blocks, so that each finds the processor's caches as it left them.
    for start in range(0, len(texts), WARM_BLOCK):
        for name, way in ways.items():
            for number, text in enumerate(texts[start : start + WARM_BLOCK]):
                started = time.perf_counter()
                way(text)
                if number >= WARM_BLOCK // 4:
                    took[name].append((time.perf_counter() - started) * 1000)
    ours, reference, encoder = (median(took[n]) for n in ("ours", "reference", "encoder"))
    return (
        "`QA.ask`, warm, one thread",
        f"{ours:.1f} ms, {encoder:.1f} of them its encoder",
        f"`SentenceTransformer.encode` {reference:.1f} ms",
        ours / reference,
        "≤ 0.50",
    )


def embedding(documents: list) -> Row:
    """A record indexed from nothing, against its texts embedded in batches."""
    import torch  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    from qa.index.models import model_folder  # noqa: PLC0415

    torch.set_num_threads(os.cpu_count() or 1)
    settings = Settings.load()
    encoder = exported_encoder(settings.encoder, settings.cache)
    model = SentenceTransformer(str(model_folder(BUNDLED)), device="cpu", local_files_only=True)
    texts: list[str] = []

    def index() -> None:
        with tempfile.TemporaryDirectory() as folder:
            build(documents, Path(folder), encoder, passage_chars=settings.passage_chars)
            live = QA.open(folder).snapshot
            texts[:] = {t for p in live.passages for t in (p.text, *p.sentence_texts)}

    index()
    tokens = sum(encoder.count_tokens(text) for text in texts)
    took = each_in_turn({"ours": index, "reference": lambda: model.encode(texts, batch_size=32)}, 5)
    ours, reference = (tokens / median(took[n]) * 1000 for n in ("ours", "reference"))
    return (
        "`qa index`, all of it",
        f"{ours:,.0f} tokens/s",
        f"`encode(batch_size=32)` {reference:,.0f} tokens/s",
        ours / reference,
        "≥ 1.5",
    )


CLIENT = """
import http.client, json, sys, threading, time
port, clients = int(sys.argv[1]), int(sys.argv[2])
questions = json.load(sys.stdin)
left, lock, took, failed = iter(questions), threading.Lock(), [], []
def client():
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while True:
        with lock:
            question = next(left, None)
        if question is None:
            return
        body = json.dumps({"question": question})
        started = time.perf_counter()
        connection.request("POST", "/api/v1/ask", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        took.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            failed.append((answer.status, content[:200].decode()))
threads = [threading.Thread(target=client) for _ in range(clients)]
started = time.perf_counter()
[t.start() for t in threads], [t.join() for t in threads]
json.dump({"s": time.perf_counter() - started, "ms": took, "failed": failed}, sys.stdout)
"""


def asked_over_http(texts: list[str], clients: int, port: int) -> dict:
    """Ask a running server; return the seconds in total and the milliseconds of each question."""
    done = subprocess.run(  # noqa: S603
        python("-c", CLIENT, str(port), str(clients)),
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    if found["failed"]:
        sys.exit(f"{len(found['failed'])} questions failed, the first: {found['failed'][0]}")
    return found


def over_http(index: Path, texts: list[str]) -> list[Row]:
    """Many clients at once, against the encoder by itself on all processors."""
    encoder = QA.open(index).encoder
    encoder._threads = os.cpu_count() or 1  # noqa: SLF001 - as many as the server has
    rates, answers = [], []
    each = len(texts) // 5
    with served(index, **NO_LIMITS) as (_, port):
        asked_over_http([f"{text} please" for text in texts[:200]], CLIENTS, port)
        for start in range(0, len(texts), each):
            some = texts[start : start + each]
            started = time.perf_counter()
            encoder.encode(some)
            rates.append(len(some) / (time.perf_counter() - started))
            answers.append(asked_over_http(some, CLIENTS, port))
    ours = median([len(a["ms"]) / a["s"] for a in answers])
    p50 = median([quantile(a["ms"], 0.5) for a in answers])
    p99 = median([quantile(a["ms"], 0.99) for a in answers])
    reference = median(rates)
    what = f"`POST /api/v1/ask`, {CLIENTS} clients"
    bare = f"the encoder alone {reference:.0f} questions/s"
    return [
        (what, f"{ours:.0f} questions/s", bare, ours / reference, "≥ 0.60"),
        (f"{what}: p99", f"{p99:.0f} ms", f"p50 {p50:.0f} ms", p99 / p50, "≤ 10"),
    ]


def memory_of_server(index: Path, texts: list[str]) -> Row:
    """Return the memory of a server that has been asked a lot."""
    imports = "sentence_transformers, gradio"
    reference = median([imported_mb(imports) for _ in range(5)])
    seen = []
    with served(index, **NO_LIMITS) as (process, port):
        for start in range(0, len(texts), 1000):
            asked_over_http(texts[start : start + 1000], 4, port)
            seen.append(memory_mb(process.pid))
    say("memory after every 1,000 questions: " + ", ".join(f"{mb:.0f}" for mb in seen) + " MB")
    return (
        f"`qa serve` after {len(texts):,} questions",
        f"{seen[-1]:.0f} MB (after 1,000: {seen[0]:.0f})",
        f"`import {imports}` {reference:.0f} MB",
        seen[-1] / reference,
        "≤ 0.60",
    )


if __name__ == "__main__":
    main()
