"""The characters of a PDF's page to pieces of lines: marks of notes raised, cells separated.

pdfium says which characters a page has, where each stands, and roughly where lines end. It joins
columns that are drawn row by row, and separates a line behind a raised mark.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qa.sources.formats.page import Line
from qa.sources.formats.superscripts import subscript, superscript

__all__ = ["Box", "Glyphs", "lines"]

# Lengths in heights of the line. A mark is smaller than its line by this factor, or shifted.
_SMALL = 0.87
_SHIFTED = 0.15
_RAISED = 0.12
_LOWERED = -0.05
_SAME = 0.1
_EQUAL = 0.01
# Of so few characters the largest are the text, since a mark may have more digits than a figure.
_FEW = 5
# A mark stands this close to what it marks, and is no longer than this.
_NEAR = 0.4
_NEAR_AT_START = 1.2
_MARK_CHARS = 8
# Pieces at one level that are no further apart are one line, with a space from here on.
_JOINED_GAP = 0.7
_SPACE = 0.15
# Cells are further apart than the words of a line: in a line that has such words, and in others.
_CELL_GAP = 1.5
_CELL_TO_WORD_GAP = 3.0
_CELL_ALONE_GAP = 2.2
# A gutter between columns may be narrower, where it goes through so many neighbouring lines.
_GUTTER = 0.7
_GUTTER_LINES = 6
_CROSSING_COST = 2
_MOST_GUTTERS = 5
_ITEM = re.compile(r"\s*(?:\(?(?:\d{1,4}|[A-Za-z]|[ivxlc]{1,5})[.)]|[•‣▪●○◦–—*·\uf0b7-])\s*")
_ITEM_GAP = 5.0
_ITEM_CHARS = 12
# Of a word in small letters only the first and the last are looked at.
_LOOKED_AT = re.compile(r"[^ \t\xa0\r\na-z]|(?<![a-z])[a-z]|[a-z](?![a-z])")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# pdfium's own marks of a hyphen at a line's end.
_AS_PRINTED = str.maketrans({"\x02": "-", "\ufffe": "-", "\xa0": " ", "\t": " "})
_CONTROLS = re.compile("[\x00-\x1f\x7f\uffff]")


class Box(NamedTuple):
    """Where the character ``at`` a place of the text stands, in points from the lower left."""

    at: int
    left: float
    right: float
    bottom: float
    height: float


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a page, one per code of UTF-16, and where they stand.

    ``baseline`` is how high a character stands; None where it is not upright.
    """

    text: str
    box: Callable[[int], Box]
    baseline: Callable[[int], float | None]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters from ``start`` to ``end``, and the height and bottom of most of those seen."""

    start: int
    end: int
    seen: tuple[Box, ...]
    height: float
    bottom: float
    is_plain: bool

    @classmethod
    def of(cls, start: int, end: int, seen: Sequence[Box]) -> _Piece:
        height, bottom = seen[0].height, seen[0].bottom
        nearly = _EQUAL * height
        if all(abs(b.height - height) < nearly and abs(b.bottom - bottom) < nearly for b in seen):
            return cls(start, end, tuple(seen), max(height, 1.0), bottom, is_plain=True)
        heights = Counter(round(box.height, 1) for box in seen)
        height = max(heights, key=lambda height: (heights[height], height))
        if len(seen) <= _FEW:
            height = max(heights)
        bottoms = Counter(
            round(box.bottom, 1) for box in seen if abs(box.height - height) <= _SAME * height
        )
        bottom = bottoms.most_common(1)[0][0]
        return cls(start, end, tuple(seen), max(height, 1.0), bottom, is_plain=False)

    @property
    def left(self) -> float:
        return min(one.left for one in self.seen)

    @property
    def right(self) -> float:
        return max(one.right for one in self.seen)

    def is_odd(self, one: Box) -> bool:
        """Return whether a character is smaller than the others, or higher or lower."""
        is_shifted = abs(one.bottom - self.bottom) > _SHIFTED * self.height
        return one.height < _SMALL * self.height or is_shifted

    def cut(self, places: Sequence[int]) -> list[_Piece]:
        """Its pieces; each but the first begins with one of the characters at ``places``."""
        if not places:
            return [self]
        bounds = itertools.pairwise([self.start, *places, self.end])
        return [
            _Piece.of(start, end, [one for one in self.seen if start <= one.at < end])
            for start, end in bounds
        ]


def lines(glyphs: Glyphs, ends: Sequence[int]) -> list[Line]:
    """The pieces of lines in the file's order; ``ends`` are where pdfium ends lines."""
    bounds = itertools.pairwise([0, *ends, len(glyphs.text)])
    shown = list(glyphs.text)
    pieces = [piece for start, end in bounds for piece in _pieces(glyphs, start, end)]
    whole = list(_joined(pieces, shown))
    for piece in whole:
        _raise_marks(glyphs, piece, shown)
    cells = [cell for piece in whole for cell in piece.cut(_cells(glyphs, piece))]
    gutters: list[float] = []
    for count in range(_MOST_GUTTERS):
        cells = _at_gutter(glyphs, cells, gutters)
        if len(gutters) == count:
            break
    found = (_line(cell, shown) for cell in cells)
    return [line for line in found if line]


