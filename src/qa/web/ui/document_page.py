"""Links to a passage on its document's page, and the view such a link opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote as percent_encoded
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict

from qa.records import Document, Span
from qa.sources.layouts.parts import day_of
from qa.text.paragraphs import paragraph_spans

__all__ = ["DocumentView", "LinkQuery", "Neighbour", "PassageRef", "document_link", "open_view"]

# Passages a link may name beside the one it opens; an answer has no more.
_MOST_PASSAGES = 20


class LinkQuery(BaseModel):
    """The query of a link to a document's page, as a client sent it."""

    model_config = ConfigDict(frozen=True)

    start: str = ""
    end: str = ""
    found: tuple[str, ...] = ()
    later: str = ""
    language: str = ""

    @property
    def passages(self) -> tuple[object, ...]:
        """The part that decides what the page shows, whatever its language."""
        return self.start, self.end, self.found, self.later


@dataclass(frozen=True, slots=True)
class PassageRef:
    """A passage by its document and offsets, with the span quoted from it.

    A link writes it ``DOCUMENT:START-END,START-END``: without the document if that is the one
    the link opens, and without the second span if nothing is quoted.
    """

    document: str
    span: Span
    quote: Span | None = None

    def written(self, here: str) -> str:
        """Return the form in a link that opens the document ``here``."""
        spans = [span for span in (self.span, self.quote) if span]
        offsets = ",".join(f"{span.start}-{span.end}" for span in spans)
        return offsets if self.document == here else f"{self.document}:{offsets}"

    @classmethod
    def parse(cls, written: str, here: str, documents: Mapping[str, Document]) -> PassageRef | None:
        """Read the form of ``written``; None if the record has no such span."""
        name, _, offsets = written.rpartition(":")
        document = documents.get(name or here)
        passage, _, quoted = offsets.partition(",")
        span, quote = (_span(document, *part.partition("-")[::2]) for part in (passage, quoted))
        if span is None or (quoted and quote is None):
            return None
        if quote and not (span.start <= quote.start and quote.end <= span.end):
            return None
        return PassageRef(name or here, span, quote)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A passage to go to from the open one, with its link."""

    document: Document
    paragraph: int
    link: str


@dataclass(frozen=True, slots=True)
class DocumentView:
    """The marked passage of a document, the quote in it, and its neighbours in the answer.

    ``is_missing``: the link names a passage that the document does not have. ``later`` is a later
    statement on the same matter.
    """

    marked: Span | None = None
    quoted: Span | None = None
    is_missing: bool = False
    number: int = 0
    total: int = 0
    previous: Neighbour | None = None
    next: Neighbour | None = None
    later: Neighbour | None = None


def document_link(
    passage: PassageRef, answer: Sequence[PassageRef] = (), later: PassageRef | None = None
) -> str:
    """Return the link that opens a document's page at a passage.

    ``answer`` are all passages of the answer, this one among them; ``later`` is a later statement
    on the same matter.
    """
    query: dict[str, object] = {"start": passage.span.start, "end": passage.span.end}
    if answer:
        query["found"] = [other.written(passage.document) for other in answer]
    if later:
        query["later"] = later.written(passage.document)
    return f"/documents/{percent_encoded(passage.document)}?{urlencode(query, doseq=True)}#passage"


def open_view(
    documents: Mapping[str, Document], document: Document, link: LinkQuery
) -> DocumentView:
    """Return the view of a document that a link opens, without passages the record lacks."""
    marked = _span(document, link.start, link.end)
    if marked is None:
        return DocumentView(is_missing=bool(link.start or link.end))
    parsed = [PassageRef.parse(w, document.id, documents) for w in link.found[:_MOST_PASSAGES]]
    passages = [passage for passage in parsed if passage]
    spans = [(passage.document, passage.span) for passage in passages]
    if (document.id, marked) not in spans:
        passages, spans = [], []
    at = spans.index((document.id, marked)) if passages else 0
    newer = PassageRef.parse(link.later, document.id, documents)
    is_newer = newer and _is_later(documents[newer.document], newer.span, document, marked)

    def neighbour(passage: PassageRef, answer: Sequence[PassageRef] = ()) -> Neighbour:
        other = documents[passage.document]
        paragraph = sum(1 for p in paragraph_spans(other.text) if p.start <= passage.span.start)
        return Neighbour(other, paragraph, document_link(passage, answer))

    return DocumentView(
        marked,
        quoted=passages[at].quote if passages else None,
        number=at + 1,
        total=len(passages),
        previous=neighbour(passages[at - 1], passages) if at else None,
        next=neighbour(passages[at + 1], passages) if at + 1 < len(passages) else None,
        later=neighbour(newer) if newer and is_newer else None,
    )


def _is_later(document: Document, span: Span, other: Document, other_span: Span) -> bool:
    day, other_day = day_of(document, span.start), day_of(other, other_span.start)
    return day is not None and other_day is not None and day > other_day


def _span(document: Document | None, start: str, end: str) -> Span | None:
    """Return the span a link names; None if the document does not have it."""
    try:
        span = Span(int(start), int(end))
    except ValueError:
        return None
    return span if document and span.end <= len(document.text) else None
