"""The reranker rescores the best hits, and its scores join those of the features.

Only hits that can change the outcome are rescored: those not far behind the best, and none where
no hit can be an answer. How much the reranker counts is in ``coefficients.json`` (``reranker``),
fitted on questions that the reranker was not fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.answer.quotes import likely_stretch
from qa.answer.ranking import coefficients, is_few, newest_first
from qa.answer.reranker import PairScores, Reranker, Window
from qa.answer.window import WINDOW_CHARS, context_of, window_around
from qa.index.snapshot import Snapshot
from qa.records import Hit, Passage, Span
from qa.text.language import is_known, script_language

__all__ = ["Rescored", "join_features", "joined", "rescore", "to_rescore", "window_scores"]

# Confidences are kept this far from 0 and 1 before their logit is taken.
_LEAST_CONFIDENCE = 1e-4


@dataclass(frozen=True, slots=True)
class Rescored:
    """A hit with the reranker's scores; ``sentences`` are those of its passage in the window."""

    hit: Hit
    sentences: range
    scores: PairScores

    @property
    def sentence_scores(self) -> dict[int, float]:
        """The score of each sentence in the window, by number; empty where there are none."""
        return dict(zip(self.sentences, self.scores.sentences, strict=False))


def rescore(
    snapshot: Snapshot, reranker: Reranker, question: ParsedQuestion, hits: Sequence[Hit]
) -> tuple[list[Hit], dict[int, Rescored]]:
    """Return the hits in their new order, best first, and those that were rescored, by row."""
    rescored = window_scores(snapshot, reranker, question, to_rescore(reranker, hits))
    return joined(snapshot, hits, rescored), {r.hit.row: r for r in rescored}


def to_rescore(reranker: Reranker, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits that may turn out to be the answer; none of few, where it was not fitted."""
    if reranker.most_hits is not None:
        return [*hits[: reranker.most_hits]]
    reach = coefficients()["reranker"]["reach"]
    if is_few(len(hits)) or max(hit.confidence for hit in hits) < reach["least_confidence"]:
        return []
    return [hit for hit in hits[: reach["hits"]] if hit.score >= hits[0].score - reach["behind"]]


def window_scores(
    snapshot: Snapshot, reranker: Reranker, question: ParsedQuestion, hits: Sequence[Hit]
) -> list[Rescored]:
    """Return the hits with the reranker's scores.

    None where the question or one hit is in a language the reranker does not know: the scores
    of the others could not be compared with that hit's.
    """
    languages = [script_language(question.text)]
    languages += [snapshot.documents[hit.document].language for hit in hits]
    if not hits or not all(is_known(language, reranker.languages) for language in languages):
        return []
    windows = [(hit, *best_window(snapshot, hit.row, question)) for hit in hits]
    scores = reranker.score(question.text, [window for *_, window in windows])
    return [
        Rescored(hit, sentences, of_window)
        for (hit, sentences, _), of_window in zip(windows, scores, strict=True)
    ]


def best_window(snapshot: Snapshot, row: int, question: ParsedQuestion) -> tuple[range, Window]:
    """Return the sentences of a passage most like an answer, with those around them that fit."""
    passage = snapshot.passages[row]
    document = snapshot.documents[passage.document]
    best = likely_stretch(snapshot, row, passage, question)
    sentences = window_around(passage.sentences, best)
    return sentences, _window(passage, sentences, document.text, document.title)


def _window(passage: Passage, sentences: range, text: str, title: str) -> Window:
    spans = [passage.sentences[n] for n in sentences]
    begin = spans[0].start
    end = min(spans[-1].end, begin + WINDOW_CHARS)
    return Window(
        context=context_of(passage.asked.of(text) if passage.asked else "", title),
        text=Span(begin, end).of(text),
        sentences=tuple((s.start - begin, min(s.end, end) - begin) for s in spans),
    )


def joined(snapshot: Snapshot, hits: Sequence[Hit], rescored: Sequence[Rescored]) -> list[Hit]:
    """Return the rescored hits, best first, then the others in their old order."""
    if not rescored:
        return [*hits]
    rows = {r.hit.row for r in rescored}
    others = [hit for hit in hits if hit.row not in rows]
    if rescored[0].scores.answer is None:
        return [*_reordered(rescored), *others]
    first = _joined_scores(rescored)
    last = first[-1]
    behind = last.score - min(r.hit.score for r in rescored)
    rest = [
        replace(
            hit,
            score=min(last.score, hit.score + behind),
            confidence=min(last.confidence, hit.confidence),
            is_answer=hit.is_answer and last.is_answer,
        )
        for hit in others
    ]
    return newest_first(snapshot, [*first, *rest])


def _joined_scores(rescored: Sequence[Rescored]) -> list[Hit]:
    """Return the hits with the scores and confidences of both stages, best first."""
    weights = coefficients()["reranker"]
    scores = _scores(rescored, weights["order"])
    known = join_features(rescored)
    logits = sum(
        (w * known[name] for name, w in weights["confidence"].items()), np.zeros(len(scores))
    )
    confidences = 1 / (1 + np.exp(-logits))
    hits = [
        replace(r.hit, score=s, confidence=c, is_answer=c >= weights["answer_floor"])
        for r, s, c in zip(rescored, scores.tolist(), confidences.tolist(), strict=True)
    ]
    return sorted(hits, key=lambda hit: -hit.score)


def join_features(rescored: Sequence[Rescored]) -> dict[str, np.ndarray]:
    """Return all that the confidence of rescored hits is computed from; each of shape (hits,).

    ``before`` is the logit of the confidence before, ``reranker`` its logit of answering.
    """
    before = np.clip([r.hit.confidence for r in rescored], _LEAST_CONFIDENCE, 1 - _LEAST_CONFIDENCE)
    return {
        "intercept": np.ones(len(rescored)),
        "before": np.log(before / (1 - before)),
        "reranker": np.array([r.scores.answer for r in rescored], dtype=float),
    }


def _scores(rescored: Sequence[Rescored], weights: Mapping[str, float]) -> np.ndarray:
    """Return scores of both stages; a difference is the log of how much likelier one answers."""
    before = np.array([r.hit.score for r in rescored])
    order = np.array([r.scores.order for r in rescored])
    scores: np.ndarray = weights["before"] * before + weights["reranker"] * order
    return scores


def _reordered(rescored: Sequence[Rescored]) -> list[Hit]:
    """Return the hits in the reranker's order; scores stay with the ranks, so that they fall."""
    best_first = sorted(rescored, key=lambda r: -r.scores.order)
    falling = sorted((r.hit.score for r in rescored), reverse=True)
    return [replace(r.hit, score=score) for r, score in zip(best_first, falling, strict=True)]
