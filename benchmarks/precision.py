"""Measure the loss of quality by int8 and approximate search.

    python benchmarks/precision.py DATA

Three sets are judged twice: as an exact fp32 index, and as an int8 one whose every search is
approximate (``exact_rows = 0``; small sets are not, as shipped). Writes
``results/precision.md``. The questions of ``squad2`` are those that no coefficient was fitted on.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from common import python, say, table, write_result

from qa.evaluation import evaluate
from qa.settings import Settings

SETS = ("squad2", "beir_scifact", "press_dev")
MEASURES = {
    "squad2": ["ranking.nDCG@10", "ranking.Success@1", "ranking.R@5"],
    "beir_scifact": ["ranking.nDCG@10", "ranking.Success@1", "ranking.R@5"],
    "press_dev": ["quotes.Success@1", "quotes.Success@3", "ranking.nDCG@10"],
}
WAYS = {
    "fp32, exact": {"encoder_precision": "fp32", "exact_rows": 10**9},
    "int8, exact": {"encoder_precision": "int8", "exact_rows": 10**9},
    "int8, approximate": {"encoder_precision": "int8", "exact_rows": 0},
}


def main() -> None:
    """Judge, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rest = Path(folder) / "rest.jsonl"
        script = Path(__file__).with_name("rest.py")
        part = f"{data / 'squad2'}@1/2"
        subprocess.run(  # noqa: S603
            python(str(script), part, "-o", str(rest)), check=True, env={**os.environ}
        )
        for name in SETS:
            # Named against the set's folder; an absolute name stands for itself.
            queries = str(rest) if name == "squad2" else None
            found = {
                way: evaluate(data / name, settings=Settings.load(**changed), queries=queries)
                for way, changed in WAYS.items()
            }
            for measure in MEASURES[name]:
                room, _, key = measure.partition(".")
                stated = [e.metrics[room][key] for e in found.values()]
                values = [v["mean"] if isinstance(v, dict) else v for v in stated]
                shares = [f"{value / values[0]:.4f}" for value in values[1:]]
                rows.append([name, measure, *(f"{value:.4f}" for value in values), *shares])
                say(" ".join(rows[-1]))
    head = ["set", "measure", *WAYS, *(f"{way}: share" for way in list(WAYS)[1:])]
    written = table(head, rows)
    figures = "; ".join(f"{row[0]} {row[1]}: {row[2]} to {row[4]}" for row in rows)
    write_result("precision", "Precision", written, figures)
    say(written)


if __name__ == "__main__":
    main()
