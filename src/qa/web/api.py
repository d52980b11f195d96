"""The JSON API: a question in, an answer out, as ``qa ask --json`` prints it; uses orjson."""

from __future__ import annotations

import asyncio
import datetime
import os
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from qa.answer.ask import QA
from qa.errors import QAError, QuestionError

__all__ = ["add_problem_pages", "api_routes"]

_MOST_CITATIONS = 20
_MOST_PREVIOUS = 20


class Ask(BaseModel):
    """A question, with what bears on its answer."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, description="what you want to know")
    previous: list[str] = Field(
        default_factory=list,
        max_length=_MOST_PREVIOUS,
        description="questions asked before it, oldest first",
    )
    top_k: int | None = Field(None, ge=1, le=_MOST_CITATIONS, description="most citations wanted")
    since: datetime.date | None = Field(None, description="only what was published then or later")
    until: datetime.date | None = Field(None, description="only what was published until then")


def api_routes(qa: QA) -> APIRouter:
    """The routes below /api/v1.

    As many questions are answered at a time as there are processors; others wait their turn.
    More at a time would make each other wait, and all of them late.
    """
    routes = APIRouter(prefix="/api/v1")
    threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="ask")

    def answered(asked: Ask) -> bytes:
        answer = qa.ask(
            asked.question,
            previous=asked.previous,
            since=asked.since,
            until=asked.until,
            top_k=asked.top_k,
        )
        return orjson.dumps(answer)

    @routes.post("/ask", response_class=Response)
    async def ask(asked: Ask) -> Response:
        loop = asyncio.get_running_loop()
        return _json(await loop.run_in_executor(threads, answered, asked))

    return routes


def add_problem_pages(app: FastAPI) -> None:
    """Tell what was wrong with a request as problem JSON (RFC 9457)."""

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: Exception) -> Response:
        faults = error.errors() if isinstance(error, RequestValidationError) else []
        told = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in faults)
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, told)

    @app.exception_handler(QAError)
    def refused(_: Request, error: Exception) -> Response:
        is_visitors = isinstance(error, QuestionError)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_visitors else HTTPStatus.SERVICE_UNAVAILABLE
        return _problem(status, str(error))


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


def _problem(status: HTTPStatus, detail: str) -> Response:
    problem: dict[str, Any] = {"title": status.phrase, "status": status.value, "detail": detail}
    return Response(orjson.dumps(problem), status.value, media_type="application/problem+json")
