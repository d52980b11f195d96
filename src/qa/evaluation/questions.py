"""Questions from a file: JSON lines, CSV or TSV, with or without a header."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import json
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any, Literal

from qa.errors import InputError

__all__ = ["BadRow", "Format", "QuestionRow", "format_of", "read"]

Format = Literal["jsonl", "csv", "tsv"]
_ENDINGS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# The delimiter of a spreadsheet's export depends on the country.
_CSV_DELIMITERS = ",;\t"
_DELIMITER_HINT = re.compile(r"sep=(.)", re.IGNORECASE)
# A cell may be as long as a row of JSON lines may be.
_CELL_CHARS = 100_000_000


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question; ``line`` is the line of the file where it begins, from 1."""

    line: int
    id: str | None
    question: str
    previous: tuple[str, ...] = ()
    since: datetime.date | None = None
    until: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not a question, and the reason."""

    line: int
    id: str | None
    error: str


def format_of(name: str) -> Format | None:
    """Return the format that the ending of a file's name means, or None."""
    return _ENDINGS.get(PurePath(name).suffix.lower())


def read(
    file: IO[bytes],
    format: Format | None,  # noqa: A002
    *,
    max_question_chars: int,
) -> Generator[QuestionRow | BadRow]:
    """Yield every row from the beginning of the file, in order, without blank lines.

    Without a format, a file that begins with "{" is JSON lines, one with a tab in its first
    line TSV, any other CSV. The first line names the columns; if none is ``question``, there is
    one column, the question. Unknown columns are ignored.

    Raises:
        InputError: the file is UTF-16 text or a JSON list.
    """
    file.seek(0)
    start = file.read(2)
    if start in _UTF16:
        raise InputError("The questions are UTF-16 text: save them as UTF-8.")
    file.seek(0)
    # Bytes that are not UTF-8 make only their own row a bad one.
    text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    try:
        first = next((line for line in iter(text.readline, "") if line.strip()), "")
        if first.lstrip().startswith("["):
            raise InputError("The questions are a JSON list: put one object on each line.")
        text.seek(0)
        format = format or _sniffed(first)  # noqa: A001
        rows = _json_rows(text) if format == "jsonl" else _table_rows(text, first, format)
        for line, row in rows:
            yield row if isinstance(row, BadRow) else _question_row(line, row, max_question_chars)
    finally:
        text.detach()


def _sniffed(first_line: str) -> Format:
    if first_line.lstrip().startswith("{"):
        return "jsonl"
    return "tsv" if "\t" in first_line else "csv"


# A line number with the values of a row by their column, unchecked.
RawRow = tuple[int, Mapping[str, Any] | BadRow]


def _json_rows(text: Iterable[str]) -> Iterator[RawRow]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, BadRow(number, None, f"not JSON: {error}")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            yield number, BadRow(number, None, "not a JSON object")


def _table_rows(text: Iterable[str], first: str, format: Format) -> Iterator[RawRow]:  # noqa: A002
    delimiters = "\t" if format == "tsv" else _CSV_DELIMITERS
    hint = _DELIMITER_HINT.fullmatch(first.strip())
    line = 1
    if hint:  # the first line of a spreadsheet's export, which is no row
        lines = iter(text)
        line += next(n for n, skipped in enumerate(lines, 1) if skipped == first)
        first, text, delimiters = next(lines, ""), lines, hint[1]
        text = itertools.chain([first], text)
    heads = {d: _names(first, d) for d in delimiters}
    delimiter = next((d for d, names in heads.items() if "question" in names), delimiters[0])
    has_header = "question" in heads[delimiter]
    names = heads[delimiter] if has_header else ["question"]
    csv.field_size_limit(_CELL_CHARS)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    before, is_below_header = line - 1, False
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The next line is a row again, if there is one: an unmatched quotation mark takes all
            # lines below it into one cell.
            last = before + reader.line_num
            extent = f" (this row reaches to line {last})" if last > line else ""
            yield line, BadRow(line, None, f"not {format.upper()}: {error}{extent}")
            line = last + 1
            continue
        if not any(cell.strip() for cell in cells):
            pass
        elif has_header and not is_below_header:
            is_below_header = True
        elif len(cells) > len(names):
            yield line, BadRow(line, None, _too_many(len(cells), len(names)))
        else:
            yield line, {name: cell for name, cell in zip(names, cells, strict=False) if cell}
        line = before + reader.line_num + 1


def _names(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [cell.strip().lower() for cell in cells]


def _too_many(cells: int, expected: int) -> str:
    if expected == 1:
        return (
            f"{cells} cells, where one is expected: put quotation marks around a question with "
            "commas, or name a column question in the first line"
        )
    return f"{cells} cells in a table of {expected} columns"


def _question_row(
    line: int, row: Mapping[str, Any], max_question_chars: int
) -> QuestionRow | BadRow:
    row_id = row.get("id")
    try:
        row_id = _id(row_id)
        since, until = (_date(name, row.get(name)) for name in ("since", "until"))
        if since and until and since > until:
            raise ValueError(f"since ({since}) is after until ({until})")  # noqa: TRY301
        return QuestionRow(
            line=line,
            id=row_id,
            question=_question(row.get("question"), max_question_chars),
            previous=_previous(row.get("previous")),
            since=since,
            until=until,
        )
    except ValueError as error:
        is_named = isinstance(row_id, str) and row_id.isprintable()
        return BadRow(line, row_id if is_named else None, str(error))


def _id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"its id is {value!r}, neither text nor a number")
    return _text("id", value) if value else None


def _question(value: Any, max_chars: int) -> str:
    if value is None:
        raise ValueError("there is no question")
    question = _text("question", value)
    if not question.strip():
        raise ValueError("the question is empty")
    if len(question) > max_chars:
        raise ValueError(
            f"the question has {len(question):,} characters, at most {max_chars:,} are allowed"
        )
    return question


def _previous(value: Any) -> tuple[str, ...]:
    """Return earlier questions from a list; in a table, from a JSON list or one question."""
    if value is None or value == "":
        return ()
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"previous is not a JSON list: {error}") from error
    questions = [value] if isinstance(value, str) else value
    if not isinstance(questions, list):
        raise ValueError(f"previous is {value!r}, not a list of questions")  # noqa: TRY004
    return tuple(_text("previous", question) for question in questions)


def _date(name: str, value: Any) -> datetime.date | None:
    if value is None or value == "":
        return None
    try:
        return datetime.datetime.strptime(value.strip(), "%Y-%m-%d").date()  # noqa: DTZ007
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{name} is {value!r}, not a date as YYYY-MM-DD") from error


def _text(name: str, value: Any) -> str:
    """Return the value if it is text that UTF-8 can encode."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}, not text")  # noqa: TRY004
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} is not UTF-8 text") from None
    return value
