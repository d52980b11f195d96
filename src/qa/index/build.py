"""The document's journey, second half: the corpus folder becomes the live snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.corpus.folder import CorpusFile
from qa.errors import CorpusError, SnapshotError
from qa.index import snapshot as snapshots
from qa.index.encoder import Encoder
from qa.index.lexical import LexicalIndex
from qa.index.passages import Splitter
from qa.index.snapshot import Snapshot
from qa.index.vectors import VectorIndex
from qa.records import Passage

__all__ = ["Built", "build"]

# Told how many texts are embedded, and how many there are to embed.
OnEmbedded = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Built:
    """What ``build`` made. ``embedded`` texts were new, ``reused`` ones came with vectors."""

    digest: str
    documents: int
    passages: int
    sentences: int
    embedded: int
    reused: int


def build(
    files: Iterable[CorpusFile],
    index: Path,
    encoder: Encoder,
    *,
    passage_chars: int,
    on_embedded: OnEmbedded | None = None,
) -> Built:
    """Cut, embed, index and publish. Texts the live snapshot has vectors for are not embedded.

    The same files, encoder and settings give the same bytes and thus the same digest, whatever
    was indexed before.

    Raises:
        CorpusError: there is no document.
        BusyError: another process is writing this index.
    """
    with snapshots.writing(index) as unfinished:
        documents = sorted(files, key=lambda file: file.document.id)
        if not documents:
            raise CorpusError('There is no document to index: run "qa ingest SOURCE" first.')
        passages = _passages(documents, encoder, passage_chars)
        known = _known_vectors(index, encoder)
        texts = [*_embedded_texts(passages)]
        vectors, embedded = _vectors(texts, known, encoder, on_embedded)
        sentences = len(texts) - len(passages)
        snapshots.write_files(
            unfinished,
            [(file.document, file.sha256) for file in documents],
            passages,
            VectorIndex.build(vectors[: len(passages)]),
            VectorIndex.build(vectors[len(passages) :]),
            LexicalIndex.build([p.text for p in passages]),
        )
        counts = {
            "documents": len(documents),
            "passages": len(passages),
            "sentences": sentences,
        }
        inputs = _inputs(documents, encoder, passage_chars)
        digest = snapshots.publish(index, unfinished, inputs, counts)
    return Built(digest, **counts, embedded=embedded, reused=len(set(texts)) - embedded)


def _passages(
    documents: Sequence[CorpusFile], encoder: Encoder, passage_chars: int
) -> list[Passage]:
    splitter = Splitter(passage_chars, encoder.max_tokens, encoder.count_tokens)
    return [passage for file in documents for passage in splitter.passages(file.document)]


def _embedded_texts(passages: Sequence[Passage]) -> Iterable[str]:
    """The passages' texts, then all their sentences, in the order of the vector rows."""
    yield from (passage.text for passage in passages)
    for passage in passages:
        start = passage.span.start
        yield from (passage.text[s.start - start : s.end - start] for s in passage.sentences)


def _known_vectors(index: Path, encoder: Encoder) -> dict[str, np.ndarray]:
    """Vectors of the live snapshot by text; none where it is missing, damaged or another's."""
    try:
        live = snapshots.open_snapshot(index)
    except SnapshotError:
        return {}
    if live.manifest["inputs"]["encoder"]["sha256"] != encoder.sha256:
        return {}
    return dict(zip(_embedded_texts(live.passages), _all_vectors(live), strict=True))


def _all_vectors(live: Snapshot) -> np.ndarray:
    return np.concatenate(
        [v.vectors(0, len(v)) for v in (live.passage_vectors, live.sentence_vectors)]
    )


def _vectors(
    texts: Sequence[str],
    known: dict[str, np.ndarray],
    encoder: Encoder,
    on_embedded: OnEmbedded | None,
) -> tuple[np.ndarray, int]:
    """A vector for every text, and how many had to be embedded; equal texts only once."""
    new = [text for text in dict.fromkeys(texts) if text not in known]

    def tell(done: int) -> None:
        if on_embedded:
            on_embedded(done, len(new))

    vectors = {**known, **dict(zip(new, encoder.encode(new, tell), strict=True))}
    return np.stack([vectors[text] for text in texts]), len(new)


def _inputs(
    documents: Sequence[CorpusFile], encoder: Encoder, passage_chars: int
) -> dict[str, Any]:
    """What the snapshot is made from; in the manifest, and so in the digest."""
    corpus = hashlib.sha256()
    for file in documents:
        corpus.update(f"{file.name} {file.sha256}\n".encode())
    return {
        "corpus": corpus.hexdigest(),
        "encoder": {
            "name": encoder.name,
            "sha256": encoder.sha256,
            "dimension": encoder.dimension,
            "max_tokens": encoder.max_tokens,
        },
        "settings": {"passage_chars": passage_chars},
    }
