"""Pages that need no script: answers and documents; the widget, the logo and security.txt."""

from __future__ import annotations

import datetime
from http import HTTPStatus
from importlib import resources
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse
from markupsafe import Markup
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.types import Scope

from qa.answer.ask import clean
from qa.errors import QAError, QuestionError
from qa.index.snapshot import Snapshot
from qa.records import Document, Question
from qa.settings import PICTURES, Settings
from qa.web.server.limits import address_of, network
from qa.web.server.live import Live
from qa.web.server.problems import problem, visitor_message
from qa.web.server.security_txt import PATH, security_txt
from qa.web.ui import widget
from qa.web.ui.document_page import LinkQuery, open_view
from qa.web.ui.filters import Filters
from qa.web.ui.marking import Body
from qa.web.ui.render import Pages, today
from qa.web.ui.render_queue import LRUCache, RenderQueue, content_response
from qa.web.wording import Wording, language_of

__all__ = ["page_routes", "refused_page"]

# These pages run nothing, load only the style sheets, and connect only to this server.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"
)
# The sample page of the widget is as strict as a ministry's: it allows what the snippet needs.
_WIDGET_POLICY = f"{_POLICY}; script-src 'self'; connect-src 'self'"
_ICON = (resources.files("qa.web") / "static" / "icon.svg").read_bytes()
_BY_LANGUAGE = {"Vary": "Accept-Language"}
# A browser may keep a page, and asks each time whether it changed.
_CHECKED = "no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}


class AnswerQuery(BaseModel):
    """The query of the answer page, from a link or its form."""

    q: str = ""
    language: str = ""
    previous: str = ""
    snapshot: str = ""
    since: str = ""
    until: str = ""
    section: str = ""


def page_routes(live: Live, settings: Settings, documents: RenderQueue) -> APIRouter:
    """Return the routes of everything but chat and API."""
    routes = APIRouter(include_in_schema=False)
    _add_answers(routes, live, settings)
    _add_documents(routes, live, settings, documents)
    _add_appearance(routes, settings)
    _add_widget(routes, settings)

    @routes.get("/")
    def chat(request: Request, language: str = "") -> Response:
        wanted = language_of(language, request.headers.get("accept-language"))
        return RedirectResponse(f"{settings.root_path}/{wanted}/", headers=_BY_LANGUAGE)

    @routes.get(PATH)
    def security() -> Response:
        if settings.security is None:
            return problem(HTTPStatus.NOT_FOUND, "There is nothing here.")
        today = datetime.datetime.now(datetime.UTC).date()
        text = security_txt(settings.security, settings.public_url, today)
        return PlainTextResponse(text, headers=_FOR_AN_HOUR)

    return routes


def _add_answers(routes: APIRouter, live: Live, settings: Settings) -> None:
    @routes.get("/answer")
    async def answer(request: Request, query: Annotated[AnswerQuery, Query()]) -> Response:
        pages = _pages(request, query.language, settings)
        question, filters = clean(query.q), Filters()
        if not question:
            return _html(pages.answer_page(live.snapshot))
        before = (query.previous,) if query.previous.strip() else ()
        try:
            filters = Filters.parse(query.since, query.until, query.section)
            answer = await live.ask(
                Question(question, before, **filters.arguments), request.scope["qa.request"]
            )
        except QAError as error:
            message = visitor_message(error, pages.say)
            page = pages.answer_page(
                live.snapshot, question=question, filters=filters, error=message
            )
            if isinstance(error, QuestionError):
                return _html(page, HTTPStatus.UNPROCESSABLE_ENTITY)
            return _unavailable(page)
        return _html(
            pages.answer_page(
                live.snapshot,
                question=question,
                filters=filters,
                answer=answer,
                is_changed=bool(query.snapshot) and query.snapshot != answer.snapshot,
            )
        )


def _add_documents(
    routes: APIRouter, live: Live, settings: Settings, documents: RenderQueue
) -> None:
    bodies: LRUCache[Body] = LRUCache()

    @routes.get("/documents/{document_id}")
    async def document_page(
        document_id: str, request: Request, link: Annotated[LinkQuery, Query()]
    ) -> Response:
        pages, snapshot = _pages(request, link.language, settings), live.snapshot

        def render() -> bytes | None:
            live.check()
            with live.refusing_damage(snapshot):
                document = snapshot.documents.get(document_id)
                if document is None:
                    return None
                view = open_view(snapshot.documents, document, link)
            body = _body(document, pages, snapshot, bodies)
            return pages.document_page(snapshot, document, view, body).encode()

        passages = link.passages
        key = ("page", snapshot.digest, document_id, pages.say.language, passages, today())
        try:
            live.refuse_damaged()
            content = await documents.get(key, network(address_of(request.scope)), render)
        except QAError as error:
            return _unavailable(
                pages.render("refused.html", sentence=visitor_message(error, pages.say))
            )
        if content is None:
            title = pages.say("page.missing")
            return _html(pages.render("missing.html", id=document_id, title=title), 404)
        headers = {"Content-Security-Policy": _POLICY, **_BY_LANGUAGE, "Cache-Control": _CHECKED}
        return content_response(content, "text/html; charset=utf-8", headers, request)


