"""Printed lines to flowing text: what belongs together is told by how it stands on the page.

A line break is undone where the next line's first word had no room on the line before; a page
break, where moreover nothing says that a paragraph begins; a hyphen at a line's end, where the
joined word stands elsewhere in the document and the hyphenated one does not. What repeats at one
place near the top or bottom of most pages, page numbers with it, is left out.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

__all__ = ["Line", "Page", "flowing", "without_furniture"]

# Lengths on a page, in heights of the line.
_INDENT = 0.8
_SAME_LEVEL = 0.5
# How much more room than the next word needs says that a line was broken on purpose: little where
# its sentence ends there, else much, since word widths are estimated.
_ROOM_AT_END = 0.5
_ROOM_WITHIN = 3.0
# Two lines are of one kind where their heights differ by less than this share.
_SAME_HEIGHT = 0.12
# A gap of more than so many usual ones begins a paragraph.
_WIDE_GAP = 1.25
_USUAL_GAP = 1.3
# From so many gaps on, the commonest is the usual one.
_LEAST_GAPS = 4
# How much of a page's height at its top and bottom may hold running heads, feet and page numbers,
# and on which share of the pages, but at least how many, they have to stand.
_MARGIN_SHARE = 0.12
_FURNITURE_SHARE = 0.5
_FURNITURE_PAGES = 3
_PLACE_POINTS = 3
# From so many on, indents are how the document begins its paragraphs.
_MANY_INDENTS = 10
# Speech that is interrupted ends with a dash.
_SENTENCE_END = re.compile(r"[.!?:;—。！？：；][\"'”’)\]]*$")
_ITEM = re.compile(r"(?:[•‣▪●○◦–—*·\uf0b7-]|\(?(?:\d{1,3}|[A-Za-z]|[ivxlc]{2,5})[.)])\s")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_FIRST_WORDS = re.compile(r"(?:[^\s\w]*[\d½¼¾][\S]*\s)?\S+")
_WORD = re.compile(r"\w+(?:-\w+)*")
_BROKEN_WORD = re.compile(r"(?<!\w)(\w+)[-\u2010\u00ad]$")
_CONTINUED_WORD = re.compile(r"[^\W\d_A-Z]+")


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line: its text, and where it stands in points from the page's lower left."""

    text: str
    left: float
    right: float
    bottom: float
    height: float
    ends_in_space: bool = False

    def is_like(self, other: Line) -> bool:
        """Whether both are printed in one size."""
        return abs(self.height - other.height) < _SAME_HEIGHT * max(self.height, other.height)

    @property
    def first_word_width(self) -> float:
        """About how wide its first word is, with the space before it."""
        if _WIDE.match(self.text):
            return self.height
        # A number is kept together with what it counts.
        first = _FIRST_WORDS.match(self.text)
        length = first.end() if first else len(self.text)
        return (self.right - self.left) * (length + 1) / len(self.text)


