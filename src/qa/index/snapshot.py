"""One snapshot on disk: write, publish, open, check.

    index/current              the digest of the live snapshot, replaced in one step
    index/<digest>/            one snapshot, never changed once it stands there
        manifest.json          what it was made from, and size and sha256 of every other file
        documents.jsonl        the documents, text included
        passages.jsonl         offsets of passages and sentences into them
        passages.faiss         a vector per passage
        sentences.faiss        a vector per sentence, in the order of the passages
        lexical/               words

The digest is the sha256 of ``manifest.json``, so ``current`` vouches for every byte below it.
Whatever else lies in ``index/`` (but its README) is litter of a run that was cut off; the next
``publish`` removes it.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from qa.corpus.language import is_known
from qa.errors import BusyError, SnapshotError
from qa.index.lexical import LexicalIndex
from qa.index.vectors import VectorIndex
from qa.records import Document, Passage, Span

__all__ = [
    "FORMAT",
    "Snapshot",
    "check_files",
    "headings",
    "live_digest",
    "open_snapshot",
    "publish",
    "write_files",
    "writing",
]

FORMAT = 2
_MANIFEST = "manifest.json"
_CURRENT = "current"
_LOCK = ".lock"
_DIGEST_CHARS = 32
_REMEDY = 'run "qa index" to build it anew'


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is needed to answer, in memory.

    ``passages[row]``, row ``row`` of ``passage_vectors`` and of ``lexical`` belong together.
    The sentences of that passage are the rows ``sentence_starts[row]`` up to, without,
    ``sentence_starts[row + 1]`` of ``sentence_vectors``. The passages of one document are the
    rows ``document_rows[id]``, next to each other, in the order of its text. Row
    ``heading_numbers[row]`` of ``lexical.headings`` is what stands above passage ``row``:
    title, section, date, speaker.
    """

    digest: str
    manifest: dict[str, Any]
    documents: dict[str, Document]
    file_sha256: dict[str, str]
    passages: tuple[Passage, ...]
    passage_vectors: VectorIndex
    sentence_vectors: VectorIndex
    sentence_starts: np.ndarray
    document_rows: dict[str, range]
    heading_numbers: np.ndarray
    lexical: LexicalIndex

    def is_embedded(self, document: str) -> bool:
        """Whether the encoder knows the document's language, so that its vectors count."""
        languages = self.manifest["inputs"]["encoder"]["languages"]
        return is_known(self.documents[document].language, languages)


def headings(
    passages: Sequence[Passage], documents: Mapping[str, Document]
) -> tuple[list[str], np.ndarray]:
    """What stands above the passages, each heading once, and which of them each passage has."""
    numbers: dict[tuple[str, str | None], int] = {}
    of_passages = [numbers.setdefault((p.document, p.speaker), len(numbers)) for p in passages]
    texts = []
    for name, speaker in numbers:
        document = documents[name]
        day = document.date
        date = f"{day:%B} {day.day} {day.year}" if day else ""
        texts.append("\n".join([document.title, document.section or "", speaker or "", date]))
    return texts, np.array(of_passages, dtype=np.int64)


def _document_rows(passages: Sequence[Passage]) -> dict[str, range]:
    """The rows of each document's passages."""
    rows: dict[str, range] = {}
    for row, passage in enumerate(passages):
        first = rows.get(passage.document, range(row, row)).start
        rows[passage.document] = range(first, row + 1)
    return rows


def _starts(passages: Sequence[Passage]) -> np.ndarray:
    """Where each passage's sentences start among all sentences; one more than passages."""
    return np.cumsum([0, *(len(p.sentences) for p in passages)])


def write_files(  # noqa: PLR0913, PLR0917 - the parts of a snapshot, in the order of its files
    folder: Path,
    documents: Sequence[tuple[Document, str]],
    passages: Sequence[Passage],
    passage_vectors: VectorIndex,
    sentence_vectors: VectorIndex,
    lexical: LexicalIndex,
) -> None:
    """Write everything but the manifest. ``documents`` come with their file's sha256."""
    rows = ({**_document_json(d), "file_sha256": sha256} for d, sha256 in documents)
    _write_jsonl(folder / "documents.jsonl", rows)
    _write_jsonl(folder / "passages.jsonl", map(_passage_json, passages))
    passage_vectors.save(folder / "passages.faiss")
    sentence_vectors.save(folder / "sentences.faiss")
    lexical.save(folder / "lexical")


