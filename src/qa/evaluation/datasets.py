"""Judged sets: questions whose right answers are known, and the documents they are asked of.

Three kinds, told apart by what lies there:

    BEIR folder     corpus.jsonl, queries.jsonl, qrels.tsv or qrels/test.tsv
    press folder    documents/, questions.jsonl with gold quotes
    questions file  questions.jsonl alone, judged against the live index
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from qa.errors import EvaluationError, SourceError
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
# Kinds the record answers; what is asked with any other kind must not be answered.
HAS_ANSWER = ("answerable", "followup")


@dataclass(frozen=True, slots=True)
class GoldQuote:
    """A stretch of a document that answers; ``places`` are all the spans where it stands."""

    document: str
    quote: str
    places: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question, and what is known of its answer.

    ``relevant`` are the documents that answer, by id, with their grade (above 0). ``gold`` are
    the quotes that answer; empty in a BEIR folder, which judges documents only. While it is
    asked, ``hidden_documents`` are not in the record, nor is any passage that touches one of
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
    """Questions, and the documents they are asked of.

    ``left_out`` says what of the set is not judged and why, a line each.
    """

    name: str
    documents: tuple[CorpusFile, ...]
    questions: tuple[JudgedQuestion, ...]
    left_out: tuple[str, ...] = ()


def open_set(folder: Path, *, queries: str | None = None, qrels: str | None = None) -> JudgedSet:
    """The judged set in a folder.

    ``queries`` and ``qrels`` name other files than the usual ones, in the folder or anywhere.

    Raises:
        EvaluationError: it is no judged set, or a line of it is wrong; the line is named.
    """
    if (folder / "corpus.jsonl").is_file():
        return _beir(folder, queries, qrels)
    if (folder / "documents").is_dir():
        if qrels:
            raise EvaluationError(
                f"{folder} is a press folder, whose gold quotes stand with the questions: "
                "drop --qrels."
            )
        return _press(folder, queries)
    if not folder.exists():
        raise EvaluationError(f"There is no judged set {folder}.")
    raise EvaluationError(
        f"{folder} is no judged set: expected corpus.jsonl and queries.jsonl (BEIR), documents/ "
        "and questions.jsonl (press), or a questions file without --queries and --qrels."
    )


def open_questions(path: Path, documents: Mapping[str, Document]) -> JudgedSet:
    """The judged questions of a file, asked of documents that are indexed already.

    Raises:
        EvaluationError: a line is wrong; it is named.
    """
    files = tuple(_corpus_file(document) for document in documents.values())
    return JudgedSet(path.stem, files, tuple(_gold_questions(path, documents)))


def hiding_gold(judged: JudgedSet) -> JudgedSet:
    """The set with every answerable question asked again while what answers it is hidden.

    In a press folder the passages that touch a gold quote are hidden, in a BEIR folder the
    relevant documents: what is left is near the question and does not answer it.

    Raises:
        EvaluationError: the set has near-scope questions of its own, or none to ask again.
    """
    again = [
        replace(
            question,
            hidden_quotes=question.gold,
            hidden_documents=frozenset(() if question.gold else question.relevant),
        )
        for question in judged.questions
        if question.kind == "answerable"
    ]
    return _asking_again(judged, again, "near_scope", "hide-gold")


def hiding_documents(judged: JudgedSet, share: float) -> JudgedSet:
    """The set with the questions about a share of its documents asked again without these.

    Documents with one title go together, so that a whole subject is gone. Which titles go is
    drawn by their hash, the same in every run.

    Raises:
        EvaluationError: the share is not in (0, 1), the set has out-of-scope questions of its
            own, or none is about what is hidden.
    """
    if not 0 < share < 1:
        raise EvaluationError(f"The share of documents to hide is {share:g}, not in (0, 1).")
    titles = {f.document.id: f.document.title or f.document.id for f in judged.documents}
    drawn = sorted(set(titles.values()), key=lambda t: hashlib.sha256(t.encode()).digest())
    gone = set(drawn[: round(share * len(drawn))])
    hidden = frozenset(document for document, title in titles.items() if title in gone)
    again = [
        replace(question, hidden_documents=hidden)
        for question in judged.questions
        if question.kind == "answerable" and hidden.issuperset(question.relevant)
    ]
    return _asking_again(judged, again, "out_of_scope", "hide-documents", f" {share:g}")


def _asking_again(
    judged: JudgedSet, again: Sequence[JudgedQuestion], kind: Kind, option: str, value: str = ""
) -> JudgedSet:
    """The set with these questions beside its own, as ones that have no answer any more."""
    if any(question.kind == kind for question in judged.questions):
        raise EvaluationError(
            f"{judged.name} has {kind} questions of its own: drop --{option}, whose questions "
            "could not be told from them."
        )
    if not again:
        raise EvaluationError(f"--{option}{value} leaves nothing to ask about what is hidden.")
    taken = {question.id for question in judged.questions}
    for question in again:
        if f"{question.id}~{option}" in taken:
            raise EvaluationError(
                f"{judged.name} has a question {question.id + '~' + option!r}, which is what "
                f"--{option} would call {question.id!r} asked again: rename it."
            )
    unanswered = (
        replace(question, id=f"{question.id}~{option}", kind=kind, relevant={}, gold=())
        for question in again
    )
    return replace(
        judged,
        name=f"{judged.name} --{option}{value}",
        questions=(*judged.questions, *unanswered),
    )


def _beir(folder: Path, queries: str | None, qrels: str | None) -> JudgedSet:
    documents = tuple(_beir_documents(folder / "corpus.jsonl"))
    relevant, grades = _qrels(_chosen(folder, qrels, "qrels.tsv", "qrels/test.tsv"))
    known = {file.document.id for file in documents}
    for question_id, graded in grades.items():
        for document_id in graded:
            if document_id not in known:
                raise EvaluationError(
                    f"{relevant}: the qrel of question {question_id!r} names document "
                    f"{document_id!r}, which corpus.jsonl does not hold."
                )
    path = _chosen(folder, queries, "queries.jsonl")
    questions, unjudged, seen = [], 0, set[str]()
    for line, row in _unique_rows(path, "_id"):
        question = _beir_question(f"{path}, line {line}", row, grades.get(row["_id"], {}))
        seen.add(row["_id"])
        if question:
            questions.append(question)
        else:
            unjudged += 1
    left_out = []
    if unjudged:
        left_out.append(
            f"{unjudged} questions of {path.name} have no qrel above 0 and are not marked "
            '"answerable": false.'
        )
    if grades.keys() - seen:
        left_out.append(f"{len(grades.keys() - seen)} questions of the qrels are not in {path}.")
    if not questions:
        raise EvaluationError(f"{path} holds no judged question.")
    return JudgedSet(folder.resolve().name, documents, tuple(questions), tuple(left_out))


def _beir_documents(path: Path) -> Iterator[CorpusFile]:
    count = 0
    for line, row in _unique_rows(path, "_id"):
        title, text = (_string(row, key, f"{path}, line {line}") for key in ("title", "text"))
        if not (text.strip() or title.strip()):
            raise EvaluationError(f"{path}, line {line}: document {row['_id']!r} has no text.")
        text = text if text.strip() else title
        yield _corpus_file(
            Document(id=row["_id"], title=title, text=text, language=script_language(text))
        )
        count += 1
    if not count:
        raise EvaluationError(f"{path} holds no document.")


def _beir_question(
    where: str, row: Mapping[str, Any], grades: Mapping[str, int]
) -> JudgedQuestion | None:
    """The question of one row; None where nothing is known of its answer."""
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
        question=_question(row, "text", where),
        kind="unanswerable" if answerable is False else "answerable",
        relevant=relevant,
    )


def _qrels(path: Path) -> tuple[Path, dict[str, dict[str, int]]]:
    """Grades by question and document, from lines of question, document, grade."""
    grades: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        cells = line.rstrip("\r").split("\t")
        if cells == [""] or (number == 1 and cells[:2] == ["query-id", "corpus-id"]):
            continue
        is_row = len(cells) == 3 and re.fullmatch(r"-?\d{1,6}", cells[2])  # noqa: PLR2004
        if not is_row:
            raise EvaluationError(
                f"{path}, line {number}: expected question, document and a whole number, parted "
                f"by tabs, got {line!r}."
            )
        of_question = grades.setdefault(cells[0], {})
        grade = int(cells[2])
        if of_question.setdefault(cells[1], grade) != grade:
            raise EvaluationError(
                f"{path}, line {number}: question {cells[0]!r} and document {cells[1]!r} have "
                f"grade {of_question[cells[1]]} above and {grade} here."
            )
    return path, grades


def _press(folder: Path, queries: str | None) -> JudgedSet:
    paths = sorted(p for p in (folder / "documents").iterdir() if not p.name.startswith("."))
    documents = []
    for path in paths:
        try:
            stated = ingested(path.read_bytes(), path.name)
        except (SourceError, OSError) as error:
            raise EvaluationError(f"{folder}: {error}") from error
        documents.append(_corpus_file(replace(stated, id=path.name)))
    if not documents:
        raise EvaluationError(f"{folder / 'documents'} holds no document.")
    by_id = {file.document.id: file.document for file in documents}
    questions = _gold_questions(_chosen(folder, queries, "questions.jsonl"), by_id)
    return JudgedSet(folder.resolve().name, tuple(documents), tuple(questions))


def _gold_questions(path: Path, documents: Mapping[str, Document]) -> list[JudgedQuestion]:
    """The questions of a file with gold quotes, each quote found in its document."""
    questions = []
    for line, row in _unique_rows(path, "id"):
        where = f"{path}, line {line}"
        listed = row.get("gold", [])
        if not isinstance(listed, list):
            raise EvaluationError(f'{where}: "gold" is not a list of document and quote.')
        gold = tuple(_gold(item, documents, where) for item in listed)
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
                question=_question(row, "question", where),
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
    stated = [item.get(key) if isinstance(item, dict) else None for key in ("document", "quote")]
    if not all(isinstance(value, str) and value.strip() for value in stated):
        raise EvaluationError(f'{where}: a gold quote needs "document" and "quote", got {item!r}.')
    document, quote = str(stated[0]), str(stated[1])
    if document not in documents:
        raise EvaluationError(f"{where}: there is no document {document!r} for the gold quote.")
    # White space may differ between a page and what was copied from it.
    pattern = r"\s+".join(re.escape(word) for word in quote.split())
    places = tuple(Span(*m.span()) for m in re.finditer(pattern, documents[document].text))
    if not places:
        raise EvaluationError(f"{where}: {document!r} does not hold the gold quote {quote!r}.")
    return GoldQuote(document, quote, places)


def _corpus_file(document: Document) -> CorpusFile:
    """A set's document in the place of a file of the record."""
    stated = (document.title, document.date, document.section, document.source)
    content = "\n".join([*map(str, stated), document.language, document.layout, document.sha256])
    return CorpusFile(document.id, hashlib.sha256(content.encode()).hexdigest(), document)


