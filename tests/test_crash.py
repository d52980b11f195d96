"""Commands killed with -9 at random moments leave whole files, and go on when run again."""

import json
import random
import signal
import subprocess
import sys

import pytest

from conftest import ROOT
from qa.index.snapshot import check_files, live_digest

pytestmark = pytest.mark.slow

# The command itself, with the test encoder in the real one's place, in a child for each line that
# comes in: it kills itself at its `last` call of Python or of C, where there is a last. Its exit
# code goes out, and the number of its calls.
COMMANDS = """
import json, os, signal, sys
sys.path.insert(0, {tests!r})
from conftest import WordEncoder
import qa.answer.ask
import qa.evaluation.batches
import qa.index.build
import qa.index.export
from qa.cli import main
qa.answer.ask.open_encoder = lambda *_: WordEncoder()
qa.index.export.exported_encoder = lambda *_, **__: WordEncoder()
os.environ["QA_RERANKER"] = "off"
def run(folder, arguments, last):
    os.chdir(folder)
    sys.argv = ["qa", *arguments]
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
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.write(sending, b"%d" % run(*json.loads(line)))
            code = 0
        finally:
            os._exit(code)
    os.close(sending)
    calls = os.read(receiving, 20).decode() or 0
    os.close(receiving)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), calls, flush=True)
"""
KILLS = 20
BATCH_KILLS = 4


@pytest.fixture(scope="module")
def run():
    """Run a command in a folder, killed at its ``last`` call; exit code and number of calls."""
    command = [sys.executable, "-c", COMMANDS.format(tests=str(ROOT / "tests"))]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:

        def told(folder, *arguments, last=None):
            process.stdin.write(json.dumps([str(folder), arguments, last]) + "\n")
            process.stdin.flush()
            return [int(value) for value in process.stdout.readline().split()]

        yield told


def write(project, number):
    """A record whose every version differs, large enough that writing takes a while."""
    text = "\n\n".join(f"Tea number {n} of version {number} is hot." for n in range(300))
    (project / "corpus").mkdir(exist_ok=True)
    for n in range(10):
        path = project / "corpus" / f"d{n}.md"
        path.write_text(f"---\ntitle: T{n}\n---\n\n{text}\n", "utf-8")


def test_killed_at_random_moments(tmp_path, run):
    write(tmp_path, 0)
    code, calls = run(tmp_path, "index")
    assert code == 0
    index = tmp_path / "index"
    chance = random.Random(7)  # noqa: S311 - no secret
    killed = 0
    for number in range(1, KILLS + 1):
        write(tmp_path, number)
        code, _ = run(tmp_path, "index", last=chance.randrange(1, calls))
        killed += code == -signal.SIGKILL
        assert check_files(index) == []
    # A run may take some calls fewer than the first.
    assert killed > KILLS / 2
    assert run(tmp_path, "index")[0] == 0
    assert check_files(index) == []
    left = {p.name for p in index.iterdir()} - {".lock", "current"}
    assert live_digest(index) in left
    assert len(left) <= 2


@pytest.mark.parametrize("name", ["answers.jsonl", "answers.csv"])
def test_a_batch_killed_at_random_moments_gives_the_same_file(tmp_path, run, name):
    write(tmp_path, 0)
    assert run(tmp_path, "index")[0] == 0
    questions = "".join(f'"Which tea, number {n},\nis hot?"\n' for n in range(80))
    (tmp_path / "q.csv").write_text(f"question\n{questions}", "utf-8")
    whole = f"whole-{name}"
    batch = ("batch", "q.csv", "--no-timing", "-o")
    code, calls = run(tmp_path, *batch, whole)
    assert code == 0
    chance = random.Random(7)  # noqa: S311 - no secret
    sizes = [0]
    for _ in range(BATCH_KILLS):
        # Together they are less than the whole, so that no run comes to the end.
        last = chance.randrange(calls // BATCH_KILLS * 3 // 4, calls // BATCH_KILLS)
        assert run(tmp_path, *batch, name, last=last)[0] == -signal.SIGKILL
        sizes.append(sum(path.stat().st_size for path in tmp_path.glob("*.unfinished")))
    assert sizes == sorted({*sizes})
    assert run(tmp_path, *batch, name)[0] == 0
    assert (tmp_path / name).read_bytes() == (tmp_path / whole).read_bytes()
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {"corpus", "index", "q.csv", name, whole}
