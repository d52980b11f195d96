"""One snapshot on disk: write, publish, open, check.

    index/current              the digest of the live snapshot, replaced in one step (engine.py)
    index/<digest>/            one snapshot, never changed once it stands there
        manifest.json          what it was made from, and size and sha256 of every other file
        documents/             the documents, text included (store.py)
        passages/              where passages and sentences stand in them (store.py)
        questions/             which passages answer which, and what can be offered (questions.py)
        vectors/               of passages, of sentences, of the questions to offer (vectors.py)
        lexical/               words (lexical.py)
        encoder/               what turns a visitor's question into a vector (encoder.py)

The digest is the sha256 of ``manifest.json``, so ``current`` vouches for every byte below it,
when a snapshot is opened and whenever a text is read. What a run that was cut off left in
``index/`` is removed by the next one, and nothing else (owned.py).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import SnapshotError
from qa.index import owned, store
from qa.index.encoder import Encoder
from qa.index.engine import DIGEST_CHARS, FAISS, Engine, sync_file, sync_folder
from qa.index.integrity import FileStamp, SnapshotFiles, file_stamps
from qa.index.lexical import LexicalIndex
from qa.index.questions import answered_pairs, readable_questions
from qa.index.store import Documents, Passages, open_array
from qa.index.vectors import VECTORS, VectorIndex
from qa.records import Document, Passage
from qa.storage import locked
from qa.text.language import is_known

__all__ = [
    "FORMAT",
    "Snapshot",
    "Vectors",
    "check_files",
    "headings",
    "live_digest",
    "open_snapshot",
    "publish",
    "roll_back",
    "write_files",
    "writing",
]

FORMAT = 6
_MANIFEST = owned.MANIFEST
_TEXTS = "documents/documents.jsonl"
# Vectors of all passages and of all their sentences: float16, shape (rows, dimension).
Vectors = tuple[np.ndarray, np.ndarray]
# Rows of vectors taken at a time, to bring them to single precision.
_BLOCK = 65_536
_HASHING_THREADS = 2
_REMEDY = 'run "qa index" to build it anew'


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is needed to answer; read from disk as it is needed.

    ``passages[row]``, row ``row`` of ``passage_vectors`` and of ``lexical.passages`` belong
    together; so do the rows of ``sentence_vectors``, ``sentence_pairs`` and the sentences of the
    passages, one after the other. ``sentence_pairs`` are the cosines of each sentence with the
    next. ``questions`` are the rows of sentences that can be offered as questions, and
    ``question_vectors`` their vectors. ``encoder`` is the folder of the encoder.

    ``answered`` are the rows of questions and of the passages that answer them, shape
    (2, pairs), ascending by question; ``answering`` the same pairs the other way round,
    ascending by answer. ``engine`` searches vectors and words. ``files`` says whether the files
    still are what they were when they were opened.
    """

    digest: str
    manifest: dict[str, Any]
    documents: Documents
    passages: Passages
    passage_vectors: VectorIndex
    sentence_vectors: VectorIndex
    sentence_pairs: np.ndarray
    questions: np.ndarray
    question_vectors: VectorIndex
    answered: np.ndarray
    answering: np.ndarray
    lexical: LexicalIndex
    encoder: Path
    engine: Engine
    files: SnapshotFiles


def headings(
    passages: Sequence[Passage], documents: Mapping[str, Document]
) -> tuple[list[str], np.ndarray]:
    """What stands above the passages, each heading once, and which of them each passage has."""
    numbers: dict[tuple[str, str | None, datetime.date | None], int] = {}
    stand = [(p.document, p.speaker, p.date) for p in passages]
    of_passages = [numbers.setdefault(above, len(numbers)) for above in stand]
    texts = []
    for name, speaker, day in numbers:
        document = documents[name]
        date = f"{day:%B} {day.day} {day.year}" if day else ""
        texts.append("\n".join([document.title, document.section or "", speaker or "", date]))
    return texts, np.array(of_passages, dtype=np.int64)


