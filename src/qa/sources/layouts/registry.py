"""Layouts of texts: questions and answers, transcripts, statements; and their turns.

``recognise`` looks at a source once, at ingest, and names its layout. ``turns`` derives the
turns from a document's text by that name, any time later. A text that is not recognised is a
statement, never a guess.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

from qa.errors import CorpusError
from qa.records import Span, Turn
from qa.sources.layouts.faq import LEAST_QUESTIONS, faq, is_faq
from qa.sources.layouts.labelled_faq import labelled_faq
from qa.sources.layouts.transcript import is_transcript, transcript
from qa.text.paragraphs import paragraph_spans
from qa.text.sentences import sentence_spans

__all__ = ["LAYOUTS", "Recognised", "recognise", "turns"]

_HOME = "Home|Homepage|首页|首頁|主页|主頁"
# "Home > Press Conference Homepage>Service Trade" on a line of its own, before everything else.
_BREADCRUMB = re.compile(rf"\s*(?P<crumbs>(?:{_HOME})[ \t]*[>›»][^\n]*)\n[ \t]*\n+")
_CRUMB_SEPARATOR = re.compile("[>›»]")
# "...this time?(2022-07-21)" closes the question of a question-and-answer page.
_ASKED_DATE = re.compile(r"[(（](?P<date>\d{4}-\d{1,2}-\d{1,2})[)）]\s*\Z")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_TITLE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Recognised:
    """A source's text without its boilerplate, its layout, and the page's own metadata."""

    text: str
    layout: str
    title: str
    date: datetime.date | None
    section: str | None


def recognise(text: str, *, has_questions: bool = False) -> Recognised:
    """Recognise the layout of ``text`` by its looks. Never fails: by default it is a statement.

    ``has_questions`` says that the source marks questions and their answers.
    """
    section = None
    breadcrumb = _BREADCRUMB.match(text)
    if breadcrumb:
        section = _CRUMB_SEPARATOR.split(breadcrumb["crumbs"])[-1].strip() or None
        text = text[breadcrumb.end() :]
    question = _question_on_top(text)
    if question:
        return Recognised(text, "question-answer", _title(text), question[1], section)
    if is_transcript(text):
        first = transcript(text)[0]
        # A speaker's label is no title.
        title = _title(text[first.label.end :] if first.label else text)
        return Recognised(text, "transcript", title, None, section)
    least = 1 if has_questions else LEAST_QUESTIONS
    layout = "faq" if is_faq(text, least) else "statement"
    return Recognised(text, layout, _title(text), None, section)


def turns(text: str, layout: str) -> tuple[Turn, ...]:
    """Return the turns of ``text``, without gap or overlap: joined, they give it back.

    Raises:
        CorpusError: no layout has that name, or the text does not have that layout.
    """
    if layout not in LAYOUTS:
        raise CorpusError(f"There is no layout {layout!r}; known: {', '.join(sorted(LAYOUTS))}.")
    return LAYOUTS[layout](text)


def _question_on_top(text: str) -> tuple[Span, datetime.date] | None:
    """Return the question of a question-and-answer page, without its date, and that date."""
    blank = _BLANK_LINE.search(text, len(text) - len(text.lstrip()))
    if not blank or not text[blank.end() :].strip():
        return None
    first = paragraph_spans(text[: blank.start()])[0]
    closing = _ASKED_DATE.search(first.of(text))
    if not closing or not re.search("[?？]", first.of(text)):
        return None
    try:
        date = datetime.date(*map(int, closing["date"].split("-")))
    except ValueError:
        return None
    question = first.of(text)[: closing.start()].rstrip(" \t")
    return Span(first.start, first.start + len(question)), date


def _title(text: str) -> str:
    """Return the first sentence without its full stop, cut at a word where it is very long."""
    text = text.lstrip()
    # The first sentence is looked for where a title may be: a whole record may be one line.
    spans = sentence_spans(text[: 2 * _TITLE_CHARS])
    sentence = spans[0].of(text).rstrip(".。") if spans else ""
    if len(sentence) <= _TITLE_CHARS:
        return sentence
    return sentence[:_TITLE_CHARS].rsplit(" ", 1)[0] + " …"


def _question_answer(text: str) -> tuple[Turn, ...]:
    question = _question_on_top(text)
    if not question:
        raise CorpusError(
            "Layout question-answer needs a first paragraph that asks and ends with a date, "
            'as in "...this time?(2022-07-21)", and an answer below it: correct the text or '
            'set "layout: statement".'
        )
    answer_start = paragraph_spans(text)[1].start
    return (
        Turn("question", Span(0, answer_start)),
        Turn("answer", Span(answer_start, len(text)), asked=question[0]),
    )


def _statement(text: str) -> tuple[Turn, ...]:
    return (Turn("statement", Span(0, len(text))),)


LAYOUTS: dict[str, Callable[[str], tuple[Turn, ...]]] = {
    "faq": faq,
    "labelled-faq": labelled_faq,
    "question-answer": _question_answer,
    "statement": _statement,
    "transcript": transcript,
}
