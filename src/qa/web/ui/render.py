"""Answers and pages as HTML; the templates' autoescape escapes every value."""

from __future__ import annotations

import datetime
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup, escape

from qa.index.snapshot import Snapshot
from qa.index.store import Documents
from qa.records import Answer, Citation, Document, Span, clock, time_of
from qa.settings import Settings
from qa.sources import recordings
from qa.sources.layouts.registry import turns
from qa.text.language import script_language
from qa.text.paragraphs import paragraph_spans
from qa.text.sentences import sentence_spans
from qa.web.ui.citation_formats import citation_formats
from qa.web.ui.document_page import DocumentView, PassageRef, document_link
from qa.web.ui.filters import Filters
from qa.web.ui.marking import PARAGRAPH, Body, in_paragraphs, marked_html
from qa.web.wording import LANGUAGES, Wording

__all__ = ["Pages", "coverage", "is_answer", "message_html", "message_text", "today"]

_MESSAGE = re.compile(r'<div class="qa-message" dir="auto">(.*)</div>', re.DOTALL)
# The start of an answer, and of one that says "not in the record".
_ANSWERS = ('<div class="qa-answer qa-answered">', '<div class="qa-answer qa-not_in_record">')
# A longer question of a journalist is folded behind its last interrogative sentence.
_LONG_QUESTION_CHARS = 200
# A longer quote is set smaller, so that its source is visible beside it.
_LONG_QUOTE_CHARS = 300
# The confidence from which a match is called strong, and good. Set by hand.
_HIGH, _MEDIUM = 0.75, 0.4
_NO_FILTERS = Filters()

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("qa.web"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# A path on the server is not shown; the name of the file identifies it.
_TEMPLATES.filters["file_name"] = lambda source: source.rsplit("/", 1)[-1]
_TEMPLATES.filters["host"] = lambda url: urlsplit(url).netloc
_TEMPLATES.filters["clock"] = clock
# The name of each language in itself.
_TEMPLATES.globals["language_names"] = {
    language: Wording(language)("language.name") for language in LANGUAGES
}


@dataclass(frozen=True, slots=True)
class _CitationView:
    """The parts of a citation as HTML.

    ``passage`` is None if the quote is all of it; ``question`` is the journalist's in short;
    ``link`` opens the document.
    """

    quote: Markup
    is_long: bool
    passage: Markup | None
    question: str | None
    link: str


class Pages:
    """Answers and pages in one language; links lead below the path of the server."""

    def __init__(self, say: Wording, settings: Settings) -> None:
        self.say = say
        self._common: dict[str, Any] = {
            "say": say,
            "language": say.language,
            "address": settings.address,
            "root": settings.root_path,
            "site": settings.title,
            "title": settings.title,
            "links": settings.links,
            "has_logo": settings.logo is not None,
            "today": today,
            "welcome": settings.welcome or say("chat.welcome"),
        }

    def render(self, template: str, **values: object) -> str:
        """Return a template's HTML with these values and those common to all pages."""
        return _TEMPLATES.get_template(template).render({**self._common, **values})

    def answer(
        self,
        answer: Answer,
        snapshot: Snapshot,
        filters: Filters = _NO_FILTERS,
        request: str | None = None,
        *,
        is_page: bool = False,
    ) -> str:
        """Return an answer as the chat or, if ``is_page``, the page without script shows it.

        ``request`` is the id for feedback on it; None if the server keeps none.
        """
        citations = answer.citations or answer.nearest
        passages = [_passage(citation) for citation in citations]
        html = self.render(
            "answer.html",
            answer=answer,
            filters=filters,
            views=[_view(citation, passages) for citation in citations],
            coverage=coverage(snapshot.documents, self.say),
            languages=self._other_languages(answer.question, snapshot),
            confidence=_confidence,
            request=request,
            is_page=is_page,
            formats=citation_formats,
        )
        return _without_blank_lines(html)

    def _other_languages(self, question: str, snapshot: Snapshot) -> str:
        """Return a hint at the record's languages; empty if the question is in one of them."""
        held = snapshot.documents.languages
        if script_language(question) in {name.split("-")[0] for name in held}:
            return ""
        return self.say(
            "answer.not_in_record.language",
            languages=self.say.names_of(held, "standard"),
            either=self.say.names_of(held, "or"),
        )

    def welcome(self, snapshot: Snapshot) -> str:
        """Return the first message of the chat."""
        return message_html(f"{coverage(snapshot.documents, self.say)}\n{self._common['welcome']}")

    def answer_page(  # noqa: PLR0913 - each part of the page
        self,
        snapshot: Snapshot,
        *,
        question: str = "",
        filters: Filters = _NO_FILTERS,
        answer: Answer | None = None,
        error: str | None = None,
        is_changed: bool = False,
    ) -> str:
        """Return the page that asks without script, with an answer, an error or neither."""
        return self.render(
            "ask.html",
            title=question or self._common["site"],
            question=question,
            filters=filters,
            sections=snapshot.documents.sections,
            snapshot=snapshot.digest,
            is_answered=answer is not None,
            answer=Markup(self.answer(answer, snapshot, filters, is_page=True)) if answer else "",  # noqa: S704
            error=error,
            is_changed=is_changed,
            coverage=coverage(snapshot.documents, self.say),
        )

    def body(self, document: Document) -> Body:
        """Return the text of a document as HTML, for ``document_page``."""
        text = document.text
        paragraphs = paragraph_spans(text)
        plain = [marked_html(text, p) for p in paragraphs]
        starts = [p.start for p in paragraphs]
        document_turns = turns(text, document.layout)
        firsts = [bisect_left(starts, turn.span.start) for turn in document_turns]
        html = self.render(
            "turns.html",
            turns=[
                {
                    "role": turn.role,
                    # No heading above a text that itself says who speaks.
                    "is_headed": not (turn.speaker and turn.label),
                    "speaker": turn.speaker,
                    "paragraphs": plain[first:end],
                }
                for turn, (first, end) in zip(
                    document_turns, pairwise([*firsts, len(plain)]), strict=True
                )
            ],
        )
        return Body(text, tuple(paragraphs), tuple(map(len, plain)), tuple(html.split(PARAGRAPH)))

    def document_page(
        self, snapshot: Snapshot, document: Document, view: DocumentView, body: Body
    ) -> str:
        """Return the page of a document with the passage of ``view`` marked in its ``body``."""
        source = document.source or ""
        passage = view.quoted or view.marked
        time = time_of(document, passage.start) if passage else None
        return self.render(
            "document.html",
            document=document,
            title=document.title,
            source_link=source if source.startswith(("http://", "https://")) else None,
            recording_link=recordings.link(document.recording, time),
            time=time,
            view=view,
            snapshot=snapshot.digest,
            body=body.marked(view),
        )


def message_html(text: str) -> str:
    """Return a visitor's words, or a sentence, as the HTML of a message."""
    lines = Markup("<br>").join(escape(line) for line in text.split("\n"))
    return _without_blank_lines(Markup('<div class="qa-message" dir="auto">{}</div>').format(lines))


def message_text(html: str) -> str:
    """Return the text of a message made by ``message_html``."""
    lines = _MESSAGE.fullmatch(html)
    return unescape(lines[1].replace("<br>", "\n")) if lines else ""


def is_answer(html: str) -> bool:
    """Return whether a message is an answer, not small talk or an error."""
    return html.startswith(_ANSWERS)


def coverage(documents: Documents, say: Wording) -> str:
    """Return a sentence with the number of documents of the record and its period."""
    period, held = documents.period, int(documents.is_published.sum())
    number = "one" if held == 1 else "many"
    if period is None:
        return say(f"coverage.undated.{number}", documents=f"{held:,}")
    first, last = period
    return say(f"coverage.{number}", documents=f"{held:,}", first=first, last=last)


def today() -> datetime.date:
    """Return the day in UTC, as pages print it."""
    return datetime.datetime.now(datetime.UTC).date()


def _confidence(likelihood: float) -> str:
    return "high" if likelihood >= _HIGH else "medium" if likelihood >= _MEDIUM else "low"


def _short_question(question: str | None) -> str | None:
    """Return the last sentence that asks of a long question, or all of a short one."""
    if question is None or len(question) <= _LONG_QUESTION_CHARS:
        return question
    sentences = [span.of(question) for span in sentence_spans(question)]
    return next((s for s in reversed(sentences) if s[-1] in "?？"), question)


def _view(citation: Citation, passages: Sequence[PassageRef]) -> _CitationView:
    """Return a citation as HTML; ``passages`` are those of all citations of the answer."""
    text, offset = citation.passage.text, citation.passage.start
    marks = [Span(q.start - offset, q.end - offset) for q in citation.quotes]
    quoted = _enclosing(marks)
    is_all = quoted.of(text).strip() == text.strip()
    later = citation.later
    newer = PassageRef(later.document.id, Span(later.start, later.end)) if later else None
    return _CitationView(
        quote=in_paragraphs(quoted.of(text), []),
        is_long=quoted.end - quoted.start > _LONG_QUOTE_CHARS,
        passage=None if is_all else in_paragraphs(text, marks),
        question=_short_question(citation.passage.asked),
        link=document_link(_passage(citation), passages, newer),
    )


def _passage(citation: Citation) -> PassageRef:
    span = Span(citation.passage.start, citation.passage.end)
    quoted = _enclosing([Span(q.start, q.end) for q in citation.quotes])
    return PassageRef(citation.document.id, span, quoted)


def _enclosing(sentences: Sequence[Span]) -> Span:
    """Return the span from the first quoted sentence to the last."""
    return Span(min(s.start for s in sentences), max(s.end for s in sentences))


def _without_blank_lines(html: str) -> str:
    """Drop blank lines, which end HTML in Markdown; a carriage return alone makes one, too."""
    lines = html.replace("\r", "\n").split("\n")
    return "\n".join(line for line in lines if line.strip())
