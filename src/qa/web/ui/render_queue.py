"""Documents as they are sent: made one at a time, kept in memory, and sent in pieces."""

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
from qa.web.server.limits import network

__all__ = ["Content", "Kept", "Rendered", "answer", "client_of"]

Thing = TypeVar("Thing")

# Memory for pages and documents as they are sent, and as much again for the parts that pages are
# put together from, in bytes. A day of a parliament is 2 MB.
_KEPT_BYTES = 32 * 1024 * 1024
# A response is handed over in pieces of this size, each when the one before has been taken, so
# that a long one holds up nobody and waits in no buffer. What asyncio buffers of a connection.
_PIECE_BYTES = 64 * 1024


class Content(NamedTuple):
    """What is sent of a document, and its ETag."""

    body: bytes
    tag: str


class Kept(Generic[Thing]):
    """The things used last, up to so many bytes, the last one whatever its size. Thread-safe."""

    def __init__(self, most_bytes: int = _KEPT_BYTES) -> None:
        self._most = most_bytes
        self._things: OrderedDict[Hashable, tuple[Thing, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The bytes that are kept."""
        return self._bytes

    def get(self, key: Hashable) -> Thing | None:
        """The thing kept under a key, or None."""
        with self._lock:
            if key not in self._things:
                return None
            self._things.move_to_end(key)
            return self._things[key][0]

    def put(self, key: Hashable, thing: Thing, size: int) -> None:
        """Keep a thing of so many bytes; those used longest ago go."""
        with self._lock:
            self._bytes += size - self._things.get(key, (thing, 0))[1]
            self._things[key] = thing, size
            self._things.move_to_end(key)
            while self._bytes > self._most and len(self._things) > 1:
                self._bytes -= self._things.popitem(last=False)[1][1]


class Rendered:
    """What is rendered of documents, as bytes.

    One thing is rendered at a time, in a thread of its own, so that rendering takes at most the
    time of one processor from those who ask. Each client has one thing rendered or next in the
    queue, so that nobody waits longer than for one thing of every other client.
    """

    def __init__(self, timeout_s: float) -> None:
        """``timeout_s`` is the longest to wait for a thing, its turn included."""
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")
        self._kept: Kept[Content] = Kept()
        self._turns: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    async def get(
        self, key: Hashable, client: str, render: Callable[[], bytes | None]
    ) -> Content | None:
        """What ``render`` gives, or gave under the same key; None is not kept.

        Raises:
            OverloadError: it took too long.
        """
        kept = self._kept.get(key)
        if kept is not None:
            return kept

        def rendered() -> Content | None:
            kept = self._kept.get(key)  # another client may have waited for the same
            body = None if kept else render()
            if body is None:
                return kept
            content = Content(body, f'"{hashlib.sha256(body).hexdigest()}"')
            self._kept.put(key, content, len(body))
            return content

        try:
            async with asyncio.timeout(self._timeout_s), self._turn(client):
                return await asyncio.get_running_loop().run_in_executor(self._thread, rendered)
        except TimeoutError as error:
            raise OverloadError("The document took too long: ask again shortly.") from error

    @asynccontextmanager
    async def _turn(self, client: str) -> AsyncIterator[None]:
        """Wait until nothing else is rendered for a client."""
        turn = self._turns.setdefault(client, asyncio.Lock())
        self._waiting[client] += 1
        try:
            async with turn:
                yield
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client], self._turns[client]


def client_of(request: Request) -> str:
    """The client who makes a request, as limits count clients."""
    return network(request.client.host if request.client else "")


def answer(
    content: Content, media_type: str, headers: Mapping[str, str], if_none_match: str | None
) -> Response:
    """The response with some content, or 304 where the client says that it has it."""
    given = {**headers, "ETag": content.tag}
    if _is_matched(if_none_match, content.tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=given)
    return _InPieces(content.body, headers=given, media_type=media_type)


def _is_matched(header: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header names the tag."""
    named = {part.strip().removeprefix("W/") for part in (header or "").split(",")}
    return tag in named or "*" in named


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
            if more:  # those who wait for less come in between
                await asyncio.sleep(0)
