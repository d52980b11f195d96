"""The hits to cite become citations, which ``answer_checks.py`` checks against the record."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from urllib.parse import quote as percent_encoded

import numpy as np

from qa.answer.quotes import question_and_reply, quotes, with_number
from qa.answer.result import Result
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
    time_of,
)
from qa.sources import recordings

__all__ = ["citation", "citations", "cited_document", "document_link", "leading"]

# Characters kept before and after a passage, to find it again should the text have moved.
_AROUND_CHARS = 32
# A text fragment longer than this names its first and last words only.
_FRAGMENT_CHARS = 200
_FRAGMENT_WORDS = 6
# Citations after the first score at most this much less than it: a tenth of the odds.
_MOST_BEHIND = float(np.log(10))
# A later statement is looked for among this many hits; it scores at most so much less than the
# citation (a quarter of the odds), and its passage is so much like the one cited. Set by hand.
_LATER_HITS = 20
_LATER_BEHIND = 1.4
_LATER_COSINE = 0.6


def citations(snapshot: Snapshot, result: Result, top_k: int) -> tuple[Citation, ...]:
    """Return the citations of the best hits, up to ``top_k``, each with its quotes."""
    return tuple(
        citation(
            snapshot.documents[hit.document],
            passage,
            _quotes(snapshot, result, hit, passage),
            number,
            hit.confidence,
            _later_statement(snapshot, hit, result.hits) if result.is_answered else None,
        )
        for number, (hit, passage) in enumerate(leading(snapshot, result.hits, top_k), start=1)
    )


def _quotes(snapshot: Snapshot, result: Result, hit: Hit, passage: Passage) -> tuple[Quote, ...]:
    if hit.row in result.lookup.rows:
        if result.lookup.is_whole:
            return question_and_reply(passage)
    elif numbered := with_number(passage, result.question):
        return numbered
    rescored = result.rescored.get(hit.row)
    scores = rescored.sentence_scores if rescored else None
    return quotes(snapshot, hit.row, passage, result.question, scores)


def leading(snapshot: Snapshot, hits: Sequence[Hit], top_k: int) -> list[tuple[Hit, Passage]]:
    """Return the hits to cite: up to ``top_k``, none far below the best, no text twice."""
    chosen: list[tuple[Hit, Passage]] = []
    for hit in hits:
        if len(chosen) == top_k or hit.score < hits[0].score - _MOST_BEHIND:
            break
        passage = snapshot.passages[hit.row]
        if all(passage.text != other.text for _, other in chosen):
            chosen.append((hit, passage))
    return chosen


def citation(  # noqa: PLR0913, PLR0917 - the parts of a citation
    document: Document,
    passage: Passage,
    quotes: tuple[Quote, ...],
    number: int,
    confidence: float,
    later: Later | None = None,
) -> Citation:
    """Return the citation of a passage; numbers count from 1."""
    span = passage.span
    begins = min((q.start for q in quotes), default=span.start)
    time = time_of(document, begins)
    return Citation(
        number=number,
        document=cited_document(document, passage.date),
        passage=CitedPassage(
            text=passage.text,
            start=span.start,
            end=span.end,
            paragraph=passage.paragraph,
            role=passage.role,
            speaker=passage.speaker,
            asked=passage.asked.of(document.text) if passage.asked else None,
            page=page_of(document, begins),
            time=time,
        ),
        quotes=quotes,
        confidence=confidence,
        sha256=document.sha256,
        prefix=document.text[max(0, span.start - _AROUND_CHARS) : span.start],
        suffix=document.text[span.end : span.end + _AROUND_CHARS],
        links=Links(
            reader=document_link(document.id, span),
            source=_source_link(document, quotes),
            recording=recordings.link(document.recording, time),
        ),
        later=later,
    )


def _later_statement(snapshot: Snapshot, hit: Hit, hits: Sequence[Hit]) -> Later | None:
    """Return the newest other hit of a later day that answers about as well and is much alike."""
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
    later = [
        other
        for other, is_alike in zip(others, alike, strict=True)
        if is_alike and passages[other.row].text != text
    ]
    if not later:
        return None
    # Of several in the newest document the one that scores best stands first among the hits.
    newest = max(later, key=date)
    span = passages.span(newest.row)
    document = snapshot.documents[newest.document]
    day = datetime.date.fromordinal(date(newest))
    link = document_link(document.id, span)
    return Later(cited_document(document, day), span.start, span.end, link)


def cited_document(document: Document, day: datetime.date | None) -> CitedDocument:
    """Return a document as citations name it; ``day`` is that of the passage."""
    return CitedDocument(
        document.id,
        document.title,
        day,
        document.section,
        document.source,
        document.language,
        document.also,
    )


def document_link(document: str, span: Span) -> str:
    """Return the address of our page of a document, at a stretch of it."""
    return f"/documents/{percent_encoded(document)}?start={span.start}&end={span.end}#passage"


def _source_link(document: Document, quotes: tuple[Quote, ...]) -> str | None:
    """Return the source with a text fragment to scroll to; None where it is no web page."""
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
