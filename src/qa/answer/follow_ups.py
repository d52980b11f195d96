"""Follow-ups: their answer often stands where the question before was answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.answer import ranking
from qa.answer.features import FeatureExtractor, Features
from qa.answer.question import ParsedQuestion
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Hit

__all__ = ["follow_up_features", "follow_up_hits"]

# The answer to the question before is taken to be among this many of its hits.
_BEFORE = 20
# Around the first of those, passages of the same document are candidates, up to so many rows on.
_AROUND = 5
_REACH = 100
# So many passages on, being near counts e times less.
_NEAR = 3


def follow_up_hits(  # noqa: PLR0913, PLR0917 - the question in its two readings
    extractor: FeatureExtractor,
    alone: ParsedQuestion,
    both: ParsedQuestion,
    before: Sequence[Hit],
    own_words: float,
    visible: Visible | None,
) -> list[Hit]:
    """Return the hits of a question that depends on the one before it, best first.

    ``alone`` is the question as it stands, ``both`` with the one before it in front, whose hits
    are ``before``. A passage may answer in either reading; with both only where the passage and
    its surroundings hold at least the share ``own_words`` of the question's own words, so that
    the question before is not answered again in the place of another.
    """
    features, columns = follow_up_features(extractor, alone, before, visible)
    weights = ranking.coefficients()["follow_up"]
    scored = sum((weights[name] * columns[name] for name in weights), np.zeros(len(features.rows)))
    together = extractor.features(both, visible, features.rows)
    by_alone, by_both = (ranking.confidences(f, ranking.scores(f)) for f in (features, together))
    has_own_words = (features.columns["near_coverage"] >= own_words) | (not alone.terms)
    confidences = np.where(has_own_words, np.maximum(by_alone, by_both), by_alone)
    return ranking.ordered(extractor.snapshot, features, scored, confidences)


def follow_up_features(
    extractor: FeatureExtractor,
    alone: ParsedQuestion,
    before: Sequence[Hit],
    visible: Visible | None,
) -> tuple[Features, dict[str, np.ndarray]]:
    """Return the features of the candidates, and those that order them.

    ``alone`` is the score of the question as it stands; ``document`` is how likely the question
    before it was answered in that document, ``near`` how likely in that passage or, the less the
    farther, near it; both in [0, 1].
    """
    snapshot = extractor.snapshot
    shares = _shares(before[:_BEFORE])
    around = [row for hit, _ in shares[:_AROUND] for row in _around(snapshot, hit, visible)]
    candidates = [extractor.candidates(alone, visible), np.array(around, dtype=np.int64)]
    features = extractor.features(alone, visible, np.unique(np.concatenate(candidates)))
    rows = features.rows
    document, near = np.zeros(len(rows)), np.zeros(len(rows))
    for hit, share in shares:
        of_document = snapshot.documents.rows(hit.document)
        inside = (rows >= of_document.start) & (rows < of_document.stop)
        document[inside] += share
        near[inside] += share * np.exp(-np.abs(rows[inside] - hit.row) / _NEAR)
    return features, {"alone": ranking.scores(features), "document": document, "near": near}


def _shares(before: Sequence[Hit]) -> list[tuple[Hit, float]]:
    """Return each hit with how likely it is the one that answered, if one of them did."""
    odds = np.exp([hit.score - before[0].score for hit in before])
    return [(hit, float(share)) for hit, share in zip(before, odds / odds.sum(), strict=True)]


def _around(snapshot: Snapshot, hit: Hit, visible: Visible | None) -> list[int]:
    """Return the rows of visible answers and statements near the hit, in its document."""
    rows = snapshot.documents.rows(hit.document)
    near = range(max(rows.start, hit.row - _REACH), min(rows.stop, hit.row + _REACH + 1))
    is_question = snapshot.passages.is_question
    return [r for r in near if not is_question[r] and (visible is None or visible.rows[r])]
