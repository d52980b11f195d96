"""Connections per client: a client that opens many does not lock out others."""

import contextlib
import copy
import logging
import logging.config
import socket
import threading

import pytest
import uvicorn

from patience import HANG_S, wait_until
from qa.settings import Settings
from qa.web.server.metrics import Metrics
from qa.web.server.server import _LOGGING, _protocol

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def app(scope, receive, send):
    """Answer any request."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"fine"})


@contextlib.contextmanager
def served(**settings):
    """Run the server's protocol with these settings; yield its port and metrics."""
    metrics = Metrics()
    config = uvicorn.Config(
        app,
        port=0,
        http=_protocol(Settings(**settings), metrics),
        lifespan="off",
        ws="none",
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, thread.is_alive)
        yield server.servers[0].sockets[0].getsockname()[1], metrics
    finally:
        server.should_exit = True
        thread.join()


def connected(port, address):
    """Connect from an address of this machine."""
    sock = socket.create_connection(("127.0.0.1", port), HANG_S, (address, 0))
    sock.settimeout(HANG_S)
    return sock


def answer(port, address, sent=HEAD + b"Connection: close\r\n\r\n"):
    """Return the status line that a new connection gets."""
    with connected(port, address) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(sent)
        came = b""
        with contextlib.suppress(ConnectionError):
            while more := sock.recv(65_536):
                came += more
    return came.partition(b"\r\n")[0].decode()


def refused(metrics):
    lines = metrics.text().decode().split("\n")
    name = "qa_connections_refused_total "
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "half a head"])
@pytest.mark.parametrize(
    "settings",
    [{"max_connections_per_client": 5}, {"max_connections": 8}],
    ids=["a client's share", "half of all"],
)
def test_a_client_with_all_its_connections_open_does_not_lock_out_others(sent, settings):
    with served(**settings) as (port, metrics), contextlib.ExitStack() as held:
        most = settings.get("max_connections_per_client", 8)
        socks = [held.enter_context(connected(port, "127.0.0.2")) for _ in range(40)]
        for sock in socks[:most]:
            sock.sendall(sent)
        statuses = [sock.recv(12) for sock in socks[most:]]
        assert statuses == [b"HTTP/1.1 503"] * (40 - most)
        assert refused(metrics) == 40 - most
        assert answer(port, "127.0.0.3") == "HTTP/1.1 200 OK"
        for sock in socks:
            sock.close()
        wait_until(lambda: answer(port, "127.0.0.2") == "HTTP/1.1 200 OK")


def test_connections_of_a_trusted_proxy_are_not_limited():
    settings = {"max_connections_per_client": 3, "trusted_proxies": ["127.0.0.2"]}
    with served(**settings) as (port, metrics), contextlib.ExitStack() as held:
        for _ in range(12):
            held.enter_context(connected(port, "127.0.0.2"))
        assert answer(port, "127.0.0.2") == "HTTP/1.1 200 OK"
        for _ in range(3):
            held.enter_context(connected(port, "127.0.0.3"))
        assert answer(port, "127.0.0.3").startswith("HTTP/1.1 503")
        assert refused(metrics) == 1


def test_a_connection_that_asks_nothing_is_closed():
    with served(request_timeout_s=0.1) as (port, _), connected(port, "127.0.0.2") as sock:
        assert sock.recv(1) == b""


def test_requests_that_are_not_http_are_counted_and_not_logged():
    kept = []

    class Lines(logging.Handler):
        def emit(self, record):
            kept.append(record.getMessage())

    settings = copy.deepcopy(_LOGGING)
    settings["handlers"]["lines"] = {"()": Lines}
    upgrade = HEAD + b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n"
    before = logging.root.handlers[:], logging.root.level
    try:
        logging.config.dictConfig(settings)
        with served() as (port, metrics):
            assert answer(port, "127.0.0.2", b"nonsense\r\n\r\n") == "HTTP/1.1 400 Bad Request"
            upgraded = answer(port, "127.0.0.2", upgrade + b"Sec-WebSocket-Version: 13\r\n\r\n")
            logging.getLogger("uvicorn.error").error("something else")
            text = metrics.text().decode()
    finally:
        logging.root.handlers[:], logging.root.level = before
        logging.getLogger("uvicorn.error").filters.clear()
    assert 'qa_requests_total{route="none",status="400"} 1.0' in text
    assert upgraded == "HTTP/1.1 200 OK"
    assert [line for line in kept if "something" in line] == ["something else"]
    assert [line for line in kept if "request" in line.lower() or "WebSocket" in line] == []
