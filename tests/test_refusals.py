"""Refused requests count against the limits, and a flood of them is a few lines of the log."""

import asyncio
import logging

import pytest

from qa.settings import Settings
from qa.web.server import refusals
from qa.web.server.guard import Envelope, Gate
from qa.web.server.limits import Limits
from qa.web.server.metrics import Metrics
from qa.web.server.refusals import RefusalLog
from test_guard import fine, send_request

REFUSED = [("/none", "GET", 404), ("/answer", "DELETE", 405), ("/metrics", "GET", 404)]


def served(app=fine, **settings):
    """Return the guard around an application, and its metrics."""
    given, metrics = Settings(**settings), Metrics()
    limits = Limits(given)
    return Envelope(Gate(app, given, limits), given, metrics, limits), metrics


def statuses(app, number, **request):
    async def all_of_them():
        return [(await send_request(app, **request))[0] for _ in range(number)]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(("path", "method", "status"), REFUSED)
def test_refused_requests_count_against_the_limit(path, method, status):
    app, _ = served(requests_per_minute=3)
    assert statuses(app, 5, path=path, method=method) == [status] * 3 + [429] * 2
    assert statuses(app, 1) == [429]
    assert statuses(app, 1, address="192.0.2.9") == [200]


def test_requests_for_another_host_are_limited(make_live, make_client):
    client = make_client(make_live({"tea": "Tea is hot."}), requests_per_minute=3)
    host = {"Host": "evil.example"}
    codes = [client.get("/healthz", headers=host).status_code for _ in range(5)]
    assert codes == [421] * 3 + [429] * 2


def test_preflights_of_browsers_are_limited():
    app, _ = served(requests_per_minute=3, allowed_origins=["https://www.example.org"])
    preflight = [
        (b"origin", b"https://www.example.org"),
        (b"access-control-request-method", b"POST"),
    ]
    results = statuses(app, 5, path="/api/v1/ask", method="OPTIONS", headers=preflight)
    assert results == [200] * 3 + [429] * 2


def lines(caplog):
    return [record for record in caplog.records if record.name.startswith("qa.web")]


@pytest.mark.parametrize("limit", [10_000, 50], ids=["404", "404 and 429"])
def test_a_flood_is_a_few_lines_and_counted_whole(caplog, monkeypatch, limit):
    app, metrics = served(requests_per_minute=limit)

    async def flood():
        # However long it takes, the interval ends when all is asked.
        ends = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "call_later", lambda _, *end: ends.append(end))
        for _ in range(200):
            await send_request(app, path="/none")
        for end, *given in ends:
            end(*given)

    with caplog.at_level(logging.INFO, logger="qa.web"):
        asyncio.run(flood())
    own = [r for r in lines(caplog) if r.getMessage() == "request"]
    summed = [r for r in lines(caplog) if r.getMessage() == refusals._SUMMED]
    assert len(own) + sum(record.count for record in summed) == 200
    assert len(own) == refusals._LINES
    assert len(summed) == 1
    assert all("192.0.2.1" not in str(vars(record)) for record in lines(caplog))
    text = metrics.text().decode()
    counted = [float(x.split()[-1]) for x in text.split("\n") if x.startswith("qa_requests_total")]
    assert sum(counted) == 200


def test_the_first_refusals_of_a_client_have_a_line_each_and_the_rest_one_together(caplog):
    async def all_of_them():
        log = RefusalLog()
        is_logged = [log.is_logged("a", 404) for _ in range(7)] + [log.is_logged("a", 429)]
        other = log.is_logged("b", 404)
        log.flush()
        return is_logged, other, log.is_logged("a", 404)

    with caplog.at_level(logging.INFO, logger="qa.web"):
        is_logged, other, afterwards = asyncio.run(all_of_them())
    assert (is_logged, other, afterwards) == ([True] * 5 + [False] * 3, True, True)
    (summed,) = lines(caplog)
    assert (summed.count, summed.statuses) == (3, {"404": 2, "429": 1})


def test_clients_without_number_are_summed_up_together(caplog, monkeypatch):
    monkeypatch.setattr(refusals, "_MOST_CLIENTS", 3)

    async def all_of_them():
        log = RefusalLog()
        is_logged = [log.is_logged(f"client {number}", 404) for number in range(20)]
        kept = len(log._lines)
        log.flush()
        return is_logged.count(True), kept

    with caplog.at_level(logging.INFO, logger="qa.web"):
        assert asyncio.run(all_of_them()) == (8, 4)
    assert [record.count for record in lines(caplog)] == [12]


def test_server_errors_are_always_logged(caplog):
    async def fails(scope, receive, send):
        raise RuntimeError("x")

    app, _ = served(fails)
    with caplog.at_level(logging.INFO, logger="qa.web"):
        assert statuses(app, 20) == [500] * 20
    assert [r.getMessage() for r in lines(caplog)].count("request") == 20
