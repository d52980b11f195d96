"""The README's commands and code do what it says."""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_two_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    wanted = re.findall(r"^make (\S+)", blocks("console")[0], re.MULTILINE)
    assert wanted == ["serve", "test"]
    assert set(wanted) <= set(targets)


def test_every_file_it_points_to_is_there():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert len(links) >= 5
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_it_has_at_most_900_words():
    assert len(README.split()) <= 900


@pytest.mark.slow
def test_its_commands_run_and_its_code_prints_what_it_says(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "seed.jsonl", tmp_path / "tests")
    (tmp_path / "questions.csv").write_text("question\nwho issued the document?\n", "utf-8")
    commands = re.findall(r"^\$ qa (.*)$", README, re.MULTILINE)
    assert len(commands) >= 10
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "qa", *shlex.split(command)],
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(blocks("python")[0], {})  # noqa: S102 - our own README
    assert printed.getvalue() == blocks("text")[0]
