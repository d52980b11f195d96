"""Excel workbooks with a question and an answer column; openpyxl's home."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from qa.errors import SourceError
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.package import ZIP, check_parts, open_package, read_part
from qa.sources.formats.question_columns import Cell, Pairs, no_columns, pairs_of_rows, shown_names

__all__ = ["xlsx"]

# Number formats that show a number as it is stored.
_PLAIN_FORMATS = frozenset({"General", "@", "0"})


def xlsx(data: bytes, name: str) -> Extracted:
    """Return the questions and answers of the visible sheets that have such columns.

    Raises:
        SourceError: it is no workbook, has no such columns, or a cell is neither text nor a plain
            number.
    """
    with open_package(data, name, "XLSX") as package:
        read_part(package, "[Content_Types].xml", name, "workbook")
        check_parts(package, name, "workbook")
        import openpyxl  # noqa: PLC0415

        workbook = openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=True, keep_links=False
        )
        pairs, missing = Pairs(), {}
        for sheet in workbook.worksheets:
            if sheet.sheet_state != "visible":
                pairs.remarks.append(f"hidden sheet {sheet.title}")
                continue
            try:
                names = pairs_of_rows(_rows(sheet), pairs, f"sheet {sheet.title}, row")
            except ValueError as error:
                raise SourceError(f"{name}: {error}.") from error
            if names is not None:
                missing[sheet.title] = names
    if not pairs.pairs and missing:
        columns = (f"{sheet}: {shown_names(names)}" for sheet, names in missing.items())
        raise no_columns(name, "; ".join(columns))
    pairs.remarks += [f"sheet {sheet}" for sheet, names in missing.items() if names]
    return pairs.extracted(name)


def _rows(sheet: Any) -> Iterator[list[Cell]]:
    # A file may state smaller dimensions than it has.
    sheet.reset_dimensions()
    for row in sheet.iter_rows():
        yield [_shown(cell) for cell in row]


def _shown(cell: Any) -> Cell:
    """Return a cell's text; None where its number format decides it (a date, a share)."""
    value = cell.value
    if value is None or isinstance(value, str):
        return value or ""
    is_plain = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_plain and cell.number_format in _PLAIN_FORMATS else None


FORMATS = (
    Format(
        xlsx,
        {".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",)},
        "rows with a question and an answer",
        signature=ZIP,
        convertible=(".xls", ".xlsb", ".ods", ".numbers"),
    ),
)
