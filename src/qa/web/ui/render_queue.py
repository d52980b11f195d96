"""Rendered documents: one at a time, cached, and sent in pieces."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Generic, NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from qa.errors import OverloadError

__all__ = ["Content", "LRUCache", "RenderQueue", "content_response"]

Value = TypeVar("Value")

# Memory for rendered pages and documents, and as much again for the bodies of pages, in bytes. A
# day of a parliament is 2 MB.
_CACHE_BYTES = 32 * 1024 * 1024
# A response is sent in pieces of this size, each once the client has taken the one before, so that
# a long one delays nobody and fills no buffer. The size that asyncio buffers of a connection.
_PIECE_BYTES = 64 * 1024


class Content(NamedTuple):
    """The body of a response and its ETag."""

    body: bytes
    tag: str


class LRUCache(Generic[Value]):
    """The values used last, up to so many bytes, but always the last one. Thread-safe."""

    def __init__(self, most_bytes: int = _CACHE_BYTES) -> None:
        self._most = most_bytes
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The bytes of all values."""
        return self._bytes

    def get(self, key: Hashable) -> Value | None:
        """Return the value of a key, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Add a value of ``size`` bytes; evict the least recently used ones."""
        with self._lock:
            self._bytes += size - self._values.get(key, (value, 0))[1]
            self._values[key] = value, size
            self._values.move_to_end(key)
            while self._bytes > self._most and len(self._values) > 1:
                self._bytes -= self._values.popitem(last=False)[1][1]


class RenderQueue:
    """Renders documents one at a time, and caches them.

    One thread renders, so that rendering takes at most one processor from questions. Each client
    has at most one document in the queue, so that nobody waits for more than one document of
    every other client.
    """

    def __init__(self, timeout_s: float) -> None:
        """Limit the wait for a document, its turn included, to ``timeout_s``."""
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")
        self._cache: LRUCache[Content] = LRUCache()
        self._turns: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    async def get(
        self, key: Hashable, client: str, render: Callable[[], bytes | None]
    ) -> Content | None:
        """Return the result of ``render``, cached by ``key`` unless it is None.

        Raises:
            OverloadError: it took too long.
        """
        cached = self._cache.get(key)
        if cached is not None:
            return cached

        def render_once() -> Content | None:
            cached = self._cache.get(key)  # another client may have waited for the same
            body = None if cached else render()
            if body is None:
                return cached
            content = Content(body, f'"{hashlib.sha256(body).hexdigest()}"')
            self._cache.put(key, content, len(body))
            return content

        try:
            async with asyncio.timeout(self._timeout_s), self._turn(client):
                return await asyncio.get_running_loop().run_in_executor(self._thread, render_once)
        except TimeoutError as error:
            raise OverloadError("The document took too long. Try again shortly.") from error

    @asynccontextmanager
    async def _turn(self, client: str) -> AsyncIterator[None]:
        """Wait for the client's previous document."""
        turn = self._turns.setdefault(client, asyncio.Lock())
        self._waiting[client] += 1
        try:
            async with turn:
                yield
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client], self._turns[client]


def content_response(
    content: Content, media_type: str, headers: Mapping[str, str], request: Request
) -> Response:
    """Return the response with ``content``, or 304 if the client has it already."""
    tagged = {**headers, "ETag": content.tag}
    names = request.headers.get("if-none-match", "").split(",")
    tags = {name.strip().removeprefix("W/") for name in names}
    if content.tag in tags or "*" in tags:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=tagged)
    return _InPieces(content.body, headers=tagged, media_type=media_type)


class _InPieces(Response):
    """A response that is sent piece by piece."""

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Send it."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        body = memoryview(self.body)
        for at in range(0, max(1, len(body)), _PIECE_BYTES):
            end = at + _PIECE_BYTES
            piece = bytes(body[at:end])
            more = end < len(body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
            if more:  # let shorter responses go first
                await asyncio.sleep(0)
