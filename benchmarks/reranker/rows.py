"""Write the rows that the reranker is fitted on: questions, with windows that answer and others.

    python benchmarks/reranker/rows.py DATA -o FOLDER

``DATA`` is the folder of the judged sets (``train``, ``squad2``, ``beir_scifact``, ``press``,
``press_dev``); our own questions are those of ``benchmarks/questions``. ``FOLDER`` receives
``general.jsonl.gz`` (public question sets), ``near.jsonl.gz`` (sets near to a record of press
conferences, and sets with unanswerable questions), ``held_out.jsonl.gz`` (as ``near``, of other
documents) and ``held_out_set`` (our held-out questions as a judged set). A row is one line:

    {"source", "question", "answering": [WINDOW], "others": [WINDOW], "far": [WINDOW]}
    WINDOW = {"context", "text", "spans": [[start, end], ...]}

``spans`` are the sentences that answer, in characters of the window's text; empty where they are
not known. ``others`` come from the same document or article and look most like an answer, hardest
first; ``far`` come from elsewhere. Windows are cut as the reranker receives them
(``qa.answer.window``), so that their form gives nothing away.

Left out: sets without a licence for models that are passed on (wikiqa: research only; trecqa:
none stated; subjqa: reviews of others), clapnq_dev, which the calibration uses, and every document
of the judged press conferences.
"""

import argparse
import gzip
import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

sys.path.insert(0, str(Path(__file__).parent.parent))

from common import hashed, json_lines, say, sha256, write_json_lines
from fitting_sets import asked_in, transcripts

from qa.answer.window import WINDOW_CHARS, context_of, window_around
from qa.records import Span
from qa.sources.layouts.registry import recognise, turns
from qa.text.sentences import sentence_spans

# Most rows of each file: all of what there is of conversations, agencies and plain questions; a
# share of sets with thousands of one kind, less of sets made from templates.
GENERAL = {
    "squadshifts_new_wiki": 3_000,
    "squadshifts_reddit": 2_000,
    "squadshifts_amazon_reviews": 1_500,
    "squad1_train_sentences": 2_500,
    "squad1_train_cut": 200,
    "xquad_en": 400,
    "selqa": 1_200,
    "friendsqa": 2_000,
    "covidqa": 1_000,
    "covid_faq": 1_200,
    "medquad": 600,
    "policyqa": 500,
    "pubmedqa": 300,
}
JOURNALISTS = 2_500
HARD = 8  # windows kept of those most like an answer
FAR = 3
# The parts of squad2's articles (by the hash of their title, modulo PARTS) and of scifact's claims
# to fit on; the other even part is for calibration, the odd ones for evaluation.
PARTS, FITTED, HELD_OUT = 8, {0, 2, 4}, 6
QUESTIONS = Path(__file__).parent.parent / "questions"


def main() -> None:
    """Write the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="our own questions")
    parser.add_argument("--only", choices=["general", "near"])
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    data = options.data
    options.output.mkdir(parents=True, exist_ok=True)
    if options.only != "near":
        rows = [r for name, most in GENERAL.items() for r in general(data / "train", name, most)]
        write(options.output / "general.jsonl.gz", rows)
    if options.only != "general":
        fitted, held_out = [], []
        for make in (squad, scifact):
            for part, row in make(data):
                (fitted if part in FITTED else held_out if part == HELD_OUT else []).append(row)
        to_fit = by_document(options.questions / "fit.jsonl")
        to_hold_out = by_document(options.questions / "held_out.jsonl")
        if mixed := to_fit.keys() & to_hold_out.keys():
            sys.exit(f"{options.questions}: {', '.join(sorted(mixed))} in both files; keep one.")
        write_set(data, to_hold_out, options.output / "held_out_set")
        for document, row in written(data, {**to_fit, **to_hold_out}):
            (held_out if document in to_hold_out else fitted).append(row)
        fitted += journalists(data, {*to_hold_out})
        write(options.output / "near.jsonl.gz", fitted)
        write(options.output / "held_out.jsonl.gz", held_out)


def general(folder: Path, name: str, most: int) -> Iterator[dict]:
    """Yield the rows of one public file; the others come from the same article or group."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = sorted(map(json.loads, file), key=lambda row: hashed(row["question"]))
    texts: dict[str, None] = {}
    groups: dict[str, dict[str, None]] = {}
    for row in rows:
        for text in (*row["positives"], *row["negatives"]):
            texts[text] = None
            groups.setdefault(row.get("group") or "", {})[text] = None
    pool = Pool([w for text in texts for w in windows(text, "", text)])
    taken = 0
    for row in rows:
        if taken == most or not row["positives"]:
            continue
        right = set(row["positives"])
        text = row["positives"][0]
        places = [Span(a["start"], a["start"] + len(a["text"])) for a in row["answers"]]
        answering = (
            windows_with(text, "", text, places) if places else pool.best(row["question"], right, 1)
        )
        near = groups[row["group"]] if row.get("group") else row["negatives"]
        same = right if places else set()
        others = pool.best(row["question"], {*near, *same}, HARD, without=answering)
        if places:
            others = [w for w in others if w["of"] not in right or not holds(w, text, places)]
        else:
            others = [w for w in others if w["of"] not in right]
        taken += 1
        yield {
            "source": name,
            "question": row["question"],
            "answering": plain(answering),
            "others": plain(others),
            "far": plain(pool.far(row["question"], {*near, *right})),
        }
    say(f"{name}: {taken}")


