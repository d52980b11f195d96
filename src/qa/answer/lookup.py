"""Written questions asked for by their number or by who put them, and what of them to mark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qa.answer.features import ParsedQuestion
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Hit, Passage, Quote, Span
from qa.sources.layouts.numbers import asks_by_number
from qa.text.dates import dates_of_heading

__all__ = ["NOT_LOOKED_UP", "Lookup", "looked_up", "marked", "mentioning", "with_lookup"]

# A number that more documents have ("question 3") names none of them.
_MOST_DOCUMENTS = 3
# A number that is the heading's own leaves little doubt; the rest is for a number used twice.
_CONFIDENCE = 0.97
# So far above the best other hit, which is then not cited beside it (relevance._MOST_BEHIND).
_LEAD = 5.0
# Hits whose texts are looked at for a number that no heading has, and for who asked.
_LOOKED_AT = 50
# Of a question and of its reply, so much is marked.
_MARKED_CHARS = 600
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
_TELLING_DIGITS = 3
_TITLES = r"(?:(?:the|member|mr|mrs|ms|miss|dr|prof|hon|honourable|senator|mp|deputy)\b\.? ?)*"
_ASKER = re.compile(
    rf"\bdid {_TITLES}(?P<asks>[A-Z][^?,;]{{1,60}}?) (?:ask|want to know|raise)\b(?P<rest>.*)"
    rf"|\bquestions? (?:put |asked |tabled )?(?:by|of|from) {_TITLES}(?P<of>[A-Z][^?,;]{{1,60}})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Lookup:
    """The rows under a number or a name that is asked for; ``is_whole`` where that is all."""

    rows: tuple[int, ...] = ()
    is_whole: bool = False


NOT_LOOKED_UP = Lookup()


def looked_up(
    snapshot: Snapshot, asked: ParsedQuestion, hits: Sequence[Hit], visible: Visible | None
) -> Lookup:
    """The passages of the questions that are asked for by number, or else by who put them.

    Replies without the question, where they are passages of their own.
    """
    if not snapshot.passages.has_numbers:
        return NOT_LOOKED_UP
    if asked.numbers and (_asks_for_all(asked) or any(map(_is_telling, asked.numbers))):
        found = [snapshot.passages.numbered(number) for number in asked.numbers]
        rows = np.unique(np.concatenate(found))
        if visible is not None:
            rows = rows[visible.rows[rows]]
        if len(np.unique(snapshot.passages.documents[rows])) > _MOST_DOCUMENTS:
            return NOT_LOOKED_UP
        replies = rows[~snapshot.passages.is_question[rows]]
        chosen: list[int] = (replies if len(replies) else rows).tolist()
        return Lookup(tuple(chosen), _asks_for_all(asked))
    match = _ASKER.search(asked.text)
    if not match:
        return NOT_LOOKED_UP
    named = [hit.row for hit in hits[:_LOOKED_AT] if _is_put_by(snapshot, hit.row, match)]
    return Lookup(tuple(sorted(named)), not (match["rest"] or "").strip(" ?.!"))


def with_lookup(
    snapshot: Snapshot, asked: ParsedQuestion, lookup: Lookup, hits: Sequence[Hit]
) -> list[Hit]:
    """The hits, those that are looked up before all others.

    Where no question has the number, what does not hold it is no answer.
    """
    if not lookup.rows:
        is_missing = snapshot.passages.has_numbers and asks_by_number(asked.text)
        return [*_holding(snapshot, asked.numbers, hits)] if is_missing else [*hits]
    under = set(lookup.rows)
    others = [hit for hit in hits if hit.row not in under]
    best = max((hit.score for hit in hits), default=0.0) + _LEAD
    scored = {hit.row: hit.score for hit in hits}
    ordered = [*lookup.rows]
    if not lookup.is_whole:
        ordered.sort(key=lambda row: -scored.get(row, -np.inf))
    leading = [
        Hit(row, snapshot.passages.document(row), best, _CONFIDENCE, is_answer=True)
        for row in ordered
    ]
    return [*leading, *others]


def marked(passage: Passage) -> tuple[Quote, ...]:
    """The question and the reply that stand in a passage, each from its beginning."""
    said = passage.sentence_texts
    # A page's head and the office's code are no part of either.
    beside = {n for n, text in enumerate(said) if _CODE.fullmatch(text) or dates_of_heading(text)}
    reply = next((n for n, text in enumerate(said) if n and _REPLY.match(text)), len(said))
    if len(beside) == len(said):
        beside = set()
    numbers = [*_first(passage.sentences, 0, reply), *_first(passage.sentences, reply, len(said))]
    return tuple(
        Quote(said[n], passage.sentences[n].start, passage.sentences[n].end)
        for n in numbers
        if n not in beside
    )


def mentioning(passage: Passage, asked: ParsedQuestion) -> tuple[Quote, ...]:
    """The sentences of a passage that name the number asked for; none where another word is."""
    if not asks_by_number(asked.text):
        return ()
    return tuple(
        Quote(text, span.start, span.end)
        for text, span in zip(passage.sentence_texts, passage.sentences, strict=True)
        if any(number in text.upper() for number in asked.numbers)
    )


def _is_telling(number: str) -> bool:
    """Tell if a number says enough among other words ("the question 5 years ago" does not)."""
    return "/" in number or sum(map(str.isdigit, number)) >= _TELLING_DIGITS


def _asks_for_all(asked: ParsedQuestion) -> bool:
    """Return whether nothing but the number says what is asked for."""
    others = [t for t in asked.terms if t.stem not in _ASKING and not any(map(str.isdigit, t.text))]
    return len(others) < _LEAST_OTHER_TERMS


def _is_put_by(snapshot: Snapshot, row: int, match: re.Match[str]) -> bool:
    """Return whether a numbered question names who put it as it is asked."""
    passage = snapshot.passages[row]
    if not passage.numbers:
        return False
    name = r"\s+".join(map(re.escape, (match["asks"] or match["of"]).split()))
    put = re.compile(
        rf"(?<!\w)(?<!\b(?-i:[A-Z])\. ){name}(?!\w)[^\n]{{0,80}}?\b(?:asked|to ask|asks)\b",
        re.IGNORECASE,
    )
    asked = passage.asked.of(snapshot.documents[passage.document].text) if passage.asked else ""
    return bool(put.search(f"{asked}\n{passage.text}"))


def _first(sentences: Sequence[Span], start: int, end: int) -> Iterator[int]:
    """The first sentences of a stretch that may be marked together, by number."""
    for n in range(start, end):
        if n == start or sentences[n].end - sentences[start].start <= _MARKED_CHARS:
            yield n


def _holding(snapshot: Snapshot, numbers: Sequence[str], hits: Sequence[Hit]) -> Iterator[Hit]:
    for n, hit in enumerate(hits):
        holds = n < _LOOKED_AT and any(
            number in snapshot.passages[hit.row].text.upper() for number in numbers
        )
        yield hit if holds else replace(hit, is_answer=False, confidence=0.0)
