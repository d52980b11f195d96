"""Which sentences of a passage answer."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

import numpy as np

from qa.answer.features import ParsedQuestion
from qa.answer.ranking import coefficients
from qa.index.snapshot import Snapshot
from qa.records import Passage, Quote, Span
from qa.text.terms import terms

__all__ = ["likely_stretch", "quotes", "told_stretch"]

# Sentences marked at most: an answer is often two or three, more would mark half the passage.
_MOST = 3
# What holding all of the question's words adds to a stretch's cosine, and what every sentence
# after its first takes away, so that a stretch grows only by what answers too. Set by hand on
# press conferences: marking longer stretches finds more of the answer and points less.
_COVERAGE_WEIGHT = 0.3
_COST_PER_SENTENCE = 0.03
# A sentence that begins so leans on the one before it ("So they decided ...").
_LEANING = re.compile(
    r"\W*(?:(?:so|and|but|or|well|because|then)\W+)*"
    r"(?:this|that|these|those|it|its|they|them|their|he|his|she|her|such)\b|[他她它]们?|这|這|那|其",
    re.IGNORECASE,
)


def quotes(
    snapshot: Snapshot,
    row: int,
    passage: Passage,
    asked: ParsedQuestion,
    told: Mapping[int, float] | None = None,
) -> tuple[Quote, ...]:
    """The one to three neighbouring sentences of the passage in a row that answer best, whole.

    ``told`` are the logits that a reader gave the sentences it read, by number. Without them,
    the stretch whose vectors, added up, are most like the question's, and which holds most of
    its words. Either with the sentence before it, where its first leans on that.
    """
    if told:
        best = told_stretch(told, **coefficients()["reader"]["quote"])
    else:
        best = likely_stretch(snapshot, row, passage, asked)
    said = passage.sentence_texts
    if best.start and len(best) < _MOST and _LEANING.match(said[best.start]):
        best = range(best.start - 1, best.stop)
    return tuple(_quote(passage.sentences[n], said[n]) for n in best)


def likely_stretch(snapshot: Snapshot, row: int, passage: Passage, asked: ParsedQuestion) -> range:
    """The one to three neighbouring sentences that are most like an answer, by number."""
    said = passage.sentence_texts
    start, end = snapshot.passages.sentence_starts[row : row + 2]
    vectors = snapshot.sentence_vectors.vectors(np.arange(start, end))
    weights = {t.stem: w for t, w in zip(asked.terms, asked.weights.tolist(), strict=True)}
    all_weight = sum(weights.values()) or 1.0
    words = [{t.stem for t in terms(text)} & weights.keys() for text in said]
    likenesses = _likenesses(vectors, asked.vector)

    def score(stretch: range) -> float:
        inside = slice(stretch.start, stretch.stop)
        held = set[str]().union(*words[inside])
        coverage = float(sum(weights[stem] for stem in sorted(held))) / all_weight
        longer = _COST_PER_SENTENCE * (len(stretch) - 1)
        return likenesses[stretch] + _COVERAGE_WEIGHT * coverage - longer

    return max(_stretches(len(said)), key=score)


def told_stretch(told: Mapping[int, float], behind: float, least: float) -> range:
    """The likeliest sentence, and the neighbours of which nearly as much is told.

    Their logits are at most ``behind`` below the best and not below ``least``.
    """
    best = max(told, key=lambda number: told[number])
    first, last = best, best
    while last - first + 1 < _MOST:
        beside = {n: told[n] for n in (first - 1, last + 1) if n in told}
        near = max(beside, key=lambda number: beside[number], default=None)
        if near is None or beside[near] < max(told[best] - behind, least):
            break
        first, last = min(first, near), max(last, near)
    return range(first, last + 1)


def _likenesses(vectors: np.ndarray, vector: np.ndarray | None) -> dict[range, float]:
    """The cosine of every stretch, its sentences' vectors added up; 0 without a vector."""
    if vector is None:
        return dict.fromkeys(_stretches(len(vectors)), 0.0)
    cosines = (vectors @ vector).tolist()
    products = (vectors @ vectors.T).tolist()
    found: dict[range, float] = {}
    for stretch in _stretches(len(vectors)):
        length = math.sqrt(max(0.0, sum(products[i][j] for i in stretch for j in stretch)))
        found[stretch] = sum(cosines[i] for i in stretch) / (length or 1.0)
    return found


def _stretches(count: int) -> Iterator[range]:
    """Every stretch of one to three neighbours; of equals, the first and shortest leads."""
    for start in range(count):
        for end in range(start + 1, min(start + _MOST, count) + 1):
            yield range(start, end)


def _quote(span: Span, text: str) -> Quote:
    return Quote(text, span.start, span.end)
