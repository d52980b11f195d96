"""CSV and TSV files with a question and an answer column."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import PurePath

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.encodings import decoded
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.question_columns import (
    Pairs,
    columns_of,
    no_columns,
    pairs_of_rows,
    shown_names,
)

__all__ = ["delimited"]

# A first line by which Excel states the separator.
_SEPARATOR_LINE = re.compile(r"sep=(.)\n", re.IGNORECASE)
_SAMPLE_ROWS = 20


def delimited(data: bytes, name: str) -> Extracted:
    """Return the questions and answers of a table; any of , ; tab and | separates its cells.

    Raises:
        SourceError: it is not text, has no such columns, or its quotes or rows are broken.
    """
    text = decoded(data, name)
    delimiters = "\t,;|" if PurePath(name).suffix.lower() == ".tsv" else ",;\t|"
    if separator_line := _SEPARATOR_LINE.match(text):
        delimiters, text = separator_line[1], text[separator_line.end() :]
    try:
        delimiter = _delimiter(text, delimiters)
        pairs = Pairs()
        missing = pairs_of_rows(_rows(text, delimiter), pairs, "row")
    except (ValueError, csv.Error) as error:
        raise SourceError(f"{name}: {error}.") from error
    if missing is not None:
        raise no_columns(name, shown_names(missing))
    return pairs.extracted(name)


def _delimiter(text: str, delimiters: str) -> str:
    """Return the separator that gives both columns; else the one that gives most cells."""
    cells: dict[str, int] = {}
    for delimiter in delimiters:
        try:
            rows = list(itertools.islice(_rows(text, delimiter), _SAMPLE_ROWS))
        except csv.Error:
            rows = [text.split("\n", 1)[0].split(delimiter)]
        if any(columns_of(row) for row in rows):
            return delimiter
        cells[delimiter] = max(map(len, rows), default=0)
    return max(cells, key=lambda delimiter: cells[delimiter])


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield rows as Excel writes them."""
    csv.field_size_limit(limits.TEXT_CHARS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise csv.Error(
            f"broken at line {reader.line_num} ({error}): check the quotes there"
        ) from error


FORMATS = (
    Format(
        delimited,
        {".csv": ("text/csv",), ".tsv": ("text/tab-separated-values",)},
        "rows with a question and an answer",
    ),
)
