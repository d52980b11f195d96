"""Make judged sets for ``make calibrate`` from public rows and transcripts.

    python benchmarks/fitting_sets.py ROWS_FOLDER PRESS_FOLDER JUDGED_PRESS_FOLDER -o FOLDER

From each file of question and passage rows (``NAME.jsonl.gz`` with ``question``, ``positives``,
``negatives``) a BEIR folder. From transcripts a press folder, in which a visitor asks what a
journalist asked: the sentence that asks is cut from the transcript, the rest of the journalist's
turn stays, and the answer that followed is the gold answer. Transcripts of the same day as one of
the judged press folder are left out, so that this folder stays fit to evaluate on.
"""

import argparse
import datetime
import gzip
import html
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from common import hashed, write_json_lines

from qa.records import Span, Turn
from qa.sources.layouts.registry import recognise, turns
from qa.text.sentences import sentence_spans
from qa.text.terms import terms

ROWS = ("clapnq_dev", "friendsqa")
QUESTIONS = 350  # of each set
PASSAGES = 600
TRANSCRIPTS = 20  # of each public body
LEAST_TERMS = 4  # a question with fewer content words depends on the one before it
GOLD_CHARS = 400
REST_CHARS = 60


def main() -> None:
    """Write every set."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=Path)
    parser.add_argument("press", type=Path)
    parser.add_argument("judged_press", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    for name in ROWS:
        write_beir(options.rows / f"{name}.jsonl.gz", options.output / name)
    write_press(options.press, options.judged_press, options.output / "journalists")


def write_beir(path: Path, folder: Path) -> None:
    """Write a sample of a file's rows, with the passages they name and some others."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = sorted(map(json.loads, file), key=lambda row: hashed(row["question"]))
    asked = {}
    for row in rows:
        if len(asked) < QUESTIONS:
            asked.setdefault(row["question"], row)
    passages: dict[str, str] = {}
    for row in (*asked.values(), *rows):
        for text in (*row["positives"], *row["negatives"]):
            is_answer = row in asked.values() and text in row["positives"]
            if is_answer or len(passages) < PASSAGES:
                passages.setdefault(hashed(text)[:12], text)
    folder.mkdir(parents=True, exist_ok=True)
    write_json_lines(folder / "corpus.jsonl", ({"_id": i, "text": t} for i, t in passages.items()))
    queries = [
        {"_id": f"q{n}", "text": question, "answerable": bool(row["positives"])}
        for n, (question, row) in enumerate(asked.items())
    ]
    write_json_lines(folder / "queries.jsonl", queries)
    qrels = [
        f"q{n}\t{document}\t1\n"
        for n, row in enumerate(asked.values())
        for document in dict.fromkeys(hashed(text)[:12] for text in row["positives"])
    ]
    (folder / "qrels.tsv").write_text("".join(qrels), "utf-8")


def write_press(press: Path, judged: Path, folder: Path) -> None:
    """Write transcripts without some sentences that ask, and those sentences as questions."""
    days = {p.stem[-10:] for p in (judged / "documents").iterdir()}
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    questions = []
    for name, title, date, text in transcripts(press, days):
        page = recognise(text)
        if page.layout != "transcript":
            continue
        asked = list(asked_in(page.text, name, date))
        questions += [row for row, _ in asked]
        rest = page.text
        for _, place in reversed(asked):
            rest = rest[: place.start].rstrip(" ") + rest[place.end :]
        (folder / "documents" / name).write_text(f"{title}\n{date}\n\n{rest}", "utf-8")
    write_json_lines(
        folder / "questions.jsonl", ({"id": f"j{n}", **row} for n, row in enumerate(questions))
    )


def transcripts(
    press: Path, days: set[str], most: int | None = TRANSCRIPTS
) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, title, date and text of up to `most` transcripts of each body."""
    most = most or sys.maxsize
    spoken = sorted((press / "fomc").glob("*.txt"), key=lambda p: hashed(p.name))
    taken = 0
    for path in spoken:
        digits = re.sub(r"\D", "", path.stem)
        date = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
        if date not in days and taken < most:
            taken += 1
            text = path.read_text("utf-8")
            yield f"fomc-{date}.txt", "Transcript of the Chair's Press Conference", date, text
    pages = sorted((press / "whitehouse").glob("*.html"), key=lambda p: hashed(p.name))
    taken = 0
    for path in pages:
        date = path.name[:10]
        if date not in days and taken < most:
            taken += 1
            page = path.read_text("utf-8")
            title = " ".join(html.unescape(re.search("<h1>(.*?)</h1>", page, re.DOTALL)[1]).split())
            body = page.split('<p class="date">')[-1].split("</p>", 1)[1]
            paragraphs = re.findall(r"<p[^>]*>(.*?)</p>", body, re.DOTALL | re.IGNORECASE)
            plain = (html.unescape(re.sub(r"<[^>]*>", "", p)) for p in paragraphs)
            text = "\n\n".join(filter(None, (" ".join(p.split()) for p in plain)))
            if text:
                yield f"whitehouse-{date}.txt", title, date, text


def asked_in(text: str, name: str, date: str) -> Iterator[tuple[dict, Span]]:
    """Yield each question with the beginning of its answer, and the place of its sentence.

    Every third self-contained question gets its date; a context-dependent one is a follow-up to
    the question before it. Turns of a single sentence are left out.
    """
    before, last = "", None
    for turn in turns(text, "transcript"):
        if turn.role != "answer" or not turn.asked or turn.asked == last:
            continue
        last = turn.asked
        asked = turn.asked.of(text)
        asking = [s for s in sentence_spans(asked) if s.of(asked)[-1] == "?"]
        gold = answered_by(text, turn)
        if not asking or not gold or len(asked) - (asking[-1].end - asking[-1].start) < REST_CHARS:
            continue
        question = asking[-1].of(asked)
        place = Span(turn.asked.start + asking[-1].start, turn.asked.start + asking[-1].end)
        count = len({t.stem for t in terms(question)})
        row = {"gold": [{"document": name, "quote": gold}]}
        if count >= LEAST_TERMS:
            yield {"question": timed(question, date), "kind": "answerable", **row}, place
            before = question
        elif count and before:
            yield {"question": question, "kind": "followup", "previous": [before], **row}, place


def answered_by(text: str, turn: Turn) -> str:
    """Return the first sentences of an answer's first paragraph, "" if it is too short."""
    said = Span(turn.label.end if turn.label else turn.span.start, turn.span.end)
    answer = said.of(text).strip()
    most = min(GOLD_CHARS, len(answer.split("\n\n")[0]))
    end = max((s.end for s in sentence_spans(answer) if s.end <= most), default=0)
    return answer[:end] if end >= GOLD_CHARS // 4 else ""


def timed(question: str, date: str) -> str:
    """Return the question, every third one with the month or year in which it was asked."""
    place = int(hashed(question)[:8], 16)
    if place % 3:
        return question
    day = datetime.date.fromisoformat(date)
    when = f"{day:%B %Y}" if place % 2 else f"{day.year}"
    return f"{question.removesuffix('?')} in {when}?"


if __name__ == "__main__":
    main()
