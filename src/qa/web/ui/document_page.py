"""The reader page as a link opens it: at a passage, among those that answer the same question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote as percent_encoded
from urllib.parse import urlencode

from qa.records import Document, Span
from qa.sources.layouts.parts import day_of
from qa.sources.layouts.registry import paragraph_spans

__all__ = ["Place", "Reading", "Step", "reader_link", "reading"]

# Passages a link may name beside the one it opens; an answer has no more.
_MOST = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A passage by its document and offsets, with the stretch in it that is quoted.

    In a link it is written ``DOCUMENT:START-END,START-END``, without the document where that is
    the one the link opens, and without the second stretch where nothing is quoted.
    """

    document: str
    span: Span
    quote: Span | None = None

    def written(self, here: str) -> str:
        """As it stands in a link that opens the document ``here``."""
        stretches = [span for span in (self.span, self.quote) if span]
        offsets = ",".join(f"{span.start}-{span.end}" for span in stretches)
        return offsets if self.document == here else f"{self.document}:{offsets}"

    @classmethod
    def read(cls, written: str, here: str, documents: Mapping[str, Document]) -> Place | None:
        """The place as it is written; None where the record has no such stretch."""
        name, _, offsets = written.rpartition(":")
        document = documents.get(name or here)
        passage, _, quoted = offsets.partition(",")
        span, quote = (stretch(document, *_ends(part)) for part in (passage, quoted))
        if span is None or (quoted and quote is None):
            return None
        if quote and not (span.start <= quote.start and quote.end <= span.end):
            return None
        return Place(name or here, span, quote)


@dataclass(frozen=True, slots=True)
class Step:
    """A passage to go to from the one that is open: where it stands, and the link there."""

    document: Document
    paragraph: int
    link: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What is open: the passage marked, what of it is quoted, and its neighbours among those found.

    ``is_missing`` says that the link names a passage the document does not have. ``later`` is a
    later statement on the same matter.
    """

    marked: Span | None = None
    quoted: Span | None = None
    is_missing: bool = False
    number: int = 0
    total: int = 0
    previous: Step | None = None
    next: Step | None = None
    later: Step | None = None


def reader_link(place: Place, found: Sequence[Place] = (), later: Place | None = None) -> str:
    """The link that opens the reader page at a place.

    ``found`` are all passages that answer, this one among them; ``later`` is a later statement
    on the same matter.
    """
    named: dict[str, object] = {"start": place.span.start, "end": place.span.end}
    if found:
        named["found"] = [one.written(place.document) for one in found]
    if later:
        named["later"] = later.written(place.document)
    return f"/documents/{percent_encoded(place.document)}?{urlencode(named, doseq=True)}#passage"


def reading(  # noqa: PLR0913 - what a link names
    documents: Mapping[str, Document],
    document: Document,
    *,
    start: str,
    end: str,
    found: Sequence[str],
    later: str,
) -> Reading:
    """What a link opens. Of what it names, only what the record has is taken."""
    marked = stretch(document, start, end)
    if marked is None:
        return Reading(is_missing=bool(start or end))
    read = [Place.read(written, document.id, documents) for written in found[:_MOST]]
    places = [place for place in read if place]
    spans = [(place.document, place.span) for place in places]
    if (document.id, marked) not in spans:
        places, spans = [], []
    at = spans.index((document.id, marked)) if places else 0

    def step(place: Place | None, among: Sequence[Place] = ()) -> Step | None:
        if place is None:
            return None
        to = documents[place.document]
        before = sum(1 for p in paragraph_spans(to.text) if p.start <= place.span.start)
        return Step(to, before, reader_link(place, among))

    newest = Place.read(later, document.id, documents)
    newer = step(newest)
    return Reading(
        marked,
        quoted=places[at].quote if places else None,
        number=at + 1,
        total=len(places),
        previous=step(places[at - 1], places) if at else None,
        next=step(places[at + 1], places) if at + 1 < len(places) else None,
        later=newer
        if newest and newer and _is_later(newer.document, newest.span, document, marked)
        else None,
    )


def _is_later(one: Document, there: Span, other: Document, here: Span) -> bool:
    days = day_of(one, there.start), day_of(other, here.start)
    return days[0] is not None and days[1] is not None and days[0] > days[1]


def _ends(written: str) -> tuple[str, str]:
    start, _, end = written.partition("-")
    return start, end


def stretch(document: Document | None, start: str, end: str) -> Span | None:
    """The stretch a link names; None where the document has no such stretch."""
    try:
        span = Span(int(start), int(end))
    except ValueError:
        return None
    return span if document and span.end <= len(document.text) else None