def squad(data: Path) -> Iterator[tuple[int, dict]]:
    """Yield SQuAD 2's questions, unanswerable ones too, each with the part of its article."""
    corpus = {r["_id"]: r for r in json_lines(data / "squad2" / "corpus.jsonl")}
    pool = Pool([w for r in corpus.values() for w in windows(r["text"], r["title"], r["_id"])])
    of_article: dict[str, set[str]] = {}
    for r in corpus.values():
        of_article.setdefault(r["title"], set()).add(r["_id"])
    for row in json_lines(data / "squad2" / "queries.jsonl"):
        about = corpus[row["about"]]
        text, title = about["text"], about["title"]
        places = [Span(text.index(a), text.index(a) + len(a)) for a in row["answers"] if a in text]
        answering = windows_with(text, title, row["about"], places) if places else []
        if row["answerable"] and not places:
            continue
        own = [
            w
            for w in pool.best(row["text"], {row["about"]}, HARD)
            if not places or not holds(w, text, places)
        ]
        near = pool.best(row["text"], of_article[title] - {row["about"]}, HARD // 2)
        yield (
            int(hashed(title), 16) % PARTS,
            {
                "source": "squad2",
                "question": row["text"],
                "answering": plain(answering),
                "others": plain([*own[:3], *near]),
                "far": plain(pool.far(row["text"], of_article[title])),
            },
        )


def scifact(data: Path) -> Iterator[tuple[int, dict]]:
    """Yield SciFact's training claims with their abstracts, each with its part."""
    folder = data / "beir_scifact"
    corpus = {r["_id"]: r for r in json_lines(folder / "corpus.jsonl")}
    pool = Pool([w for r in corpus.values() for w in windows(r["text"], r["title"], r["_id"])])
    answers: dict[str, dict[str, None]] = {}
    for line in (folder / "qrels_train.tsv").read_text("utf-8").splitlines()[1:]:
        claim, document, *_ = line.split("\t")
        answers.setdefault(claim, {})[document] = None
    for row in json_lines(folder / "queries_train.jsonl"):
        right = answers.get(row["_id"], {})
        if not right:
            continue
        answering = [w for d in sorted(right) for w in pool.best(row["text"], {d}, 1)]
        others = [w for w in pool.best(row["text"], None, HARD * 4) if w["of"] not in right]
        title = corpus[next(iter(right))]["title"]
        is_fitted = int(hashed(title), 16) % 2 == 0
        yield (
            min(FITTED) if is_fitted else HELD_OUT,
            {
                "source": "scifact",
                "question": row["text"],
                "answering": plain(answering),
                "others": plain(others[:HARD]),
                "far": plain(pool.far(row["text"], right)),
            },
        )


def written(data: Path, questions: dict[str, list[dict]]) -> Iterator[tuple[str, dict]]:
    """Yield the rows of our own questions, each with the name of its transcript."""
    days = {p.stem[-10:] for p in (data / "press_dev" / "documents").iterdir()}
    every = {}
    for name, title, _, text in transcripts(data / "press", days, most=None):
        stem = name.removesuffix(".txt")
        if stem in questions:
            every[stem] = conference(title, text)
    if missing := questions.keys() - every.keys():
        sys.exit(f"{data / 'press'} has no transcript {', '.join(sorted(missing))}; add it.")
    pool = Pool([w for stem, (_, parts) in every.items() for p in parts for w in cut(stem, p)])
    for stem, asked in sorted(questions.items()):
        _, parts = every[stem]
        for row in asked:
            is_answer = row["kind"] == "answerable"
            places = [Span(start, end) for start, end in row["gold" if is_answer else "near"]]
            found = [
                w
                for place in places
                for part in parts
                if part[0].start <= place.start and place.end <= part[0].end
                for w in windows_with(part[1], part[2], stem, [moved(place, part[0].start)])
            ]
            others = [
                w
                for w in pool.best(row["question"], {stem}, HARD + 4)
                if not any(w["text"] in f["text"] or overlap(w, f) for f in found)
            ][:HARD]
            yield (
                stem,
                {
                    "source": "written",
                    "question": row["question"],
                    "answering": plain(found) if is_answer else [],
                    "others": plain(others if is_answer else [*bare(found), *others]),
                    "far": plain(pool.far(row["question"], {stem})),
                },
            )


def by_document(path: Path) -> dict[str, list[dict]]:
    """Return the questions of a file by the transcript they are about."""
    found: dict[str, list[dict]] = {}
    for row in json_lines(path):
        found.setdefault(row["document"], []).append(row)
    return found


def write_set(data: Path, asked: dict[str, list[dict]], folder: Path) -> None:
    """Write questions and their transcripts as a judged set."""
    days = {p.stem[-10:] for p in (data / "press_dev" / "documents").iterdir()}
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    questions = []
    for name, title, date, text in transcripts(data / "press", days, most=None):
        stem = name.removesuffix(".txt")
        if stem not in asked:
            continue
        (folder / "documents" / name).write_text(f"{title}\n{date}\n\n{text}\n", "utf-8")
        plain_text = recognise(text).text
        for n, row in enumerate(asked[stem]):
            gold = [
                {"document": name, "quote": plain_text[start:end]}
                for start, end in row.get("gold", ())
            ]
            one = {"question": row["question"], "kind": row["kind"], "gold": gold}
            questions.append({"id": f"{stem}-{n}", **one})
    write_json_lines(folder / "questions.jsonl", questions)


def journalists(data: Path, apart: set[str]) -> Iterator[dict]:
    """Yield journalists' questions with the beginning of the answer that followed.

    Transcripts used by the calibration (the first of each body) or named in `apart` are left out.
    """
    days = {p.stem[-10:] for p in (data / "press_dev" / "documents").iterdir()}
    kept = {name for name, *_ in transcripts(data / "press", days)}
    asked, every = [], {}
    for name, title, date, text in transcripts(data / "press", days, most=None):
        if name in kept or name.removesuffix(".txt") in apart:
            continue
        page = recognise(text)
        if page.layout != "transcript":
            continue
        found = list(asked_in(page.text, name, date))
        rest = page.text
        for _, place in reversed(found):
            rest = rest[: place.start].rstrip(" ") + rest[place.end :]
        every[name] = conference(title, rest)
        asked += [(name, row) for row, _ in found if row["kind"] == "answerable"]
    pool = Pool([w for name, (_, parts) in every.items() for p in parts for w in cut(name, p)])
    asked.sort(key=lambda one: hashed(one[1]["question"]))
    for name, row in asked[:JOURNALISTS]:
        quote = row["gold"][0]["quote"]
        part = next((p for p in every[name][1] if quote in p[1]), None)
        if part is None:
            continue
        start = part[1].index(quote)
        first = sentence_spans(quote)[0]
        places = [Span(start + first.start, start + first.end)]
        answering = windows_with(part[1], part[2], name, places)
        for w in answering:
            w["spans"] = []
        others = [
            w
            for w in pool.best(row["question"], {name}, HARD + 4)
            if not any(overlap(w, f) for f in answering) and w["context"] != part[2]
        ]
        yield {
            "source": "journalists",
            "question": row["question"],
            "answering": plain(answering),
            "others": plain(others[:HARD]),
            "far": plain(pool.far(row["question"], {name})),
        }


def conference(title: str, text: str) -> tuple[str, list[tuple[Span, str, str]]]:
    """Return a transcript's text, and the place, text and context of each answer or statement."""
    page = recognise(text)
    parts = []
    for turn in turns(page.text, page.layout):
        if turn.role == "question":
            continue
        asked = turn.asked.of(page.text) if turn.asked else ""
        begin = turn.label.end if turn.label else turn.span.start
        for start, paragraph in paragraphs(page.text[begin : turn.span.end]):
            at = Span(begin + start, begin + start + len(paragraph))
            parts.append((at, paragraph, context_of(asked, title)))
    return page.text, parts


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a text with their offsets."""
    at = 0
    for piece in text.split("\n\n"):
        if piece.strip():
            lead = len(piece) - len(piece.lstrip())
            yield at + lead, piece.strip()
        at += len(piece) + 2


class Pool:
    """Windows to search by likeness of words (TF-IDF)."""

    def __init__(self, every: Sequence[dict]) -> None:
        self._windows = list(every)
        self._of: dict[str, list[int]] = {}
        for n, w in enumerate(self._windows):
            self._of.setdefault(w["of"], []).append(n)
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english")
        self._matrix = self._vectorizer.fit_transform(
            f"{w['context']} {w['text']}" for w in self._windows
        )

    def best(
        self,
        question: str,
        of: Iterable[str] | None,
        most: int,
        without: Sequence[dict] = (),
    ) -> list[dict]:
        """Return the windows most like the question, of some texts or of all."""
        rows = (
            np.arange(len(self._windows))
            if of is None
            # Ascending: of windows as much alike the first comes first, whatever order sets have.
            else np.array(sorted(n for text in of for n in self._of.get(text, ())), dtype=int)
        )
        if not len(rows):
            return []
        likeness = (self._matrix[rows] @ self._vectorizer.transform([question]).T).toarray()[:, 0]
        shown = {w["text"] for w in without}
        order = rows[np.argsort(-likeness, kind="stable")]
        return [self._windows[n] for n in order if self._windows[n]["text"] not in shown][:most]

    def far(self, question: str, without: Iterable[str]) -> list[dict]:
        """Return some windows of other texts, always the same for a question."""
        apart = set(without)
        chance = random.Random(hashed(question))
        found: list[dict] = []
        for _ in range(50):
            w = self._windows[chance.randrange(len(self._windows))]
            if w["of"] not in apart:
                found.append(w)
            if len(found) == FAR:
                break
        return found


def windows(text: str, context: str, of: str) -> list[dict]:
    """Cut a text into consecutive windows of whole sentences."""
    sentences = sentence_spans(text)
    found, first = [], 0
    while first < len(sentences):
        last = first
        while (
            last + 1 < len(sentences)
            and sentences[last + 1].end - sentences[first].start <= WINDOW_CHARS
        ):
            last += 1
        if last + 1 == len(sentences):  # what is left over is filled up from before
            while first and sentences[last].end - sentences[first - 1].start <= WINDOW_CHARS:
                first -= 1
        begin, end = sentences[first].start, sentences[last].end
        found.append(
            {
                "context": context,
                "text": text[begin : min(end, begin + WINDOW_CHARS)],
                "spans": [],
                "of": of,
                "at": begin,
            }
        )
        first = last + 1
    return found


def cut(of: str, part: tuple[Span, str, str]) -> list[dict]:
    """Return the windows of one paragraph of a conference."""
    at, text, context = part
    return [{**w, "at": w["at"] + at.start} for w in windows(text, context, of)]


def windows_with(text: str, context: str, of: str, places: Sequence[Span]) -> list[dict]:
    """Return the window that the reranker receives around an answer, its sentences marked."""
    sentences = sentence_spans(text)
    answering = [
        n
        for n, s in enumerate(sentences)
        if any(s.start < place.end and place.start < s.end for place in places[:1])
    ]
    if not answering:
        return []
    is_even = int(hashed(text + str(places)), 16) % 2 == 0
    seen = window_around(sentences, range(answering[0], answering[-1] + 1), before=is_even)
    begin, end = sentences[seen.start].start, sentences[seen.stop - 1].end
    end = min(end, begin + WINDOW_CHARS)
    spans = [
        [s.start - begin, min(s.end, end) - begin]
        for s in (sentences[n] for n in seen)
        if s.start < end and any(s.start < p.end and p.start < s.end for p in places)
    ]
    if not spans:
        return []
    return [{"context": context, "text": text[begin:end], "spans": spans, "of": of, "at": begin}]


def holds(w: dict, text: str, places: Sequence[Span]) -> bool:
    """Return true if a window of a text holds one of the answering places, or its words."""
    return any(
        (w["at"] < p.end and p.start < w["at"] + len(w["text"])) or p.of(text) in w["text"]
        for p in places
    )


def overlap(one: dict, other: dict) -> bool:
    """Return true if a window holds an answering sentence of the other."""
    return any(other["text"][s:e] in one["text"] for s, e in other["spans"])


def bare(found: Sequence[dict]) -> list[dict]:
    """Return windows without marks: nothing in them answers."""
    return [{**w, "spans": []} for w in found]


def plain(found: Sequence[dict]) -> list[dict]:
    """Return windows as they are written to a file."""
    return [{name: w[name] for name in ("context", "text", "spans")} for w in found]


def moved(place: Span, by: int) -> Span:
    """Return a place with offsets counted from `by`."""
    return Span(place.start - by, place.end - by)


def write(path: Path, rows: Iterable[dict]) -> None:
    """Write the rows that have windows to tell apart; the same bytes every time."""
    count = 0
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
        for row in rows:
            if row["answering"] or row["others"]:
                file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
                count += 1
    say(f"{path.name}: {count} questions, sha256 {sha256(path)}")


if __name__ == "__main__":
    main()
