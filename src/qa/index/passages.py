"""A document becomes passages and sentences; the only user of langchain-text-splitters."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from qa.corpus.layout import paragraph_spans, turns
from qa.corpus.sentences import sentence_spans
from qa.errors import CorpusError
from qa.records import Document, Passage, Span, Turn

__all__ = ["Splitter", "said"]

_KEPT_LENGTHS = 1_024

CountTokens = Callable[[str], int]


class Splitter:
    """Cuts documents into passages of whole sentences.

    A passage is at most ``passage_chars`` characters and ``passage_tokens`` tokens long, by
    whichever is reached first, and never crosses a turn. Paragraphs stay whole where they fit
    and short neighbours share a passage; a longer paragraph is cut between sentences; only a
    sentence that is too long by itself is cut at a space, or where there is none, anywhere.
    """

    def __init__(self, passage_chars: int, passage_tokens: int, count_tokens: CountTokens) -> None:
        from langchain_text_splitters import (  # noqa: PLC0415 - 0.7 s, and only to build
            RecursiveCharacterTextSplitter,
            TextSplitter,
        )

        # langchain-text-splitters measures one length, so both limits are brought to one
        # scale: characters, with a token counting as many as it takes of the token limit.
        chars_per_token = passage_chars / passage_tokens

        @lru_cache(_KEPT_LENGTHS)  # a paragraph is measured when it is split off, and once more
        def length(text: str) -> int:
            return max(len(text), math.ceil(count_tokens(text) * chars_per_token))

        def recursive(separators: list[str]) -> RecursiveCharacterTextSplitter:
            return RecursiveCharacterTextSplitter(
                separators=separators, chunk_size=passage_chars, **options
            )

        class Sentences(TextSplitter):
            def split_text(self, text: str) -> list[str]:
                pieces = [p for s in _with_space(text) for p in self._short_enough(s)]
                return self._merge_splits(pieces, "")

            def _short_enough(self, sentence: str) -> list[str]:
                fits = length(sentence) <= passage_chars
                return [sentence] if fits else words.split_text(sentence)

        # Without stripping and overlap, the pieces joined are the text: offsets are sums.
        # (Its own add_start_index is wrong where lengths are not characters.)
        options: dict[str, Any] = {
            "chunk_overlap": 0,
            "length_function": length,
            "keep_separator": "end",
            "strip_whitespace": False,
        }
        words = recursive([" ", "，", ""])
        self._paragraphs = recursive(["\n\n", "\n"])
        self._sentences = Sentences(chunk_size=passage_chars, **options)
        self._length = length
        self._passage_chars = passage_chars

    def passages(self, document: Document) -> Iterator[Passage]:
        """The passages of a document, in order; together they hold all of its text.

        Raises:
            CorpusError: a passage is not the slice of the document its offsets name.
        """
        paragraph_starts = [span.start for span in paragraph_spans(document.text)]
        for turn in turns(document.text, document.layout):
            for span in self._cut(turn, document):
                text = span.of(document.text)
                yield Passage(
                    document=document.id,
                    span=span,
                    text=text,
                    paragraph=max(1, bisect.bisect_right(paragraph_starts, span.start)),
                    role=turn.role,
                    speaker=turn.speaker,
                    asked=turn.asked,
                    sentences=tuple(said(text, span.start, turn)),
                )

    def _cut(self, turn: Turn, document: Document) -> Iterator[Span]:
        text = turn.span.of(document.text)
        pieces = [
            piece
            for paragraph in self._paragraphs.split_text(text)
            for piece in (
                [paragraph]
                if self._length(paragraph) <= self._passage_chars
                else self._sentences.split_text(paragraph)
            )
        ]
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


def said(text: str, start: int, turn: Turn) -> Iterator[Span]:
    """The sentences of a passage of a turn, without the label that names the speaker."""
    spoken = max(0, turn.label.end - start) if turn.label else 0
    if spoken >= len(text):  # nothing but the label
        spoken = 0
    for sentence in sentence_spans(text[spoken:]):
        yield Span(start + spoken + sentence.start, start + spoken + sentence.end)


def _with_space(text: str) -> list[str]:
    """The sentences of ``text``, each with the white space after it: joined, they are ``text``."""
    starts = [0, *(span.start for span in sentence_spans(text)[1:]), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(starts)]
