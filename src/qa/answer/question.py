"""A question as the searches and the features use it: words, vector, period, numbers."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

import numpy as np

from qa.index.encoder import Encoder
from qa.index.snapshot import Snapshot
from qa.sources.layouts.numbers import asked_numbers
from qa.text.folding import without_breaks
from qa.text.language import is_known, language
from qa.text.question_dates import Period, period, wants_latest
from qa.text.terms import Term, terms

__all__ = ["NAME_OR_NUMBER", "ParsedQuestion", "QuestionParser"]

# A name or a number of the question: a capital that does not begin it, or digits.
NAME_OR_NUMBER = re.compile(r"(?<!^)(?<![.?!:] )(?<![\"“'])\b[A-Z][\w’'-]*|\b[\d,.]*\d\b")


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question with all that is compared with passages.

    ``text`` has its typos mended. ``vector`` is None where the encoder does not know the language
    or no search uses it. ``terms`` are the words without repetition; ``weights`` their inverse
    document frequencies; ``is_named`` says which belong to a name or a number. ``stems`` are those
    of all its words in order, for BM25. ``numbers`` are those of written questions.
    """

    text: str
    vector: np.ndarray | None
    terms: tuple[Term, ...]
    weights: np.ndarray
    is_named: np.ndarray
    stems: tuple[str, ...]
    period: Period | None
    wants_latest: bool
    numbers: tuple[str, ...] = ()

    @property
    def known_vector(self) -> np.ndarray:
        """The vector, for searches that are not asked without one."""
        if self.vector is None:
            raise ValueError(f"The question {self.text!r} has no vector.")
        return self.vector


class QuestionParser:
    """Parses questions to one snapshot."""

    def __init__(self, snapshot: Snapshot, encoder: Encoder, *, needs_vector: bool) -> None:
        self._lexical = snapshot.lexical
        self._encoder = encoder
        self._languages = snapshot.manifest["inputs"]["encoder"]["languages"]
        self._needs_vector = needs_vector

    def parse(self, question: str, today: datetime.date) -> ParsedQuestion:
        """Return the question, its typos mended; "last year" counts from ``today``."""
        plain = " ".join(without_breaks(question).split())
        text = self._lexical.correct(plain, self._is_word)
        words = terms(text)
        distinct = {t.stem: t for t in words if not t.is_about_the_record}
        named = {t.stem for name in NAME_OR_NUMBER.findall(text) for t in terms(name)}
        return ParsedQuestion(
            text=text,
            vector=self._vector(text),
            terms=tuple(distinct.values()),
            weights=np.array([self._lexical.idf(stem) for stem in distinct]),
            is_named=np.array([stem in named for stem in distinct], dtype=bool),
            stems=tuple(t.stem for t in words),
            period=period(text, today),
            wants_latest=wants_latest(text),
            numbers=asked_numbers(text),
        )

    def _is_word(self, word: str) -> bool:
        """Tell if a word is of the language, and no typo: then it is one token to the encoder."""
        return self._encoder.count_tokens(word) == 1

    def _vector(self, text: str) -> np.ndarray | None:
        if not self._needs_vector or not is_known(language(text), self._languages):
            return None
        vector: np.ndarray = self._encoder.encode_query([text])[0]
        return vector
