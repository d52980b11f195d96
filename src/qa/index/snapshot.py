"""One snapshot on disk: publish, open, check.

    index/current              the digest of the live snapshot, replaced in one step (engine.py)
    index/<digest>/            one snapshot, never changed once it is there
        manifest.json          its inputs, and size and sha256 of every other file
        documents/             the documents, text included (store.py)
        passages/              offsets of passages and sentences in them (store.py)
        questions/             pairs of questions and answers, and those to offer (questions.py)
        vectors/NAME/          of passages, sentences and questions to offer, by each encoder
        lexical/               words (lexical.py)
        encoders/NAME/         turns a visitor's question into a vector (encoder.py)

The digest is the sha256 of ``manifest.json``, so ``current`` vouches for every byte below it,
when a snapshot is opened and whenever a text is read. Each run removes the remains in ``index/``
of a run that was cut off, and nothing else (owned.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import SnapshotError
from qa.index import owned
from qa.index.embeddings import Embeddings
from qa.index.engine import DIGEST_CHARS, FAISS, Engine
from qa.index.integrity import (
    SnapshotFiles,
    check_snapshot,
    file_names,
    file_stamps,
    snapshot_faults,
)
from qa.index.lexical import LexicalIndex
from qa.index.store import Documents, Passages, open_array
from qa.index.vectors import VectorIndex
from qa.storage import file_sha256, locked, sync_file, sync_folder

__all__ = [
    "FORMAT",
    "Snapshot",
    "check_files",
    "live_digest",
    "open_snapshot",
    "publish",
    "roll_back",
    "writing",
]

FORMAT = 6
# Read when needed, long after the snapshot was opened.
_TEXTS = "documents/documents.jsonl"
_REMEDY = 'run "qa index" to build it anew'


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything needed to answer; read from disk as it is needed.

    ``passages[row]``, row ``row`` of ``passage_vectors`` and of ``lexical.passages`` belong
    together. ``questions`` are the rows of sentences that can be offered as questions.

    ``answered`` are the rows of questions and of the passages that answer them, shape
    (2, pairs), ascending by question; ``answering`` the same pairs the other way round,
    ascending by answer. ``engine`` searches vectors and words. ``embeddings`` are the encoders
    with their vectors, the primary one first, whose parts are properties of the snapshot, too.
    ``files`` checks that the files are what they were when they were opened.
    """

    digest: str
    manifest: dict[str, Any]
    documents: Documents
    passages: Passages
    embeddings: tuple[Embeddings, ...]
    questions: np.ndarray
    answered: np.ndarray
    answering: np.ndarray
    lexical: LexicalIndex
    engine: Engine
    files: SnapshotFiles

    @property
    def encoder(self) -> Path:
        """The folder of the primary encoder."""
        return self.embeddings[0].encoder

    @property
    def passage_vectors(self) -> VectorIndex:
        """The passages' vectors by the primary encoder."""
        return self.embeddings[0].passages

    @property
    def sentence_vectors(self) -> VectorIndex:
        """The sentences' vectors by the primary encoder."""
        return self.embeddings[0].sentences

    @property
    def sentence_pairs(self) -> np.ndarray:
        """The cosines of each sentence with the next, by the primary encoder."""
        return self.embeddings[0].sentence_pairs

    @property
    def question_vectors(self) -> VectorIndex:
        """The vectors of ``questions`` by the primary encoder."""
        return self.embeddings[0].questions


@contextlib.contextmanager
def writing(index: Path) -> Iterator[Path]:
    """Hold the index's lock and give a folder to write a new snapshot into; gone afterwards.

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
    """Hold the lock of an index that is this program's."""
    owned.check(index)
    with locked(index, owned.MARK, "qa index", SnapshotError):
        yield


