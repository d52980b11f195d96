"""Pages that need no script: a document, opened at the passage a citation names."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from qa.index.snapshot import Snapshot
from qa.records import Document, Span
from qa.web.render import missing_html, reader_html
from qa.web.wording import Wording

__all__ = ["reader_routes"]

# The page runs nothing and loads nothing but its style sheet.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def reader_routes(snapshot: Snapshot, say: Wording) -> APIRouter:
    """The route of the reader page: ``GET /documents/{id}?start=..&end=..``."""
    routes = APIRouter()

    @routes.get("/documents/{document_id}", response_class=HTMLResponse)
    def read(document_id: str, start: str = "", end: str = "") -> HTMLResponse:
        document = snapshot.documents.get(document_id)
        if document is None:
            return HTMLResponse(missing_html(document_id, say), 404, _HEADERS)
        marked = _span(document, start, end)
        is_missing = marked is None and bool(start or end)
        return HTMLResponse(
            reader_html(document, marked, say, is_missing=is_missing), 200, _HEADERS
        )

    return routes


def _span(document: Document, start: str, end: str) -> Span | None:
    """The stretch a link names; None where the document has no such stretch."""
    try:
        span = Span(int(start), int(end))
    except ValueError:
        return None
    return span if span.end <= len(document.text) else None
