"""The proof that a snapshot, or an answer, says what the record says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.answer.cite import faults as answer_faults
from qa.corpus import folder
from qa.corpus.folder import CorpusFile
from qa.corpus.layout import turns
from qa.errors import CitationError, CorpusError
from qa.index.engine import FAISS, Engine
from qa.index.snapshot import Snapshot, check_files, open_snapshot
from qa.records import Document, Passage

__all__ = ["Proof", "answers", "snapshot"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found: every fault, a line each; and what was proved, where there is none."""

    faults: tuple[str, ...]
    summary: str


def snapshot(index: Path, corpus: Path, engine: Engine = FAISS) -> Proof:
    """Prove the live snapshot: its files by its manifest, its passages by the corpus.

    What the engine holds is proved by the files.

    Raises:
        SnapshotError: there is no snapshot at all.
    """
    damaged = check_files(index, engine)
    if damaged:
        return Proof(tuple(damaged), "")
    live = open_snapshot(index, engine)
    files, unreadable = _record(corpus)
    found = [*unreadable, *_snapshot_faults(live, files, corpus)]
    summary = (
        f"Proved: {len(live.passages)} passages and {len(live.sentence_vectors)} sentences of "
        f"{len(live.documents)} documents in {corpus} (snapshot {live.digest})."
    )
    return Proof(tuple(found), summary)


def answers(content: str, corpus: Path) -> Proof:
    """Prove answers, given as JSON or as JSON lines, against the corpus.

    Raises:
        CitationError: the content is neither.
    """
    files, unreadable = _record(corpus)
    documents = {name: file.document for name, file in files.items()}
    found = list(unreadable)
    count = citations = 0
    for place, answer in _parsed(content):
        if isinstance(answer, dict) and "error" in answer:
            continue  # a row of a batch that was no question
        count += 1
        found += [f"{place}{fault}" for fault in answer_faults(answer, documents)]
        if isinstance(answer, dict):
            citations += len(answer.get("citations", ())) + len(answer.get("nearest", ()))
    summary = f"Proved: {citations} citations of {count} answers against {corpus}."
    return Proof(tuple(found), summary)


def _record(corpus: Path) -> tuple[dict[str, CorpusFile], list[str]]:
    """The record by document id, and what in the folder cannot be read."""
    files: dict[str, CorpusFile] = {}
    unreadable = []
    for path in folder.paths(corpus):
        try:
            file = folder.read(path)
            files[file.document.id] = file
        except CorpusError as error:
            unreadable.append(str(error))
    return files, unreadable


def _snapshot_faults(live: Snapshot, files: dict[str, CorpusFile], corpus: Path) -> Iterator[str]:
    for document_id in sorted(files.keys() - live.documents.keys()):
        yield f'{corpus / files[document_id].name} is not in the snapshot: run "qa index".'
    for document_id, document in live.documents.items():
        path = corpus / f"{document_id}.md"
        file = files.get(document_id)
        if file is None:
            if not path.exists():
                yield f'{path} is missing, the snapshot holds it: restore it or run "qa index".'
            continue
        if file.sha256 != live.documents.file_sha256(document_id):
            yield (
                f"{path} is not what was indexed{_difference(document, file.document)}: "
                'restore it or run "qa index".'
            )
    for row, passage in enumerate(live.passages):
        file = files.get(passage.document)
        if file is not None:
            fault = _passage_fault(passage, file.document)
            if fault:
                where = f"passage {row} ({passage.span.start} to {passage.span.end})"
                yield f"{corpus / file.name}: {where}: {fault}"


def _difference(indexed: Document, found: Document) -> str:
    """Where the two part, as far as a reader of the document would see it."""
    for name in ("title", "date", "section", "source", "language", "layout"):
        ours, theirs = getattr(indexed, name), getattr(found, name)
        if ours != theirs:
            return f" ({name} was {ours}, is {theirs})"
    if indexed.text != found.text:
        pairs = enumerate(zip(indexed.text, found.text, strict=False))
        shorter = min(len(indexed.text), len(found.text))
        at = next((i for i, (a, b) in pairs if a != b), shorter)
        return f" (the text differs from character {at} on)"
    return ""


def _passage_fault(passage: Passage, document: Document) -> str | None:
    """What of the passage the document does not bear out."""
    if passage.span.of(document.text) != passage.text:
        return "its text is not the document's at that place"
    turn = next(
        (
            t
            for t in turns(document.text, document.layout)
            if t.span.start <= passage.span.start and passage.span.end <= t.span.end
        ),
        None,
    )
    if turn is None:
        return "it crosses turns"
    if (turn.role, turn.speaker, turn.asked) != (passage.role, passage.speaker, passage.asked):
        return "its role, speaker or question is not the document's"
    at = passage.span.start
    for sentence in passage.sentences:
        if not at <= sentence.start < sentence.end <= passage.span.end:
            return f"its sentence at {sentence.start} to {sentence.end} is out of order"
        at = sentence.end
    return None


def _parsed(content: str) -> Iterator[tuple[str, Any]]:
    """Every answer with the words that say where it stands."""
    lines = [(n, line) for n, line in enumerate(content.split("\n"), 1) if line.strip()]
    is_lines = len(lines) > 1 and all(line.startswith("{") for _, line in lines)
    if not is_lines:
        try:
            yield "", json.loads(content)
        except json.JSONDecodeError as error:
            raise CitationError(f"The answer is not JSON: {error}.") from error
        return
    for number, line in lines:
        try:
            yield f"line {number}: ", json.loads(line)
        except json.JSONDecodeError as error:
            raise CitationError(f"Line {number} of the answers is not JSON: {error}.") from error
