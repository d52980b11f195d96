"""An answer as a row of a table, and the check of such a row."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from qa.answer.answer_checks import (
    Record,
    is_number,
    place_faults,
    rebuilt,
    sentences,
    status_faults,
)
from qa.errors import InputError
from qa.records import Citation, Document, Span

__all__ = [
    "CITATION_COLUMNS",
    "SEARCH_COLUMNS",
    "columns",
    "faults",
    "harmless",
    "head",
    "is_table",
    "rows",
]

SEARCH_COLUMNS = ("question", "searched_for", "status", "confidence", "snapshot", "elapsed_ms")
# The columns of a citation, each with the place of its cell in the record.
_CELLS = {
    "document": "document.id",
    "title": "document.title",
    "date": "document.date",
    "section": "document.section",
    "source": "document.source",
    "speaker": "passage.speaker",
    "asked": "passage.asked",
    "page": "passage.page",
    "time": "passage.time",
    "paragraph": "passage.paragraph",
    "start": "passage.start",
    "end": "passage.end",
    "confidence": "confidence",
    "quote": "quotes",
    "passage": "passage.text",
    "sha256": "sha256",
    "reader": "links.reader",
    "recording": "links.recording",
}
CITATION_COLUMNS = tuple(_CELLS)
# Answers of earlier versions lack these.
_EARLIER_COLUMNS = tuple(name for name in CITATION_COLUMNS if name not in {"time", "recording"})
# Characters by which a spreadsheet takes a cell for a formula (OWASP, "CSV Injection"), after any
# white space, and their full-width forms.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def head(most: int, cited: Sequence[str] = CITATION_COLUMNS) -> list[str]:
    """Return the names of the columns, for answers of at most so many citations."""
    numbered = [f"{name}_{n}" for n in range(1, most + 1) for name in cited]
    return ["line", "id", "error", *SEARCH_COLUMNS, *numbered]


def columns(citation: Citation) -> dict[str, Any]:
    """Return the cells of a citation, by column."""
    cells = {name: attrgetter(place)(citation) for name, place in _CELLS.items()}
    return cells | {"quote": " ".join(quote.text for quote in citation.quotes)}


def harmless(cell: Any) -> Any:
    """Return the cell, a formula with an apostrophe in front so that no spreadsheet runs it."""
    if cell is None:
        return ""
    is_formula = isinstance(cell, str) and _FORMULA.match(cell)
    return f"'{cell}" if is_formula else cell


def is_table(content: str) -> bool:
    """Tell if answers are written as a table."""
    return content.removeprefix("\ufeff").startswith('"line",')


def rows(content: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield every row with its line in the file, by the names of its columns.

    Raises:
        InputError: a row has another number of cells than the head, or the head is another.
    """
    lines = csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        names = next(lines)
        if not any(_is_head(names, cited) for cited in (CITATION_COLUMNS, _EARLIER_COLUMNS)):
            raise InputError("The columns are not those that qa batch writes.")
        for cells in lines:
            if len(cells) != len(names):
                raise InputError(
                    f"Line {lines.line_num} of the answers has {len(cells)} cells, the head "
                    f"{len(names)}."
                )
            yield lines.line_num, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise InputError(f"Line {lines.line_num} of the answers is no row: {error}.") from error


def _is_head(names: Sequence[str], cited: Sequence[str]) -> bool:
    """Tell if a table has these columns, for any number of citations."""
    return names == head((len(names) - len(head(0))) // len(cited), cited)


def faults(row: Mapping[str, str], record: Record) -> Iterator[str]:
    """Yield what the record contradicts in a row of answers, a line each."""
    known = [name for name in CITATION_COLUMNS if f"{name}_1" in row]
    most = (len(row) - len(head(0))) // len(known) if known else 0
    cited = [{name: row[f"{name}_{n}"] for name in known} for n in range(1, most + 1)]
    filled = [*itertools.takewhile(lambda cells: any(cells.values()), cited)]
    if row["error"]:
        yield f"it holds the error {row['error']!r} beside an answer"
    if any(cell for cells in cited[len(filled) :] for cell in cells.values()):
        yield f"there is no citation {len(filled) + 1}, but one after it"
    yield from status_faults(row["status"], len(filled), row["snapshot"])
    for name, cell in (("confidence", row["confidence"]), ("elapsed_ms", row["elapsed_ms"])):
        if not (_is_number(cell) or (name == "elapsed_ms" and not cell)):
            yield f"{name} is {cell!r}, not a number"
    for number, cells in enumerate(filled, start=1):
        for fault in _cited_faults(cells, record, row["snapshot"]):
            yield f"citation {number}: {cells['document']}: {fault}"


def _cited_faults(cells: Mapping[str, str], record: Record, digest: str) -> Iterator[str]:
    document = record.documents.get(cells["document"])
    if document is None:
        yield "the record has no such document"
        return
    try:
        span = Span(int(cells["start"]), int(cells["end"]))
    except ValueError:
        yield f"it is at {cells['start']!r} to {cells['end']!r}, which is no place"
        return
    yield from place_faults(span, document, record.snapshots.get(digest))
    quotes = _quoted(cells["quote"], document, span)
    if quotes is None:
        yield f"its quote {cells['quote'][:40]!r} is not made of sentences that follow one another"
    expected = columns(rebuilt(document, span, quotes or ()))
    for name, value in expected.items():
        if name not in cells:
            continue  # of an earlier version
        if name == "confidence":
            if not _is_number(cells[name]):
                yield f"confidence is {cells[name]!r}, not a number"
        elif name != "quote" and cells[name] != str(harmless(value)):
            yield f"{name} is {cells[name]!r}, the record has {str(harmless(value))!r}"


def _quoted(quote: str, document: Document, passage: Span) -> Sequence[Span] | None:
    """Return the neighbouring sentences of a passage that a quote consists of."""
    spans = sentences(document, passage)
    for start, end in itertools.combinations(range(len(spans) + 1), 2):
        text = " ".join(span.of(document.text) for span in spans[start:end])
        if harmless(text) == quote:
            return spans[start:end]
    return None


def _is_number(cell: str) -> bool:
    """Tell if a cell holds a number as JSON writes it, not below 0."""
    try:
        return is_number(json.loads(cell))
    except ValueError:
        return False
