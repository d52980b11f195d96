"""Compare with other systems on the same questions, passages and embedding model.

    python benchmarks/peers.py DATA

Needs the extra ``peers``. The paragraphs of ``squad2`` are indexed, and asked those answerable
questions that no coefficient was fitted on. All but ours get the passages that
langchain-text-splitters cuts by itself; all rank documents by their best passage. Each runs in
processes of its own: one that indexes and saves, one that opens and answers a single question,
one that answers all. Writes ``results/peers.md`` and ``peers.svg``.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import RESULTS, median, memory_mb, python, quantile, say, table, write_result

if TYPE_CHECKING:
    from qa.evaluation.datasets import JudgedSet

PASSAGE_CHARS, FOUND = 1000, 50
ASKED, TIMED, CLIENTS, COLD = 1_000, 300, 4, 5


class Plain:
    """The obvious first build: splitter, sentence-transformers, FAISS."""

    title = "splitter + sentence-transformers + FAISS flat"

    def index(self, passages: Sequence[str], folder: Path) -> None:
        """Embed and save."""
        import faiss  # noqa: PLC0415

        vectors = model().encode(passages, batch_size=32, normalize_embeddings=True)
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        faiss.write_index(flat, str(folder / "vectors.faiss"))

    def open(self, folder: Path) -> None:
        """Load what was saved."""
        import faiss  # noqa: PLC0415

        self.model, self.flat = model(), faiss.read_index(str(folder / "vectors.faiss"))

    def ask(self, question: str) -> list[int]:
        """Rows of passages, best first."""
        vector = self.model.encode([question], normalize_embeddings=True)
        return self.flat.search(vector, FOUND)[1][0].tolist()


class Txtai:
    """txtai with sparse and dense vectors."""

    title = "txtai, hybrid"

    def index(self, passages: Sequence[str], folder: Path) -> None:
        """Embed and save."""
        from txtai import Embeddings  # noqa: PLC0415

        embeddings = Embeddings(path=model_folder(), method="sentence-transformers", hybrid=True)
        embeddings.index((row, text, None) for row, text in enumerate(passages))
        embeddings.save(str(folder / "txtai"))

    def open(self, folder: Path) -> None:
        """Load what was saved."""
        from txtai import Embeddings  # noqa: PLC0415

        self.embeddings = Embeddings()
        self.embeddings.load(str(folder / "txtai"))

    def ask(self, question: str) -> list[int]:
        """Rows of passages, best first."""
        return [int(row) for row, _ in self.embeddings.search(question, FOUND)]


class Haystack:
    """Haystack with its store in memory, BM25 and vectors joined by their ranks."""

    title = "Haystack, hybrid"

    def index(self, passages: Sequence[str], folder: Path) -> None:
        """Embed and save."""
        from haystack import Document  # noqa: PLC0415
        from haystack.document_stores.in_memory import InMemoryDocumentStore  # noqa: PLC0415
        from haystack_integrations.components.embedders import (  # noqa: PLC0415
            sentence_transformers as embedders,
        )

        embedder = embedders.SentenceTransformersDocumentEmbedder(
            model=model_folder(), progress_bar=False, normalize_embeddings=True
        )
        documents = [Document(id=str(row), content=text) for row, text in enumerate(passages)]
        store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
        store.write_documents(embedder.run(documents=documents)["documents"])
        store.save_to_disk(str(folder / "store.json"))

    def open(self, folder: Path) -> None:
        """Load what was saved."""
        from haystack import Pipeline  # noqa: PLC0415
        from haystack.components.joiners import DocumentJoiner  # noqa: PLC0415
        from haystack.components.retrievers import in_memory  # noqa: PLC0415
        from haystack.document_stores.in_memory import InMemoryDocumentStore  # noqa: PLC0415
        from haystack_integrations.components.embedders import (  # noqa: PLC0415
            sentence_transformers as embedders,
        )

        store = InMemoryDocumentStore.load_from_disk(str(folder / "store.json"))
        self.pipeline = Pipeline()
        parts = {
            "embed": embedders.SentenceTransformersTextEmbedder(
                model=model_folder(), progress_bar=False, normalize_embeddings=True
            ),
            "dense": in_memory.InMemoryEmbeddingRetriever(store, top_k=FOUND),
            "words": in_memory.InMemoryBM25Retriever(store, top_k=FOUND),
            "join": DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=FOUND),
        }
        for name, part in parts.items():
            self.pipeline.add_component(name, part)
        self.pipeline.connect("embed.embedding", "dense.query_embedding")
        self.pipeline.connect("dense", "join")
        self.pipeline.connect("words", "join")

    def ask(self, question: str) -> list[int]:
        """Rows of passages, best first."""
        asked = {"embed": {"text": question}, "words": {"query": question}}
        return [int(d.id) for d in self.pipeline.run(asked)["join"]["documents"]]


class Bm25s:
    """bm25s by itself, with its own English stop words and a stemmer."""

    title = "bm25s alone"

    def index(self, passages: Sequence[str], folder: Path) -> None:
        """Count and save."""
        import bm25s  # noqa: PLC0415

        retriever = bm25s.BM25()
        retriever.index(self._tokens(passages), show_progress=False)
        retriever.save(folder / "bm25s")

    def open(self, folder: Path) -> None:
        """Load what was saved."""
        import bm25s  # noqa: PLC0415

        self.retriever = bm25s.BM25.load(folder / "bm25s")

    def ask(self, question: str) -> list[int]:
        """Rows of passages, best first."""
        tokens = self._tokens([question])
        return self.retriever.retrieve(tokens, k=FOUND, show_progress=False)[0][0].tolist()

    def _tokens(self, texts: Sequence[str]) -> object:
        import bm25s  # noqa: PLC0415
        import Stemmer  # noqa: PLC0415

        stemmer = Stemmer.Stemmer("english")
        return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)


class Ours:
    """This project as shipped, with quotes, citations and its own abstention."""

    title = "this project"

    def index_set(self, judged: "JudgedSet", folder: Path) -> None:
        """As ``qa index`` does it."""
        from qa.index.build import build  # noqa: PLC0415
        from qa.index.export import exported_encoder  # noqa: PLC0415
        from qa.settings import Settings  # noqa: PLC0415

        settings = Settings.load()
        encoder = exported_encoder(settings.encoder, settings.cache)
        build(judged.documents, folder, encoder, passage_chars=settings.passage_chars)

    def open(self, folder: Path) -> None:
        """Load what was saved."""
        from qa import QA  # noqa: PLC0415

        self.qa = QA.open(folder)

    def ask(self, question: str) -> list[str]:
        """Documents, best first."""
        return [hit.document for hit in self.qa.explain(question).hits]


PEERS = {"plain": Plain, "txtai": Txtai, "haystack": Haystack, "bm25s": Bm25s, "ours": Ours}


def model_folder() -> str:
    """The embedding model that all of them use."""
    from qa.index.models import BUNDLED, model_folder  # noqa: PLC0415

    return str(model_folder(BUNDLED))


def model() -> object:
    """Return the embedding model, loaded."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    return SentenceTransformer(model_folder(), device="cpu", local_files_only=True)