def _pieces(glyphs: Glyphs, start: int, end: int) -> Iterator[_Piece]:
    """What pdfium takes for a line, cut where it goes back to the left, or to another height."""
    text = glyphs.text
    seen = [glyphs.box(found.start()) for found in _LOOKED_AT.finditer(text, start, end)]
    if not seen:
        return
    places = [
        here.at
        for before, here in itertools.pairwise(seen)
        if before.bottom >= here.bottom + here.height
        or here.bottom >= before.bottom + before.height
    ]
    if not _RIGHT_TO_LEFT.search(text, start, end):
        leftmost = seen[0].left
        for one in seen:
            if one.right <= leftmost and one.left < leftmost:
                places.append(one.at)
                leftmost = one.left
    yield from _Piece.of(start, end, seen).cut(sorted({*places}))


def _joined(pieces: Sequence[_Piece], shown: list[str]) -> Iterator[_Piece]:
    """The pieces with those that go on in their line put together."""
    parts: list[_Piece] = []
    for piece in pieces:
        base = next((part for part in reversed(parts[-2:]) if not _is_mark(part, piece)), None)
        space = _between(base, parts[-1], piece) if base else None
        if space is None:
            if parts:
                yield _whole(parts)
            parts = [piece]
            continue
        last, first = parts[-1].seen[-1].at + 1, piece.seen[0].at
        shown[last:first] = [""] * (first - last)
        shown[last - 1] += space
        parts.append(piece)
    if parts:
        yield _whole(parts)


def _whole(parts: Sequence[_Piece]) -> _Piece:
    if len(parts) == 1:
        return parts[0]
    return _Piece.of(parts[0].start, parts[-1].end, [box for part in parts for box in part.seen])


def _is_mark(piece: _Piece, beside: _Piece) -> bool:
    """Return whether a piece may be a mark beside another: short and smaller."""
    return len(piece.seen) <= _MARK_CHARS and piece.height < _SMALL * beside.height


def _between(base: _Piece, before: _Piece, here: _Piece) -> str | None:
    """What stands between a line, which ends with ``before``, and a piece; None at a new line."""
    height = max(base.height, here.height)
    gap = here.left - before.right
    fall = abs(base.bottom - here.bottom)
    if _is_mark(here, base) and abs(gap) < _NEAR * height and fall < _NEAR * 2 * height:
        return ""
    is_like = min(base.height, here.height) > _SMALL * height
    if is_like and fall < _SHIFTED * height and -_SPACE * height < gap < _JOINED_GAP * height:
        return " " if gap > _SPACE * height else ""
    return None


def _raise_marks(glyphs: Glyphs, piece: _Piece, shown: list[str]) -> None:
    """Write the raised and lowered characters of a line as such."""
    if piece.is_plain or not any(map(piece.is_odd, piece.seen)):
        return
    groups = [
        (is_odd, list(group)) for is_odd, group in itertools.groupby(piece.seen, piece.is_odd)
    ]
    for number, (is_odd, group) in enumerate(groups):
        before = groups[number - 1][1][-1] if number else None
        after = groups[number + 1][1][0] if number + 1 < len(groups) else None
        beside = before or after
        first, last = group[0], group[-1]
        if not is_odd or beside is None or last.at - first.at >= _MARK_CHARS:
            continue
        is_near = before is not None and abs(first.left - before.right) < _NEAR * piece.height
        if not is_near and (
            after is None or abs(after.left - last.right) > _NEAR_AT_START * piece.height
        ):
            continue
        change = _change(glyphs, first.at, beside.at, piece.height)
        if change:
            written = change("".join(shown[first.at : last.at + 1]))
            shown[first.at : last.at + 1] = [written, *[""] * (last.at - first.at)]


def _change(glyphs: Glyphs, at: int, beside: int, height: float) -> Callable[[str], str] | None:
    """How a character is to be written that stands higher or lower than another."""
    here, there = glyphs.baseline(at), glyphs.baseline(beside)
    if here is None or there is None:
        return None
    shift = (here - there) / height
    return superscript if shift > _RAISED else subscript if shift < _LOWERED else None


