"""Pages of questions and answers without labels: a paragraph asks, those below it answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.errors import CorpusError
from qa.records import Span, Turn
from qa.sources.layouts.headings import before_headings, paragraphs
from qa.sources.layouts.labels import candidates

__all__ = ["LEAST_QUESTIONS", "faq", "is_faq"]

_QUESTION_CHARS = 250
_QUESTION_WORDS = 3
_QUESTION_HAN = 4
# So many questions make a page of questions, unless its markup says that it is one.
LEAST_QUESTIONS = 2
# A speech asks now and then too; here every so many paragraphs at most.
_PARAGRAPHS_A_QUESTION = 6
# One sentence: a mark at its end, and none before it.
_QUESTION = re.compile(
    r"(?:\#{1,6}[ ]+)?[*_]{0,3}(?:\d{1,3}[.)．、][ \t]*)?"
    rf"[^\n?？؟!！。]{{2,{_QUESTION_CHARS}}}[?？؟][*_]{{0,3}}"
)
_SENTENCE_END = re.compile(r"[a-zß-ÿа-я]{3}[.…][ ]+[^\W\d_]")
_COLON = re.compile("[:：]")
_OPENERS = "\"“«„'‘(（[【…—–-"
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def is_faq(text: str, least: int = LEAST_QUESTIONS) -> bool:
    """Return whether ``least`` short questions go through a text, each with an answer below."""
    questions = _questions(text)
    # "He said: who pays?" asks too, and heads no answer.
    if sum(not _COLON.search(span.of(text)) for span in questions) < least:
        return False
    if any(label.name.has_honorific or label.name.has_office for label in candidates(text)):
        return False  # somebody speaks, only that it is not certain where they end
    blocks = sum(1 for _ in paragraphs(text, questions[0].start, len(text)))
    return blocks <= len(questions) * _PARAGRAPHS_A_QUESTION


def faq(text: str) -> tuple[Turn, ...]:
    """Return a turn per question and per answer; first the text above them.

    Raises:
        CorpusError: no paragraph is a question with an answer below it.
    """
    questions = _questions(text)
    if not questions:
        raise CorpusError(
            "Layout faq needs paragraphs that are short questions, each with an answer below it: "
            'correct the text or set "layout: statement".'
        )
    return tuple(_turns(text, questions))


def _turns(text: str, questions: list[Span]) -> Iterator[Turn]:
    if questions[0].start:
        yield Turn("statement", Span(0, questions[0].start))
    ends = [*(question.start for question in questions[1:]), len(text)]
    for question, end in zip(questions, ends, strict=True):
        begins = end - len(text[question.end : end].lstrip())
        closes = before_headings(text, begins, end)
        yield Turn("question", Span(question.start, begins))
        yield Turn("answer", Span(begins, closes), asked=question)
        if closes < end:
            yield Turn("statement", Span(closes, end))


def _questions(text: str) -> list[Span]:
    """Return paragraphs, or first lines of these, that ask and have an answer below them."""
    questions: list[Span] = []
    # Of two questions, one below the other, nothing answers the upper one.
    is_unanswered = False
    for start, end in paragraphs(text, len(text) - len(text.lstrip()), len(text)):
        match = _QUESTION.match(text, start, min(end, start + 2 * _QUESTION_CHARS))
        is_whole = match is not None and not text[match.end() : end].strip()
        if match is None or not (is_whole or text.startswith("\n", match.end())):
            is_unanswered = False
            continue
        if is_unanswered:
            questions.pop()
        is_unanswered = is_whole and _is_plain(match[0])
        if _is_plain(match[0]):
            questions.append(Span(start, match.end()))
    if questions and not text[questions[-1].end :].strip():
        questions.pop()
    return questions


def _is_plain(question: str) -> bool:
    """Return whether a question is a sentence by itself, long enough, and no quotation."""
    words = question.strip("#*_ ")
    is_long = len(words.split()) >= _QUESTION_WORDS or len(_HAN.findall(words)) >= _QUESTION_HAN
    return is_long and words[0] not in _OPENERS and not _SENTENCE_END.search(words)
