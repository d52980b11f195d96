"""``qa index`` killed with -9 at random moments leaves a whole snapshot and no litter."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from conftest import ROOT
from qa.index.snapshot import check_files, live_digest

pytestmark = pytest.mark.slow

# The command itself, with the test encoder in the real one's place.
COMMAND = """
import sys
sys.path.insert(0, {tests!r})
from conftest import WordEncoder
import qa.answer.ask
import qa.index.export
qa.answer.ask.open_encoder = lambda *_: WordEncoder()
qa.index.export.exported_encoder = lambda *_, **__: WordEncoder()
sys.argv = ["qa", "index"]
from qa.cli import main
main()
"""
KILLS = 30


def start(project):
    command = COMMAND.format(tests=str(ROOT / "tests"))
    return subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def write(project, number):
    """A record whose every version differs, large enough that writing takes a while."""
    text = "\n\n".join(f"Tea number {n} of version {number} is hot." for n in range(300))
    for n in range(10):
        path = project / "corpus" / f"d{n}.md"
        path.write_text(f"---\ntitle: T{n}\n---\n\n{text}\n", "utf-8")


def test_killed_at_random_moments(tmp_path):
    (tmp_path / "corpus").mkdir()
    write(tmp_path, 0)
    began = time.monotonic()
    assert start(tmp_path).wait() == 0
    took = time.monotonic() - began
    index = tmp_path / "index"
    chance = random.Random(7)  # noqa: S311 - no secret
    killed = number = 0
    while killed < KILLS:
        number += 1
        assert number < 10 * KILLS, "the command ends before it can be killed"
        write(tmp_path, number)
        began = time.monotonic()
        process = start(tmp_path)
        # Most of the time goes into imports; the later part is where files are written.
        time.sleep(took * chance.uniform(0.4, 1.05))
        process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            killed += 1
        else:
            took = min(took, time.monotonic() - began)
        assert check_files(index) == []
    assert start(tmp_path).wait() == 0
    assert check_files(index) == []
    left = {p.name for p in index.iterdir()} - {".lock", "current"}
    assert live_digest(index) in left
    assert len(left) <= 2


BATCH = COMMAND.replace('"qa", "index"', '"qa", "batch", "q.csv", "-o", {answers!r}, "--no-timing"')


def start_batch(project, answers):
    return subprocess.Popen(
        [sys.executable, "-c", BATCH.format(tests=str(ROOT / "tests"), answers=answers)],
        cwd=project,
        env=os.environ | {"QA_RERANKER": "off"},  # what is killed is the writing
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("name", ["answers.jsonl", "answers.csv"])
def test_a_batch_killed_at_random_moments_gives_the_same_file(tmp_path, name):
    (tmp_path / "corpus").mkdir()
    write(tmp_path, 0)
    assert start(tmp_path).wait() == 0
    questions = "".join(f'"Which tea, number {n},\nis hot?"\n' for n in range(1000))
    (tmp_path / "q.csv").write_text(f"question\n{questions}", "utf-8")
    whole = f"whole-{name}"
    assert start_batch(tmp_path, whole).wait() == 0
    chance = random.Random(7)  # noqa: S311 - no secret
    written = 0
    for _ in range(5):
        process = start_batch(tmp_path, name)
        while process.poll() is None and size_of_unfinished(tmp_path) <= written:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "the command ended before it could be killed"
        assert size_of_unfinished(tmp_path) > written
        written = size_of_unfinished(tmp_path)
    assert start_batch(tmp_path, name).wait() == 0
    assert (tmp_path / name).read_bytes() == (tmp_path / whole).read_bytes()
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {"corpus", "index", "q.csv", name, whole}


def size_of_unfinished(project):
    return sum(path.stat().st_size for path in project.glob("*.unfinished"))
