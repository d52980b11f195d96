"""Index journey: the corpus folder becomes the live snapshot."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import CorpusError, SnapshotError
from qa.index import snapshot as snapshots
from qa.index.contents import write_contents
from qa.index.embeddings import Embedded, describe
from qa.index.encoder import Encoder
from qa.index.engine import FAISS, Engine
from qa.index.passages import CountTokens, Splitter
from qa.index.snapshot import Snapshot
from qa.index.vectors import half
from qa.records import Document, Passage
from qa.sources.corpus_folder import CorpusFile
from qa.text.language import is_known

__all__ = ["EXACT_ROWS", "Built", "build"]

# Up to so many vectors a search compares all of them: measured, see "Size" in docs/figures.md.
EXACT_ROWS = 100_000
# Texts embedded, or taken from the last snapshot, before their vectors are put in place. An
# encoder that starts slowly states with ``block`` that it takes more at once.
_BLOCK = 8_192

# Called with the number of texts that are embedded, and of those to embed.
OnEmbedded = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Built:
    """Counts of a build. ``embedded`` vectors are new, ``reused`` are of the live snapshot."""

    digest: str
    documents: int
    passages: int
    sentences: int
    embedded: int
    reused: int


def build(  # noqa: PLR0913 - the settings of each step
    files: Iterable[CorpusFile],
    index: Path,
    encoder: Encoder | Sequence[Encoder],
    *,
    passage_chars: int,
    exact_rows: int = EXACT_ROWS,
    on_embedded: OnEmbedded | None = None,
    engine: Engine = FAISS,
    take_over: bool = False,
) -> Built:
    """Split, embed, index and publish. Vectors that the live snapshot holds are reused.

    With several encoders, the first one is the primary. ``engine`` searches; vectors up to
    ``exact_rows`` exactly, more of them approximately. The same files, encoders and settings
    give the same bytes and thus the same digest, whatever was indexed before. ``take_over`` lets
    it replace a live snapshot that is not of this folder.

    Raises:
        CorpusError: there is no document, or none that is not withdrawn.
        EncoderError: two encoders have the same name.
        SnapshotError: the engine's live snapshot is not of this folder.
        BusyError: another process is writing this index.
        UnavailableError: the engine cannot be reached.
    """
    encoders = [*encoder] if isinstance(encoder, Sequence) else [encoder]
    with snapshots.writing(index) as unfinished:
        if not take_over:
            snapshots.check_ours(index, engine)
        documents = sorted(files, key=lambda file: file.document.id)
        passages = _passages(documents, encoders, passage_chars)
        live = _live_snapshot(index, engine)
        jobs = [_Job(one, passages, documents, live) for one in encoders]
        embedded = _embed(jobs, len(passages), on_embedded)
        searches = write_contents(
            unfinished,
            [(file.document, file.sha256) for file in documents],
            passages,
            embedded,
            exact_rows if engine.is_local else None,
        )
        counts = {
            "documents": len(documents),
            "passages": len(passages),
            "sentences": sum(len(passage.sentences) for passage in passages),
        }
        settings = {"passage_chars": passage_chars, "exact_rows": exact_rows}
        inputs = {**_inputs(documents, encoders), "settings": settings}
        digest = snapshots.publish(index, unfinished, inputs, counts, searches, engine=engine)
    return Built(
        digest,
        **counts,
        embedded=sum(len(job.new) for job in jobs),
        reused=sum(len(job.old) for job in jobs),
    )


def _passages(
    documents: Sequence[CorpusFile], encoders: Sequence[Encoder], passage_chars: int
) -> list[Passage]:
    """The passages of published documents; a withdrawn one has none, and is never an answer.

    Raises:
        CorpusError: there is no document, or none that is published.
    """
    if not documents:
        raise CorpusError('There is no document to index: run "qa ingest SOURCE" first.')
    splitter = Splitter(passage_chars, encoders[0].max_tokens, _token_counter(encoders))
    published = (file.document for file in documents if file.document.withdrawn is None)
    passages = [passage for document in published for passage in splitter.passages(document)]
    if not passages:
        raise CorpusError(
            "Every document of the record is withdrawn, so that nothing can be an answer: "
            'ingest one that is published, or take "withdrawn" out of its front matter.'
        )
    return passages


def _token_counter(encoders: Sequence[Encoder]) -> CountTokens:
    """A count of tokens in shares of the primary encoder's limit, of the encoder it fills most."""
    limit = encoders[0].max_tokens

    def count(text: str) -> int:
        return max(-(-one.count_tokens(text) * limit // one.max_tokens) for one in encoders)

    return count


def _embedded_texts(
    passages: Sequence[Passage],
    documents: Mapping[str, Document],
    languages: Sequence[str] | None,
) -> Iterator[str | None]:
    """The passages' texts, then all their sentences, in the order of the vector rows.

    None in the place of a text whose language the encoder does not know.
    """
    known = {name: is_known(document.language, languages) for name, document in documents.items()}
    for passage in passages:
        yield passage.text if known[passage.document] else None
    for passage in passages:
        for text in passage.sentence_texts:
            yield text if known[passage.document] else None


def _live_snapshot(index: Path, engine: Engine) -> Snapshot | None:
    """The live snapshot, to reuse its vectors; None where it is missing or damaged."""
    # After a change of the engine, the one that searched so far has vectors too.
    digests = [snapshots.live_digest(index, one, missing_ok=True) for one in (engine, FAISS)]
    for digest in dict.fromkeys(digests):
        try:
            if digest:
                return snapshots.open_snapshot(index, digest=digest)
        except SnapshotError:
            continue
    return None


class _KnownVectors:
    """The vectors that the live snapshot holds of an encoder, by text."""

    def __init__(self, live: Snapshot | None, encoder: Encoder) -> None:
        self._rows: dict[str, int] = {}
        if live is None:
            return
        for embeddings in live.embeddings:
            if embeddings.sha256 == encoder.sha256:
                self._passages, self._sentences = embeddings.passages, embeddings.sentences
                texts = _embedded_texts(live.passages, live.documents, embeddings.languages)
                self._rows = {text: row for row, text in enumerate(texts) if text is not None}

    def __contains__(self, text: str) -> bool:
        return text in self._rows

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts that are known; float16, shape (texts, dimension)."""
        rows = np.array([self._rows[text] for text in texts], dtype=np.int64)
        is_passage = rows < len(self._passages)
        vectors = np.empty((len(rows), self._passages.dimension), dtype=np.float16)
        vectors[is_passage] = half(self._passages.vectors(rows[is_passage]))
        sentences = rows[~is_passage] - len(self._passages)
        vectors[~is_passage] = half(self._sentences.vectors(sentences))
        return vectors


class _Job:
    """The texts that one encoder embeds, each once, and the rows of their vectors."""

    def __init__(
        self,
        encoder: Encoder,
        passages: Sequence[Passage],
        documents: Sequence[CorpusFile],
        live: Snapshot | None,
    ) -> None:
        self.encoder = encoder
        by_id = {file.document.id: file.document for file in documents}
        self.rows: dict[str, list[int]] = defaultdict(list)
        self.count = 0
        for text in _embedded_texts(passages, by_id, encoder.languages):
            if text is not None:
                self.rows[text].append(self.count)
            self.count += 1
        self.known = _KnownVectors(live, encoder)
        self.old = [text for text in self.rows if text in self.known]
        self.new = [text for text in self.rows if text not in self.known]
        # Passages take longer than sentences: mixed, the time that is left can be estimated.
        random.Random(0).shuffle(self.new)  # noqa: S311 - no secret

    def vectors(self, on_encoded: Callable[[int], None]) -> np.ndarray:
        """Return a float16 vector for every row; zeros, which are like nothing, without a text."""
        vectors = np.zeros((self.count, self.encoder.dimension), dtype=np.float16)

        def place(texts: Sequence[str], of_texts: np.ndarray) -> None:
            rows = [row for text in texts for row in self.rows[text]]
            vectors[rows] = np.repeat(of_texts, [len(self.rows[text]) for text in texts], axis=0)

        for start in range(0, len(self.old), _BLOCK):
            texts = self.old[start : start + _BLOCK]
            place(texts, self.known.vectors(texts))
        block: int = getattr(self.encoder, "block", _BLOCK)
        for start in range(0, len(self.new), block):
            texts = self.new[start : start + block]

            def on_block(done: int, before: int = start) -> None:
                on_encoded(before + done)

            place(texts, half(self.encoder.encode(texts, on_block)))
        return vectors


def _embed(jobs: Sequence[_Job], passages: int, on_embedded: OnEmbedded | None) -> list[Embedded]:
    """The vectors of each encoder; ``on_embedded`` counts the texts of all of them."""
    total = sum(len(job.new) for job in jobs)
    embedded: list[Embedded] = []
    before = 0
    for job in jobs:

        def on_encoded(done: int, before: int = before) -> None:
            if on_embedded:
                on_embedded(before + done, total)

        vectors = job.vectors(on_encoded)
        embedded.append(Embedded(job.encoder, vectors[:passages], vectors[passages:]))
        before += len(job.new)
    return embedded


def _inputs(documents: Sequence[CorpusFile], encoders: Sequence[Encoder]) -> dict[str, Any]:
    """The corpus and the encoders, for the manifest, and so for the digest."""
    corpus = hashlib.sha256()
    for file in documents:
        corpus.update(f"{file.name} {file.sha256}\n".encode())
    primary, *further = map(describe, encoders)
    return {"corpus": corpus.hexdigest(), "encoder": primary, "further_encoders": further}
