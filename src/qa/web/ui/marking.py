"""Text of the record as HTML in which spans are marked; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sys import getsizeof

from markupsafe import Markup, escape

from qa.records import Span
from qa.text.paragraphs import paragraph_spans
from qa.web.ui.document_page import DocumentView

__all__ = ["MARK", "PARAGRAPH", "Body", "Mark", "in_paragraphs", "marked_html"]

# The start of a paragraph of a document. Text never contains it, for text is escaped.
PARAGRAPH = '<p dir="auto">'
MARK = Markup("<mark>")
_ANCHOR = Markup('<mark id="passage" tabindex="-1">')
_AROUND = Markup('<mark class="around">')

# A span with the opening tag of its mark.
Mark = tuple[Span, Markup]


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a document as HTML, cut at its paragraphs so that some can be marked later.

    ``pieces[n + 1]`` begins with the paragraph at ``paragraphs[n]`` without marks, which takes
    ``lengths[n]`` characters.
    """

    text: str
    paragraphs: tuple[Span, ...]
    lengths: tuple[int, ...]
    pieces: tuple[str, ...]

    @property
    def size(self) -> int:
        """Its approximate size in bytes."""
        parts = (self.text, *self.pieces, *self.lengths, *self.paragraphs)
        return sum(map(getsizeof, parts))

    def marked(self, view: DocumentView) -> Markup:
        """Return the HTML with the passage of ``view`` marked."""
        pieces = list(self.pieces)
        passage, quoted = view.marked, view.quoted
        for n, span in enumerate(self.paragraphs if passage else ()):
            if passage and span.start < passage.end and passage.start < span.end:
                rest = pieces[n + 1][self.lengths[n] :]
                # Joined as plain strings: adding to Markup would escape the HTML again.
                pieces[n + 1] = "".join((_marked_passage(self.text, span, passage, quoted), rest))
        return Markup(PARAGRAPH.join(pieces))  # noqa: S704 - rendered with escaping


def in_paragraphs(text: str, marks: Sequence[Span]) -> Markup:
    """Return the text in paragraphs, with ``<mark>`` around the marks."""
    tagged = [(span, MARK) for span in marks]
    paragraphs = (marked_html(text, p, tagged) for p in paragraph_spans(text))
    return Markup("").join(Markup("<p>{}</p>").format(p) for p in paragraphs)


def marked_html(text: str, whole: Span, marks: Sequence[Mark] = ()) -> Markup:
    """Return ``text`` within ``whole``, escaped, with the marks around their spans."""
    parts = []
    for piece, tag in _pieces(whole, marks):
        body = Markup("<br>").join(escape(line) for line in piece.of(text).split("\n"))
        parts.append(tag + body + Markup("</mark>") if tag else body)
    return Markup("").join(parts)


def _marked_passage(text: str, whole: Span, passage: Span, quoted: Span | None) -> Markup:
    """Return a paragraph with the quote marked, and the passage around it marked less."""
    main = quoted or passage
    # Only the first paragraph of a quote has the anchor: ids are unique.
    marks: list[Mark] = [(main, _ANCHOR if main.start >= whole.start else MARK)]
    around = [(passage.start, main.start), (main.end, passage.end)]
    marks += [(Span(start, end), _AROUND) for start, end in around if start < end]
    return marked_html(text, whole, marks)


def _pieces(whole: Span, marks: Sequence[Mark]) -> Iterator[tuple[Span, Markup | None]]:
    """Cut ``whole`` at the ends of the marks; yield each piece with the tag of its mark."""
    at = whole.start
    for mark, tag in sorted(marks):
        start, end = max(mark.start, at), min(mark.end, whole.end)
        if start >= end:
            continue
        if at < start:
            yield Span(at, start), None
        yield Span(start, end), tag
        at = end
    if at < whole.end:
        yield Span(at, whole.end), None
