"""The reader page as a link opens it: at a passage, among those that answer the same question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote as percent_encoded
from urllib.parse import urlencode

from qa.records import Document, Span

__all__ = ["Place", "Reading", "Step", "reader_link", "reading"]

# Passages a link may name beside the one it opens; an answer has no more.
_MOST = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A passage by its document and offsets.

    In a link it is written ``DOCUMENT:START-END``, without the document where that is the one
    the link opens.
    """

    document: str
    span: Span

    def written(self, here: str) -> str:
        """As it stands in a link that opens the document ``here``."""
        offsets = f"{self.span.start}-{self.span.end}"
        return offsets if self.document == here else f"{self.document}:{offsets}"

    @classmethod
    def read(cls, written: str, here: str, documents: Mapping[str, Document]) -> Place | None:
        """The place as it is written; None where the record has no such stretch."""
        document, _, offsets = written.rpartition(":")
        start, _, end = offsets.partition("-")
        span = stretch(documents.get(document or here), start, end)
        return Place(document or here, span) if span else None


@dataclass(frozen=True, slots=True)
class Step:
    """A passage to go to from the one that is open: where it stands, and the link there."""

    document: Document
    link: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What is open: the passage marked, its number among those found, the neighbours of it.

    ``is_missing`` says that the link names a passage the document does not have. ``later`` is a
    later statement on the same matter.
    """

    marked: Span | None = None
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
    if len(found) > 1:
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
    here = Place(document.id, marked)
    if here not in places:
        places = []
    at = places.index(here) if places else 0

    def step(number: int) -> Step | None:
        if not 0 <= number < len(places):
            return None
        place = places[number]
        return Step(documents[place.document], reader_link(place, places))

    said_later = Place.read(later, document.id, documents)
    newer = documents[said_later.document] if said_later else None
    is_later = bool(newer and newer.date and document.date and newer.date > document.date)
    return Reading(
        marked,
        number=at + 1,
        total=len(places),
        previous=step(at - 1),
        next=step(at + 1),
        later=Step(newer, reader_link(said_later)) if is_later and newer and said_later else None,
    )


def stretch(document: Document | None, start: str, end: str) -> Span | None:
    """The stretch a link names; None where the document has no such stretch."""
    try:
        span = Span(int(start), int(end))
    except ValueError:
        return None
    return span if document and span.end <= len(document.text) else None
