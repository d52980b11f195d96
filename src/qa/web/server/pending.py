"""Results waiting for the browsers to fetch them, limited in bytes and age."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

__all__ = ["Pending"]

# A page fetches results within milliseconds of its event; a phone that loses its network may need
# some seconds to reconnect.
_UNREAD_S = 30.0
# How often an idle stream is written to, so that proxies keep it and lost clients are noticed.
_HEARTBEAT_S = 15.0
# A result is sent in pieces, so that little of it waits in buffers that are not counted.
_PIECE_BYTES = 65_536
# Bytes counted for a session beside its results; otherwise empty ones would be free.
_SESSION_BYTES = 1_024
# How many of the longest conversations may wait for one client, and for all.
_OF_CLIENT, _OF_ALL = 8, 64


@dataclass(slots=True)
class _Session:
    """The results of one page, oldest first, and the events that will have more."""

    name: str
    client: str
    messages: deque[bytes] = field(default_factory=deque)
    size: int = 0
    running: set[str] = field(default_factory=set)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    stream: object | None = None
    timer: asyncio.TimerHandle | None = None


class Pending:
    """The sessions with results to fetch.

    A session that nobody reads for half a minute is dropped. The results waiting for one client,
    and for all, are limited in bytes: beyond that the oldest session without a stream is dropped,
    of that client or of all; if every one has a stream, the one that has just grown.
    """

    def __init__(self, longest: int, unread_s: float = _UNREAD_S) -> None:
        """``longest`` is the most bytes of one conversation."""
        self._most_of_client = _OF_CLIENT * longest
        self._most = _OF_ALL * longest
        self._unread_s = unread_s
        self._sessions: dict[str, _Session] = {}
        self._held: Counter[str] = Counter()

    @property
    def held_bytes(self) -> int:
        """The bytes of all waiting results."""
        return self._held.total()

    def __contains__(self, name: str) -> bool:
        return name in self._sessions

    def join(self, name: str, client: str) -> str:
        """Start an event of the session; return its id."""
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = _Session(name, client)
            self._grow(session, _SESSION_BYTES)
            self._await_stream(session)
        event = uuid.uuid4().hex
        session.running.add(event)
        self._make_room(session)
        return event

    def put(self, name: str, event: str, message: bytes, *, is_last: bool) -> None:
        """Add a result of an event, unless its session was dropped."""
        session = self._sessions.get(name)
        if session is None or event not in session.running:
            return
        session.messages.append(message)
        self._grow(session, len(message))
        if is_last:
            session.running.discard(event)
        session.arrived.set()
        self._make_room(session)

    async def read(self, name: str, heartbeat: bytes, end: bytes) -> AsyncIterator[bytes]:
        """Yield the results of a session as they are made, ``end`` after the last.

        Yields ``heartbeat`` while there is nothing. A second stream ends the first. A result is
        held until the stream asks for the next one.
        """
        session = self._sessions.get(name)
        if session is None:
            return
        stream = session.stream = object()
        session.arrived.set()  # an earlier stream ends
        if session.timer:
            session.timer.cancel()
        try:
            while session.stream is stream and self._sessions.get(name) is session:
                if session.messages:
                    is_last = len(session.messages) == 1 and not session.running
                    for piece in _pieces(session.messages[0], end if is_last else b""):
                        yield piece
                    if session.stream is stream and session.messages:
                        self._grow(session, -len(session.messages.popleft()))
                    if is_last:  # the page closes the stream, and opens another for what follows
                        return
                elif not await _wait_for_result(session):
                    yield heartbeat
        finally:
            if session.stream is stream:
                self._leave(session)

    def _leave(self, session: _Session) -> None:
        """Note that a session has no stream; keep it for a while if there is more to read."""
        session.stream = None
        if session.messages or session.running:
            self._await_stream(session)
        else:
            self._drop(session)

    def _await_stream(self, session: _Session) -> None:
        loop = asyncio.get_running_loop()
        session.timer = loop.call_later(self._unread_s, self._drop, session)

    def _make_room(self, session: _Session) -> None:
        for client in (session.client, None):
            while self._is_over(client) and self._sessions.get(session.name) is session:
                unread = (
                    s
                    for s in self._sessions.values()
                    if s.stream is None and client in {None, s.client}
                )
                self._drop(next(unread, session))

    def _is_over(self, client: str | None) -> bool:
        if client is None:
            return self.held_bytes > self._most
        return self._held[client] > self._most_of_client

    def _grow(self, session: _Session, number: int) -> None:
        session.size += number
        self._held[session.client] += number

    def _drop(self, session: _Session) -> None:
        if self._sessions.get(session.name) is not session:
            return
        del self._sessions[session.name]
        self._grow(session, -session.size)
        if not self._held[session.client]:
            del self._held[session.client]
        if session.timer:
            session.timer.cancel()
        session.messages.clear()
        session.running.clear()
        session.arrived.set()  # its stream ends


async def _wait_for_result(session: _Session) -> bool:
    """Wait for a result or the end of the session; return whether one came in time."""
    session.arrived.clear()
    try:
        return await asyncio.wait_for(session.arrived.wait(), _HEARTBEAT_S)
    except TimeoutError:
        return False


def _pieces(message: bytes, end: bytes) -> Iterator[bytes]:
    """Yield a message in pieces, the last with ``end``, so that the page gets both at once."""
    starts = range(0, len(message), _PIECE_BYTES)
    for start in starts:
        piece = message[start : start + _PIECE_BYTES]
        yield piece + end if start == starts[-1] else piece
