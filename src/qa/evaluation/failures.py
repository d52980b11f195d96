"""The questions that went wrong, for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qa.evaluation.outcome import Evaluation, JudgedAnswer

__all__ = ["Failure", "FailureGroup", "failures"]

# Of each fault and kind, in the report; questions.jsonl has all questions.
_SHOWN_FAILURES = 12
_EXPECTED_CHARS = 1_500
# With True, the highest confidence is the most confident mistake.
_FAULTS: tuple[tuple[str, Callable[[JudgedAnswer], bool], bool], ...] = (
    (
        "Answered, though the record holds no answer",
        lambda a: not a.question.has_answer and a.answer.is_answered,
        True,
    ),
    (
        "The first passage found is not the answer",
        lambda a: a.question.has_answer and not a.is_right,
        True,
    ),
    (
        "Found first, yet said to be not in the record",
        lambda a: a.is_right and not a.answer.is_answered,
        False,
    ),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One question that went wrong.

    ``first`` is the first passage in pieces, each with whether it is marked, and
    ``first_document`` its document. ``expected`` holds a document, a text and a rank in words
    for every text that answers.
    """

    judged: JudgedAnswer
    first: tuple[tuple[str, bool], ...]
    first_document: str
    expected: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """The failures of one fault: ``count`` in all, the most confident ones in ``shown``."""

    title: str
    count: int
    shown: tuple[Failure, ...]


def failures(evaluation: Evaluation, kinds: Sequence[str]) -> list[FailureGroup]:
    """Return the failures by fault, in each by kind, the most confident mistakes first."""
    groups = []
    for title, is_fault, highest_first in _FAULTS:
        failed = sorted(filter(is_fault, evaluation.answers), key=lambda a: a.question.id)
        failed.sort(key=lambda a: a.answer.confidence, reverse=highest_first)
        shown = [
            _failure(evaluation, a)
            for kind in kinds
            for a in [a for a in failed if a.question.kind == kind][:_SHOWN_FAILURES]
        ]
        if failed:
            groups.append(FailureGroup(title, len(failed), tuple(shown)))
    return groups


def _failure(evaluation: Evaluation, a: JudgedAnswer) -> Failure:
    first: tuple[tuple[str, bool], ...] = ()
    document = ""
    if a.hits:
        passage = evaluation.snapshot.passages[a.hits[0].row]
        document = passage.document
        start = passage.span.start
        first = tuple(_pieces(passage.text, [(q.start - start, q.end - start) for q in a.marked]))
    return Failure(a, first, document, tuple(_expected(evaluation, a)))


def _pieces(text: str, marks: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    at = 0
    for start, end in sorted(marks):
        yield text[at:start], False
        yield text[start:end], True
        at = end
    yield text[at:], False


def _expected(evaluation: Evaluation, a: JudgedAnswer) -> Iterator[tuple[str, str, str]]:
    def in_words(rank: int | None) -> str:
        return f"found at rank {rank}" if rank else "not found"

    if a.question.gold:
        for quote, rank in zip(a.question.gold, a.quote_ranks, strict=True):
            yield quote.document, quote.quote, in_words(rank)
        return
    for document in a.question.relevant:
        text = evaluation.snapshot.documents[document].text
        cut = text if len(text) <= _EXPECTED_CHARS else text[:_EXPECTED_CHARS] + " …"
        yield document, cut, in_words(a.document_ranks.get(document))