def write_files(  # noqa: PLR0913, PLR0917 - what a snapshot is made of
    folder: Path,
    documents: Sequence[tuple[Document, str]],
    passages: Sequence[Passage],
    vectors: Vectors,
    encoder: Encoder,
    exact_rows: int | None,
) -> dict[str, Any]:
    """Write everything but the manifest; how the vectors are searched, for it.

    ``documents`` come with their file's sha256, ascending by id, ``passages`` in their order.
    """
    by_id = {document.id: document for document, _ in documents}
    headed, numbers = headings(passages, by_id)
    is_embedded = [is_known(document.language, encoder.languages) for document, _ in documents]
    store.write_documents(folder / "documents", documents, passages, is_embedded)
    store.write_passages(folder / "passages", passages, numbers, list(by_id))
    said = ("\n".join(passage.sentence_texts) for passage in passages)
    LexicalIndex.build(said, headed).save(folder / "lexical")
    encoder.save(folder / "encoder")
    (folder / "questions").mkdir()
    pairs = answered_pairs(passages)
    _save(folder / "questions" / "answered.npy", pairs)
    _save(folder / "questions" / "answering.npy", pairs[::-1, np.lexsort(pairs)])
    questions = readable_questions(passages)
    _save(folder / "questions" / "sentences.npy", questions)
    return _write_vectors(folder / "vectors", vectors, questions, exact_rows)


def _write_vectors(
    folder: Path, vectors: Vectors, questions: np.ndarray, exact_rows: int | None
) -> dict[str, Any]:
    """Write the vector indexes; how each is searched.

    The recall of searches for passages is measured with sentences as questions, and the other
    way round.
    """
    folder.mkdir()
    passages, sentences = vectors
    _save(folder / "pairs.npy", _cosines_with_next(sentences))
    indexes = (
        (passages, sentences),
        (sentences, passages),
        (sentences[questions], passages),
    )
    stated = {}
    for name, (rows, asked) in zip(VECTORS, indexes, strict=True):
        index = VectorIndex.build(rows, exact_rows=exact_rows, questions=asked)
        index.save(folder / f"{name}.faiss")
        stated[name] = index.stated
    return stated


def _cosines_with_next(vectors: np.ndarray) -> np.ndarray:
    """Cosine of each row with the next one, 0 for the last; float32."""
    cosines = np.zeros(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors) - 1, _BLOCK):
        rows = vectors[start : start + _BLOCK + 1].astype(np.float32)
        cosines[start : start + len(rows) - 1] = np.einsum("ij,ij->i", rows[:-1], rows[1:])
    return cosines


@contextlib.contextmanager
def writing(index: Path) -> Iterator[Path]:
    """A folder to write a new snapshot into, under the index's lock; gone afterwards.

    Raises:
        BusyError: another process is writing this index.
        SnapshotError: the folder is somebody else's, or cannot be written.
    """
    with _locked(index):
        owned.remove_leftovers(index, keep=_digests(index))
        unfinished = index / owned.UNFINISHED
        unfinished.mkdir()
        try:
            yield unfinished
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


@contextlib.contextmanager
def _locked(index: Path) -> Iterator[None]:
    """Alone in writing an index, which is this program's."""
    owned.check(index)
    with locked(index, owned.MARK, "qa index", SnapshotError):
        yield


