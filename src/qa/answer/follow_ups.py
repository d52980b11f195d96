"""The hits of a follow-up: what answers it often stands where the question before was answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.answer import ranking
from qa.answer.features import Features, ParsedQuestion
from qa.answer.searches.registry import Searches
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Hit

__all__ = ["follow_up_features", "follow_up_hits"]

# What answered the question before is taken to be among this many of its hits.
_BEFORE = 20
# Around the first of those, passages of the same document are candidates, up to so many rows on.
_AROUND = 5
_REACH = 100
# So many passages on, being near counts e times less.
_NEAR = 3


def follow_up_hits(  # noqa: PLR0913, PLR0917 - the question in its two readings
    snapshot: Snapshot,
    searches: Searches,
    alone: ParsedQuestion,
    both: ParsedQuestion,
    before: Sequence[Hit],
    own_words: float,
    visible: Visible | None,
) -> list[Hit]:
    """Hits of a question that leans on the one before it.

    ``alone`` is the question as it stands, ``both`` with the one before it in front, whose hits
    are ``before``. Either reading may tell that a passage answers; that with both only where
    the passage and what is around it hold at least ``own_words`` (a share) of the question's
    own words, so that the question before is not answered again in the place of another.
    """
    evidence, columns = follow_up_features(snapshot, searches, alone, before, visible)
    weights = ranking.coefficients()["follow_up"]
    scored = sum((weights[name] * columns[name] for name in weights), np.zeros(len(evidence.rows)))
    together = searches.evidence(both, visible, evidence.rows)
    likely = [ranking.confidences(e, ranking.scores(e)) for e in (evidence, together)]
    speaks = (evidence.columns["near_coverage"] >= own_words) | (not alone.terms)
    either = np.where(speaks, np.maximum(*likely), likely[0])
    return ranking.ordered(snapshot, evidence, scored, either)


def follow_up_features(
    snapshot: Snapshot,
    searches: Searches,
    alone: ParsedQuestion,
    before: Sequence[Hit],
    visible: Visible | None,
) -> tuple[Features, dict[str, np.ndarray]]:
    """The evidence of the candidates, and what orders them.

    ``alone`` is the score of the question as it stands; ``document`` is how likely the question
    before it was answered in that document, ``near`` how likely in that passage or, the less the
    farther, near it; both in [0, 1].
    """
    likely_before = _shares(before[:_BEFORE])
    around = [row for hit, _ in likely_before[:_AROUND] for row in _around(snapshot, hit, visible)]
    found = [searches.rows(alone, visible), np.array(around, dtype=np.int64)]
    evidence = searches.evidence(alone, visible, np.unique(np.concatenate(found)))
    rows = evidence.rows
    document, near = np.zeros(len(rows)), np.zeros(len(rows))
    for hit, share in likely_before:
        of_document = snapshot.documents.rows(hit.document)
        inside = (rows >= of_document.start) & (rows < of_document.stop)
        document[inside] += share
        near[inside] += share * np.exp(-np.abs(rows[inside] - hit.row) / _NEAR)
    return evidence, {"alone": ranking.scores(evidence), "document": document, "near": near}


def _shares(before: Sequence[Hit]) -> list[tuple[Hit, float]]:
    """Each hit with how likely it is the one that answered, if one of them did."""
    odds = np.exp([hit.score - before[0].score for hit in before])
    return [(hit, float(share)) for hit, share in zip(before, odds / odds.sum(), strict=True)]


def _around(snapshot: Snapshot, hit: Hit, visible: Visible | None) -> list[int]:
    """Rows of answers and statements near the hit, in its document."""
    rows = snapshot.documents.rows(hit.document)
    near = range(max(rows.start, hit.row - _REACH), min(rows.stop, hit.row + _REACH + 1))
    is_question = snapshot.passages.is_question
    return [r for r in near if not is_question[r] and (visible is None or visible.rows[r])]
