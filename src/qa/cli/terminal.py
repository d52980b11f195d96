"""Output to a terminal, or to the file or pipe that stands in its place."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:  # few commands print tables
    from rich.table import Table

__all__ = [
    "SHOWN_DOCUMENTS",
    "SHOWN_QUESTIONS",
    "err",
    "indented",
    "new_table",
    "out",
    "print_json",
    "printable",
]

# Text for a terminal is wrapped; text for a file or a pipe is not.
_UNWRAPPED = 1_000_000
# Longer lists are cut, with a line that counts the rest.
SHOWN_QUESTIONS = 20
SHOWN_DOCUMENTS = 1_000
# Controls, format characters such as right-to-left marks, lone surrogates, line separators.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

out = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _UNWRAPPED)
err = Console(
    stderr=True, highlight=False, markup=False, width=None if sys.stderr.isatty() else _UNWRAPPED
)


def print_json(value: Mapping[str, Any], *, as_line: bool = False) -> None:
    """Print indented JSON, or a line of ASCII JSON, whatever the width of the terminal."""
    options: dict[str, Any] = {} if as_line else {"ensure_ascii": False, "indent": 2}
    sys.stdout.write(json.dumps(value, **options) + "\n")


def printable(text: str) -> str:
    """Return the text on one line, with characters that steer a terminal escaped."""
    return "".join(
        c if unicodedata.category(c) not in _STEERING else c.encode("unicode_escape").decode()
        for c in text
    )


def indented(text: Text) -> Padding:
    """Return the text indented by four columns, on every line it is wrapped to."""
    return Padding(text, (0, 0, 0, 4), expand=False)


def new_table(*left: str, right: tuple[str, ...] = ()) -> Table:
    """Return a table without borders: columns aligned left, then columns aligned right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in left:
        table.add_column(head, overflow="fold")
    for head in right:
        table.add_column(head, justify="right")
    return table
