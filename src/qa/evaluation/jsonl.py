"""JSON lines of a judged set. Every function raises EvaluationError, which names the line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qa.errors import EvaluationError

__all__ = ["nonempty", "read_text", "string", "unique_rows"]


def unique_rows(path: Path, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a file with their line number; ``key`` names each one, uniquely."""
    lines: dict[str, int] = {}
    for line, row in _rows(path):
        name = row.get(key)
        if isinstance(name, int) and not isinstance(name, bool):
            row[key] = name = str(name)
        if not isinstance(name, str) or not re.fullmatch(r"\S+", name):
            raise EvaluationError(
                f"{path}, line {line}: {key!r} is {name!r}, expected a name without spaces."
            )
        if name in lines:
            raise EvaluationError(
                f"{path}, line {line}: {key} {name!r} is already on line {lines[name]}."
            )
        lines[name] = line
        yield line, row


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            json.dumps(row, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise EvaluationError(f"{path}, line {number} is not JSON text: {error}.") from error
        if not isinstance(row, dict):
            raise EvaluationError(f"{path}, line {number} is not a JSON object.")
        yield number, row


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file."""
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read: {error}") from error


def string(row: Mapping[str, Any], key: str, where: str) -> str:
    """Return the text at ``key``, empty where it is missing."""
    value = row.get(key, "")
    if not isinstance(value, str):
        raise EvaluationError(f"{where}: {key!r} is {value!r}, not text.")
    return value


def nonempty(row: Mapping[str, Any], key: str, where: str) -> str:
    """Return the text at ``key``, which must not be blank."""
    value = string(row, key, where)
    if not value.strip():
        raise EvaluationError(f"{where}: {key!r} is missing or empty.")
    return value
