"""The document's journey, second half: the corpus folder becomes the live snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.corpus.folder import CorpusFile
from qa.corpus.language import is_known
from qa.errors import CorpusError, SnapshotError
from qa.index import snapshot as snapshots
from qa.index.encoder import Encoder
from qa.index.lexical import LexicalIndex
from qa.index.passages import Splitter
from qa.index.vectors import VectorIndex
from qa.records import Document, Passage

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
        by_id = {file.document.id: file.document for file in documents}
        embedded_texts = [*_embedded_texts(passages, by_id, encoder)]
        vectors, embedded = _vectors(
            embedded_texts, _known_vectors(index, encoder), encoder, on_embedded
        )
        said = ["\n".join(passage.sentence_texts) for passage in passages]
        snapshots.write_files(
            unfinished,
            [(file.document, file.sha256) for file in documents],
            passages,
            VectorIndex.build(vectors[: len(passages)]),
            VectorIndex.build(vectors[len(passages) :]),
            LexicalIndex.build(said, snapshots.headings(passages, by_id)[0]),
        )
        counts = {
            "documents": len(documents),
            "passages": len(passages),
            "sentences": sum(len(passage.sentences) for passage in passages),
        }
        inputs = _inputs(documents, encoder, passage_chars)
        digest = snapshots.publish(index, unfinished, inputs, counts)
    distinct = {text for text in embedded_texts if text is not None}
    return Built(digest, **counts, embedded=embedded, reused=len(distinct) - embedded)


def _passages(
    documents: Sequence[CorpusFile], encoder: Encoder, passage_chars: int
) -> list[Passage]:
    splitter = Splitter(passage_chars, encoder.max_tokens, encoder.count_tokens)
    return [passage for file in documents for passage in splitter.passages(file.document)]


def _embedded_texts(
    passages: Sequence[Passage], documents: Mapping[str, Document], encoder: Encoder
) -> Iterator[str | None]:
    """The passages' texts, then all their sentences, in the order of the vector rows.

    None in the place of a text whose language the encoder does not know.
    """
    known = {
        name: is_known(document.language, encoder.languages) for name, document in documents.items()
    }
    for passage in passages:
        yield passage.text if known[passage.document] else None
    for passage in passages:
        for text in passage.sentence_texts:
            yield text if known[passage.document] else None


def _known_vectors(index: Path, encoder: Encoder) -> dict[str, np.ndarray]:
    """Vectors of the live snapshot by text; none where it is missing, damaged or another's."""
    try:
        live = snapshots.open_snapshot(index)
    except SnapshotError:
        return {}
    if live.manifest["inputs"]["encoder"]["sha256"] != encoder.sha256:
        return {}
    texts = _embedded_texts(live.passages, live.documents, encoder)
    vectors = np.concatenate([live.passage_vectors.vectors, live.sentence_vectors.vectors])
    pairs = zip(texts, vectors, strict=True)
    return {text: vector for text, vector in pairs if text is not None and vector.any()}


def _vectors(
    texts: Sequence[str | None],
    known: dict[str, np.ndarray],
    encoder: Encoder,
    on_embedded: OnEmbedded | None,
) -> tuple[np.ndarray, int]:
    """A vector for every text, and how many had to be embedded; equal texts only once.

    What is not to be embedded has a vector of zeros, which is like nothing.
    """
    new = [text for text in dict.fromkeys(texts) if text is not None and text not in known]

    def tell(done: int) -> None:
        if on_embedded:
            on_embedded(done, len(new))

    vectors = {**known, **dict(zip(new, encoder.encode(new, tell), strict=True))}
    nothing = np.zeros(encoder.dimension, dtype=np.float32)
    return np.stack([nothing if t is None else vectors[t] for t in texts]), len(new)


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
            "languages": encoder.languages and sorted(encoder.languages),
        },
        "settings": {"passage_chars": passage_chars},
    }
