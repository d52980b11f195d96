"""The server process: new snapshots, shutdown, slow clients, log, root path."""

import concurrent.futures
import contextlib
import hashlib
import html
import http.client
import http.server
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import pytest

from patience import HANG_S, wait_until
from qa.index.snapshot import live_digest
from serving import _await_health, free_port, indexed, serving

pytestmark = [pytest.mark.slow, pytest.mark.server]

QUESTION = "what are the main considerations behind the Opinions"
DOCUMENT = "2022-07-21-recently-27-government-departments-including-mofcom-issued"
VISITOR = "203.0.113.77"
KEY = "a key for this test"
LONG_BODY = b"x" * 200_000


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The seed's record and index; tests that change it copy it."""
    return indexed(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def served(home, tmp_path_factory):
    """A folder with a record, and the address of a server that logs no question."""
    own = shutil.copytree(home, tmp_path_factory.mktemp("served") / "home")
    with serving(own, trusted_proxies=["127.0.0.1"], questions_per_minute=100_000) as address:
        yield own, address


@pytest.fixture(scope="module")
def strict(home, tmp_path_factory):
    """The same with short timeouts, short bodies and questions in the log."""
    own = shutil.copytree(home, tmp_path_factory.mktemp("strict") / "home")
    settings = {"request_timeout_s": 2, "max_body_bytes": 2048, "max_connections": 16}
    with serving(own, log_questions="true", **settings) as address:
        yield own, address


def fetched(url, body=None, **headers):
    """Return status, headers and content of a response, whatever its status."""
    if body is not None:
        headers["Content-Type"] = "application/json"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, named)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=HANG_S) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def ask_over_http(address, question, **headers):
    """Return the answer to a valid question."""
    status, _, content = fetched(f"{address}/api/v1/ask", {"question": question}, **headers)
    assert status == 200, content
    return json.loads(content)


def ready(address):
    """Return the digest of the snapshot that answers."""
    return fetched(f"{address}/readyz")[2].decode()


def measured(address, name):
    """Return the value of a metric."""
    text = fetched(f"{address}/metrics")[2].decode()
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])


def await_looks(address):
    """Wait until the server has looked at its index folder twice more."""
    ages = [measured(address, "qa_watch_age_seconds")]

    def has_looked():
        ages.append(measured(address, "qa_watch_age_seconds"))
        return sum(later < age for age, later in itertools.pairwise(ages)) == 2

    wait_until(has_looked, every_s=0.1)


def publish(home, number):
    """Add a document to the record in ``home``, index it, and return the new digest."""
    page = f"---\ntitle: The ferry\n---\nThe ferry of Wexley carried {number} horses.\n"
    (home / "corpus" / "ferry.md").write_text(page, "utf-8")
    command = [sys.executable, "-m", "qa", "index"]
    subprocess.run(command, cwd=home, check=True, capture_output=True)
    return live_digest(home / "index")


@contextlib.contextmanager
def asking(address):
    """Let two visitors ask without pause; yield a list of status and snapshot for each."""
    came, stopped, numbers = [], threading.Event(), itertools.count()

    def ask():
        while not stopped.is_set():
            body = {"question": f"{QUESTION} ({next(numbers)})"}
            status, _, content = fetched(f"{address}/api/v1/ask", body)
            came.append((status, json.loads(content).get("snapshot")))

    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        visitors = [threads.submit(ask) for _ in range(2)]
        try:
            yield came
        finally:
            stopped.set()
    for visitor in visitors:
        visitor.result()


def test_a_new_snapshot_answers_without_a_restart_and_no_question_fails_meanwhile(served):
    home, address = served
    old = ready(address)
    assert old == live_digest(home / "index")
    with asking(address) as came:
        wait_until(lambda: len(came) > 5)
        new = publish(home, 17)
        assert new != old
        wait_until(lambda: ready(address) == new)
        answer = ask_over_http(address, "how many horses did the ferry of Wexley carry?")
        before = len(came)
        wait_until(lambda: len(came) > before + 5)
    assert answer["snapshot"] == new
    assert answer["citations"][0]["passage"]["text"] == "The ferry of Wexley carried 17 horses."
    assert {status for status, _ in came} == {200}
    assert {digest for _, digest in came} == {old, new}
    assert measured(address, f'qa_snapshot_info{{digest="{new}"}}') == 1
    assert json.loads(fetched(f"{address}/api/v1/status")[2])["documents"] == 2


