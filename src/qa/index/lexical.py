"""Words to BM25 scores; the only user of bm25s, PyStemmer, OpenCC and rapidfuzz."""

from __future__ import annotations

import bisect
import itertools
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["LexicalIndex", "Postings", "Term", "terms"]

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
_HAN_CHARS = r"\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff"
_HAN = re.compile(f"[{_HAN_CHARS}]+")
_HAN_OR_OTHER = re.compile(f"([{_HAN_CHARS}]+)|([^{_HAN_CHARS}]+)")
# Chinese words that carry no subject, simplified; a run of characters is cut at them.
_HAN_FUNCTION_WORDS = re.compile(
    "为什么|什么|哪些|哪个|哪里|哪一|哪|多少|如何|怎么|怎样|为何|是否|何时|请问|"
    "谁|吗|呢|的|了|是|在|和|与|及|有|对"
)
# Two words are forms of one ("grow", "growth"; "fast", "faster") where one begins the other
# and adds little. Snowball's stems miss these.
_FORM_MIN_CHARS = 4
_FORM_MOST_ADDED = 3
# A word the record does not know is a slip of the keyboard where a known one is this close
# (insertions, deletions, substitutions, neighbours swapped).
_SPELLING_MIN_CHARS = 4
_SPELLING_TWO_SLIPS_CHARS = 8
# Each word looked up is compared with all words of the record.
_SPELLING_MOST_WORDS = 12


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
    characters (a single one where it stands alone), in simplified characters; Latin letters and
    digits among them are words of their own.
    """
    found: list[Term] = []
    for match in _WORD.finditer(text.lower()):
        if not _HAN.search(match[0]):
            if match[0] not in _FUNCTION_WORDS:
                found.append(Term(match[0], _stem(match[0])))
            continue
        for han, other in _HAN_OR_OTHER.findall(match[0]):
            if other:
                found.append(Term(other, _stem(other)))
            for run in _HAN_FUNCTION_WORDS.split(_simplified(han)) if han else ():
                found += [Term(pair, pair) for pair in _pairs(run)]
    return found


def _pairs(run: str) -> list[str]:
    """The overlapping pairs of characters of ``run``; itself where it is a single one."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or ([run] if run else [])


@lru_cache(maxsize=100_000)
def _simplified(run: str) -> str:
    return str(_simplifier().convert(run))


@lru_cache(maxsize=1)
def _simplifier() -> Any:
    import opencc  # noqa: PLC0415

    return opencc.OpenCC("t2s")


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer  # noqa: PLC0415

    return Stemmer.Stemmer("english")


class Postings:
    """Which rows hold a stem; rows are numbered from 0 as they came."""

    def __init__(self, bounds: dict[str, tuple[int, int]], rows: np.ndarray) -> None:
        self._bounds = bounds
        self._rows = rows

    @classmethod
    def build(cls, rows: Iterable[Iterable[str]]) -> Postings:
        """Postings of rows given as their stems; the same rows give the same bytes."""
        holding: dict[str, list[int]] = defaultdict(list)
        for row, stems in enumerate(rows):
            for stem in dict.fromkeys(stems):
                holding[stem].append(row)
        bounds, end = {}, 0
        for stem in sorted(holding):
            bounds[stem] = (end, end + len(holding[stem]))
            end += len(holding[stem])
        found = [np.array(holding[stem], dtype=np.int32) for stem in bounds]
        return cls(bounds, np.concatenate([np.empty(0, dtype=np.int32), *found]))

    @classmethod
    def open(cls, folder: Path) -> Postings:
        """The postings that ``save`` wrote."""
        stated = json.loads((folder / "stems.json").read_text("utf-8"))
        ends = itertools.pairwise([0, *itertools.accumulate(stated.values())])
        rows = np.load(folder / "rows.npy", mmap_mode="r", allow_pickle=False)
        return cls(dict(zip(stated, ends, strict=True)), rows)

    def save(self, folder: Path) -> None:
        """Write the postings into a folder of their own."""
        folder.mkdir()
        counts = {stem: end - start for stem, (start, end) in self._bounds.items()}
        (folder / "stems.json").write_text(json.dumps(counts, ensure_ascii=False), "utf-8")
        np.save(folder / "rows.npy", self._rows, allow_pickle=False)

    def rows(self, stems: Iterable[str]) -> np.ndarray:
        """The rows that hold one of the stems, ascending; int32."""
        places = [self._bounds[stem] for stem in stems if stem in self._bounds]
        found = [self._rows[start:end] for start, end in places]
        if len(found) == 1:
            return found[0]
        return np.unique(np.concatenate([np.empty(0, dtype=np.int32), *found]))


class LexicalIndex:
    """BM25 over the passages, which of them hold a word, and which headings do.

    Rows are passages as in the vector index; those of ``headings`` headings as they came.
    """

    def __init__(self, bm25: Any, words: dict[str, int], rows: int, headings: Postings) -> None:
        self._bm25 = bm25
        self._words = words
        self._sorted_words = sorted(words)
        self._rows = rows
        self.headings = headings

    @classmethod
    def build(cls, texts: Iterable[str], headings: Iterable[str] = ()) -> LexicalIndex:
        """An index over the passages' texts; the same give the same bytes."""
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
        of_headings = Postings.build([t.stem for t in terms(heading)] for heading in headings)
        return cls(bm25, dict(words), len(ids), of_headings)

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """The index that ``save`` wrote."""
        import bm25s  # noqa: PLC0415

        stated = json.loads((folder / "words.json").read_text("utf-8"))
        bm25 = None
        if stated["words"]:
            bm25 = bm25s.BM25.load(folder, allow_pickle=False, show_progress=False)
        return cls(bm25, stated["words"], stated["rows"], Postings.open(folder / "headings"))

    def save(self, folder: Path) -> None:
        """Write the index into a folder of its own."""
        folder.mkdir()
        stated = json.dumps(
            {"rows": self._rows, "words": self._words}, ensure_ascii=False, sort_keys=True
        )
        (folder / "words.json").write_text(stated, "utf-8")
        self.headings.save(folder / "headings")
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

    def forms(self, term: Term) -> list[str]:
        """The stems under which the record knows the word, its own among them."""
        return sorted({term.stem} | {_stem(word) for word in self._forms(term.text)})

    def holding(self, stems: Iterable[str]) -> np.ndarray:
        """The passages that hold one of the stems, ascending."""
        found = [p for p in map(self._postings, stems) if p is not None]
        if len(found) == 1:
            return found[0]
        return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))

    def correct(self, question: str, is_word: Callable[[str], bool]) -> str:
        """The question with slips of the keyboard mended to words of the record.

        A word is left alone where the record knows it, where ``is_word`` says it is one, where
        it begins with a capital inside the question, holds a digit or is short, and where no
        word of the record is close enough.
        """
        left = _SPELLING_MOST_WORDS

        def mended(match: re.Match[str]) -> str:
            nonlocal left
            word = match[0]
            # A name that the record lacks is no slip for one that it holds.
            is_name = word[0].isupper() and match.start() > 0
            if is_name or word in self._words or left == 0 or is_word(word.lower()):
                return word
            left -= 1
            return self._closest(word.lower()) or word

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
