"""Printed lines joined to paragraphs by their positions on the page.

A line break is removed where the next line's first word had no room on the line before; a page
break, where moreover no paragraph seems to begin; a hyphen at a line's end, where the joined word
occurs elsewhere in the document and the hyphenated one does not.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qa.sources.formats.footnotes import numbered_by_note, text_size
from qa.sources.formats.page import IDEOGRAPH, Edges, Line, Page

__all__ = ["reflowed"]

# Lengths on a page, in heights of the line.
_INDENT = 0.8
# A line with this much more room than the next word needs was broken on purpose: little where its
# sentence ends there, else much, since word widths are estimated.
_ROOM_AT_END = 0.5
_ROOM_WITHIN = 3.0
# A gap of more than this many usual ones begins a paragraph.
_WIDE_GAP = 1.25
_USUAL_GAP = 1.3
# From this many gaps on, the commonest is the usual one.
_LEAST_GAPS = 4
# From this many on, indents begin the document's paragraphs.
_MANY_INDENTS = 10
# From this many lines that go on below an indented one, indented text is no exception.
_MANY_FLUSH = 2
# Interrupted speech ends with a dash.
_SENTENCE_END = re.compile(r"[.!?:;—。！？：；][\"'”’)\]]*$")
_ITEM = re.compile(r"(?:[•‣▪●○◦–—*·\uf0b7-]|\(?(?:\d{1,3}|[A-Za-z]|[ivxlc]{2,5})[.)])\s")
_WORD = re.compile(r"\w+(?:-\w+)*")
_BROKEN_WORD = re.compile(r"(?<!\w)(\w+)[-\u2010\u00ad]$")
_CONTINUED_WORD = re.compile(r"[^\W\d_A-Z]+")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line with its page's number, the right edge of lines like it, and its indent.

    ``begins_indented`` where it is indented and the line below it is not; ``in_row`` where it is a
    cell beside others.
    """

    line: Line
    number: int
    right: float
    is_indented: bool
    begins_indented: bool
    in_row: bool

    @classmethod
    def all_of(cls, lines: Sequence[Line], number: int, edges: Edges) -> list[_Placed]:
        """Return the placed lines of a page, or of a part of it."""
        placed: list[_Placed] = []
        is_below_out = False
        bounds = zip([*lines[1:], None], lines, [None, *lines[:-1]], strict=True)
        for after, line, before in reversed([*bounds]):
            is_level = after is not None and after.is_level_with(line)
            if after is not None and not is_level:
                is_below_out = not _is_in(after, edges)
            is_level_before = before is not None and line.is_level_with(before)
            is_in, in_row = _is_in(line, edges), is_level or is_level_before
            placed.append(cls(line, number, edges(line)[1], is_in, is_in and is_below_out, in_row))
        return placed[::-1]

    def fall_from(self, above: _Placed) -> float:
        """Return how much lower it stands, as if both were on one page."""
        return above.line.bottom - self.line.bottom

    def is_below(self, above: _Placed) -> bool:
        return self.number == above.number and self.fall_from(above) > 0

    def is_beside(self, before: _Placed) -> bool:
        """Return whether it stands to the right of the one before, as cells of a table do."""
        is_level = self.line.is_level_with(before.line)
        return self.number == before.number and is_level and self.line.left >= before.line.left

    def had_room_for(self, following: _Placed, *, is_end: bool) -> bool:
        """Return whether the first word of the next line would have fitted on it."""
        is_end = is_end or bool(_SENTENCE_END.search(self.line.text))
        room = (_ROOM_AT_END if is_end else _ROOM_WITHIN) * self.line.height
        return self.line.right + following.line.first_word_width + room < self.right


def _is_in(line: Line, edges: Edges) -> bool:
    return line.left > edges(line)[0] + _INDENT * line.height


@dataclass(frozen=True, slots=True)
class _Habits:
    """The layout of a document: usual gaps by height of line, use of indents, and its words.

    Where ``indents_tell``, paragraphs begin indented; where ``is_outdented``, they are indented
    more than the questions or headings above them.
    """

    gaps: dict[int, float]
    indents_tell: bool
    is_outdented: bool
    words: frozenset[str]


