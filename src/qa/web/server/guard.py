"""The guard between the network and the application, Gradio's routes included.

``Envelope`` is outermost: it gives every request an id and every response its headers, counts and
logs, and hides errors. ``Gate`` refuses requests.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.settings import Settings
from qa.web.server.limits import Limits, address_of, is_within, network
from qa.web.server.metrics import Metrics
from qa.web.server.payloads import JOIN, PayloadError, canonical
from qa.web.server.problems import REQUEST_ID, failure, problem, report
from qa.web.server.refusals import RefusalLog
from qa.web.server.routes import MCP_ROUTES, ROUTES, Route

__all__ = ["CONVERSATION", "Envelope", "Gate"]

# The chat sends the conversation with each question: so many times the longest body.
CONVERSATION = 8
# Retry-After of a server whose connections are all taken.
_BUSY_S = 2
# Headers by which a proxy states client and host. uvicorn has read those of trusted proxies;
# Gradio would believe anybody's.
_FORWARDED = {
    b"forwarded",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-forwarded-port",
    b"x-forwarded-prefix",
}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_CLOSE = {"Connection": "close"}

_SECURITY_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# The policy of a response without its own: opened as a page, it may do nothing.
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'"
_HSTS = "max-age=31536000"

_log = logging.getLogger(__name__)


class Envelope:
    """The outermost application: adds ids and headers, counts, logs, and hides errors."""

    def __init__(
        self, app: ASGIApp, settings: Settings, metrics: Metrics, limits: Limits | None = None
    ) -> None:
        """``limits`` count the preflights of browsers, which never reach the gate."""
        self._app = app
        self._limits = limits
        self._refusals = RefusalLog()
        # Pages of the allowed origins may read the API's responses, refusals included.
        self._shared = CORSMiddleware(
            app,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type"],
            expose_headers=["ETag", "Retry-After", "X-Request-Id"],
            max_age=86_400,
        )
        self._metrics = metrics
        self._root_path = settings.root_path
        self._routes = ROUTES + (MCP_ROUTES if settings.mcp else ())
        framing = " ".join(settings.frame_ancestors) or "'none'"
        self._framing = f"frame-ancestors {framing}"
        self._is_framed = bool(settings.frame_ancestors)
        self._is_https = settings.address.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            self._refusals.flush()
            return
        if scope["type"] != "http":  # no route speaks WebSocket
            await send({"type": "websocket.close", "code": 1000})
            return
        client_id = Headers(scope=scope).get("x-request-id", "")
        request_id = client_id if REQUEST_ID.fullmatch(client_id) else uuid.uuid4().hex
        route = self._route(scope)
        method = scope["method"]
        # A copy: uvicorn leaves out the body of HEAD by the method in its own.
        scope = {
            **scope,
            "method": "GET" if method == "HEAD" else method,
            "headers": [(k, v) for k, v in scope["headers"] if not _is_forwarded(k)],
            "qa.route": route,
            "qa.request": request_id,
        }
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), route, request_id)
            await send(message)

        started = time.perf_counter()
        self._metrics.open_requests.inc()
        try:
            app = self._shared if route is not None and route.is_shared else self._app
            if method == "OPTIONS" and app is self._shared and self._limits:
                app = _too_many(await self._limits.request(address_of(scope))) or app
            await app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - nothing about it may leave the server
            report(error, request_id)
            if not status:
                await failure(request_id)(scope, receive, send_with_headers)
        finally:
            self._metrics.open_requests.dec()
            self._record(scope, method, status, time.perf_counter() - started)

    def _route(self, scope: Scope) -> Route | None:
        path = scope["path"].removeprefix(self._root_path)
        return next((route for route in self._routes if route.path.fullmatch(path)), None)

    def _add_headers(self, headers: MutableHeaders, route: Route | None, request_id: str) -> None:
        for name, value in _SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        policy = headers.get("Content-Security-Policy", _POLICY)
        headers["Content-Security-Policy"] = f"{policy}; {self._framing}"
        if not self._is_framed:
            headers["X-Frame-Options"] = "DENY"
        is_file = route is not None and route.kind == "file"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin" if is_file else "same-origin"
        if self._is_https:
            headers["Strict-Transport-Security"] = _HSTS
        headers["X-Request-Id"] = request_id
        if "Cache-Control" not in headers and not is_file:
            headers["Cache-Control"] = "no-store"
        if "Server" in headers:
            del headers["Server"]

    def _record(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        """Count and log a request."""
        route: Route | None = scope["qa.route"]
        name = route.name if route else "none"
        self._metrics.requests.labels(name, str(status)).inc()
        self._metrics.request_seconds.labels(name).observe(seconds)
        is_refused = status >= HTTPStatus.BAD_REQUEST
        # A page of the chat loads fifty files; those that were served are not worth a line each.
        is_quiet = route is not None and route.kind == "file" and not is_refused
        if is_refused and status != HTTPStatus.INTERNAL_SERVER_ERROR:
            is_quiet = not self._refusals.is_logged(network(address_of(scope)), status)
        _log.log(
            logging.DEBUG if is_quiet else logging.INFO,
            "request",
            extra={
                "request": scope["qa.request"],
                "method": method,
                "route": name,
                "status": status,
                "ms": round(seconds * 1000, 1),
            },
        )


def _is_forwarded(name: bytes) -> bool:
    """Return whether Gradio would believe a header about where a request came from."""
    return name in _FORWARDED or name.startswith(b"x-gradio-")


class Gate:
    """Passes a request on, or refuses it with 404, 405, 408, 413, 421, 401, 429 or 503."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        limits: Limits,
        is_full: Callable[[], bool] = lambda: False,
        page: Callable[[Scope, Response], Response] = lambda _, refusal: refusal,
    ) -> None:
        """Refuse questions while ``is_full``; ``page`` gives a refusal as people read it."""
        self._app = app
        self._settings = settings
        self._limits = limits
        self._is_full = is_full
        self._page = page
        self._hosts = _hosts(settings)
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        address = address_of(scope)
        is_over_limit = not self._limits.open.enter(address)
        self._open += 1
        try:
            # Before anything else, or refused requests would have no limit.
            refusal = _too_many(await self._limits.request(address))
            refusal = refusal or self._refusal(scope, address, is_over_limit=is_over_limit)
            refusal = refusal or await self._question_refusal(scope, address)
            if refusal is None and scope["method"] == "POST":
                try:
                    receive = await self._checked(scope, receive)
                except PayloadError as error:
                    is_long = error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                    refusal = problem(error.status, str(error), headers=_CLOSE if is_long else None)
                except TimeoutError:
                    detail = "The request did not arrive in time. Send it again."
                    refusal = problem(HTTPStatus.REQUEST_TIMEOUT, detail, headers=_CLOSE)
            if refusal and scope["qa.route"] and scope["qa.route"].is_page:
                refusal = self._page(scope, refusal)
            await (refusal or self._app)(scope, receive, send)
        finally:
            self._open -= 1
            self._limits.open.leave(address)

    def _refusal(self, scope: Scope, address: str, *, is_over_limit: bool) -> Response | None:
        """Return the refusal of a request by its head; None if it may come in."""
        route: Route | None = scope["qa.route"]
        host = Headers(scope=scope).get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            detail = f"This server is not at {host[:100]!r}. Set public_url to its address."
            return problem(HTTPStatus.MISDIRECTED_REQUEST, detail)
        if route is None:
            return problem(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if scope["method"] not in route.methods:
            allowed = ", ".join(sorted(route.methods))
            detail = f"This address accepts {allowed} only."
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})
        if route.kind == "operator" and not is_within(address, self._settings.metrics_from):
            return problem(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return self._busy_refusal(route, is_over_limit=is_over_limit)

    def _busy_refusal(self, route: Route, *, is_over_limit: bool) -> Response | None:
        """Return the refusal of a busy server; None if it has room."""
        busy = HTTPStatus.SERVICE_UNAVAILABLE
        if self._open > self._settings.max_connections or is_over_limit:
            detail = "Too many requests are open. Try again shortly."
            return problem(busy, detail, retry_after_s=_BUSY_S, headers=_CLOSE)
        if route.kind == "question" and self._is_full():
            detail = "The service is busy. Try again shortly."
            return problem(busy, detail, retry_after_s=_BUSY_S)
        return None

    async def _question_refusal(self, scope: Scope, address: str) -> Response | None:
        """Return the refusal of a client that has to wait or needs a key; None if it may ask."""
        route: Route = scope["qa.route"]
        key = self._limits.key(Headers(scope=scope).get("authorization"))
        scope["qa.key"] = key
        if route.kind == "batch" and key is None:
            detail = 'A batch needs a key. Send "Authorization: Bearer KEY".'
            return problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})
        if route.kind != "question":
            return None
        return _too_many(await self._limits.questions(address, key))

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        """Read the body and check it; return a ``receive`` that gives it as its route takes it.

        Raises:
            PayloadError: it is too long, or the route does not take it.
            TimeoutError: it did not arrive in time.
        """
        route: Route = scope["qa.route"]
        is_long = route.name == JOIN or route.kind == "batch"
        most = self._settings.max_body_bytes * (CONVERSATION if is_long else 1)
        sent = bytearray()
        async with asyncio.timeout(self._settings.request_timeout_s):
            while True:
                message = await receive()
                sent += message.get("body", b"")
                if len(sent) > most:
                    detail = f"The request is longer than {most:,} bytes. Send less."
                    raise PayloadError(detail, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    break
        headers = MutableHeaders(scope=scope)
        body = canonical(route.name, headers, bytes(sent))
        headers["Content-Length"] = str(len(body))
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replayed() -> Message:
            return next(messages, None) or await receive()

        return replayed


def _too_many(wait_s: int | None) -> Response | None:
    """Return the refusal of a client that has to wait; None if it need not."""
    if wait_s is None:
        return None
    detail = f"Too many requests in the last minute. Try again in {wait_s} seconds."
    return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, retry_after_s=wait_s)


def _name(host: str) -> str:
    """Return the name in a Host header, without its port; empty if it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _hosts(settings: Settings) -> set[str] | None:
    """Return the names the server answers to; None for any.

    A server on a loopback address answers to loopback names only, or any page a visitor opens
    could point its own name here and read the record through the visitor.
    """
    if settings.public_url:
        return {urlsplit(settings.public_url).hostname or "", *_LOOPBACK}
    return _LOOPBACK if settings.host in _LOOPBACK else None
