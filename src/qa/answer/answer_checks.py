"""Everything an answer states, checked against the record.

A citation is made once more of the record (``cite.citation``) and compared with the one that is
stated, so that what citations will say in future is checked too. What nobody can check is
``UNCHECKED``; anything else that stands in an answer is a fault.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, get_args

from qa.answer.citations import citation, cited, reader_link
from qa.answer.conversation import small_talk
from qa.index.engine import DIGEST_CHARS
from qa.index.passages import said, within
from qa.index.snapshot import Snapshot
from qa.records import (
    Answer,
    Citation,
    CitedPassage,
    Document,
    Later,
    Links,
    Passage,
    Quote,
    SmallTalk,
    Span,
    Status,
    Turn,
    to_json,
)
from qa.sources.layouts.parts import Part, day_of, parted_turns
from qa.text.paragraphs import paragraph_spans

__all__ = ["UNCHECKED", "Record", "faults", "place_faults", "rebuilt", "sentences"]

# What an answer states that the record cannot prove, as a person would call it.
UNCHECKED = (
    "the question and the words searched for, confidences, times taken, and the line and id of "
    "a row"
)
# Keys that answers of earlier versions lack, that are left out when asked, or that batches add.
_OPTIONAL = {"elapsed_ms", "courtesy"}
_OF_ROWS = {"line", "id"}
_HEXADECIMAL = frozenset("0123456789abcdef")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and _is_number(value) and value <= 1


# What can be seen of what cannot be proved.
_KINDS: Mapping[str, Callable[[object], bool]] = {
    "question": lambda value: isinstance(value, str),
    "searched_for": lambda value: isinstance(value, str),
    "confidence": _is_share,
    "elapsed_ms": _is_number,
    "line": lambda value: type(value) is int,
    "id": lambda value: isinstance(value, str | None),
}


@dataclass(frozen=True)
class Record:
    """What answers are checked against: the documents by id, and snapshots by digest.

    A snapshot that is at hand says which passages there are; without it a passage only has to
    be a slice of one turn.
    """

    documents: Mapping[str, Document]
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)

    def holds_question(self, text: str, snapshot: Snapshot | None) -> bool:
        """Return whether a question was asked in the record, in these words."""
        if snapshot is not None:
            return text in self._questions(snapshot)
        if text not in self._asked:
            self._asked[text] = any(
                turn.role == "question" and text in _sentences_said(document, turn, part)
                for document in self.documents.values()
                if text in document.text
                for turn, part in parted_turns(document)
            )
        return self._asked[text]

    @cached_property
    def _asked(self) -> dict[str, bool]:
        return {}

    @cached_property
    def _questions_of(self) -> dict[str, AbstractSet[str]]:
        return {}

    def _questions(self, snapshot: Snapshot) -> AbstractSet[str]:
        if snapshot.digest not in self._questions_of:
            self._questions_of[snapshot.digest] = {
                snapshot.passages.sentence_text(int(row)) for row in snapshot.questions
            }
        return self._questions_of[snapshot.digest]


def faults(answer: Any, record: Record | Mapping[str, Document]) -> Iterator[str]:
    """What in an answer (as JSON) the record does not bear out, a line each."""
    if not isinstance(record, Record):
        record = Record(record)
    try:
        yield from _answer_faults(answer, record)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        yield f"not an answer as this system gives it: {type(error).__name__}: {error}"


def _answer_faults(answer: Mapping[str, Any], record: Record) -> Iterator[str]:
    citations, nearest = answer["citations"], answer["nearest"]
    yield from _key_faults("the answer", answer, Answer, _OPTIONAL, _OF_ROWS)
    yield from _shape_faults(answer)
    snapshot = record.snapshots.get(answer["snapshot"])
    for kind, stated in (("citation", citations), ("nearest", nearest)):
        for number, one in enumerate(stated, start=1):
            name = f"{kind} {one['number']}"
            if not _is_same(one["number"], number):
                yield f"{name} stands at place {number}"
            document = record.documents.get(one["document"]["id"])
            if document is None:
                yield f"{name}: the record has no document {one['document']['id']!r}"
                continue
            found = (
                *_citation_faults(one, document, snapshot),
                *_later_faults(one, record, snapshot),
            )
            for fault in found:
                yield f"{name}: {document.id}: {fault}"
    for text in answer["related"]:
        if not isinstance(text, str) or not record.holds_question(text, snapshot):
            yield f"related: nobody asked {text!r} in the record"


def _shape_faults(answer: Mapping[str, Any]) -> Iterator[str]:
    """What of an answer's parts do not fit together, or are not of their kind."""
    status, citations, nearest = answer["status"], answer["citations"], answer["nearest"]
    if status not in get_args(Status):
        yield f"status is {status!r}, it may be {' or '.join(get_args(Status))}"
    elif (status != "not_in_record") != bool(citations):
        yield f"status is {status!r} with {len(citations)} citations"
    elif citations and nearest:
        yield f"status is {status!r} with {len(nearest)} nearest passages"
    digest = answer["snapshot"]
    if not isinstance(digest, str) or len(digest) != DIGEST_CHARS or set(digest) - _HEXADECIMAL:
        yield f"snapshot is {digest!r}, not a digest"
    yield from _small_talk_faults(answer)
    for name, is_its_kind in _KINDS.items():
        if name in answer and not is_its_kind(answer[name]):
            yield f"{name} is {answer[name]!r}"


