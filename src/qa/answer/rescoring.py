"""The best hits are read, and what the reader tells joins what spoke for them.

Only what can change the outcome is read: hits not far behind the best, and none where the best
is no answer in any case. How much the reader's word counts is in ``coefficients.json``
(``reader``), fitted on questions that it was not fitted on itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa.answer.features import ParsedQuestion
from qa.answer.quotes import likely_stretch
from qa.answer.ranking import coefficients, is_few, newest_first
from qa.answer.reranker import Reading, Reranker, Window
from qa.answer.window import WINDOW_CHARS, context_of, window
from qa.index.snapshot import Snapshot
from qa.records import Hit, Passage, Span
from qa.text.language import is_known, script_language

__all__ = ["Read", "features", "joined", "read", "to_read"]


@dataclass(frozen=True, slots=True)
class Read:
    """A hit that was read: the sentences of its passage that were, by number, and what of them."""

    hit: Hit
    sentences: range
    reading: Reading


def read(
    snapshot: Snapshot, reader: Reranker, asked: ParsedQuestion, hits: Sequence[Hit]
) -> tuple[list[Hit], dict[int, Read]]:
    """The hits as the reader orders them, best first, and those that were read, by row."""
    found = readings(snapshot, reader, asked, to_read(reader, hits))
    return joined(snapshot, hits, found), {one.hit.row: one for one in found}


def to_read(reader: Reranker, hits: Sequence[Hit]) -> list[Hit]:
    """The hits that may turn out to be the answer; none of few, for which it was not fitted."""
    if reader.reads is not None:
        return [*hits[: reader.reads]]
    most = coefficients()["reader"]["read"]
    if is_few(len(hits)) or max(hit.confidence for hit in hits) < most["least_confidence"]:
        return []
    return [hit for hit in hits[: most["hits"]] if hit.score >= hits[0].score - most["behind"]]


def readings(
    snapshot: Snapshot, reader: Reranker, asked: ParsedQuestion, hits: Sequence[Hit]
) -> list[Read]:
    """What the reader tells of the hits; nothing where one is in a language it does not know.

    What was read could not be compared with that one.
    """
    written = [script_language(asked.text)]
    written += [snapshot.documents[hit.document].language for hit in hits]
    if not hits or not all(is_known(language, reader.languages) for language in written):
        return []
    shown = [(hit, *seen(snapshot, hit.row, asked)) for hit in hits]
    told = reader.read(asked.text, [window for *_, window in shown])
    return [
        Read(hit, sentences, reading)
        for (hit, sentences, _), reading in zip(shown, told, strict=True)
    ]


def seen(snapshot: Snapshot, row: int, asked: ParsedQuestion) -> tuple[range, Window]:
    """What is read of a passage: the sentences most like an answer, and those around them."""
    passage = snapshot.passages[row]
    document = snapshot.documents[passage.document]
    best = likely_stretch(snapshot, row, passage, asked)
    sentences = window(passage.sentences, best)
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


def joined(snapshot: Snapshot, hits: Sequence[Hit], read: Sequence[Read]) -> list[Hit]:
    """The hits in the order of both stages; those that were not read follow in their old one."""
    if not read:
        return [*hits]
    if read[0].reading.answers is None:
        return _reordered(hits, read)
    stated = coefficients()["reader"]
    scores = _scores(read, stated["order"])
    weights, floor = stated["confidence"], stated["answer_floor"]
    known = features(read)
    logits = sum((weights[name] * known[name] for name in weights), np.zeros(len(read)))
    confidences = 1 / (1 + np.exp(-logits))
    told = [
        replace(one.hit, score=score, confidence=confidence, is_answer=confidence >= floor)
        for one, score, confidence in zip(read, scores.tolist(), confidences.tolist(), strict=True)
    ]
    told.sort(key=lambda hit: -hit.score)
    were_read = {one.hit.row for one in read}
    last = told[-1]
    behind = last.score - min(one.hit.score for one in read)
    rest = [
        replace(
            hit,
            score=min(last.score, hit.score + behind),
            confidence=min(last.confidence, hit.confidence),
            is_answer=hit.is_answer and last.is_answer,
        )
        for hit in hits
        if hit.row not in were_read
    ]
    return newest_first(snapshot, [*told, *rest])


def features(read: Sequence[Read]) -> dict[str, np.ndarray]:
    """What tells whether a hit that was read answers; each of shape (hits,).

    ``before`` is the logit of its confidence before it was read, ``answers`` what the reader says.
    """
    before = np.clip([one.hit.confidence for one in read], 1e-4, 1 - 1e-4)
    return {
        "intercept": np.ones(len(read)),
        "before": np.log(before / (1 - before)),
        "answers": np.array([one.reading.answers for one in read], dtype=float),
    }


def _scores(read: Sequence[Read], weights: Mapping[str, float]) -> np.ndarray:
    """What orders the hits; a difference is the logarithm of how much likelier the one answers."""
    before = np.array([one.hit.score for one in read])
    leads = np.array([one.reading.leads for one in read])
    scores: np.ndarray = weights["before"] * before + weights["leads"] * leads
    return scores


def _reordered(hits: Sequence[Hit], read: Sequence[Read]) -> list[Hit]:
    """The hits by the one number that is told; scores stay with the ranks, so that they fall."""
    told = sorted(read, key=lambda one: -one.reading.leads)
    falling = sorted((one.hit.score for one in read), reverse=True)
    first = [replace(one.hit, score=score) for one, score in zip(told, falling, strict=True)]
    were_read = {one.hit.row for one in read}
    return [*first, *(hit for hit in hits if hit.row not in were_read)]
