"""The OpenAPI description, beyond what FastAPI derives."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from fastapi import FastAPI

from qa.web.server.problems import Problem

__all__ = ["EXAMPLES", "KEYED", "describe", "problems"]

# A question and its answer from the seed's record; a test compares them with a real answer.
EXAMPLES: dict[str, Any] = json.loads(
    (resources.files("qa.web") / "examples.json").read_text("utf-8")
)
# The OpenAPI extra of an operation that needs a key.
KEYED: dict[str, Any] = {"security": [{"key": []}]}

_PROBLEMS = {
    400: "the request cannot be read",
    401: "the key is missing or unknown",
    404: "not found",
    408: "the request did not arrive in time",
    410: "this version of the widget is no longer served",
    413: "the request is too long",
    421: "the request is for another host",
    422: "the request is not valid",
    429: "this client has reached its rate limit; Retry-After says when to try again",
    503: "the server is busy or cannot search; Retry-After says when to try again",
}
# Statuses of any operation.
_ALWAYS = {421, 422, 429, 503}
_RETRY = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these statuses and those of any operation."""
    return {
        status: {
            "description": _PROBLEMS[status],
            "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
            **({"headers": _RETRY} if status in {429, 503} else {}),
        }
        for status in sorted({*statuses, *_ALWAYS})
    }


def describe(app: FastAPI) -> None:
    """Complete the OpenAPI description of the app, after all its routes were added."""
    described = app.openapi()
    components = described["components"]
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    # FastAPI leaves out nulls of an example, and computed fields of a record.
    answered = described["paths"]["/api/v1/ask"]["post"]["responses"]["200"]
    answered["content"]["application/json"]["example"] = EXAMPLES["answer"]
    document = components["schemas"]["Document"]
    document["properties"]["sha256"] = {"type": "string", "description": "of the text in UTF-8"}
    # Pairs in the form that generators of clients know: no prefixItems.
    pair = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    document["properties"]["times"] = {
        "type": "array",
        "items": pair,
        "description": "offsets in the text, each with its second in the recording",
    }
    document["required"] += [
        name for name in document["properties"] if name not in document["required"]
    ]
