"""Text to vectors.

An encoder is a folder, made by ``export.py`` and carried by every snapshot:

    encoder.onnx      token numbers -> a vector of unit length, pooling included
    tokenizer.json    text -> token numbers
    encoder.json      the model it was made from, its limits and prompts
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from qa.errors import EncoderError
from qa.index.runtime import files_sha256, open_graph, open_tokenizer
from qa.text.folding import readable

__all__ = [
    "BUILD_THREADS",
    "GRAPH_INPUTS",
    "MODEL",
    "TOKENIZER",
    "Encoder",
    "EncoderInfo",
    "OnnxEncoder",
    "encoder_sha256",
    "open_encoder",
    "write_info",
]

# Texts embedded at the same time when a record is embedded, each on a thread of its own.
BUILD_THREADS = 2
MODEL, TOKENIZER, _INFO = "encoder.onnx", "tokenizer.json", "encoder.json"
# The inputs that a graph may have.
GRAPH_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
# Texts handed out to the threads at a time: enough to keep them busy, and few enough that the
# vectors waiting to be taken stay small.
_HANDED_OUT = 256


class Encoder(Protocol):
    """Turns text into vectors of unit length, so that a dot product is a cosine.

    ``sha256`` identifies it: two encoders that share it give the same vectors. ``precision`` is
    that of its weights (int8, fp16, fp32, ...). ``max_tokens`` is the longest text it reads,
    prompt and special tokens aside; more is cut off. ``languages`` are those it knows
    (``Document.language``), None where it knows any.
    """

    name: str
    precision: str
    sha256: str
    dimension: int
    max_tokens: int
    languages: Sequence[str] | None

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of a text, prompt and special tokens aside."""

    def encode(
        self, texts: Sequence[str], on_encoded: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """Return the vectors of passages or sentences: float32, shape (texts, dimension).

        A text's vector depends on that text alone, not on what else is encoded with it.
        ``on_encoded`` is called after each text with the number of texts that are done.
        """

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of questions; as ``encode``, with the prompt for questions."""

    def save(self, folder: Path) -> None:
        """Write the encoder into a new folder, for ``open_encoder`` to read."""


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """The content of ``encoder.json``.

    ``sha256`` is ``encoder_sha256``, ``model_sha256`` of the model it was made from,
    ``precision`` that of the weights, ``likeness`` the lowest cosine between its vectors and the
    model's on sample texts. The prompts stand before each question or document. ``inputs`` are
    the names of the graph's inputs.
    """

    name: str
    sha256: str
    model_sha256: str
    precision: str
    likeness: float
    dimension: int
    max_tokens: int
    languages: list[str] | None
    inputs: list[str]
    query_prompt: str = ""
    document_prompt: str = ""


class OnnxEncoder:
    """An encoder from a folder, run by onnxruntime.

    Each text runs alone, on one processor thread. Batches were measured and are slower: they
    fill up short texts, and a text alone fits the processor's caches. Besides, in a batch the
    last bits of a vector depend on its neighbours, those of int8 more than the last.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._folder = folder
        self.info = _read_info(folder)
        self.name = self.info.name
        self.precision = self.info.precision
        self.dimension = self.info.dimension
        self.max_tokens = self.info.max_tokens
        self.languages: Sequence[str] | None = self.info.languages
        self.sha256 = self.info.sha256
        self._threads = threads
        self._tokenizer = open_tokenizer(folder / TOKENIZER)
        self._session = open_graph(folder / MODEL)
        prompts = (self.info.query_prompt, self.info.document_prompt)
        # The model's own limit, which holds for prompt and text together.
        self._window = self.max_tokens + max(map(self.count_tokens, prompts))

    def count_tokens(self, text: str) -> int:
        """See ``Encoder``."""
        return len(self._tokenizer.encode(readable(text), add_special_tokens=False).ids)

    def encode(
        self, texts: Sequence[str], on_encoded: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """See ``Encoder``."""
        return self._encode([self.info.document_prompt + text for text in texts], on_encoded)

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        """See ``Encoder``."""
        return self._encode([self.info.query_prompt + text for text in texts])

    def _encode(
        self, texts: Sequence[str], on_encoded: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """The vectors of texts with their prompts."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        if self._threads == 1 or len(texts) == 1:
            for row, vector in enumerate(map(self._vector, texts)):
                vectors[row] = vector
                if on_encoded:
                    on_encoded(row + 1)
            return vectors
        rows = iter(range(len(texts)))
        with ThreadPoolExecutor(self._threads) as threads:
            while some := list(itertools.islice(rows, _HANDED_OUT)):
                of_some = threads.map(self._vector, (texts[row] for row in some))
                for row, vector in zip(some, of_some, strict=True):
                    vectors[row] = vector
                    if on_encoded:
                        on_encoded(row + 1)
        return vectors

    def save(self, folder: Path) -> None:
        """See ``Encoder``."""
        folder.mkdir()
        for name in (MODEL, TOKENIZER, _INFO):
            shutil.copyfile(self._folder / name, folder / name)

    def _vector(self, text: str) -> np.ndarray:
        tokens = self._tokenizer.encode(readable(text), add_special_tokens=False)
        tokens.truncate(self._window)
        tokens = self._tokenizer.post_process(tokens)
        ids = np.array([tokens.ids], dtype=np.int64)
        values = (ids, np.ones_like(ids), np.array([tokens.type_ids], dtype=np.int64))
        named = dict(zip(GRAPH_INPUTS, values, strict=True))
        (vectors,) = self._session.run(None, {name: named[name] for name in self.info.inputs})
        vector: np.ndarray = vectors[0]
        return vector


def open_encoder(folder: Path, threads: int = 1) -> OnnxEncoder:
    """Return the encoder in a folder; ``threads`` are the texts it embeds at the same time.

    The folder's owner checks its files.

    Raises:
        EncoderError: there is none, or it cannot be loaded.
    """
    return OnnxEncoder(folder, threads)


def encoder_sha256(folder: Path, max_tokens: int, query_prompt: str, document_prompt: str) -> str:
    """Return the sha256 of everything that an encoder's vectors depend on.

    Raises:
        EncoderError: a file is missing.
    """
    files = files_sha256(folder, (MODEL, TOKENIZER))
    content = json.dumps([files, max_tokens, query_prompt, document_prompt])
    return hashlib.sha256(content.encode()).hexdigest()


def write_info(folder: Path, info: EncoderInfo) -> None:
    """Write ``encoder.json``."""
    content = json.dumps(asdict(info), ensure_ascii=False, indent=1, sort_keys=True)
    (folder / _INFO).write_text(content + "\n", "utf-8")


def _read_info(folder: Path) -> EncoderInfo:
    try:
        return EncoderInfo(**json.loads((folder / _INFO).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EncoderError(f"There is no encoder in {folder}: {error}.") from error
