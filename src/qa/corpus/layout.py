"""Text to turns: who asks, who answers; and what a page's furniture says about it.

``recognise`` looks at a source once, at ingest, and names its layout. ``turns`` derives the
turns from a document's text by that name, any time later. What is not recognised is a
statement, never a guess.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from qa.corpus.sentences import sentence_spans
from qa.errors import CorpusError
from qa.records import Role, Span, Turn

__all__ = ["LAYOUTS", "Recognised", "paragraph_spans", "recognise", "turns"]

_HOME = "Home|Homepage|首页|首頁|主页|主頁"
# "Home > Press Conference Homepage>Service Trade" on a line of its own, before everything else.
_BREADCRUMB = re.compile(rf"\s*(?P<crumbs>(?:{_HOME})[ \t]*[>›»][^\n]*?)[ \t]*\n[ \t]*\n+")
_CRUMB_SEPARATOR = re.compile(r"\s*[>›»]\s*")
# "...this time?(2022-07-21)" closes the question of a question-and-answer page.
_ASKED_DATE = re.compile(r"[ \t]*[(（](?P<date>\d{4}-\d{1,2}-\d{1,2})[)）]\s*\Z")
_PARAGRAPH = re.compile(r"\S(?:(?!\n[ \t]*\n).)*", re.DOTALL)
_TITLE_CHARS = 200
# Who speaks, at the beginning of a paragraph. An asker without a name: "Q ", "QUESTION.", "记者：".
_ASKER = re.compile(
    r"(?:Q(?=[ \t]+\S)|(?:Q|Question|QUESTION|REPORTER|JOURNALIST|PRESS)[.:]"
    r"|(?:记者|記者|问|問)[：:])\s*"
)
# Anybody with a name: words in capitals ("CHAIR POWELL.", "MR. CARNEY:", "VICTORIA McGRANE."),
# or a few Chinese characters before a full-width colon.
_NAMED = re.compile(
    r"(?P<name>(?:MR|MS|MRS|DR|[A-Z][A-Z'’-]+|[A-Z]|Ma?c[A-Z]+)\b\.?"
    r"(?: +(?:[A-Z][A-Z'’-]+|[A-Z]\b\.?|Ma?c[A-Z]+|D[aei]|of|OF|[Dd]e|[Vv]an))*)[ \t]*[.:]\s+(?=\S)"
    r"|(?P<han>[\u3400-\u9fff]{1,12})：\s*(?=\S)"
)
# Those who hold an office answer; in a transcript that names its askers, these have none.
_OFFICES = frozenset(
    """
    mr ms mrs dr chair chairman chairwoman chairperson president minister secretary governor
    general admiral ambassador senator official officials director commissioner spokesperson
    spokesman spokeswoman administrator chancellor premier deputy vice answer answers
    """.split()
)
_HAN_OFFICES = re.compile(
    "答|发言人|發言人|主席|部长|部長|局长|局長|司长|司長|总理|總理|先生|女士|议员|議員"
)
_LEAST_QUESTIONS = 2


@dataclass(frozen=True, slots=True)
class Recognised:
    """A source's text without its furniture, the layout's name, and what the page tells."""

    text: str
    layout: str
    title: str
    date: datetime.date | None
    section: str | None


def recognise(text: str) -> Recognised:
    """What ``text`` is, by its looks. Never fails: the plainest answer is a statement."""
    section = None
    breadcrumb = _BREADCRUMB.match(text)
    if breadcrumb:
        section = _CRUMB_SEPARATOR.split(breadcrumb["crumbs"])[-1] or None
        text = text[breadcrumb.end() :]
    asked = _question_on_top(text)
    if asked:
        return Recognised(text, "question-answer", _title(text), asked[1], section)
    layout = "transcript" if _is_transcript(text) else "statement"
    return Recognised(text, layout, _title(text), None, section)


def turns(text: str, layout: str) -> tuple[Turn, ...]:
    """The turns of ``text``, without gap or overlap: joined, they give it back.

    Raises:
        CorpusError: no layout has that name, or the text does not have that layout.
    """
    if layout not in LAYOUTS:
        raise CorpusError(f"There is no layout {layout!r}; known: {', '.join(sorted(LAYOUTS))}.")
    return LAYOUTS[layout](text)


def paragraph_spans(text: str) -> list[Span]:
    """The paragraphs of ``text``, parted by blank lines, without surrounding white space."""
    return [Span(m.start(), m.start() + len(m[0].rstrip())) for m in _PARAGRAPH.finditer(text)]


def _question_on_top(text: str) -> tuple[Span, datetime.date] | None:
    """The question of a question-and-answer page, without its date, and that date."""
    paragraphs = paragraph_spans(text)
    if not paragraphs[1:]:
        return None
    first = paragraphs[0]
    closing = _ASKED_DATE.search(first.of(text))
    if not closing or not re.search("[?？]", first.of(text)):
        return None
    try:
        date = datetime.date(*map(int, closing["date"].split("-")))
    except ValueError:
        return None
    return Span(first.start, first.start + closing.start()), date


def _title(text: str) -> str:
    """The first sentence, without its full stop, cut at a word where it is very long."""
    sentence = sentence_spans(text)[0].of(text).rstrip(".。")
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
    asked = question[0]
    answer_start = paragraph_spans(text)[1].start
    return (
        Turn("question", Span(0, answer_start)),
        Turn("answer", Span(answer_start, len(text)), asked=asked),
    )


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Where a labelled paragraph begins, its label, and what that says of the speaker."""

    label: Span
    speaker: str | None
    asks: bool


