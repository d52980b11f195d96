"""Measure the time of an answer beside a search by passage vectors alone.

    python benchmarks/ask.py SET

The questions of a judged set are asked of its documents, each five ways in turn in the same run:
only embedded; embedded and searched by passage vectors; asked with that search alone; asked
without a reranker; asked as shipped. Prints the medians and 95th percentiles in milliseconds.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from qa.answer.ask import QA
from qa.evaluation.datasets import open_set
from qa.evaluation.run import indexed
from qa.settings import Settings

QUESTIONS = 200
DEPTH = 100


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("judged_set", type=Path, metavar="SET")
    options = parser.parse_args()
    judged = open_set(options.judged_set)
    full, _ = indexed(judged.documents, Settings.load(), lambda *_: None)
    plain = QA(full.snapshot, full.encoder, searches=["passages"])
    plain_order = QA(full.snapshot, full.encoder)
    vectors = full.snapshot.passage_vectors

    def searched(question: str) -> None:
        vectors.nearest(full.encoder.encode([question])[0], DEPTH)

    ways: dict[str, Callable[[str], object]] = {
        "embedded": lambda question: full.encoder.encode([question]),
        "passage vectors alone": searched,
        "asked by passage vectors": plain.ask,
        "asked without a reranker": plain_order.ask,
        "asked as shipped": full.ask,
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number, question in enumerate(judged.questions[: QUESTIONS + 10]):
        for name, way in ways.items():
            started = time.perf_counter()
            way(question.question)
            if number >= 10:  # noqa: PLR2004 - the first ones load what later ones find loaded
                took[name].append((time.perf_counter() - started) * 1000)
    sys.stdout.write(f"{len(vectors)} passages, {len(full.snapshot.sentence_vectors)} sentences\n")
    for name, values in took.items():
        p95 = statistics.quantiles(values, n=20)[-1]
        sys.stdout.write(f"{name:26} {statistics.median(values):7.2f} ms {p95:7.2f} ms\n")


if __name__ == "__main__":
    main()
