"""Which sentences of a passage answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from qa.answer.evidence import Asked
from qa.index.lexical import terms
from qa.index.snapshot import Snapshot
from qa.records import Hit, Quote, Span

__all__ = ["quotes"]

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


def quotes(snapshot: Snapshot, hit: Hit, asked: Asked) -> tuple[Quote, ...]:
    """The one to three neighbouring sentences of the hit's passage that answer best, whole.

    The stretch whose vectors, added up, are most like the question's, and which holds most of
    its words; with the sentence before it, where its first leans on that.
    """
    sentences = hit.passage.sentences
    said = hit.passage.sentence_texts
    start, end = snapshot.sentence_starts[hit.row : hit.row + 2]
    vectors = snapshot.sentence_vectors.vectors[start:end]
    weights = {t.stem: w for t, w in zip(asked.terms, asked.weights.tolist(), strict=True)}
    all_weight = sum(weights.values()) or 1.0
    words = [{t.stem for t in terms(text)} & weights.keys() for text in said]

    def score(stretch: range) -> float:
        inside = slice(stretch.start, stretch.stop)
        held = set[str]().union(*words[inside])
        coverage = float(sum(weights[stem] for stem in sorted(held))) / all_weight
        likeness = 0.0
        if asked.vector is not None:
            together = vectors[inside].sum(axis=0)
            likeness = float(together @ asked.vector / (np.linalg.norm(together) or 1.0))
        return likeness + _COVERAGE_WEIGHT * coverage - _COST_PER_SENTENCE * (len(stretch) - 1)

    best = max(_stretches(len(sentences)), key=score)
    if best.start and len(best) < _MOST and _LEANING.match(said[best.start]):
        best = range(best.start - 1, best.stop)
    return tuple(_quote(sentences[n], said[n]) for n in best)


def _stretches(count: int) -> Iterator[range]:
    """Every stretch of one to three neighbours; of equals, the first and shortest leads."""
    for start in range(count):
        for end in range(start + 1, min(start + _MOST, count) + 1):
            yield range(start, end)


def _quote(span: Span, text: str) -> Quote:
    return Quote(text, span.start, span.end)
