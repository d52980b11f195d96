"""Two servers behind nginx share one Redis and one PostgreSQL, and survive their loss."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from patience import HANG_S, wait_until
from serving import ask as in_chat
from serving import free_port, indexed, nginx, started, tool

pytestmark = [pytest.mark.slow, pytest.mark.server]

QUESTION = {"question": "who issued the document?"}


@contextlib.contextmanager
def running(command, **options):
    """A program that runs until the end, however that comes."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(HANG_S)


def redis(port):
    """A Redis that keeps nothing on disk."""
    command = [tool("redis-server", "redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
    return running([*command, "--save", "", "--appendonly", "no", "--requirepass", "sesame"])


def redis_keys(port):
    """The keys in Redis."""
    command = ["redis-cli", "-p", str(port), "-a", "sesame", "--no-auth-warning", "keys", "*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.split()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The address of an empty PostgreSQL database, with a password in it."""
    places = ":".join(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    initdb = tool("initdb", "postgresql", path=places)
    # PostgreSQL does not run as root, and pytest's folders are open to their owner alone.
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": ()} if owner else {}
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True, **identity).strip())  # noqa: S607
    made = [
        initdb,
        "-D",
        str(folder / "data"),
        "-U",
        "qa",
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
    ]
    subprocess.run(made, check=True, capture_output=True, cwd=folder, **identity)
    port = free_port()
    command = [str(Path(initdb).with_name("postgres")), "-D", str(folder / "data"), "-p", str(port)]
    command += ["-c", "listen_addresses=127.0.0.1", "-k", str(folder), "-c", "fsync=off"]
    url = f"postgresql+psycopg://qa:sesame@127.0.0.1:{port}/postgres"
    try:
        with running(command, cwd=folder, **identity) as postgres:
            wait_until(lambda: can_connect(url), lambda: postgres.poll() is None)
            yield url
    finally:
        shutil.rmtree(folder)


def can_connect(url):
    """Return whether a database answers."""
    with contextlib.suppress(sa.exc.OperationalError):
        rows(url, "SELECT 1")
        return True
    return False


def rows(url, query="SELECT request, question FROM asked"):
    """Return the rows of a query."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.execute(sa.text(query)).all()


@dataclass
class Server:
    """One of the two: its address, process and log."""

    address: str
    process: subprocess.Popen
    log: Path

    def answered(self):
        """Return the number of questions it has answered."""
        text = httpx.get(f"{self.address}/metrics").text
        lines = [line for line in text.splitlines() if line.startswith("qa_answers_total{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def said(self, words):
        """Return the number of lines of its log with the words."""
        return sum(words in line for line in self.log.read_text("utf-8").splitlines())


@dataclass
class Several:
    """The address that visitors reach, and the servers behind it."""

    address: str
    servers: list[Server]
    redis_port: int
    redis_runs: contextlib.ExitStack

    def ask(self, client):
        """Ask from that address of this machine."""
        transport = httpx.HTTPTransport(local_address=client)
        with httpx.Client(transport=transport, timeout=HANG_S) as visitor:
            return visitor.post(f"{self.address}/api/v1/ask", json=QUESTION)


@pytest.fixture(scope="module")
def several(tmp_path_factory, database):
    """Two servers behind the example's nginx, which let a client ask 6 questions a minute."""
    home = indexed(tmp_path_factory.mktemp("several"))
    front, one, other, redis_port = (free_port() for _ in range(4))
    settings = {
        "public_url": f"http://127.0.0.1:{front}/record",
        "trusted_proxies": ["127.0.0.1"],
        "questions_per_minute": 6,
        "limits_storage": f"redis://:sesame@127.0.0.1:{redis_port}/0",
        "feedback": database,
    }
    ports = {7860: one, 7861: other}
    with contextlib.ExitStack() as stack:
        redis_runs = stack.enter_context(contextlib.ExitStack())
        redis_runs.enter_context(redis(redis_port))
        servers = [
            Server(*stack.enter_context(started(home, port=port, **settings)), home / f"log-{port}")
            for port in ports.values()
        ]
        folder = tmp_path_factory.mktemp("nginx")
        address = stack.enter_context(nginx(folder, front, ports, "nginx-several.conf"))
        yield Several(address, servers, redis_port, redis_runs)
        for server in servers:
            assert server.said("sesame") == 0


def test_a_client_is_limited_over_both_servers_together(several):
    before = [server.answered() for server in several.servers]
    answers = [several.ask("127.0.0.11") for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    answered = [s.answered() - n for s, n in zip(several.servers, before, strict=True)]
    assert sum(answered) == 6
    assert min(answered) >= 1
    assert several.ask("127.0.0.12").status_code == 200


@pytest.mark.browser
def test_the_chat_is_answered_by_the_server_that_was_asked(several, chromium):
    page = chromium.new_page()
    page.goto(f"{several.address}/")
    for _ in range(2):
        in_chat(page, QUESTION["question"])
    assert page.locator("#qa-chat .qa-citation").count() >= 2
    page.close()


def test_without_redis_questions_are_answered_and_with_it_they_are_counted_there_again(several):
    away, back = "limits_storage cannot be used", "limits_storage is used again"
    several.redis_runs.close()
    answers = [several.ask("127.0.0.21") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 6
    assert [server.said(away) for server in several.servers] == [1, 1]
    several.redis_runs.enter_context(redis(several.redis_port))
    clients = itertools.cycle(range(30, 250))
    wait_until(
        lambda: (
            several.ask(f"127.0.0.{next(clients)}").status_code == 200
            and [server.said(back) for server in several.servers] == [1, 1]
        ),
        every_s=0.1,
    )
    assert several.ask("127.0.0.22").status_code == 200
    (key,) = [key for key in redis_keys(several.redis_port) if "/127.0.0.22/6/" in key]
    assert key.startswith("press-qa:")
    assert [server.said(away) for server in several.servers] == [1, 1]


def test_no_answer_given_is_missing_when_a_server_is_killed_and_the_other_goes_on(
    several, database
):
    clients = itertools.count()
    answered, broken, is_over = {}, [], threading.Event()

    def ask_on():
        while not is_over.is_set():
            n = next(clients)
            try:
                answer = several.ask(f"127.1.{n // 200}.{n % 200 + 1}")
            except httpx.TransportError:
                broken.append(n)
            else:
                answered[answer.headers["x-request-id"]] = answer.status_code

    before = [server.answered() for server in several.servers]
    visitors = [threading.Thread(target=ask_on) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    killed, other = several.servers
    wait_until(lambda: len(answered) > 20)
    assert all(s.answered() > n for s, n in zip(several.servers, before, strict=True))
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait(HANG_S)
    at_its_end = len(answered)
    wait_until(lambda: len(answered) > at_its_end + 20)
    is_over.set()
    for visitor in visitors:
        visitor.join()
    assert set(answered.values()) == {200}
    # An answer may break off in the middle, of one question that each visitor asked just then.
    assert len(broken) <= len(visitors)
    kept = dict(rows(database))
    assert [request for request in answered if request not in kept] == []
    assert set(kept.values()) == {QUESTION["question"]}
    assert other.said("an answer was not saved") == 0