@dataclass(slots=True)
class _Paragraph:
    """Pieces of text, each with its page's number; the last line, and the first of its row."""

    pieces: list[tuple[str, int]]
    last: _Placed
    row: _Placed


def reflowed(pages: Sequence[Page]) -> tuple[str, tuple[int, ...]]:
    """Return the text, a blank line between paragraphs, and the offset of each page in it.

    A page without lines begins where the next line does, or at the end. Notes at the foot of a
    page never stand within a paragraph.
    """
    size = text_size(pages)
    body: list[_Placed] = []
    notes: list[tuple[int, list[_Placed]]] = []
    for number, page in enumerate(pages):
        edges = page.edges()
        blocks = itertools.groupby(numbered_by_note(page, size), key=lambda pair: pair[1])
        for is_note, block in blocks:
            placed = _Placed.all_of([line for line, _ in block], number, edges)
            if is_note:
                notes.append((len(body), placed))
            else:
                body += placed
    habits = _habits([*body, *(line for _, block in notes for line in block)])
    return _written(_with_notes(body, notes, habits), len(pages))


def _with_notes(
    body: Sequence[_Placed], notes: Sequence[tuple[int, list[_Placed]]], habits: _Habits
) -> list[_Paragraph]:
    """Return the paragraphs of the text with the notes between them.

    A note that would cut a paragraph goes before it, or behind it if it began on an earlier page.
    """
    written: list[_Paragraph] = []
    waiting = [*reversed(notes)]
    done = 0
    for paragraph in _paragraphs(body, habits):
        begins, done = done, done + len(paragraph.pieces)
        behind: list[_Paragraph] = []
        while waiting and waiting[-1][0] < done:
            place, block = waiting.pop()
            is_cut = place > begins and paragraph.pieces[0][1] < block[0].number
            (behind if is_cut else written).extend(_paragraphs(block, habits))
        written += [paragraph, *behind]
    for _, block in reversed(waiting):
        written += _paragraphs(block, habits)
    return written


def _paragraphs(placed: Sequence[_Placed], habits: _Habits) -> list[_Paragraph]:
    """Return lines as paragraphs, with a piece for each line."""
    paragraphs: list[_Paragraph] = []
    for here in placed:
        paragraph = paragraphs[-1] if paragraphs else None
        if paragraph is None or _is_apart(paragraph, here, habits):
            paragraphs.append(_Paragraph([(here.line.text, here.number)], here, here))
            continue
        hyphen, between = _joint(paragraph, here, habits)
        if hyphen:
            text, number = paragraph.pieces[-1]
            paragraph.pieces[-1] = text[:-hyphen], number
        paragraph.pieces.append((between + here.line.text, here.number))
        paragraph.row = paragraph.row if here.is_beside(paragraph.last) else here
        paragraph.last = here
    return paragraphs


def _written(paragraphs: Sequence[_Paragraph], pages: int) -> tuple[str, tuple[int, ...]]:
    written: list[str] = []
    begins: list[int] = []
    length = 0
    for paragraph in paragraphs:
        for place, (text, number) in enumerate(paragraph.pieces):
            between = "\n\n" if written and not place else ""
            length += len(between)
            blank = len(text) - len(text.lstrip())
            begins += [length + blank] * (number + 1 - len(begins))
            written += [between, text]
            length += len(text)
    begins += [length] * (pages - len(begins))
    return "".join(written), tuple(begins)


def _habits(placed: Sequence[_Placed]) -> _Habits:
    gaps: dict[int, Counter[int]] = {}
    steps_back = stays = 0
    for above, below in itertools.pairwise(placed):
        gap = above.line.bottom - below.line.bottom
        if above.number != below.number or not above.line.is_like(below.line) or gap <= 0:
            continue
        gaps.setdefault(round(above.line.height), Counter())[round(gap)] += 1
        if above.is_indented and not above.had_room_for(below, is_end=True):
            steps_back += not below.is_indented
            stays += below.is_indented and _is_flush(above, below)
    words = (word for here in placed for word in _WORD.findall(here.line.text))
    return _Habits(
        gaps={
            height: counted.most_common(1)[0][0]
            for height, counted in gaps.items()
            if counted.total() >= _LEAST_GAPS
        },
        indents_tell=sum(here.begins_indented for here in placed) >= _MANY_INDENTS
        and steps_back >= stays,
        is_outdented=stays > steps_back and stays >= _MANY_FLUSH,
        words=frozenset(word.lower() for word in words),
    )


