"""Measure a passage's cost beyond one machine: bytes on a server, bytes and time in Milvus.

    python benchmarks/larger.py DATA [--sizes 1000 10000 30000]

Snapshots are those of ``growth.py``: real passages, repeated and moved. Each is sent to a Milvus
Lite server of its own, and asked SQuAD's questions by faiss and by Milvus, in a process each.
"Own" is what of a question's time is not spent waiting for Milvus. Embedding is timed on
documents of ``beir_scifact``, with all else that ``qa index`` does. Writes
``results/larger.md``.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import (
    median,
    memory_mb,
    python,
    questions,
    say,
    table,
    write_result,
)
from growth import repeated

from qa import QA
from qa.cluster.milvus import Milvus
from qa.cluster.rows import FIELDS, SEARCHED, Rows
from qa.errors import UnavailableError
from qa.evaluation.datasets import open_set
from qa.index.build import build
from qa.index.engine import FAISS
from qa.index.export import exported_encoder
from qa.index.snapshot import open_snapshot
from qa.settings import Settings

# Beyond some 50,000 passages Milvus Lite does not answer in time.
SIZES = (1_000, 10_000, 30_000)
ASKED, WARMED = 100, 10
EMBEDDED = 300
PORT = 29_531
URI, NAME = f"http://127.0.0.1:{PORT}", "larger"
# What a folder of the snapshot holds, as the table calls it.
PARTS = {
    "documents": "text of the documents",
    "lexical": "words",
    "vectors": "vectors of passages and sentences",
    "passages": "tables",
    "questions": "tables",
}
# What is told of a server.
SERVER = (
    ("opened in", "open_s", " s"),
    ("memory, mapped files included", "memory_mb", " MB"),
    ("a question, median", "ask_ms", " ms"),
    ("of that its own", "own_ms", " ms"),
)


def main() -> None:
    """Build, send, ask, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        index, engine = options.measure
        sys.stdout.write(json.dumps(answered(Path(index), options.data, engine)))
        return
    embedded = embedding_ms(options.data)
    found = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            found.append(measured(options.data, size, Path(folder)))
        say(json.dumps(found[-1]))
    write(embedded, found)


def embedding_ms(data: Path) -> float:
    """Milliseconds per passage of all that ``qa index`` does, on this machine."""
    settings = Settings.load()
    encoder = exported_encoder(
        settings.encoder,
        settings.cache,
        precision=settings.encoder_precision,
        languages=settings.encoder_languages,
    )
    documents = open_set(data / "beir_scifact").documents[:EMBEDDED]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        built = build(documents, Path(folder), encoder, passage_chars=settings.passage_chars)
        return (time.perf_counter() - started) * 1000 / built.passages


def measured(data: Path, size: int, folder: Path) -> dict:
    """Bytes and milliseconds of a snapshot of so many passages."""
    index = folder / "index"
    told = repeated(data, size, index)
    count = told["passages"]
    snapshot = open_snapshot(index)
    path = index / snapshot.digest
    sizes: dict[str, float] = dict.fromkeys(PARTS.values(), 0.0)
    for name, file in snapshot.manifest["files"].items():
        part = PARTS.get(name.split("/")[0])
        if part:
            sizes[part] += file["size"] / count
    with milvus_lite(folder / "milvus") as engine:
        started = time.perf_counter()
        engine.put(path)
        sent = time.perf_counter() - started
        engine.make_live(index, snapshot.digest)
        return {
            "passages": count,
            "sentences": told["sentences"],
            "bytes": {name: round(size) for name, size in sizes.items()},
            "milvus_bytes": {name: round(held_bytes(path, name) / count) for name in SEARCHED},
            "written_ms": round(told["seconds"] * 1000 / count, 2),
            "sent_ms": round(sent * 1000 / count, 2),
            "faiss": asked(index, data, "faiss"),
            "milvus": asked(index, data, "milvus"),
        }


