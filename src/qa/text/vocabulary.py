"""The words of a record: forms of a word, and repair of typos; the only user of rapidfuzz."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from qa.text.folding import searchable
from qa.text.terms import FUNCTION_WORDS, HAN, WORD, Term, stem

__all__ = ["Vocabulary"]

# Two words are forms of one ("grow", "growth"; "fast", "faster") where one begins the other
# and adds little. Snowball's stems miss these.
_FORM_MIN_CHARS = 4
_FORM_MOST_ADDED = 3
# A word the record does not know is a typo where a known one is this close
# (insertions, deletions, substitutions, neighbours swapped).
_SPELLING_MIN_CHARS = 4
_SPELLING_TWO_EDITS_CHARS = 8
# Each word looked up is compared with all words of the record.
_SPELLING_MOST_WORDS = 12


class Vocabulary:
    """The words of a record as they are compared (``searchable``), sorted, with their counts."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts
        self._words = list(counts)

    @classmethod
    def open(cls, path: Path) -> Vocabulary:
        """Read the vocabulary that ``save`` wrote."""
        return cls(json.loads(path.read_text("utf-8")))

    def save(self, path: Path) -> None:
        """Write the vocabulary to one file."""
        path.write_text(json.dumps(self._counts, ensure_ascii=False), "utf-8")

    def forms(self, term: Term) -> list[str]:
        """Return the stems of the word and of its forms in the record."""
        return sorted({term.stem} | {stem(word) for word in self._forms(term.text)})

    def correct(self, question: str, is_word: Callable[[str], bool]) -> str:
        """Return the question with typos repaired to words of the record.

        A word is left alone where the record knows it, where ``is_word`` says it is one, where
        it begins with a capital inside the question, holds a digit or is short, and where no
        word of the record is close enough.
        """
        left = _SPELLING_MOST_WORDS

        def repaired(match: re.Match[str]) -> str:
            nonlocal left
            written, word = match[0], searchable(match[0])
            # A name that the record lacks is no typo of one that it holds.
            is_name = written[0].isupper() and match.start() > 0
            if is_name or word in self._counts or left == 0 or is_word(word):
                return written
            left -= 1
            return self._closest(word) or written

        return WORD.sub(repaired, question)

    def _closest(self, word: str) -> str | None:
        known = word in self._counts or word in FUNCTION_WORDS
        if known or len(word) < _SPELLING_MIN_CHARS or not word.isalpha() or HAN.search(word):
            return None
        if self._forms(word):
            return None
        edits = 2 if len(word) >= _SPELLING_TWO_EDITS_CHARS else 1
        near = process.extract(
            word, self._words, scorer=OSA.distance, score_cutoff=edits, limit=None
        )
        likely = [
            (distance, -self._counts[other], other)
            for other, distance, _ in near
            if other[0] == word[0] and len(other) >= _SPELLING_MIN_CHARS
        ]
        return min(likely)[2] if likely else None

    def _forms(self, word: str) -> list[str]:
        """Return the words of the record that are other forms of ``word``."""
        if len(word) < _FORM_MIN_CHARS or not word.isalpha():
            return []
        start = bisect.bisect_left(self._words, word)
        end = bisect.bisect_left(self._words, word + chr(0x10FFFF))
        longer = [w for w in self._words[start:end] if _is_form(word, w)]
        shorter = [word[:n] for n in range(_FORM_MIN_CHARS, len(word)) if word[:n] in self._counts]
        return longer + [w for w in shorter if _is_form(w, word)]


def _is_form(shorter: str, longer: str) -> bool:
    return longer != shorter and len(longer) - len(shorter) <= _FORM_MOST_ADDED
