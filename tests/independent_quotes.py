"""Work out Success@1, Success@3 and highlight@1 of a press set's evaluation, from the contract."""

import json
import re
import sys
from pathlib import Path

HEAD = re.compile(r"[^\n]+\n\d{4}-\d{2}-\d{2}\n(?:https?://[^\n]+\n)?\n")


def rows(path: Path) -> list[dict]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]


def body(path: Path) -> str:
    """Return a document's text: what follows its head, without the line feeds around it."""
    raw = path.read_bytes().decode("utf-8")
    head = HEAD.match(raw)
    return raw[head.end() if head else 0 :].strip("\n")


def places(quote: str, text: str) -> list[range]:
    """Return the characters of each place where the quote stands in the text."""
    starts = [m.start() for m in re.finditer(f"(?={re.escape(quote)})", text)]
    if not quote or not starts:
        raise ValueError(f"quote not found: {quote!r}")
    return [range(start, start + len(quote)) for start in starts]


def found(targets: list[tuple[str, range]], document: str, spans: list[dict]) -> bool:
    """Tell whether the spans of a document together cover half of any of the gold places."""
    covered = {i for span in spans for i in range(span["start"], span["end"])}
    return any(
        name == document and 2 * len(covered.intersection(place)) >= len(place)
        for name, place in targets
    )


def figures(judged_set: Path, folder: Path) -> dict[str, float]:
    """Return the three figures: means over the set's questions of kind 'answerable'."""
    texts = {path.name: body(path) for path in (judged_set / "documents").glob("*.txt")}
    evaluated = {row["id"]: row for row in rows(folder / "questions.jsonl")}
    hits: dict[str, list[bool]] = {"Success@1": [], "Success@3": [], "highlight@1": []}
    for question in rows(judged_set / "questions.jsonl"):
        row = evaluated[question["id"]]  # KeyError: the evaluation lacks the question
        targets = [
            (gold["document"], place)
            for gold in question["gold"]
            for place in places(gold["quote"], texts[gold["document"]])
        ]
        if question["kind"] != "answerable":
            continue
        cited = [found(targets, one["document"], [one]) for one in row["citations"]]
        first = row["citations"][0]["document"] if row["citations"] else ""
        hits["Success@1"].append(any(cited[:1]))
        hits["Success@3"].append(any(cited[:3]))
        hits["highlight@1"].append(found(targets, first, row["quotes"]))
    return {name: sum(values) / len(values) for name, values in hits.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(figures(Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