@dataclass(frozen=True, slots=True)
class Page:
    """A page's lines, in the order in which they are read; its height in points."""

    lines: tuple[Line, ...]
    height: float

    def left_of(self, line: Line) -> float:
        """How far to the left lines like this one begin."""
        return min(other.left for other in self._beside(line))

    def right_of(self, line: Line) -> float:
        """How far lines like this one reach; the few that reach farthest may be of another kind."""
        reached = sorted(other.right for other in self._beside(line))
        return reached[-1 - len(reached) // 20]

    def _beside(self, line: Line) -> Iterator[Line]:
        """Lines of its size in its column, itself among them."""
        return (
            other
            for other in self.lines
            if other.left < line.right and line.left < other.right and other.is_like(line)
        )


def without_furniture(pages: Sequence[Page]) -> tuple[list[Page], list[Line]]:
    """The pages without running heads, feet and page numbers; and these."""
    edges = [_edge(page) for page in pages]
    stands_on = Counter(place for edge in edges for place in {_place(line) for line in edge})
    least = max(_FURNITURE_PAGES, _FURNITURE_SHARE * len(pages))
    furniture = [[line for line in edge if stands_on[_place(line)] >= least] for edge in edges]
    kept = [
        replace(page, lines=tuple(line for line in page.lines if line not in gone))
        for page, gone in zip(pages, furniture, strict=True)
    ]
    return kept, list(itertools.chain.from_iterable(furniture))


def _edge(page: Page) -> list[Line]:
    """The lines in the margins at its top and bottom."""
    margin = _MARGIN_SHARE * page.height
    return [
        line
        for line in page.lines
        if line.bottom + line.height <= margin or line.bottom >= page.height - margin
    ]


def _place(line: Line) -> tuple[str, int]:
    """What a line says, whatever its numbers, and how high it stands."""
    return re.sub(r"\d+", "#", line.text), round(line.bottom / _PLACE_POINTS)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line, its page and that page's number, and the line below it there."""

    line: Line
    page: Page
    number: int
    below: Line | None

    @property
    def is_indented(self) -> bool:
        return self._is_in(self.line)

    @property
    def begins_indented(self) -> bool:
        """Whether it alone is set in, and the line below it is not."""
        return self.is_indented and self.below is not None and not self._is_in(self.below)

    def fall_from(self, above: _Placed) -> float:
        """How much lower it stands, were both on one page."""
        return above.line.bottom - self.line.bottom

    def is_below(self, above: _Placed) -> bool:
        return self.number == above.number and self.fall_from(above) > 0

    def is_beside(self, before: _Placed) -> bool:
        """Whether it goes on at the level of the one before, as cells of a table do."""
        is_level = abs(self.fall_from(before)) < _SAME_LEVEL * self.line.height
        return self.number == before.number and is_level and self.line.left >= before.line.left

    def had_room_for(self, following: _Placed) -> bool:
        """Whether the first word of the line after it would have fitted on it."""
        is_end = following.is_indented or _SENTENCE_END.search(self.line.text)
        room = (_ROOM_AT_END if is_end else _ROOM_WITHIN) * self.line.height
        end = self.line.right + following.line.first_word_width + room
        return end < self.page.right_of(self.line)

    def _is_in(self, line: Line) -> bool:
        return line.left > self.page.left_of(self.line) + _INDENT * self.line.height


@dataclass(frozen=True, slots=True)
class _Habits:
    """How the document is set: usual gaps by height of line, whether indents tell, its words."""

    gaps: dict[int, float]
    indents_tell: bool
    words: frozenset[str]


def flowing(pages: Sequence[Page]) -> tuple[str, tuple[int, ...]]:
    """The text of all pages, a blank line between paragraphs; where in it each page begins.

    A page without lines begins where the next line does, or at the end.
    """
    placed = [
        _Placed(line, page, number, below)
        for number, page in enumerate(pages)
        for line, below in itertools.zip_longest(page.lines, page.lines[1:])
    ]
    habits = _habits(placed)
    written: list[str] = []
    length = 0
    begins: list[int] = []
    before = None
    for here in placed:
        hyphen, between = _between(before, here, habits) if before else (0, "")
        if hyphen:
            written[-1] = written[-1][:-hyphen]
        length += len(between) - hyphen
        begins += [length] * (here.number + 1 - len(begins))
        written += [between, here.line.text]
        length += len(here.line.text)
        before = here
    begins += [length] * (len(pages) - len(begins))
    return "".join(written), tuple(begins)


def _habits(placed: Sequence[_Placed]) -> _Habits:
    gaps: dict[int, Counter[int]] = {}
    for above, below in itertools.pairwise(placed):
        gap = above.line.bottom - below.line.bottom
        if above.number == below.number and above.line.is_like(below.line) and gap > 0:
            gaps.setdefault(round(above.line.height), Counter())[round(gap)] += 1
    words = (word for one in placed for word in _WORD.findall(one.line.text))
    return _Habits(
        gaps={
            height: counted.most_common(1)[0][0]
            for height, counted in gaps.items()
            if counted.total() >= _LEAST_GAPS
        },
        indents_tell=sum(one.begins_indented for one in placed) >= _MANY_INDENTS,
        words=frozenset(word.lower() for word in words),
    )


def _between(above: _Placed, here: _Placed, habits: _Habits) -> tuple[int, str]:
    """How many characters of the line above go, and what stands between it and this one."""
    if here.is_beside(above):
        return 0, "\t"
    if _begins_paragraph(above, here, habits):
        return 0, "\n\n"
    return (0, "\n") if above.had_room_for(here) else _joint(above.line, here.line, habits.words)


def _begins_paragraph(above: _Placed, here: _Placed, habits: _Habits) -> bool:
    is_wide_gap = here.fall_from(above) > _WIDE_GAP * _usual_gap(here.line, habits)
    is_below = here.is_below(above)
    if not above.line.is_like(here.line) or (is_below and is_wide_gap):
        return True
    ends = bool(_SENTENCE_END.search(above.line.text))
    if above.had_room_for(here):
        return ends or here.is_indented or not is_below
    # Within text that is all set in, an indent tells nothing, unless the document sets none so.
    is_set_in = here.is_indented and (habits.indents_tell or not above.is_indented)
    if ((is_set_in and ends) or here.begins_indented) and not _ITEM.match(above.line.text):
        return True
    return not is_below and not _goes_on(above, here, habits)


def _usual_gap(line: Line, habits: _Habits) -> float:
    return habits.gaps.get(round(line.height), _USUAL_GAP * line.height)


def _goes_on(above: _Placed, here: _Placed, habits: _Habits) -> bool:
    """Whether a paragraph is certain to go on over the end of a page or a column."""
    if here.is_indented and not above.is_indented:
        return False
    is_open = not _SENTENCE_END.search(above.line.text) or here.line.text[0].islower()
    return is_open or habits.indents_tell


def _joint(above: Line, here: Line, words: frozenset[str]) -> tuple[int, str]:
    """What joins two lines of one paragraph."""
    broken, continued = _BROKEN_WORD.search(above.text), _CONTINUED_WORD.match(here.text)
    if broken and continued:
        joined = (broken[1] + continued[0]).lower()
        hyphenated = f"{broken[1]}-{continued[0]}".lower()
        is_soft = above.text.endswith("\u00ad")
        return (1 if is_soft or (joined in words and hyphenated not in words) else 0), ""
    is_dashed = above.text.endswith(("—", "-")) and not above.ends_in_space
    is_wide = _WIDE.match(above.text[-1]) and _WIDE.match(here.text)
    return 0, "" if is_dashed or is_wide else " "