@contextlib.contextmanager
def writing(index: Path) -> Iterator[Path]:
    """A folder to write a new snapshot into, under the index's lock; gone afterwards.

    Raises:
        BusyError: another process is writing this index.
    """
    index.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(index / _LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise BusyError(f'Another "qa index" is writing {index}: wait for it to end.') from error
    try:
        _remove_litter(index, keep=_digests(index))
        unfinished = index / ".unfinished"
        unfinished.mkdir()
        try:
            yield unfinished
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    finally:
        lock.release()


def publish(index: Path, unfinished: Path, inputs: dict[str, Any], counts: dict[str, int]) -> str:
    """Make the files in ``unfinished`` the live snapshot, in one step; its digest.

    Either the old or the new snapshot is live at any moment, and whichever is, is whole and
    on disk. The one before it stays, for servers that still read it and to go back to.
    """
    manifest = {
        "format": FORMAT,
        "inputs": inputs,
        "counts": counts,
        "files": {
            name: {"size": (unfinished / name).stat().st_size, "sha256": _sha256(unfinished / name)}
            for name in _names(unfinished)
        },
    }
    content = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARS]
    (unfinished / _MANIFEST).write_bytes(content)
    _sync(unfinished)
    before = live_digest(index, missing_ok=True)
    target = index / digest
    if target.exists() and _faults(target):
        shutil.rmtree(target)
    if not target.exists():
        unfinished.rename(target)
    _sync_folder(index)
    if before != digest:
        following = index / ".current"
        following.write_text(f"{digest}\n", "ascii")
        _sync_file(following)
        following.replace(index / _CURRENT)
        _sync_folder(index)
    _remove_litter(index, keep={digest, unfinished.name, _previous(index, digest, before)})
    return digest


def _previous(index: Path, digest: str, before: str | None) -> str | None:
    """The snapshot that was live before this one; where it is the same still, the newest other."""
    if before != digest:
        return before
    others = _digests(index) - {digest}
    return max(others, key=lambda name: (index / name).stat().st_mtime_ns, default=None)


def live_digest(index: Path, *, missing_ok: bool = False) -> str | None:
    """The digest of the live snapshot; None where there is none and that is fine.

    Raises:
        SnapshotError: nothing has been published, or ``current`` does not hold a digest.
    """
    current = index / _CURRENT
    if not current.exists():
        if missing_ok:
            return None
        raise SnapshotError(f'There is no snapshot in {index}: run "qa index" first.')
    digest = current.read_bytes().decode("ascii", "replace").rstrip("\n")
    if len(digest) != _DIGEST_CHARS or set(digest) - set("0123456789abcdef"):
        if missing_ok:
            return None
        raise SnapshotError(f"{current} does not hold a digest: {_REMEDY}.")
    return digest


def check_files(index: Path) -> list[str]:
    """What is wrong with the live snapshot's files, a line each; empty where it is whole."""
    digest = live_digest(index)
    return _faults(index / str(digest))


def open_snapshot(index: Path) -> Snapshot:
    """The live snapshot, after checking every file of it.

    Raises:
        SnapshotError: there is none, it is damaged, or another version wrote it.
    """
    digest = str(live_digest(index))
    folder = index / digest
    faults = _faults(folder)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SnapshotError(f"The snapshot is damaged: {faults[0]}{more}; {_REMEDY}.")
    manifest = json.loads((folder / _MANIFEST).read_bytes())
    if manifest["format"] != FORMAT:
        raise SnapshotError(
            f"The snapshot has format {manifest['format']}, this version reads {FORMAT}: {_REMEDY}."
        )
    rows = list(_read_jsonl(folder / "documents.jsonl"))
    documents = {row["id"]: _document(row) for row in rows}
    passages = tuple(_passage(row, documents) for row in _read_jsonl(folder / "passages.jsonl"))
    snapshot = Snapshot(
        digest=digest,
        manifest=manifest,
        documents=documents,
        file_sha256={row["id"]: row["file_sha256"] for row in rows},
        passages=passages,
        passage_vectors=VectorIndex.open(folder / "passages.faiss"),
        sentence_vectors=VectorIndex.open(folder / "sentences.faiss"),
        sentence_starts=_starts(passages),
        document_rows=_document_rows(passages),
        heading_numbers=headings(passages, documents)[1],
        lexical=LexicalIndex.open(folder / "lexical"),
    )
    _check_counts(snapshot)
    return snapshot