def publish(  # noqa: PLR0913 - what the manifest says
    index: Path,
    unfinished: Path,
    inputs: dict[str, Any],
    counts: dict[str, int],
    searches: dict[str, Any],
    *,
    engine: Engine = FAISS,
) -> str:
    """Make the files in ``unfinished`` the live snapshot, in one step; its digest.

    Either the old or the new snapshot is live at any moment, and whichever is, is whole, on disk
    and with the engine. The one before it stays, for servers that still read it and to go back to.

    Raises:
        UnavailableError: the engine cannot be reached; the old one stays live.
    """
    files = {
        name: {"size": (unfinished / name).stat().st_size, "sha256": _sha256(unfinished / name)}
        for name in _names(unfinished)
    }
    manifest = {
        "format": FORMAT,
        "inputs": inputs,
        "counts": counts,
        "searches": searches,
        "files": files,
    }
    content = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()[:DIGEST_CHARS]
    (unfinished / _MANIFEST).write_bytes(content)
    _sync(unfinished)
    before = live_digest(index, engine, missing_ok=True)
    target = index / digest
    if not target.exists() or _faults(target):
        owned.replace(unfinished, target, files)
    sync_folder(index)
    engine.put(target)
    if before != digest:
        _make_live(index, digest, engine)
    kept = {name for name in (digest, _previous(index, digest, before)) if name}
    engine.keep(list(kept))
    owned.remove_leftovers(index, keep={*kept, unfinished.name})
    return digest


def roll_back(index: Path, engine: Engine = FAISS) -> str:
    """Make the snapshot before the live one the live one; its digest.

    The two change places: the one that was live stays, to be gone back to.

    Raises:
        SnapshotError: there is none before it, or it is damaged.
        BusyError: another process is writing this index.
        UnavailableError: the engine cannot be reached.
    """
    live_digest(index, engine)
    with _locked(index):
        live = str(live_digest(index, engine))
        before = _previous(index, live, live)
        if before is None:
            raise SnapshotError(f"There is no snapshot in {index} before {live} to go back to.")
        faults = _faults(index / before)
        if faults:
            raise SnapshotError(
                f"The snapshot before is damaged, so that {live} stays live: {faults[0]}."
            )
        engine.put(index / before)
        _make_live(index, before, engine)
    return before


def _make_live(index: Path, digest: str, engine: Engine) -> None:
    """Make a snapshot live; the folder names it too, for whoever goes back to faiss."""
    engine.make_live(index, digest)
    if not engine.is_local:
        FAISS.make_live(index, digest)


def _previous(index: Path, digest: str, before: str | None) -> str | None:
    """The snapshot that was live before this one; where it is the same still, the newest other."""
    if before != digest:
        return before
    others = _digests(index) - {digest}
    return max(others, key=lambda name: (index / name).stat().st_mtime_ns, default=None)


def live_digest(index: Path, engine: Engine = FAISS, *, missing_ok: bool = False) -> str | None:
    """The digest of the live snapshot; None where there is none and that is fine.

    Raises:
        SnapshotError: nothing has been published, or what should hold a digest does not.
        UnavailableError: the engine cannot be reached.
    """
    try:
        digest = engine.live(index)
    except SnapshotError:
        if missing_ok:
            return None
        raise
    if digest is None and not missing_ok:
        raise SnapshotError(f'There is no snapshot in {index}: run "qa index" first.')
    return digest


def check_ours(index: Path, engine: Engine) -> None:
    """Refuse to replace what is live with an engine elsewhere, where it is not of this folder.

    Raises:
        SnapshotError: it is not.
        SettingsError: what is live there is no snapshot.
        UnavailableError: the engine cannot be reached.
    """
    live = None if engine.is_local else live_digest(index, engine, missing_ok=True)
    if live and not (index / live).exists():
        raise SnapshotError(
            f"What is live with the engine, {live}, is not in {index}: it is another record's, or "
            "was published from another folder. Name another in milvus_name, use that folder "
            '(--index), or replace it all the same: "qa index --take-over".'
        )


def check_files(index: Path, engine: Engine = FAISS) -> list[str]:
    """What is wrong with the live snapshot, a line each; empty where it is whole."""
    folder = index / str(live_digest(index, engine))
    return _faults(folder) or engine.faults(folder)


