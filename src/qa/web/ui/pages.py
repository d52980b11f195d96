"""Pages that need no script: an answer; a document, opened at the passage a citation names."""

from __future__ import annotations

import datetime
from http import HTTPStatus
from importlib import resources
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.datastructures import Headers
from starlette.types import Scope

from qa.answer.ask import clean
from qa.errors import QAError, QuestionError
from qa.index.snapshot import Snapshot
from qa.records import Document
from qa.settings import PICTURES, Settings
from qa.web.server.live import Live
from qa.web.server.problems import problem, told
from qa.web.server.security_txt import PATH, security_txt
from qa.web.ui import widget
from qa.web.ui.document_page import reading
from qa.web.ui.filters import Filters
from qa.web.ui.render import Body, Pages, today
from qa.web.ui.render_queue import Kept, Rendered, client_of
from qa.web.ui.render_queue import answer as answer_with
from qa.web.wording import Wording, language_of

__all__ = ["page_routes", "refused_page"]

# These pages run nothing, load nothing but our style sheets, and ask nobody but this server.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"
)
# The page that shows the widget is as strict as a ministry's: it allows what the snippet names.
_WIDGET_POLICY = f"{_POLICY}; script-src 'self'; connect-src 'self'"
_ICON = (resources.files("qa.web") / "static" / "icon.svg").read_bytes()
_BY_LANGUAGE = {"Vary": "Accept-Language"}
# A browser may keep a page, and asks whether it is the same still.
_CHECKED = "no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_AN_HOUR = "public, max-age=3600"


def page_routes(live: Live, settings: Settings, documents: Rendered) -> APIRouter:
    """Everything that is shown without the chat, and the widget."""
    routes = APIRouter(include_in_schema=False)
    _add_look(routes, settings)
    _add_widget(routes, settings)
    _add_documents(routes, live, settings, documents)
    _add_security_txt(routes, settings)

    def pages(request: Request, language: str) -> Pages:
        return _pages(request, language, settings)

    @routes.get("/")
    def chat(request: Request, language: str = "") -> Response:
        wanted = language_of(language, request.headers.get("accept-language"))
        return RedirectResponse(f"{settings.root_path}/{wanted}/", headers=_BY_LANGUAGE)

    @routes.get("/answer")
    async def answer(  # noqa: PLR0913, PLR0917 - what a link or the form names
        request: Request,
        q: str = "",
        language: str = "",
        previous: str = "",
        snapshot: str = "",
        since: str = "",
        until: str = "",
        section: str = "",
    ) -> Response:
        shown = pages(request, language)
        question, only = clean(q), Filters()
        if not question:
            return _html(shown.answer_page(live.snapshot))
        before = [previous] if previous.strip() else []
        try:
            only = Filters.read(since, until, section)
            found = await live.ask(
                question, previous=before, request=request.scope["qa.request"], **only.asked
            )
        except QAError as error:
            is_visitors = isinstance(error, QuestionError)
            headers = {} if is_visitors else {"Retry-After": "2"}
            trouble = shown.answer_page(
                live.snapshot, question=question, only=only, trouble=told(error, shown.say)
            )
            return _html(trouble, 422 if is_visitors else 503, headers=headers)
        return _html(
            shown.answer_page(
                live.snapshot,
                question=question,
                only=only,
                answer=found,
                is_changed=bool(snapshot) and snapshot != found.snapshot,
            )
        )

    return routes


def _add_documents(routes: APIRouter, live: Live, settings: Settings, documents: Rendered) -> None:
    """The documents of the record, each as a page."""
    bodies: Kept[Body] = Kept()

    @routes.get("/documents/{document_id}")
    async def read(  # noqa: PLR0913, PLR0917 - what a link names
        document_id: str,
        request: Request,
        found: Annotated[list[str] | None, Query()] = None,
        start: str = "",
        end: str = "",
        later: str = "",
        language: str = "",
    ) -> Response:
        shown, snapshot = _pages(request, language, settings), live.snapshot
        named = (start, end, tuple(found or ()), later)

        def rendered() -> bytes | None:
            live.check()
            with live.refusing_damage(snapshot):
                document = snapshot.documents.get(document_id)
                if document is None:
                    return None
                opened = reading(
                    snapshot.documents,
                    document,
                    start=start,
                    end=end,
                    found=found or (),
                    later=later,
                )
            body = _body(document, shown, snapshot, bodies)
            return shown.document_page(snapshot, document, opened, body).encode()

        key = ("page", snapshot.digest, document_id, shown.say.language, named, today())
        try:
            live.refuse_damaged()
            content = await documents.get(key, client_of(request), rendered)
        except QAError as error:
            page = shown.refused_page(told(error, shown.say))
            return _html(page, 503, headers={"Retry-After": "2"})
        if content is None:
            return _html(shown.missing_page(document_id), 404)
        headers = {"Content-Security-Policy": _POLICY, **_BY_LANGUAGE, "Cache-Control": _CHECKED}
        known = request.headers.get("if-none-match")
        return answer_with(content, "text/html; charset=utf-8", headers, known)


