"""Lookup of written questions by their number or by who put them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Hit
from qa.sources.layouts.numbers import asks_by_number

__all__ = ["NO_LOOKUP", "Lookup", "look_up"]

# A number that more documents have ("question 3") names none of them.
_MOST_DOCUMENTS = 3
# A number that is the heading's own leaves little doubt; the rest is for a number used twice.
_CONFIDENCE = 0.97
# So far above the best other hit, which is then not cited beside it (ranking._MOST_BEHIND).
_LEAD = 5.0
# Hits whose texts are searched for a number that no heading has, and for who asked.
_SEARCHED_HITS = 50
# With these words alone somebody asks for the question and its reply, not for something in it.
_ASKING = frozenset(
    "question repli answer respons number no written oral pq parliamentari ask".split()
)
_LEAST_OTHER_TERMS = 2
# Digits of a number that is distinctive among other words ("the question 5 years ago" is not).
_DISTINCTIVE_DIGITS = 3
_TITLES = r"(?:(?:the|member|mr|mrs|ms|miss|dr|prof|hon|honourable|senator|mp|deputy)\b\.? ?)*"
_ASKER = re.compile(
    rf"\bdid {_TITLES}(?P<asks>[A-Z][^?,;]{{1,60}}?) (?:ask|want to know|raise)\b(?P<rest>.*)"
    rf"|\bquestions? (?:put |asked |tabled )?(?:by|of|from) {_TITLES}(?P<of>[A-Z][^?,;]{{1,60}})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Lookup:
    """The rows under a number or a name; ``is_whole`` where nothing but these is asked for."""

    rows: tuple[int, ...] = ()
    is_whole: bool = False


NO_LOOKUP = Lookup()


def look_up(
    snapshot: Snapshot, question: ParsedQuestion, hits: Sequence[Hit], visible: Visible | None
) -> tuple[Lookup, list[Hit]]:
    """Return the passages of the questions asked for by number, or else by who put them.

    And the hits, those passages before all others. Replies come without the question, where they
    are passages of their own.
    """
    lookup = _lookup(snapshot, question, hits, visible)
    return lookup, _with_lookup(snapshot, question, lookup, hits)


def _lookup(
    snapshot: Snapshot, question: ParsedQuestion, hits: Sequence[Hit], visible: Visible | None
) -> Lookup:
    if not snapshot.passages.has_numbers:
        return NO_LOOKUP
    numbers = question.numbers
    if numbers and (_asks_for_all(question) or any(map(_is_distinctive, numbers))):
        rows = np.unique(np.concatenate([snapshot.passages.numbered(n) for n in numbers]))
        if visible is not None:
            rows = rows[visible.rows[rows]]
        if len(np.unique(snapshot.passages.documents[rows])) > _MOST_DOCUMENTS:
            return NO_LOOKUP
        replies = rows[~snapshot.passages.is_question[rows]]
        chosen: list[int] = (replies if len(replies) else rows).tolist()
        return Lookup(tuple(chosen), _asks_for_all(question))
    match = _ASKER.search(question.text)
    if not match:
        return NO_LOOKUP
    by_name = [hit.row for hit in hits[:_SEARCHED_HITS] if _is_put_by(snapshot, hit.row, match)]
    return Lookup(tuple(sorted(by_name)), not (match["rest"] or "").strip(" ?.!"))


def _with_lookup(
    snapshot: Snapshot, question: ParsedQuestion, lookup: Lookup, hits: Sequence[Hit]
) -> list[Hit]:
    """Return the hits, those of the lookup before all others.

    If no question has the number, only hits that hold it in their text can be answers.
    """
    if not lookup.rows:
        is_missing = snapshot.passages.has_numbers and asks_by_number(question.text)
        return [*_holding(snapshot, question.numbers, hits)] if is_missing else [*hits]
    others = [hit for hit in hits if hit.row not in lookup.rows]
    score = max((hit.score for hit in hits), default=0.0) + _LEAD
    scores = {hit.row: hit.score for hit in hits}
    rows = [*lookup.rows]
    if not lookup.is_whole:
        rows.sort(key=lambda row: -scores.get(row, -np.inf))
    leading = [
        Hit(row, snapshot.passages.document(row), score, _CONFIDENCE, is_answer=True)
        for row in rows
    ]
    return [*leading, *others]


def _is_distinctive(number: str) -> bool:
    return "/" in number or sum(map(str.isdigit, number)) >= _DISTINCTIVE_DIGITS


def _asks_for_all(question: ParsedQuestion) -> bool:
    """Tell if nothing but the number says what is asked for."""
    others = [
        t for t in question.terms if t.stem not in _ASKING and not any(map(str.isdigit, t.text))
    ]
    return len(others) < _LEAST_OTHER_TERMS


def _is_put_by(snapshot: Snapshot, row: int, match: re.Match[str]) -> bool:
    """Tell if a numbered question was put by the person whom the question names."""
    passage = snapshot.passages[row]
    if not passage.numbers:
        return False
    name = r"\s+".join(map(re.escape, (match["asks"] or match["of"]).split()))
    put = re.compile(
        rf"(?<!\w)(?<!\b(?-i:[A-Z])\. ){name}(?!\w)[^\n]{{0,80}}?\b(?:asked|to ask|asks)\b",
        re.IGNORECASE,
    )
    question = passage.asked.of(snapshot.documents[passage.document].text) if passage.asked else ""
    return bool(put.search(f"{question}\n{passage.text}"))


def _holding(snapshot: Snapshot, numbers: Sequence[str], hits: Sequence[Hit]) -> Iterator[Hit]:
    """Yield the hits, as answers only those whose text holds one of the numbers."""
    for n, hit in enumerate(hits):
        holds = n < _SEARCHED_HITS and any(
            number in snapshot.passages[hit.row].text.upper() for number in numbers
        )
        yield hit if holds else replace(hit, is_answer=False, confidence=0.0)
