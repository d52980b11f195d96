"""Measure growth from a thousand passages to a million.

    python benchmarks/growth.py DATA [--sizes 1000 10000 100000 1000000]

More passages than this machine embeds in an hour are made of those that it did embed: the
documents of ``beir_scifact``, ``squad2`` and ``press_dev`` are repeated under other names, their
texts as they are but for a mark that begins each passage, their vectors moved by SPREAD times a
random unit vector, so that no two are alike. Snapshots are written by the same code as any
other; splitting and embedding are left out of the seconds they take. Every size is opened in a
process of its own and asked SQuAD's questions. Writes ``results/growth.md`` and ``growth.svg``.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import (
    RESULTS,
    median,
    memory_mb,
    python,
    quantile,
    questions,
    say,
    table,
    write_result,
)

from qa import QA
from qa.evaluation.datasets import open_set
from qa.evaluation.run import indexed
from qa.index import snapshot as snapshots
from qa.index.build import EXACT_ROWS
from qa.index.contents import write_contents
from qa.index.embeddings import Embedded
from qa.index.encoder import Encoder, open_encoder
from qa.index.snapshot import Snapshot
from qa.records import Document, Passage
from qa.settings import Settings

SETS = ("beir_scifact", "squad2", "press_dev")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SPREAD = 0.5
ASKED, WARMED, RECALLED = 200, 20, 50
BLOCK = 65_536


def main() -> None:
    """Build, open, ask, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        sys.stdout.write(json.dumps(measured(options.measure, options.data)))
        return
    found = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            built = repeated(options.data, size, Path(folder))
            command = python(__file__, str(options.data), "--measure", folder)
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
            found.append({**built, **json.loads(done.stdout)})
        say(json.dumps(found[-1]))
    write(found)


def repeated(data: Path, size: int, index: Path) -> dict:
    """Write a snapshot of `size` passages; return its size and the seconds it took."""
    bases = []
    for name in SETS:
        qa, _ = indexed(open_set(data / name).documents, Settings.load(), lambda *_: None)
        bases.append(qa.snapshot)
    encoder = open_encoder(bases[0].encoder)
    copies = list(several(bases, size))
    documents = sorted((document for document, _ in copies), key=lambda document: document.id)
    by_id = {document.id: rows for document, rows in copies}
    passages: list[Passage] = []
    chance = np.random.default_rng(size)
    of_passages, of_sentences = [], []
    for document in documents:
        base, rows, original = by_id[document.id]
        passages += [
            dataclasses.replace(passage, document=document.id, text=passage.span.of(document.text))
            for passage in base.passages[rows.start : rows.stop]
        ]
        starts = base.passages.sentence_starts[[rows.start, rows.stop]]
        of_passages.append((base, np.arange(rows.start, rows.stop), original))
        of_sentences.append((base, np.arange(*starts), original))
    vectors = (
        gathered(of_passages, "passage_vectors", encoder, chance),
        gathered(of_sentences, "sentence_vectors", encoder, chance),
    )
    started = time.perf_counter()
    with snapshots.writing(index) as folder:
        embedded = [Embedded(encoder, *vectors)]
        searches = write_contents(
            folder, [(d, "") for d in documents], passages, embedded, EXACT_ROWS
        )
        counts = {
            "documents": len(documents),
            "passages": len(passages),
            "sentences": len(vectors[1]),
        }
        told = {"name": encoder.name, "sha256": encoder.sha256, "languages": encoder.languages}
        settings = {"exact_rows": EXACT_ROWS}
        inputs = {"encoder": told, "further_encoders": [], "settings": settings}
        digest = snapshots.publish(index, folder, inputs, counts, searches)
    seconds = time.perf_counter() - started
    mb = sum(p.stat().st_size for p in (index / digest).rglob("*") if p.is_file()) / 2**20
    return {**counts, "seconds": round(seconds, 1), "mb": round(mb), "searches": searches}


def several(
    bases: list[Snapshot], size: int
) -> Iterator[tuple[Document, tuple[Snapshot, range, bool]]]:
    """Documents, again and again, with where their passages stand, until there are enough."""
    count = copy = 0
    while True:
        for number, base in enumerate(bases):
            for name in base.documents:
                rows = base.documents.rows(name)
                text = base.documents[name].text
                for row in rows if copy else ():
                    start = base.passages.span(row).start
                    text = text[:start] + f"q{copy:04}" + text[start + 5 :]
                text = text[: len(base.documents[name].text)]
                changed = dataclasses.replace(
                    base.documents[name], id=f"{number}-{name}-{copy:04}", text=text
                )
                yield changed, (base, rows, copy == 0)
                count += len(rows)
                if count >= size:
                    return
        copy += 1


