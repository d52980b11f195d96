"""Measure the share of turns of real transcripts that are found, with the right role.

    python benchmarks/layouts.py DATA [--show]

Every transcript below ``DATA`` (press, press_dev, chinese, formats) is made a document as
``qa ingest`` does it. Beside it the marks of its speakers are read here, by rules of each
publisher's own and none of the code of ``qa.corpus``: from the lines of the PDFs as pdfium gives
them, from the HTML as Python's own parser reads it, from the lines of the council's record.
``--show`` prints every disagreement. Exit code 1 where a share of a source is below 99 %.
"""

import argparse
import difflib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from common import say
from marks import html_lines, pdf_lines

from qa.errors import SourceError
from qa.sources.ingest import document
from qa.sources.layouts.registry import turns

LEAST_SHARE = 0.99
KEY_CHARS = 50
PRINTED_KEY_CHARS = 30


@dataclass(frozen=True)
class Said:
    """A turn as one side sees it: its role, who speaks, and its first letters."""

    role: str
    speaker: str
    key: str


@dataclass
class Tally:
    """Counts and disagreements of one source."""

    documents: int = 0
    joined: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)


def key(speech: str) -> str:
    """The first letters and digits of its first line, which any extraction leaves as they are."""
    return re.sub(r"[\W_]+", "", speech.strip().split("\n")[0])[:KEY_CHARS]


def fomc_marks(path: Path) -> Iterator[Said]:
    """Turns of a conference: blocks, or lines of the PDF, that begin with "SPEAKER. "."""
    blocks = pdf_lines(path) if path.suffix == ".pdf" else path.read_text("utf-8").split("\n\n")
    name = r"(?:[A-Z][A-Z’'-]+|Mc[A-Z]+|L[ae]|D[ae]|[A-Z]\.)"
    asked = False
    for block in blocks:
        mark = re.match(rf"({name}(?: {name})+|QUESTION)\. (?=\S)", block)
        if not mark:
            continue
        surname = mark[1].split()[-1]
        if re.fullmatch("POWELL|YELLEN|BERNAN?KE", surname):
            role = "answer" if asked else "statement"
        elif mark[1].startswith("MICHELLE SM"):
            role = "statement"
        else:
            role, asked = "question", True
        # A line of a PDF is shorter than its paragraph.
        yield Said(role, mark[1], key(block[mark.end() :])[:PRINTED_KEY_CHARS])


def briefing_marks(path: Path) -> Iterator[Said]:
    """Turns of a White House page or text: lines beginning with "Q" or "NAME IN CAPITALS:"."""
    text = path.read_text("utf-8", errors="replace")
    lines = html_lines(text) if path.suffix == ".html" else text.split("\n")
    asked = False
    for line in map(str.strip, lines):
        if re.match(r"Q(?:\s|--|:|$)", line):
            asked = True
            yield Said("question", "", key(line[1:]))
            continue
        mark = re.match(r"((?:[A-Z][A-Z.'’-]*|Mc[A-Z]+)(?: (?:[A-Z][A-Z.'’-]*|Mc[A-Z]+))*):", line)
        if mark and len(re.findall("[A-Z]", mark[1])) > 1:
            leads = mark[1] in {"OPERATOR", "MODERATOR"}
            role = "answer" if asked and not leads else "statement"
            yield Said(role, mark[1], key(line[mark.end() :]))


def council_marks(path: Path) -> Iterator[Said]:
    """Turns of the Hong Kong record: lines "NAME and title：", members asking in question time."""
    in_question_time = False
    asked = False
    for line in map(str.strip, path.read_text("utf-8").split("\n")):
        if line in {"議員質詢的口頭答覆", "議員質詢的書面答覆"}:
            in_question_time = True
        elif line in {"法案", "議案", "議員議案", "議員法案"}:
            in_question_time = False
        mark = re.match(r"(?:\d+\. )?(\w{2,18}?)(?: ?\(譯文 ?\))?：(.*)", line)
        # Lists of who was there are headed likewise.
        if (
            not mark
            or re.match("[出缺列]席", mark[1])
            or not re.search("議員$|主席$|局長$|司長$|署長$|秘書$|長官$", mark[1])
        ):
            continue
        role = "statement"
        if in_question_time and mark[1].endswith("議員"):
            role, asked = "question", True
        elif in_question_time and mark[1] != "主席" and asked:
            role = "answer"
        yield Said(role, mark[1], key(mark[2]))


