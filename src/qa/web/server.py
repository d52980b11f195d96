"""The server process: sockets, time limits, logs; the only user of uvicorn."""

from __future__ import annotations

import gc
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from qa.answer.ask import QA
from qa.settings import Settings
from qa.web.app import create_app
from qa.web.feedback import Feedback
from qa.web.live import Live, Watch

__all__ = ["serve"]

# Longest head of a request, in bytes.
_MOST_HEAD_BYTES = 32_768
# A client that takes no more of its answer for so long is let go.
_UNREAD_S = 30
# How long open requests have to end when the server is told to stop. Chats hold theirs open.
_STOP_S = 5

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
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {
        "qa": {"level": "INFO"},
        "uvicorn": {"level": "WARNING", "propagate": True},
        "uvicorn.error": {"level": "WARNING"},
    },
    "root": {"level": "WARNING", "handlers": ["lines"]},
}


def serve(qa: QA, settings: Settings) -> None:
    """Serve until told to stop; open requests are ended first."""
    live = Live(
        qa,
        max_waiting=settings.max_waiting,
        timeout_s=settings.request_timeout_s,
        log_questions=settings.log_questions,
        feedback=Feedback(settings.feedback, settings.feedback_days) if settings.feedback else None,
    )
    watch = Watch(live, settings.index, lambda: QA.configured(settings))
    app = create_app(live, settings, watch)
    # What is there now stays; looking for rubbish need not look at it again.
    gc.collect()
    gc.freeze()
    _raise_file_limit(2 * settings.max_connections)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        http=type("Timed", (_Timed,), {"timeout_s": settings.request_timeout_s}),
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        server_header=False,
        limit_concurrency=2 * settings.max_connections,
        timeout_graceful_shutdown=_STOP_S,
        access_log=False,
        log_config=_LOGGING,
    )


class _Timed(HttpToolsProtocol):
    """The protocol of uvicorn, but a request's head may take only so long, and be only so long."""

    timeout_s = 10.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._late.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._late.cancel()
        self._await_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._grow(len(name) + len(value))

    def on_headers_complete(self) -> None:
        self._late.cancel()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(_UNREAD_S, self._give_up)

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._late = self.loop.call_later(self.timeout_s, self.transport.abort)

    def _grow(self, number: int) -> None:
        self._head_bytes += number
        if self._head_bytes > _MOST_HEAD_BYTES:
            self.transport.abort()

    def _give_up(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()


def _raise_file_limit(wanted: int) -> None:
    """Let this process have as many connections as the settings say, where the system does."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