def _gaps(glyphs: Glyphs, piece: _Piece) -> list[tuple[float, float, int]]:
    """Where words end and the next begin, and the place of that one."""
    return [
        (before.right, after.left, after.at)
        for before, after in itertools.pairwise(piece.seen)
        if not glyphs.text[before.at + 1 : after.at].strip()
    ]


def _cells(glyphs: Glyphs, piece: _Piece) -> list[int]:
    """Where cells begin but the first: behind gaps far wider than those between words."""
    height = piece.height
    gaps = [(right - left, at) for left, right, at in _gaps(glyphs, piece)]
    wide = [(gap, at) for gap, at in gaps if gap > _CELL_GAP * height]
    if not wide:
        return []
    of_words = [gap for gap, _ in gaps if _SPACE * height < gap <= _CELL_GAP * height]
    least = _CELL_ALONE_GAP * height
    if of_words:
        least = _CELL_TO_WORD_GAP * statistics.median(of_words)
    return [
        at
        for gap, at in wide
        if gap > least
        and not (gap < _ITEM_GAP * height and _ITEM.fullmatch(glyphs.text[piece.start : at]))
    ]


def _at_gutter(glyphs: Glyphs, pieces: list[_Piece], known: list[float]) -> list[_Piece]:
    """The pieces, those cut that go over a gutter: a gap at one place in many neighbouring lines.

    Of the lines across that place, those without a gap there speak against it. Its place is added
    to those that are ``known``.
    """
    gaps = [
        [*_inner_gaps(glyphs, piece), *_gap_to(piece, following)]
        for piece, following in itertools.zip_longest(pieces, pieces[1:])
    ]
    spans = [(start, end) for some in gaps for start, end, _ in some]
    new = [(a, b) for a, b in spans if not any(a <= gutter <= b for gutter in known)]
    gutter = _most_covered(new)
    if gutter is None:
        return pieces
    known.append(gutter)
    places = [next((at for start, end, at in some if start < gutter < end), None) for some in gaps]
    best: range = range(0)
    begin = score = most = 0
    for number, (piece, at) in enumerate(zip(pieces, places, strict=True)):
        if at is not None:
            score += 1
        elif piece.left < gutter < piece.right:
            score -= _CROSSING_COST
        if score <= 0:
            begin, score = number + 1, 0
        elif score > most:
            most, best = score, range(begin, number + 1)
    if most < _GUTTER_LINES:
        return pieces
    return [
        part
        for number, (piece, at) in enumerate(zip(pieces, places, strict=True))
        for part in piece.cut([at] if at and at < piece.end and number in best else [])
    ]


def _inner_gaps(glyphs: Glyphs, piece: _Piece) -> Iterator[tuple[float, float, int]]:
    """The gaps of a piece that may be of a gutter; not that behind the number of an item."""
    for start, end, at in _gaps(glyphs, piece):
        if end - start > _GUTTER * piece.height and not (
            at - piece.start <= _ITEM_CHARS and _ITEM.fullmatch(glyphs.text[piece.start : at])
        ):
            yield start, end, at


def _gap_to(piece: _Piece, following: _Piece | None) -> Iterator[tuple[float, float, int]]:
    """The gap between a piece and one beside it."""
    if following is None or piece.right >= following.left:
        return
    if abs(piece.bottom - following.bottom) < _SHIFTED * piece.height:
        yield piece.right, following.left, following.start


def _most_covered(spans: Sequence[tuple[float, float]]) -> float | None:
    """A place that lies within the most spans; None where they are too few for a gutter."""
    if len(spans) < _GUTTER_LINES:
        return None
    changes = sorted([*((start, 0) for start, _ in spans), *((end, 1) for _, end in spans)])
    covering = most = 0
    place = None
    for (here, ends), (following, _) in itertools.pairwise(changes):
        covering += -1 if ends else 1
        if covering > most:
            most, place = covering, (here + following) / 2
    return place if most >= _GUTTER_LINES else None


def _line(piece: _Piece, shown: Sequence[str]) -> Line | None:
    # Characters outside the first plane come as two.
    halves = "".join(shown[piece.start : piece.end]).encode("utf-16", "surrogatepass")
    text = _CONTROLS.sub("", halves.decode("utf-16", "replace").translate(_AS_PRINTED))
    if not text.strip():
        return None
    return Line(
        text=" ".join(text.split()),
        left=piece.left,
        right=piece.right,
        bottom=piece.bottom,
        height=piece.height,
        ends_in_space=text[-1].isspace(),
    )
