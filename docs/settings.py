"""Write the table of docs/settings.md from ``Settings``: ``python docs/settings.py``."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from qa.settings import Settings

PAGE = Path(__file__).parent / "settings.md"
_RULE = "|---|---|---|---|\n"
_NAMES = {
    bool: "true or false",
    float: "number",
    int: "whole number",
    str: "text",
    Path: "path",
    SecretStr: "secret",
    datetime.date: "date",
}


def page() -> str:
    """Return the page with a row for each setting, in the order of ``Settings``."""
    head = PAGE.read_text("utf-8").partition(_RULE)[0] + _RULE
    rows = (
        f"| `{name}` | {_type(field.annotation)}{_range(field)} | {_default(name, field)} "
        f"| {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )
    return head + "".join(rows)


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in {Union, UnionType}:
        names = dict.fromkeys(_type(kind) for kind in arguments if kind is not type(None))
        return " or ".join(names)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    return _NAMES.get(annotation, "address or network" if "IP" in str(annotation) else "table")


def _range(field: FieldInfo) -> str:
    least = [rule.ge for rule in field.metadata if isinstance(rule, Ge)]
    above = [rule.gt for rule in field.metadata if isinstance(rule, Gt)]
    most = [rule.le for rule in field.metadata if isinstance(rule, Le)]
    parts = [f"from {n:,}" for n in least] + [f"above {n:,}" for n in above]
    return ", ".join(["", *parts]) + "".join(f" to {n:,}" for n in most)


def _default(name: str, field: FieldInfo) -> str:
    if name == "cache":
        return "the user's cache folder"
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value in {"", ()}:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
