"""Plant the faults of ``mutants.toml`` one at a time: the tests must notice each.

    python tests/mutants.py [FILE ...] [--minutes N] [--covering]
    make mutants FILES="web/server/guard.py index/" MINUTES=20

FILE is a file or folder below src/qa; all by default. First the tests that should notice the fault
(``[tests]`` in ``mutants.toml``), then, unless ``--covering``, all fast tests. A fault that no test
notices survives: a hole in the tests, and exit code 1.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FAULTS = ROOT / "tests" / "mutants.toml"
FAST = ("-m", "not slow", "--ignore=tests/test_readme.py", "--ignore=tests/test_mutants.py")
# No set of tests takes so long unless a fault makes it hang, which is a way of being noticed.
LIMIT_S = 1_800
UNCOPIED = shutil.ignore_patterns(".venv*", ".git", ".*_cache", ".fitting", "__pycache__")


@dataclass(frozen=True)
class Mutant:
    """A fault: in a file below src/qa, a text that stands there once is replaced."""

    name: str
    file: str
    text: str
    replacement: str


def faults():
    """Return all faults, and by file the test files that should notice its faults."""
    read = tomllib.loads(FAULTS.read_text("utf-8"))
    return [Mutant(**entry) for entry in read["mutant"]], read["tests"]


def survives(mutant, tests):
    """Return true if some tests pass with the fault in place, as they do without it."""
    check_sound(tests)
    with tempfile.TemporaryDirectory() as folder:
        project = copied(Path(folder))
        path = project / "src" / "qa" / mutant.file
        text = path.read_text("utf-8")
        if text.count(mutant.text) != 1:
            sys.exit(f"{mutant.name}: {mutant.text!r} is not once in {mutant.file}; correct it.")
        path.write_text(text.replace(mutant.text, mutant.replacement), "utf-8")
        return passes(project, tests)


@cache
def check_sound(tests):
    """Exit if some tests fail without any fault."""
    with tempfile.TemporaryDirectory() as folder:
        if not passes(copied(Path(folder)), tests):
            sys.exit(f"Tests fail without a fault; mend them: pytest -x {' '.join(tests)}")


def copied(folder):
    """Return a copy of the project, without the index of this one."""

    def uncopied(of, names):
        return {*UNCOPIED(of, names), *(["index"] if Path(of) == ROOT else [])}

    project = folder / "project"
    shutil.copytree(ROOT, project, ignore=uncopied)
    (project / "index").mkdir()
    return project


def passes(project, tests):
    """Return true if some tests of a copy pass."""
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(project / "src")}
    with subprocess.Popen(
        run,
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return False
    if process.returncode not in (0, 1, 2):
        sys.exit(output.decode())
    return process.returncode == 0


def main():
    """Plant the chosen faults and print those that survive."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="below src/qa; all by default")
    parser.add_argument("--minutes", type=float, help="plant no further fault after so long")
    parser.add_argument("--covering", action="store_true", help="run the covering tests only")
    options = parser.parse_args()
    mutants, tests = faults()
    wanted = tuple(name.removeprefix("src/qa/") for name in options.files) or ("",)
    chosen = [mutant for mutant in mutants if mutant.file.startswith(wanted)]
    if not chosen:
        sys.exit(f"No fault is in {', '.join(options.files)}; {FAULTS.name} names the files.")
    started, tried, survivors = time.monotonic(), 0, 0
    for mutant in chosen:
        if options.minutes and time.monotonic() - started > options.minutes * 60:
            break
        covering = tuple(f"tests/{name}" for name in tests[mutant.file])
        alive = survives(mutant, covering) and (options.covering or survives(mutant, FAST))
        tried, survivors = tried + 1, survivors + alive
        print(f"{'SURVIVES' if alive else 'dies':9} {mutant.file}: {mutant.name}", flush=True)  # noqa: T201
    print(f"{tried} of {len(chosen)} faults planted, {survivors} survivors")  # noqa: T201
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
