"""Answers and documents as HTML. All escaping happens here, by Jinja's autoescape."""

from __future__ import annotations

import datetime
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import pairwise
from sys import getsizeof
from typing import Any

import jinja2
from markupsafe import Markup, escape

from qa.index.snapshot import Snapshot
from qa.index.store import Documents
from qa.records import Answer, Citation, Document, Span
from qa.settings import Settings
from qa.sources.layouts.registry import paragraph_spans, turns
from qa.text.language import script_language
from qa.text.sentences import sentence_spans
from qa.web.ui.citation_formats import forms
from qa.web.ui.document_page import Place, Reading, reader_link
from qa.web.ui.filters import Filters
from qa.web.wording import LANGUAGES, Wording

__all__ = [
    "Body",
    "Pages",
    "coverage",
    "is_answer",
    "message_html",
    "message_text",
    "today",
]

# Each language as those who speak it call it.
_NAMES = {language: Wording(language)("language.name") for language in LANGUAGES}
_MESSAGE = re.compile(r'<div class="qa-message" dir="auto">(.*)</div>', re.DOTALL)
# How an answer begins, and one that says "not in the record".
_ANSWERS = ('<div class="qa-answer qa-answered">', '<div class="qa-answer qa-not_in_record">')
# How a paragraph of a document begins. No text can hold it, for text is escaped.
_PARAGRAPH = '<p dir="auto">'
_ANCHOR = Markup('<mark id="passage" tabindex="-1">')
_AROUND = Markup('<mark class="around">')
# A journalist's question longer than this is folded behind the sentence that asks.
_ASKED_CHARS = 200
# A quote longer than this is set smaller, so that what it is of is seen beside it.
_LONG_CHARS = 300
# From which confidence on a match is called strong, and good. Set by hand.
_HIGH, _MEDIUM = 0.75, 0.4

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("qa.web"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A citation as it is shown.

    ``passage`` is None where the quote is all of it; ``asked`` is the question in short.
    """

    quote: Markup
    is_long: bool
    passage: Markup | None
    asked: str | None
    reader: str


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a document as HTML, cut at its paragraphs, so that some can be marked anew.

    ``pieces[n + 1]`` begins with the paragraph at ``paragraphs[n]`` without marks, which takes
    ``lengths[n]`` characters.
    """

    text: str
    paragraphs: tuple[Span, ...]
    lengths: tuple[int, ...]
    pieces: tuple[str, ...]

    @property
    def size(self) -> int:
        """Its bytes in memory, about."""
        parts = (self.text, *self.pieces, *self.lengths, *self.paragraphs)
        return sum(map(getsizeof, parts))

    def opened(self, reading: Reading) -> Markup:
        """The HTML with what ``reading`` opens marked."""
        pieces = list(self.pieces)
        marked, quoted = reading.marked, reading.quoted
        for n, span in enumerate(self.paragraphs if marked else ()):
            if marked and span.start < marked.end and marked.start < span.end:
                rest = pieces[n + 1][self.lengths[n] :]
                # Joined as plain strings: adding to Markup would escape what is HTML.
                pieces[n + 1] = "".join((_opened(self.text, span, marked, quoted), rest))
        return Markup(_PARAGRAPH.join(pieces))  # noqa: S704 - rendered with escaping


# Where a file lies on the server is nobody's business; its name tells it from others.
_TEMPLATES.filters["file_name"] = lambda source: source.rsplit("/", 1)[-1]


class Pages:
    """Everything as HTML, in one language; links lead below the path of the server."""

    def __init__(self, say: Wording, settings: Settings) -> None:
        """``settings`` say how the pages look, and by which address visitors know them."""
        self.say = say
        self._known: dict[str, Any] = {
            "say": say,
            "language": say.language,
            "address": settings.address,
            "root": settings.root_path,
            "site": settings.title,
            "links": settings.links,
            "has_logo": settings.logo is not None,
            "today": today,
            "welcome": settings.welcome or say("chat.welcome"),
        }

    def answer(
        self,
        answer: Answer,
        snapshot: Snapshot,
        only: Filters = Filters(),  # noqa: B008 - it cannot be changed
        request: str | None = None,
    ) -> str:
        """An answer as it stands in the chat and on its page.

        ``only`` is what was looked at alone; ``request`` the id under which a visitor may say
        whether it helped.
        """
        cited = answer.citations or answer.nearest
        found = [_place(c) for c in cited]
        html = self._rendered(
            "answer.html",
            answer=answer,
            only=only,
            shown=[_shown(c, found) for c in cited],
            coverage=coverage(snapshot.documents, self.say),
            languages=self._other_languages(answer.question, snapshot),
            confidence=_confidence,
            request=request,
            forms=forms,
        )
        return _without_blank_lines(html)

    def _other_languages(self, question: str, snapshot: Snapshot) -> str:
        """The languages of the record, where none is the question's; otherwise empty."""
        held = snapshot.documents.languages
        if script_language(question) in {name.split("-")[0] for name in held}:
            return ""
        known = {name: self.say("language." + name) for name in ("en", "zh")}
        return self.say("list.separator").join(known.get(name, name) for name in held)

    def head(self) -> str:
        """What the chat's page has in its head, beside Gradio's own."""
        return self._rendered("head.html")

    def top(self) -> str:
        """What stands above the chat: logo, heading, the languages there are."""
        return self._rendered("top.html", languages=LANGUAGES, names=_NAMES)

    def foot(self) -> str:
        """The links below the chat and every page; empty where there are none."""
        return self._rendered("foot.html")

    def welcome(self, snapshot: Snapshot) -> str:
        """What the chat says first."""
        held = coverage(snapshot.documents, self.say)
        return message_html(f"{held}\n{self._known['welcome']}")

    def answer_page(  # noqa: PLR0913 - what the page shows
        self,
        snapshot: Snapshot,
        *,
        question: str = "",
        only: Filters = Filters(),  # noqa: B008 - it cannot be changed
        answer: Answer | None = None,
        trouble: str | None = None,
        is_changed: bool = False,
    ) -> str:
        """The page that asks without script, with the answer or what stood in its way."""
        return self._rendered(
            "ask.html",
            title=question or self._known["site"],
            question=question,
            only=only,
            sections=snapshot.documents.sections,
            snapshot=snapshot.digest,
            is_answered=answer is not None,
            answer=Markup(self.answer(answer, snapshot, only)) if answer else "",  # noqa: S704
            trouble=trouble,
            is_changed=is_changed,
            coverage=coverage(snapshot.documents, self.say),
        )

    def body(self, document: Document) -> Body:
        """The text of a document as HTML, to be shown by ``document_page``."""
        text = document.text
        paragraphs = paragraph_spans(text)
        plain = [_marked(text, p, []) for p in paragraphs]
        starts = [p.start for p in paragraphs]
        of_turns = turns(text, document.layout)
        firsts = [bisect_left(starts, turn.span.start) for turn in of_turns]
        html = self._rendered(
            "turns.html",
            turns=[
                {
                    "role": turn.role,
                    # Nothing above a text that says itself who speaks.
                    "is_headed": not (turn.speaker and turn.label),
                    "speaker": turn.speaker,
                    "paragraphs": plain[first:end],
                }
                for turn, (first, end) in zip(
                    of_turns, pairwise([*firsts, len(plain)]), strict=True
                )
            ],
        )
        return Body(text, tuple(paragraphs), tuple(map(len, plain)), tuple(html.split(_PARAGRAPH)))

    def document_page(
        self, snapshot: Snapshot, document: Document, reading: Reading, body: Body | None = None
    ) -> str:
        """The reader page of a document, opened as ``reading`` says; ``body`` is its own."""
        source = document.source or ""
        return self._rendered(
            "document.html",
            document=document,
            title=document.title,
            source_link=source if source.startswith(("http://", "https://")) else None,
            reading=reading,
            snapshot=snapshot.digest,
            body=(body or self.body(document)).opened(reading),
        )

    def refused_page(self, sentence: str) -> str:
        """The page for a request that is not served now: why, and that it can be made again."""
        return self._rendered("refused.html", sentence=sentence, title=self._known["site"])

    def missing_page(self, document_id: str) -> str:
        """The page for a document the record does not hold."""
        return self._rendered("missing.html", id=document_id, title=self.say("page.missing"))

    def widget_page(self, snippet: str) -> str:
        """A sample page of a ministry, with the widget in it. ``snippet`` is its HTML."""
        return self._rendered(
            "widget.html",
            title=self.say("widget.sample.title"),
            snippet=Markup(snippet),  # noqa: S704 - made by us, of settings that were checked
            code=snippet,
        )

    def _rendered(self, template: str, **values: object) -> str:
        return _TEMPLATES.get_template(template).render(**self._known, **values)


def message_html(text: str) -> str:
    """A visitor's own words, or a plain sentence, as text and nothing else."""
    lines = Markup("<br>").join(escape(line) for line in text.split("\n"))
    return _without_blank_lines(Markup('<div class="qa-message" dir="auto">{}</div>').format(lines))


def message_text(html: str) -> str:
    """The words that ``message_html`` made a message of."""
    lines = _MESSAGE.fullmatch(html)
    return unescape(lines[1].replace("<br>", "\n")) if lines else ""


def is_answer(html: str) -> bool:
    """Return whether a message is an answer, and not a courtesy or what stood in its way."""
    return html.startswith(_ANSWERS)


def coverage(documents: Documents, say: Wording) -> str:
    """One sentence on what the record holds: how many documents, from when to when."""
    period, held = documents.period, int(documents.is_published.sum())
    number = "one" if held == 1 else "many"
    if period is None:
        return say(f"coverage.undated.{number}", documents=f"{held:,}")
    first, last = period
    return say(f"coverage.{number}", documents=f"{held:,}", first=first, last=last)


def _confidence(likelihood: float) -> str:
    """A confidence as a word of three."""
    return "high" if likelihood >= _HIGH else "medium" if likelihood >= _MEDIUM else "low"


def today() -> datetime.date:
    """The day it is, as pages tell it."""
    return datetime.datetime.now(datetime.UTC).date()


def _asked_in_short(asked: str | None) -> str | None:
    """Of a long question, the last sentence that asks; the whole of a short one."""
    if asked is None or len(asked) <= _ASKED_CHARS:
        return asked
    asking = [s.of(asked) for s in sentence_spans(asked) if s.of(asked)[-1] in "?？"]
    return asking[-1] if asking else asked


def _shown(citation: Citation, found: Sequence[Place]) -> _Shown:
    """``found`` are the passages of all citations, this one's among them."""
    text, offset = citation.passage.text, citation.passage.start
    marks = [Span(q.start - offset, q.end - offset) for q in citation.quotes]
    quoted = _quoted(marks)
    is_all = quoted.of(text).strip() == text.strip()
    later = citation.later
    return _Shown(
        quote=_in_paragraphs(quoted.of(text), []),
        is_long=quoted.end - quoted.start > _LONG_CHARS,
        passage=None if is_all else _in_paragraphs(text, marks),
        asked=_asked_in_short(citation.passage.asked),
        reader=reader_link(
            _place(citation),
            found,
            Place(later.document.id, Span(later.start, later.end)) if later else None,
        ),
    )


def _place(citation: Citation) -> Place:
    passage = Span(citation.passage.start, citation.passage.end)
    quoted = _quoted([Span(q.start, q.end) for q in citation.quotes])
    return Place(citation.document.id, passage, quoted)


def _quoted(sentences: Sequence[Span]) -> Span:
    """The stretch of the sentences quoted: they are neighbours."""
    return Span(min(s.start for s in sentences), max(s.end for s in sentences))


def _in_paragraphs(text: str, marks: Sequence[Span]) -> Markup:
    """The text in paragraphs, what is marked in ``<mark>``."""
    paragraphs = (_marked(text, p, marks) for p in paragraph_spans(text))
    return Markup("").join(Markup("<p>{}</p>").format(p) for p in paragraphs)


def _opened(text: str, whole: Span, marked: Span, quoted: Span | None) -> Markup:
    """A paragraph of the reader page: what is quoted is marked, the passage around it less so."""
    if quoted is None:
        return _marked(text, whole, [marked], _ANCHOR)
    around = [(marked.start, quoted.start), (quoted.end, marked.end)]
    marks = [quoted, *(Span(start, end) for start, end in around if start < end)]
    return _marked(text, whole, marks, _ANCHOR, quoted)


def _marked(
    text: str,
    whole: Span,
    marks: Sequence[Span],
    anchor: Markup | None = None,
    quoted: Span | None = None,
) -> Markup:
    """``text`` within ``whole``, escaped, with ``<mark>`` around what is marked.

    ``anchor`` is the opening tag of a mark that begins in here. Where ``quoted`` is given, the
    anchor is that mark's, and others are told from it.
    """
    parts = []
    for piece, mark in _pieces(whole, marks):
        body = Markup("<br>").join(escape(line) for line in piece.of(text).split("\n"))
        is_around = quoted is not None and mark != quoted
        begins = mark is not None and mark.start >= whole.start and not is_around
        tag = _AROUND if is_around else anchor if anchor and begins else Markup("<mark>")
        parts.append(tag + body + Markup("</mark>") if mark else body)
    return Markup("").join(parts)


def _pieces(whole: Span, marks: Sequence[Span]) -> Iterator[tuple[Span, Span | None]]:
    """``whole`` cut at the ends of the marks; each piece with the mark it lies in."""
    inside = [m for m in sorted(marks) if m.start < whole.end and whole.start < m.end]
    at = whole.start
    for mark in inside:
        start, end = max(mark.start, at), min(mark.end, whole.end)
        if at < start:
            yield Span(at, start), None
        if start < end:
            yield Span(start, end), mark
            at = end
    if at < whole.end:
        yield Span(at, whole.end), None


def _without_blank_lines(html: str) -> str:
    """HTML in which Markdown finds no end; a lone carriage return ends a line for it, too."""
    lines = html.replace("\r", "\n").split("\n")
    return "\n".join(line for line in lines if line.strip())
