"""Parts in a conversation: to ask, to answer, or to lead, by several kinds of evidence.

An answering speaker is named before the first turn, holds an office, speaks after questions, and
says most; an asking one is an outlet, and ends in questions. No kind decides alone.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from qa.sources.layouts.label_words import holds_office, presides, words_of
from qa.sources.layouts.labels import Label
from qa.sources.layouts.speech import asks, ends_of, has_question

__all__ = ["Part", "is_assembly", "parts"]

Part = Literal["asks", "answers", "leads"]

# Evidence that a speaker answers, in points; against it, below zero. The order of size is what
# matters: how a speaker's turns stand to those around them weighs more than any word.
_NAMED_ABOVE = 2.0
_HOLDS_OFFICE = 3.0
_HAS_HONORIFIC = 1.0
_SPEAKS_AFTER_QUESTIONS = 2.5
_SAYS_MOST = 1.0
# Questions of so many different speakers are answered by nobody who asks.
_ANSWERS_MANY = 2.0
_MANY = 3
_SEVERAL = 2
# Every second turn is theirs, between those of several others, and much longer than these.
_IS_HUB = 4.5
_LONGER = 1.5
_IS_OUTLET = -3.0
_ENDS_IN_QUESTIONS = -3.0
# Whoever is followed by somebody certain to answer has asked, with or without a question mark.
_IS_ANSWERED = -2.5
# Beside askers without a name, whoever has one answers, unless much speaks against it.
_BESIDE_NAMELESS = 3.5
_ANSWERS_FROM = 1.5
_CERTAIN_FROM = 3.5
_ABOVE_CHARS = 1000
_NAME_CHARS = 3
# So many turns, two thirds of them before an asker's, are those of who leads; and twice as many
# with hardly a question.
_OFTEN = 3
_VERY_OFTEN = 6
_LEAST_NAMED = 8
# Questions are shorter than answers; where they are nearly as long, they are speeches.
_AS_LONG = 0.8
# Whoever gives somebody the floor does so in their last words.
_CALL_CHARS = 400


@dataclass(slots=True)
class _Speaker:
    """Evidence about one speaker of a document.

    Of the turns, those are counted that end in a question (``asking``), hold one anywhere
    (``inquiring``), follow another's question, stand before one who does not answer
    (``before_askers``), and name that one at their end (``handing_over``).
    """

    label: Label
    turns: int = 0
    asking: int = 0
    inquiring: int = 0
    after_questions: int = 0
    askers: set[str] = field(default_factory=set)
    chars: int = 0
    has_office: bool = False
    has_honorific: bool = False
    has_outlet: bool = False
    puts: bool = False
    is_answered: bool = False
    before_askers: int = 0
    handing_over: int = 0


def parts(text: str, labels: Sequence[Label]) -> list[Part]:
    """Return the part of every label's speaker."""
    speakers = _speakers(text, labels)
    if not any(speaker.asking for speaker in speakers.values()):
        return ["leads"] * len(labels)
    answering = _answering(text, labels, speakers)
    if not answering:
        return _unanswered(labels, speakers)
    _count_successors(text, labels, speakers, answering)
    part_of = {key: _part(speaker, answering) for key, speaker in speakers.items()}
    return [part_of[label.name.key] for label in labels]


def _unanswered(labels: Sequence[Label], speakers: dict[str, _Speaker]) -> list[Part]:
    """Return the parts where nobody is known to answer: those who mostly ask, ask."""
    talkers = {key for key, speaker in speakers.items() if speaker.label.name.kind != "leader"}
    asking = {
        key
        for key, speaker in speakers.items()
        if speaker.puts or (speaker.asking * 2 > speaker.turns and len(talkers) > 1)
    }
    return ["asks" if label.name.key in asking else "leads" for label in labels]


def is_assembly(text: str, labels: Sequence[Label], of_labels: Sequence[Part]) -> bool:
    """Return whether members debate, so that not every turn of who asks is a question."""
    if any(presides(label.name.speaker or "") or label.puts for label in labels):
        return True
    lengths: dict[Part, list[int]] = {"asks": [], "answers": [], "leads": []}
    inquiring = 0
    for label, part, end in zip(labels, of_labels, ends_of(labels, text), strict=True):
        if label.name.kind is None:
            lengths[part].append(end - label.span.end)
            inquiring += part == "asks" and has_question(text, label.span.end, end)
    asking, answering = lengths["asks"], lengths["answers"]
    if len(asking) < _LEAST_NAMED:
        return False
    are_speeches = bool(answering) and _mean(asking) > _mean(answering) * _AS_LONG
    return are_speeches or inquiring * 3 < len(asking)


def _mean(lengths: Sequence[int]) -> float:
    return sum(lengths) / len(lengths)


def _speakers(text: str, labels: Sequence[Label]) -> dict[str, _Speaker]:
    ends = ends_of(labels, text)
    speakers: dict[str, _Speaker] = {}
    before: Label | None = None
    is_asked = False
    for label, end in zip(labels, ends, strict=True):
        name = label.name
        speaker = speakers.setdefault(name.key, _Speaker(label))
        is_asking = asks(text, label, end)
        speaker.turns += 1
        speaker.asking += is_asking
        speaker.inquiring += is_asking or has_question(text, label.span.end, end)
        if is_asked and before and before.name.key != name.key:
            speaker.after_questions += 1
            speaker.askers.add(before.name.key)
        speaker.chars += end - label.span.end
        speaker.has_office |= name.has_office
        speaker.has_honorific |= name.has_honorific
        speaker.has_outlet |= name.has_outlet
        speaker.puts |= label.puts
        before, is_asked = label, is_asking
    return speakers


