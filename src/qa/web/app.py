"""The web application: guard, API, pages and chat over one record, and the server that runs it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from importlib import resources

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from qa import __version__
from qa.answer.ask import QA
from qa.errors import FeedbackError
from qa.feedback import FORGET_S, FeedbackStore
from qa.settings import Settings
from qa.web.api import api_routes
from qa.web.server.guard import CONVERSATION, Envelope, Gate
from qa.web.server.limits import Limits
from qa.web.server.live import Live, Watch
from qa.web.server.metrics import Metrics
from qa.web.server.openapi import describe
from qa.web.server.pending import Pending
from qa.web.server.problems import add_problem_pages
from qa.web.server.server import run
from qa.web.ui.chat import mount_chat
from qa.web.ui.pages import page_routes, refused_page
from qa.web.ui.render_queue import RenderQueue
from qa.web.wording import LANGUAGES, Wording

__all__ = ["create_app", "serve"]

_DESCRIPTION = (
    "Answers from a public record: exact quotes, each with a citation. "
    "Errors are problem JSON (RFC 9457). Every response names its request in X-Request-Id."
)

_log = logging.getLogger(__name__)


def serve(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Serve the live snapshot until told to stop; finish open requests first.

    ``on_ready`` is called when all is loaded, before the first request.

    Raises:
        SnapshotError: there is no complete snapshot.
        ModelError: the encoder or the reranker cannot be loaded.
    """

    def open_qa() -> QA:
        return QA.configured(settings)

    # Only ``live`` may refer to the QA, so that a replaced one is freed.
    live = Live(
        open_qa(),
        max_waiting=settings.max_waiting,
        timeout_s=settings.request_timeout_s,
        log_questions=settings.log_questions,
        feedback=FeedbackStore(settings.feedback, settings.feedback_days)
        if settings.feedback
        else None,
    )
    app = create_app(live, settings, Watch(live, settings.index, open_qa))
    run(app, settings, live.metrics, on_ready)


def create_app(
    live: Live, settings: Settings, watch: Watch | None = None, *, chat: bool = True
) -> ASGIApp:
    """Return the application over ``live``, behind its guard; without the chat on request."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        forgetting = asyncio.create_task(_forget_regularly(live))
        if watch:
            watch.start()
        yield
        forgetting.cancel()
        if watch:
            watch.stop()

    limits = Limits(settings, live.metrics)
    app = FastAPI(
        title=settings.title,
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    # The guard decides which origins may read. Without this, Gradio would allow any.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    documents = RenderQueue(settings.request_timeout_s)
    app.include_router(api_routes(live, limits, settings, documents))
    app.include_router(page_routes(live, settings, documents))
    _add_operations(app, live)
    add_problem_pages(app)
    describe(app)
    app.mount("/style", StaticFiles(directory=str(resources.files("qa.web") / "static")))
    pending = Pending(settings.max_body_bytes * CONVERSATION)
    for language in LANGUAGES if chat else ():
        mount_chat(app, live, settings, Wording(language), pending)
    gate = Gate(
        app,
        settings,
        limits,
        is_full=lambda: live.is_full,
        page=lambda scope, refusal: refused_page(scope, refusal, settings),
    )
    return Envelope(gate, settings, live.metrics, limits)


async def _forget_regularly(live: Live) -> None:
    """Delete expired feedback from time to time."""
    while live.feedback:
        try:
            await run_in_threadpool(live.feedback.forget)
        except FeedbackError as error:
            _log.error("expired feedback was not deleted: %s", error)
        await asyncio.sleep(FORGET_S)


def _add_operations(app: FastAPI, live: Live) -> None:
    """Add health, readiness and metrics."""

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> PlainTextResponse:
        live.check()
        return PlainTextResponse(live.snapshot.digest)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(live.metrics.text(), media_type=Metrics.CONTENT_TYPE)
