"""The lines of a printed page and their positions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

__all__ = ["IDEOGRAPH", "Edges", "Line", "Page", "most_covered"]

# Two lines are of one size where their heights differ by less than this share.
_SAME_HEIGHT = 0.12
# Two lines are level where their bottoms differ by less than this share of the height.
_SAME_LEVEL = 0.5
# More kinds of lines than this on a page are no text, and compared with none.
_MAX_KINDS = 1_000
IDEOGRAPH = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_FIRST_WORDS = re.compile(r"(?:[^\s\w]*[\d½¼¾][\S]*\s)?\S+")

Edges = Callable[["Line"], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line, with its position in points from the page's lower left.

    ``column`` numbers the columns of a page that has some.
    """

    text: str
    left: float
    right: float
    bottom: float
    height: float
    ends_in_space: bool = False
    column: int = 0

    def is_like(self, other: Line) -> bool:
        """Return whether both have one size."""
        return abs(self.height - other.height) < _SAME_HEIGHT * max(self.height, other.height)

    def is_level_with(self, before: Line) -> bool:
        """Return whether it stands as high on the page as the line before it."""
        return abs(before.bottom - self.bottom) < _SAME_LEVEL * self.height

    @property
    def first_word_width(self) -> float:
        """Estimated width of its first word, with the space before it."""
        if IDEOGRAPH.match(self.text):
            return self.height
        # A number is kept together with what it counts.
        first = _FIRST_WORDS.match(self.text)
        length = first.end() if first else len(self.text)
        return (self.right - self.left) * (length + 1) / len(self.text)


@dataclass(frozen=True, slots=True)
class Page:
    """A page's lines in reading order, and its height in points."""

    lines: tuple[Line, ...]
    height: float

    def edges(self) -> Edges:
        """Return a function that gives the left and right edge of the lines like a line.

        These have its size and column. The few that reach farthest to the right do not count.
        """
        known: dict[tuple[int, int, int, int], tuple[float, float]] = {}

        def edges(line: Line) -> tuple[float, float]:
            key = line.column, round(line.left), round(line.right), round(line.height)
            if key not in known:
                beside = [line] if len(known) > _MAX_KINDS else [*self._beside(line)]
                reached = sorted(other.right for other in beside)
                left = min(other.left for other in beside)
                known[key] = left, reached[-1 - len(reached) // 20]
            return known[key]

        return edges

    def _beside(self, line: Line) -> Iterator[Line]:
        """Yield the lines of its size in its column, and itself, which may have no width."""
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


def most_covered(spans: Iterable[tuple[float, float]]) -> tuple[float, int]:
    """Return a place within the most of some spans, and how many these are."""
    changes = sorted(change for start, end in spans for change in ((start, 0), (end, 1)))
    place = changes[0][0] if changes else 0.0
    covering = most = 0
    for (here, is_end), (following, _) in itertools.pairwise(changes):
        covering += -1 if is_end else 1
        if covering > most:
            most, place = covering, (here + following) / 2
    return place, most