def open_snapshot(index: Path, engine: Engine = FAISS, digest: str | None = None) -> Snapshot:
    """The live snapshot, or that of a digest, after checking every file of it.

    Raises:
        SnapshotError: there is none, it is damaged, or another version wrote it.
        UnavailableError: the engine cannot be reached.
    """
    digest = digest or str(live_digest(index, engine))
    folder = index / digest
    if not folder.exists() and not engine.is_local:
        raise SnapshotError(
            f"{folder} is missing, the files of the live snapshot: copy them here from where it "
            "was indexed, or let both see one folder."
        )
    states = file_stamps(folder)
    _refuse(_faults(folder))
    content = (folder / _MANIFEST).read_bytes()
    manifest = json.loads(content)
    if manifest["format"] != FORMAT:
        raise SnapshotError(
            f"The snapshot has format {manifest['format']}, this version reads {FORMAT}: {_REMEDY}."
        )
    documents = Documents(folder / "documents")
    vectors = {name: engine.vectors(folder, name) for name in VECTORS}
    snapshot = Snapshot(
        digest=digest,
        manifest=manifest,
        documents=documents,
        passages=Passages(folder / "passages", documents),
        passage_vectors=vectors["passages"],
        sentence_vectors=vectors["sentences"],
        sentence_pairs=open_array(folder / "vectors" / "pairs.npy"),
        questions=open_array(folder / "questions" / "sentences.npy"),
        question_vectors=vectors["questions"],
        answered=open_array(folder / "questions" / "answered.npy"),
        answering=open_array(folder / "questions" / "answering.npy"),
        lexical=engine.lexical(folder),
        encoder=folder / "encoder",
        engine=engine,
        files=_files(folder, content, states),
    )
    _check_counts(snapshot)
    # What was altered between the check and the opening was not checked.
    _refuse(snapshot.files.faults())
    return snapshot


def _refuse(faults: Sequence[str]) -> None:
    """Refuse a snapshot with any fault.

    Raises:
        SnapshotError: there is one.
    """
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SnapshotError(f"The snapshot is damaged: {faults[0]}{more}; {_REMEDY}.")


def _files(folder: Path, manifest: bytes, states: Mapping[str, FileStamp]) -> SnapshotFiles:
    """The files of a snapshot that was checked, its manifest among them."""
    own = {"size": len(manifest), "sha256": hashlib.sha256(manifest).hexdigest()}
    expected = {**json.loads(manifest)["files"], _MANIFEST: own}
    sizes = {name: stated["size"] for name, stated in expected.items()}
    return SnapshotFiles(
        folder,
        sizes,
        states,
        lambda name: _fault(folder / name, expected[name]),
        read_later=[_TEXTS],
    )


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
        return [f"{folder} is missing, which should be live"]
    try:
        content = (folder / _MANIFEST).read_bytes()
    except OSError:
        return [f"{folder / _MANIFEST} is missing"]
    actual = hashlib.sha256(content).hexdigest()[:DIGEST_CHARS]
    if actual != folder.name:
        return [f"{folder / _MANIFEST} has sha256 {actual}..., should have {folder.name}..."]
    expected = json.loads(content)["files"]
    names = sorted({*expected, *_names(folder)} - {_MANIFEST})
    with ThreadPoolExecutor(_HASHING_THREADS) as threads:
        found = threads.map(lambda name: _fault(folder / name, expected.get(name)), names)
        return [fault for fault in found if fault]


def _fault(path: Path, expected: Mapping[str, Any] | None) -> str | None:
    """What is wrong with a file whose size and sha256 the manifest states."""
    if expected is None:
        return f"{path} is not in the manifest"
    if not path.is_file():
        return f"{path} is missing"
    size = path.stat().st_size
    if size != expected["size"]:
        return f"{path} has {size} bytes, should have {expected['size']}"
    sha256 = _sha256(path)
    if sha256 != expected["sha256"]:
        return f"{path} has sha256 {sha256}, should have {expected['sha256']}"
    return None


def _digests(index: Path) -> set[str]:
    """Names of folders that look like snapshots, whole or not."""
    return {p.name for p in index.iterdir() if owned.is_digest(p.name) and p.is_dir()}


def _names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Bring every file below the folder to the disk, then the folders that name them."""
    for path in sorted(folder.rglob("*")):
        sync_folder(path) if path.is_dir() else sync_file(path)
    sync_folder(folder)


def _save(path: Path, array: np.ndarray) -> None:
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)
