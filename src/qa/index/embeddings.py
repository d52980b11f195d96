"""Embeddings of a record by one encoder, as a snapshot keeps them.

vectors/NAME/passages.faiss    the vectors of the passages (see vectors.py)
vectors/NAME/sentences.faiss   of their sentences
vectors/NAME/questions.faiss   of the questions that can be offered
vectors/NAME/pairs.npy         the cosine of each sentence with the next one
encoders/NAME/                 the encoder (see encoder.py)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import EncoderError
from qa.index.encoder import Encoder
from qa.index.engine import Engine
from qa.index.store import open_array
from qa.index.vectors import VECTORS, VectorIndex

__all__ = ["Embedded", "Embeddings", "describe", "encoder_names", "write_embeddings"]

# Rows of vectors taken at a time, to bring them to single precision.
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Embedded:
    """An encoder and its vectors of all passages and of all their sentences, float16."""

    encoder: Encoder
    passages: np.ndarray
    sentences: np.ndarray


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One encoder of an opened snapshot, and its vectors.

    Rows of ``passages`` are those of ``Snapshot.passages``; rows of ``sentences`` and of
    ``sentence_pairs``, the cosines of each sentence with the next, are the sentences of the
    passages, one after the other; rows of ``questions`` are those of ``Snapshot.questions``.
    ``encoder`` is the encoder's folder. ``is_embedded`` is a bool by number of the document:
    vectors of the others, whose language the encoder does not know, are zeros.
    """

    name: str
    sha256: str
    languages: Sequence[str] | None
    encoder: Path
    passages: VectorIndex
    sentences: VectorIndex
    sentence_pairs: np.ndarray
    questions: VectorIndex
    is_embedded: np.ndarray

    @classmethod
    def open(
        cls, folder: Path, description: Mapping[str, Any], is_embedded: np.ndarray, engine: Engine
    ) -> Embeddings:
        """Return the embeddings of the encoder that the manifest describes so."""
        name = _folder_name(description["name"])
        passages, sentences, questions = (engine.vectors(folder, name, of) for of in VECTORS)
        return cls(
            name=description["name"],
            sha256=description["sha256"],
            languages=description["languages"],
            encoder=folder / "encoders" / name,
            passages=passages,
            sentences=sentences,
            sentence_pairs=open_array(folder / "vectors" / name / "pairs.npy"),
            questions=questions,
            is_embedded=is_embedded,
        )


def describe(encoder: Encoder) -> dict[str, Any]:
    """Return the manifest's description of an encoder."""
    return {
        "name": encoder.name,
        "precision": encoder.precision,
        "sha256": encoder.sha256,
        "dimension": encoder.dimension,
        "max_tokens": encoder.max_tokens,
        "languages": encoder.languages and sorted(encoder.languages),
    }


def encoder_names(manifest: Mapping[str, Any]) -> list[str]:
    """Return the names of the encoders' folders in a snapshot, the primary encoder's first."""
    inputs = manifest["inputs"]
    described = [inputs["encoder"], *inputs["further_encoders"]]
    return [_folder_name(description["name"]) for description in described]


def write_embeddings(
    folder: Path, embedded: Sequence[Embedded], questions: np.ndarray, exact_rows: int | None
) -> dict[str, Any]:
    """Write encoders and vectors into a snapshot's folder; return the kind of each search.

    ``questions`` are the rows of the sentences that can be offered. The searches of encoders
    after the first are named ``NAME/passages`` and so on.

    Raises:
        EncoderError: two encoders have the same name.
    """
    names = [_folder_name(one.encoder.name) for one in embedded]
    if len({*names}) < len(names):
        raise EncoderError(
            f"Two encoders share a name ({', '.join(names)}), which names their folders in the "
            "snapshot: rename one's folder."
        )
    for part in ("encoders", "vectors"):
        (folder / part).mkdir()
    searches: dict[str, Any] = {}
    for name, one in zip(names, embedded, strict=True):
        one.encoder.save(folder / "encoders" / name)
        described = _write_vectors(folder / "vectors" / name, one, questions, exact_rows)
        prefix = f"{name}/" if searches else ""
        searches |= {f"{prefix}{of}": search for of, search in described.items()}
    return searches


def _write_vectors(
    folder: Path, embedded: Embedded, questions: np.ndarray, exact_rows: int | None
) -> dict[str, Any]:
    """Write the vector indexes of one encoder; return the kind of each search.

    The recall of searches for passages is measured with sentences as questions, and the other
    way round.
    """
    folder.mkdir()
    passages, sentences = embedded.passages, embedded.sentences
    np.save(folder / "pairs.npy", _cosines_with_next(sentences), allow_pickle=False)
    indexes = (
        (passages, sentences),
        (sentences, passages),
        (sentences[questions], passages),
    )
    searches = {}
    for name, (rows, samples) in zip(VECTORS, indexes, strict=True):
        index = VectorIndex.build(rows, exact_rows=exact_rows, questions=samples)
        index.save(folder / f"{name}.faiss")
        searches[name] = index.description
    return searches


def _cosines_with_next(vectors: np.ndarray) -> np.ndarray:
    """Cosine of each row with the next one, 0 for the last; float32."""
    cosines = np.zeros(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors) - 1, _BLOCK):
        rows = vectors[start : start + _BLOCK + 1].astype(np.float32)
        cosines[start : start + len(rows) - 1] = np.einsum("ij,ij->i", rows[:-1], rows[1:])
    return cosines


def _folder_name(encoder: str) -> str:
    """The name of an encoder's folder: the last part of a path, without odd characters."""
    last = re.split(r"[/\\]", encoder.rstrip("/\\"))[-1]
    return re.sub(r"[^\w.-]", "-", last, flags=re.ASCII).strip(".") or "encoder"