def _small_talk_faults(answer: Mapping[str, Any]) -> Iterator[str]:
    stated = answer.get("courtesy")
    if stated is None:
        return
    if stated not in get_args(SmallTalk) or stated != small_talk(answer["question"]):
        yield f"courtesy is {stated!r}, the question is no such thing"
    if any(answer[name] for name in ("citations", "nearest", "related", "searched_for")):
        yield f"courtesy is {stated!r}, and something was searched for"


def _citation_faults(
    stated: Mapping[str, Any], document: Document, snapshot: Snapshot | None
) -> Iterator[str]:
    if stated["sha256"] != document.sha256:
        yield f"its text has sha256 {document.sha256}, the citation says {stated['sha256']}"
    passage = stated["passage"]
    # Answers of earlier versions told no page, and no later statement.
    yield from _key_faults("it", stated, Citation, {"later"})
    yield from _key_faults("its passage", passage, CitedPassage, {"page"})
    yield from _key_faults("its links", stated["links"], Links)
    if not _is_share(stated["confidence"]):
        yield f"confidence is {stated['confidence']!r}, not a number from 0 to 1"
    span = Span(_offset(passage["start"]), _offset(passage["end"]))
    spans = [Span(_offset(quote["start"]), _offset(quote["end"])) for quote in stated["quotes"]]
    expected = to_json(rebuilt(document, span, spans))
    for head, tail in _COMPARED:
        if tail and tail not in stated[head]:
            continue  # told already, or of an earlier version
        found, right = stated[head], expected[head]
        if head == "document":
            right = _told(right, found)
        found, right = (found[tail], right[tail]) if tail else (found, right)
        if not _is_same(found, right):
            yield f"{head}{tail and '.'}{tail} {_apart(found, right)}"
    yield from place_faults(span, document, snapshot)
    yield from _quote_faults(stated["quotes"], spans, span, document)


_COMPARED = (
    ("document", ""),
    *(("passage", field.name) for field in fields(CitedPassage)),
    ("prefix", ""),
    ("suffix", ""),
    ("links", "reader"),
    ("links", "source"),
)
# Keys of a cited document that answers of earlier versions lack.
_ADDED = ("language", "also")


