"""The table of open routes, Gradio's among them; any other path is answered 404."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from qa.web.wording import LANGUAGES

__all__ = ["MCP_ROUTES", "ROUTES", "Kind", "Route"]

Kind = Literal["question", "batch", "page", "file", "inside", "operator"]


@dataclass(frozen=True, slots=True)
class Route:
    """An open route.

    ``name`` stands for it in logs and metrics, ``path`` matches the whole path. By its ``kind`` a
    ``question`` counts against those of its client, a ``batch`` needs a key, a ``file`` may be
    loaded by any page, and an ``operator`` route answers the addresses of ``metrics_from`` only.
    ``discloses`` states what an outsider learns there.
    """

    methods: frozenset[str]
    name: str
    path: re.Pattern[str]
    kind: Kind
    discloses: str

    @property
    def is_page(self) -> bool:
        """Return whether people read its responses."""
        return "GET" in self.methods and self.kind in {"page", "question"} and not self.is_shared

    @property
    def is_shared(self) -> bool:
        """Return whether pages of the allowed origins may read its responses."""
        return self.name.startswith("/api/")


# The path of a static file. Gradio fails on names longer than a file system allows.
_FILE = r"[A-Za-z0-9_.-]{1,128}(?:/[A-Za-z0-9_.-]{1,128}){0,7}"


def _route(methods: str, name: str, kind: Kind, discloses: str) -> Route:
    """Return a route; in its name ``{id}`` is a segment, ``{path}`` the path of a static file."""
    pattern = re.escape(name).replace(r"\{id\}", "[^/]+").replace(r"\{path\}", _FILE)
    pattern = pattern.replace(r"\{language\}", f"(?:{'|'.join(LANGUAGES)})")
    return Route(frozenset(methods.split()), name, re.compile(pattern, re.DOTALL), kind, discloses)


ROUTES = (
    _route("GET", "/", "page", "nothing: leads to the chat in the visitor's language"),
    _route("GET", "/{language}/", "page", "title, coverage, example questions of the record"),
    _route("GET", "/answer", "question", "an answer of the record, as a page without script"),
    _route("GET", "/documents/{id}", "page", "a document of the record, as a page"),
    _route("GET", "/widget", "page", "nothing: a page to try the widget on"),
    _route("GET", "/widget.js", "file", "nothing: the widget, the same for everybody"),
    _route("GET", "/style/{id}", "file", "nothing: our style sheets, scripts and icon"),
    _route("GET", "/look/{id}", "file", "nothing: the owner's colour and logo"),
    _route("GET", "/favicon.ico", "file", "nothing: our icon"),
    _route("GET", "/.well-known/security.txt", "inside", "where to report vulnerabilities"),
    _route("POST", "/api/v1/ask", "question", "an answer of the record"),
    _route("POST", "/api/v1/batch", "batch", "answers of the record, to holders of a key"),
    _route("POST", "/api/v1/feedback", "page", "whether that request is kept"),
    _route("GET", "/api/v1/documents/{id}", "page", "a document of the record"),
    _route("GET", "/api/v1/status", "page", "version, snapshot, counts, dates, encoder"),
    _route("GET", "/openapi.json", "file", "nothing: how the API is used"),
    _route("GET", "/healthz", "inside", "that the process runs"),
    _route("GET", "/readyz", "inside", "the digest of the snapshot"),
    _route("GET", "/metrics", "operator", "nothing: counters, for operators"),
    _route("GET", "/{language}/assets/{path}", "file", "Gradio's version, by its scripts"),
    _route("GET", "/{language}/static/{path}", "file", "Gradio's version, by its scripts"),
    _route("GET", "/{language}/theme.css", "file", "nothing: the chat's colours"),
    _route(
        "POST",
        "/{language}/gradio_api/queue/join",
        "question",
        "nothing: takes the chat's questions",
    ),
    _route(
        "GET", "/{language}/gradio_api/queue/data", "inside", "the answers of one's own session"
    ),
    _route(
        "GET",
        "/{language}/gradio_api/app_id",
        "inside",
        "nothing: a number, by which an open page sees the server",
    ),
)
# Open if the setting "mcp" is on.
MCP_ROUTES = (
    _route("GET POST DELETE", "/{language}/gradio_api/mcp/", "question", "answers of the record"),
    _route(
        "GET POST DELETE", "/{language}/gradio_api/mcp/http/", "question", "answers of the record"
    ),
)
