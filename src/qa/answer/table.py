"""An answer as a row of a table, and the check of such a row."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from qa.answer.prove import Record, place_faults, rebuilt, sentences
from qa.errors import InputError
from qa.records import Citation, Document, Span, Status

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
CITATION_COLUMNS = (
    "document",
    "title",
    "date",
    "section",
    "source",
    "speaker",
    "asked",
    "page",
    "time",
    "paragraph",
    "start",
    "end",
    "confidence",
    "quote",
    "passage",
    "sha256",
    "reader",
    "recording",
)
# Answers of earlier versions lack these.
_EARLIER_COLUMNS = tuple(name for name in CITATION_COLUMNS if name not in {"time", "recording"})
# What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), after any white
# space, and the full-width forms that some of them take for the same.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def head(most: int, cited: Sequence[str] = CITATION_COLUMNS) -> list[str]:
    """Return the names of the columns, for answers of at most so many citations."""
    numbered = [f"{name}_{n}" for n in range(1, most + 1) for name in cited]
    return ["line", "id", "error", *SEARCH_COLUMNS, *numbered]


def columns(citation: Citation) -> dict[str, Any]:
    """Return what a row says of a citation, by column."""
    document, passage = citation.document, citation.passage
    return {
        "document": document.id,
        "title": document.title,
        "date": document.date,
        "section": document.section,
        "source": document.source,
        "speaker": passage.speaker,
        "asked": passage.asked,
        "page": passage.page,
        "time": passage.time,
        "paragraph": passage.paragraph,
        "start": passage.start,
        "end": passage.end,
        "confidence": citation.confidence,
        "quote": " ".join(quote.text for quote in citation.quotes),
        "passage": passage.text,
        "sha256": citation.sha256,
        "reader": citation.links.reader,
        "recording": citation.links.recording,
    }


def harmless(cell: Any) -> Any:
    """The cell as a spreadsheet will show it and not run it: with an apostrophe in front."""
    if cell is None:
        return ""
    is_formula = isinstance(cell, str) and _FORMULA.match(cell)
    return f"'{cell}" if is_formula else cell


def is_table(content: str) -> bool:
    """Return whether answers are written as a table."""
    return content.removeprefix("\ufeff").startswith('"line",')


def rows(content: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Give every row with its line in the file, by the names of its columns.

    Raises:
        InputError: a row has another number of cells than the head, or the head is another.
    """
    reader = csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        names = next(reader)
        if not any(_is_head(names, cited) for cited in (CITATION_COLUMNS, _EARLIER_COLUMNS)):
            raise InputError("The columns are not those that qa batch writes.")
        for cells in reader:
            if len(cells) != len(names):
                raise InputError(
                    f"Line {reader.line_num} of the answers has {len(cells)} cells, the head "
                    f"{len(names)}."
                )
            yield reader.line_num, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise InputError(f"Line {reader.line_num} of the answers is no row: {error}.") from error


def _is_head(names: Sequence[str], cited: Sequence[str]) -> bool:
    """Return True where a table's columns are these, for any number of citations."""
    return names == head((len(names) - len(head(0))) // len(cited), cited)


def faults(row: Mapping[str, str], record: Record) -> Iterator[str]:
    """What in a row of answers the record does not bear out, a line each."""
    known = [name for name in CITATION_COLUMNS if f"{name}_1" in row]
    most = (len(row) - len(head(0))) // len(known) if known else 0
    cited = [{name: row[f"{name}_{n}"] for name in known} for n in range(1, most + 1)]
    stated = [*itertools.takewhile(lambda cells: any(cells.values()), cited)]
    if row["error"]:
        yield f"it holds the error {row['error']!r} beside an answer"
    if any(cell for cells in cited[len(stated) :] for cell in cells.values()):
        yield f"there is no citation {len(stated) + 1}, but one after it"
    if row["status"] not in get_args(Status):
        yield f"status is {row['status']!r}, it may be {' or '.join(get_args(Status))}"
    elif (row["status"] != "not_in_record") != bool(stated):
        yield f"status is {row['status']!r} with {len(stated)} citations"
    if not re.fullmatch("[0-9a-f]{32}", row["snapshot"]):
        yield f"snapshot is {row['snapshot']!r}, not a digest"
    for name, cell in (("confidence", row["confidence"]), ("elapsed_ms", row["elapsed_ms"])):
        if not (_is_number(cell) or (name == "elapsed_ms" and not cell)):
            yield f"{name} is {cell!r}, not a number"
    for number, cells in enumerate(stated, start=1):
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
    """Return the sentences of a passage, one after the other, that a quote consists of."""
    spans = sentences(document, passage)
    for start, end in itertools.combinations(range(len(spans) + 1), 2):
        said = " ".join(span.of(document.text) for span in spans[start:end])
        if harmless(said) == quote:
            return spans[start:end]
    return None


def _is_number(cell: str) -> bool:
    """Return whether a cell holds a number as JSON writes it, not below 0."""
    try:
        value = json.loads(cell)
    except ValueError:
        return False
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