def main() -> None:
    """Run every peer, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--stage", choices=["index", "cold", "ask"], help=argparse.SUPPRESS)
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        stages = {"index": index, "cold": cold, "ask": ask}
        told = stages[options.stage](PEERS[options.peer](), options.data, options.folder)
        sys.stdout.write("\n" + json.dumps(told))
        return
    found = {}
    for name in PEERS:
        found[name] = run(name, options.data)
        say(f"{name}: {json.dumps(found[name])}")
    write(found)


def run(name: str, data: Path) -> dict:
    """One peer: indexed, opened cold, asked."""
    with tempfile.TemporaryDirectory() as folder:

        def stage(which: str) -> dict:
            options = ["--stage", which, "--peer", name, "--folder", folder]
            done = subprocess.run(  # noqa: S603
                python(__file__, str(data), *options), stdout=subprocess.PIPE, text=True, check=True
            )
            return json.loads(done.stdout.rpartition("\n")[2])

        found = stage("index")
        disk = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file()) / 2**20
        colds, memory = [], []
        for _ in range(COLD):
            started = time.time()
            opened = stage("cold")
            colds.append(opened["answered"] - started)
            memory.append(opened["memory_mb"])
        found |= {"cold_s": median(colds), "memory_mb": median(memory)}
        return {**found, "disk_mb": round(disk, 1), **stage("ask")}


def passages_of(judged: "JudgedSet") -> tuple[list[str], list[str]]:
    """The passages that the splitter cuts by itself, and their documents."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: PLC0415

    splitter = RecursiveCharacterTextSplitter(chunk_size=PASSAGE_CHARS, chunk_overlap=0)
    texts, documents = [], []
    for file in judged.documents:
        for text in splitter.split_text(file.document.text):
            texts.append(text)
            documents.append(file.document.id)
    return texts, documents


