"""Limits that several servers share, and limits while Redis is away."""

import asyncio
import logging

import pytest
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from qa.errors import SettingsError
from qa.settings import Settings
from qa.web.server import limits as module
from qa.web.server.limits import Limits
from qa.web.server.metrics import Metrics
from serving import free_port


class Sometimes(SlidingWindowCounterRateLimiter):
    """Shared counts that can be unreachable."""

    def __init__(self):
        super().__init__(MemoryStorage())
        self.is_away = False
        self.tries = 0

    async def hit(self, *args, **kwargs):
        self.tries += 1
        if self.is_away:
            raise StorageError(ConnectionError("nobody there"))
        return await super().hit(*args, **kwargs)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless a test moves it."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def shared_limits(counter, metrics=None, **settings):
    given = Settings(limits_storage="redis://:sesame@127.0.0.1:1/0", **settings)
    limits = Limits(given, metrics)
    limits._shared.counter = counter
    return limits


async def admitted(limits, number):
    return [await limits.questions("192.0.2.1", None) is None for _ in range(number)]


def test_servers_that_share_count_together():
    async def outcome():
        counter = Sometimes()
        one, other = (shared_limits(counter, questions_per_minute=3) for _ in range(2))
        return await admitted(one, 2), await admitted(other, 2), await admitted(one, 1)

    assert asyncio.run(outcome()) == ([True, True], [True, False], [False])


def test_one_request_at_a_time_tries_a_redis_that_is_away(clock):
    shared = shared_limits(Sometimes())._shared
    shared.failed(StorageError(ConnectionError("nobody there")))
    clock[0] += 1
    assert [shared.is_due(), shared.is_due()] == [True, False]
    shared.worked()
    assert [shared.is_due(), shared.is_due()] == [True, True]


def test_while_redis_is_away_each_server_counts_alone_and_logs_it_once(clock, caplog):
    async def outcome():
        counter, metrics = Sometimes(), Metrics()
        limits = shared_limits(counter, metrics, questions_per_minute=3)
        counter.is_away = True
        alone = await admitted(limits, 4)
        first_tries = counter.tries
        clock[0] += 1
        await admitted(limits, 2)
        text = metrics.text()
        counter.is_away = False
        still_alone = await admitted(limits, 1)
        clock[0] += 1
        together = await admitted(limits, 4)
        return alone, (first_tries, counter.tries), still_alone, together, text, metrics.text()

    with caplog.at_level(logging.WARNING, logger="qa.web.server.limits"):
        alone, tries, still_alone, together, text, said_later = asyncio.run(outcome())
    assert (alone, still_alone) == ([True, True, True, False], [False])
    # One try at first, one a second later; and all once it is back.
    assert tries == (1, 2 + 4)
    assert together == [True, True, True, False]
    assert (b"qa_limits_alone 1.0" in text, b"qa_limits_alone 0.0" in said_later) == (True, True)
    assert [record.message for record in caplog.records] == [
        "limits_storage cannot be used, each server counts alone: nobody there",
        "limits_storage is used again: the servers count together",
    ]


def test_without_redis_questions_are_counted_and_the_password_is_not_disclosed(caplog):
    url = f"redis://:sesame@127.0.0.1:{free_port()}/0"
    limits = Limits(Settings(limits_storage=url, questions_per_minute=2))
    assert asyncio.run(admitted(limits, 3)) == [True, True, False]
    (record,) = [r for r in caplog.records if r.name == "qa.web.server.limits"]
    assert "each server counts alone" in record.message
    assert "sesame" not in caplog.text


def test_a_redis_that_does_not_reply_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(module, "_COUNTING_S", 0.01)

    async def for_ever(*_, **__):
        await asyncio.Event().wait()

    counter = Sometimes()
    counter.hit = for_ever
    limits = shared_limits(counter, questions_per_minute=2)
    assert asyncio.run(admitted(limits, 3)) == [True, True, False]


def test_records_that_share_a_redis_do_not_count_together():
    def prefix(**settings):
        given = Settings(limits_storage="redis://127.0.0.1:6379", **settings)
        return Limits(given)._shared.counter.storage.bridge.key_prefix

    one = prefix(public_url="https://ask.example.org/one", title="One", port=1)
    assert one == prefix(public_url="https://ask.example.org/one", title="Other", port=2)
    assert one != prefix(public_url="https://ask.example.org/other", title="One")
    assert prefix(title="One") != prefix(title="Other")


def test_an_address_that_redis_cannot_be_reached_by_is_refused_without_telling_it():
    with pytest.raises(SettingsError) as refusal:
        Limits(Settings(limits_storage="redis://127.0.0.1:1/0?socket_timeout=sesame"))
    assert "sesame" not in str(refusal.value)
    assert "limits_storage" in str(refusal.value)