def publish(  # noqa: PLR0913 - the parts of the manifest
    index: Path,
    unfinished: Path,
    inputs: dict[str, Any],
    counts: dict[str, int],
    searches: dict[str, Any],
    *,
    engine: Engine = FAISS,
) -> str:
    """Make the files in ``unfinished`` the live snapshot, in one step; return its digest.

    Either the old or the new snapshot is live at any moment, and whichever is, is whole, on disk
    and with the engine. The one before it stays, for servers that still read it and for
    ``roll_back``.

    Raises:
        UnavailableError: the engine cannot be reached; the old one stays live.
    """
    files = {
        name: {"size": (unfinished / name).stat().st_size, "sha256": file_sha256(unfinished / name)}
        for name in file_names(unfinished)
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
    (unfinished / owned.MANIFEST).write_bytes(content)
    _sync(unfinished)
    before = live_digest(index, engine, missing_ok=True)
    target = index / digest
    if not target.exists() or snapshot_faults(target):
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
    """Make the snapshot before the live one the live one; return its digest.

    The two change places: the one that was live stays, and a second call makes it live again.

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
        faults = snapshot_faults(index / before)
        if faults:
            raise SnapshotError(
                f"The snapshot before is damaged, so that {live} stays live: {faults[0]}."
            )
        engine.put(index / before)
        _make_live(index, before, engine)
    return before


def _make_live(index: Path, digest: str, engine: Engine) -> None:
    """Make a snapshot live, in the folder too, for a later change of the engine to faiss."""
    engine.make_live(index, digest)
    if not engine.is_local:
        FAISS.make_live(index, digest)


def _previous(index: Path, digest: str, before: str | None) -> str | None:
    """The snapshot that was live before; the newest other one where the live one is the same."""
    if before != digest:
        return before
    others = _digests(index) - {digest}
    return max(others, key=lambda name: (index / name).stat().st_mtime_ns, default=None)


def live_digest(index: Path, engine: Engine = FAISS, *, missing_ok: bool = False) -> str | None:
    """Return the digest of the live snapshot; None where there is none and that is fine.

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
    """Refuse to replace what a remote engine has live where it is not of this folder.

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
    """Return the faults of the live snapshot, a line each; empty where it is whole."""
    folder = index / str(live_digest(index, engine))
    return snapshot_faults(folder) or engine.faults(folder)


def open_snapshot(index: Path, engine: Engine = FAISS, digest: str | None = None) -> Snapshot:
    """Return the live snapshot, or that of a digest, after checking every file of it.

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
    stamps = file_stamps(folder)
    check_snapshot(snapshot_faults(folder))
    content = (folder / owned.MANIFEST).read_bytes()
    manifest = json.loads(content)
    if manifest["format"] != FORMAT:
        raise SnapshotError(
            f"The snapshot has format {manifest['format']}, this version reads {FORMAT}: {_REMEDY}."
        )
    documents = Documents(folder / "documents")
    inputs = manifest["inputs"]
    snapshot = Snapshot(
        digest=digest,
        manifest=manifest,
        documents=documents,
        passages=Passages(folder / "passages", documents),
        embeddings=tuple(
            Embeddings.open(folder, description, documents.embedded_by(number), engine)
            for number, description in enumerate([inputs["encoder"], *inputs["further_encoders"]])
        ),
        questions=open_array(folder / "questions" / "sentences.npy"),
        answered=open_array(folder / "questions" / "answered.npy"),
        answering=open_array(folder / "questions" / "answering.npy"),
        lexical=engine.lexical(folder),
        engine=engine,
        files=SnapshotFiles.of_manifest(folder, content, stamps, read_later=[_TEXTS]),
    )
    _check_counts(snapshot)
    # What was altered between the check and the opening was not checked.
    check_snapshot(snapshot.files.faults())
    return snapshot


def _check_counts(snapshot: Snapshot) -> None:
    counts = snapshot.manifest["counts"]
    for embeddings in snapshot.embeddings:
        actual = {
            "documents": len(snapshot.documents),
            "passages": len(snapshot.passages),
            "sentences": len(embeddings.sentences),
        }
        if counts != actual or len(embeddings.passages) != actual["passages"]:
            raise SnapshotError(
                f"The snapshot counts {counts}, its files hold {actual}; {_REMEDY}."
            )


def _digests(index: Path) -> set[str]:
    """Names of folders that look like snapshots, whole or not."""
    return {p.name for p in index.iterdir() if owned.is_digest(p.name) and p.is_dir()}


def _sync(folder: Path) -> None:
    """Flush every file below the folder to the disk, then the folders that name them."""
    for path in sorted(folder.rglob("*")):
        sync_folder(path) if path.is_dir() else sync_file(path)
    sync_folder(folder)
