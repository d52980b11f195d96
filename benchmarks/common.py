"""What the benchmarks share: processes, their memory, questions, and where results go."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PORT = 7869
_OPEN_S = 120


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def python(*arguments: str) -> list[str]:
    """A command of this Python."""
    return [sys.executable, *arguments]


def finished(command: Sequence[str]) -> None:
    """Run a command to its end, in silence."""
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")


def each_in_turn(ways: dict[str, Callable[[], object]], times: int) -> dict[str, list[float]]:
    """Milliseconds of every way, all of them one after the other, so many times."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(times):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            took[name].append((time.perf_counter() - started) * 1000)
    return took


def imported_mb(modules: str) -> float:
    """Resident memory of a process that has imported some modules and nothing else.

    The process says so itself: what the system tells its parent counts the parent's own memory,
    which a child shares before it becomes another program.
    """
    script = f"import {modules}; print(open('/proc/self/status').read())"
    done = subprocess.run(  # noqa: S603
        python("-c", script), capture_output=True, text=True, check=True
    )
    return int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024


def memory_mb(pid: int | str = "self") -> float:
    """Resident memory of a process, mapped files that it has read included."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def questions(data: Path, count: int) -> list[str]:
    """So many different questions: SQuAD's, and those again with another year asked for."""
    lines = (data / "squad2" / "queries.jsonl").read_text("utf-8").splitlines()
    texts = list(dict.fromkeys(json.loads(line)["text"] for line in lines))
    years = range(1900, 2022)
    more = (f"{text.rstrip('? ')} in {year}?" for year in years for text in texts)
    return [*texts, *(next(more) for _ in range(max(0, count - len(texts))))][:count]


@contextmanager
def server(index: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``qa serve`` over an index, once it answers."""
    command = python("-m", "qa", "serve", "--index", str(index), "--port", str(PORT))
    many = str(10**9)
    unlimited = {"QA_QUESTIONS_PER_MINUTE": many, "QA_REQUESTS_PER_MINUTE": many}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=os.environ | unlimited, **silent) as process:  # noqa: S603
        try:
            for _ in range(_OPEN_S * 10):
                try:
                    urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=5).close()
                    break
                except OSError:
                    if process.poll() is not None:
                        sys.exit("qa serve ended.")
                    time.sleep(0.1)
            yield process
        finally:
            process.terminate()


def commit() -> str:
    """The commit that is measured; ``-changed`` where the tree is not as committed."""

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
    """In words, for the head of a result."""
    cpus = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    name = next((x.split(":")[1].strip() for x in cpus.split("\n") if "model name" in x), "")
    cores = len(os.sched_getaffinity(0))
    return f"{name or platform.processor()}, {cores} processors, Python {platform.python_version()}"


def results_folder() -> Path:
    """Where the results of this commit go."""
    folder = RESULTS / commit()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
