"""The web server put together: reader pages, style sheets, chat."""

from __future__ import annotations

from importlib import resources

import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware

from qa.answer.ask import QA
from qa.settings import Settings
from qa.web.api import add_problem_pages, api_routes
from qa.web.chat import mount_chat
from qa.web.reader import reader_routes
from qa.web.wording import Wording

__all__ = ["create_app", "serve"]


def create_app(qa: QA, title: str) -> FastAPI:
    """The application over one snapshot."""
    say = Wording()
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)
    # No other origin may read anything here. Without this Gradio would allow any.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    static = resources.files("qa.web") / "static"

    @app.get("/healthz", response_class=PlainTextResponse)
    def healthz() -> str:
        return "ok"

    app.include_router(api_routes(qa))
    add_problem_pages(app)
    app.include_router(reader_routes(qa.snapshot, say))
    app.mount("/style", StaticFiles(directory=str(static)))
    mount_chat(app, qa, title, say, (static / "chat.css").read_text("utf-8"))
    return app


def serve(qa: QA, settings: Settings) -> None:
    """Serve until interrupted."""
    app = create_app(qa, settings.title)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning")
