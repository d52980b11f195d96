"""What a question names exactly comes first: a month in which something was said, an initial.

What was said in a month is answered from that month, or not at all.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import replace

from qa.answer.features import ParsedQuestion
from qa.answer.ranking import promoted
from qa.index.snapshot import Snapshot
from qa.records import Hit
from qa.text.question_dates import Period, asks_when_said
from qa.text.terms import terms

__all__ = ["by_initials", "in_time"]

# A season, the longest time that somebody names to say when something was said; a year is often
# that of what it was about.
_MOST_DAYS = 92
# Among so many hits one of what is named is looked for.
_LOOKED_AT = 30
_MONTHS = frozenset(name.lower() for name in calendar.month_name)
# So much of the words that the best passage of any time holds, one of the time asked for must hold.
_LEAST_HELD = 0.5
# What is left of the confidence of a passage of another time; set by hand, below every floor.
_OF_ANOTHER_TIME = 0.2
# "J. R. Halvor": the searches see no single letters.
_INITIALS = re.compile(r"\b(?:[A-Z]\. ?)+[A-Z][\w’'-]+")


def in_time(snapshot: Snapshot, asked: ParsedQuestion, hits: Sequence[Hit]) -> list[Hit]:
    """The hits, with an answer of the time asked for first; none is an answer where none is of it.

    A passage without a date may be of any time, and one that names the month speaks of it. A date
    alone makes no answer: where a passage of another time holds far more of what is asked, what is
    of the time is about something else.
    """
    time = asked.period
    if time is None or time.days > _MOST_DAYS or not asks_when_said(asked.text):
        return [*hits]
    looked_at = hits[:_LOOKED_AT]
    held = {hit.row: _held(snapshot, asked, hit) for hit in looked_at}
    least = _LEAST_HELD * max(held.values(), default=0)
    answers = [
        hit
        for hit in looked_at
        if hit.is_answer and held[hit.row] >= least and _is_of(snapshot, hit, time)
    ]
    if answers:
        return [*hits] if answers[0] == hits[0] else promoted(hits, {hit.row for hit in answers})
    return [
        replace(hit, is_answer=False, confidence=_OF_ANOTHER_TIME * hit.confidence) for hit in hits
    ]


def by_initials(snapshot: Snapshot, asked: ParsedQuestion, hits: Sequence[Hit]) -> list[Hit]:
    """The hits, those first that hold a name with the initials of the question's."""
    names = [re.escape(name).replace(r"\ ", r"\s?") for name in _INITIALS.findall(asked.text)]
    if not names or not hits:
        return [*hits]
    named = re.compile(rf"\b(?:{'|'.join(names)})\b")
    rows = {hit.row for hit in hits[:_LOOKED_AT] if named.search(_read_with(snapshot, hit.row))}
    first, *others = promoted(hits, rows)
    best = hits[0]
    # What told them apart, the searches did not see.
    if _held(snapshot, asked, first) >= _held(snapshot, asked, best) and best.is_answer:
        first = replace(first, is_answer=True, confidence=max(first.confidence, best.confidence))
    return [first, *others]


def _held(snapshot: Snapshot, asked: ParsedQuestion, hit: Hit) -> float:
    """How much of the question's words a passage holds, rare ones counting more.

    Those of the time aside.
    """
    held = {term.stem for term in terms(_read_with(snapshot, hit.row))}
    weights: list[float] = asked.weights.tolist()
    return sum(
        weight
        for term, weight in zip(asked.terms, weights, strict=True)
        if term.stem in held and not (term.text in _MONTHS or term.text.isdecimal())
    )


def _read_with(snapshot: Snapshot, row: int) -> str:
    """The text of a passage with who speaks and what it answers."""
    passage = snapshot.passages[row]
    text = snapshot.documents[passage.document].text
    asked = passage.asked.of(text) if passage.asked else ""
    return f"{passage.speaker or ''}\n{asked}\n{passage.text}"


def _is_of(snapshot: Snapshot, hit: Hit, time: Period) -> bool:
    passage = snapshot.passages[hit.row]
    if passage.date is None or time.holds(passage.date):
        return True
    names = "|".join({calendar.month_name[day.month] for day in (time.first, time.last)})
    years = "|".join({str(day.year) for day in (time.first, time.last)})
    numbers = "|".join({str(day.month) for day in (time.first, time.last)})
    written = (
        rf"\b(?:(?:{names})\b.{{0,12}}\b(?:{years})|(?:in|of|since|last|this) (?:{names}))\b"
        rf"|(?:{years}) ?年 ?0?(?:{numbers}) ?月"
    )
    return bool(re.search(written, passage.text))
