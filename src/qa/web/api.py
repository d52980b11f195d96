"""The JSON API: a question in, an answer out as ``qa ask --json`` prints it; uses orjson."""

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
from qa.records import Answer, Citation, Document, Question
from qa.settings import Settings
from qa.web.server.limits import Limits, address_of, network
from qa.web.server.live import Live
from qa.web.server.openapi import EXAMPLES, KEYED, problems
from qa.web.server.problems import REQUEST_ID, Problem, problem, problem_of, report
from qa.web.ui.render_queue import RenderQueue, content_response
from qa.web.ui.widget import VERSIONS
from qa.web.wording import Wording, language_of

__all__ = ["api_routes"]

_MOST_CITATIONS = 20
_MOST_PREVIOUS = 20
# Longest id of a request to which the number of a question can be added: REQUEST_ID takes 64.
_MOST_ID_CHARS = 58
# A browser may reuse a document for a minute without asking whether it changed.
_DOCUMENT_CACHE = "public, max-age=60, must-revalidate"

_log = logging.getLogger(__name__)


class Ask(BaseModel):
    """A question with its filters and the questions before it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLES["ask"]]})

    question: str = Field(min_length=1, description="the question")
    previous: list[str] = Field(
        default_factory=list,
        max_length=_MOST_PREVIOUS,
        description="questions asked before, oldest first",
    )
    top_k: int | None = Field(None, ge=1, le=_MOST_CITATIONS, description="most citations wanted")
    since: datetime.date | None = Field(None, description="only documents of that date or later")
    until: datetime.date | None = Field(None, description="only documents of that date or earlier")
    section: str | None = Field(
        None, min_length=1, description="only documents of this section; the status lists them"
    )
    speaker: str | None = Field(
        None, min_length=1, description="only what that speaker said, named as citations name them"
    )
    language: str | None = Field(
        None,
        max_length=35,
        description="language (BCP 47) of messages; passages stay in the record's language",
    )
    widget: int | None = Field(None, description="version of the widget that sends this")


class Batch(BaseModel):
    """Several questions."""

    model_config = ConfigDict(extra="forbid")

    questions: list[Ask] = Field(min_length=1, description="answered one after the other")


class Feedback(BaseModel):
    """A visitor's feedback on an answer."""

    model_config = ConfigDict(extra="forbid")

    request: str = Field(
        pattern=REQUEST_ID.pattern, description="X-Request-Id of the response with the answer"
    )
    helpful: bool = Field(description="whether the answer helped")
    reason: str | None = Field(None, max_length=500, description="why, in the visitor's words")


class Failed(BaseModel):
    """An error in place of an answer, with the same fields."""

    question: str = Field(description="the question as sent")
    searched_for: str = ""
    status: Literal["error"] = "error"
    citations: list[Citation] = []
    nearest: list[Citation] = []
    related: list[str] = []
    confidence: float = 0.0
    snapshot: str
    elapsed_ms: float = 0.0
    courtesy: None = None
    error: Problem = Field(description="why it failed; after a 503, try again")


class Answers(BaseModel):
    """The answers of a batch."""

    answers: list[Answer | Failed] = Field(
        description="one for each question, in order; `status` is `error` if it failed"
    )


class Record(BaseModel):
    """The record that answers, and the limits of the server."""

    version: str = Field(description="of the program")
    snapshot: str = Field(description="digest of the snapshot that answers")
    documents: int
    passages: int
    sentences: int
    first_date: datetime.date | None = Field(description="earliest date of a document")
    last_date: datetime.date | None = Field(description="latest date of a document")
    sections: list[str] = Field(description="sections of the documents")
    encoder: str
    searches: list[str] = Field(description="retrievers in use")
    widgets: list[int] = Field(description="supported versions of the widget")
    max_question_chars: int
    questions_per_minute: int = Field(description="per client")
    max_batch: int
    keeps_feedback: bool = Field(description="whether feedback on answers is kept")


def api_routes(live: Live, limits: Limits, settings: Settings, documents: RenderQueue) -> APIRouter:
    """Return the routes below /api/v1."""
    routes = APIRouter(prefix="/api/v1", tags=["record"])
    _add_questions(routes, live, limits, settings)
    _add_feedback(routes, live)
    _add_record(routes, live, settings, documents)
    return routes


