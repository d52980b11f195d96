"""Who speaks in a transcript, and in which part: who asks, who answers, who leads through it.

A turn begins with a label (see ``labels`` and ``dialogue``) and goes on to the next one: notes
such as "(Laughter.)" belong to it, headings and dates before the next label do not. Where it is
not certain who goes on speaking, the turn ends, and what follows has no speaker.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa.errors import CorpusError
from qa.records import Span, Turn
from qa.sources.layouts.council import in_council, question_times
from qa.sources.layouts.dialogue import Found, asks, found_labels
from qa.sources.layouts.doubts import is_garbled
from qa.sources.layouts.headings import before_headings, end_of_written_question
from qa.sources.layouts.labels import Label, candidates
from qa.sources.layouts.logs import Log
from qa.sources.layouts.roles import Part, is_assembly, parts

__all__ = ["is_transcript", "transcript"]

_LEAST_QUESTIONS = 2
# Longer turns of members are speeches.
_QUESTION_CHARS = 2500


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A label and its speaker's part; without a part, a place from which nobody is known."""

    label: Label
    part: Part | None


@dataclass(frozen=True, slots=True)
class _Reading:
    """The labels of a document.

    ``is_assembly``: only turns that ask are questions. ``is_garbled``: no name is certain.
    """

    labelled: tuple[_Labelled, ...]
    is_assembly: bool = False
    is_garbled: bool = False


def is_transcript(text: str) -> bool:
    """Return whether labelled speakers talk to each other."""
    reading = _read(text)
    named = [turn.part for turn in reading.labelled if turn.part]
    if question_times(text):
        pairs = itertools.pairwise(named)
        return sum(pair == ("asks", "answers") for pair in pairs) >= _LEAST_QUESTIONS
    return len(named) > 1


def transcript(text: str) -> tuple[Turn, ...]:
    """A turn per label, with the paragraphs below it; first what has no label.

    Raises:
        CorpusError: no line begins with who speaks.
    """
    reading = _read(text)
    if not reading.labelled:
        reading = _read_leniently(text)
    if not reading.labelled:
        raise CorpusError(
            'Layout transcript needs paragraphs that begin with who speaks, as in "Q " or '
            '"MR. CARNEY:": correct the text or set "layout: statement".'
        )
    return tuple(_turns(text, reading))


@functools.lru_cache(maxsize=2)
def _read(text: str) -> _Reading:
    sittings = question_times(text)
    if sittings:
        return _Reading(tuple(_Labelled(*pair) for pair in in_council(text, sittings)))
    return _with_parts(text, found_labels(text))


def _read_leniently(text: str) -> _Reading:
    """Every candidate with a colon or a bare "Q": a person says that the text is a transcript."""
    forms = ("colon", "space", "stop")
    found = [Found(label) for label in candidates(text) if label.form in forms]
    return _with_parts(text, [one for one in found if one.label.starts_paragraph])


def _with_parts(text: str, found: Sequence[Found]) -> _Reading:
    labels = [one.label for one in found if one.is_label]
    if not labels:
        return _Reading(())
    of_labels = parts(text, labels)
    part = iter(of_labels)
    labelled = tuple(_Labelled(one.label, next(part) if one.is_label else None) for one in found)
    return _Reading(labelled, is_assembly(text, labels, of_labels), is_garbled(text))


def _turns(text: str, reading: _Reading) -> Iterator[Turn]:
    starts = [one.label.span.start for one in reading.labelled]
    if starts[0]:
        yield Turn("statement", Span(0, starts[0]))
    log = Log.of(text, [one.label for one in reading.labelled])
    asked: Span | None = None
    addressee: str | None = None
    ends = [*starts[1:], len(text)]
    for number, (one, end) in enumerate(zip(reading.labelled, ends, strict=True)):
        start, said = one.label.span.start, one.label.span.end
        if one.part is None:
            yield Turn("statement", Span(start, end))
            continue
        closes = log.close(text, number, said, end) if log else end
        closes = (end_of_written_question if one.label.puts else before_headings)(
            text, said, closes
        )
        turn = _turn(text, one, Span(start, closes), asked, is_assembly=reading.is_assembly)
        if turn.role == "answer" and not turn.speaker:
            turn = replace(turn, speaker=addressee)  # "REPLY" below a question to a minister
        if reading.is_garbled:
            turn = replace(turn, speaker=None)
        addressee = one.label.addressee
        if turn.role == "question":
            asked = _said(text, turn) or asked
        elif reading.is_assembly and one.part == "asks":
            asked = None  # a speech: whoever speaks next does not answer the question before it
        yield turn
        if closes < end and one.label.puts:
            yield Turn("statement", Span(closes, end))
        elif closes < end:
            # Below another heading nobody has been asked yet.
            asked = None if reading.is_assembly or log else asked
            yield Turn("statement", Span(closes, end))


def _turn(text: str, one: _Labelled, span: Span, asked: Span | None, *, is_assembly: bool) -> Turn:
    label, speaker = one.label.span, one.label.name.speaker
    is_question = one.part == "asks" and (
        not is_assembly or one.label.name.kind == "asker" or _puts(text, one.label, span.end)
    )
    if is_question:
        return Turn("question", span, speaker, label=label)
    if one.part == "answers" and asked:
        return Turn("answer", span, speaker, asked, label)
    return Turn("statement", span, speaker, label=label)


def _puts(text: str, label: Label, end: int) -> bool:
    """Return whether a member's turn is a question and no speech."""
    return label.puts or (end - label.span.end <= _QUESTION_CHARS and asks(text, label, end))


def _said(text: str, turn: Turn) -> Span | None:
    begins = turn.label.end if turn.label else turn.span.start
    speech = text[begins : turn.span.end].rstrip()
    return Span(begins, begins + len(speech)) if speech else None
