"""The server process: sockets, time limits, logs; the only user of uvicorn."""

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
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from qa.answer.ask import QA
from qa.feedback import FeedbackStore
from qa.settings import Settings
from qa.web.app import create_app
from qa.web.server.limits import OpenCounts, is_within
from qa.web.server.live import Live, Watch
from qa.web.server.metrics import Metrics

__all__ = ["serve"]

# Longest head of a request, in bytes.
_MOST_HEAD_BYTES = 32_768
# A client that takes no more of its answer for so long is let go.
_UNREAD_S = 30
# Longest a thread that answers keeps the interpreter while others want it (Python's own: 5 ms).
_SWITCH_S = 0.0005
# How much later than the guard the protocol itself lets a client go.
_LET_GO_S = 1
# What is said where no more can be connected; the guard is not reached.
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
    b"Retry-After: 2\r\nConnection: close\r\nContent-Length: 91\r\n\r\n"
    b'{"title":"Service Unavailable","status":503,"detail":"Too many are connected: come again."}'
)
# Files beside the connections: those of the index, and connections accepted at once that are
# refused right afterwards (uvicorn's backlog is 2,048).
_SPARE_FILES = 2_304
# What uvicorn says of each request that is no HTTP, or wants to be a WebSocket. Anybody can send
# those without limit; they are counted instead.
_ANYBODYS = ("Invalid HTTP request", "Unsupported upgrade request", "No supported WebSocket")
# How long open requests have to end when the server is told to stop. Chats hold theirs open.
_STOP_S = 5


def _is_ours(record: logging.LogRecord) -> bool:
    """Say whether a line of uvicorn's is logged."""
    return not record.getMessage().startswith(_ANYBODYS)


# A line of JSON for everything, on standard error. Nobody's words or address are in it.
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
    "filters": {"anybodys": {"()": lambda: _is_ours}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {
        "qa": {"level": "INFO"},
        "uvicorn": {"level": "WARNING", "propagate": True},
        "uvicorn.error": {"level": "WARNING", "filters": ["anybodys"]},
    },
    "root": {"level": "WARNING", "handlers": ["lines"]},
}


def serve(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Serve until told to stop; open requests are ended first.

    ``on_ready`` is called when all is loaded, before the first request.

    Raises:
        SnapshotError: there is no whole snapshot.
        EncoderError: the encoder cannot be loaded, or there is no such reader.
    """

    def opened() -> QA:
        return QA.configured(settings)

    # Nothing but ``live`` may hold on to what answers now: it goes when it is replaced.
    live = Live(
        opened(),
        max_waiting=settings.max_waiting,
        timeout_s=settings.request_timeout_s,
        log_questions=settings.log_questions,
        feedback=FeedbackStore(settings.feedback, settings.feedback_days)
        if settings.feedback
        else None,
    )
    app = create_app(live, settings, Watch(live, settings.index, opened))
    # What is there now stays; looking for rubbish need not look at it again.
    gc.collect()
    gc.freeze()
    # The thread that talks to everybody must not wait for those that answer.
    sys.setswitchinterval(_SWITCH_S)
    _raise_file_limit(_most_connections(settings) + _SPARE_FILES)
    on_ready()
    # uvicorn passes on the signal that stopped it once it has ended well.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        http=_protocol(settings, live.metrics),
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        server_header=False,
        timeout_graceful_shutdown=_STOP_S,
        access_log=False,
        log_config=_LOGGING,
    )


class _Timed(HttpToolsProtocol):
    """The protocol of uvicorn, for clients that mean harm.

    A request has to arrive whole in time, its head be only so long, and its answer be read; what
    comes on a connection and is no request keeps nothing open. Only so many may be connected, and
    of one client fewer. A trusted proxy is no client: it connects for many.
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
        is_one_too_many = self._is_client and not self.clients.enter(self._peer)
        if is_one_too_many or len(self.connections) > self.most_connections:
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
        """Refuse what is no HTTP; the guard never sees it, so it is counted here."""
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
        # The guard refuses a body that is late; here it is made sure that nobody waits for more.
        self._await(self.timeout_s + _LET_GO_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._await(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._late is None:
            self._await(self.timeout_keep_alive + self.timeout_s)
        if self.transport.get_write_buffer_size():
            self.loop.call_later(_UNREAD_S, self._give_up)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(_UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread:
            self._unread.cancel()

    def _await(self, seconds: float | None) -> None:
        """Wait so long for what has to come next, or not at all."""
        if self._late:
            self._late.cancel()
        self._late = self.loop.call_later(seconds, self.transport.abort) if seconds else None

    def _grow(self, number: int) -> None:
        self._head_bytes += number
        if self._head_bytes > _MOST_HEAD_BYTES:
            self.transport.abort()
            raise ValueError("The head of a request is too long.")  # ends the parser's work on it

    def _give_up(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()


def _most_connections(settings: Settings) -> int:
    """Return how many may be connected: those whose requests are open, and as many that wait."""
    return 2 * settings.max_connections


def _protocol(settings: Settings, metrics: Metrics) -> type[HttpToolsProtocol]:
    """The protocol as the settings have it; its connections are counted together."""
    # Whatever the settings say, one client cannot have all connections there are.
    of_one = min(settings.max_connections_per_client, settings.max_connections)
    given = {
        "timeout_s": settings.request_timeout_s,
        "most_connections": _most_connections(settings),
        "clients": OpenCounts(of_one),
        "proxies": settings.trusted_proxies,
        "metrics": metrics,
    }
    return type("Timed", (_Timed,), given)


def _raise_file_limit(wanted: int) -> None:
    """Let this process have as many connections as the settings say, where the system does."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
