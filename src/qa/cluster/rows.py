"""What an engine of its own is told of a snapshot: rows to be searched, and what they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from qa.index.lexical import LexicalIndex
from qa.index.store import Documents, Passages, open_array
from qa.index.vectors import VECTORS, VectorIndex

__all__ = ["FIELDS", "SEARCHED", "Rows"]

# The searches of a snapshot: by its vectors, and by words.
SEARCHED = (*VECTORS, "words")
# The numbers that a row has beside its vector: its own, the passage's that it belongs to, and of
# that the ordinal of the date, 0 without one, and the number of the section, -1 without one.
FIELDS = ("row", "passage", "date", "section")
# Rows handed out at a time: some 3 MB of vectors.
_BLOCK = 2_000


class Rows:
    """The rows that one of the searches of a snapshot, in a folder, is made over.

    A vector is a list of floats, ``dimension`` long; for the search by words it is the BM25 of
    the words that a passage holds, by their number, ``dimension`` is None, and passages without
    a word are no rows.
    """

    dimension: int | None

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._documents = Documents(folder / "documents")
        self._passages = Passages(folder / "passages", self._documents)
        self._questions = open_array(folder / "questions" / "sentences.npy")
        if name == "words":
            self.dimension = None
            words = LexicalIndex.open(folder / "lexical")
            self._starts, self._words, self._scores = words.by_passage()
            self._rows = np.flatnonzero(np.diff(self._starts))
        else:
            self._index = VectorIndex.open(folder / "vectors" / f"{name}.faiss")
            self.dimension = self._index.dimension
            self._rows = np.arange(len(self._index))

    def __len__(self) -> int:
        return len(self._rows)

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        """All rows, some at a time: their ``FIELDS``, and ``vector``."""
        for start in range(0, len(self), _BLOCK):
            rows = self._rows[start : start + _BLOCK]
            of = self._passages_of(rows)
            numbers = self._passages.documents[of]
            dates, sections = self._passages.dates, self._documents.section_numbers
            columns = (rows, of, dates[of], sections[numbers])
            yield [
                {**dict(zip(FIELDS, map(int, values), strict=True)), "vector": vector}
                for *values, vector in zip(*columns, self._vectors(rows), strict=True)
            ]

    def _passages_of(self, rows: np.ndarray) -> np.ndarray:
        """The passages that rows belong to."""
        if self._name == "sentences":
            return self._passages.of_sentences(rows)
        if self._name == "questions":
            return self._passages.of_sentences(self._questions[rows])
        return rows

    def _vectors(self, rows: np.ndarray) -> list[Any]:
        if self._name != "words":
            found: list[Any] = self._index.vectors(rows).tolist()
            return found
        spans = [slice(*self._starts[row : row + 2]) for row in rows]
        return [
            dict(zip(self._words[span].tolist(), self._scores[span].tolist(), strict=True))
            for span in spans
        ]
