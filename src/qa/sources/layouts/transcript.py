"""Turns of a transcript: speakers ask, answer, or lead through it.

A turn begins with a label (see ``labels`` and ``dialogue``) and goes on to the next one. Notes
within a paragraph, such as "(Laughter.)", belong to it; paragraphs in brackets, headings and dates
before the next label do not. Where it is not certain who goes on speaking, the turn ends, and the
text that follows has no speaker.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa.errors import CorpusError
from qa.records import Role, Span, Turn
from qa.sources.layouts.council import in_council, question_times
from qa.sources.layouts.dialogue import accepted_labels
from qa.sources.layouts.doubts import is_garbled
from qa.sources.layouts.headings import before_headings, end_of_written_question, paragraphs
from qa.sources.layouts.labels import Label, candidates
from qa.sources.layouts.logs import Log
from qa.sources.layouts.roles import Part, is_assembly, parts
from qa.sources.layouts.speech import asks

__all__ = ["is_transcript", "transcript"]

_LEAST_QUESTIONS = 2
# Longer turns of members are speeches.
_QUESTION_CHARS = 2500
# A paragraph of brackets: others interrupt, laugh or applaud ("(Beifall bei der SPD)").
_ASIDE = re.compile(
    r"(?:(?:\((?:[^()]|\([^()]*\))*+\)|（(?:[^（）]|（[^（）]*）)*+）|\[[^\[\]]*\])\s*)++"
)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """The labels of a document, each with its speaker's part; None where it is not certain.

    ``is_assembly``: only turns that ask are questions. ``is_garbled``: no name is certain.
    """

    labels: tuple[tuple[Label, Part | None], ...]
    is_assembly: bool = False
    is_garbled: bool = False


def is_transcript(text: str) -> bool:
    """Return whether labelled speakers talk to each other."""
    found_parts = [part for _, part in _labelled(text).labels if part]
    if question_times(text):
        pairs = itertools.pairwise(found_parts)
        return sum(pair == ("asks", "answers") for pair in pairs) >= _LEAST_QUESTIONS
    return len(found_parts) > 1


def transcript(text: str) -> tuple[Turn, ...]:
    """Return a turn per label, with the paragraphs below it; first the text without label.

    Raises:
        CorpusError: no line begins with a speaker's label.
    """
    labelled = _labelled(text)
    if not labelled.labels:
        # A person set this layout: any label with a colon or a bare "Q" counts.
        forms = ("colon", "space", "stop")
        labels = [label for label in candidates(text) if label.form in forms]
        labelled = _with_parts(text, [label for label in labels if label.starts_paragraph])
    if not labelled.labels:
        raise CorpusError(
            'Layout transcript needs paragraphs that begin with who speaks, as in "Q " or '
            '"MR. CARNEY:": correct the text or set "layout: statement".'
        )
    return tuple(_turns(text, labelled))


@functools.lru_cache(maxsize=2)
def _labelled(text: str) -> _Labelled:
    sittings = question_times(text)
    if sittings:
        return _Labelled(tuple(in_council(text, sittings)))
    return _with_parts(text, accepted_labels(text))


def _with_parts(text: str, labels: Sequence[Label]) -> _Labelled:
    certain = [label for label in labels if label.is_certain]
    if not certain:
        return _Labelled(())
    certain_parts = parts(text, certain)
    part = iter(certain_parts)
    return _Labelled(
        tuple((label, next(part) if label.is_certain else None) for label in labels),
        is_assembly(text, certain, certain_parts),
        is_garbled(text),
    )


def _turns(text: str, labelled: _Labelled) -> Iterator[Turn]:
    labels = [label for label, _ in labelled.labels]
    starts = [label.span.start for label in labels]
    if starts[0]:
        yield Turn("statement", Span(0, starts[0]))
    log = Log.of(text, labels)
    question: Span | None = None
    addressee: str | None = None
    ends = [*starts[1:], len(text)]
    for number, ((label, part), end) in enumerate(zip(labelled.labels, ends, strict=True)):
        if part is None:
            yield Turn("statement", Span(label.span.start, end))
            continue
        closes = log.close(text, number, label.span.end, end) if log else end
        close = end_of_written_question if label.puts else before_headings
        closes = close(text, label.span.end, closes)
        role = _role(text, label, part, closes, is_assembly=labelled.is_assembly)
        if role == "answer" and not question:
            role = "statement"
        speaker = label.name.speaker
        if role == "answer":
            speaker = speaker or addressee  # "REPLY" below a question to a minister
        turn = Turn(
            role,
            Span(label.span.start, closes),
            None if labelled.is_garbled else speaker,
            question if role == "answer" else None,
            label.span,
        )
        addressee = label.addressee
        speech = list(_without_asides(text, turn))
        if role == "question":
            question = _words(text, speech) or question
        elif labelled.is_assembly and part == "asks":
            question = None  # a speech: whoever speaks next does not answer the question before it
        yield from speech
        if closes < end:
            # Below another heading nobody has been asked yet.
            if not label.puts and (labelled.is_assembly or log):
                question = None
            yield Turn("statement", Span(closes, end))


def _role(text: str, label: Label, part: Part, end: int, *, is_assembly: bool) -> Role:
    if part == "answers":
        return "answer"
    # A member's turn may be a speech.
    is_question = part == "asks" and (
        not is_assembly
        or label.name.kind == "asker"
        or label.puts
        or (end - label.span.end <= _QUESTION_CHARS and asks(text, label, end))
    )
    return "question" if is_question else "statement"


def _without_asides(text: str, turn: Turn) -> Iterator[Turn]:
    """Yield a turn, and as statements without a speaker the paragraphs of brackets in it."""
    start, is_aside = turn.span.start, False
    begun = turn.label.end if turn.label else start
    for begins, ends in itertools.islice(paragraphs(text, begun, turn.span.end), 1, None):
        if bool(_ASIDE.fullmatch(text, begins, ends)) != is_aside:
            yield _piece(turn, Span(start, begins), is_aside=is_aside)
            start, is_aside = begins, not is_aside
    yield _piece(turn, Span(start, turn.span.end), is_aside=is_aside)


def _piece(turn: Turn, span: Span, *, is_aside: bool) -> Turn:
    if is_aside:
        return Turn("statement", span)
    return replace(turn, span=span, label=turn.label if span.start == turn.span.start else None)


def _words(text: str, speech: Sequence[Turn]) -> Span | None:
    """Return the last words of a question, without its label and white space at their end."""
    turn = [turn for turn in speech if turn.role == "question"][-1]
    begins = turn.label.end if turn.label else turn.span.start
    words = text[begins : turn.span.end].rstrip()
    return Span(begins, begins + len(words)) if words else None
