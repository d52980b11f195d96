"""JSON and JSON lines: objects with a question and an answer, at any depth."""

from __future__ import annotations

import json
from typing import Any

from qa.errors import SourceError
from qa.sources.formats.encodings import decoded
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.html import fragment_text
from qa.sources.formats.question_columns import Pairs, columns_of, shown_names
from qa.sources.formats.schema_faq import json_values, schema_questions

__all__ = ["json_faq", "json_lines"]

_TITLE_KEYS = ("title", "name")


def json_faq(data: bytes, name: str) -> Extracted:
    """Return the questions and answers of a JSON value, in order.

    Raises:
        SourceError: it is not JSON, or has no object with a question and an answer.
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
        SourceError: a line is not JSON, or none has a question and an answer.
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
    """Return the value with its numbers as written."""
    return json.loads(
        text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, member in pairs:
        if key in value:
            raise ValueError(f"an object has the key {key[:40]!r} twice")
        value[key] = member
    return value


def _extracted(value: Any, text: str, name: str) -> Extracted:
    pairs = Pairs()
    keys: dict[str, None] = {}
    title_key = next((key for key in _TITLE_KEYS if _is_text_at(value, key)), None)
    is_paired = False
    objects = (member for member in json_values(value) if isinstance(member, dict))
    try:
        for number, member in enumerate(objects, start=1):
            names = list(member)
            columns = columns_of(names)
            if columns:
                is_paired = True
                _add(member, names[columns.question], names[columns.answer], pairs, number)
                continue
            keys.update(dict.fromkeys(names))
            used = title_key if member is value else None
            unread = (key for key in names if key != used and _is_text_at(member, key))
            pairs.unread_names.update((key, None) for key in unread)
        if not is_paired:
            pairs = Pairs()
            for number, item in enumerate(schema_questions([text], fragment_text), start=1):
                pairs.add(item.question, "\n\n".join(item.answers), f"question {number}")
    except ValueError as error:
        raise SourceError(f"{name}: {error}.") from error
    if not is_paired and not pairs.pairs:
        raise SourceError(
            f"{name}: no object with a question and an answer; keys found: "
            f"{shown_names(list(keys))}. Name them question and answer."
        )
    return pairs.extracted(name, value[title_key] if title_key else None)


def _add(
    member: dict[str, Any], question_key: str, answer_key: str, pairs: Pairs, number: int
) -> None:
    place = f"object {number}"
    question = _text(member[question_key], f"the {question_key} of {place}")
    pairs.add(question, _text(member[answer_key], f"the {answer_key} of {place}"), place)
    others = (key for key in member if key not in (question_key, answer_key))
    pairs.unread_names.update((key, None) for key in others if member[key] not in (None, "", []))


def _is_text_at(value: Any, key: str) -> bool:
    text = value.get(key) if isinstance(value, dict) else None
    return isinstance(text, str) and bool(text.strip())


def _text(value: Any, place: str) -> str:
    """Return a value as text, with a paragraph for each member of a list."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
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
