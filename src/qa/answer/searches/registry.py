"""A question becomes candidates: passages found by one of the searches."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator

import numpy as np

from qa.answer.features import FeatureExtractor, Features, ParsedQuestion
from qa.index.encoder import Encoder
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.sources.layouts.numbers import asked_numbers
from qa.text.language import is_known, language
from qa.text.question_dates import period, wants_latest
from qa.text.terms import terms

__all__ = ["SEARCHES", "Searches"]

SEARCHES = ("passages", "sentences", "words")
# Rows each search puts forward. Beyond some dozens the fused order no longer changes its head.
_DEPTH = 100
# A name or a number of the question: a capital that does not begin it, or digits.
_NAMED = re.compile(r"(?<!^)(?<![.?!:] )(?<![\"“'])\b[A-Z][\w’'-]*|\b[\d,.]*\d\b")


class Searches:
    """The searches over one snapshot: passage vectors, sentence vectors, words.

    Questions are searched too, but never come back: what stands for a question that was found
    is the passages of its answer. ``on`` names the searches that are made.
    """

    def __init__(
        self, snapshot: Snapshot, encoder: Encoder, on: Collection[str] = SEARCHES
    ) -> None:
        self._snapshot = snapshot
        self._encoder = encoder
        self._on = frozenset(on)
        self._weigher = FeatureExtractor(snapshot)

    def asked(self, question: str, today: datetime.date) -> ParsedQuestion:
        """The question as the searches take it."""
        lexical = self._snapshot.lexical
        spoken = terms(question)
        distinct = {t.stem: t for t in spoken if not t.is_about_the_record}
        named = {t.stem for name in _NAMED.findall(question) for t in terms(name)}
        return ParsedQuestion(
            text=question,
            vector=self._vector(question),
            terms=tuple(distinct.values()),
            weights=np.array([lexical.idf(stem) for stem in distinct]),
            named=np.array([stem in named for stem in distinct], dtype=bool),
            words=tuple(t.stem for t in spoken) if "words" in self._on else (),
            period=period(question, today),
            wants_latest=wants_latest(question),
            numbers=asked_numbers(question),
        )

    def rows(self, asked: ParsedQuestion, visible: Visible | None = None) -> np.ndarray:
        """Every passage one of the searches found, by row, ascending.

        ``visible`` passages only; the others are left out of every search.
        """
        snapshot = self._snapshot
        worded = snapshot.lexical.highest(asked.words, _DEPTH, visible)
        found = np.concatenate([worded, *self._alike(asked.vector, visible)])
        is_question = snapshot.passages.is_question[found]
        answers = self._weigher.answers(np.unique(found[is_question]))
        rows = np.unique(np.concatenate([found[~is_question], answers]))
        return rows if visible is None else rows[visible.rows[rows]]

    def evidence(
        self, asked: ParsedQuestion, visible: Visible | None = None, rows: np.ndarray | None = None
    ) -> Features:
        """All that speaks for each passage that was found, or for each of ``rows``."""
        rows = self.rows(asked, visible) if rows is None else rows
        return self._weigher.evidence(asked, rows, visible)

    def _vector(self, question: str) -> np.ndarray | None:
        """The question's vector; None where no search takes it or its language is not known."""
        known = self._snapshot.manifest["inputs"]["encoder"]["languages"]
        if not is_known(language(question), known) or self._on.isdisjoint(
            {"passages", "sentences"}
        ):
            return None
        vector: np.ndarray = self._encoder.encode_query([question])[0]
        return vector

    def _alike(self, vector: np.ndarray | None, visible: Visible | None) -> Iterator[np.ndarray]:
        """Rows found by their vectors, as far as these count."""
        snapshot = self._snapshot
        if vector is None:
            return
        if "passages" in self._on:
            found = snapshot.passage_vectors.nearest(vector, _DEPTH, visible)[0]
            yield found[self._weigher.has_vector(found)]
        if "sentences" in self._on:
            of_sentences = None
            if visible is not None:
                of_sentences = visible.spread(np.diff(snapshot.passages.sentence_starts))
            nearest = snapshot.sentence_vectors.nearest(vector, _DEPTH, of_sentences)[0]
            found = snapshot.passages.of_sentences(nearest)
            yield found[self._weigher.has_vector(found)]
