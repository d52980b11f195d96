"""Front matter: YAML between two ``---`` lines, limited to the safe part of YAML.

A mapping of text, lists and mappings. Aliases, anchors, merge keys ("<<") and tags are refused,
since a few hundred characters of them expand to gigabytes; so is deep nesting. The parser's events
are read one by one: nothing recurses, and time is linear in the text.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

import yaml

__all__ = ["FRONT_MATTER", "Value", "day", "fields_of", "value_of"]

FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)

Value = str | list[Any] | dict[str, Any] | None

# Deeper than any page's metadata; each level costs the scanner time at every token.
_MOST_NESTED = 20
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PLAIN = frozenset({"", None})
_STRING_TAG = "tag:yaml.org,2002:str"
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", re.ASCII)
# Tens of times faster, but not everywhere compiled in.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def fields_of(front: str) -> dict[str, Value]:
    """Return the fields of front matter; all values stay text, numbers too.

    Raises:
        ValueError: it is not YAML, not a mapping, or has refused parts; the message continues
            "its front matter".
    """
    fields = value_of(front)
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        kind = "list" if isinstance(fields, list) else "text"
        raise ValueError(f"is a {kind}, not key: value lines.")  # noqa: TRY004 - of the text
    return fields


def value_of(written: str) -> Value:
    """Return the value of YAML, with all scalars as text; None if it is empty.

    Raises:
        ValueError: it is not YAML, or has refused parts.
    """
    try:
        return _value(written)
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {' '.join(str(error).split())}") from error


def day(written: str) -> datetime.date:
    """Return the day at the beginning of a text, as YYYY-MM-DD or YYYY-M-D.

    Raises:
        ValueError: it begins with none.
    """
    match = _DAY.match(written)
    if not match:
        raise ValueError(f"{written!r} is not a date as YYYY-MM-DD.")
    return datetime.date(*map(int, match.groups()))


class _Open:
    """A mapping or list that has not ended; ``key`` waits for its value."""

    def __init__(self, value: dict[str, Value] | list[Value]) -> None:
        self.value = value
        self.key: str | None = None

    def add(self, value: Value) -> None:
        """Add a value, or keep it as the next key."""
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value[self.key] = value
            self.key = None
        elif isinstance(value, list | dict):
            raise ValueError("has a list or mapping as a key: use key: value lines.")
        else:
            self.key = value or ""
            if self.key == "<<":
                raise ValueError('has a merge key ("<<"), which is not read: write the keys out.')


def _value(written: str) -> Value:
    documents: list[Value] = []
    stack: list[_Open] = []
    for event in yaml.parse(written, Loader=_Loader):
        if isinstance(event, yaml.DocumentStartEvent) and documents:
            raise ValueError("has more than one YAML document: keep the first.")
        if isinstance(event, yaml.NodeEvent):
            _check(event)
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else []))
            if len(stack) > _MOST_NESTED:
                raise ValueError(f"is nested more than {_MOST_NESTED} levels deep: make it flat.")
            continue
        if isinstance(event, yaml.ScalarEvent):
            value: Value = event.value
            if event.style in _PLAIN and value in _NULLS:
                value = None
        elif isinstance(event, yaml.CollectionEndEvent):
            value = stack.pop().value
        else:
            continue
        if stack:
            stack[-1].add(value)
        else:
            documents.append(value)
    return documents[0] if documents else None


def _check(event: yaml.NodeEvent) -> None:
    """Refuse anchors, aliases and tags."""
    if event.anchor is not None:
        kind = "an alias" if isinstance(event, yaml.AliasEvent) else "an anchor"
        raise ValueError(
            f"has {kind} ({event.anchor[:40]!r}), which is not read: write the value out, or put "
            "it in quotes."
        )
    tag = getattr(event, "tag", None)
    if tag is not None and tag != _STRING_TAG:
        raise ValueError(f"has a tag ({tag[:40]!r}), which is not read: leave it out.")
