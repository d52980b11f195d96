"""The chat's events and their results, in the protocol of Gradio's page.

Gradio draws the page; these routes replace its own of the same paths, so that nothing a visitor
sends reaches its components, its queue or its log.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse, StreamingResponse

from qa.answer.ask import clean
from qa.errors import QAError
from qa.records import Question
from qa.web.server.limits import address_of, network
from qa.web.server.live import Live
from qa.web.server.payloads import (
    Ask,
    Clear,
    Join,
    Keep,
    PayloadError,
    Restore,
    SessionHash,
    parse_join,
)
from qa.web.server.pending import Pending
from qa.web.server.problems import problem, report, visitor_message
from qa.web.ui.filters import Filters
from qa.web.ui.history import (
    KEPT_MESSAGES,
    ChatMessage,
    message,
    previous_questions,
    sanitized,
)
from qa.web.ui.render import Pages, message_html
from qa.web.wording import Wording

__all__ = ["Conversation", "event_routes"]

# An output that does not change.
_SKIP = {"__type__": "update"}
_HEARTBEAT = b'data: {"msg":"heartbeat"}\n\n'
_END = b'data: {"msg":"close_stream","event_id":null}\n\n'

Outputs = list[Any]


class Conversation:
    """The chat's functions in one language: each yields the outputs of an event on the page.

    The server keeps no conversation: the page sends it with each event.
    """

    def __init__(self, live: Live, pages: Pages, say: Wording) -> None:
        self._live = live
        self._pages = pages
        self._say = say
        # Of the time the page is drawn, which shows the same.
        self.welcome = [message("assistant", pages.welcome(live.snapshot))]

    async def outputs(self, event: Join) -> AsyncIterator[tuple[Outputs, bool]]:
        """Yield the outputs of an event as they are known, and whether they are the last."""
        match event:
            case Ask():
                async for outputs in self._ask(event):
                    yield outputs
            case Keep(data=(keep, messages)):
                yield [sanitized(messages) if keep else []], True
            case Clear():
                yield [_chat(self.welcome), []], True
            case Restore(data=(messages,)):
                kept = sanitized(messages)
                yield [_chat(kept or self.welcome), bool(kept)], True

    async def _ask(self, event: Ask) -> AsyncIterator[tuple[Outputs, bool]]:
        """Yield the conversation with the question at once, then with the answer."""
        question, messages, keep, *fields = event.data
        question, shown = clean(question), sanitized(messages)
        if not question:
            empty = message("assistant", message_html(self._say("answer.empty")))
            yield ["", _chat([*shown, empty]), _SKIP], True
            return
        previous = previous_questions(shown)
        shown.append(message("user", message_html(question)))
        yield [_SKIP, _chat(shown), _SKIP], False
        html, is_answered = await self._answer(question, previous, fields)
        shown.append(message("assistant", html))
        # The next question may be in the box already, so it changes only if this one failed.
        box = _SKIP if is_answered else question
        yield [box, _chat(shown), shown[-KEPT_MESSAGES:] if keep else []], True

    async def _answer(
        self, question: str, previous: list[str], fields: list[str]
    ) -> tuple[str, bool]:
        """Return the answer as HTML and True, or an error and False."""
        request_id = uuid.uuid4().hex
        try:
            filters = Filters.parse(*fields)
            snapshot = self._live.snapshot
            answer = await self._live.ask(
                Question(question, tuple(previous), **filters.arguments), request_id
            )
            feedback_id = request_id if self._live.feedback else None
            return self._pages.answer(answer, snapshot, filters, feedback_id), True
        except QAError as error:
            return message_html(visitor_message(error, self._say)), False
        except Exception as error:  # noqa: BLE001 - shown and logged
            report(error, request_id)
            return message_html(self._say("answer.broken", request=request_id)), False


def event_routes(conversation: Conversation, pending: Pending) -> APIRouter:
    """Return the routes of the chat's events; the guard has checked their payloads."""
    routes = APIRouter(prefix="/gradio_api/queue", include_in_schema=False)
    running: set[asyncio.Task[None]] = set()

    @routes.post("/join")
    async def join(request: Request) -> Response:
        try:
            event = parse_join(await request.body())
        except PayloadError as error:  # only without the guard
            return problem(error.status, str(error))
        client = network(address_of(request.scope))
        event_id = pending.join(event.session_hash, client)
        task = asyncio.create_task(_run(conversation, pending, event, event_id))
        running.add(task)
        task.add_done_callback(running.discard)
        return JSONResponse({"event_id": event_id})

    @routes.get("/data")
    async def data(session_hash: Annotated[SessionHash, Query()]) -> Response:
        if session_hash not in pending:
            return problem(HTTPStatus.NOT_FOUND, "This session has no pending results.")
        return StreamingResponse(
            pending.read(session_hash, _HEARTBEAT, _END), media_type="text/event-stream"
        )

    return routes


async def _run(conversation: Conversation, pending: Pending, event: Join, event_id: str) -> None:
    """Put every output of an event into ``pending``."""
    started = time.perf_counter()
    try:
        async for outputs, is_last in conversation.outputs(event):
            result = _result(event_id, outputs, time.perf_counter() - started, is_last=is_last)
            pending.put(event.session_hash, event_id, result, is_last=is_last)
    except Exception as error:  # noqa: BLE001 - asyncio would print it
        report(error, event_id)
        failed = {"msg": "process_completed", "event_id": event_id, "success": False}
        result = _sse({**failed, "output": {"error": None}})
        pending.put(event.session_hash, event_id, result, is_last=True)


def _result(event_id: str, outputs: Outputs, seconds: float, *, is_last: bool) -> bytes:
    output = {
        "data": outputs,
        "is_generating": not is_last,
        "duration": seconds,
        "average_duration": seconds,
        "render_config": None,
        "changed_state_ids": [],
    }
    msg = "process_completed" if is_last else "process_generating"
    return _sse({"msg": msg, "event_id": event_id, "output": output, "success": True})


def _sse(event: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def _chat(messages: list[ChatMessage]) -> Outputs:
    """Return messages in the format of Gradio's page."""
    return [
        {
            "role": shown["role"],
            "metadata": None,
            "content": [{"text": shown["content"], "type": "text"}],
            "options": None,
        }
        for shown in messages
    ]
