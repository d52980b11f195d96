"""The server process: sockets, timeouts and logs; the only user of uvicorn."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from asyncio import TimerHandle
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from qa.settings import Settings
from qa.web.server.limits import OpenCounts, is_within
from qa.web.server.metrics import Metrics

__all__ = ["run"]

# Longest head of a request, in bytes.
_MOST_HEAD_BYTES = 32_768
# A client that reads none of its response for so long is disconnected.
_UNREAD_S = 30
# Longest a thread keeps the interpreter while others wait for it (Python's default: 5 ms).
_SWITCH_S = 0.0005
# The guard refuses a late body; the protocol disconnects its client so much later.
_GRACE_S = 1
# The response where no more clients may connect; the guard is not reached.
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
    b"Retry-After: 2\r\nConnection: close\r\nContent-Length: 93\r\n\r\n"
    b'{"title":"Service Unavailable","status":503,"detail":"Too many connections. Try again soon."}'
)
# File descriptors beside those of connections: the index, and connections that are accepted only
# to be refused (uvicorn's backlog is 2,048).
_SPARE_FILES = 2_304
# uvicorn's messages about requests that are not HTTP, or ask for a WebSocket. Anybody can send
# those without limit, so they are counted and not logged.
_UNLOGGED = ("Invalid HTTP request", "Unsupported upgrade request", "No supported WebSocket")
# How long open requests have to finish when the server stops. Chats hold theirs open.
_STOP_S = 5


def _is_logged(record: logging.LogRecord) -> bool:
    """Return whether a message of uvicorn's is logged."""
    return not record.getMessage().startswith(_UNLOGGED)


# One line of JSON per event, on standard error, without questions or addresses of visitors.
_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "%(levelname)s %(name)s %(message)s",
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
            "json_ensure_ascii": False,
        }
    },
    "filters": {"logged": {"()": lambda: _is_logged}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {
        "qa": {"level": "INFO"},
        "uvicorn": {"level": "WARNING", "propagate": True},
        "uvicorn.error": {"level": "WARNING", "filters": ["logged"]},
    },
    "root": {"level": "WARNING", "handlers": ["lines"]},
}


def run(app: ASGIApp, settings: Settings, metrics: Metrics, on_ready: Callable[[], None]) -> None:
    """Run the application until told to stop; call ``on_ready`` before the first request."""
    # Everything loaded so far stays, so the garbage collector need not look at it again.
    gc.collect()
    gc.freeze()
    # The event loop must not wait for threads that answer questions.
    sys.setswitchinterval(_SWITCH_S)
    _raise_file_limit(_most_connections(settings) + _SPARE_FILES)
    on_ready()
    # uvicorn raises the signal that stopped it again after a clean shutdown.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        http=_protocol(settings, metrics),
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        server_header=False,
        timeout_graceful_shutdown=_STOP_S,
        access_log=False,
        log_config=_LOGGING,
    )


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol with limits for hostile clients.

    A request has to arrive in time, its head is limited, and its response has to be read.
    Connections are limited in all and per client; a trusted proxy connects for many clients and
    is not limited.
    """

    timeout_s = 10.0
    most_connections = 2_000
    clients: OpenCounts
    proxies: tuple[IPv4Network | IPv6Network, ...]
    metrics: Metrics

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._late: TimerHandle | None = None
        self._unread: TimerHandle | None = None
        self._head_bytes = 0
        self._peer = self.client[0] if self.client else ""
        self._is_client = not is_within(self._peer, self.proxies)
        is_over_limit = self._is_client and not self.clients.enter(self._peer)
        if is_over_limit or len(self.connections) > self.most_connections:
            self.metrics.refused_connections.inc()
            transport.write(_FULL)
            transport.close()
        else:
            self._await(self.timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None)
        if self._is_client:
            self.clients.leave(self._peer)
        if self._unread:
            self._unread.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, and count it: the guard never sees it."""
        self.metrics.requests.labels("none", "400").inc()
        super().send_400_response(msg)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._await(self.timeout_s)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._grow(len(name) + len(value))

    def on_headers_complete(self) -> None:
        self._await(self.timeout_s + _GRACE_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._await(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._late is None:
            self._await(self.timeout_keep_alive + self.timeout_s)
        if self.transport.get_write_buffer_size():
            self.loop.call_later(_UNREAD_S, self._abort_unread)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(_UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread:
            self._unread.cancel()

    def _await(self, seconds: float | None) -> None:
        """Restart the timeout for the next input, or end it."""
        if self._late:
            self._late.cancel()
        self._late = self.loop.call_later(seconds, self.transport.abort) if seconds else None

    def _grow(self, number: int) -> None:
        self._head_bytes += number
        if self._head_bytes > _MOST_HEAD_BYTES:
            self.transport.abort()
            raise ValueError("The head of a request is too long.")  # ends the parser's work on it

    def _abort_unread(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()


def _most_connections(settings: Settings) -> int:
    """Return the limit of connections: those with open requests, and as many idle ones."""
    return 2 * settings.max_connections


def _protocol(settings: Settings, metrics: Metrics) -> type[HttpToolsProtocol]:
    """Return the protocol class for these settings; its connections are counted together."""
    # Whatever the settings say, one client cannot take all connections.
    of_one = min(settings.max_connections_per_client, settings.max_connections)
    attributes = {
        "timeout_s": settings.request_timeout_s,
        "most_connections": _most_connections(settings),
        "clients": OpenCounts(of_one),
        "proxies": settings.trusted_proxies,
        "metrics": metrics,
    }
    return type("LimitedProtocol", (_Protocol,), attributes)


def _raise_file_limit(wanted: int) -> None:
    """Raise the limit of open files to ``wanted``, or as far as the system allows."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
