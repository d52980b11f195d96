"""Write the questions of a BEIR folder that ``make calibrate`` has not seen.

    python benchmarks/rest.py FOLDER@K/N -o QUERIES.jsonl
    qa eval FOLDER --queries QUERIES.jsonl

``FOLDER@K/N`` names the part to judge by, as in ``benchmarks/calibrate.py``: where ``@0/2`` was
fitted on, ``@1/2`` is the rest.
"""

import argparse
import json
from pathlib import Path

from calibrate import of_part, opened, part


def main() -> None:
    """Write the lines of the questions of one part, unchanged."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", metavar="FOLDER@K/N")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    kept = {question.id for question in of_part(opened(options.part), part(options.part))}
    queries = Path(options.part.partition("@")[0]) / "queries.jsonl"
    lines = queries.read_text("utf-8").removesuffix("\n").split("\n")
    rest = [line for line in lines if json.loads(line)["_id"] in kept]
    options.output.write_text("".join(f"{line}\n" for line in rest), "utf-8")


if __name__ == "__main__":
    main()
