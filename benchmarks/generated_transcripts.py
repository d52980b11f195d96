"""Judge turns and speakers of generated documents, where both are known.

    python benchmarks/generated_transcripts.py [--documents 1000] [--seed 7] [--show N]

The documents are those of ``generated_documents``. The table tells, by style, the share of labels
found that are right (place, extent and speaker), the share of labels written that are found, and
how many turns are given to a wrong speaker or role. A speaker left unknown lowers the recall, not
the precision.

Exit code 1 where precision is below .995, recall below .95, or a statement has a speaker.
"""

from __future__ import annotations

import argparse
import bisect
import sys
from collections import Counter
from dataclasses import dataclass, field

from common import say
from generated_documents import Truth, Written, corpus
from marks import squeeze

from qa.records import Turn
from qa.sources.layouts.registry import recognise, turns

LEAST_PRECISION = 0.995
LEAST_RECALL = 0.95


@dataclass
class Tally:
    """Counts of one style, and its faults."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def note(self, kind: str, text: str, at: int, told: str) -> None:
        """Count a fault and keep it for ``--show``."""
        self.counts[kind] += 1
        around = text[max(0, at - 40) : at].replace("\n", "⏎")
        self.faults.append(f"{kind}: {around!r} >> {text[at : at + 70]!r} {told}")

    @property
    def wrong(self) -> int:
        """The labels found that are wrong."""
        return sum(self.counts[kind] for kind in ("no label", "wrong extent", "wrong speaker"))


def is_named(speaker: str | None, truth: Truth, text: str) -> bool:
    """Return true if a speaker is one the label may be read as; none without a name."""
    if speaker is None:
        return not truth.names or "" in truth.names
    known = {squeeze(name) for name in truth.names if name}
    return squeeze(speaker) in known | {squeeze(text[truth.start : truth.words_start])}


def judge(written: Written, tally: Tally) -> None:
    """Compare a document's turns with those written."""
    read = recognise(written.text)
    if read.text != written.text:
        raise SystemExit(f"The text read is not the text written: {written.text[:80]!r}.")
    parts = turns(read.text, read.layout)
    tally.counts["documents"] += 1
    tally.counts["written"] += len(written.truths)
    right = {judge_label(turn, written, tally) for turn in parts if turn.label}
    starts = [turn.span.start for turn in parts]
    for number, truth in enumerate(written.truths):
        if number in right:
            continue
        turn = parts[bisect.bisect(starts, truth.words_start) - 1]
        if turn.speaker is None or is_named(turn.speaker, truth, read.text):
            tally.note("missed", read.text, truth.start, read.layout)
        else:
            told = f"by {turn.speaker!r} ({turn.role})"
            tally.note("swallowed", read.text, truth.start, told)
    if not written.truths and any(turn.speaker or turn.label for turn in parts):
        tally.note("statement with speakers", read.text, 0, read.layout)


def judge_label(turn: Turn, written: Written, tally: Tally) -> int | None:
    """Count a label found, and return the number of the turn written, if it is right."""
    text = written.text
    span = turn.label
    if span is None:
        return None
    begin = span.end - len(span.of(text).lstrip())
    number = bisect.bisect([truth.start for truth in written.truths], begin) - 1
    truth = written.truths[number] if number >= 0 else None
    if truth is None or begin >= truth.words_start:
        tally.note("no label", text, begin, f"{turn.role} {turn.speaker!r}")
        return None
    if squeeze(text[min(span.end, truth.words_start) : max(span.end, truth.words_start)]):
        tally.note("wrong extent", text, begin, f"label {span.of(text)!r}")
        return None
    if not is_named(turn.speaker, truth, text):
        kind = "unknown speaker" if turn.speaker is None else "wrong speaker"
        tally.note(kind, text, begin, repr(turn.speaker))
        return None
    tally.counts["right"] += 1
    if truth.role:
        tally.counts["with role"] += 1
        tally.counts["right role"] += turn.role == truth.role
        if turn.role not in (truth.role, "statement"):
            tally.note("wrong role", text, begin, turn.role)
    return number


def share(part: int, whole: int) -> float:
    """Return a share of what there is; all of nothing."""
    return part / whole if whole else 1.0


def row(name: str, tally: Tally) -> str:
    """Return a row of the table."""
    counts = tally.counts
    precision = share(counts["right"], counts["right"] + tally.wrong)
    return (
        f"| {name} | {counts['documents']} | {counts['written']} | {precision:.4f} | "
        f"{share(counts['right'], counts['written']):.4f} | {tally.wrong} | "
        f"{counts['swallowed'] + counts['wrong speaker']} | "
        f"{share(counts['right role'], counts['with role']):.4f} | {counts['wrong role']} | "
        f"{counts['unknown speaker']} | {counts['statement with speakers']} |"
    )


def main() -> None:
    """Print the table by style, and the faults if asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="so many faults of each style")
    given = parser.parse_args()
    tallies: dict[str, Tally] = {}
    for written in corpus(given.documents, given.seed):
        judge(written, tallies.setdefault(written.style, Tally()))
    say(
        "| style | documents | labels written | precision | recall | labels wrong | "
        "turns of a wrong speaker | right role | wrong role | speaker unknown | "
        "statements with speakers |"
    )
    say("|" + "---|" * 11)
    total = Tally()
    for name in sorted(tallies):
        total.counts += tallies[name].counts
        say(row(name, tallies[name]))
    say(row("all", total))
    for name in sorted(tallies):
        for line in tallies[name].faults[: given.show]:
            say(f"[{name}] {line}")
    counts = total.counts
    is_missed = (
        share(counts["right"], counts["right"] + total.wrong) < LEAST_PRECISION
        or share(counts["right"], counts["written"]) < LEAST_RECALL
        or counts["statement with speakers"] > 0
    )
    sys.exit(1 if is_missed else 0)


if __name__ == "__main__":
    main()