def _body(document: Document, pages: Pages, snapshot: Snapshot, bodies: LRUCache[Body]) -> Body:
    """Return the text of a document as HTML, from the cache if it was shown before."""
    key = (snapshot.digest, document.id, pages.say.language)
    body = bodies.get(key)
    if body is None:
        body = pages.body(document)
        bodies.put(key, body, body.size)
    return body


def refused_page(scope: Scope, refusal: Response, settings: Settings) -> Response:
    """Return a refusal to wait as a page if a browser asks for one, else ``refusal`` itself."""
    headers = Headers(scope=scope)
    if refusal.status_code not in {429, 503} or "text/html" not in headers.get("accept", ""):
        return refusal
    language = parse_qs(scope["query_string"].decode("latin-1")).get("language", [""])[0]
    say = Wording(language_of(language, headers.get("accept-language")))
    seconds = refusal.headers["Retry-After"]
    sentence = say("trouble.busy")
    if refusal.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        sentence = say("trouble.wait", seconds=seconds)
    kept = {"Retry-After": seconds, "Cache-Control": "no-store"}
    if "Connection" in refusal.headers:
        kept["Connection"] = refusal.headers["Connection"]
    page = Pages(say, settings).render("refused.html", sentence=sentence)
    return _html(page, refusal.status_code, headers=kept)


def _add_appearance(routes: APIRouter, settings: Settings) -> None:
    """Add the owner's colour and logo, and the icon."""

    @routes.get("/look/accent.css")
    def accent() -> Response:
        rule = f":root {{ --qa-accent: {settings.accent}; }}"
        return Response(rule, headers=_FOR_AN_HOUR, media_type="text/css")

    @routes.get("/look/logo")
    def logo() -> Response:
        if settings.logo is None:
            return problem(HTTPStatus.NOT_FOUND, "There is no logo.")
        return FileResponse(
            settings.logo, headers=_FOR_AN_HOUR, media_type=PICTURES[settings.logo.suffix]
        )

    @routes.get("/favicon.ico")
    def icon() -> Response:
        return Response(_ICON, headers=_FOR_AN_HOUR, media_type="image/svg+xml")


def _add_widget(routes: APIRouter, settings: Settings) -> None:
    """Add the widget, and the sample page to try it on."""

    @routes.get("/widget")
    def try_widget(request: Request, language: str = "") -> Response:
        pages = _pages(request, language, settings)
        snippet = widget.snippet(settings.root_path, language or None)
        page = pages.render(
            "widget.html",
            title=pages.say("widget.sample.title"),
            snippet=Markup(snippet),  # noqa: S704 - made of settings that were checked
            code=snippet,
        )
        return _html(page, policy=_WIDGET_POLICY)

    @routes.get("/widget.js")
    def widget_js(v: str = "") -> Response:
        version = v or str(widget.LATEST)
        if version not in map(str, widget.VERSIONS):
            known = ", ".join(map(str, widget.VERSIONS))
            return PlainTextResponse(f"There is no version {v[:20]!r}; there are: {known}.", 410)
        caching = {"Cache-Control": _FOR_EVER} if v else _FOR_AN_HOUR
        # Any page may read it: one that pins its hash has to.
        headers = {"Access-Control-Allow-Origin": "*", **caching}
        return Response(widget.source(int(version)), headers=headers, media_type="text/javascript")


def _pages(request: Request, language: str, settings: Settings) -> Pages:
    say = Wording(language_of(language, request.headers.get("accept-language")))
    return Pages(say, settings)


def _unavailable(page: str) -> Response:
    return _html(page, HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "2"})


def _html(
    content: str, status: int = 200, *, policy: str = _POLICY, headers: dict[str, str] | None = None
) -> HTMLResponse:
    policies = {"Content-Security-Policy": policy, **_BY_LANGUAGE}
    return HTMLResponse(content, status, {**policies, **(headers or {})})
