"""Profile the steps of a cold start and the parts of a warm answer.

    python benchmarks/profiled.py DATA

The same index and questions as in ``speed.py``. A cold start is timed step by step in a process
of its own, five times; warm answers run under cProfile, whose own time is in every part.
"""

import argparse
import cProfile
import json
import pstats
import subprocess
import sys
from pathlib import Path

from common import median, python, questions, say, table

from qa.evaluation.datasets import open_set
from qa.evaluation.run import indexed
from qa.settings import Settings

TIMES, WARMED, ASKED = 5, 30, 300
COLD = """
import json, sys, time
from pathlib import Path
steps, last = {}, time.perf_counter()
def step(name):
    global last
    now = time.perf_counter()
    steps[name], last = (now - last) * 1000, now
import qa.cli; step("the command line: typer, rich, settings")
import qa.answer.ask; step("the code that answers, numpy")
import faiss; step("faiss")
import onnxruntime, tokenizers; step("onnxruntime, tokenizers")
from qa.index import snapshot
index = Path(sys.argv[1])
snapshot.check_files(index); step("hashes of the snapshot's files")
live = snapshot.open_snapshot(index); step("opening it (hashes again)")
from qa.index.encoder import open_encoder
encoder = open_encoder(live.encoder); step("the encoder: graph and tokenizer")
asked = qa.answer.ask.QA(live, encoder).ask("what is said about trade?"); step("the first answer")
json.dump(steps, sys.stdout)
"""
# Functions that each do one part of an answer, by the end of their file's name.
PARTS = {
    "the encoder": ("index/encoder.py", "encode"),
    "searches by vectors": ("index/vectors.py", "nearest"),
    "cosines of all candidates": ("index/vectors.py", "cosines"),
    "who holds which words": ("answer/features.py", "_held"),
    "search by words": ("index/lexical.py", "highest"),
    "BM25 of all candidates": ("index/lexical.py", "scores"),
    "typos": ("index/lexical.py", "correct"),
    "order, confidence, hits": ("answer/ranking.py", "hits"),
    "quotes and citations": ("answer/ask.py", "_citations"),
}


def main() -> None:
    """Profile both, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    live, _ = indexed(open_set(data / "beir_scifact").documents, Settings.load(), lambda *_: None)
    index = live.snapshot.encoder.parent.parent
    runs = [
        json.loads(
            subprocess.run(  # noqa: S603
                python("-c", COLD, str(index)), capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(TIMES)
    ]
    rows = [[name, f"{median([run[name] for run in runs]):.0f} ms"] for name in runs[0]]
    say(table(["cold start", "median"], rows))
    texts = questions(data, WARMED + ASKED)
    for text in texts[:WARMED]:
        live.ask(text)
    profile = cProfile.Profile()
    profile.enable()
    for text in texts[WARMED:]:
        live.ask(text)
    profile.disable()
    stats = pstats.Stats(profile, stream=sys.stderr)
    spent = {(name[0], name[2]): entry[3] for name, entry in stats.stats.items()}
    whole = next(s for (file, name), s in spent.items() if name == "ask" and "answer" in file)
    rows = [
        [part, f"{seconds / whole:.0%}"]
        for part, (end, function) in PARTS.items()
        for (file, name), seconds in spent.items()
        if file.endswith(end) and name == function
    ]
    say(table([f"a warm answer, {whole / ASKED * 1000:.1f} ms with the profiler", "share"], rows))


if __name__ == "__main__":
    main()