def _check_counts(snapshot: Snapshot) -> None:
    counts = snapshot.manifest["counts"]
    found = {
        "documents": len(snapshot.documents),
        "passages": len(snapshot.passages),
        "sentences": len(snapshot.sentence_vectors),
    }
    if counts != found or len(snapshot.passage_vectors) != found["passages"]:
        raise SnapshotError(f"The snapshot counts {counts}, its files hold {found}; {_REMEDY}.")


def _faults(folder: Path) -> list[str]:
    """Every file that is missing, altered or too much, with why."""
    if not folder.is_dir():
        return [f"{folder} is missing, which {folder.parent / _CURRENT} names"]
    try:
        content = (folder / _MANIFEST).read_bytes()
    except OSError:
        return [f"{folder / _MANIFEST} is missing"]
    actual = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARS]
    if actual != folder.name:
        return [f"{folder / _MANIFEST} has sha256 {actual}..., should have {folder.name}..."]
    expected = json.loads(content)["files"]
    faults = []
    for name in sorted({*expected, *_names(folder)} - {_MANIFEST}):
        path = folder / name
        if name not in expected:
            faults.append(f"{path} is not in the manifest")
        elif not path.is_file():
            faults.append(f"{path} is missing")
        elif path.stat().st_size != expected[name]["size"]:
            size = path.stat().st_size
            faults.append(f"{path} has {size} bytes, should have {expected[name]['size']}")
        elif _sha256(path) != expected[name]["sha256"]:
            faults.append(
                f"{path} has sha256 {_sha256(path)}, should have {expected[name]['sha256']}"
            )
    return faults


def _digests(index: Path) -> set[str]:
    """Names of folders that look like snapshots, whole or not."""
    return {p.name for p in index.iterdir() if p.is_dir() and len(p.name) == _DIGEST_CHARS}


def _remove_litter(index: Path, keep: set[str] | set[str | None]) -> None:
    """Remove everything in the index folder but what is kept, ``current`` and its README."""
    for path in index.iterdir():
        if path.name in keep or path.name in (_CURRENT, "README.md", ".gitignore", _LOCK):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Bring every file below the folder to the disk, then the folders that name them."""
    for path in sorted(folder.rglob("*")):
        _sync_folder(path) if path.is_dir() else _sync_file(path)
    _sync_folder(folder)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there; the file system keeps names itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_jsonl(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")


def _read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield json.loads(line)


def _document_json(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "title": document.title,
        "date": document.date.isoformat() if document.date else None,
        "section": document.section,
        "source": document.source,
        "language": document.language,
        "layout": document.layout,
        "text": document.text,
    }


def _document(row: dict[str, Any]) -> Document:
    fields = {key: value for key, value in row.items() if key != "file_sha256"}
    fields["date"] = datetime.date.fromisoformat(row["date"]) if row["date"] else None
    return Document(**fields)


def _passage_json(passage: Passage) -> dict[str, Any]:
    return {
        "document": passage.document,
        "span": [passage.span.start, passage.span.end],
        "paragraph": passage.paragraph,
        "role": passage.role,
        "speaker": passage.speaker,
        "asked": [passage.asked.start, passage.asked.end] if passage.asked else None,
        "sentences": [[s.start, s.end] for s in passage.sentences],
    }


def _passage(row: dict[str, Any], documents: dict[str, Document]) -> Passage:
    span = Span(*row["span"])
    return Passage(
        document=row["document"],
        span=span,
        text=span.of(documents[row["document"]].text),
        paragraph=row["paragraph"],
        role=row["role"],
        speaker=row["speaker"],
        asked=Span(*row["asked"]) if row["asked"] else None,
        sentences=tuple(Span(*pair) for pair in row["sentences"]),
    )
