"""Lookup of written questions by their number or by who put them, and the quotes for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa.answer.question import ParsedQuestion
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Hit, Passage, Quote, Span
from qa.sources.layouts.numbers import asks_by_number
from qa.text.dates import dates_of_heading

__all__ = ["NO_LOOKUP", "Lookup", "look_up", "question_and_reply", "with_lookup", "with_number"]

# A number that more documents have ("question 3") names none of them.
_MOST_DOCUMENTS = 3
# A number that is the heading's own leaves little doubt; the rest is for a number used twice.
_CONFIDENCE = 0.97
# So far above the best other hit, which is then not cited beside it (ranking._MOST_BEHIND).
_LEAD = 5.0
# Hits whose texts are searched for a number that no heading has, and for who asked.
_SEARCHED_HITS = 50
# Of a question and of its reply, so much is quoted.
_QUOTED_CHARS = 600
_CODE = re.compile(r"[\[(]?(?:PQ |UIN )?[A-Z]{0,3}[\d/-]{1,12}[A-Z]?[\])]?")
_REPLY = re.compile(
    r"\W*(?:reply|answer|response|r[eé]ponse|respuesta|resposta|risposta|antwort|答[复復覆]?)\b",
    re.IGNORECASE,
)
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
) -> Lookup:
    """Return the passages of the questions asked for by number, or else by who put them.

    Replies come without the question, where they are passages of their own.
    """
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


def with_lookup(
    snapshot: Snapshot, question: ParsedQuestion, lookup: Lookup, hits: Sequence[Hit]
) -> list[Hit]:
    """Return the hits, those of the lookup before all others.

    Where no question has the number, only hits that hold it in their text can be answers.
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


def question_and_reply(passage: Passage) -> tuple[Quote, ...]:
    """Return the question and the reply in a passage, each from its beginning."""
    texts = passage.sentence_texts
    # A page's head and the office's code are no part of either.
    others = {n for n, text in enumerate(texts) if _CODE.fullmatch(text) or dates_of_heading(text)}
    reply = next((n for n, text in enumerate(texts) if n and _REPLY.match(text)), len(texts))
    if len(others) == len(texts):
        others = set()
    numbers = [*_first(passage.sentences, 0, reply), *_first(passage.sentences, reply, len(texts))]
    return passage.quotes(n for n in numbers if n not in others)


def with_number(passage: Passage, question: ParsedQuestion) -> tuple[Quote, ...]:
    """Return the sentences of a passage with the number asked for; none where none is."""
    if not asks_by_number(question.text):
        return ()
    return passage.quotes(
        n
        for n, text in enumerate(passage.sentence_texts)
        if any(number in text.upper() for number in question.numbers)
    )


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


def _first(sentences: Sequence[Span], start: int, end: int) -> Iterator[int]:
    """Yield the numbers of the first sentences of a stretch that may be quoted together."""
    for n in range(start, end):
        if n == start or sentences[n].end - sentences[start].start <= _QUOTED_CHARS:
            yield n


def _holding(snapshot: Snapshot, numbers: Sequence[str], hits: Sequence[Hit]) -> Iterator[Hit]:
    """Yield the hits, as answers only those whose text holds one of the numbers."""
    for n, hit in enumerate(hits):
        holds = n < _SEARCHED_HITS and any(
            number in snapshot.passages[hit.row].text.upper() for number in numbers
        )
        yield hit if holds else replace(hit, is_answer=False, confidence=0.0)
