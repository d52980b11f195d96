"""The sentences of a passage that answer."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.answer.ranking import coefficients
from qa.index.snapshot import Snapshot
from qa.records import Passage, Quote, Span
from qa.sources.layouts.numbers import asks_by_number
from qa.text.dates import dates_of_heading
from qa.text.terms import terms

__all__ = [
    "best_scored_stretch",
    "likely_stretch",
    "question_and_reply",
    "quotes",
    "with_number",
]

# Sentences marked at most: an answer is often two or three, more would mark half the passage.
_MOST = 3
# What holding all of the question's words adds to a stretch's cosine, and what every sentence
# after its first takes away, so that a stretch grows only by what answers too. Set by hand on
# press conferences: marking longer stretches finds more of the answer and points less.
_COVERAGE_WEIGHT = 0.3
_COST_PER_SENTENCE = 0.03
# Of a question and of its reply, so much is quoted.
_QUOTED_CHARS = 600
_CODE = re.compile(r"[\[(]?(?:PQ |UIN )?[A-Z]{0,3}[\d/-]{1,12}[A-Z]?[\])]?")
_REPLY = re.compile(
    r"\W*(?:reply|answer|response|r[eé]ponse|respuesta|resposta|risposta|antwort|答[复復覆]?)\b",
    re.IGNORECASE,
)
# A sentence that begins so depends on the one before it ("So they decided ...").
_CONTEXT_DEPENDENT = re.compile(
    r"\W*(?:(?:so|and|but|or|well|because|then)\W+)*"
    r"(?:this|that|these|those|it|its|they|them|their|he|his|she|her|such)\b|[他她它]们?|这|這|那|其",
    re.IGNORECASE,
)


def quotes(
    snapshot: Snapshot,
    row: int,
    passage: Passage,
    question: ParsedQuestion,
    scores: Mapping[int, float] | None = None,
) -> tuple[Quote, ...]:
    """Return the one to three neighbouring sentences of the passage that answer best, whole.

    ``scores`` are the reranker's of the sentences that it scored, by number. Without them the
    stretch is chosen whose vectors, added up, are most like the question's, and which holds most
    of its words. Either comes with the sentence before, where its first depends on that.
    """
    if scores:
        best = best_scored_stretch(scores, **coefficients()["reranker"]["quote"])
    else:
        best = likely_stretch(snapshot, row, passage, question)
    texts = passage.sentence_texts
    if best.start and len(best) < _MOST and _CONTEXT_DEPENDENT.match(texts[best.start]):
        best = range(best.start - 1, best.stop)
    return passage.quotes(best)


def question_and_reply(passage: Passage) -> tuple[Quote, ...]:
    """Return the question and the reply in a passage, each from its beginning."""
    texts = passage.sentence_texts
    # A page's head and the office's code are no part of either.
    others = {n for n, text in enumerate(texts) if _CODE.fullmatch(text) or dates_of_heading(text)}
    reply = next((n for n, text in enumerate(texts) if n and _REPLY.match(text)), len(texts))
    if len(others) == len(texts):
        others = set()
    numbers = [*_first(passage.sentences, 0, reply), *_first(passage.sentences, reply, len(texts))]
    return passage.quotes(n for n in numbers if n not in others)


def with_number(passage: Passage, question: ParsedQuestion) -> tuple[Quote, ...]:
    """Return the sentences of a passage with the number asked for; none where none is."""
    if not asks_by_number(question.text):
        return ()
    return passage.quotes(
        n
        for n, text in enumerate(passage.sentence_texts)
        if any(number in text.upper() for number in question.numbers)
    )


def likely_stretch(
    snapshot: Snapshot, row: int, passage: Passage, question: ParsedQuestion
) -> range:
    """Return the numbers of the one to three neighbouring sentences most like an answer."""
    texts = passage.sentence_texts
    start, end = snapshot.passages.sentence_starts[row : row + 2]
    vectors = snapshot.sentence_vectors.vectors(np.arange(start, end))
    weights = {t.stem: w for t, w in zip(question.terms, question.weights.tolist(), strict=True)}
    all_weight = sum(weights.values()) or 1.0
    words = [{t.stem for t in terms(text)} & weights.keys() for text in texts]
    likenesses = _likenesses(vectors, question.vector)

    def score(stretch: range) -> float:
        inside = slice(stretch.start, stretch.stop)
        held = set[str]().union(*words[inside])
        coverage = float(sum(weights[stem] for stem in sorted(held))) / all_weight
        longer = _COST_PER_SENTENCE * (len(stretch) - 1)
        return likenesses[stretch] + _COVERAGE_WEIGHT * coverage - longer

    return max(_stretches(len(texts)), key=score)


def best_scored_stretch(scores: Mapping[int, float], behind: float, least: float) -> range:
    """Return the numbers of the best sentence and of neighbours that score nearly as high.

    Their scores are at most ``behind`` below the best and not below ``least``.
    """
    best = max(scores, key=lambda number: scores[number])
    first, last = best, best
    while last - first + 1 < _MOST:
        beside = {n: scores[n] for n in (first - 1, last + 1) if n in scores}
        near = max(beside, key=lambda number: beside[number], default=None)
        if near is None or beside[near] < max(scores[best] - behind, least):
            break
        first, last = min(first, near), max(last, near)
    return range(first, last + 1)


def _likenesses(vectors: np.ndarray, vector: np.ndarray | None) -> dict[range, float]:
    """Return the cosine of every stretch, its sentences' vectors added up; 0 without a vector."""
    if vector is None:
        return dict.fromkeys(_stretches(len(vectors)), 0.0)
    cosines = (vectors @ vector).tolist()
    products = (vectors @ vectors.T).tolist()
    likenesses: dict[range, float] = {}
    for stretch in _stretches(len(vectors)):
        length = math.sqrt(max(0.0, sum(products[i][j] for i in stretch for j in stretch)))
        likenesses[stretch] = sum(cosines[i] for i in stretch) / (length or 1.0)
    return likenesses


def _stretches(count: int) -> Iterator[range]:
    """Yield every stretch of one to three neighbours; of equals, the first and shortest leads."""
    for start in range(count):
        for end in range(start + 1, min(start + _MOST, count) + 1):
            yield range(start, end)


def _first(sentences: Sequence[Span], start: int, end: int) -> Iterator[int]:
    """Yield the numbers of the first sentences of a stretch that may be quoted together."""
    for n in range(start, end):
        if n == start or sentences[n].end - sentences[start].start <= _QUOTED_CHARS:
            yield n
