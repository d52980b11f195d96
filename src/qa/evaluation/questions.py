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

from qa.errors import QuestionError

__all__ = ["BadRow", "Format", "QuestionRow", "format_of", "read"]

Format = Literal["jsonl", "csv", "tsv"]
_ENDINGS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
}
_COLUMNS = ("question", "id", "previous", "since", "until")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# A spreadsheet's export parts its columns by whatever the country uses.
_CSV_DELIMITERS = ",;\t"
_DELIMITER_HINT = re.compile(r"sep=(.)", re.IGNORECASE)
# A cell may be as long as a row of JSON lines may be.
_CELL_CHARS = 100_000_000


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question to ask; ``line`` is where it begins in the file, from 1."""

    line: int
    id: str | None
    question: str
    previous: tuple[str, ...] = ()
    since: datetime.date | None = None
    until: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no question, and why."""

    line: int
    id: str | None
    error: str


def format_of(name: str) -> Format | None:
    """The format that a file's name ends in; None where it tells none."""
    return _ENDINGS.get(PurePath(name).suffix.lower())


def read(
    file: IO[bytes],
    format: Format | None,  # noqa: A002
    *,
    max_question_chars: int,
) -> Generator[QuestionRow | BadRow]:
    """Every row from the file's beginning, in order; blank lines are no rows.

    Without a format, a file that begins with "{" is JSON lines, one with a tab in its first
    line TSV, any other CSV. Columns are known by the names in the first line; where it names no
    ``question``, there is one column, the question. Columns of other names are left alone.

    Raises:
        QuestionError: the file is not UTF-8 text at all.
    """
    file.seek(0)
    start = file.read(2)
    if start in _UTF16:
        raise QuestionError("The questions are UTF-16 text: save them as UTF-8.")
    file.seek(0)
    # Bytes that are not UTF-8 spoil their own row only.
    text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    try:
        first = next((line for line in iter(text.readline, "") if line.strip()), "")
        if first.lstrip().startswith("["):
            raise QuestionError("The questions are a JSON list: put one object on each line.")
        text.seek(0)
        rows = _json_rows if (format or _sniffed(first)) == "jsonl" else _table_rows
        for line, stated in rows(text, first, format or _sniffed(first)):
            yield stated if isinstance(stated, BadRow) else _row(line, stated, max_question_chars)
    finally:
        text.detach()


def _sniffed(first_line: str) -> Format:
    if first_line.lstrip().startswith("{"):
        return "jsonl"
    return "tsv" if "\t" in first_line else "csv"


Stated = tuple[int, Mapping[str, Any] | BadRow]


def _json_rows(text: Iterable[str], _first: str, _format: Format) -> Iterator[Stated]:
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


def _table_rows(text: Iterable[str], first: str, format: Format) -> Iterator[Stated]:  # noqa: A002
    delimiters = "\t" if format == "tsv" else _CSV_DELIMITERS
    hint = _DELIMITER_HINT.fullmatch(first.strip())
    line = 1
    if hint:  # a spreadsheet's own first line, which is no row
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
            # The next line is a row of its own again, unless there is none: a quotation mark
            # without its pair takes all the lines below it into one cell.
            last = before + reader.line_num
            reach = f" (this row reaches to line {last})" if last > line else ""
            yield line, BadRow(line, None, f"not {format.upper()}: {error}{reach}")
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


def _too_many(found: int, expected: int) -> str:
    if expected == 1:
        return (
            f"{found} cells, where one is expected: put quotation marks around a question with "
            "commas, or name a column question in the first line"
        )
    return f"{found} cells in a table of {expected} columns"


def _row(line: int, stated: Mapping[str, Any], max_question_chars: int) -> QuestionRow | BadRow:
    """The row as a question, or what is wrong with it."""
    given = {name: stated.get(name) for name in _COLUMNS}
    row_id = given["id"] if isinstance(given["id"], str) else _number(given["id"])
    try:
        if given["id"] is not None and row_id is None:
            raise ValueError(f"its id is {given['id']!r}, neither text nor a number")  # noqa: TRY301
        since, until = (_date(name, given[name]) for name in ("since", "until"))
        if since and until and since > until:
            raise ValueError(f"since ({since}) is after until ({until})")  # noqa: TRY301
        return QuestionRow(
            line=line,
            id=_text("id", row_id) if row_id else None,
            question=_question(given["question"], max_question_chars),
            previous=_previous(given["previous"]),
            since=since,
            until=until,
        )
    except ValueError as error:
        is_named = row_id is not None and row_id.isprintable()
        return BadRow(line, row_id if is_named else None, str(error))


def _number(value: Any) -> str | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else None


def _question(value: Any, max_chars: int) -> str:
    if value is None:
        raise ValueError("there is no question")
    question = _text("question", value)
    if not question.strip():
        raise ValueError("the question is empty")
    if len(question) > max_chars:
        raise ValueError(
            f"the question has {len(question):,} characters, at most {max_chars:,} are taken"
        )
    return question


def _previous(value: Any) -> tuple[str, ...]:
    """Earlier questions: a list; in a table a list as JSON, or one question as it is."""
    if value is None or value == "":
        return ()
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"previous is no JSON list: {error}") from error
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise ValueError(f"previous is {value!r}, not a list of questions")  # noqa: TRY004
    return tuple(_text("previous", item) for item in listed)


def _date(name: str, value: Any) -> datetime.date | None:
    if value is None or value == "":
        return None
    try:
        return datetime.datetime.strptime(value.strip(), "%Y-%m-%d").date()  # noqa: DTZ007
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{name} is {value!r}, not a date as YYYY-MM-DD") from error


def _text(name: str, value: Any) -> str:
    """The value, if it is text that can be written down again."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}, not text")  # noqa: TRY004
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} is not UTF-8 text") from None
    return value
