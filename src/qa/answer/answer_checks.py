"""Checks of an answer, as JSON, against the record.

A citation is made once more of the record (``citations.citation``) and compared with that of the
answer, so that fields which citations get in future are checked too. Nobody can check the fields
in ``UNCHECKED``; any other addition to an answer is a fault.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from qa.answer.citations import citation, cited_document, document_link
from qa.answer.conversation import small_talk
from qa.index.owned import is_digest
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

__all__ = [
    "UNCHECKED",
    "Record",
    "faults",
    "first_difference",
    "is_number",
    "place_faults",
    "rebuilt",
    "sentences",
    "status_faults",
]

# The parts of an answer that the record cannot prove, as a person would call them.
UNCHECKED = (
    "the question and the words searched for, confidences, times taken, and the line and id of "
    "a row"
)
# Keys that answers of earlier versions lack, that batches may leave out, or that they add.
_OPTIONAL = {"elapsed_ms", "courtesy"}
_OF_ROWS = {"line", "id"}


def is_number(value: object) -> bool:
    """Tell if a JSON value is a number, not below 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and is_number(value) and value <= 1


# The kinds of values that cannot be proved.
_IS_VALID: Mapping[str, Callable[[object], bool]] = {
    "question": lambda value: isinstance(value, str),
    "searched_for": lambda value: isinstance(value, str),
    "confidence": _is_share,
    "elapsed_ms": is_number,
    "line": lambda value: type(value) is int,
    "id": lambda value: isinstance(value, str | None),
}


@dataclass(frozen=True)
class Record:
    """The documents by id, and snapshots by digest, that answers are checked against.

    A passage has to be one of the snapshot that the answer names; where that is not among these,
    only a slice of one turn.
    """

    documents: Mapping[str, Document]
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    _asked: dict[str, bool] = field(default_factory=dict, init=False)
    _questions_of: dict[str, AbstractSet[str]] = field(default_factory=dict, init=False)

    def holds_question(self, text: str, snapshot: Snapshot | None) -> bool:
        """Tell if a question was asked in the record, in these words."""
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

    def _questions(self, snapshot: Snapshot) -> AbstractSet[str]:
        if snapshot.digest not in self._questions_of:
            self._questions_of[snapshot.digest] = {
                snapshot.passages.sentence_text(int(row)) for row in snapshot.questions
            }
        return self._questions_of[snapshot.digest]


def faults(answer: Any, record: Record | Mapping[str, Document]) -> Iterator[str]:
    """Yield what the record contradicts in an answer, given as JSON, a line each."""
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
    for kind, group in (("citation", citations), ("nearest", nearest)):
        for number, cited in enumerate(group, start=1):
            name = f"{kind} {cited['number']}"
            if not _is_same(cited["number"], number):
                yield f"{name} stands at place {number}"
            document = record.documents.get(cited["document"]["id"])
            if document is None:
                yield f"{name}: the record has no document {cited['document']['id']!r}"
                continue
            for fault in (
                *_citation_faults(cited, document, snapshot),
                *_later_faults(cited, record, snapshot),
            ):
                yield f"{name}: {document.id}: {fault}"
    for text in answer["related"]:
        if not isinstance(text, str) or not record.holds_question(text, snapshot):
            yield f"related: nobody asked {text!r} in the record"


