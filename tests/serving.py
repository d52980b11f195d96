"""Servers in processes of their own, and Chromium, for end-to-end tests."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request

import pytest

from conftest import ROOT
from patience import HANG_MS, HANG_S, wait_until

DEPLOY = ROOT / "docs" / "deploy"

CHROMIUM_ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


def free_port():
    """Return a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def indexed(home):
    """Copy the seed's record into ``home`` and index it there; return ``home``."""
    shutil.copytree(ROOT / "corpus", home / "corpus")
    command = [sys.executable, "-m", "qa", "index"]
    subprocess.run(command, cwd=home, check=True, capture_output=True)
    return home


def tool(name, package, path="/usr/sbin"):
    """Return the path of a program, or skip the test, which CI counts as a failure."""
    found = shutil.which(name) or shutil.which(name, path=path)
    return found or pytest.skip(f"{name} is missing (on Debian: apt-get install {package}).")


@contextlib.contextmanager
def nginx(folder, port, server_ports, example="nginx.conf"):
    """Run an example's nginx on a port of its own, without TLS; yield its address.

    ``server_ports`` replace those of the example.
    """
    text = (DEPLOY / example).read_text("utf-8")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = re.sub(r"\n *ssl_certificate.*;", "", text)
    for written, server_port in server_ports.items():
        text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{server_port}")
    with proxy(folder, port, text):
        yield f"http://127.0.0.1:{port}/record"


@contextlib.contextmanager
def proxy(folder, port, text):
    """Run an nginx that listens at a port, with ``text`` inside http { }."""
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nuser root;\npid {folder}/pid;\nerror_log {folder}/errors;\nevents {{}}\n"
        f"http {{\n{places}access_log off;\n{text}\n}}\n",
        "utf-8",
    )
    command = [tool("nginx", "nginx-light"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    process = subprocess.Popen(command)
    try:
        wait_until(lambda: _is_open(port), lambda: process.poll() is None)
        yield
    finally:
        process.terminate()
        process.wait(HANG_S)


def _is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), HANG_S):
        return True
    return False


@contextlib.contextmanager
def serving(home, **settings):
    """Run ``qa serve`` over the index in ``home`` with these settings; yield its address.

    Afterwards: it stopped on the signal, and its log has no error.
    """
    with started(home, **settings) as (address, _):
        yield address


@contextlib.contextmanager
def started(home, **settings):
    """Like ``serving``; yield the address and the process."""
    port = settings.setdefault("port", free_port())
    given = {
        f"QA_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
    inherited = {k: v for k, v in os.environ.items() if k != "GRADIO_ANALYTICS_ENABLED"}
    with (home / f"log-{port}").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "qa", "serve"],
            cwd=home,
            env={**inherited, **given},
            stdout=log,
            stderr=log,
        )
        try:
            _await_health(process, f"http://127.0.0.1:{port}", home / f"log-{port}")
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()
            process.wait(HANG_S)
    printed = (home / f"log-{port}").read_text("utf-8")
    assert "Traceback" not in printed, printed
    assert '"failed"' not in printed, printed


def ask(page, question):
    """Ask in the chat and wait for the answer."""
    answers = page.locator("#qa-chat .qa-answer").count()
    page.fill("#qa-question textarea", question)
    page.locator("#qa-question textarea").press("Enter")
    page.locator("#qa-chat .qa-answer").nth(answers).wait_for(timeout=HANG_MS)


def _await_health(process, address, log):
    try:
        wait_until(lambda: _is_healthy(address), lambda: process.poll() is None)
    except AssertionError as error:
        raise AssertionError(f"{error}: {log.read_text('utf-8')}") from None


def _is_healthy(address):
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=HANG_S) as answer:  # noqa: S310
            return answer.read() == b"ok"
    except OSError:
        return False
