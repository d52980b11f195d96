"""What stands between the network and everything the server does, Gradio's routes included.

``Envelope`` is outermost: it gives every request an id, every response its headers, counts and
logs, and keeps what went wrong inside. ``Gate`` refuses what may not come in.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.settings import Settings
from qa.web.server.limits import Limits, is_within, network
from qa.web.server.metrics import Metrics
from qa.web.server.payloads import JOIN, PayloadError, canonical
from qa.web.server.problems import REQUEST_ID, failure, problem, report
from qa.web.server.refusals import RefusalLog
from qa.web.server.routes import MCP_ROUTES, ROUTES, Route

__all__ = ["CONVERSATION", "Envelope", "Gate"]

# A conversation travels with each question of the chat: so many times the longest body.
CONVERSATION = 8
# When to come again where all connections are taken.
_BUSY_S = 2
# Who was meant and by whom, in a proxy's words. The server has read what a trusted one says;
# Gradio would believe anybody.
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
# What may be done by a response that says nothing of its own, opened as a page: nothing.
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'"
_HSTS = "max-age=31536000"

_log = logging.getLogger(__name__)


class Envelope:
    """The outermost application: ids, headers, counts, logs; what fails inside stays inside."""

    def __init__(
        self, app: ASGIApp, settings: Settings, metrics: Metrics, limits: Limits | None = None
    ) -> None:
        """``limits`` count the preflights of browsers, which never reach the gate."""
        self._app = app
        self._limits = limits
        self._refusals = RefusalLog()
        # Pages of the allowed origins may read the API's answers, refusals included.
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
        if scope["type"] != "http":  # no route of ours speaks WebSocket
            await send({"type": "websocket.close", "code": 1000})
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        route = self._route(scope)
        method = scope["method"]
        # A copy: the server below leaves a body out by the method as it came.
        scope = {
            **scope,
            "method": "GET" if method == "HEAD" else method,
            "headers": [(k, v) for k, v in scope["headers"] if not _is_claim(k)],
            "qa.route": route,
            "qa.request": request_id,
        }
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), route, request_id)
            await send(message)

        client = network(_address(scope))
        async with self._counted(method, route, request_id, client, lambda: status):
            try:
                app = self._shared if route is not None and route.is_shared else self._app
                if method == "OPTIONS" and app is self._shared and self._limits:
                    app = await self._over_limit(scope) or app
                await app(scope, receive, sent)
            except Exception as error:  # noqa: BLE001 - nothing about it may leave the server
                report(error, request_id)
                if not status:
                    await failure(request_id)(scope, receive, sent)

    async def _over_limit(self, scope: Scope) -> Response | None:
        """Why a preflight has to wait; None where it need not."""
        wait_s = await self._limits.request(_address(scope)) if self._limits else None
        return None if wait_s is None else _too_many(wait_s)

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

    @contextlib.asynccontextmanager
    async def _counted(
        self,
        method: str,
        route: Route | None,
        request_id: str,
        client: str,
        status: Callable[[], int],
    ) -> AsyncIterator[None]:
        """Count and log a request; ``status`` gives that of its answer once there is one."""
        started = time.perf_counter()
        self._metrics.open_requests.inc()
        try:
            yield
        finally:
            self._metrics.open_requests.dec()
            seconds = time.perf_counter() - started
            name = route.name if route else "none"
            self._metrics.requests.labels(name, str(status())).inc()
            self._metrics.request_seconds.labels(name).observe(seconds)
            is_refused = status() >= HTTPStatus.BAD_REQUEST
            is_broken = status() == HTTPStatus.INTERNAL_SERVER_ERROR
            # A page of the chat brings fifty files; those that came are not worth a line each.
            is_quiet = route is not None and route.kind == "file" and not is_refused
            if is_refused and not is_broken:
                is_quiet = not self._refusals.is_logged(client, status())
            _log.log(
                logging.DEBUG if is_quiet else logging.INFO,
                "request",
                extra={
                    "request": request_id,
                    "method": method,
                    "route": name,
                    "status": status(),
                    "ms": round(seconds * 1000, 1),
                },
            )


def _is_claim(name: bytes) -> bool:
    """Return whether a header says where a request came from, which Gradio would believe."""
    return name in _FORWARDED or name.startswith(b"x-gradio-")


class _TooLongError(Exception):
    """A request is longer than it may be."""


class Gate:
    """Lets a request in, or says why not: 404, 405, 408, 413, 421, 401, 429, 503."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        limits: Limits,
        is_full: Callable[[], bool] = lambda: False,
        page: Callable[[Scope, Response], Response] = lambda _, refusal: refusal,
    ) -> None:
        """``is_full`` says whether a question would be refused anyway: then it is at once.

        ``page`` gives a refusal as a person reads it.
        """
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
        address = _address(scope)
        is_one_too_many = not self._limits.enter(address)
        self._open += 1
        try:
            # First of all, or what is refused anyway could be asked for without limit.
            wait_s = await self._limits.request(address)
            refusal = None if wait_s is None else _too_many(wait_s)
            refusal = refusal or self._refusal(scope, address, is_one_too_many=is_one_too_many)
            refusal = refusal or await self._over_limit(scope, address)
            if refusal is None and scope["method"] == "POST":
                try:
                    receive = await self._arrived(receive, self._longest(scope["qa.route"]))
                    receive = await _checked(scope, receive)
                except _TooLongError as error:
                    refusal = problem(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error), headers=_CLOSE
                    )
                except PayloadError as error:
                    refusal = problem(error.status, str(error))
                except TimeoutError:
                    detail = "The request did not arrive in time. Send it again."
                    refusal = problem(HTTPStatus.REQUEST_TIMEOUT, detail, headers=_CLOSE)
            if refusal and scope["qa.route"] and scope["qa.route"].is_page:
                refusal = self._page(scope, refusal)
            await (refusal or self._app)(scope, receive, send)
        finally:
            self._open -= 1
            self._limits.leave(address)

    def _refusal(self, scope: Scope, address: str, *, is_one_too_many: bool) -> Response | None:
        """Why a request may not come in, by what its head says; None where it may."""
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
        if route.name == "/metrics" and not is_within(address, self._settings.metrics_from):
            return problem(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return self._too_busy(route, is_one_too_many=is_one_too_many)

    def _too_busy(self, route: Route, *, is_one_too_many: bool) -> Response | None:
        """Why a request has to come again later, whoever makes it; None where it need not."""
        if self._open > self._settings.max_connections or is_one_too_many:
            detail = "Too many requests are open. Try again shortly."
            return problem(
                HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after_s=_BUSY_S, headers=_CLOSE
            )
        if route.kind == "question" and self._is_full():
            detail = "The service is busy. Try again shortly."
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after_s=_BUSY_S)
        return None

    async def _over_limit(self, scope: Scope, address: str) -> Response | None:
        """Why a client has to wait, or needs a key; None where it may go on."""
        route: Route = scope["qa.route"]
        key = self._limits.key(Headers(scope=scope).get("authorization"))
        scope["qa.key"] = key
        if route.kind == "batch" and key is None:
            detail = 'A batch needs a key. Send "Authorization: Bearer KEY".'
            return problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})
        if route.kind != "question":
            return None
        wait_s = await self._limits.questions(address, key)
        return None if wait_s is None else _too_many(wait_s)

    def _longest(self, route: Route) -> int:
        factor = CONVERSATION if route.name == JOIN or route.kind == "batch" else 1
        return self._settings.max_body_bytes * factor

    async def _arrived(self, receive: Receive, most: int) -> Receive:
        """The request's whole body, as if it had come at once.

        Raises:
            _TooLongError: it is longer than ``most`` bytes.
            TimeoutError: it did not come in time.
        """
        body = bytearray()
        async with asyncio.timeout(self._settings.request_timeout_s):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if len(body) > most:
                    raise _TooLongError(f"The request is longer than {most:,} bytes. Send less.")
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    break
        whole: Message | None = {"type": "http.request", "body": bytes(body), "more_body": False}

        async def replayed() -> Message:
            nonlocal whole
            if whole is None:
                return await receive()
            message, whole = whole, None
            return message

        return replayed


