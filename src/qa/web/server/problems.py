"""Errors as problem JSON (RFC 9457)."""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from qa.errors import OverloadError, QAError, QuestionError, SnapshotError, UnavailableError
from qa.web.wording import Wording

__all__ = [
    "REQUEST_ID",
    "Problem",
    "add_problem_pages",
    "failure",
    "problem",
    "problem_of",
    "report",
    "visitor_message",
]

# Retry-After while too many ask at once. The queue empties sooner; this spreads the retries.
_RETRY_S = 2

_AWAY = "Search is not available at the moment. Try again shortly."

# The id of a request in X-Request-Id, whether a client chose it or the server.
REQUEST_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}$")

_log = logging.getLogger(__name__)


class Problem(BaseModel):
    """An error of a request, or of the server."""

    title: str = Field(description="the status in words", examples=["Unprocessable Content"])
    status: int = Field(description="the HTTP status", examples=[422])
    detail: str = Field(
        description="the error and its remedy", examples=["question: Field required"]
    )


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    retry_after_s: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response that states an error, and when to retry."""
    content = {"title": status.phrase, "status": status.value, "detail": detail}
    retry = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Response(
        json.dumps(content),
        status.value,
        {"Cache-Control": "no-store", **retry, **(headers or {})},
        media_type="application/problem+json",
    )


def failure(request_id: str) -> Response:
    """Return the response for an unexpected error, with the id to look up in the log."""
    detail = f"The server failed. Its log has the cause under {request_id}."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def problem_of(error: Exception, request_id: str) -> Response:
    """Return the response that states an error."""
    if isinstance(error, QuestionError):
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    if isinstance(error, UnavailableError | SnapshotError):
        # Its text is for the operator, and in the log.
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, _AWAY, retry_after_s=_RETRY_S)
    if isinstance(error, OverloadError):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), retry_after_s=_RETRY_S)
    if isinstance(error, QAError):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), retry_after_s=60)
    return failure(request_id)


def visitor_message(error: QAError, say: Wording) -> str:
    """Return why a question was not answered, in the visitor's language where possible."""
    if isinstance(error, QuestionError) and error.reason:
        return say("trouble." + error.reason, **error.facts)
    if isinstance(error, OverloadError):
        return say("trouble.busy")
    if isinstance(error, UnavailableError):
        return say("trouble.unavailable")
    return say("answer.failed", why=error)


def report(error: Exception, request_id: str) -> None:
    """Log where an error came from, without its text, which may hold a visitor's words."""
    frames = traceback.extract_tb(error.__traceback__)
    _log.error(
        "failed",
        extra={
            "request": request_id,
            "error": type(error).__name__,
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        },
    )


def add_problem_pages(app: FastAPI) -> None:
    """Add the handlers that turn errors into problem JSON."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: Exception) -> Response:
        faults = error.errors() if isinstance(error, RequestValidationError) else []
        detail = "; ".join(f"{_field(e['loc'])}: {e['msg']}" for e in faults)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: Exception) -> Response:
        status = HTTPStatus(getattr(error, "status_code", 500))
        return problem(status, str(getattr(error, "detail", "")))

    @app.exception_handler(Exception)
    async def broken(request: Request, _: Exception) -> Response:  # the guard logs it
        return failure(request.scope["qa.request"])

    @app.exception_handler(QAError)
    async def failed(request: Request, error: Exception) -> Response:
        return problem_of(error, request.scope["qa.request"])


def _field(location: Sequence[str | int]) -> str:
    """Return the field of a fault in a request: ``question``, ``previous.0``."""
    return ".".join(map(str, location[1:])) or "the request"
