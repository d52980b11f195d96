"""Run ``qa batch`` over 10,000 questions, kill it five times, and measure its memory.

    python benchmarks/batch.py [--index INDEX]

Reports if the resumed run gives the same bytes as an uninterrupted one, and the peak memory
of a run of 1,000 questions and of one of 10,000. Exit code 1 when the bytes differ or the peaks
are more than 100 MB apart.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import say

MANY, FEW, KILLS, MOST_GROWTH_MB = 10_000, 1_000, 5, 100
SUBJECTS = "culture trade exports films digital plan ministry policy soybeans weather".split()
FORMS = ("what is said about {} {}?", "how did {} grow in {}", "which {} and {}", "{} {}")


def main() -> None:
    """Run, kill, resume, compare, measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--index", default="index")
    index = parser.parse_args().index
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_questions(folder / "few.csv", FEW)
        write_questions(folder / "many.csv", MANY)
        few_mb, _ = finished(start(index, folder / "few.csv", folder / "few.jsonl"))
        many_mb, whole_s = finished(start(index, folder / "many.csv", folder / "whole.jsonl"))
        rows = kill_and_resume(index, folder, whole_s)
        is_same = (folder / "resumed.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()
    say(f"rows when killed: {', '.join(map(str, rows))}; then resumed to {MANY}")
    say(f"same bytes as the uninterrupted run: {is_same}")
    say(f"peak memory: {few_mb:.0f} MB for {FEW:,} questions, {many_mb:.0f} MB for {MANY:,}")
    sys.exit(0 if is_same and many_mb - few_mb <= MOST_GROWTH_MB else 1)


def kill_and_resume(index: str, folder: Path, whole_s: float) -> list[int]:
    """Kill a run five times at random moments, then let it end; return the rows at each kill."""
    chance = random.Random(20220721)  # noqa: S311 - no secret
    rows: list[int] = []
    while len(rows) < KILLS:
        process = start(index, folder / "many.csv", folder / "resumed.jsonl")
        before = rows_there(folder)
        while rows_there(folder) == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, whole_s / (KILLS + 1)))
        process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            sys.exit("The run ended before it had been killed five times: run this again.")
        rows.append(rows_there(folder))
    finished(start(index, folder / "many.csv", folder / "resumed.jsonl"))
    return rows


def write_questions(path: Path, count: int) -> None:
    """Write `count` questions, the same in every run."""
    chance = random.Random(7)  # noqa: S311 - no secret
    lines = [chance.choice(FORMS).format(*chance.choices(SUBJECTS, k=2)) for _ in range(count)]
    path.write_text("question\n" + "".join(f'"{line}"\n' for line in lines), "utf-8")


def start(index: str, questions: Path, answers: Path) -> subprocess.Popen[bytes]:
    """Start ``qa batch``."""
    options = ["--index", index, "--no-timing"]
    command = [sys.executable, "-m", "qa", "batch", str(questions), "-o", str(answers), *options]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet)  # noqa: S603 - our own command


def finished(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Wait for a process; return its peak memory in MB and its seconds."""
    began = time.monotonic()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"qa batch ended with {process.returncode}.")
    return usage.ru_maxrss / 1024, time.monotonic() - began


def rows_there(folder: Path) -> int:
    """Return the number of rows in the unfinished answers."""
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("resumed*.unfinished"))


if __name__ == "__main__":
    main()
