"""Compare the turns and dates of real records with marks read by rules of each source's own.

    python benchmarks/sources.py RULES FOLDER [--show] [--only NAME]

``RULES`` is a TOML file with a table per source (see ``Source``); its ``files`` are sought below
``FOLDER``. Every file is made a document as ``qa ingest`` does it. Its marks are read here, with
none of the code of ``qa.corpus``: lines of text, of HTML as Python's parser reads it, of PDF as
pdfium prints it, paragraphs of DOCX from its XML. A line that ``label`` matches begins a turn of
the ``name`` matched; ``asks`` and ``answers`` match the names of a role, others are not judged.
Where a mark's words stand in the document, the turn that covers them must have that speaker and
role. ``--show`` prints the disagreements.

Exit code 1 where a speaker is wrong: a name shown that is not the mark's.
"""

from __future__ import annotations

import argparse
import bisect
import re
import sys
import tomllib
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from common import say
from marks import html_lines, pdf_lines, squeeze

from qa.errors import QAError
from qa.records import Turn
from qa.sources.ingest import document
from qa.sources.layouts.registry import turns

KEY_CHARS = 40
# A mark's words are sought so far behind the mark before: further on they are another's.
WINDOW_CHARS = 60_000
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass(frozen=True, slots=True)
class Source:
    """A source's rules: regular expressions of its labels, roles and dates.

    ``label`` is sought at the start of every line, with the groups ``name`` (may be missing) and
    ``said``; a group ``asks`` or ``answers`` that matches tells the role, as do the expressions
    of these names that match a whole name. ``date`` finds the date in a file's name or its first
    lines, with the groups ``day``, ``month``, ``year``. ``origin`` names the public repository to
    fetch the files from.
    """

    name: str
    files: str
    label: str
    asks: str = "(?!)"
    answers: str = "(?!)"
    date: str = ""
    encoding: str = "utf-8"
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A turn as the rules read it; ``role`` is None where they do not tell."""

    speaker: str
    role: str | None
    label: str
    words: str
    starts_before_questions: bool

    @property
    def key(self) -> str:
        """The label and the first words, as ``squeeze`` leaves them."""
        return self.label + self.words


@dataclass
class Tally:
    """Counts of one source, and the disagreements."""

    counts: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)


def lines_of(path: Path, encoding: str) -> list[str]:
    """The lines of a file as its publisher prints them."""
    if path.suffix == ".pdf":
        return pdf_lines(path)
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as packed:
            root = ElementTree.fromstring(packed.read("word/document.xml"))  # noqa: S314 - own data
        return [
            "".join(part.text or "" for part in block.iter(f"{WORD}t"))
            for block in root.iter(f"{WORD}p")
        ]
    text = path.read_text(encoding, errors="replace")
    if path.suffix in (".html", ".htm"):
        return html_lines(text)
    return text.split("\n")


def marks_of(lines: list[str], source: Source) -> list[Mark]:
    """The marks of a file's lines, in order."""
    label = re.compile(source.label)
    marks: list[Mark] = []
    asked = False
    for i, line in enumerate(lines):
        found = label.match(line.strip())
        if not found:
            continue
        groups = found.groupdict()
        name = re.sub(r"\s+", " ", groups.get("name") or "").strip()
        said = groups.get("said") or ""
        rest = i + 1
        while len(squeeze(said)) < KEY_CHARS and rest < min(i + 4, len(lines)):
            if label.match(lines[rest].strip()):
                break
            said += " " + lines[rest]
            rest += 1
        role = None
        if groups.get("asks") or re.fullmatch(source.asks, name):
            role, asked = "question", True
        elif groups.get("answers") or re.fullmatch(source.answers, name):
            role = "answer"
        begin = line.strip()[: found.start("said")]
        marks.append(Mark(name, role, squeeze(begin), squeeze(said)[:KEY_CHARS], not asked))
    return marks


def is_same_speaker(ours: str, marked: str) -> bool:
    """Return true if a name is the mark's, with or without a part, title or outlet."""
    one, other = squeeze(ours), squeeze(marked)
    return one == other or one in other or other in one


class _Found:
    """A document's turns, to be asked which covers a stretch of letters."""

    def __init__(self, text: str, parts: tuple[Turn, ...]) -> None:
        self.turns = parts
        self.places: list[int] = []
        squeezed: list[str] = []
        for i, char in enumerate(text):
            for letter in squeeze(char):
                squeezed.append(letter)
                self.places.append(i)
        self.squeezed = "".join(squeezed)
        self.starts = [turn.span.start for turn in parts]

    def covering(self, at: int) -> int:
        """The number of the turn that covers a place among the letters."""
        return bisect.bisect(self.starts, self.places[at]) - 1