def _labelled(text: str) -> list[_Labelled]:
    """Every paragraph that begins with a speaker's label."""
    found = []
    for paragraph in paragraph_spans(text):
        asker = _ASKER.match(text, paragraph.start, paragraph.end)
        named = None if asker else _NAMED.match(text, paragraph.start, paragraph.end)
        match = asker or named
        if match:
            name = named and (named["name"] or named["han"])
            holds_office = bool(name) and _holds_office(str(name))
            found.append(_Labelled(Span(*match.span()), name or None, not holds_office))
    # Where askers have no name, whoever has one is no asker.
    if any(turn.speaker is None for turn in found):
        found = [replace(turn, asks=turn.speaker is None) for turn in found]
    return found


def _holds_office(name: str) -> bool:
    words = re.findall(r"[a-z]+", name.lower())
    return not _OFFICES.isdisjoint(words) or bool(_HAN_OFFICES.search(name))


def _is_transcript(text: str) -> bool:
    """Whether several labelled questions are each followed by a labelled answer."""
    asks = [turn.asks for turn in _labelled(text)]
    pairs = sum(first and not second for first, second in itertools.pairwise(asks))
    return pairs >= _LEAST_QUESTIONS


def _transcript(text: str) -> tuple[Turn, ...]:
    """A turn per labelled paragraph, with the paragraphs below it; first what has no label."""
    labelled = _labelled(text)
    if not any(turn.asks for turn in labelled):
        raise CorpusError(
            'Layout transcript needs paragraphs that begin with who speaks, as in "Q " or '
            '"MR. CARNEY:": correct the text or set "layout: statement".'
        )
    starts = [turn.label.start for turn in labelled]
    ends = [*starts[1:], len(text)]
    found = [Turn("statement", Span(0, starts[0]))] if starts[0] else []
    asked: Span | None = None
    for turn, start, end in zip(labelled, starts, ends, strict=True):
        if turn.asks:
            speech = text[turn.label.end : end].rstrip()
            asked = Span(turn.label.end, turn.label.end + len(speech)) if speech else asked
            found.append(Turn("question", Span(start, end), turn.speaker, label=turn.label))
        else:
            role: Role = "answer" if asked else "statement"
            found.append(Turn(role, Span(start, end), turn.speaker, asked, turn.label))
    return tuple(found)


def _statement(text: str) -> tuple[Turn, ...]:
    return (Turn("statement", Span(0, len(text))),)


LAYOUTS: dict[str, Callable[[str], tuple[Turn, ...]]] = {
    "question-answer": _question_answer,
    "statement": _statement,
    "transcript": _transcript,
}