def test_a_damaged_snapshot_is_rejected_and_the_current_one_goes_on(served, tmp_path):
    home, address = served
    old, refused = ready(address), measured(address, "qa_snapshots_not_taken_up_total")
    other = shutil.copytree(home, tmp_path / "other")
    damaged = publish(other, 18)
    folder = shutil.copytree(other / "index" / damaged, home / "index" / damaged)
    spoilt = folder / "documents" / "documents.jsonl"
    content = bytearray(spoilt.read_bytes())
    content[len(content) // 2] ^= 1
    spoilt.write_bytes(content)
    (home / "index" / ".current").write_text(f"{damaged}\n", "ascii")
    with asking(address) as came:
        (home / "index" / ".current").replace(home / "index" / "current")
        wait_until(lambda: measured(address, "qa_snapshots_not_taken_up_total") > refused)
        await_looks(address)
    assert {*came} == {(200, old)}
    assert ready(address) == old
    assert measured(address, "qa_snapshots_not_taken_up_total") == refused + 1
    whole = publish(home, 19)
    wait_until(lambda: ready(address) == whole)
    assert measured(address, "qa_snapshots_not_taken_up_total") == refused + 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_of_a_snapshot_that_was_replaced_nothing_stays_in_memory(home, tmp_path):
    own = shutil.copytree(home, tmp_path / "home")
    with process_of(own) as (process, address):
        for number in range(2):
            digest = publish(own, number)
            wait_until(lambda digest=digest: ready(address) == digest)
            ask_over_http(address, QUESTION)
        of = Path(f"/proc/{process.pid}")

        def held():
            """Return the snapshots with a mapped or open file."""
            names = [(of / "maps").read_text("utf-8")]
            for file in (of / "fd").iterdir():
                with contextlib.suppress(OSError):  # closed meanwhile
                    names.append(str(file.readlink()))
            return {*re.findall(r"/index/([0-9a-f]{32})/", "\n".join(names))}

        wait_until(lambda: held() == {digest}, lambda: process.poll() is None)


@contextlib.contextmanager
def process_of(home, **settings):
    """Run ``qa serve`` as a process of the test's own; yield process and address."""
    port = free_port()
    given = {
        f"QA_{k.upper()}": v if isinstance(v, str) else json.dumps(v) for k, v in settings.items()
    }
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "qa", "serve", "--port", str(port)],
            cwd=home,
            env={**os.environ, **given},
            stdout=log,
            stderr=log,
        )
        try:
            _await_health(process, f"http://127.0.0.1:{port}", home / "log")
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def test_on_a_signal_it_answers_open_requests_and_exits_cleanly(home, tmp_path):
    own = shutil.copytree(home, tmp_path / "home")
    keys = [hashlib.sha256(KEY.encode()).hexdigest()]
    questions = [{"question": f"{QUESTION} ({number})"} for number in range(100)]
    bearer = {"Authorization": f"Bearer {KEY}"}
    with (
        process_of(own, api_keys=keys) as (process, address),
        concurrent.futures.ThreadPoolExecutor(1) as threads,
    ):
        coming = threads.submit(
            fetched, f"{address}/api/v1/batch", {"questions": questions}, **bearer
        )
        done = 'qa_answers_total{status="answered"}'
        wait_until(lambda: measured(address, done) >= 1)
        process.send_signal(signal.SIGTERM)
        assert not coming.done()
        status, _, content = coming.result()
        code = process.wait(HANG_S)
    assert status == 200
    answers = json.loads(content)["answers"]
    assert [answer["question"] for answer in answers] == [one["question"] for one in questions]
    assert code == 0


