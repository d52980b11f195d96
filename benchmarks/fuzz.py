"""Send hostile requests to every public route; report files, connections and memory.

    python benchmarks/fuzz.py [--cases 5000]

``qa serve`` answers from the project's own corpus in a process of its own, which notes by an audit
hook every file it opens outside Python, its packages and the index, and every connection it makes.
The requests are those of ``tests/fuzzing.py``: valid for Gradio or not, in bodies and queries.
Prints the figures; exit code 1 where a request failed, opened or connected to anything, or where
memory grew by more than 50 MB. Needs Linux, for /proc.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from common import ROOT, UNLIMITED, finished, log_lines, machine, memory_mb, python, running, say
from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.insert(0, str(ROOT / "tests"))

from fuzzing import Sent, requests

CASES, WARMING = 5_000, 300
SEED = 20261129
MOST_GROWN_MB = 50
_ANSWER_S = 30
# Starts the server with the hook in place. The signal begins the watch; what is found is written
# at once, for the process may not end well.
_BOOT = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from fuzzing import Touched
from qa.cli import main
out = os.open({found!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
class Written(list):
    def append(self, one):
        os.write(out, (repr(one) + "\\n").encode())
touched = Touched({index!r})
touched.found = Written()
signal.signal(signal.SIGUSR1, lambda *_: setattr(touched, "is_watching", True))
signal.signal(signal.SIGUSR2, lambda *_: setattr(touched, "is_watching", False))
sys.argv = ["qa", "serve", "--port", {port!r}]
main()
"""


@contextmanager
def watched(home: Path, found: Path) -> Iterator[tuple[int, int]]:
    """Run a server that notes in ``found`` what it touches; yield its port and process."""

    def command(port: int) -> list[str]:
        paths = {"tests": str(ROOT / "tests"), "found": str(found), "index": str(home / "index")}
        return python("-c", _BOOT.format(port=str(port), **paths))

    limits = {"questions_per_minute": UNLIMITED, "requests_per_minute": UNLIMITED}
    limits |= {"max_connections_per_client": 1000}
    with running(command, home / "log", home, mcp=True, **limits) as (process, port):
        try:
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGUSR2)


def answered(port: int, request: Sent) -> tuple[int, bytes]:
    """Return the status and body of an answer; status 0 if there was none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)
    try:
        connection.request(request.method, request.target, request.body, request.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def sent(port: int, cases: int, chance: int) -> tuple[Counter[str], list[str]]:
    """Send `cases` requests; return the counts of statuses by route, and the failures."""
    statuses: Counter[str] = Counter()
    failed: list[str] = []

    @seed(chance)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests())
    def asked(request: Sent) -> None:
        status, _ = answered(port, request)
        path = urlsplit(request.target).path
        statuses[f"{request.method} {'/'.join(path.split('/')[-2:])[:24]}: {status}"] += 1
        if not 200 <= status < 500:  # noqa: PLR2004 - what an HTTP status says
            failed.append(f"{status} {request}"[:400])
        if status == 200 and path.endswith("queue/join"):  # noqa: PLR2004
            data = path.replace("join", "data")
            session = json.loads(request.body)["session_hash"]
            # Every other result is left unread.
            if statuses.total() % 2:
                answered(port, Sent("GET", f"{data}?session_hash={session}", {}, b""))

    asked()
    return statuses, failed


def main() -> None:
    """Index, serve, send, judge, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=CASES, help="requests sent and judged")
    cases = parser.parse_args().cases
    say(machine())
    with tempfile.TemporaryDirectory() as folder:
        home, found = Path(folder), Path(folder) / "found"
        shutil.copytree(ROOT / "corpus", home / "corpus")
        indexing = python("-c", f"import os; os.chdir({folder!r}); from qa.cli import main; main()")
        finished([*indexing, "index"])
        found.touch()
        with watched(home, found) as (port, process):
            sent(port, WARMING, SEED)
            before = memory_mb(process)
            os.kill(process, signal.SIGUSR1)
            started = time.monotonic()
            statuses, failed = sent(port, cases, SEED + 1)
            took, after = time.monotonic() - started, memory_mb(process)
        touched = sorted(set(found.read_text("utf-8").splitlines()))
        printed = [x for x in log_lines(home / "log") if not x.startswith("{")]
    by_status = Counter[str]()
    for name, number in statuses.items():
        by_status[name.rsplit(": ", 1)[1]] += number
    say(f"{cases:,} requests in {took:.0f} s, by status: {dict(sorted(by_status.items()))}")
    joins = {k: n for k, n in statuses.items() if "queue/join" in k}
    say(f"to the chat: {joins}")
    say(f"failed, or 5xx: {len(failed)}")
    say(f"opened or connected to: {len(touched)}")
    say(f"lines printed beside the log: {len(printed)}")
    say(f"memory: {before:.0f} MB before, {after:.0f} MB after")
    for line in [*failed[:10], *touched[:10], *printed[:10]]:
        say(f"  {line}")
    if failed or touched or printed or after - before > MOST_GROWN_MB:
        sys.exit(1)


if __name__ == "__main__":
    main()