def _body(document: Document, shown: Pages, snapshot: Snapshot, bodies: Kept[Body]) -> Body:
    """The text of a document as HTML, from memory where it was shown before."""
    key = (snapshot.digest, document.id, shown.say.language)
    body = bodies.get(key)
    if body is None:
        body = shown.body(document)
        bodies.put(key, body, body.size)
    return body


def refused_page(scope: Scope, refusal: Response, settings: Settings) -> Response:
    """A refusal for those who have to wait as a page, where a browser asks for one."""
    headers = Headers(scope=scope)
    if refusal.status_code not in {429, 503} or "text/html" not in headers.get("accept", ""):
        return refusal
    wanted = parse_qs(scope["query_string"].decode("latin-1")).get("language", [""])[0]
    say = Wording(language_of(wanted, headers.get("accept-language")))
    seconds = refusal.headers["Retry-After"]
    sentence = say("trouble.busy")
    if refusal.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        sentence = say("trouble.wait", seconds=seconds)
    kept = {"Retry-After": seconds, "Cache-Control": "no-store"}
    if "Connection" in refusal.headers:
        kept["Connection"] = refusal.headers["Connection"]
    page = Pages(say, settings).refused_page(sentence)
    return _html(page, refusal.status_code, headers=kept)


def _add_look(routes: APIRouter, settings: Settings) -> None:
    """The owner's colour and logo, and our icon."""

    @routes.get("/look/accent.css")
    def accent() -> Response:
        rule = f":root {{ --qa-accent: {settings.accent}; }}"
        return Response(rule, headers={"Cache-Control": _FOR_AN_HOUR}, media_type="text/css")

    @routes.get("/look/logo")
    def logo() -> Response:
        if settings.logo is None:
            return problem(HTTPStatus.NOT_FOUND, "There is no logo.")
        return FileResponse(
            settings.logo,
            headers={"Cache-Control": _FOR_AN_HOUR},
            media_type=PICTURES[settings.logo.suffix],
        )

    @routes.get("/favicon.ico")
    def icon() -> Response:
        return Response(_ICON, headers={"Cache-Control": _FOR_AN_HOUR}, media_type="image/svg+xml")


def _add_widget(routes: APIRouter, settings: Settings) -> None:
    """The widget, and the page to try it on."""

    @routes.get("/widget")
    def try_widget(request: Request, language: str = "") -> Response:
        shown = _pages(request, language, settings)
        return _html(
            shown.widget_page(widget.snippet(settings.root_path, language or None)),
            policy=_WIDGET_POLICY,
        )

    @routes.get("/widget.js")
    def widget_js(v: str = "") -> Response:
        version = v or str(widget.LATEST)
        if version not in map(str, widget.VERSIONS):
            known = ", ".join(map(str, widget.VERSIONS))
            return PlainTextResponse(f"There is no version {v[:20]!r}; there are: {known}.", 410)
        headers = {
            # The same for everybody; a page that pins its hash has to be able to read it.
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": _FOR_EVER if v else _FOR_AN_HOUR,
        }
        return Response(widget.source(int(version)), headers=headers, media_type="text/javascript")


def _add_security_txt(routes: APIRouter, settings: Settings) -> None:
    """The owner's word on where to report vulnerabilities."""

    @routes.get(PATH)
    def security() -> Response:
        if settings.security is None:
            return problem(HTTPStatus.NOT_FOUND, "There is nothing here.")
        today = datetime.datetime.now(datetime.UTC).date()
        text = security_txt(settings.security, settings.public_url, today)
        return PlainTextResponse(text, headers={"Cache-Control": _FOR_AN_HOUR})


def _pages(request: Request, language: str, settings: Settings) -> Pages:
    say = Wording(language_of(language, request.headers.get("accept-language")))
    return Pages(say, settings)


def _html(
    content: str, status: int = 200, *, policy: str = _POLICY, headers: dict[str, str] | None = None
) -> HTMLResponse:
    given = {"Content-Security-Policy": policy, **_BY_LANGUAGE, **(headers or {})}
    return HTMLResponse(content, status, given)
