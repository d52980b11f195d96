"""Rows of a snapshot for a remote engine: what is searched, and the fields it is filtered by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from qa.index.embeddings import encoder_names
from qa.index.lexical import LexicalIndex
from qa.index.store import Documents, Passages, open_array
from qa.index.vectors import VECTORS, VectorIndex

__all__ = ["FIELDS", "Rows", "collection_suffix", "searches"]

_WORDS = "words"
# The numbers that a row has beside its vector: its own, its passage's, and of that the ordinal of
# the date, 0 without one, and the number of the section, -1 without one.
FIELDS = ("row", "passage", "date", "section")
# Rows handed out at a time: some 3 MB of vectors.
_BLOCK = 2_000


def searches(folder: Path) -> list[str]:
    """Return the searches of a snapshot: by its vectors, and by words.

    Each is the suffix of a collection's name: "passages" of the primary encoder, "passages_1" of
    the next one, and so on.
    """
    encoders = _encoders(folder)
    return [*(collection_suffix(folder, e, v) for e in encoders for v in VECTORS), _WORDS]


def collection_suffix(folder: Path, encoder: str, name: str) -> str:
    """Return the suffix for one of the vector indexes of an encoder."""
    number = _encoders(folder).index(encoder)
    return f"{name}_{number}" if number else name


def _encoders(folder: Path) -> list[str]:
    return encoder_names(json.loads((folder / "manifest.json").read_bytes()))


class Rows:
    """The rows of one of the ``searches`` of the snapshot in a folder.

    A vector is a list of floats, ``dimension`` long; for the search by words it is the BM25 of
    the words that a passage holds, by their number, ``dimension`` is None, and passages without
    a word are no rows.
    """

    dimension: int | None

    def __init__(self, folder: Path, search: str) -> None:
        self._name, _, number = search.partition("_")
        self._documents = Documents(folder / "documents")
        self._passages = Passages(folder / "passages", self._documents)
        self._questions = open_array(folder / "questions" / "sentences.npy")
        if search == _WORDS:
            self.dimension = None
            words = LexicalIndex.open(folder / "lexical")
            self._starts, self._words, self._scores = words.by_passage()
            self._rows = np.flatnonzero(np.diff(self._starts))
        else:
            encoder = _encoders(folder)[int(number or 0)]
            self._index = VectorIndex.open(folder / "vectors" / encoder / f"{self._name}.faiss")
            self.dimension = self._index.dimension
            self._rows = np.arange(len(self._index))

    def __len__(self) -> int:
        return len(self._rows)

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        """Yield all rows, some at a time: their ``FIELDS``, and ``vector``."""
        for start in range(0, len(self), _BLOCK):
            rows = self._rows[start : start + _BLOCK]
            passages = self._passages_of(rows)
            numbers = self._passages.documents[passages]
            dates, sections = self._passages.dates, self._documents.section_numbers
            columns = (rows, passages, dates[passages], sections[numbers])
            yield [
                {**dict(zip(FIELDS, map(int, values), strict=True)), "vector": vector}
                for *values, vector in zip(*columns, self._vectors(rows), strict=True)
            ]

    def _passages_of(self, rows: np.ndarray) -> np.ndarray:
        if self._name == "sentences":
            return self._passages.of_sentences(rows)
        if self._name == "questions":
            return self._passages.of_sentences(self._questions[rows])
        return rows

    def _vectors(self, rows: np.ndarray) -> list[Any]:
        if self._name != _WORDS:
            vectors: list[Any] = self._index.vectors(rows).tolist()
            return vectors
        spans = [slice(*self._starts[row : row + 2]) for row in rows]
        return [
            dict(zip(self._words[span].tolist(), self._scores[span].tolist(), strict=True))
            for span in spans
        ]
