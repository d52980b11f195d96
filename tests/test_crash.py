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
# The same, in a child for each line that comes in: it kills itself at its so many-th call, of
# Python or of C, and how it ended is told. Without a call, how many there are.
KILLED = (
    COMMAND.removesuffix("main()\n")
    + """
import os, signal
import qa.index.build
def index(last):
    calls = 0
    def count(frame, event, _):
        nonlocal calls
        if event.endswith("call"):
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
    sys.setprofile(None)
    return calls
for line in sys.stdin:
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(sending, b"%d" % index(int(line)))
        os._exit(0)
    os.close(sending)
    calls = os.read(receiving, 20).decode() or 0
    os.close(receiving)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code, calls, file=sys.__stderr__, flush=True)
"""
)
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
    index = tmp_path / "index"
    chance = random.Random(7)  # noqa: S311 - no secret
    killed = number = 0
    with subprocess.Popen(
        [sys.executable, "-c", KILLED.format(tests=str(ROOT / "tests"))],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:

        def indexed(last=-1):
            """Exit code and number of calls of the command, killed at its ``last`` call."""
            nonlocal number
            write(tmp_path, number)
            number += 1
            process.stdin.write(f"{last}\n")
            process.stdin.flush()
            return [int(value) for value in process.stderr.readline().split()]

        code, calls = indexed()
        assert code == 0
        for _ in range(KILLS):
            code, _ = indexed(chance.randrange(calls))
            killed += code == -signal.SIGKILL
            assert check_files(index) == []
        # A run may take some calls fewer than the first.
        assert killed > KILLS / 2
        assert indexed()[0] == 0
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
        if process.wait() == 0:
            break  # this process got too little time to kill it
        assert process.returncode == -signal.SIGKILL
        assert size_of_unfinished(tmp_path) > written
        written = size_of_unfinished(tmp_path)
    else:
        assert start_batch(tmp_path, name).wait() == 0
    assert (tmp_path / name).read_bytes() == (tmp_path / whole).read_bytes()
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {"corpus", "index", "q.csv", name, whole}


def size_of_unfinished(project):
    return sum(path.stat().st_size for path in project.glob("*.unfinished"))