def _is_flush(above: _Placed, here: _Placed) -> bool:
    return abs(above.line.left - here.line.left) < _INDENT * here.line.height


def _is_apart(paragraph: _Paragraph, here: _Placed, habits: _Habits) -> bool:
    """Return whether a line begins a paragraph."""
    above, row = paragraph.last, paragraph.row
    if here.is_beside(above):
        return False
    is_wide_gap = here.fall_from(above) > _WIDE_GAP * _usual_gap(here.line, habits)
    is_below = here.is_below(above)
    if not above.line.is_like(here.line) or (is_below and is_wide_gap):
        return True
    if above.in_row and here.in_row:
        return not is_below or here.line.is_level_with(above.line)
    return _begins_paragraph(above, row, here, habits)


def _begins_paragraph(above: _Placed, row: _Placed, here: _Placed, habits: _Habits) -> bool:
    """Return whether a line like the one above it, at the usual distance, begins a paragraph."""
    is_below = here.is_below(above)
    ends = bool(_SENTENCE_END.search(above.line.text))
    steps_in = _steps_in(row, here, habits)
    steps_out = habits.is_outdented and row.is_indented and not here.is_indented
    if above.had_room_for(here, is_end=steps_in):
        return ends or steps_in or steps_out or not is_below
    # In text that is all indented, an indent tells nothing, unless the document has none such.
    is_set_in = here.is_indented and (habits.indents_tell or not row.is_indented)
    is_first = here.begins_indented and steps_in
    if ((is_set_in and ends) or is_first) and not _ITEM.match(row.line.text):
        return True
    is_asked = habits.is_outdented and is_set_in and above.line.text.endswith(("?", "？"))
    if is_asked or (steps_out and (ends or _ITEM.match(here.line.text))):
        return True
    return not is_below and not _goes_on(above, here, habits)


def _steps_in(row: _Placed, here: _Placed, habits: _Habits) -> bool:
    """Return whether a line is indented and does not merely go on below one that is."""
    if habits.indents_tell or not here.is_indented:
        return here.is_indented
    is_hanging = here.line.left > row.line.left and bool(_ITEM.match(row.line.text))
    return not is_hanging and not (row.is_indented and _is_flush(row, here))


def _usual_gap(line: Line, habits: _Habits) -> float:
    return habits.gaps.get(round(line.height), _USUAL_GAP * line.height)


def _goes_on(above: _Placed, here: _Placed, habits: _Habits) -> bool:
    """Return whether a paragraph is certain to go on over the end of a page or a column."""
    if here.is_indented and not above.is_indented:
        return False
    is_open = not _SENTENCE_END.search(above.line.text) or here.line.text[0].islower()
    return is_open or habits.indents_tell


def _joint(paragraph: _Paragraph, here: _Placed, habits: _Habits) -> tuple[int, str]:
    """Return the number of characters to drop from a paragraph, and its link to the next line."""
    if here.is_beside(paragraph.last):
        return 0, "\t"
    is_end = _steps_in(paragraph.row, here, habits)
    if paragraph.last.in_row and here.in_row:
        return 0, "\n"
    if paragraph.last.had_room_for(here, is_end=is_end):
        return 0, "\n"
    return _wrapped_joint(paragraph.last.line, here.line, habits.words)


def _wrapped_joint(above: Line, here: Line, words: frozenset[str]) -> tuple[int, str]:
    """Return the joint of two lines that were broken only for want of room."""
    broken, continued = _BROKEN_WORD.search(above.text), _CONTINUED_WORD.match(here.text)
    if broken and continued:
        joined = (broken[1] + continued[0]).lower()
        hyphenated = f"{broken[1]}-{continued[0]}".lower()
        is_soft = above.text.endswith("\u00ad")
        return (1 if is_soft or (joined in words and hyphenated not in words) else 0), ""
    is_dashed = above.text.endswith(("—", "-")) and not above.ends_in_space
    is_wide = IDEOGRAPH.match(above.text[-1]) and IDEOGRAPH.match(here.text)
    return 0, "" if is_dashed or is_wide else " "
