"""JSON and JSON lines: objects with a question and an answer, wherever they lie in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from qa.errors import SourceError
from qa.sources.formats.encodings import decoded
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.html import fragment_text
from qa.sources.formats.question_columns import Pairs, columns_of, shown_names
from qa.sources.formats.schema_faq import stated_questions

__all__ = ["json_faq", "json_lines"]

_TITLE_KEYS = ("title", "name")


def json_faq(data: bytes, name: str) -> Extracted:
    """Return the questions and answers of a JSON value, in order.

    Raises:
        SourceError: it is not JSON, or holds no object with a question and an answer.
    """
    text = decoded(data, name)
    try:
        value = _value(text)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data"):
            raise SourceError(f"{name}: not JSON ({error}).") from error
        return json_lines(data, name)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name}: not JSON that is read here ({error}).") from error
    return _extracted(value, text, name)


def json_lines(data: bytes, name: str) -> Extracted:
    """Return the questions and answers of a file with a JSON value per line.

    Raises:
        SourceError: a line is not JSON, or none holds a question and an answer.
    """
    text = decoded(data, name)
    values = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if line.strip():
                values.append(_value(line))
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{name}: line {number} is not JSON ({error}).") from error
    return _extracted(values, text, name)


def _value(text: str) -> Any:
    """Return the value with its numbers as written.

    Raises:
        ValueError: it is not JSON, or an object has a key twice.
    """
    return json.loads(
        text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"an object has the key {key[:40]!r} twice")
        found[key] = value
    return found


def _extracted(value: Any, text: str, name: str) -> Extracted:
    pairs = Pairs()
    keys: dict[str, None] = {}
    title_key = next((key for key in _TITLE_KEYS if _is_text_at(value, key)), None)
    is_paired = False
    try:
        for number, found in enumerate(_objects(value), start=1):
            names = list(found)
            columns = columns_of(names)
            if columns:
                is_paired = True
                asked, answered = names[columns.question], names[columns.answer]
                _take(found, asked, answered, pairs, f"object {number}")
                continue
            keys.update(dict.fromkeys(names))
            used = title_key if found is value else None
            unread = (key for key in names if key != used and _is_text_at(found, key))
            pairs.unread_names.update((key, None) for key in unread)
        if not is_paired:
            pairs = Pairs()
            for number, stated in enumerate(stated_questions([text], fragment_text), start=1):
                pairs.add(stated.question, "\n\n".join(stated.answers), f"question {number}")
    except ValueError as error:
        raise SourceError(f"{name}: {error}.") from error
    if not is_paired and not pairs.found:
        raise SourceError(
            f"{name}: no object with a question and an answer; keys found: "
            f"{shown_names(list(keys))}. Name them question and answer."
        )
    return pairs.extracted(name, value[title_key] if title_key else None)


def _take(found: dict[str, Any], asked: str, answered: str, pairs: Pairs, place: str) -> None:
    question = _said(found[asked], f"the {asked} of {place}")
    pairs.add(question, _said(found[answered], f"the {answered} of {place}"), place)
    others = (key for key in found if key not in (asked, answered))
    pairs.unread_names.update((key, None) for key in others if found[key] not in (None, "", []))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects, each before those it holds."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += reversed(list(one.values()))
        elif isinstance(one, list):
            waiting += reversed(one)


def _is_text_at(value: Any, key: str) -> bool:
    said = value.get(key) if isinstance(value, dict) else None
    return isinstance(said, str) and bool(said.strip())


def _said(value: Any, place: str) -> str:
    """Return a value as text; a list of texts is one paragraph each.

    Raises:
        ValueError: it is an object, true or false.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n\n".join(value)
    raise ValueError(f"{place} is neither text nor a list of texts: make it text")


FORMATS = (
    Format(
        json_faq,
        {".json": ("application/json",)},
        "objects with a question and an answer",
        "title",
    ),
    Format(
        json_lines,
        {".jsonl": ("application/x-ndjson",), ".ndjson": ()},
        "objects with a question and an answer",
    ),
)
