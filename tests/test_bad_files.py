"""Three hundred bad files among good ones: each is named with a reason, and harms nothing."""

import os
import subprocess
import sys

import pytest

import badfiles


@pytest.mark.slow
def test_bad_files_are_named_and_the_good_ones_taken(tmp_path, tmp_path_factory):
    source, corpus = tmp_path / "source", tmp_path / "record" / "corpus"
    outside = tmp_path / "outside"
    for folder in (source, outside, corpus.parent):
        folder.mkdir()
    secret = outside / "secret.txt"
    secret.write_text("Nobody shall read this.", "utf-8")
    bad = badfiles.write(source, secret)
    assert bad >= 300
    before = everything(tmp_path)
    command = [sys.executable, "-m", "qa", "ingest", "--corpus", str(corpus), str(source)]
    environment = {**os.environ, "QA_CACHE": str(tmp_path_factory.mktemp("cache"))}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    failed = [line for line in done.stderr.splitlines() if line.startswith("failed  ")]
    assert len(failed) == bad
    for line in failed:
        source_name, _, why = line.removeprefix("failed").strip().partition(": ")
        assert source_name
        assert len(why) > 20, line
    others = [line for line in done.stderr.splitlines() if line not in failed]
    assert all(line.startswith("ingesting: ") for line in others)
    found = f"2 duplicate, {bad} failed, 6 new"  # of the good ones, three say the same
    assert done.stdout.endswith(f"{bad + len(badfiles.GOOD)} sources: {found}.\n")
    written = everything(tmp_path) - before
    assert {path for path in written if not path.startswith("record/corpus/")} == {"record/corpus"}
    sources = {"record/corpus", "record/corpus/sources.yaml", "record/corpus/.lock"}
    assert len(written - sources) == len(badfiles.GOOD) - 2
    assert not any("Nobody shall read" in file.read_text("utf-8") for file in corpus.iterdir())
    assert "root:" not in "".join(file.read_text("utf-8") for file in corpus.iterdir())


def everything(folder):
    return {os.path.relpath(path, folder) for path in folder.rglob("*")}
