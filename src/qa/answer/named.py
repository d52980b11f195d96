"""Hits that match what a question names exactly come first: a time, a name with initials."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import replace

from qa.answer.question import ParsedQuestion
from qa.answer.ranking import promoted
from qa.index.snapshot import Snapshot
from qa.records import Hit
from qa.text.question_dates import Period, asks_when_said
from qa.text.terms import terms

__all__ = ["by_initials", "named_first"]

# A season, the longest time that somebody names to say when something was said; a year is often
# that of what it was about.
_MOST_DAYS = 92
# Hits among which a match is looked for.
_SEARCHED_HITS = 30
_MONTHS = frozenset(name.lower() for name in calendar.month_name)
# A passage of the time holds at least this share of the question's words that the best one holds.
_LEAST_HELD = 0.5
# The share of its confidence left to a passage of another time; set by hand, below every floor.
_OF_ANOTHER_TIME = 0.2
# "J. R. Halvor": the searches see no single letters.
_INITIALS = re.compile(r"\b(?:[A-Z]\. ?)+[A-Z][\w’'-]+")


def named_first(snapshot: Snapshot, question: ParsedQuestion, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, first those with the initials or of the time that the question names."""
    return _in_time(snapshot, question, by_initials(snapshot, question, hits))


def _in_time(snapshot: Snapshot, question: ParsedQuestion, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, answers of the time asked for first; no answers where none is of it.

    A passage without a date may be of any time, and one that names the month speaks of it. A date
    alone makes no answer: where a passage of another time holds far more of the question's words,
    those of the time are about something else.
    """
    time = question.period
    if time is None or time.days > _MOST_DAYS or not asks_when_said(question.text):
        return [*hits]
    searched = hits[:_SEARCHED_HITS]
    held = {hit.row: _held(snapshot, question, hit) for hit in searched}
    least = _LEAST_HELD * max(held.values(), default=0)
    answers = [
        hit
        for hit in searched
        if hit.is_answer and held[hit.row] >= least and _is_of(snapshot, hit, time)
    ]
    if answers:
        return [*hits] if answers[0] == hits[0] else promoted(hits, {hit.row for hit in answers})
    return [
        replace(hit, is_answer=False, confidence=_OF_ANOTHER_TIME * hit.confidence) for hit in hits
    ]


def by_initials(snapshot: Snapshot, question: ParsedQuestion, hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, those first that hold a name with the initials of the question's."""
    names = [re.escape(name).replace(r"\ ", r"\s?") for name in _INITIALS.findall(question.text)]
    if not names or not hits:
        return [*hits]
    named = re.compile(rf"\b(?:{'|'.join(names)})\b")
    rows = {hit.row for hit in hits[:_SEARCHED_HITS] if named.search(_context(snapshot, hit.row))}
    first, *others = promoted(hits, rows)
    best = hits[0]
    # The searches did not see the initials that tell the two apart.
    if best.is_answer and _held(snapshot, question, first) >= _held(snapshot, question, best):
        first = replace(first, is_answer=True, confidence=max(first.confidence, best.confidence))
    return [first, *others]


def _held(snapshot: Snapshot, question: ParsedQuestion, hit: Hit) -> float:
    """Return the weight of the question's words that a passage holds, those of the time aside."""
    held = {term.stem for term in terms(_context(snapshot, hit.row))}
    weights: list[float] = question.weights.tolist()
    return sum(
        weight
        for term, weight in zip(question.terms, weights, strict=True)
        if term.stem in held and not (term.text in _MONTHS or term.text.isdecimal())
    )


def _context(snapshot: Snapshot, row: int) -> str:
    """Return the text of a passage with its speaker and the question it answers."""
    passage = snapshot.passages[row]
    text = snapshot.documents[passage.document].text
    question = passage.asked.of(text) if passage.asked else ""
    return f"{passage.speaker or ''}\n{question}\n{passage.text}"


def _is_of(snapshot: Snapshot, hit: Hit, time: Period) -> bool:
    """Tell if a passage is, or may be, of that time, or names it."""
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
