"""A citation that can be checked, and the check."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote as percent_encoded

import numpy as np

from qa.corpus.parts import day_of, parted_turns
from qa.index.snapshot import Snapshot
from qa.records import (
    Citation,
    CitedDocument,
    CitedPassage,
    Document,
    Hit,
    Later,
    Links,
    Passage,
    Quote,
    Span,
    page_of,
    to_json,
)

__all__ = ["citation", "faults", "later_statement"]

# Characters kept before and after a passage, to find it again should the text have moved.
_AROUND_CHARS = 32
# A text fragment longer than this names its first and last words only.
_FRAGMENT_CHARS = 200
_FRAGMENT_WORDS = 6
# A later statement is looked for among this many hits; it scores at most so much less than the
# citation (a quarter of the odds), and its passage is so much like the one cited. Set by hand.
_LATER_HITS = 20
_LATER_BEHIND = 1.4
_LATER_COSINE = 0.6


def citation(  # noqa: PLR0913, PLR0917 - what a citation tells
    document: Document,
    passage: Passage,
    quotes: tuple[Quote, ...],
    number: int,
    confidence: float,
    later: Later | None = None,
) -> Citation:
    """The citation of a passage, numbered from 1."""
    span = passage.span
    return Citation(
        number=number,
        document=_cited(document, passage.date),
        passage=CitedPassage(
            text=passage.text,
            start=span.start,
            end=span.end,
            paragraph=passage.paragraph,
            role=passage.role,
            speaker=passage.speaker,
            asked=passage.asked.of(document.text) if passage.asked else None,
            page=page_of(document, min((q.start for q in quotes), default=span.start)),
        ),
        quotes=quotes,
        confidence=confidence,
        sha256=document.sha256,
        prefix=document.text[max(0, span.start - _AROUND_CHARS) : span.start],
        suffix=document.text[span.end : span.end + _AROUND_CHARS],
        links=Links(reader=_reader_link(document.id, span), source=_source_link(document, quotes)),
        later=later,
    )


def later_statement(snapshot: Snapshot, hit: Hit, hits: Sequence[Hit]) -> Later | None:
    """The newest of the other hits that answers about as well, much alike, of a later day."""
    passages = snapshot.passages

    def date(hit: Hit) -> int:
        return int(passages.dates[hit.row])

    if not date(hit):
        return None
    others = [
        other
        for other in hits[:_LATER_HITS]
        if date(other) > date(hit) and other.is_answer and other.score >= hit.score - _LATER_BEHIND
    ]
    if not others:
        return None
    vectors = snapshot.passage_vectors.vectors(np.array([hit.row, *(o.row for o in others)]))
    alike = vectors[1:] @ vectors[0] >= _LATER_COSINE
    text = passages[hit.row].text
    found = [o for o, is_alike in zip(others, alike, strict=True) if is_alike]
    found = [other for other in found if passages[other.row].text != text]
    if not found:
        return None
    # Of several in the newest document the one that scores best stands first among the hits.
    newest = max(found, key=date)
    span = passages.span(newest.row)
    document = snapshot.documents[newest.document]
    day = datetime.date.fromordinal(date(newest))
    return Later(_cited(document, day), span.start, span.end, _reader_link(document.id, span))


def _cited(document: Document, day: datetime.date | None) -> CitedDocument:
    return CitedDocument(
        document.id,
        document.title,
        day,
        document.section,
        document.source,
        document.language,
        document.also,
    )


def _reader_link(document: str, span: Span) -> str:
    return f"/documents/{percent_encoded(document)}?start={span.start}&end={span.end}#passage"


def faults(answer: Mapping[str, Any], documents: Mapping[str, Document]) -> Iterator[str]:
    """What in an answer (as JSON) the record does not bear out, a line each.

    Every citation is sliced out of the record again: passage, quotes, question asked, prefix,
    suffix, and what it says of its document.
    """
    try:
        cited = [("citation", c) for c in answer["citations"]]
        cited += [("nearest", c) for c in answer["nearest"]]
        if (answer["status"] == "answered") != bool(answer["citations"]):
            yield f"status is {answer['status']!r} with {len(answer['citations'])} citations"
        for kind, stated in cited:
            name = f"{kind} {stated['number']}"
            document = documents.get(stated["document"]["id"])
            if document is None:
                yield f"{name}: the record has no document {stated['document']['id']!r}"
                continue
            for fault in (*_citation_faults(stated, document), *_later_faults(stated, documents)):
                yield f"{name}: {document.id}: {fault}"
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        yield f"not an answer as this system gives it: {type(error).__name__}: {error}"


def _citation_faults(stated: Mapping[str, Any], document: Document) -> Iterator[str]:
    if stated["sha256"] != document.sha256:
        yield f"its text has sha256 {document.sha256}, the citation says {stated['sha256']}"
    passage = stated["passage"]
    span = Span(passage["start"], passage["end"])
    turn = next((t for t, _ in parted_turns(document) if _inside(span, t.span)), None)
    asked = turn.asked.of(document.text) if turn and turn.asked else None
    expected: dict[str, Any] = {
        "document": _stated_of(document, stated["document"], span.start),
        "passage.text": span.of(document.text),
        "passage.role": turn.role if turn else None,
        "passage.speaker": turn.speaker if turn else None,
        "passage.asked": asked,
        "passage.page": page_of(document, min(q["start"] for q in stated["quotes"] or [passage])),
        "prefix": document.text[max(0, span.start - _AROUND_CHARS) : span.start],
        "suffix": document.text[span.end : span.end + _AROUND_CHARS],
    }
    if "page" not in passage:  # answers of before it was told
        del expected["passage.page"]
    for name, value in expected.items():
        head, _, tail = name.partition(".")
        found = stated[head][tail] if tail else stated[head]
        if found != value:
            yield f"{name} {_apart(found, value)}"
    if not stated["quotes"]:
        yield "no sentence is quoted"
    for quote in stated["quotes"]:
        place = Span(quote["start"], quote["end"])
        if not _inside(place, span):
            yield f"the quote at {place.start} to {place.end} lies outside its passage"
        if quote["text"] != place.of(document.text):
            yield f"quote at {place.start} {_apart(quote['text'], place.of(document.text))}"


def _later_faults(stated: Mapping[str, Any], documents: Mapping[str, Document]) -> Iterator[str]:
    """What is wrong with the later statement that a citation names."""
    later = stated.get("later")  # answers of before it was told lack it
    if later is None:
        return
    document = documents.get(later["document"]["id"])
    if document is None:
        yield f"the record has no later statement {later['document']['id']!r}"
        return
    expected = _stated_of(document, later["document"], later["start"])
    if later["document"] != expected:
        yield f"later.document {_apart(later['document'], expected)}"
    if not later["document"]["date"] > stated["document"]["date"]:
        yield f"its later statement is of {later['document']['date']}"
    if Span(later["start"], later["end"]).end > len(document.text):
        yield f"the later statement ends at {later['end']}, its document at {len(document.text)}"


def _stated_of(document: Document, stated: Mapping[str, Any], start: int) -> dict[str, Any]:
    """What a citation has to say of its document, as far as it could when it was given."""
    expected = to_json(_cited(document, day_of(document, start)))
    for added in {"language", "also"} - set(stated):
        del expected[added]
    return expected


def _inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


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


def _source_link(document: Document, quotes: tuple[Quote, ...]) -> str | None:
    """The source with a text fragment that a browser scrolls to; None where it is no web page."""
    if not document.source or not document.source.startswith(("http://", "https://")):
        return None
    if not quotes:
        return document.source
    text = " ".join(quotes[0].text.split())
    words = text.split(" ")
    if len(text) > _FRAGMENT_CHARS and len(words) > 2 * _FRAGMENT_WORDS:
        ends = [" ".join(words[:_FRAGMENT_WORDS]), " ".join(words[-_FRAGMENT_WORDS:])]
    else:
        ends = [text]
    # A hyphen has a meaning of its own inside a text fragment.
    fragment = ",".join(percent_encoded(end, safe="").replace("-", "%2D") for end in ends)
    separator = ":~:text=" if "#" in document.source else "#:~:text="
    return f"{document.source}{separator}{fragment}"