def compare(path: Path, source: Source, tally: Tally) -> None:
    """Count where a document's turns agree with its marks."""
    lines = lines_of(path, source.encoding)
    marks = marks_of(lines, source)
    counts = tally.counts
    try:
        made = document(path.read_bytes(), path.name)
        parts = turns(made.text, made.layout)
    except QAError as error:
        tally.disagreements.append(f"{path.name}: refused: {error}")
        return
    counts["documents"] += 1
    counts[f"layout {made.layout}"] += 1
    count_date(path, lines, source, made.date, tally)
    found = _Found(made.text, parts)
    at = 0
    seen: dict[int, Mark] = {}
    for mark in marks:
        if not mark.words:
            counts["without words"] += 1
            continue
        place = found.squeezed.find(mark.key, at, at + WINDOW_CHARS)
        if place < 0:
            place = found.squeezed.find(mark.key, at)
        if place < 0:
            counts["not in the text"] += 1
            continue
        at = place + len(mark.key)
        turn_index = found.covering(place + len(mark.label))
        judge(path, mark, parts[turn_index], first=turn_index not in seen, tally=tally)
        seen.setdefault(turn_index, mark)
    extra = [
        turn
        for i, turn in enumerate(parts)
        if turn.label
        and i not in seen
        and len(squeeze(made.text[turn.label.end : turn.span.end])) >= KEY_CHARS
    ]
    counts["unmarked"] += len(extra)
    tally.disagreements += [
        f"{path.name}: unmarked: {turn.role} {turn.speaker!r}: "
        f"{made.text[turn.span.start : turn.span.start + 60]!r}"
        for turn in extra
    ]


def judge(path: Path, mark: Mark, turn: Turn, *, first: bool, tally: Tally) -> None:
    """Count one mark against the turn that covers its words."""
    counts = tally.counts
    counts["turns"] += 1
    is_begun = turn.label is not None and first
    allowed = {mark.role}
    if mark.role == "answer" and mark.starts_before_questions:
        allowed.add("statement")
    if mark.role == "question":
        counts["questions"] += 1
        counts["questions found"] += is_begun and turn.role == "question"
    if mark.role:
        counts["with role"] += 1
        counts["right role"] += turn.role in allowed and first
        counts["wrong role"] += turn.role not in {*allowed, "statement"}
    problems = []
    if turn.speaker is None:
        counts["speaker unknown"] += 1
    else:
        counts["speaker shown"] += 1
        if not is_same_speaker(turn.speaker, mark.speaker) or not mark.speaker:
            counts["speaker wrong"] += 1
            problems.append(f"WRONG SPEAKER {turn.speaker!r}")
    if mark.role and (turn.role not in allowed or not first):
        problems.append(f"found {turn.role}{'' if first else ', inside the turn before'}")
    if problems:
        tally.disagreements.append(
            f"{path.name}: {mark.speaker!r} ({mark.role}) {mark.words[:30]}: {'; '.join(problems)}"
        )


MONTHS = (
    "jan|ene|janv ; feb|fév|fev ; mar|mär ; apr|abr|avr ; may|mai ; jun|juin ; jul|juil ; "
    "aug|ago|aoû ; sep ; oct|okt|out ; nov ; dec|dic|dez|déc"
).split(" ; ")


def count_date(path: Path, lines: list[str], source: Source, found: object, tally: Tally) -> None:
    """Count the document's date as right if the source's rule reads the same."""
    if not source.date:
        return
    read = re.search(source.date, path.name) or re.search(source.date, "\n".join(lines[:40]))
    if not read:
        return
    month = read["month"].casefold()
    number = next(
        (i for i, names in enumerate(MONTHS, 1) if re.match(names.strip(), month)),
        int(month) if month.isdecimal() else 0,
    )
    marked = f"{int(read['year']):04}-{number:02}-{int(read['day']):02}"
    outcome = "none" if found is None else "right" if str(found) == marked else "wrong"
    tally.counts[f"dates {outcome}"] += 1
    if outcome != "right":
        tally.disagreements.append(f"{path.name}: date {found}, marked {marked}")


def percent(part: int, whole: int) -> str:
    """A share in percent, or a dash where there is nothing to share."""
    return f"{part / whole:.1%}" if whole else "–"


def main() -> None:
    """Print a table by source, and the disagreements if asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("rules", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    rules = tomllib.loads(given.rules.read_text("utf-8"))
    say(
        "| source | documents | transcripts | turns | questions found | right role | wrong role "
        "| speaker shown | speaker wrong | unmarked | dates right / none / wrong |"
    )
    say("|---|---|---|---|---|---|---|---|---|---|---|")
    wrong = 0
    shown: list[str] = []
    for table in rules["source"]:
        source = Source(**table)
        if given.only not in source.name:
            continue
        paths = sorted(given.folder.glob(source.files))
        if not paths:
            continue
        tally = Tally()
        for path in paths:
            compare(path, source, tally)
        c = tally.counts
        wrong += c["speaker wrong"]
        say(
            f"| {source.name} | {c['documents']} | {c['layout transcript']} | {c['turns']} | "
            f"{percent(c['questions found'], c['questions'])} of {c['questions']} | "
            f"{percent(c['right role'], c['with role'])} of {c['with role']} | {c['wrong role']} | "
            f"{percent(c['speaker shown'], c['turns'])} | {c['speaker wrong']} "
            f"({percent(c['speaker wrong'], c['turns'])}) | {c['unmarked']} | "
            f"{c['dates right']} / {c['dates none']} / {c['dates wrong']} |"
        )
        shown += [f"[{source.name}] {line}" for line in tally.disagreements]
    if given.show:
        say("\n".join(shown))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
