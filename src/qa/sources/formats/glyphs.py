"""Lines of a PDF's page from its characters, with superscripts and separate table cells.

pdfium gives the characters of a page, the position of each, and roughly the ends of lines. It
joins columns that are drawn row by row, and cuts a line behind a superscript.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qa.sources.formats.page import Line, most_covered
from qa.sources.formats.superscripts import subscript, superscript

__all__ = ["Box", "Glyphs", "lines"]

# Lengths in heights of the line. A superscript is smaller than its line by this factor, or shifted.
_SMALL = 0.87
_SHIFTED = 0.15
_RAISED = 0.12
_LOWERED = -0.05
_SAME = 0.1
_EQUAL = 0.01
# Of so few characters the largest are text, since a mark may have more digits than a figure.
_FEW = 5
# A mark stands this close to its word, and is no longer than this.
_NEAR = 0.4
_NEAR_AT_START = 1.2
_MARK_CHARS = 8
# Level pieces this close are one line, with a space between them from the second length on.
_JOINED_GAP = 0.7
_SPACE = 0.15
# Gaps between cells: the least, in usual gaps of the line's words, and in a line of one word each.
_CELL_GAP = 1.5
_CELL_TO_WORD_GAP = 3.0
_CELL_ALONE_GAP = 2.2
# A gutter between columns may be narrower, where it runs through this many adjacent lines.
_GUTTER = 0.7
_GUTTER_LINES = 6
_CROSSING_COST = 2
_MAX_GUTTERS = 5
_ITEM = re.compile(r"\s*(?:\(?(?:\d{1,4}|[A-Za-z]|[ivxlc]{1,5})[.)]|[•‣▪●○◦–—*·\uf0b7-])\s*")
_ITEM_GAP = 5.0
_ITEM_CHARS = 12
# The characters whose positions are read: of a word in small letters, the first and the last.
_SAMPLED = re.compile(r"[^ \t\xa0\r\na-z]|(?<![a-z])[a-z]|[a-z](?![a-z])")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# pdfium's own marks of a hyphen at a line's end.
_AS_PRINTED = str.maketrans({"\x02": "-", "\ufffe": "-", "\xa0": " ", "\t": " "})
_CONTROLS = re.compile("[\x00-\x1f\x7f\uffff]")


class Box(NamedTuple):
    """The position of the character at index ``at``, in points from the lower left."""

    at: int
    left: float
    right: float
    bottom: float
    height: float


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a page, one per UTF-16 code unit, and their positions.

    ``baseline`` gives the height of a character's baseline; None where it is not upright.
    """

    text: str
    box: Callable[[int], Box]
    baseline: Callable[[int], float | None]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters from ``start`` to ``end``; the height and bottom of most of its ``boxes``.

    ``is_plain`` where all boxes have that height and bottom.
    """

    start: int
    end: int
    boxes: tuple[Box, ...]
    height: float
    bottom: float
    is_plain: bool

    @classmethod
    def of(cls, start: int, end: int, boxes: Sequence[Box]) -> _Piece:
        height, bottom = boxes[0].height, boxes[0].bottom
        nearly = _EQUAL * height
        is_plain = all(
            abs(box.height - height) < nearly and abs(box.bottom - bottom) < nearly for box in boxes
        )
        if not is_plain:
            heights = Counter(round(box.height, 1) for box in boxes)
            height = max(heights, key=lambda height: (heights[height], height))
            if len(boxes) <= _FEW:
                height = max(heights)
            bottoms = Counter(
                round(box.bottom, 1) for box in boxes if abs(box.height - height) <= _SAME * height
            )
            bottom = bottoms.most_common(1)[0][0]
        return cls(start, end, tuple(boxes), max(height, 1.0), bottom, is_plain)

    @property
    def left(self) -> float:
        return min(box.left for box in self.boxes)

    @property
    def right(self) -> float:
        return max(box.right for box in self.boxes)

    def is_odd(self, box: Box) -> bool:
        """Return whether a character is smaller than the others, or higher or lower."""
        is_shifted = abs(box.bottom - self.bottom) > _SHIFTED * self.height
        return box.height < _SMALL * self.height or is_shifted

    def cut(self, indexes: Sequence[int]) -> list[_Piece]:
        """Return its pieces, cut before the characters at some indexes."""
        if not indexes:
            return [self]
        bounds = itertools.pairwise([self.start, *indexes, self.end])
        return [
            _Piece.of(start, end, [box for box in self.boxes if start <= box.at < end])
            for start, end in bounds
        ]


def lines(glyphs: Glyphs, ends: Sequence[int]) -> list[Line]:
    """Return lines and cells in the file's order; ``ends`` are the ends of pdfium's lines."""
    bounds = itertools.pairwise([0, *ends, len(glyphs.text)])
    written = list(glyphs.text)
    pieces = [piece for start, end in bounds for piece in _pieces(glyphs, start, end)]
    whole = list(_joined(pieces, written))
    for piece in whole:
        _write_superscripts(glyphs, piece, written)
    cells = [cell for piece in whole for cell in piece.cut(_cell_starts(glyphs, piece))]
    gutters: list[float] = []
    for count in range(_MAX_GUTTERS):
        cells = _cut_at_gutter(glyphs, cells, gutters)
        if len(gutters) == count:
            break
    return [line for cell in cells if (line := _line(cell, written))]


def _pieces(glyphs: Glyphs, start: int, end: int) -> Iterator[_Piece]:
    """Yield the pieces of a line of pdfium, cut where it goes back left or to another height."""
    text = glyphs.text
    boxes = [glyphs.box(match.start()) for match in _SAMPLED.finditer(text, start, end)]
    if not boxes:
        return
    starts = {
        here.at
        for before, here in itertools.pairwise(boxes)
        if before.bottom >= here.bottom + here.height
        or here.bottom >= before.bottom + before.height
    }
    if not _RIGHT_TO_LEFT.search(text, start, end):
        leftmost = boxes[0].left
        for box in boxes:
            if box.right <= leftmost and box.left < leftmost:
                starts.add(box.at)
                leftmost = box.left
    yield from _Piece.of(start, end, boxes).cut(sorted(starts))


def _joined(pieces: Sequence[_Piece], written: list[str]) -> Iterator[_Piece]:
    """Yield the pieces, joined where they are parts of one line."""
    parts: list[_Piece] = []
    for piece in pieces:
        base = next((part for part in reversed(parts[-2:]) if not _is_mark(part, piece)), None)
        space = _between(base, parts[-1], piece) if base else None
        if space is None:
            if parts:
                yield _whole(parts)
            parts = [piece]
            continue
        last, first = parts[-1].boxes[-1].at + 1, piece.boxes[0].at
        written[last:first] = [""] * (first - last)
        written[last - 1] += space
        parts.append(piece)
    if parts:
        yield _whole(parts)


def _whole(parts: Sequence[_Piece]) -> _Piece:
    if len(parts) == 1:
        return parts[0]
    return _Piece.of(parts[0].start, parts[-1].end, [box for part in parts for box in part.boxes])


def _is_mark(piece: _Piece, beside: _Piece) -> bool:
    """Return whether a piece may be a mark beside another: short and smaller."""
    return len(piece.boxes) <= _MARK_CHARS and piece.height < _SMALL * beside.height


def _between(base: _Piece, before: _Piece, here: _Piece) -> str | None:
    """Return the space between a line that ends in ``before`` and a piece; None at a new line."""
    height = max(base.height, here.height)
    gap = here.left - before.right
    fall = abs(base.bottom - here.bottom)
    if _is_mark(here, base) and abs(gap) < _NEAR * height and fall < _NEAR * 2 * height:
        return ""
    is_like = min(base.height, here.height) > _SMALL * height
    if is_like and fall < _SHIFTED * height and -_SPACE * height < gap < _JOINED_GAP * height:
        return " " if gap > _SPACE * height else ""
    return None


def _write_superscripts(glyphs: Glyphs, piece: _Piece, written: list[str]) -> None:
    """Replace the characters of a line that are set above or below it."""
    if piece.is_plain or not any(map(piece.is_odd, piece.boxes)):
        return
    groups = [
        (is_odd, list(group)) for is_odd, group in itertools.groupby(piece.boxes, piece.is_odd)
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
        align = _alignment(glyphs, first.at, beside.at, piece.height)
        if align:
            mark = align("".join(written[first.at : last.at + 1]))
            written[first.at : last.at + 1] = [mark, *[""] * (last.at - first.at)]


def _alignment(glyphs: Glyphs, at: int, beside: int, height: float) -> Callable[[str], str] | None:
    """Return what writes a character that stands higher or lower than another."""
    here, there = glyphs.baseline(at), glyphs.baseline(beside)
    if here is None or there is None:
        return None
    shift = (here - there) / height
    return superscript if shift > _RAISED else subscript if shift < _LOWERED else None


def _gaps(glyphs: Glyphs, piece: _Piece) -> list[tuple[float, float, int]]:
    """Return the left and right edge of each gap between words, and the index behind it."""
    return [
        (before.right, after.left, after.at)
        for before, after in itertools.pairwise(piece.boxes)
        if not glyphs.text[before.at + 1 : after.at].strip()
    ]


def _cell_starts(glyphs: Glyphs, piece: _Piece) -> list[int]:
    """Return the indexes behind gaps far wider than those between words."""
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


def _cut_at_gutter(glyphs: Glyphs, pieces: list[_Piece], known: list[float]) -> list[_Piece]:
    """Return the pieces, cut at a gutter: a gap at one place in many adjacent lines.

    Lines across that place without a gap there count against it. It is added to ``known``.
    """
    gaps = [
        [*_inner_gaps(glyphs, piece), *_gap_to(piece, following)]
        for piece, following in itertools.zip_longest(pieces, pieces[1:])
    ]
    spans = [(start, end) for of_piece in gaps for start, end, _ in of_piece]
    new = [(a, b) for a, b in spans if not any(a <= gutter <= b for gutter in known)]
    gutter, covering = most_covered(new)
    if covering < _GUTTER_LINES:
        return pieces
    known.append(gutter)
    indexes = [next((at for a, b, at in of_piece if a < gutter < b), None) for of_piece in gaps]
    best: range = range(0)
    begin = score = most = 0
    for number, (piece, at) in enumerate(zip(pieces, indexes, strict=True)):
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
        for number, (piece, at) in enumerate(zip(pieces, indexes, strict=True))
        for part in piece.cut([at] if at and at < piece.end and number in best else [])
    ]


def _inner_gaps(glyphs: Glyphs, piece: _Piece) -> Iterator[tuple[float, float, int]]:
    """Yield the gaps of a piece that may be a gutter, not the one behind an item's number."""
    for start, end, at in _gaps(glyphs, piece):
        if end - start > _GUTTER * piece.height and not (
            at - piece.start <= _ITEM_CHARS and _ITEM.fullmatch(glyphs.text[piece.start : at])
        ):
            yield start, end, at


def _gap_to(piece: _Piece, following: _Piece | None) -> Iterator[tuple[float, float, int]]:
    """Yield the gap between a piece and one beside it."""
    if following is None or piece.right >= following.left:
        return
    if abs(piece.bottom - following.bottom) < _SHIFTED * piece.height:
        yield piece.right, following.left, following.start


def _line(piece: _Piece, written: Sequence[str]) -> Line | None:
    # Characters outside the first plane come as two.
    halves = "".join(written[piece.start : piece.end]).encode("utf-16", "surrogatepass")
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