def _shape_faults(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield which parts of an answer do not fit together, or have values of another kind."""
    status, citations, nearest = answer["status"], answer["citations"], answer["nearest"]
    yield from status_faults(status, len(citations), answer["snapshot"])
    if status == "answered" and citations and nearest:
        yield f"status is {status!r} with {len(nearest)} nearest passages"
    yield from _small_talk_faults(answer)
    for name, is_valid in _IS_VALID.items():
        if name in answer and not is_valid(answer[name]):
            yield f"{name} is {answer[name]!r}"


def status_faults(status: object, citations: int, digest: object) -> Iterator[str]:
    """Yield what is wrong with a status beside so many citations, and with a digest."""
    if status not in get_args(Status):
        yield f"status is {status!r}, it may be {' or '.join(get_args(Status))}"
    elif (status != "not_in_record") != bool(citations):
        yield f"status is {status!r} with {citations} citations"
    if not isinstance(digest, str) or not is_digest(digest):
        yield f"snapshot is {digest!r}, not a digest"


def _small_talk_faults(answer: Mapping[str, Any]) -> Iterator[str]:
    kind = answer.get("courtesy")
    if kind is None:
        return
    if kind not in get_args(SmallTalk) or kind != small_talk(answer["question"]):
        yield f"courtesy is {kind!r}, the question is no such thing"
    if any(answer[name] for name in ("citations", "nearest", "related", "searched_for")):
        yield f"courtesy is {kind!r}, and something was searched for"


def _citation_faults(
    cited: Mapping[str, Any], document: Document, snapshot: Snapshot | None
) -> Iterator[str]:
    if cited["sha256"] != document.sha256:
        yield f"its text has sha256 {document.sha256}, the citation says {cited['sha256']}"
    passage = cited["passage"]
    # Answers of earlier versions have no page, time, recording or later statement.
    yield from _key_faults("it", cited, Citation, {"later"})
    yield from _key_faults("its passage", passage, CitedPassage, {"page", "time"})
    yield from _key_faults("its links", cited["links"], Links, {"recording"})
    if not _is_share(cited["confidence"]):
        yield f"confidence is {cited['confidence']!r}, not a number from 0 to 1"
    span = Span(_offset(passage["start"]), _offset(passage["end"]))
    spans = [Span(_offset(quote["start"]), _offset(quote["end"])) for quote in cited["quotes"]]
    expected = to_json(rebuilt(document, span, spans))
    for head, tail in _COMPARED:
        if tail and tail not in cited[head]:
            continue  # a fault of its keys already, or of an earlier version
        value, right = cited[head], expected[head]
        if head == "document":
            right = _with_keys_of(right, value)
        value, right = (value[tail], right[tail]) if tail else (value, right)
        if not _is_same(value, right):
            yield f"{head}{tail and '.'}{tail} {_difference(value, right)}"
    yield from place_faults(span, document, snapshot)
    yield from _quote_faults(cited["quotes"], spans, span, document)


_COMPARED = (
    ("document", ""),
    *(("passage", field.name) for field in fields(CitedPassage)),
    ("prefix", ""),
    ("suffix", ""),
    ("links", "reader"),
    ("links", "source"),
    ("links", "recording"),
)
# Keys of a cited document that answers of earlier versions lack.
_ADDED = ("language", "also")


def _with_keys_of(expected: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expected document without the keys that were not there yet in the answer's."""
    return {k: v for k, v in expected.items() if k not in _ADDED or k in document}


def place_faults(span: Span, document: Document, snapshot: Snapshot | None) -> Iterator[str]:
    """Yield what is wrong with the place of a passage."""
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
    quotes: Sequence[Mapping[str, Any]], spans: Sequence[Span], passage: Span, document: Document
) -> Iterator[str]:
    if not quotes:
        yield "no sentence is quoted"
        return
    whole = sentences(document, passage)
    numbers = []
    for quote, span in zip(quotes, spans, strict=True):
        yield from _key_faults("its quote", quote, Quote)
        text = span.of(document.text)
        if not _inside(span, passage):
            yield f"the quote at {span.start} to {span.end} lies outside its passage"
        elif span not in whole:
            yield f"the quote at {span.start} to {span.end} is not a whole sentence"
        else:
            numbers.append(whole.index(span))
        if quote["text"] != text:
            yield f"quote at {span.start} {_difference(quote['text'], text)}"
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    _, part = _turn(document, passage)
    # Of a numbered question and its reply, sentences between the two may be left out.
    is_numbered = part is not None and bool(part.numbers)
    if any(step < 1 or (step > 1 and not is_numbered) for step in steps):
        yield "its quotes do not follow one another"


def _later_faults(
    cited: Mapping[str, Any], record: Record, snapshot: Snapshot | None
) -> Iterator[str]:
    """Yield what is wrong with the later statement that a citation names."""
    later = cited.get("later")
    if later is None:
        return
    document = record.documents.get(later["document"]["id"])
    if document is None:
        yield f"the record has no later statement {later['document']['id']!r}"
        return
    yield from _key_faults("its later statement", later, Later)
    span = Span(_offset(later["start"]), _offset(later["end"]))
    right = to_json(cited_document(document, day_of(document, span.start)))
    expected = {
        "document": _with_keys_of(right, later["document"]),
        "reader": document_link(document.id, span),
    }
    for name, value in expected.items():
        if not _is_same(later[name], value):
            yield f"later.{name} {_difference(later[name], value)}"
    if not later["document"]["date"] > cited["document"]["date"]:
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
    slices = tuple(Quote(q.of(document.text), q.start, q.end) for q in quotes)
    return citation(document, passage, slices, 0, 0.0)


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
    turns = parted_turns(document)
    return next(((t, p) for t, p in turns if _inside(span, t.span)), (None, None))


def _inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _key_faults(
    name_of: str,
    stated: Mapping[str, Any],
    record: type,
    optional: AbstractSet[str] = frozenset(),
    added: AbstractSet[str] = frozenset(),
) -> Iterator[str]:
    """Yield the keys that a record does not have, or lacks: nothing may be added to an answer."""
    known = {field.name for field in fields(record)}
    for name in sorted(stated.keys() - known - added):
        yield f"{name_of} has {name!r}, which no answer of this system has"
    for name in sorted(known - optional - stated.keys()):
        yield f"{name_of} lacks {name!r}"


def _is_same(value: object, expected: object) -> bool:
    """Tell if JSON values are equal, and of the same types (1, 1.0 and true are not)."""
    if isinstance(value, dict) and isinstance(expected, dict):
        keys = value.keys() == expected.keys()
        return keys and all(_is_same(value[key], expected[key]) for key in value)
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(_is_same, value, expected))
    return type(value) is type(expected) and value == expected


def _offset(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a number of characters")
    return value


def _difference(value: object, expected: object) -> str:
    """Return both sides, from shortly before the place where they part."""
    if not (isinstance(value, str) and isinstance(expected, str)):
        return f"is {value!r}, the record has {expected!r}"
    at = first_difference(value, expected)
    window = slice(max(0, at - 20), at + 40)
    return f"is {value[window]!r} from character {at} on, the record has {expected[window]!r}"


def first_difference(text: str, other: str) -> int:
    """Return the place of the first character that differs, or the length of the shorter text."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(text), len(other)))