HEAD = b"Host: 127.0.0.1\r\n"
ASK = b"POST /api/v1/ask HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HEAD
# What slow clients send at once, and what they send of it again and again, a little at a time.
SLOW = {
    "nothing": (b"", b""),
    "a head": (b"GET /hea", b"l"),
    "a second head": (HEALTH + b"\r\nGET /hea", b"l"),
    "a body": (ASK + b"Content-Length: 1000\r\n\r\n", b"x"),
    "a body, nothing of it": (ASK + b"Content-Length: 1000\r\n\r\n", b""),
    "a body in chunks": (ASK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a body that nobody reads": (HEALTH + b"Content-Length: 1000\r\n\r\n", b"x"),
    "a body that is refused": (
        b"POST /healthz HTTP/1.1\r\n" + HEAD + b"Content-Length: 1000\r\n\r\n",
        b"x",
    ),
    "trailers": (HEALTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "line ends after an answer": (HEALTH + b"\r\n", b"\r\n"),
    "nothing after an answer": (HEALTH + b"\r\n", b""),
}


def connection(address):
    """Connect to the server."""
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=HANG_S)


def is_cut_off(address, first, more):
    """Return whether the server disconnects a client that sends so slowly."""
    with connection(address) as sock:
        sock.settimeout(0.2)
        try:
            sock.sendall(first)
            end = time.monotonic() + HANG_S
            while time.monotonic() < end:
                with contextlib.suppress(TimeoutError):
                    if not sock.recv(65_536):
                        return True
                sock.sendall(more)
        except OSError:
            return True
    return False


def test_slow_clients_are_cut_off_and_others_are_answered_meanwhile(strict):
    _, address = strict
    with concurrent.futures.ThreadPoolExecutor(len(SLOW)) as threads:
        gone = {kind: threads.submit(is_cut_off, address, *sent) for kind, sent in SLOW.items()}
        for number in range(20):
            assert ask_over_http(address, f"{QUESTION} ({number})")["status"] == "answered"
    assert {kind: one.result() for kind, one in gone.items()} == dict.fromkeys(SLOW, True)


def answer_to(address, sent):
    """Return all bytes of a connection until the server closes it."""
    with connection(address) as sock:
        with contextlib.suppress(OSError):  # it may close before it has everything
            for start in range(0, len(sent), 4096):
                sock.sendall(sent[start : start + 4096])
        came = bytearray()
        with contextlib.suppress(ConnectionError):
            while got := sock.recv(65_536):
                came += got
        return bytes(came)


@pytest.mark.parametrize("piece", [1_000, 40_000])
def test_a_head_that_is_too_long_is_cut_off_and_what_it_asks_not_answered(strict, piece):
    home, address = strict
    question = f"is a long head taken in pieces of {piece}?"
    start = f"GET /answer?q={quote(question)} HTTP/1.1\r\n".encode()
    filling = b"".join(b"X-%d: %s\r\n" % (n, b"y" * piece) for n in range(40_000 // piece))
    with connection(address) as sock:
        came = b""
        with contextlib.suppress(OSError):
            sock.sendall(start + HEAD + filling + b"\r\n")
            came = sock.recv(65_536)
    assert came == b""
    ask_over_http(address, f"what was asked after {question}")
    log = (home / f"log-{urlsplit(address).port}").read_text("utf-8")
    assert f'"{question}"' not in log


@pytest.mark.parametrize(
    "sent",
    [
        ASK + b"Content-Length: %d\r\n\r\n" % len(LONG_BODY) + LONG_BODY,
        ASK + b"Transfer-Encoding: chunked\r\n\r\n" + b"2000\r\n" + LONG_BODY[:8192] + b"\r\n",
    ],
    ids=["length told", "chunked"],
)
def test_a_body_that_is_too_long_gets_413_and_the_connection_is_closed(strict, sent):
    came = answer_to(strict[1], sent)
    head, _, content = came.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0].startswith("http/1.1 413 ")
    assert "connection: close" in lines
    assert json.loads(content)["detail"] == "The request is longer than 2,048 bytes. Send less."


def test_too_many_connections_are_refused_with_retry_after(strict):
    _, address = strict
    with contextlib.ExitStack() as open_ones:
        for _ in range(40):
            open_ones.enter_context(connection(address))
        status, headers, _ = fetched(f"{address}/api/v1/status")
    assert status == 503
    assert headers["Retry-After"]


def chatted(address, question):
    """Return the chat's answer in the protocol of its page."""
    joined = {"data": [question, [], False, "", "", ""], "fn_index": 0, "session_hash": "one"}
    assert fetched(f"{address}/en/gradio_api/queue/join", joined)[0] == 200
    url = f"{address}/en/gradio_api/queue/data?session_hash=one"
    with urllib.request.urlopen(url, timeout=HANG_S) as events:  # noqa: S310 - our own server
        return next(line for line in events if b"process_completed" in line).decode()


def logged(home, address):
    """Return the JSON lines of the server's log, without its output on a terminal."""
    lines = (home / f"log-{urlsplit(address).port}").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if not line.startswith("Web chat on ")]


def test_the_log_is_json_and_holds_neither_questions_nor_addresses(served):
    home, address = served
    name = "Rumpelstiltskin"
    visitor = {"X_Forwarded_For": VISITOR}

    def status(path, body=None):
        return fetched(f"{address}{path}", body, **visitor)[0]

    assert status("/api/v1/ask", {"question": f"who is {name}?"}) == 200
    assert status(f"/answer?q=who+is+{name}") == 200
    assert status("/api/v1/ask", {"question": name, "nonsense": name}) == 422
    assert status("/api/v1/ask", {"question": f"{name} " * 1000}) == 422
    assert status(f"/api/v1/documents/{name}") == 404
    assert status(f"/{name}") == 404
    assert name in chatted(address, f"where is {name}?")
    with connection(address) as sock:
        sock.sendall(f"{name}\r\n\r\n".encode())
        assert sock.recv(65_536).startswith(b"HTTP/1.1 400 ")
    for line in logged(home, address):
        assert {"level", "logger", "message", "time"} <= set(line)
        words = json.dumps(line).lower()
        assert name.lower() not in words
        assert VISITOR not in words
        assert "127.0.0.1" not in words
    requests = [line for line in logged(home, address) if line["message"] == "request"]
    assert {"/api/v1/ask", "/answer", "none"} <= {line["route"] for line in requests}


def test_questions_are_logged_where_that_is_wanted(strict):
    home, address = strict
    question = "who is Rumpelstiltskin?"
    answer = ask_over_http(address, question)
    lines = [line for line in logged(home, address) if line.get("question") == question]
    assert [(line["message"], line["answer"]) for line in lines] == [("asked", answer["status"])]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/en/",
        f"/answer?q={quote(QUESTION)}",
        f"/documents/{DOCUMENT}",
        "/documents/none",
        "/widget",
        "/widget.js?v=1",
        "/style/page.css",
        f"/api/v1/documents/{DOCUMENT}",
        "/api/v1/status",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/none",
    ],
)
def test_head_answers_like_get_without_the_body(served, path):
    _, address = served
    parts = urlsplit(address)
    got = {}
    for method in ("GET", "HEAD"):
        client = http.client.HTTPConnection(parts.hostname, parts.port, timeout=HANG_S)
        client.request(method, path)
        answer = client.getresponse()
        answer.read()
        left_out = {"date", "x-request-id", "transfer-encoding"}
        headers = {k.lower(): v for k, v in answer.getheaders() if k.lower() not in left_out}
        got[method] = (answer.status, headers)
        client.close()
    assert got["HEAD"] == got["GET"]
    with connection(address) as sock:
        # Were there a body, it would stand before the second answer.
        sock.sendall(f"HEAD {path} HTTP/1.1\r\n".encode() + HEAD + b"\r\n")
        sock.sendall(HEALTH + b"Connection: close\r\n\r\n")
        came = bytearray()
        while more := sock.recv(65_536):
            came += more
    _, _, after = bytes(came).partition(b"\r\n\r\n")
    assert after.startswith(b"HTTP/1.1 200 OK\r\n")
    assert after.endswith(b"\r\n\r\nok")


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy that passes on paths below /record, without it, and refuses all others."""

    behind = 0

    def do_GET(self):
        if not self.path.startswith("/record/"):
            self.send_error(404)
            return
        client = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=HANG_S)
        client.request("GET", self.path.removeprefix("/record"), headers=dict(self.headers))
        answer = client.getresponse()
        content = answer.read()
        client.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "content-length", "date", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def behind_a_proxy(home, tmp_path_factory):
    """The address of a server behind a proxy at /record."""
    own = shutil.copytree(home, tmp_path_factory.mktemp("behind") / "home")
    port = free_port()
    handler = type("Handler", (Proxy,), {"behind": port})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        public = f"http://127.0.0.1:{proxy.server_port}/record"
        try:
            with serving(own, port=port, public_url=public, questions_per_minute=1000):
                yield public
        finally:
            proxy.shutdown()


def links(url):
    """Return the full addresses of a page's links and files."""
    status, _, content = fetched(url)
    assert status == 200, url
    names = re.findall(r'\s(?:href|src|action)="([^"]*)"', content.decode())
    return {urljoin(url, html.unescape(name)).partition("#")[0] for name in names} - {url}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            f"/answer?q={quote(QUESTION)}",
            ["/", "/answer", "/style/page.css", f"/documents/{DOCUMENT}"],
        ),
        (f"/documents/{DOCUMENT}?start=0&end=10", ["/", "/style/page.css"]),
        ("/widget", ["/widget.js", "/answer"]),
        ("/en/", []),
    ],
)
def test_below_a_root_path_every_link_carries_it_and_leads_somewhere(
    behind_a_proxy, path, expected
):
    addresses = {url for url in links(behind_a_proxy + path) if url.startswith("http")}
    assert addresses
    assert [url for url in addresses if not url.startswith(f"{behind_a_proxy}/")] == []
    paths = {urlsplit(url).path.removeprefix("/record") for url in addresses}
    assert [e for e in expected if not any(p.endswith(e) for p in paths)] == []
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        statuses = dict(
            zip(addresses, threads.map(lambda url: fetched(url)[0], addresses), strict=True)
        )
    assert {url: status for url, status in statuses.items() if status != 200} == {}


def test_below_a_root_path_the_chat_asks_below_it(behind_a_proxy):
    page = fetched(f"{behind_a_proxy}/")[2].decode()
    roots = {*re.findall(r'"root":\s*"([^"]*)"', page)}
    assert roots
    assert [root for root in roots if not root.startswith(behind_a_proxy)] == []


def test_below_a_root_path_the_document_opens_at_the_passage(behind_a_proxy):
    page = fetched(f"{behind_a_proxy}/answer?q={quote(QUESTION)}")[2].decode()
    link = html.unescape(re.search(r'href="(/[^"]*/documents/[^"]*)"', page)[1])
    assert link.startswith("/record/documents/")
    status, _, content = fetched(urljoin(behind_a_proxy, link.partition("#")[0]))
    assert status == 200
    assert '<mark id="passage"' in content.decode()
