"""A printed page: its lines, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Edges", "Line", "Page"]

# Two lines are of one kind where their heights differ by less than this share.
_SAME_HEIGHT = 0.12
# More kinds of lines than this on a page are no text, and looked at one by one.
_MOST_KINDS = 1_000
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_FIRST_WORDS = re.compile(r"(?:[^\s\w]*[\d½¼¾][\S]*\s)?\S+")

Edges = Callable[["Line"], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line: its text, and where it stands in points from the page's lower left.

    ``column`` tells the columns of a page from one another, where these are known.
    """

    text: str
    left: float
    right: float
    bottom: float
    height: float
    ends_in_space: bool = False
    column: int = 0

    def is_like(self, other: Line) -> bool:
        """Return whether both are printed in one size."""
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

    def edges(self) -> Edges:
        """Gives of a line how far to the left and right lines like it reach in its column.

        To the right, the few that reach farthest may be of another kind.
        """
        known: dict[tuple[int, int, int, int], tuple[float, float]] = {}

        def edges(line: Line) -> tuple[float, float]:
            key = line.column, round(line.left), round(line.right), round(line.height)
            if key not in known:
                beside = [line] if len(known) > _MOST_KINDS else [*self._beside(line)]
                reached = sorted(other.right for other in beside)
                left = min(other.left for other in beside)
                known[key] = left, reached[-1 - len(reached) // 20]
            return known[key]

        return edges

    def _beside(self, line: Line) -> Iterator[Line]:
        """Lines of its size in its column, and itself, which may have no width."""
        yield line
        least, most = line.height * (1 - _SAME_HEIGHT), line.height / (1 - _SAME_HEIGHT)
        for other in self.lines:
            if (
                other.left < line.right
                and line.left < other.right
                and other.column == line.column
                and least < other.height < most
                and other is not line
            ):
                yield other