def _address(scope: Scope) -> str:
    """The address of the client."""
    return scope["client"][0] if scope.get("client") else ""


def _too_many(wait_s: int) -> Response:
    """The answer to a client that has to wait so many seconds."""
    detail = f"Too many requests in the last minute. Try again in {wait_s} seconds."
    return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, retry_after_s=wait_s)


async def _checked(scope: Scope, receive: Receive) -> Receive:
    """Return the whole body as its route may have it: Gradio's routes get it written anew.

    Raises:
        PayloadError: it is none that the route takes.
    """
    message = await receive()
    headers = MutableHeaders(scope=scope)
    body = canonical(scope["qa.route"].name, headers, message.get("body", b""))
    headers["Content-Length"] = str(len(body))
    whole = iter([{**message, "body": body}])

    async def replayed() -> Message:
        return next(whole, None) or await receive()

    return replayed


def _name(host: str) -> str:
    """The name in a Host header, without its port; empty where it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _hosts(settings: Settings) -> set[str] | None:
    """The names the server answers to; None for any.

    A server on this machine alone answers to no other name, or any page a visitor opens could
    have its own name lead here and read the record through the visitor.
    """
    if settings.public_url:
        return {urlsplit(settings.public_url).hostname or "", *_LOOPBACK}
    return _LOOPBACK if settings.host in _LOOPBACK else None
