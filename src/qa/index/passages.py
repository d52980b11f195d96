"""Splits documents into passages and sentences; the only user of langchain-text-splitters."""

from __future__ import annotations

import bisect
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qa.errors import CorpusError
from qa.records import Document, Passage, Span, Turn
from qa.sources.layouts.parts import Part, days, part_day, parted_turns
from qa.text.paragraphs import paragraph_spans
from qa.text.sentences import sentence_spans

__all__ = ["CountTokens", "Splitter", "said", "within"]

CountTokens = Callable[[str], int]

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*\Z")
_QUESTION_END = re.compile(r"[?？؟\u037e][\"'”’»」』）)\]】》]*\Z")
# A paragraph of one short line without a mark at its end is a heading, one that ends in a colon
# announces what follows.
_HEADING_CHARS = 100
_ENDED = re.compile(r"[.!?。！？…؟।۔;；,，)\]）】][\"'”’»」』）)\]】》*_]*\Z")
_COLON = re.compile(r"[:：][*_]*\Z")
# So many headings or questions in a row are a list, no head of what follows.
_MOST_GLUED = 3


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence with the white space after it; ``leads`` says that what follows belongs to it."""

    text: str
    ends_paragraph: bool
    leads: bool


class Splitter:
    """Splits documents into passages of whole sentences.

    A passage is at most ``passage_chars`` characters and ``passage_tokens`` tokens long, by
    whichever is reached first, and never crosses a turn, a day of a log or a numbered question.
    Paragraphs stay whole where they fit and short neighbours share a passage; a longer paragraph is
    cut between sentences; only a sentence that is too long by itself is cut at a space, or where
    there is none, anywhere. No passage ends with a heading or a question, where what follows fits
    beside it.
    """

    def __init__(self, passage_chars: int, passage_tokens: int, count_tokens: CountTokens) -> None:
        from langchain_text_splitters import (  # noqa: PLC0415 - 0.7 s, and only to build
            RecursiveCharacterTextSplitter,
        )

        # Both limits are brought to one scale: characters, with a token counting as many as it
        # takes of the token limit.
        chars_per_token = passage_chars / passage_tokens

        def length(text: str) -> int:
            return max(len(text), math.ceil(count_tokens(text) * chars_per_token))

        # Without stripping and overlap, the pieces joined are the text: offsets are sums.
        # (Its own add_start_index is wrong where lengths are not characters.)
        options: dict[str, Any] = {
            "chunk_overlap": 0,
            "length_function": length,
            "keep_separator": "end",
            "strip_whitespace": False,
        }
        self._words = RecursiveCharacterTextSplitter(
            separators=[" ", "，", "\n", ""], chunk_size=passage_chars, **options
        )
        self._length = length
        self._passage_chars = passage_chars

    def passages(self, document: Document) -> Iterator[Passage]:
        """Yield the passages of a document, in order; together they hold all of its text.

        Raises:
            CorpusError: a passage is not the slice of the document its offsets name.
        """
        paragraph_starts = [span.start for span in paragraph_spans(document.text)]
        log = days(document.text)
        for turn, part in parted_turns(document):
            date = part_day(document, part, log)
            spans = said(document.text, turn, part)
            for span in self._cut(turn, spans, document):
                sentences = tuple(within(spans, span)) or (span,)
                yield Passage(
                    document=document.id,
                    span=span,
                    text=span.of(document.text),
                    paragraph=max(1, bisect.bisect_right(paragraph_starts, span.start)),
                    role=turn.role,
                    speaker=turn.speaker,
                    asked=turn.asked,
                    sentences=sentences,
                    date=date,
                    numbers=part.numbers if _says_something(document.text, sentences) else (),
                )

    def _cut(self, turn: Turn, spans: Sequence[Span], document: Document) -> Iterator[Span]:
        text = turn.span.of(document.text)
        pieces = [*self._pieces(_units(document.text, turn.span, spans))]
        if "".join(pieces) != text:
            raise CorpusError(
                f"{document.id}: its passages do not give back characters {turn.span.start} to "
                f"{turn.span.end}; please report this with the document."
            )
        start = turn.span.start
        for piece in pieces:
            body = piece.strip()
            if body:
                lead = len(piece) - len(piece.lstrip())
                yield Span(start + lead, start + lead + len(body))
            start += len(piece)

    def _pieces(self, units: Sequence[_Unit]) -> Iterator[str]:
        """Yield the texts of the passages, white space around them included."""
        some: list[str] = []
        taken = 0
        for block in _blocks(units):
            text = _joined(block)
            length = self._length(text.rstrip())
            if some and taken + length > self._passage_chars:
                yield "".join(some)
                some, taken = [], 0
            if length > self._passage_chars:
                yield from self._sentences(block)
            else:
                some.append(text)
                taken += length + len(text) - len(text.rstrip())
        if some:
            yield "".join(some)

    def _sentences(self, units: Sequence[_Unit]) -> Iterator[str]:
        """Yield the texts of a block that is too long, split between sentences."""
        some: list[_Unit] = []
        taken = 0
        for unit in units:
            length = self._length(unit.text)
            if some and taken + length > self._passage_chars:
                led = _led(some)
                taken = sum(self._length(lead.text) for lead in led)
                if taken + length > self._passage_chars:
                    led, taken = [], 0
                yield _joined(some[: len(some) - len(led)])
                some = led
            if length > self._passage_chars:
                yield from self._words.split_text(unit.text)
            else:
                some.append(unit)
                taken += length
        if some:
            yield _joined(some)


def _joined(units: Sequence[_Unit]) -> str:
    return "".join(unit.text for unit in units)


def _led(units: Sequence[_Unit]) -> list[_Unit]:
    """The last few sentences, if they lead to the next one; none where all do, or very many."""
    leads = [*itertools.takewhile(lambda unit: unit.leads, reversed(units))]
    is_head = len(leads) <= _MOST_GLUED and len(leads) < len(units)
    return leads[::-1] if is_head else []


def said(text: str, turn: Turn, part: Part) -> list[Span]:
    """Return the sentences of a turn, without its speaker's label and its part's heading."""
    start = turn.label.end if turn.label else turn.span.start
    if part.heading and part.heading.start <= max(start, _filled(text, start)):
        start = max(start, part.heading.end)
    if not text[start : turn.span.end].strip():  # nothing but label and heading
        start = turn.span.start
    spans = sentence_spans(text[start : turn.span.end])
    return [Span(start + span.start, start + span.end) for span in spans]


def _filled(text: str, start: int) -> int:
    """The offset of the next character that is no white space."""
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def within(spans: Sequence[Span], span: Span) -> Iterator[Span]:
    """Yield the sentences of a turn that a passage holds, cut off at its ends."""
    first = bisect.bisect_right(spans, span.start, key=lambda sentence: sentence.end)
    for sentence in itertools.islice(spans, first, None):
        if sentence.start >= span.end:
            return
        yield Span(max(sentence.start, span.start), min(sentence.end, span.end))


def _says_something(text: str, sentences: Sequence[Span]) -> bool:
    """Some sentence is more than a heading."""
    return any(_ENDED.search(sentence.of(text)) for sentence in sentences)


def _units(text: str, span: Span, spans: Sequence[Span]) -> list[_Unit]:
    """The sentences of a turn, each with the white space after it: joined, they are the turn."""
    bounds = [span.start, *(sentence.start for sentence in spans[1:]), span.end]
    units = []
    is_first = True
    for start, end in itertools.pairwise(bounds):
        piece = text[start:end]
        ends_paragraph = bool(_PARAGRAPH_END.search(piece[len(piece.rstrip()) :]))
        is_whole = is_first and ends_paragraph
        units.append(_Unit(piece, ends_paragraph, _leads(piece.strip(), is_whole=is_whole)))
        is_first = ends_paragraph
    return units


def _leads(text: str, *, is_whole: bool) -> bool:
    """The next sentence belongs to this one: a question, an announcement, or a heading."""
    if _QUESTION_END.search(text):
        return True
    if _COLON.search(text):
        return True
    is_short = len(text) <= _HEADING_CHARS and "\n" not in text
    return is_whole and is_short and not _ENDED.search(text) and any(c.isalpha() for c in text)


def _blocks(units: Sequence[_Unit]) -> Iterator[list[_Unit]]:
    """Yield the paragraphs, those that lead to the next one together with it."""
    block: list[_Unit] = []
    glued = 0
    for unit in units:
        block.append(unit)
        if not unit.ends_paragraph:
            continue
        glued = glued + 1 if unit.leads else 0
        if not 0 < glued <= _MOST_GLUED:
            yield block
            block, glued = [], 0
    if block:
        yield block
