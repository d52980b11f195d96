"""Flows of a text: stretches in which a line break does not end a sentence.

A line broken because the page was full goes on in the next one; a line of a list, a table, a poem
or an address does not. The lengths of the lines and the following words decide.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence

__all__ = ["flow_spans"]

_BLOCK = re.compile(r"(?:^[^\S\n]++)?\S[^\n]*(?:\n(?![^\S\n]*(?:\n|\Z))[^\n]*)*", re.MULTILINE)
# The least width, in columns of a fixed font, at which a printed page breaks lines.
_LEAST_COLUMNS = 40
# Lines of proportional type differ in width: so much of the widest is full.
_FULL = 0.85
# Where a small letter follows, or a word that cannot end a line, less will do.
_FULL_WHERE_SHOWN = 0.6
_WORD_CHARS = 12
# A longer word is an address or a text without spaces, and no measure of the room that was left.
_LONG_WORD = 24
# What begins an item of a list, a heading or a quoted line, and never goes on with the line above.
_ITEM = re.compile(
    r"\s*(?:[-–—•▪◦●○■□*·‣+>|#]|[(（]?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5}|[一二三四五六七八九十]{1,3})"
    r"\s?[)）.．、](?!\d)|第[一二三四五六七八九十百\d]+[条條章节節款]"
    # an address, and the head of a page with its day
    r"|https?:|www\.|[^\n]{0,20}\d{4} ?年 ?\d{1,2} ?月 ?\d{1,2} ?日\s*$)"
)
# After these words, and after a comma, a line cannot have ended.
_GOES_ON = re.compile(
    r"(?:[,;，、；]|\b(?:a|an|the|of|to|in|on|at|by|for|from|with|and|or|as|that|which|is|are|was|were"
    r"|be|been|has|have|had|not|its|his|her|their|our|this|these|de|la|le|les|des|du|et|el|los|las|y"
    r"|en|der|die|das|den|dem|und|von|zu))$",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?。！？…؟।۔:：][\"'”’»」』）)\]】》]*$")
# A block is running text where so many of its breaks show that the line goes on.
_SHOWN = 0.25
_LEAST_LINES = 3
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_WIDE = frozenset("WF")


def flow_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each flow, in order; between them are line breaks only."""
    for block in _BLOCK.finditer(text):
        if "\n" not in block[0]:
            yield block.span()
            continue
        lines = _lines(text, *block.span())
        goes_on = _goes_on([text[a:b] for a, b in lines])
        start = lines[0][0]
        for number, (_, end) in enumerate(lines):
            if not goes_on[number]:
                yield start, end
                if number + 1 < len(lines):
                    start = lines[number + 1][0]


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    for line in text[start:end].split("\n"):
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _goes_on(lines: Sequence[str]) -> list[bool]:
    """Return for each line whether it goes on in the next."""
    bare = [line.strip() for line in lines]
    widths = [_columns(line) for line in bare]
    widest = max(widths)
    if widest < _LEAST_COLUMNS:
        return [False] * len(lines)
    is_shown = [
        bool(after[:1].islower() or _GOES_ON.search(line[-_WORD_CHARS:]))
        for line, after in itertools.pairwise(bare)
    ]
    both = []
    for n, shown in enumerate(is_shown):
        is_indented = _indent(lines[n + 1]) > _indent(lines[n]) and not _ITEM.match(lines[n])
        least = widest * (_FULL_WHERE_SHOWN if shown else _FULL)
        is_full = _is_full(widths[n], bare[n + 1], least)
        both.append(is_full and not is_indented and not _ITEM.match(lines[n + 1]))
    count = sum(full and shown for full, shown in zip(both, is_shown, strict=True))
    is_running = len(lines) >= _LEAST_LINES and count >= _SHOWN * len(both)
    goes = [
        full and (shown or is_running or _is_han_break(bare[n], bare[n + 1], widths))
        for n, (full, shown) in enumerate(zip(both, is_shown, strict=True))
    ]
    return [*goes, False]


def _is_full(width: int, following: str, least: float) -> bool:
    """Tell if a line that ended before the first word of the next would have been this wide."""
    if _HAN.match(following):
        return width >= least
    return width + 1 + min(_LONG_WORD, _columns(following.split(" ", 1)[0])) > least


def _is_han_break(line: str, following: str, widths: Sequence[int]) -> bool:
    """Tell if a full line of Chinese was broken, which happens at any character."""
    if not (_HAN.search(line[-2:]) or _HAN.match(following)) or _ENDS.search(line):
        return False
    # Items of a list are seldom all of a length; verses are, and are short.
    return max(widths) >= _LEAST_COLUMNS


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in text)


def _indent(line: str) -> int:
    return _columns(line) - _columns(line.lstrip())