def _chosen(folder: Path, wanted: str | None, *usual: str) -> Path:
    """The file wanted, in the folder or by its own path; else the first usual one there is."""
    tried = [folder / wanted, Path(wanted)] if wanted else [folder / name for name in usual]
    for path in tried:
        if path.is_file():
            return path
    raise EvaluationError(f"{folder} lacks {' or '.join([wanted] if wanted else usual)}.")


def _unique_rows(path: Path, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON lines file with their line number; ``key`` names each, once."""
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        name = row.get(key)
        if isinstance(name, int) and not isinstance(name, bool):
            row[key] = name = str(name)
        if not isinstance(name, str) or not re.fullmatch(r"\S+", name):
            raise EvaluationError(
                f"{path}, line {line}: {key!r} is {name!r}, expected a name without spaces."
            )
        if name in seen:
            raise EvaluationError(
                f"{path}, line {line}: {key} {name!r} stands on line {seen[name]} already."
            )
        seen[name] = line
        yield line, row


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            json.dumps(row, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise EvaluationError(f"{path}, line {number} is not JSON text: {error}.") from error
        if not isinstance(row, dict):
            raise EvaluationError(f"{path}, line {number} is no JSON object.")
        yield number, row


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read: {error}") from error


def _question(row: Mapping[str, Any], key: str, where: str) -> str:
    question = _string(row, key, where)
    if not question.strip():
        raise EvaluationError(f"{where}: {key!r} is missing or empty.")
    return question


def _string(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise EvaluationError(f"{where}: {key!r} is {value!r}, not text.")
    return value


def kinds(questions: Iterable[JudgedQuestion]) -> dict[str, int]:
    """Return how many questions there are of each kind, in the order of ``Kind``."""
    counted = Counter(question.kind for question in questions)
    return {kind: counted[kind] for kind in get_args(Kind) if counted[kind]}
