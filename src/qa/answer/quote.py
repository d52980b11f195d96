"""Which sentence of a passage answers."""

from __future__ import annotations

import numpy as np

from qa.answer.retrieve import Searches
from qa.index.lexical import terms
from qa.index.snapshot import Snapshot
from qa.records import Hit, Quote

__all__ = ["quotes"]

# What sharing all of the question's words adds to a sentence's cosine. Vectors lead; words
# decide between sentences that are about equally like the question.
_COVERAGE_WEIGHT = 0.3


def quotes(
    snapshot: Snapshot, searches: Searches, hit: Hit, question: str, vector: np.ndarray
) -> tuple[Quote, ...]:
    """The sentence of the hit's passage that answers best, whole."""
    passage = hit.passage
    text = snapshot.documents[passage.document].text
    weights = {term.stem: snapshot.lexical.idf(term.stem) for term in terms(question)}
    all_weight = sum(weights.values()) or 1.0
    covered = np.array(
        [
            sum(weights.get(stem, 0.0) for stem in {t.stem for t in terms(span.of(text))})
            for span in passage.sentences
        ]
    )
    scores = searches.sentence_cosines(hit.row, vector) + _COVERAGE_WEIGHT * covered / all_weight
    best = passage.sentences[int(np.argmax(scores))]
    return (Quote(best.of(text), best.start, best.end),)