def _add_questions(routes: APIRouter, live: Live, limits: Limits, settings: Settings) -> None:
    @routes.post(
        "/ask",
        summary="Ask a question",
        response_model=Answer,
        responses=problems(400, 408, 410, 413),
    )
    async def ask(body: Ask, request: Request) -> Response:
        """Answer with passages of the record, word for word, each with its citation.

        If the record holds no answer, `status` is `not_in_record`, `citations` is empty and
        `nearest` has the closest passages, which may not answer the question.
        """
        if body.widget is not None and body.widget not in VERSIONS:
            return problem(HTTPStatus.GONE, Wording(language_of(body.language))("widget.gone"))
        return _json(await _answer(live, body, request.scope["qa.request"]))

    @routes.post(
        "/batch",
        summary="Ask many questions",
        response_model=Answers,
        responses=problems(400, 401, 408, 413),
        openapi_extra=KEYED,
    )
    async def batch(body: Batch, request: Request) -> Response:
        """Answer each question, in order. Needs a key: `Authorization: Bearer KEY`.

        A question that fails has `status` `error` and the reason in `error`; the others are
        answered. If the server keeps feedback, the first question is kept under the
        `X-Request-Id` of the response followed by `-0`, the second by `-1`.
        """
        number = len(body.questions)
        if number > settings.max_batch:
            detail = f"A batch takes at most {settings.max_batch} questions; this one has {number}."
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{detail} Split it.")
        key = request.scope["qa.key"]
        wait_s = await limits.questions(address_of(request.scope), key, number)
        if wait_s is not None:
            detail = f"Too many questions in the last minute. Try again in {wait_s} seconds."
            return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, retry_after_s=wait_s)
        return _json({"answers": await _answers(live, body.questions, request)})


def _add_feedback(routes: APIRouter, live: Live) -> None:
    @routes.post(
        "/feedback",
        summary="Say whether an answer helped",
        status_code=HTTPStatus.NO_CONTENT,
        responses=problems(400, 404, 408, 413),
    )
    async def feedback(body: Feedback) -> Response:
        """Save feedback on an answer. 404 unless the server keeps feedback and knows the answer."""
        is_saved = False
        if live.feedback:
            try:
                is_saved = await run_in_threadpool(
                    live.feedback.rate, body.request, helpful=body.helpful, reason=body.reason
                )
            except FeedbackError as error:
                # The response does not disclose the database.
                _log.error("feedback was not saved: %s", error)
                detail = "Your feedback could not be saved. Try again in a minute."
                return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after_s=60)
        if not is_saved:
            detail = f"There is no saved answer for the request {body.request!r}."
            return problem(HTTPStatus.NOT_FOUND, detail)
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _add_record(routes: APIRouter, live: Live, settings: Settings, documents: RenderQueue) -> None:
    @routes.get(
        "/documents/{document_id}",
        summary="Get a document of the record",
        response_model=Document,
        responses={
            200: {"headers": {"ETag": {"schema": {"type": "string"}}}},
            304: {"description": "unchanged: it has the ETag of If-None-Match"},
            **problems(404),
        },
    )
    async def document(
        document_id: Annotated[str, Path(description="its id, as citations name it")],
        request: Request,
    ) -> Response:
        """Return the text that the offsets of citations refer to. `sha256` is of the text."""
        snapshot = live.snapshot

        def render() -> bytes | None:
            live.check()
            with live.refusing_damage(snapshot):
                document = snapshot.documents.get(document_id)
            return None if document is None else orjson.dumps(document)

        live.refuse_damaged()
        key = ("json", snapshot.digest, document_id)
        content = await documents.get(key, network(address_of(request.scope)), render)
        if content is None:
            detail = f"The record has no document {document_id!r}."
            return problem(HTTPStatus.NOT_FOUND, detail)
        # The ETag covers all fields, not the text alone: a title may be corrected.
        headers = {"Cache-Control": _DOCUMENT_CACHE}
        return content_response(content, "application/json", headers, request)

    @routes.get(
        "/status",
        summary="The record and its limits",
        response_model=Record,
        responses=problems(),
    )
    def status() -> Response:
        """Return counts and dates of the record, and the limits of the server."""
        return _json(_record(live.qa, settings))


async def _answers(
    live: Live, questions: Sequence[Ask], request: Request
) -> list[Answer | dict[str, Any]]:
    """Answer each question, or state why it failed.

    Raises:
        UnavailableError, OverloadError: the server could answer none of the questions.
    """
    request_id = request.scope["qa.request"]
    # Only a client chooses an id too long for a number behind it; it gets another.
    base = request_id if len(request_id) <= _MOST_ID_CHARS else uuid.uuid4().hex
    answers: list[Answer | dict[str, Any]] = []
    failures: list[Exception] = []
    for number, question in enumerate(questions):
        try:
            answers.append(await _answer(live, question, f"{base}-{number}"))
        except Exception as error:  # noqa: BLE001 - the other questions have answers
            if not isinstance(error, QAError):
                report(error, request_id)
            failures.append(error)
            answers.append(_failed(question, error, live, request_id))
    is_unavailable = all(isinstance(error, UnavailableError | OverloadError) for error in failures)
    if is_unavailable and len(failures) == len(questions):
        raise failures[0]
    return answers


def _failed(question: Ask, error: Exception, live: Live, request_id: str) -> dict[str, Any]:
    """Return what stands in place of the answer to a question that failed."""
    failed = Failed(
        question=clean(question.question),
        snapshot=live.snapshot.digest,
        error=json.loads(bytes(problem_of(error, request_id).body)),
    )
    return failed.model_dump()


async def _answer(live: Live, body: Ask, request: str) -> Answer:
    fields = body.model_dump(exclude={"question", "language", "widget"})
    return await live.ask(Question(body.question, **fields), request)


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
