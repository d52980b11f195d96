"""Search by words (BM25); the only user of bm25s.

bm25s computes the scores when a record is indexed. A search adds up those of the question's
words, which needs nothing but the arrays, mapped from disk.
"""

from __future__ import annotations

import json
import logging
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from qa.index.store import open_array
from qa.index.visible import Visible
from qa.text.terms import Term, stem, terms
from qa.text.vocabulary import Vocabulary

__all__ = ["LexicalIndex", "Postings", "WordSearch"]

# Rows of postings taken at a time.
_BLOCK = 1 << 20


class Postings:
    """The rows that hold each stem; rows are numbered from 0 as they came."""

    def __init__(self, stems: Sequence[str], bounds: np.ndarray, rows: np.ndarray) -> None:
        self._stems = stems
        self._numbers = {stem: number for number, stem in enumerate(stems)}
        self._bounds = bounds
        self._rows = rows

    @classmethod
    def build(cls, rows: Iterable[Iterable[str]]) -> Postings:
        """Return the postings of rows given as their stems; the same rows give the same bytes."""
        holding: dict[str, list[int]] = defaultdict(list)
        for row, stems in enumerate(rows):
            for word in dict.fromkeys(stems):
                holding[word].append(row)
        known = sorted(holding)
        bounds = np.cumsum([0, *(len(holding[stem]) for stem in known)], dtype=np.int64)
        held = [np.array(holding[stem], dtype=np.int32) for stem in known]
        return cls(known, bounds, np.concatenate([np.empty(0, dtype=np.int32), *held]))

    @classmethod
    def open(cls, folder: Path) -> Postings:
        """Return the postings that ``save`` wrote."""
        stems = json.loads((folder / "stems.json").read_text("utf-8"))
        bounds = np.load(folder / "bounds.npy", allow_pickle=False)
        return cls(stems, bounds, open_array(folder / "rows.npy"))

    def save(self, folder: Path) -> None:
        """Write the postings into a folder of their own."""
        folder.mkdir()
        stems = json.dumps(self._stems, ensure_ascii=False)
        (folder / "stems.json").write_text(stems, "utf-8")
        np.save(folder / "bounds.npy", self._bounds, allow_pickle=False)
        np.save(folder / "rows.npy", self._rows, allow_pickle=False)

    def __contains__(self, stem: str) -> bool:
        return stem in self._numbers

    def number(self, stem: str) -> int | None:
        """Return the number of a stem; None where no row holds it."""
        return self._numbers.get(stem)

    def place(self, stem: str) -> slice:
        """Return the place of a stem's rows among those of all stems, which may be empty."""
        number = self._numbers.get(stem)
        if number is None:
            return slice(0, 0)
        return slice(int(self._bounds[number]), int(self._bounds[number + 1]))

    def rows(self, stem: str) -> np.ndarray:
        """Return the rows that hold a stem, ascending; int32."""
        return self._rows[self.place(stem)]

    def holds(self, stems: Iterable[str], rows: np.ndarray) -> np.ndarray:
        """Return whether each of some rows, int32, holds one of the stems; a bool per row."""
        held = np.zeros(len(rows), dtype=bool)
        for word in stems:
            held |= self.among(word, rows)[0]
        return held

    def among(self, stem: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return for each of some rows, int32, if it holds a stem, and its place there."""
        place = self.place(stem)
        holding = self._rows[place]
        if not len(holding):
            return np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=np.int64)
        places = np.searchsorted(holding, rows)
        places[places == len(holding)] = 0
        return holding[places] == rows, place.start + places

    def held(self, count: int) -> np.ndarray:
        """Return for each of ``count`` rows if it holds a stem; a bool per row."""
        held = np.zeros(count, dtype=bool)
        for start in range(0, len(self._rows), _BLOCK):
            held[self._rows[start : start + _BLOCK]] = True
        return held

    def by_row(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the stems of each of ``count`` rows: starts, numbers, places.

        Those of row ``row`` are ``numbers[starts[row]:starts[row + 1]]``, and ``places`` are their
        places among the rows of all stems.
        """
        starts = np.zeros(count + 1, dtype=np.int64)
        starts[1:] = np.cumsum(np.bincount(self._rows, minlength=count))
        places = np.argsort(self._rows, kind="stable")
        numbers = np.repeat(np.arange(len(self._stems), dtype=np.int64), np.diff(self._bounds))
        return starts, numbers[places], places


class WordSearch(Protocol):
    """Supplies candidates, which a ``LexicalIndex`` rescores by its own scores."""

    def __call__(
        self, index: LexicalIndex, stems: Sequence[str], k: int, visible: Visible | None
    ) -> np.ndarray:
        """Return visible rows that hold a stem, the best ``k`` among them, in any order."""


class LexicalIndex:
    """BM25 over the passages, and postings of their words and of their headings' words.

    Rows of ``passages`` are passages as in the vector index; those of ``headings`` headings as
    they came. ``scores`` are the BM25 of each word in each passage that holds it, in the order
    of the postings; float32.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its parts
        self,
        count: int,
        passages: Postings,
        scores: np.ndarray,
        headings: Postings,
        vocabulary: Vocabulary,
        search: WordSearch | None = None,
    ) -> None:
        """``search`` supplies the candidates; by default all passages are scored."""
        self._count = count
        self._search = search
        self._scores = scores
        self._vocabulary = vocabulary
        self.passages = passages
        self.headings = headings

    @classmethod
    def build(cls, texts: Iterable[str], headings: Iterable[str] = ()) -> Self:
        """Return an index over the passages' texts; the same give the same bytes."""
        import bm25s  # noqa: PLC0415

        logging.getLogger("bm25s").setLevel(logging.WARNING)
        words: Counter[str] = Counter()
        numbers: dict[str, int] = {}
        ids: list[np.ndarray] = []
        for text in texts:
            text_terms = terms(text)
            words.update(term.text for term in text_terms)
            text_ids = [numbers.setdefault(term.stem, len(numbers)) for term in text_terms]
            ids.append(np.array(text_ids, dtype=np.int32))
        bounds, rows, scores = np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32)
        if numbers:
            bm25 = bm25s.BM25()
            bm25.index((ids, numbers), create_empty_token=False, show_progress=False)
            bounds = bm25.scores["indptr"].astype(np.int64)
            rows = bm25.scores["indices"].astype(np.int32)
            scores = bm25.scores["data"].astype(np.float32)
        return cls(
            len(ids),
            Postings(list(numbers), bounds, rows),
            scores,
            Postings.build([t.stem for t in terms(heading)] for heading in headings),
            Vocabulary(dict(sorted(words.items()))),
        )

    @classmethod
    def open(cls, folder: Path, search: WordSearch | None = None) -> Self:
        """Return the index that ``save`` wrote."""
        return cls(
            json.loads((folder / "passages.json").read_text("utf-8")),
            Postings.open(folder / "passages"),
            open_array(folder / "scores.npy"),
            Postings.open(folder / "headings"),
            Vocabulary.open(folder / "words.json"),
            search,
        )

    def save(self, folder: Path) -> None:
        """Write the index into a folder of its own."""
        folder.mkdir()
        (folder / "passages.json").write_text(json.dumps(self._count), "utf-8")
        self.passages.save(folder / "passages")
        np.save(folder / "scores.npy", self._scores, allow_pickle=False)
        self.headings.save(folder / "headings")
        self._vocabulary.save(folder / "words.json")

    def __len__(self) -> int:
        return self._count

    def highest(self, stems: Sequence[str], k: int, visible: Visible | None = None) -> np.ndarray:
        """Return up to ``k`` rows with the highest scores above 0; of equals, the first.

        ``visible`` leaves the others out of the search.
        """
        if self._search is None:
            rows, scores = self._all_scores(stems, visible)
        else:
            rows = self._search(self, stems, k, visible)
            scores = self.scores(stems, rows)
        if len(rows) > k:
            is_high = scores >= np.partition(scores, -k)[-k]
            rows, scores = rows[is_high], scores[is_high]
        return rows[np.lexsort((rows, -scores))[:k]]

    def scores(self, stems: Sequence[str], rows: np.ndarray) -> np.ndarray:
        """Return BM25 of some passages as a share of the most a question could reach anywhere.

        float32, one for each of ``rows``, in [0, 1): 0 where no word is shared; higher is better.
        ``stems`` are the question's words as they come. The most is the sum of the words' inverse
        document frequencies (Lucene's BM25 without its constant factor), words the record lacks
        included, so that a question the record shares few words with scores low everywhere.
        """
        scores = np.zeros(len(rows), dtype=np.float32)
        rows = rows.astype(np.int32)
        for word in stems:
            is_held, places = self.passages.among(word, rows)
            scores[is_held] += self._scores[places[is_held]]
        return self._shares(scores, stems)

    def by_passage(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the words of each passage and the BM25 of each: starts, numbers, scores.

        Those of passage ``row`` stand from ``starts[row]`` to ``starts[row + 1]``.
        """
        starts, numbers, places = self.passages.by_row(self._count)
        return starts, numbers, self._scores[places]

    def _all_scores(
        self, stems: Sequence[str], visible: Visible | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """All visible rows with a score above 0, and their scores."""
        scores = np.zeros(self._count, dtype=np.float32)
        for word in stems:
            scores[self.passages.rows(word)] += self._scores[self.passages.place(word)]
        rows = np.flatnonzero(scores if visible is None else np.where(visible.rows, scores, 0))
        return rows, self._shares(scores[rows], stems)

    def _shares(self, scores: np.ndarray, stems: Sequence[str]) -> np.ndarray:
        return scores / sum(map(self.idf, stems)) if stems else scores

    def idf(self, stem: str) -> float:
        """Return the inverse document frequency (Robertson and Spärck Jones), never below 0."""
        holding = len(self.passages.rows(stem))
        return math.log(1 + (self._count - holding + 0.5) / (holding + 0.5))

    def forms(self, term: Term) -> list[str]:
        """Return the stems under which the record knows the word, its own among them."""
        return self._vocabulary.forms(term)

    def correct(self, question: str, is_word: Callable[[str], bool]) -> str:
        """Return the question with typos corrected to words of the record.

        ``is_word`` recognizes further words of the language; see ``Vocabulary.correct``.
        """
        return self._vocabulary.correct(
            question, lambda word: stem(word) in self.passages or is_word(word)
        )
