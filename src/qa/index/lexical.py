"""Words to BM25 scores; the only user of bm25s, PyStemmer and rapidfuzz."""

from __future__ import annotations

import bisect
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["LexicalIndex", "Term", "terms"]

# Words that carry no subject: English function words and the question words.
_FUNCTION_WORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from further
    get had has have having he her here hers herself him himself his i if in into is it its
    itself just like may me might more most must my myself no nor not now of off on once only or
    other our ours ourselves out over own per please same shall she should so some such than
    that the their theirs them themselves then there these they this those through to too under
    until up upon us very was we were will with would yes you your yours yourself
    how many much what when where which who whom whose why
    s t d ll re ve m don didn doesn isn wasn aren weren won
    """.split()
)
# By these a visitor speaks of the record itself ("what does the document say about ...").
_RECORD_WORDS = frozenset(
    """
    conference document documents mention mentioned press record say says said statement
    statements tell text told
    """.split()
)
# A range of numbers is one word: "2021-2025" names a plan and says nothing of 2021.
_WORD = re.compile(r"\d+(?:[-–]\d+)+|[^\W_]+")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff]+")
# Two words are forms of one ("grow", "growth"; "fast", "faster") where one begins the other
# and adds little. Snowball's stems miss these.
_FORM_MIN_CHARS = 4
_FORM_MOST_ADDED = 3
# A word the record does not know is a slip of the keyboard where a known one is this close
# (insertions, deletions, substitutions, neighbours swapped).
_SPELLING_MIN_CHARS = 4
_SPELLING_TWO_SLIPS_CHARS = 8


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a text: as written, in lower case, and its stem."""

    text: str
    stem: str

    @property
    def is_about_the_record(self) -> bool:
        """Whether it speaks of the record itself, so that the record need not hold it."""
        return self.text in _RECORD_WORDS


def terms(text: str) -> list[Term]:
    """The words of ``text`` that carry a subject, in order, repeated as they are.

    Chinese and Japanese, which put no spaces between words, give overlapping pairs of
    characters (a single one where it stands alone).
    """
    found: list[Term] = []
    for match in _WORD.finditer(text.lower()):
        word = match[0]
        if _HAN.search(word):
            for run in _HAN.findall(word):
                pairs = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
                found += [Term(pair, pair) for pair in pairs]
        elif word not in _FUNCTION_WORDS:
            found.append(Term(word, _stem(word)))
    return found


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer  # noqa: PLC0415

    return Stemmer.Stemmer("english")


