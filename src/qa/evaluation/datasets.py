"""Judged sets: questions whose right answers are known, and the documents that hold them.

There are three kinds, distinguished by their files:

    BEIR folder     corpus.jsonl, queries.jsonl, qrels.tsv or qrels/test.tsv
    press folder    documents/, questions.jsonl with gold quotes
    questions file  questions.jsonl alone, judged against the live index
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from qa.errors import EvaluationError, SourceError
from qa.evaluation.jsonl import nonempty, read_text, string, unique_rows
from qa.records import Document, Span
from qa.sources.corpus_folder import CorpusFile
from qa.sources.ingest import document as ingested
from qa.text.language import script_language

__all__ = [
    "HAS_ANSWER",
    "GoldQuote",
    "JudgedQuestion",
    "JudgedSet",
    "Kind",
    "hiding_documents",
    "hiding_gold",
    "kinds",
    "open_questions",
    "open_set",
]

Kind = Literal["answerable", "followup", "near_scope", "out_of_scope", "unanswerable"]
# Kinds of questions that the record answers. It must not answer any other kind.
HAS_ANSWER = ("answerable", "followup")


@dataclass(frozen=True, slots=True)
class GoldQuote:
    """A quote that answers a question; ``places`` are all its spans in the document."""

    document: str
    quote: str
    places: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question with its known answer.

    ``relevant`` maps the id of each document that answers to its grade (above 0). ``gold`` are
    the quotes that answer; empty in a BEIR folder, which judges documents only. The record
    answers it without ``hidden_documents`` and without the passages that overlap
    ``hidden_quotes``.
    """

    id: str
    question: str
    kind: Kind
    relevant: Mapping[str, int] = field(default_factory=dict)
    gold: tuple[GoldQuote, ...] = ()
    previous: tuple[str, ...] = ()
    hidden_documents: frozenset[str] = frozenset()
    hidden_quotes: tuple[GoldQuote, ...] = ()

    @property
    def has_answer(self) -> bool:
        """Return whether the record answers it."""
        return self.kind in HAS_ANSWER


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Questions and the documents that they are asked of.

    ``left_out`` names the parts of the set that are not judged, and why, a line each.
    """

    name: str
    documents: tuple[CorpusFile, ...]
    questions: tuple[JudgedQuestion, ...]
    left_out: tuple[str, ...] = ()


def open_set(folder: Path, *, queries: str | None = None, qrels: str | None = None) -> JudgedSet:
    """Open the judged set in a folder.

    ``queries`` and ``qrels`` name files to use instead of the set's, in the folder or elsewhere.

    Raises:
        EvaluationError: the folder is not a judged set, or a line in it is wrong.
    """
    if (folder / "corpus.jsonl").is_file():
        return _beir(folder, queries, qrels)
    if (folder / "documents").is_dir():
        if qrels:
            raise EvaluationError(
                f"{folder} is a press folder and has gold quotes instead of qrels: drop --qrels."
            )
        return _press(folder, queries)
    if not folder.exists():
        raise EvaluationError(f"There is no judged set {folder}.")
    raise EvaluationError(
        f"{folder} is not a judged set: expected corpus.jsonl and queries.jsonl (BEIR), documents/ "
        "and questions.jsonl (press), or a questions file without --queries and --qrels."
    )


def open_questions(path: Path, documents: Mapping[str, Document]) -> JudgedSet:
    """Open a file of judged questions about documents that are indexed already.

    Raises:
        EvaluationError: a line is wrong.
    """
    files = tuple(_corpus_file(document) for document in documents.values())
    return JudgedSet(path.stem, files, tuple(_gold_questions(path, documents)))


def hiding_gold(judged: JudgedSet) -> JudgedSet:
    """Add every answerable question once more with its answer hidden, as near scope.

    A press folder hides the passages that overlap a gold quote, a BEIR folder the relevant
    documents: the rest is near the question and does not answer it.

    Raises:
        EvaluationError: the set has near-scope questions of its own, or none to repeat.
    """
    repeated = [
        replace(
            question,
            hidden_quotes=question.gold,
            hidden_documents=frozenset(() if question.gold else question.relevant),
        )
        for question in judged.questions
        if question.kind == "answerable"
    ]
    return _with_repeated(judged, repeated, "near_scope", "hide-gold")


def hiding_documents(judged: JudgedSet, share: float) -> JudgedSet:
    """Hide a share of the documents and add the questions about them once more, as out of scope.

    Documents with the same title are hidden together, so that a whole subject is missing. The
    hash of a title decides, the same in every run.

    Raises:
        EvaluationError: the share is not in (0, 1), the set has out-of-scope questions of its
            own, or none is about the hidden documents.
    """
    if not 0 < share < 1:
        raise EvaluationError(f"The share of documents to hide is {share:g}, not in (0, 1).")
    titles = {f.document.id: f.document.title or f.document.id for f in judged.documents}
    shuffled = sorted(set(titles.values()), key=lambda t: hashlib.sha256(t.encode()).digest())
    chosen = set(shuffled[: round(share * len(shuffled))])
    hidden = frozenset(document for document, title in titles.items() if title in chosen)
    repeated = [
        replace(question, hidden_documents=hidden)
        for question in judged.questions
        if question.kind == "answerable" and hidden.issuperset(question.relevant)
    ]
    return _with_repeated(judged, repeated, "out_of_scope", "hide-documents", f" {share:g}")


def _with_repeated(
    judged: JudgedSet, repeated: Sequence[JudgedQuestion], kind: Kind, option: str, value: str = ""
) -> JudgedSet:
    """Add questions whose answer is hidden to the set."""
    if any(question.kind == kind for question in judged.questions):
        raise EvaluationError(
            f"{judged.name} has {kind} questions of its own, which those of --{option} would mix "
            f"with: drop --{option}."
        )
    if not repeated:
        raise EvaluationError(f"--{option}{value} hides the answer of no question.")
    ids = {question.id for question in judged.questions}
    unanswered = [
        replace(question, id=f"{question.id}~{option}", kind=kind, relevant={}, gold=())
        for question in repeated
    ]
    for question in unanswered:
        if question.id in ids:
            raise EvaluationError(
                f"{judged.name} has a question {question.id!r}, an id that --{option} needs: "
                "rename it."
            )
    return replace(
        judged,
        name=f"{judged.name} --{option}{value}",
        questions=(*judged.questions, *unanswered),
    )


def _beir(folder: Path, queries: str | None, qrels: str | None) -> JudgedSet:
    documents = tuple(_beir_documents(folder / "corpus.jsonl"))
    grades = _qrels(
        _existing(folder, qrels, "qrels.tsv", "qrels/test.tsv"),
        {file.document.id for file in documents},
    )
    path = _existing(folder, queries, "queries.jsonl")
    rows = {
        row["_id"]: _beir_question(f"{path}, line {line}", row, grades.get(row["_id"], {}))
        for line, row in unique_rows(path, "_id")
    }
    questions = tuple(filter(None, rows.values()))
    if not questions:
        raise EvaluationError(f"{path} holds no judged question.")
    left_out = []
    if len(questions) < len(rows):
        left_out.append(
            f"{len(rows) - len(questions)} questions of {path.name} have no qrel above 0 and are "
            'not marked "answerable": false.'
        )
    if grades.keys() - rows.keys():
        missing = len(grades.keys() - rows.keys())
        left_out.append(f"{missing} questions of the qrels are not in {path}.")
    return JudgedSet(folder.resolve().name, documents, questions, tuple(left_out))


def _beir_documents(path: Path) -> Iterator[CorpusFile]:
    is_empty = True
    for line, row in unique_rows(path, "_id"):
        title, text = (string(row, key, f"{path}, line {line}") for key in ("title", "text"))
        if not (text.strip() or title.strip()):
            raise EvaluationError(f"{path}, line {line}: document {row['_id']!r} has no text.")
        text = text if text.strip() else title
        yield _corpus_file(
            Document(id=row["_id"], title=title, text=text, language=script_language(text))
        )
        is_empty = False
    if is_empty:
        raise EvaluationError(f"{path} holds no document.")


def _beir_question(
    where: str, row: Mapping[str, Any], grades: Mapping[str, int]
) -> JudgedQuestion | None:
    """Return the question of a row, or None if it is not judged."""
    answerable = row.get("answerable")
    if answerable is not None and not isinstance(answerable, bool):
        raise EvaluationError(f'{where}: "answerable" is {answerable!r}, not true or false.')
    relevant = {document: grade for document, grade in grades.items() if grade > 0}
    if answerable is False and relevant:
        raise EvaluationError(
            f"{where}: question {row['_id']!r} is marked unanswerable, yet a qrel says that "
            f"{next(iter(relevant))!r} answers it."
        )
    if answerable is not False and not relevant:
        return None
    return JudgedQuestion(
        id=row["_id"],
        question=nonempty(row, "text", where),
        kind="unanswerable" if answerable is False else "answerable",
        relevant=relevant,
    )


def _qrels(path: Path, documents: set[str]) -> dict[str, dict[str, int]]:
    """Return grades by question and document, from lines of question, document and grade."""
    grades: dict[str, dict[str, int]] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        cells = line.rstrip("\r").split("\t")
        if cells == [""] or (number == 1 and cells[:2] == ["query-id", "corpus-id"]):
            continue
        is_row = len(cells) == 3 and re.fullmatch(r"-?\d{1,6}", cells[2])  # noqa: PLR2004
        if not is_row:
            raise EvaluationError(
                f"{path}, line {number}: expected question, document and a whole number, separated "
                f"by tabs, got {line!r}."
            )
        question, document, grade = cells[0], cells[1], int(cells[2])
        if document not in documents:
            raise EvaluationError(
                f"{path}, line {number}: the qrel of question {question!r} names document "
                f"{document!r}, which corpus.jsonl does not hold."
            )
        first = grades.setdefault(question, {}).setdefault(document, grade)
        if first != grade:
            raise EvaluationError(
                f"{path}, line {number}: question {question!r} and document {document!r} have "
                f"grade {first} above and {grade} here."
            )
    return grades


def _press(folder: Path, queries: str | None) -> JudgedSet:
    paths = sorted(p for p in (folder / "documents").iterdir() if not p.name.startswith("."))
    documents = []
    for path in paths:
        try:
            document = ingested(path.read_bytes(), path.name)
        except (SourceError, OSError) as error:
            raise EvaluationError(f"{folder}: {error}") from error
        documents.append(_corpus_file(replace(document, id=path.name)))
    if not documents:
        raise EvaluationError(f"{folder / 'documents'} holds no document.")
    by_id = {file.document.id: file.document for file in documents}
    questions = _gold_questions(_existing(folder, queries, "questions.jsonl"), by_id)
    return JudgedSet(folder.resolve().name, tuple(documents), tuple(questions))


def _gold_questions(path: Path, documents: Mapping[str, Document]) -> list[JudgedQuestion]:
    """Read questions with gold quotes, and find each quote in its document."""
    questions = []
    for line, row in unique_rows(path, "id"):
        where = f"{path}, line {line}"
        gold_quotes = row.get("gold", [])
        if not isinstance(gold_quotes, list):
            raise EvaluationError(f'{where}: "gold" is not a list of document and quote.')
        gold = tuple(_gold(item, documents, where) for item in gold_quotes)
        kind: Any = row.get("kind", "answerable" if gold else None)
        if kind is None or kind not in get_args(Kind):
            raise EvaluationError(
                f'{where}: "kind" is {kind!r}, expected one of {", ".join(get_args(Kind))}.'
            )
        if (kind in HAS_ANSWER) != bool(gold):
            raise EvaluationError(
                f"{where}: question {row['id']!r} is {kind} and has {len(gold)} gold quotes."
            )
        previous = row.get("previous", [])
        if not isinstance(previous, list) or not all(isinstance(p, str) for p in previous):
            raise EvaluationError(f'{where}: "previous" is not a list of questions.')
        questions.append(
            JudgedQuestion(
                id=row["id"],
                question=nonempty(row, "question", where),
                kind=kind,
                relevant={quote.document: 1 for quote in gold},
                gold=gold,
                previous=tuple(previous),
            )
        )
    if not questions:
        raise EvaluationError(f"{path} holds no question.")
    return questions


def _gold(item: Any, documents: Mapping[str, Document], where: str) -> GoldQuote:
    match item:
        case {"document": str(document), "quote": str(quote)} if document.strip() and quote.strip():
            pass
        case _:
            raise EvaluationError(
                f'{where}: a gold quote needs "document" and "quote", got {item!r}.'
            )
    if document not in documents:
        raise EvaluationError(f"{where}: there is no document {document!r} for the gold quote.")
    # White space may differ between a page and a copy of it.
    pattern = r"\s+".join(re.escape(word) for word in quote.split())
    places = tuple(Span(*m.span()) for m in re.finditer(pattern, documents[document].text))
    if not places:
        raise EvaluationError(f"{where}: {document!r} does not hold the gold quote {quote!r}.")
    return GoldQuote(document, quote, places)


def _corpus_file(document: Document) -> CorpusFile:
    """Return a document of the set as if it were a file of the corpus folder."""
    metadata = (document.title, document.date, document.section, document.source)
    content = "\n".join([*map(str, metadata), document.language, document.layout, document.sha256])
    return CorpusFile(document.id, hashlib.sha256(content.encode()).hexdigest(), document)


def _existing(folder: Path, wanted: str | None, *usual: str) -> Path:
    """Return the wanted file, in the folder or elsewhere, or the first usual one that exists."""
    candidates = [folder / wanted, Path(wanted)] if wanted else [folder / name for name in usual]
    for path in candidates:
        if path.is_file():
            return path
    raise EvaluationError(f"{folder} lacks {' or '.join([wanted] if wanted else usual)}.")


def kinds(questions: Iterable[JudgedQuestion]) -> dict[str, int]:
    """Count the questions of each kind, in the order of ``Kind``."""
    counted = Counter(question.kind for question in questions)
    return {kind: counted[kind] for kind in get_args(Kind) if counted[kind]}
