"""Verification of a snapshot, or of answers, against the record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.answer import table
from qa.answer.answer_checks import UNCHECKED, Record, first_difference
from qa.answer.answer_checks import faults as answer_faults
from qa.errors import CorpusError, InputError, SnapshotError
from qa.index.engine import FAISS, Engine
from qa.index.owned import is_digest
from qa.index.snapshot import Snapshot, check_files, open_snapshot
from qa.records import Document, Passage
from qa.sources import corpus_folder
from qa.sources.corpus_folder import CorpusFile
from qa.sources.layouts.registry import turns

__all__ = ["Verification", "verify_answers", "verify_snapshot"]

_ERROR_KEYS = {"line", "id", "error"}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Verification:
    """Every fault, a line each; ``summary`` is what was proved, if there is none.

    ``notes`` say what was not checked, and what else a person should know.
    """

    faults: tuple[str, ...]
    summary: str
    notes: tuple[str, ...] = ()


def verify_snapshot(index: Path, corpus: Path, engine: Engine = FAISS) -> Verification:
    """Verify the live snapshot: its files by its manifest, its passages by the corpus.

    The data that another engine holds are verified by the files.

    Raises:
        SnapshotError: there is no snapshot at all.
    """
    damaged = check_files(index, engine)
    if damaged:
        return Verification(tuple(damaged), "")
    live = open_snapshot(index, engine)
    files, unreadable = _record(corpus)
    faults = (*unreadable, *_snapshot_faults(live, files, corpus))
    summary = (
        f"Proved: {len(live.passages)} passages and {len(live.sentence_vectors)} sentences of "
        f"{len(live.documents)} documents in {corpus} (snapshot {live.digest})."
    )
    corrected = [file.document.id for file in files.values() if file.is_accepted]
    notes = [f"Corrected by hand, and accepted: {', '.join(corrected)}."] if corrected else []
    return Verification(faults, summary, tuple(notes))


def verify_answers(content: str, corpus: Path, index: Path | None = None) -> Verification:
    """Verify answers, given as JSON, JSON lines or the table of a batch, against the corpus.

    Where ``index`` is given, the snapshot that an answer names has to be there, and the passages
    to be among its own.

    Raises:
        InputError: the content is none of these.
    """
    files, unreadable = _record(corpus)
    saved = [*_saved_answers(content)]
    errors = [answer.place for answer in saved if answer.is_error]
    saved = [answer for answer in saved if not answer.is_error]
    snapshots, missing = _snapshots(Counter(answer.snapshot for answer in saved), index)
    record = Record({name: file.document for name, file in files.items()}, snapshots)
    faults = [*unreadable, *missing]
    for answer in saved:
        faults += [f"{answer.place}: {f}" if answer.place else f for f in answer.faults(record)]
    cited = Counter(name for answer in saved for name in answer.cited)
    sources = [files[name] for name in sorted(cited.keys() & files.keys())]
    faults += [f"{corpus / file.name} {_alteration(file)}" for file in sources if file.is_altered]
    if not saved:
        faults.append("There is no answer to prove.")
    notes = [f"Not checked: {UNCHECKED}."]
    if index is None:
        notes.append("Not checked, without an index: the snapshot, and where passages are cut.")
    if errors:
        shown = ", ".join(errors[:_SHOWN]) + (", ..." if len(errors) > _SHOWN else "")
        notes.append(f"{len(errors)} rows hold an error and no answer: {shown}.")
    summary = f"Proved: {cited.total()} citations of {len(saved)} answers against {corpus}."
    return Verification(tuple(faults), summary, tuple(notes))


def _snapshots(
    named: Mapping[str, int], index: Path | None
) -> tuple[dict[str, Snapshot], list[str]]:
    """Return the snapshots that answers name, and a fault for each that is not there."""
    opened: dict[str, Snapshot] = {}
    missing: list[str] = []
    if index is None:
        return opened, missing
    for digest, times in named.items():
        if not is_digest(digest):
            continue  # which is a fault of the answer
        if not (index / digest).is_dir():
            missing.append(
                f"{index} has no snapshot {digest}, which {times} answers name: verify them with "
                "the index they were given by (--index)."
            )
            continue
        try:
            opened[digest] = open_snapshot(index, FAISS, digest)
        except SnapshotError as error:
            missing.append(str(error))
    return opened, missing


def _alteration(file: CorpusFile) -> str:
    """Return which part of a document differs from the one that ingest wrote, and the remedy."""
    part = "text" if file.text_sha256 != file.document.sha256 else "front matter"
    return (
        f"differs in its {part} from what ingest wrote: corrected by hand, or damaged. If it is "
        f'right, run "qa accept {file.document.id}", then "qa index"; if not, restore it.'
    )


def _record(corpus: Path) -> tuple[dict[str, CorpusFile], list[str]]:
    """Return the record by document id, and a fault for each file that cannot be read."""
    files: dict[str, CorpusFile] = {}
    unreadable = []
    for path in corpus_folder.paths(corpus):
        try:
            file = corpus_folder.read(path)
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
        elif file.is_altered:
            yield f"{path} {_alteration(file)}"
    for row, passage in enumerate(live.passages):
        file = files.get(passage.document)
        if file is not None:
            fault = _passage_fault(passage, file.document)
            if fault:
                where = f"passage {row} ({passage.span.start} to {passage.span.end})"
                yield f"{corpus / file.name}: {where}: {fault}"


def _difference(indexed: Document, current: Document) -> str:
    """Return the first difference of two documents that their readers would see, or nothing."""
    for name in ("title", "date", "section", "source", "language", "layout", "recording"):
        before, now = getattr(indexed, name), getattr(current, name)
        if before != now:
            return f" ({name} was {before}, is {now})"
    if indexed.text != current.text:
        at = first_difference(indexed.text, current.text)
        return f" (the text differs from character {at} on)"
    return ""


def _passage_fault(passage: Passage, document: Document) -> str | None:
    """Return what the document contradicts in a passage, if anything."""
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


@dataclass(frozen=True, slots=True)
class _SavedAnswer:
    """An answer of a file, and its place there."""

    place: str
    answer: Any
    is_row: bool = False

    @property
    def is_error(self) -> bool:
        """Tell if it is a row of a batch that was no question, and nothing else."""
        if self.is_row:
            filled = {name for name, cell in self.answer.items() if cell}
        else:
            filled = set(self.answer) if isinstance(self.answer, dict) else set()
        return "error" in filled and filled <= _ERROR_KEYS

    @property
    def snapshot(self) -> str:
        """The digest it names, or nothing where that is no text."""
        digest = self.answer.get("snapshot") if isinstance(self.answer, dict) else None
        return digest if isinstance(digest, str) else ""

    @property
    def cited(self) -> list[str]:
        """The ids of the documents it cites, one for each citation."""
        if self.is_row:
            names = (cell for name, cell in self.answer.items() if name.startswith("document_"))
            return [cell for cell in names if cell]
        try:
            cited = [*self.answer["citations"], *self.answer["nearest"]]
            return [str(citation["document"]["id"]) for citation in cited]
        except (KeyError, TypeError):  # which is a fault of the answer
            return []

    def faults(self, record: Record) -> Iterator[str]:
        """Yield what the record contradicts in it."""
        if self.is_row:
            return table.faults(self.answer, record)
        return answer_faults(self.answer, record)


def _saved_answers(content: str) -> Iterator[_SavedAnswer]:
    """Yield every answer of a file."""
    if table.is_table(content):
        for number, row in table.rows(content):
            yield _SavedAnswer(f"line {number}", row, is_row=True)
        return
    lines = [(n, line) for n, line in enumerate(content.split("\n"), 1) if line.strip()]
    if len(lines) > 1 and all(line.startswith("{") for _, line in lines):
        for number, line in lines:
            yield _SavedAnswer(f"line {number}", _parsed(line, f"Line {number} of the answers"))
        return
    answer = _parsed(content, "The answer")
    if isinstance(answer, dict) and answer.keys() == {"answers"}:  # of a batch over HTTP
        for number, part in enumerate(answer["answers"], 1):
            yield _SavedAnswer(f"answer {number}", part)
        return
    yield _SavedAnswer("", answer)


def _parsed(content: str, name: str) -> Any:
    """Return JSON whose objects have each key once: of two with one name, programs see either."""

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        unique = dict(pairs)
        if len(unique) < len(pairs):
            raise InputError(f"{name} states something twice: {', '.join(k for k, _ in pairs)}.")
        return unique

    try:
        return json.loads(content, object_pairs_hook=object_of)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not JSON: {error}.") from error