def index(peer: object, data: Path, folder: Path) -> dict:
    """Build and save; return passages per second and peak memory."""
    from qa.evaluation.datasets import open_set  # noqa: PLC0415

    judged = open_set(data / "squad2")
    texts, documents = passages_of(judged)
    started = time.perf_counter()
    if isinstance(peer, Ours):
        peer.index_set(judged, folder)
    else:
        peer.index(texts, folder)
    seconds = time.perf_counter() - started
    (folder / "documents.json").write_text(json.dumps(documents), "utf-8")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"index_s": seconds, "per_s": len(texts) / seconds, "index_mb": peak}


def cold(peer: object, _: Path, folder: Path) -> dict:
    """Return the seconds to the first answer and the memory after some more."""
    peer.open(folder)
    peer.ask("What is a plan for?")
    answered = time.time()
    for year in range(1950, 2000):
        peer.ask(f"What happened in {year}?")
    return {"answered": answered, "memory_mb": memory_mb()}


def ask(peer: object, data: Path, folder: Path) -> dict:
    """Answer everything; return quality, speed and memory."""
    from qa.evaluation.datasets import open_set  # noqa: PLC0415

    documents = json.loads((folder / "documents.json").read_text("utf-8"))
    asked = rest_of(open_set(data / "squad2"))[:ASKED]
    peer.open(folder)
    took, gains, firsts, recalled = [], [], [], []
    for number, question in enumerate(asked):
        started = time.perf_counter()
        found = peer.ask(question.question)
        if number >= 20:  # noqa: PLR2004 - the first load what later ones find loaded
            took.append((time.perf_counter() - started) * 1000)
        ranked = list(dict.fromkeys(r if isinstance(r, str) else documents[r] for r in found))
        ranks = [rank for rank, d in enumerate(ranked) if d in question.relevant]
        best = min(ranks, default=FOUND)
        gains.append(1 / np.log2(best + 2) if best < 10 else 0)  # noqa: PLR2004
        firsts.append(best == 0)
        recalled.append(best < 5)  # noqa: PLR2004
    texts = [question.question for question in asked[:TIMED]]
    with ThreadPoolExecutor(CLIENTS) as threads:
        started = time.perf_counter()
        list(threads.map(peer.ask, texts))
        rate = len(texts) / (time.perf_counter() - started)
    return {
        "ndcg": float(np.mean(gains)),
        "first": float(np.mean(firsts)),
        "recall": float(np.mean(recalled)),
        "ms": median(took),
        "p95": quantile(took, 0.95),
        "rate": rate,
    }


def rest_of(judged: "JudgedSet") -> list:
    """Answerable questions about the part of the documents that nothing was fitted on."""
    from calibrate import of_part  # noqa: PLC0415

    return [q for q in of_part(judged, (1, 2)) if q.kind == "answerable"]


def write(found: dict[str, dict]) -> None:
    """The table and the bars."""
    head = ["", "nDCG@10", "Success@1", "R@5", "indexed", "peak", "on disk", "cold start"]
    head += ["median", "p95", f"{CLIENTS} threads", "memory"]
    rows = [
        [
            *(PEERS[name].title, f"{f['ndcg']:.3f}", f"{f['first']:.3f}", f"{f['recall']:.3f}"),
            *(f"{f['per_s']:,.0f} passages/s", f"{f['index_mb']:,.0f} MB"),
            *(f"{f['disk_mb']:.1f} MB", f"{f['cold_s']:.2f} s", f"{f['ms']:.1f} ms"),
            *(f"{f['p95']:.1f} ms", f"{f['rate']:.0f}/s", f"{f['memory_mb']:,.0f} MB"),
        ]
        for name, f in found.items()
    ]
    written = table(head, rows)
    figures = "; ".join(
        f"{PEERS[name].title}: Success@1 {f['first']:.3f}, median {f['ms']:.1f} ms"
        for name, f in found.items()
    )
    write_result("peers", "Peers", written, figures)
    say(written)
    plot(found, RESULTS / "peers.svg")


def plot(found: dict[str, dict], path: Path) -> None:
    """Bars of the main figures."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    shown = {"first": "Success@1", "cold_s": "cold start (s)", "ms": "median answer (ms)"}
    shown |= {"per_s": "indexed (passages/s)", "memory_mb": "memory (MB)", "disk_mb": "disk (MB)"}
    figure = Figure(figsize=(11, 6), layout="constrained")
    for axes, (key, name) in zip(figure.subplots(2, 3).flat, shown.items(), strict=True):
        bars = axes.barh([*found][::-1], [f[key] for f in found.values()][::-1])
        axes.bar_label(bars, fmt="%.3g", padding=3)
        axes.margins(x=0.2)
        axes.set_title(name)
    figure.savefig(path)


if __name__ == "__main__":
    main()
