"""Tables of questions and answers in any file: their columns, rows and text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import NamedTuple

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.extracted import Extracted, title_of
from qa.sources.formats.html import fragment_text
from qa.sources.layouts.labelled_faq import labelled_text

__all__ = ["Cell", "Columns", "Pairs", "columns_of", "no_columns", "pairs_of_rows", "shown_names"]

_NAMES = {
    key: frozenset(names.split())
    for key, names in tomllib.loads(
        resources.files(__package__).joinpath("question_columns.toml").read_text("utf-8")
    ).items()
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_WORD_CHARS = re.compile(r"[\W_]+")
_HTML = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span"
    r"|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul)(?:\s[^<>]*)?/?>"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|[a-z]{1,4}quo|[mn]dash|hellip|[a-z]{1,2}(?:acute|grave|uml"
    r"|circ|cedil|tilde)|euro|pound|#\d{2,6}|#x[0-9a-f]{2,5});",
    re.IGNORECASE,
)
# A cell's text; None where a format decides how its value is shown.
Cell = str | None

_SHOWN_NAMES = 12
_SHOWN_CHARS = 40
# Titles and notes may stand above the header.
_HEADER_WITHIN_ROWS = 20


class Columns(NamedTuple):
    """The indexes of the question and the answer among a row's cells."""

    question: int
    answer: int


@dataclass(slots=True)
class Pairs:
    """The questions and answers of a file, and the parts of it that are left out."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    unread_names: dict[str, None] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, question: str, answer: str, place: str) -> None:
        """Add a pair; ``place`` names its row in messages.

        Raises:
            ValueError: it holds half of a character.
        """
        if _SURROGATE.search(question + answer):
            raise ValueError(f"{place} holds half of a character (a surrogate): save it again")
        question, answer = _cell_text(question), _cell_text(answer)
        if question and answer:
            self.pairs.append((question, answer))
        elif question or answer:
            self.unanswered.append(f"{place} ({'answer' if question else 'question'} is empty)")

    def extracted(self, name: str, title: str | None = None) -> Extracted:
        """Return the pairs as a document's text.

        Raises:
            SourceError: there is none.
        """
        if not self.pairs:
            raise SourceError(
                f"{name}: it has a question and an answer column, and no row with both."
            )
        if len(self.pairs) > limits.ROWS:
            raise SourceError(
                f"{name}: it has {len(self.pairs)} questions, the limit (ROWS) is {limits.ROWS}: "
                "split it."
            )
        return Extracted(
            labelled_text(self.pairs),
            title=title or title_of(name),
            layout="labelled-faq",
            remark=self._remark(),
        )

    def _remark(self) -> str:
        left_out = []
        if self.unread_names:
            left_out.append(f"columns {shown_names(list(self.unread_names))}")
        left_out += [*self.unanswered[:_SHOWN_NAMES], *self.remarks]
        more = len(self.unanswered) - _SHOWN_NAMES
        if more > 0:
            left_out.append(f"{more} more rows without question or answer")
        return f"left out: {', '.join(left_out)}" if left_out else ""


def columns_of(names: Sequence[Cell]) -> Columns | None:
    """Return the indexes of the question and answer columns; None where one is missing.

    Raises:
        ValueError: two columns may be the question, or the answer.
    """
    keys = [_NO_WORD_CHARS.sub("_", (name or "").casefold()).strip("_") for name in names]
    fillers = _NAMES["fillers"]
    bare = ["_".join(word for word in key.split("_") if word not in fillers) for key in keys]
    columns = []
    for known in (_NAMES["questions"], _NAMES["answers"]):
        fitting = [n for n, key in enumerate(keys) if key in known]
        fitting = fitting or [n for n, key in enumerate(bare) if key in known]
        if not fitting:
            return None
        if len(fitting) > 1:
            both = " and ".join(repr((names[n] or "").strip()) for n in fitting[:3])
            raise ValueError(f"its columns {both} mean the same: keep one per file")
        columns.append(fitting[0])
    return Columns(*columns)


def pairs_of_rows(rows: Iterable[Sequence[Cell]], pairs: Pairs, place: str) -> list[str] | None:
    """Add the pairs of a table; return its column names if none is a question and an answer.

    The header is the first of the top rows that has both columns. ``place`` names a row in
    messages, before its number.

    Raises:
        ValueError: columns are ambiguous, a row has more cells than there are columns, or a
            format decides how a question or an answer is shown.
    """
    columns: Columns | None = None
    names: list[str] = []
    above: list[str] = []
    for number, cells in enumerate(rows, start=1):
        if number > limits.ROWS:
            raise ValueError(f"it has more than {limits.ROWS} rows (ROWS): split it")
        if columns:
            _add_row(cells, columns, names, pairs, f"{place} {number}")
            continue
        if number > _HEADER_WITHIN_ROWS:
            break
        columns = columns_of(cells)
        if columns:
            names = [(cell or "").strip() for cell in cells]
        elif filled := [(cell or "").strip() for cell in cells if _is_filled(cell)]:
            above.append(" ".join(filled))
            names = names or filled
    if columns is None:
        return names
    if above:
        pairs.remarks.append(f"above the columns: {shown_names(above)}")
    return None


def _add_row(
    cells: Sequence[Cell], columns: Columns, names: Sequence[str], pairs: Pairs, place: str
) -> None:
    if any(map(_is_filled, cells[len(names) :])):
        raise ValueError(
            f"{place} has {len(cells)} cells, and there are {len(names)} columns: "
            "put cells that hold the separator in quotes"
        )
    padded = [*cells, *[""] * (len(names) - len(cells))]
    question, answer = padded[columns.question], padded[columns.answer]
    if question is None or answer is None:
        raise ValueError(
            f"{place}: its {'question' if question is None else 'answer'} is a number, a date or "
            "a truth value shown by a format: turn the cell into text"
        )
    pairs.add(question, answer, place)
    for n, cell in enumerate(padded[: len(names)]):
        if n not in columns and _is_filled(cell):
            pairs.unread_names[names[n] or f"number {n + 1}"] = None


def _is_filled(cell: Cell) -> bool:
    return cell is None or bool(cell.strip())


def no_columns(name: str, columns: str) -> SourceError:
    """Return the error of a table without a question and an answer column."""
    return SourceError(
        f"{name}: no column for the question and one for the answer; columns found: {columns}. "
        "Name them question and answer."
    )


def shown_names(names: Sequence[str]) -> str:
    """Return names for a message, cut where they are many or long."""
    shown = [" ".join(name.split())[:_SHOWN_CHARS] or "(empty)" for name in names[:_SHOWN_NAMES]]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more > 0 else [])]) or "(none)"


def _cell_text(cell: str) -> str:
    """Return a cell's text, from HTML too, without NULs and outer white space."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    if _HTML.search(text):
        text = fragment_text(text)
    return re.sub(r"\n[ \t\xa0]*\n\s*", "\n\n", text.replace("\0", "")).strip()
