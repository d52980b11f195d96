"""A server in a process of its own, and Chromium, for the tests that meet both as they are."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

from conftest import ROOT

CHROMIUM_ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


def free_port():
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def indexed(home):
    """The seed's record and its index in the folder ``home``."""
    shutil.copytree(ROOT / "corpus", home / "corpus")
    command = [sys.executable, "-m", "qa", "index"]
    subprocess.run(command, cwd=home, check=True, capture_output=True)
    return home


@contextlib.contextmanager
def serving(home, **settings):
    """``qa serve`` over the index in ``home``, with these settings; its address.

    Afterwards: it ended by itself when told to, and nothing in its log went wrong.
    """
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
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
    printed = (home / f"log-{port}").read_text("utf-8")
    assert "Traceback" not in printed, printed
    assert '"failed"' not in printed, printed


def ask(page, question):
    """Ask in the chat, and wait for the answer."""
    answers = page.locator("#qa-chat .qa-answer").count()
    page.fill("#qa-question textarea", question)
    page.locator("#qa-question textarea").press("Enter")
    page.locator("#qa-chat .qa-answer").nth(answers).wait_for(timeout=20_000)


def _await_health(process, address, log):
    for _ in range(240):
        assert process.poll() is None, log.read_text("utf-8")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:  # noqa: S310
                assert answer.read() == b"ok"
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(log.read_text("utf-8"))
