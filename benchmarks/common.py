"""Helpers of the benchmarks: processes, memory, questions, JSON lines, results."""

import datetime
import hashlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
HISTORY = RESULTS / "history.md"
UNLIMITED = 10**9  # questions or requests a minute
_OPEN_S, _STOP_S = 120, 30


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def python(*arguments: str) -> list[str]:
    """Return a command for this Python."""
    return [sys.executable, *arguments]


def finished(command: Sequence[str]) -> None:
    """Run a command to its end and hide its output; exit if it fails."""
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")


def each_in_turn(ways: dict[str, Callable[[], object]], times: int) -> dict[str, list[float]]:
    """Return the milliseconds of each way, run in turn `times` times."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(times):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            took[name].append((time.perf_counter() - started) * 1000)
    return took


def imported_mb(modules: str) -> float:
    """Return the peak memory of a process that only imports some modules.

    The process reports it itself: the figure that the system gives its parent includes the
    parent's own memory, shared until the child starts another program.
    """
    script = f"import {modules}; print(open('/proc/self/status').read())"
    done = subprocess.run(  # noqa: S603
        python("-c", script), capture_output=True, text=True, check=True
    )
    return int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024


def memory_mb(pid: int | str = "self") -> float:
    """Return the resident memory of a process, including mapped files that it has read."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def questions(data: Path, count: int) -> list[str]:
    """Return `count` distinct questions: SQuAD's, then the same with a year added."""
    lines = (data / "squad2" / "queries.jsonl").read_text("utf-8").splitlines()
    texts = list(dict.fromkeys(json.loads(line)["text"] for line in lines))
    years = range(1900, 2022)
    more = (f"{text.rstrip('? ')} in {year}?" for year in years for text in texts)
    return [*texts, *(next(more) for _ in range(max(0, count - len(texts))))][:count]


def served(
    index: Path, log: Path = Path(os.devnull), **settings: object
) -> AbstractContextManager[tuple[subprocess.Popen[bytes], int]]:
    """Run ``qa serve`` over an index, ready to answer; give its process and port."""

    def command(port: int) -> list[str]:
        return python("-m", "qa", "serve", "--index", str(index), "--port", str(port))

    return running(command, log, **settings)


@contextmanager
def running(
    command: Callable[[int], Sequence[str]], log: Path, cwd: Path = ROOT, **settings: object
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the command of a server on a free port until it is healthy; log its output."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {f"QA_{name.upper()}": json.dumps(value) for name, value in settings.items()}
    with (
        log.open("wb") as lines,
        subprocess.Popen(  # noqa: S603 - our own
            command(port), env=os.environ | given, cwd=cwd, stdout=lines, stderr=lines
        ) as process,
    ):
        try:
            _await_health(process, port, log)
            yield process, port
        finally:
            process.terminate()
            process.wait(_STOP_S)


def log_lines(log: Path) -> list[str]:
    """Return the lines that a server logged, without the one that gives its address."""
    lines = log.read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("Web chat on ")]


def _await_health(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(_OPEN_S * 10):
        try:
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except OSError:
            if process.poll() is not None:
                sys.exit(f"The server ended with {process.returncode}: {log.read_text('utf-8')}")
            time.sleep(0.1)
        else:
            return
    sys.exit(f"The server on port {port} is not healthy after {_OPEN_S} s.")


def commit() -> str:
    """Return the commit that is measured, with ``-changed`` if the tree differs from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    code = ["--", "src", "benchmarks/*.py", "pyproject.toml", "constraints.txt"]
    changed = git("status", "--porcelain", *code)
    return git("rev-parse", "--short=10", "HEAD") + ("-changed" if changed else "")


def machine() -> str:
    """Return the processor, its cores and the Python version, for the head of a result."""
    cpus = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    name = next((x.split(":")[1].strip() for x in cpus.split("\n") if "model name" in x), "")
    cores = len(os.sched_getaffinity(0))
    return f"{name or platform.processor()}, {cores} processors, Python {platform.python_version()}"


def write_result(name: str, title: str, body: str, figures: str, about: str = "") -> None:
    """Write the latest result of a benchmark and add its main figures to the history."""
    day, measured, where = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}", commit(), machine()
    head = f"# {title}\n\nMeasured on {day} at commit {measured}. {where}{about}.\n\n"
    (RESULTS / f"{name}.md").write_text(head + body, "utf-8")
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(f"| {day} | {measured} | {name} | {where} | {figures} |\n")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def json_lines(path: Path) -> Iterator[dict]:
    """Yield the objects of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def write_json_lines(path: Path, rows: Iterable[dict]) -> None:
    """Write objects as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def hashed(text: str) -> str:
    """Return the SHA-256 of a text: a sort key that is stable and unrelated to its meaning."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
