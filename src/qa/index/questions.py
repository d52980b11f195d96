"""Questions recorded in the documents, and the passages that answer them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from qa.records import Passage, Span
from qa.text.terms import terms

__all__ = ["answered_pairs", "readable_questions"]

_CHARS = 200
# A question with fewer content words depends on its context.
_LEAST_TERMS = 4


def answered_pairs(passages: Sequence[Passage]) -> np.ndarray:
    """Return rows of questions and of the passages that answer them.

    int32, shape (2, pairs); ascending by question, then by answer.
    """
    answers: dict[tuple[str, Span], list[int]] = defaultdict(list)
    spans: dict[str, list[Span]] = defaultdict(list)
    for row, passage in enumerate(passages):
        if passage.asked:
            key = passage.document, passage.asked
            if key not in answers:
                spans[passage.document].append(passage.asked)
            answers[key].append(row)
    pairs = [
        (row, answer)
        for row, passage in enumerate(passages)
        if passage.role == "question"
        for span in spans[passage.document]
        if span.start < passage.span.end and passage.span.start < span.end
        for answer in answers[passage.document, span]
    ]
    return np.ascontiguousarray(np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2).T)


def readable_questions(passages: Sequence[Passage]) -> np.ndarray:
    """Return the rows of sentences that are questions complete in themselves."""
    return np.fromiter(_readable(passages), dtype=np.int64)


def _readable(passages: Sequence[Passage]) -> Iterator[int]:
    row = 0
    for passage in passages:
        if passage.role == "question":
            for number, text in enumerate(passage.sentence_texts):
                if text[-1] in "?？" and len(text) <= _CHARS and _says_enough(text):
                    yield row + number
        row += len(passage.sentences)


def _says_enough(text: str) -> bool:
    return len({term.stem for term in terms(text)}) >= _LEAST_TERMS