def held_bytes(path: Path, name: str) -> int:
    """Bytes of the rows of a collection: vectors in 32 bits, a number and a score per word."""
    rows = Rows(path, name)
    numbers = len(rows) * len(FIELDS) * 8
    if rows.dimension is not None:
        return numbers + len(rows) * rows.dimension * 4
    return numbers + sum(len(row["vector"]) for block in rows.blocks() for row in block) * 8


def asked(index: Path, data: Path, engine: str) -> dict:
    """Return time and memory of opening and asking, in a process of its own."""
    command = python(__file__, str(data), "--measure", str(index), engine)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    found: dict = json.loads(done.stdout)
    return found


def answered(index: Path, data: Path, name: str) -> dict:
    """As ``asked``, in this process."""
    before = memory_mb()
    engine = Milvus(URI, NAME) if name == "milvus" else FAISS
    waited = 0.0
    if isinstance(engine, Milvus):
        called = engine._called  # noqa: SLF001 - where it waits

        def timed(*arguments: object) -> object:
            nonlocal waited
            started = time.perf_counter()
            try:
                return called(*arguments)
            finally:
                waited += time.perf_counter() - started

        engine._called = timed  # noqa: SLF001
    started = time.perf_counter()
    qa = QA.configured(Settings.load(), index, engine)
    opened = time.perf_counter() - started
    took, own = [], []
    for text in questions(data, ASKED + WARMED):
        waited = 0.0
        started = time.perf_counter()
        qa.ask(text)
        took.append((time.perf_counter() - started) * 1000)
        own.append(took[-1] - waited * 1000)
    return {
        "open_s": round(opened, 2),
        "memory_mb": round(memory_mb() - before),
        "ask_ms": round(median(took[WARMED:]), 1),
        "own_ms": round(median(own[WARMED:]), 1),
    }


@contextmanager
def milvus_lite(folder: Path) -> Iterator[Milvus]:
    """A Milvus Lite server, once it answers."""
    folder.mkdir()
    program = shutil.which("milvus-lite", path=Path(sys.executable).parent)
    command = [str(program), "server", "--port", str(PORT), "--data-dir", str(folder / "data")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own
    engine = Milvus(URI, NAME)
    try:
        for _ in range(600):
            try:
                engine.live(folder)
                break
            except UnavailableError:
                time.sleep(0.1)
        yield engine
    finally:
        process.terminate()
        process.wait(30)


def write(embedded: float, found: list[dict]) -> None:
    """Write the tables."""
    heads = [f"{f['passages']:,} passages, {f['sentences']:,} sentences" for f in found]
    disk = [
        *([part, *(f"{f['bytes'][part]:,}" for f in found)] for part in found[0]["bytes"]),
        ["**all**", *(f"**{sum(f['bytes'].values()):,}**" for f in found)],
    ]
    milvus = [
        *([name, *(f"{f['milvus_bytes'][name]:,}" for f in found)] for name in SEARCHED),
        ["**all**", *(f"**{sum(f['milvus_bytes'].values()):,}**" for f in found)],
    ]
    times = [
        ["written, embedded before", *(f"{f['written_ms']:.2f} ms" for f in found)],
        ["sent to Milvus Lite", *(f"{f['sent_ms']:.2f} ms" for f in found)],
    ]
    servers = [
        [f"{what}, {engine}", *(f"{f[engine][key]:,}{unit}" for f in found)]
        for what, key, unit in SERVER
        for engine in ("faiss", "milvus")
    ]
    text = (
        f"{table(['bytes per passage on a server', *heads], disk)}\n"
        f"{table(['bytes per passage in Milvus, its own index left out', *heads], milvus)}\n"
        f"{table(['per passage', *heads], times)}\n"
        f"All of `qa index`, embedding included, on {EMBEDDED} documents of beir_scifact: "
        f"{embedded:.1f} ms per passage.\n\n"
        f"{table(['a server', *heads], servers)}"
    )
    last = found[-1]
    figures = "; ".join(
        f"{engine}, {heads[-1]}: a question {last[engine]['ask_ms']:,} ms, "
        f"{last[engine]['memory_mb']:,} MB"
        for engine in ("faiss", "milvus")
    )
    write_result("larger", "Beyond one machine", text, figures)
    say(text)


if __name__ == "__main__":
    main()
