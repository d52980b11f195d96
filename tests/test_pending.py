"""Pending results are sent in order, and dropped by age and by bytes."""

import asyncio
import contextlib

import pytest

from qa.web.server.pending import Pending

LONGEST = 2_048  # 16 kB for a client, 128 kB for all
HEARTBEAT, END = b"heartbeat", b"!"


def running(steps):
    """Run the steps of a test in an event loop."""
    asyncio.run(steps())


async def turns(number=5):
    """Let every due callback run."""
    for _ in range(number):
        await asyncio.sleep(0)


async def fetched(pending, name):
    return [part async for part in pending.read(name, HEARTBEAT, END)]


def test_results_come_in_order_and_the_last_ends_the_session():
    async def steps():
        pending = Pending(LONGEST)
        event = pending.join("a", "client")
        reading = asyncio.create_task(fetched(pending, "a"))
        await turns()
        pending.put("a", event, b"one", is_last=False)
        await turns()
        assert pending.held_bytes == 1_024  # what was sent counts no more
        pending.put("a", event, b"two", is_last=True)
        assert await reading == [b"one", b"two!"]
        assert "a" not in pending
        assert pending.held_bytes == 0

    running(steps)


def test_a_session_ends_with_its_last_event():
    async def steps():
        pending = Pending(LONGEST)
        first, second = pending.join("a", "client"), pending.join("a", "client")
        pending.put("a", second, b"second", is_last=True)
        reading = asyncio.create_task(fetched(pending, "a"))
        await turns()
        assert not reading.done()
        pending.put("a", first, b"first", is_last=True)
        assert await reading == [b"second", b"first!"]

    running(steps)


def test_a_long_result_comes_in_pieces_and_its_end_with_the_last():
    async def steps():
        pending = Pending(100_000)
        event = pending.join("a", "client")
        message = bytes(range(256)) * 600
        pending.put("a", event, message, is_last=True)
        pieces = await fetched(pending, "a")
        assert [len(piece) for piece in pieces] == [65_536, 65_536, 22_529]
        assert b"".join(pieces) == message + END

    running(steps)


def test_an_event_that_begins_while_the_last_is_sent_is_left_for_the_next_stream():
    async def steps():
        pending = Pending(LONGEST)
        event = pending.join("a", "client")
        pending.put("a", event, b"one", is_last=True)
        stream = pending.read("a", HEARTBEAT, END)
        assert await anext(stream) == b"one!"
        event = pending.join("a", "client")
        pending.put("a", event, b"two", is_last=True)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        assert await fetched(pending, "a") == [b"two!"]

    running(steps)


def test_an_unknown_session_gives_nothing():
    async def steps():
        assert await fetched(Pending(LONGEST), "a") == []

    running(steps)


def test_an_unfetched_session_is_dropped_and_its_event_ends_silently():
    async def steps():
        pending = Pending(LONGEST, unread_s=0)
        event = pending.join("a", "client")
        pending.put("a", event, b"x" * 100, is_last=False)
        assert pending.held_bytes == 1_124
        await asyncio.sleep(0.01)
        assert "a" not in pending
        assert pending.held_bytes == 0
        pending.put("a", event, b"x" * 100, is_last=True)
        assert pending.held_bytes == 0

    running(steps)


def test_a_session_with_a_stream_is_not_dropped_by_age():
    async def steps():
        pending = Pending(LONGEST, unread_s=0)
        event = pending.join("a", "client")
        reading = asyncio.create_task(fetched(pending, "a"))
        await asyncio.sleep(0.01)
        pending.put("a", event, b"late", is_last=True)
        assert await reading == [b"late!"]

    running(steps)


def test_an_ended_stream_leaves_the_rest_for_the_next_one_for_a_while():
    async def steps():
        pending = Pending(LONGEST)
        event = pending.join("a", "client")
        pending.put("a", event, b"one", is_last=False)
        stream = pending.read("a", HEARTBEAT, END)
        assert await anext(stream) == b"one"
        await stream.aclose()
        pending.put("a", event, b"two", is_last=True)
        assert await fetched(pending, "a") == [b"one", b"two!"]
        assert pending.held_bytes == 0

    running(steps)


def test_a_second_stream_ends_the_first():
    async def steps():
        pending = Pending(LONGEST)
        event = pending.join("a", "client")
        earlier = asyncio.create_task(fetched(pending, "a"))
        await turns()
        later = asyncio.create_task(fetched(pending, "a"))
        await turns()
        assert await earlier == []
        pending.put("a", event, b"one", is_last=True)
        assert await later == [b"one!"]

    running(steps)


def filled(pending, name, client, size):
    event = pending.join(name, client)
    pending.put(name, event, b"x" * size, is_last=True)


def test_a_client_holds_so_many_bytes_and_the_oldest_goes_first():
    async def steps():
        pending = Pending(LONGEST)
        filled(pending, "other", "another", 6_000)
        for name in "abc":
            filled(pending, name, "client", 6_000)
        assert [name in pending for name in ("other", "a", "b", "c")] == [True, False, True, True]
        assert pending.held_bytes == 3 * 7_024

    running(steps)


def test_all_clients_hold_so_many_bytes_and_the_oldest_goes_first():
    async def steps():
        pending = Pending(LONGEST)
        for number in range(30):
            filled(pending, f"s{number}", f"client {number}", 9_000)
        assert [n for n in range(30) if f"s{n}" in pending] == [*range(17, 30)]
        assert pending.held_bytes == 13 * 10_024
        assert pending.held_bytes <= 64 * LONGEST

    running(steps)


def test_sessions_with_a_stream_are_not_dropped_for_room():
    async def steps():
        pending = Pending(LONGEST)
        filled(pending, "a", "client", 10_000)
        stream = pending.read("a", HEARTBEAT, END)
        await anext(stream)
        filled(pending, "b", "client", 10_000)
        assert ["a" in pending, "b" in pending] == [True, False]
        await stream.aclose()

    running(steps)


def test_a_stream_too_slow_for_its_results_loses_them():
    async def steps():
        pending = Pending(LONGEST)
        first, second = pending.join("a", "client"), pending.join("a", "client")
        pending.put("a", first, b"x" * 9_000, is_last=True)
        stream = pending.read("a", HEARTBEAT, END)
        await anext(stream)
        pending.put("a", second, b"x" * 9_000, is_last=True)
        assert "a" not in pending
        assert pending.held_bytes == 0
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    running(steps)


def test_empty_sessions_are_limited_too():
    async def steps():
        pending = Pending(LONGEST)
        for number in range(1_000):
            pending.join(f"s{number}", "client")
        assert pending.held_bytes == 16 * 1_024
        assert "s984" in pending
        assert "s983" not in pending

    running(steps)


def test_a_waiting_stream_gets_heartbeats(monkeypatch):
    monkeypatch.setattr("qa.web.server.pending._HEARTBEAT_S", 0)

    async def steps():
        pending = Pending(LONGEST)
        event = pending.join("a", "client")
        stream = pending.read("a", HEARTBEAT, END)
        assert await anext(stream) == HEARTBEAT
        pending.put("a", event, b"one", is_last=True)
        with contextlib.suppress(StopAsyncIteration):
            pieces = [await anext(stream)]
            while not pieces[-1].endswith(END):
                pieces.append(await anext(stream))
        assert pieces[-1] == b"one!"

    running(steps)
