"""The JSON API: a question in, an answer out, as ``qa ask --json`` prints it; uses orjson."""

from __future__ import annotations

import datetime
import json
import logging
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from qa import __version__
from qa.answer.ask import QA, clean
from qa.errors import FeedbackError, OverloadError, QAError, UnavailableError
from qa.records import Answer, Citation, Document
from qa.settings import Settings
from qa.web.server.limits import Limits
from qa.web.server.live import Live
from qa.web.server.openapi import EXAMPLES, KEYED, problems
from qa.web.server.problems import REQUEST_ID, Problem, problem, problem_of, report
from qa.web.ui.render_queue import Rendered, client_of
from qa.web.ui.render_queue import answer as answer_with
from qa.web.ui.widget import VERSIONS
from qa.web.wording import Wording, language_of

__all__ = ["api_routes"]

_MOST_CITATIONS = 20
_MOST_PREVIOUS = 20
# Longest id of a request to which the number of a question can be added: REQUEST_ID takes 64.
_LONGEST_BASE = 58
# A browser may show a document for a minute without asking whether it is the same still.
_DOCUMENT_CACHE = "public, max-age=60, must-revalidate"

_log = logging.getLogger(__name__)


class Ask(BaseModel):
    """A question, with what bears on its answer."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLES["ask"]]})

    question: str = Field(min_length=1, description="what you want to know")
    previous: list[str] = Field(
        default_factory=list,
        max_length=_MOST_PREVIOUS,
        description="questions asked before it, oldest first",
    )
    top_k: int | None = Field(None, ge=1, le=_MOST_CITATIONS, description="most citations wanted")
    since: datetime.date | None = Field(None, description="only what was published then or later")
    until: datetime.date | None = Field(None, description="only what was published until then")
    section: str | None = Field(
        None, min_length=1, description="only documents of that section, as the status names it"
    )
    language: str | None = Field(
        None,
        max_length=35,
        description="language (BCP 47) of what is said to the visitor; answers stay as recorded",
    )
    widget: int | None = Field(None, description="version of the widget that asks")


class Batch(BaseModel):
    """Several questions at once."""

    model_config = ConfigDict(extra="forbid")

    questions: list[Ask] = Field(min_length=1, description="asked one after the other")


class Feedback(BaseModel):
    """What a visitor thinks of an answer."""

    model_config = ConfigDict(extra="forbid")

    request: str = Field(
        pattern=REQUEST_ID.pattern, description="X-Request-Id of the response with the answer"
    )
    helpful: bool = Field(description="whether the answer helped")
    reason: str | None = Field(None, max_length=500, description="why, in the visitor's words")


class Failed(BaseModel):
    """What stands in the place of an answer that could not be given, with the same fields."""

    question: str = Field(description="as it was asked")
    searched_for: str = ""
    status: Literal["error"] = "error"
    citations: list[Citation] = []
    nearest: list[Citation] = []
    related: list[str] = []
    confidence: float = 0.0
    snapshot: str
    elapsed_ms: float = 0.0
    courtesy: None = None
    error: Problem = Field(description="why it failed; with 503 it may be asked again")


class Answers(BaseModel):
    """The answers of a batch."""

    answers: list[Answer | Failed] = Field(
        description="one for each question, in their order; `status` is `error` where it failed"
    )


class Record(BaseModel):
    """What is answered from."""

    version: str = Field(description="of this program")
    snapshot: str = Field(description="digest of the index that answers")
    documents: int
    passages: int
    sentences: int
    first_date: datetime.date | None = Field(description="earliest date of a document")
    last_date: datetime.date | None = Field(description="latest date of a document")
    sections: list[str] = Field(description="those that documents are of")
    encoder: str
    searches: list[str] = Field(description="those that are made")
    widgets: list[int] = Field(description="versions of the widget that may ask")
    max_question_chars: int
    questions_per_minute: int = Field(description="of one client")
    max_batch: int
    keeps_feedback: bool = Field(description="whether it is kept what visitors think of answers")


def api_routes(live: Live, limits: Limits, settings: Settings, documents: Rendered) -> APIRouter:
    """The routes below /api/v1."""
    routes = APIRouter(prefix="/api/v1", tags=["record"])
    _add_asking(routes, live, limits, settings)
    _add_reading(routes, live, settings, documents)
    return routes


def _add_asking(routes: APIRouter, live: Live, limits: Limits, settings: Settings) -> None:
    """Questions, one and many, and what was thought of the answers."""

    @routes.post(
        "/ask",
        summary="Ask a question",
        response_model=Answer,
        responses=problems(400, 408, 410, 413),
    )
    async def ask(asked: Ask, request: Request) -> Response:
        """The passages that answer, word for word, each with its citation.

        Where the record holds no answer, `status` is `not_in_record`, `citations` is empty and
        `nearest` has the closest passages, which are not an answer.
        """
        if asked.widget is not None and asked.widget not in VERSIONS:
            return problem(HTTPStatus.GONE, Wording(language_of(asked.language))("widget.gone"))
        return _json(await _answer(live, asked, request.scope["qa.request"]))

    @routes.post(
        "/batch",
        summary="Ask many questions",
        response_model=Answers,
        responses=problems(400, 401, 408, 413),
        openapi_extra=KEYED,
    )
    async def batch(asked: Batch, request: Request) -> Response:
        """Each question's answer, in order. Needs a key: `Authorization: Bearer KEY`.

        A question that cannot be answered has `status` `error`, and why in `error`, in its place;
        the others are answered. Where the server keeps what is asked, the first question is kept
        under the `X-Request-Id` of the response followed by `-0`, the second by `-1`.
        """
        number = len(asked.questions)
        if number > settings.max_batch:
            detail = f"A batch has at most {settings.max_batch} questions, this has {number}."
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{detail} Send several.")
        address = request.client.host if request.client else ""
        wait_s = await limits.questions(address, request.scope["qa.key"], number)
        if wait_s is not None:
            detail = f"More was asked with this key than a minute allows: wait {wait_s} seconds."
            return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, retry_after_s=wait_s)
        return _json({"answers": await _answers(live, asked.questions, request)})

    @routes.post(
        "/feedback",
        summary="Say whether an answer helped",
        status_code=HTTPStatus.NO_CONTENT,
        responses=problems(400, 404, 408, 413),
    )
    async def feedback(thought: Feedback) -> Response:
        """Kept where the server keeps what is asked, and only there: otherwise 404."""
        kept = False
        if live.feedback:
            try:
                kept = await run_in_threadpool(
                    live.feedback.thought,
                    thought.request,
                    helpful=thought.helpful,
                    reason=thought.reason,
                )
            except FeedbackError as error:
                # Where it is kept is nobody's business.
                _log.error("a thought was not kept: %s", error)
                detail = "It cannot be kept what you think, just now: say it again in a minute."
                return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after_s=60)
        if not kept:
            detail = f"No answer is kept under the request {thought.request!r}."
            return problem(HTTPStatus.NOT_FOUND, detail)
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _add_reading(routes: APIRouter, live: Live, settings: Settings, documents: Rendered) -> None:
    """The record itself."""

    @routes.get(
        "/documents/{document_id}",
        summary="A document of the record",
        response_model=Document,
        responses={
            200: {"headers": {"ETag": {"schema": {"type": "string"}}}},
            304: {"description": "it is the one that If-None-Match names"},
            **problems(404),
        },
    )
    async def document(
        document_id: Annotated[str, Path(description="its id, as citations name it")],
        request: Request,
    ) -> Response:
        """Its text, to which every offset of a citation refers. `sha256` is of the text."""
        snapshot = live.snapshot

        def rendered() -> bytes | None:
            live.check()
            with live.refusing_damage(snapshot):
                found = snapshot.documents.get(document_id)
            return None if found is None else orjson.dumps(found)

        live.refuse_damaged()
        key = ("json", snapshot.digest, document_id)
        content = await documents.get(key, client_of(request), rendered)
        if content is None:
            detail = f"The record has no document {document_id!r}."
            return problem(HTTPStatus.NOT_FOUND, detail)
        # The tag is of all that is told, not of the text alone: a title may be corrected.
        headers = {"Cache-Control": _DOCUMENT_CACHE}
        known = request.headers.get("if-none-match")
        return answer_with(content, "application/json", headers, known)

    @routes.get(
        "/status", summary="What is answered from", response_model=Record, responses=problems()
    )
    def status() -> Response:
        """Counts and dates of the record, and how much may be asked."""
        return _json(_record(live.qa, settings))


async def _answers(
    live: Live, questions: Sequence[Ask], request: Request
) -> list[Answer | dict[str, Any]]:
    """The answer to each question, or why there is none.

    Raises:
        UnavailableError, OverloadError: no question could be answered, for the server's sake.
    """
    given = request.scope["qa.request"]
    # An id that would get too long with a number is the client's own, who gets another.
    base = given if len(given) <= _LONGEST_BASE else uuid.uuid4().hex
    answers: list[Answer | dict[str, Any]] = []
    failures: list[Exception] = []
    for number, asked in enumerate(questions):
        try:
            answers.append(await _answer(live, asked, f"{base}-{number}"))
        except Exception as error:  # noqa: BLE001 - the other questions have answers
            if not isinstance(error, QAError):
                report(error, given)
            failures.append(error)
            answers.append(_failed(asked, error, live, given))
    is_servers = all(isinstance(error, UnavailableError | OverloadError) for error in failures)
    if is_servers and len(failures) == len(questions):
        raise failures[0]
    return answers


def _failed(asked: Ask, error: Exception, live: Live, request: str) -> dict[str, Any]:
    """What stands in the place of an answer that an error prevented."""
    why = json.loads(bytes(problem_of(error, request).body))
    failed = Failed(question=clean(asked.question), snapshot=live.snapshot.digest, error=why)
    return failed.model_dump()


async def _answer(live: Live, asked: Ask, request: str | None = None) -> Answer:
    return await live.ask(
        asked.question,
        previous=asked.previous,
        since=asked.since,
        until=asked.until,
        section=asked.section,
        top_k=asked.top_k,
        request=request,
    )


def _record(qa: QA, settings: Settings) -> dict[str, Any]:
    snapshot = qa.snapshot
    period = snapshot.documents.period
    return {
        "version": __version__,
        "snapshot": snapshot.digest,
        **snapshot.manifest["counts"],
        "first_date": period[0] if period else None,
        "last_date": period[1] if period else None,
        "sections": snapshot.documents.sections,
        "encoder": snapshot.manifest["inputs"]["encoder"]["name"],
        "searches": qa.searches,
        "widgets": list(VERSIONS),
        "max_question_chars": settings.max_question_chars,
        "questions_per_minute": settings.questions_per_minute,
        "max_batch": settings.max_batch,
        "keeps_feedback": settings.feedback is not None,
    }


def _json(record: Any) -> Response:
    return Response(orjson.dumps(record), media_type="application/json")