class LexicalIndex:
    """BM25 over the passages, and what words the record knows; rows as in the vector index."""

    def __init__(self, bm25: Any, words: dict[str, int], rows: int) -> None:
        self._bm25 = bm25
        self._words = words
        self._sorted_words = sorted(words)
        self._rows = rows

    @classmethod
    def build(cls, texts: Sequence[str]) -> LexicalIndex:
        """An index over the texts; the same texts give the same bytes."""
        import bm25s  # noqa: PLC0415

        words: Counter[str] = Counter()
        vocabulary: dict[str, int] = {}
        ids: list[list[int]] = []
        for text in texts:
            found = terms(text)
            words.update(term.text for term in found)
            ids.append([vocabulary.setdefault(term.stem, len(vocabulary)) for term in found])
        bm25 = bm25s.BM25()
        if vocabulary:
            bm25.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        else:
            bm25 = None
        return cls(bm25, dict(words), len(texts))

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """The index that ``save`` wrote."""
        import bm25s  # noqa: PLC0415

        stated = json.loads((folder / "words.json").read_text("utf-8"))
        bm25 = None
        if stated["words"]:
            bm25 = bm25s.BM25.load(folder, allow_pickle=False, show_progress=False)
        return cls(bm25, stated["words"], stated["rows"])

    def save(self, folder: Path) -> None:
        """Write the index into a folder of its own."""
        folder.mkdir()
        stated = json.dumps(
            {"rows": self._rows, "words": self._words}, ensure_ascii=False, sort_keys=True
        )
        (folder / "words.json").write_text(stated, "utf-8")
        if self._bm25 is not None:
            self._bm25.save(folder, allow_pickle=False, show_progress=False)

    def scores(self, question: str) -> np.ndarray:
        """BM25 of every row as a share of the most the question could reach anywhere.

        float32, shape (rows,), in [0, 1): 0 where no word is shared; higher is better. The most
        is the sum of the words' inverse document frequencies (Lucene's BM25 without its constant
        factor), words the record lacks included, so that a question the record shares few
        words with scores low everywhere.
        """
        stems = [term.stem for term in terms(question)]
        known = [stem for stem in stems if self._postings(stem) is not None]
        if not known:
            return np.zeros(self._rows, dtype=np.float32)
        scores: np.ndarray = self._bm25.get_scores(known) / sum(map(self.idf, stems))
        return scores.astype(np.float32)

    def idf(self, stem: str) -> float:
        """Inverse document frequency after Robertson and Spärck Jones, never below 0."""
        postings = self._postings(stem)
        holding = 0 if postings is None else len(postings)
        return math.log(1 + (self._rows - holding + 0.5) / (holding + 0.5))

    def holds(self, term: Term, rows: range, visible: np.ndarray | None = None) -> bool:
        """Whether one of the rows (of those ``visible``) has the word, or a form of it."""
        stems = {term.stem} | {_stem(word) for word in self._forms(term.text)}
        for stem in stems:
            postings = self._postings(stem)
            if postings is not None:
                first, end = np.searchsorted(postings, (rows.start, rows.stop))
                if first < end and (visible is None or visible[postings[first:end]].any()):
                    return True
        return False

    def correct(self, question: str, is_word: Callable[[str], bool]) -> str:
        """The question with slips of the keyboard mended to words of the record.

        A word is left alone where the record knows it, where ``is_word`` says it is one, where
        it holds a digit or is short, and where no word of the record is close enough.
        """

        def mended(match: re.Match[str]) -> str:
            word = match[0]
            better = None if is_word(word.lower()) else self._closest(word.lower())
            return better or word

        return _WORD.sub(mended, question)

    def _closest(self, word: str) -> str | None:
        from rapidfuzz import process  # noqa: PLC0415
        from rapidfuzz.distance import OSA  # noqa: PLC0415

        known = word in self._words or word in _FUNCTION_WORDS
        if known or len(word) < _SPELLING_MIN_CHARS or not word.isalpha() or _HAN.search(word):
            return None
        if self._postings(_stem(word)) is not None or self._forms(word):
            return None
        slips = 2 if len(word) >= _SPELLING_TWO_SLIPS_CHARS else 1
        near = process.extract(
            word, self._words.keys(), scorer=OSA.distance, score_cutoff=slips, limit=None
        )
        likely = [
            (distance, -self._words[other], other)
            for other, distance, _ in near
            if other[0] == word[0] and len(other) >= _SPELLING_MIN_CHARS
        ]
        return min(likely)[2] if likely else None

    def _forms(self, word: str) -> list[str]:
        """Words of the record that are forms of ``word``, itself aside."""
        if len(word) < _FORM_MIN_CHARS or not word.isalpha():
            return []
        start = bisect.bisect_left(self._sorted_words, word)
        end = bisect.bisect_left(self._sorted_words, word + chr(0x10FFFF))
        longer = [w for w in self._sorted_words[start:end] if _is_form(word, w)]
        shorter = [word[:n] for n in range(_FORM_MIN_CHARS, len(word)) if word[:n] in self._words]
        return longer + [w for w in shorter if _is_form(w, word)]

    def _postings(self, stem: str) -> np.ndarray | None:
        """The rows that have the stem, ascending; None where none has."""
        if self._bm25 is None or stem not in self._bm25.vocab_dict:
            return None
        token = self._bm25.vocab_dict[stem]
        bounds = self._bm25.scores["indptr"]
        postings: np.ndarray = self._bm25.scores["indices"][bounds[token] : bounds[token + 1]]
        return postings


def _is_form(shorter: str, longer: str) -> bool:
    return longer != shorter and len(longer) - len(shorter) <= _FORM_MOST_ADDED