def gathered(
    parts: list[tuple[Snapshot, np.ndarray, bool]],
    of: str,
    encoder: Encoder,
    chance: np.random.Generator,
) -> np.ndarray:
    """The vectors of parts of snapshots; those of copies moved."""
    vectors = np.empty((sum(len(rows) for _, rows, _ in parts), encoder.dimension), np.float16)
    at = 0
    for base, rows, is_original in parts:
        some = getattr(base, of).vectors(rows)
        if not is_original:
            noise = chance.normal(size=some.shape).astype(np.float32)
            some += SPREAD * noise / np.linalg.norm(noise, axis=1, keepdims=True)
            some /= np.linalg.norm(some, axis=1, keepdims=True)
        vectors[at : at + len(rows)] = some
        at += len(rows)
    return vectors


def measured(index: Path, data: Path) -> dict:
    """Return time and memory of opening and asking."""
    texts = questions(data, ASKED + WARMED)
    before = memory_mb()
    started = time.perf_counter()
    qa = QA.open(index)
    opened = time.perf_counter() - started
    asked, encoded = [], []
    for number, text in enumerate(texts):
        started = time.perf_counter()
        qa.ask(text)
        middle = time.perf_counter()
        qa.encoder.encode([text])
        if number >= WARMED:
            asked.append((middle - started) * 1000)
            encoded.append((time.perf_counter() - middle) * 1000)
    return {
        "open_s": round(opened, 2),
        "ask_ms": round(median(asked), 2),
        "ask_p95_ms": round(quantile(asked, 0.95), 2),
        "encode_ms": round(median(encoded), 2),
        "memory_mb": round(memory_mb() - before),
        "recall": recall(qa, texts[:RECALLED]),
    }


def recall(qa: QA, texts: list[str]) -> dict[str, float]:
    """The share of the ten nearest that the searches find, for real questions."""
    asked = qa.encoder.encode(texts)
    found = {}
    snapshot = qa.snapshot
    for name in ("passage_vectors", "sentence_vectors"):
        index = getattr(snapshot, name)
        shares = [np.mean(index.nearest(v, 10)[1] >= exact(index, v)) for v in asked]
        found[name] = round(float(np.mean(shares)), 4)
    return found


def exact(index: object, vector: np.ndarray) -> float:
    """The cosine of the tenth nearest row, after looking at every one."""
    found, _ = index._among_all(vector, 10, None, len(index))  # noqa: SLF001 - no question does
    return float(found[9])


def write(found: list[dict]) -> None:
    """Write the table and the curves."""
    head = ["passages", "sentences", "search for sentences", "written in", "on disk"]
    head += ["opened in", "memory", "`QA.ask`", "of that the encoder", "recall@10"]
    rows = []
    for f in found:
        how = f["searches"]["sentences"]
        shown = "every one"
        if how["search"] != "exact":
            shown = f"{how['probed']} of {how['lists']} lists"
        recalled = f"{f['recall']['passage_vectors']:.3f}, {f['recall']['sentence_vectors']:.3f}"
        rows.append(
            [
                *(f"{f['passages']:,}", f"{f['sentences']:,}", shown, f"{f['seconds']:.0f} s"),
                *(f"{f['mb']:,} MB", f"{f['open_s']:.2f} s", f"{f['memory_mb']:,} MB"),
                *(f"{f['ask_ms']:.1f} ms", f"{f['encode_ms']:.1f} ms", recalled),
            ]
        )
    written = table(head, rows)
    figures = "; ".join(f"{row[0]} passages: {row[7]}, {row[6]}, recall {row[9]}" for row in rows)
    about = ". Recall of passages and of sentences, for real questions"
    write_result("growth", "Growth", written, figures, about)
    say(written)
    plot(found, RESULTS / "growth.svg")


def plot(found: list[dict], path: Path) -> None:
    """Latency, memory, seconds to write, recall, by passages."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9, 6), layout="constrained")
    curves = {
        "QA.ask, median (ms)": [f["ask_ms"] for f in found],
        "memory (MB)": [f["memory_mb"] for f in found],
        "written in (s)": [f["seconds"] for f in found],
        "recall@10 of sentences": [f["recall"]["sentence_vectors"] for f in found],
    }
    for axes, (name, values) in zip(figure.subplots(2, 2).flat, curves.items(), strict=True):
        axes.plot([f["passages"] for f in found], values, marker="o")
        axes.set(xscale="log", title=name, xlabel="passages")
        if "recall" in name:
            axes.set_ylim(0.9, 1.005)
        else:
            axes.set_ylim(0)
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(path)


if __name__ == "__main__":
    main()