def _answering(text: str, labels: Sequence[Label], speakers: dict[str, _Speaker]) -> set[str]:
    above = text[: labels[0].span.start][-_ABOVE_CHARS:].lower()
    above_words = set(words_of(above))
    most = max(speakers.values(), key=lambda speaker: speaker.chars)
    has_nameless = any(speaker.label.name.kind == "asker" for speaker in speakers.values())
    has_answers = any(speaker.label.name.kind == "answerer" for speaker in speakers.values())
    hub = _hub(labels, speakers)
    points = {
        key: _points(speaker)
        + _NAMED_ABOVE * (_is_named(key, above, above_words) or _has_title(speaker, text, above))
        + _SAYS_MOST * (speaker is most and speaker.turns > 1)
        + _ANSWERS_MANY * (len(speaker.askers) >= _MANY)
        + _IS_HUB * (key == hub and not has_nameless)
        + _BESIDE_NAMELESS * (has_nameless and not has_answers)
        for key, speaker in speakers.items()
    }
    certain = {key for key in points if points[key] >= _CERTAIN_FROM and speakers[key].turns > 1}
    before_certain = Counter(
        label.name.key
        for label, following in itertools.pairwise(labels)
        if following.name.key in certain
        and (not has_nameless or asks(text, label, following.span.start))
    )
    for key in speakers.keys() - certain:
        points[key] += _IS_ANSWERED * before_certain[key] / speakers[key].turns
    return {
        key
        for key, speaker in speakers.items()
        if speaker.label.name.kind == "answerer"
        or (
            speaker.label.name.kind is None
            and not speaker.puts
            and not presides(speaker.label.name.speaker or "")
            and points[key] >= _ANSWERS_FROM
        )
    }


def _hub(labels: Sequence[Label], speakers: dict[str, _Speaker]) -> str | None:
    """Return the key of the one who takes turns with several others, and says much more."""
    keys = [label.name.key for label in labels if label.name.kind != "leader"]
    key, count = Counter(keys).most_common(1)[0] if keys else ("", 0)
    others = [other for other in set(keys) if other != key]
    if len(others) < _SEVERAL or count < _OFTEN or any(a == b for a, b in itertools.pairwise(keys)):
        return None
    turns = sum(speakers[other].turns for other in others)
    their_mean = sum(speakers[other].chars for other in others) / turns
    is_every_second = count * 2 >= len(keys) - 1
    is_longer = speakers[key].chars / speakers[key].turns >= their_mean * _LONGER
    return key if is_every_second and is_longer else None


def _has_title(speaker: _Speaker, text: str, above: str) -> bool:
    """Return whether the office behind a speaker's name is named above ("Spokesperson")."""
    _, comma, title = speaker.label.span.of(text).partition(",")
    words = title.strip(" \n:*_.").lower()
    return bool(comma) and holds_office(words) and words in above


def _points(speaker: _Speaker) -> float:
    """Return the points of a speaker's own turns and name."""
    after = speaker.after_questions / speaker.turns
    asking = speaker.asking / speaker.turns
    return (
        _HOLDS_OFFICE * speaker.has_office
        + _HAS_HONORIFIC * (speaker.has_honorific and not speaker.has_office)
        + _SPEAKS_AFTER_QUESTIONS * after
        + _IS_OUTLET * speaker.has_outlet
        + _ENDS_IN_QUESTIONS * asking
    )


def _is_named(key: str, above: str, above_words: set[str]) -> bool:
    words = key.split()
    return (
        key in above
        if len(words) == 1 and not key.isascii()
        else bool(words) and (len(words[-1]) >= _NAME_CHARS and words[-1] in above_words)
    )


def _count_successors(
    text: str, labels: Sequence[Label], speakers: dict[str, _Speaker], answering: set[str]
) -> None:
    """Note for every speaker who is next: one who answers, or one who does not."""
    for label, following in itertools.pairwise(labels):
        speaker, next_key = speakers[label.name.key], following.name.key
        if next_key in answering:
            speaker.is_answered = True
        elif label.name.key != next_key:
            speaker.before_askers += 1
            begins = max(label.span.end, following.span.start - _CALL_CHARS)
            speaker.handing_over += _calls(text[begins : following.span.start], next_key)


def _part(speaker: _Speaker, answering: set[str]) -> Part:
    name = speaker.label.name
    if name.kind == "asker":
        return "asks"
    interviews = speaker.asking * 2 > speaker.turns and speaker.is_answered
    if presides(name.speaker or "") or (name.kind == "leader" and not interviews):
        return "leads"
    if name.key in answering:
        return "answers"
    seldom_asks = speaker.inquiring * 3 <= speaker.turns
    passes_on = speaker.handing_over * 2 >= speaker.turns
    stands_between = speaker.before_askers * 3 >= speaker.turns * 2
    is_between = speaker.turns >= _OFTEN and seldom_asks and stands_between
    hardly_asks = speaker.turns >= _VERY_OFTEN and speaker.inquiring * 6 <= speaker.turns
    is_idle = not speaker.is_answered and not speaker.inquiring
    return (
        "leads" if is_idle or is_between or hardly_asks or (seldom_asks and passes_on) else "asks"
    )


def _calls(speech: str, key: str) -> bool:
    """Return whether somebody is called by a part of their name."""
    lower = speech.lower()
    names = [word for word in key.split() if len(word) >= _NAME_CHARS and word in lower]
    return bool(names) and not set(words_of(lower)).isdisjoint(names)