SOURCES = {
    "Federal Reserve, text": ("press/fomc/*.txt", fomc_marks),
    "Federal Reserve, PDF": ("press/fomc/*.pdf", fomc_marks),
    "Federal Reserve, text with paragraphs": ("press_dev/documents/fomc-*.txt", fomc_marks),
    "White House, HTML": ("press/whitehouse/*.html", briefing_marks),
    "White House, text": ("press_dev/documents/whitehouse-*.txt", briefing_marks),
    "White House 2020, HTML": ("formats/html/white_house_*.html", briefing_marks),
    "Legislative Council, text": ("chinese/legco_*.txt", council_marks),
}


def found_turns(path: Path) -> tuple[list[Said], bool]:
    """Return the document's labelled turns, and true if all turns joined give its text."""
    made = document(path.read_bytes(), path.name)
    parts = turns(made.text, made.layout)
    joined = "".join(turn.span.of(made.text) for turn in parts) == made.text
    labelled = [turn for turn in parts if turn.label]
    return [
        Said(turn.role, turn.speaker or "", key(made.text[turn.label.end : turn.span.end]))
        for turn in labelled
        if turn.label
    ], joined


def compare(path: Path, marks: list[Said], tally: Tally) -> None:
    """Count the turns that both sides see, and note the others."""
    try:
        found, joined = found_turns(path)
    except SourceError as error:
        tally.disagreements.append(f"{path.name}: refused: {error}")
        return
    tally.documents += 1
    tally.joined += joined
    chars = PRINTED_KEY_CHARS if "FOMC" in path.name.upper() else KEY_CHARS
    sides = ([said.key[:chars] for said in side] for side in (marks, found))
    matcher = difflib.SequenceMatcher(None, *sides, autojunk=False)
    pairs = {
        block.a + i: block.b + i
        for block in matcher.get_matching_blocks()
        for i in range(block.size)
    }
    for i, mark in enumerate(marks):
        ours = found[pairs[i]] if i in pairs else None
        tally.counts["turns"] += 1
        tally.counts["right role"] += ours is not None and ours.role == mark.role
        if mark.role == "question":
            tally.counts["questions"] += 1
            tally.counts["questions found"] += ours is not None and ours.role == "question"
        if ours is None or ours.role != mark.role:
            seen = f"{ours.role} ({ours.speaker})" if ours else "no turn"
            tally.disagreements.append(
                f"{path.name}: {mark.speaker or 'Q'}: {mark.key}: marked {mark.role}, found {seen}"
            )
    unmarked = set(range(len(found))) - set(pairs.values())
    tally.counts["turns without a mark"] += len(unmarked)
    tally.disagreements += [
        f"{path.name}: {found[i].speaker or 'Q'}: {found[i].key}: no mark, found {found[i].role}"
        for i in sorted(unmarked)
    ]


def share(part: int, whole: int) -> float:
    """A share of what there is; all of nothing."""
    return part / whole if whole else 1.0


def main() -> None:
    """Print a table by source, and the disagreements if asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    say("| source | documents | give their text back | questions found | right role | unmarked |")
    say("|---|---|---|---|---|---|")
    is_missed = False
    shown: list[str] = []
    for source, (pattern, read_marks) in SOURCES.items():
        tally = Tally()
        for path in sorted(given.data.glob(pattern)):
            marks = list(read_marks(path)) if path.name != "README.md" else []
            compare(path, marks, tally)
        counts = tally.counts
        questions = share(counts["questions found"], counts["questions"])
        roles = share(counts["right role"], counts["turns"])
        is_missed |= min(questions, roles) < LEAST_SHARE or tally.joined < tally.documents
        say(
            f"| {source} | {tally.documents} | {tally.joined} | {counts['questions found']} of "
            f"{counts['questions']} ({questions:.2%}) | {counts['right role']} of "
            f"{counts['turns']} ({roles:.2%}) | {counts['turns without a mark']} |"
        )
        shown += tally.disagreements
    if given.show:
        say("\n".join(shown))
    sys.exit(1 if is_missed else 0)


if __name__ == "__main__":
    main()