def _told(expected: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What had to be said of a document when the answer was given."""
    return {k: v for k, v in expected.items() if k not in _ADDED or k in stated}


def place_faults(span: Span, document: Document, snapshot: Snapshot | None) -> Iterator[str]:
    """Return what is wrong with where a passage begins and ends."""
    turn, _ = _turn(document, span)
    if turn is None:
        yield "its passage is not within what one person said"
    elif turn.role == "question":
        yield "its passage is a question, which answers nothing"
    if snapshot is None or document.id not in snapshot.documents:
        return
    rows = snapshot.documents.rows(document.id)
    if not any(snapshot.passages.span(row) == span for row in rows):
        yield f"the snapshot has no passage at {span.start} to {span.end}"


def _quote_faults(
    stated: Sequence[Mapping[str, Any]], spans: Sequence[Span], passage: Span, document: Document
) -> Iterator[str]:
    if not stated:
        yield "no sentence is quoted"
        return
    whole = sentences(document, passage)
    numbers = []
    for quote, span in zip(stated, spans, strict=True):
        yield from _key_faults("its quote", quote, Quote)
        text = span.of(document.text)
        if not _inside(span, passage):
            yield f"the quote at {span.start} to {span.end} lies outside its passage"
        elif span not in whole:
            yield f"the quote at {span.start} to {span.end} is not a whole sentence"
        else:
            numbers.append(whole.index(span))
        if quote["text"] != text:
            yield f"quote at {span.start} {_apart(quote['text'], text)}"
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    _, part = _turn(document, passage)
    # Of a numbered question and its reply, sentences between the two may be left out.
    is_numbered = part is not None and bool(part.numbers)
    if any(step < 1 or (step > 1 and not is_numbered) for step in steps):
        yield "its quotes do not follow one another"


def _later_faults(
    stated: Mapping[str, Any], record: Record, snapshot: Snapshot | None
) -> Iterator[str]:
    """What is wrong with the later statement that a citation names."""
    later = stated.get("later")
    if later is None:
        return
    document = record.documents.get(later["document"]["id"])
    if document is None:
        yield f"the record has no later statement {later['document']['id']!r}"
        return
    yield from _key_faults("its later statement", later, Later)
    span = Span(_offset(later["start"]), _offset(later["end"]))
    told = _told(to_json(cited(document, day_of(document, span.start))), later["document"])
    expected = {"document": told, "reader": reader_link(document.id, span)}
    for name, right in expected.items():
        if not _is_same(later[name], right):
            yield f"later.{name} {_apart(later[name], right)}"
    if not later["document"]["date"] > stated["document"]["date"]:
        yield f"its later statement is of {later['document']['date']}"
    if span.end > len(document.text):
        yield f"the later statement ends at {later['end']}, its document at {len(document.text)}"
        return
    for fault in place_faults(span, document, snapshot):
        yield f"its later statement: {fault}"


def rebuilt(document: Document, span: Span, quotes: Sequence[Span]) -> Citation:
    """Return the citation of a stretch of a document, made of the record alone."""
    turn, _ = _turn(document, span)
    starts = [paragraph.start for paragraph in paragraph_spans(document.text)]
    passage = Passage(
        document=document.id,
        span=span,
        text=span.of(document.text),
        paragraph=max(1, bisect.bisect_right(starts, span.start)),
        role=turn.role if turn else "statement",
        speaker=turn.speaker if turn else None,
        asked=turn.asked if turn else None,
        sentences=(),
        date=day_of(document, span.start),
    )
    made = tuple(Quote(one.of(document.text), one.start, one.end) for one in quotes)
    return citation(document, passage, made, 0, 0.0)


def sentences(document: Document, passage: Span) -> list[Span]:
    """Return the sentences of a passage; none where it is not within a turn."""
    turn, part = _turn(document, passage)
    if turn is None or part is None:
        return []
    return [*within(said(document.text, turn, part), passage)] or [passage]


def _sentences_said(document: Document, turn: Turn, part: Part) -> list[str]:
    return [span.of(document.text) for span in said(document.text, turn, part)]


def _turn(document: Document, span: Span) -> tuple[Turn, Part] | tuple[None, None]:
    """Return the turn that a stretch lies in, with its part; nothing where it lies in none."""
    found = parted_turns(document)
    return next(((t, p) for t, p in found if _inside(span, t.span)), (None, None))


def _inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _key_faults(
    what: str,
    stated: Mapping[str, Any],
    record: type,
    optional: AbstractSet[str] = frozenset(),
    added: AbstractSet[str] = frozenset(),
) -> Iterator[str]:
    """Keys that a record has not got, or lacks: nothing may be added to an answer."""
    known = {one.name for one in fields(record)}
    for name in sorted(stated.keys() - known - added):
        yield f"{what} has {name!r}, which no answer of this system has"
    for name in sorted(known - optional - stated.keys()):
        yield f"{what} lacks {name!r}"


def _is_same(found: object, expected: object) -> bool:
    """Return whether JSON values are equal, and of the same types (1, 1.0 and true are not)."""
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = found.keys() == expected.keys()
        return keys and all(_is_same(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_is_same, found, expected))
    return type(found) is type(expected) and found == expected


def _offset(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a number of characters")
    return value


def _apart(found: object, expected: object) -> str:
    """Both sides, from shortly before the place where they part."""
    if not (isinstance(found, str) and isinstance(expected, str)):
        return f"is {found!r}, the record has {expected!r}"
    at = next(
        (i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
        min(len(found), len(expected)),
    )
    window = slice(max(0, at - 20), at + 40)
    return f"is {found[window]!r} from character {at} on, the record has {expected[window]!r}"
