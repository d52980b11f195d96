"""The contents of a new snapshot: every file but the manifest."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qa.index import store
from qa.index.embeddings import Embedded, write_embeddings
from qa.index.lexical import LexicalIndex
from qa.index.questions import answered_pairs, readable_questions
from qa.records import Document, Passage
from qa.text.language import is_known

__all__ = ["headings", "write_contents"]


def headings(
    passages: Sequence[Passage], documents: Mapping[str, Document]
) -> tuple[list[str], np.ndarray]:
    """Return the headings of the passages, each once, and the number of each passage's heading."""
    numbers: dict[tuple[str, str | None, datetime.date | None], int] = {}
    above = [(p.document, p.speaker, p.date) for p in passages]
    of_passages = [numbers.setdefault(heading, len(numbers)) for heading in above]
    texts = []
    for name, speaker, day in numbers:
        document = documents[name]
        date = f"{day:%B} {day.day} {day.year}" if day else ""
        texts.append("\n".join([document.title, document.section or "", speaker or "", date]))
    return texts, np.array(of_passages, dtype=np.int64)


def write_contents(
    folder: Path,
    documents: Sequence[tuple[Document, str]],
    passages: Sequence[Passage],
    embedded: Sequence[Embedded],
    exact_rows: int | None,
) -> dict[str, Any]:
    """Write everything but the manifest; return the kind of each vector search.

    ``documents`` come with their file's sha256, ascending by id, ``passages`` in their order,
    and with the vectors of one or more encoders, the primary one first.
    """
    by_id = {document.id: document for document, _ in documents}
    heading_texts, numbers = headings(passages, by_id)
    knows = [
        [is_known(document.language, one.encoder.languages) for one in embedded]
        for document, _ in documents
    ]
    store.write_documents(folder / "documents", documents, passages, knows)
    store.write_passages(folder / "passages", passages, numbers, list(by_id))
    spoken = ("\n".join(passage.sentence_texts) for passage in passages)
    LexicalIndex.build(spoken, heading_texts).save(folder / "lexical")
    (folder / "questions").mkdir()
    pairs = answered_pairs(passages)
    _save(folder / "questions" / "answered.npy", pairs)
    _save(folder / "questions" / "answering.npy", pairs[::-1, np.lexsort(pairs)])
    questions = readable_questions(passages)
    _save(folder / "questions" / "sentences.npy", questions)
    return write_embeddings(folder, embedded, questions, exact_rows)


def _save(path: Path, array: np.ndarray) -> None:
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)
