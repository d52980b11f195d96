"""The document's journey, second half: the corpus folder becomes the live snapshot."""

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
from qa.index.encoder import Encoder
from qa.index.engine import FAISS, Engine
from qa.index.passages import Splitter
from qa.index.snapshot import Snapshot
from qa.index.vectors import half
from qa.records import Document, Passage
from qa.sources.corpus_folder import CorpusFile
from qa.text.language import is_known

__all__ = ["EXACT_ROWS", "Built", "build"]

# Up to so many vectors a search looks at each: measured, see "Size" in docs/figures.md.
EXACT_ROWS = 100_000
# Texts embedded, or taken from the last snapshot, before their vectors are put in place. An
# encoder that starts slowly says with ``block`` that it takes more at once.
_BLOCK = 8_192

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


def build(  # noqa: PLR0913 - the settings of each step
    files: Iterable[CorpusFile],
    index: Path,
    encoder: Encoder,
    *,
    passage_chars: int,
    exact_rows: int = EXACT_ROWS,
    on_embedded: OnEmbedded | None = None,
    engine: Engine = FAISS,
    take_over: bool = False,
) -> Built:
    """Cut, embed, index and publish. Texts the live snapshot has vectors for are not embedded.

    ``engine`` searches; vectors up to ``exact_rows`` exactly, more of them approximately. The
    same files, encoder and settings give the same bytes and thus the same digest, whatever was
    indexed before. ``take_over`` lets it replace a live snapshot that is not of this folder.

    Raises:
        CorpusError: there is no document, or none that is not withdrawn.
        SnapshotError: what is live with the engine is not of this folder.
        BusyError: another process is writing this index.
        UnavailableError: the engine cannot be reached.
    """
    with snapshots.writing(index) as unfinished:
        if not take_over:
            snapshots.check_ours(index, engine)
        documents = sorted(files, key=lambda file: file.document.id)
        if not documents:
            raise CorpusError('There is no document to index: run "qa ingest SOURCE" first.')
        passages = _passages(documents, encoder, passage_chars)
        if not passages:
            raise CorpusError(
                "Every document of the record is withdrawn, so that nothing can be an answer: "
                'ingest one that is published, or take "withdrawn" out of its front matter.'
            )
        by_id = {file.document.id: file.document for file in documents}
        texts = [*_embedded_texts(passages, by_id, encoder.languages)]
        vectors, embedded = _vectors(texts, _Known(index, encoder, engine), encoder, on_embedded)
        searches = snapshots.write_files(
            unfinished,
            [(file.document, file.sha256) for file in documents],
            passages,
            (vectors[: len(passages)], vectors[len(passages) :]),
            encoder,
            exact_rows if engine.is_local else None,
        )
        counts = {
            "documents": len(documents),
            "passages": len(passages),
            "sentences": sum(len(passage.sentences) for passage in passages),
        }
        settings = {"passage_chars": passage_chars, "exact_rows": exact_rows}
        inputs = {**_inputs(documents, encoder), "settings": settings}
        digest = snapshots.publish(index, unfinished, inputs, counts, searches, engine=engine)
    distinct = {text for text in texts if text is not None}
    return Built(digest, **counts, embedded=embedded, reused=len(distinct) - embedded)


def _passages(
    documents: Sequence[CorpusFile], encoder: Encoder, passage_chars: int
) -> list[Passage]:
    """The passages of what is published; a withdrawn document has none, and is never an answer."""
    splitter = Splitter(passage_chars, encoder.max_tokens, encoder.count_tokens)
    published = (file.document for file in documents if file.document.withdrawn is None)
    return [passage for document in published for passage in splitter.passages(document)]


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


class _Known:
    """Vectors of the live snapshot by text; none where it is missing, damaged or another's."""

    def __init__(self, index: Path, encoder: Encoder, engine: Engine) -> None:
        self._rows: dict[str, int] = {}
        # Before another engine is given its first, the one that searched so far has vectors too.
        digests = [snapshots.live_digest(index, one, missing_ok=True) for one in (engine, FAISS)]
        found = (_whole(index, digest) for digest in dict.fromkeys(digests))
        live = next((snapshot for snapshot in found if snapshot), None)
        if live is None:
            return
        built_with = live.manifest["inputs"]["encoder"]
        if built_with["sha256"] != encoder.sha256:
            return
        self._passages, self._sentences = live.passage_vectors, live.sentence_vectors
        texts = _embedded_texts(live.passages, live.documents, built_with["languages"])
        self._rows = {text: row for row, text in enumerate(texts) if text is not None}

    def __contains__(self, text: str) -> bool:
        return text in self._rows

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of texts that are known; float16, shape (texts, dimension)."""
        rows = np.array([self._rows[text] for text in texts], dtype=np.int64)
        is_passage = rows < len(self._passages)
        found = np.empty((len(rows), self._passages.dimension), dtype=np.float16)
        found[is_passage] = half(self._passages.vectors(rows[is_passage]))
        of_sentences = rows[~is_passage] - len(self._passages)
        found[~is_passage] = half(self._sentences.vectors(of_sentences))
        return found


def _whole(index: Path, digest: str | None) -> Snapshot | None:
    """The snapshot of a digest; None where it is missing or damaged."""
    if digest is None:
        return None
    try:
        return snapshots.open_snapshot(index, digest=digest)
    except SnapshotError:
        return None


def _vectors(
    texts: Sequence[str | None],
    known: _Known,
    encoder: Encoder,
    on_embedded: OnEmbedded | None,
) -> tuple[np.ndarray, int]:
    """A float16 vector for every text, and how many had to be embedded; equal ones only once.

    What is not to be embedded has a vector of zeros, which is like nothing.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        if text is not None:
            rows[text].append(row)
    old = [text for text in rows if text in known]
    new = [text for text in rows if text not in known]
    # Passages take longer than sentences: mixed, they let the time that is left be told.
    random.Random(0).shuffle(new)  # noqa: S311 - no secret
    vectors = np.zeros((len(texts), encoder.dimension), dtype=np.float16)

    def place(some: Sequence[str], found: np.ndarray) -> None:
        places = [row for text in some for row in rows[text]]
        vectors[places] = np.repeat(found, [len(rows[text]) for text in some], axis=0)

    for start in range(0, len(old), _BLOCK):
        some = old[start : start + _BLOCK]
        place(some, known.vectors(some))
    block: int = getattr(encoder, "block", _BLOCK)
    for start in range(0, len(new), block):
        some = new[start : start + block]

        def tell(done: int, before: int = start) -> None:
            if on_embedded:
                on_embedded(before + done, len(new))

        place(some, half(encoder.encode(some, tell)))
    return vectors, len(new)


def _inputs(documents: Sequence[CorpusFile], encoder: Encoder) -> dict[str, Any]:
    """What the snapshot is made from; in the manifest, and so in the digest."""
    corpus = hashlib.sha256()
    for file in documents:
        corpus.update(f"{file.name} {file.sha256}\n".encode())
    return {
        "corpus": corpus.hexdigest(),
        "encoder": {
            "name": encoder.name,
            "precision": encoder.precision,
            "sha256": encoder.sha256,
            "dimension": encoder.dimension,
            "max_tokens": encoder.max_tokens,
            "languages": encoder.languages and sorted(encoder.languages),
        },
    }
