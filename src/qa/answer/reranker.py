"""The reranker: a model that scores question and passage together.

The bundled one is a folder of the package, made by ``benchmarks/reranker``:

    reader.onnx       token numbers of a pair -> scores of the pair, and of each of its tokens
    tokenizer.json.gz text -> token numbers
    reader.json       its languages, and what it was fitted on

Any cross-encoder of sentence-transformers may take its place; that gives one score for a pair.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from qa.answer.window import text_pair
from qa.errors import EncoderError
from qa.index.runtime import files_sha256, open_graph, open_tokenizer
from qa.text.folding import readable

__all__ = [
    "BUNDLED",
    "FILES",
    "OFF",
    "BundledReranker",
    "CrossEncoder",
    "PairScores",
    "Reranker",
    "Window",
    "bundled_sha256",
    "open_reranker",
]

BUNDLED, OFF = "bundled", "off"
GRAPH, TOKENIZER, INFO = "reader.onnx", "tokenizer.json.gz", "reader.json"
FILES = (GRAPH, TOKENIZER, INFO)
_FOLDER = Path(str(resources.files("qa.answer"))) / "bundled"
# Of FILES as they were published: no others are loaded.
_BUNDLED_SHA256 = "a5d9203fb6545d4e57b372feb99066cde97c68180cd3bad49d87d55955b9663a"
# A pair's tokens; what is longer loses the end of its window.
MAX_TOKENS = 192
# The score of a sentence that was cut off: below any that is computed.
_CUT_OFF = -10.0
# Hits that a cross-encoder reorders.
_CROSS_ENCODED = 20
# Windows scored at the same time. Each runs alone, as texts do in the encoder.
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Window:
    """Some sentences of a passage. ``sentences`` are their places in ``text``, in order."""

    context: str
    text: str
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PairScores:
    """A reranker's scores of a question and a window.

    ``order`` orders windows, higher is better. ``answer`` is the logit of answering at all,
    ``sentences`` that of each sentence; None and empty where the reranker has only the first.
    """

    order: float
    answer: float | None = None
    sentences: tuple[float, ...] = ()


class Reranker(Protocol):
    """Scores windows of passages against a question.

    ``name`` is ``bundled`` or the folder it was loaded from, ``sha256`` that of the files it was
    loaded from, "" where unknown. ``languages`` are those it was fitted on, None for any.
    ``most_hits`` is how many hits it is given, None where ``coefficients.json`` says.
    """

    name: str
    sha256: str
    languages: Sequence[str] | None
    most_hits: int | None

    def score(self, question: str, windows: Sequence[Window]) -> list[PairScores]:
        """Return the scores of the windows, in their order."""


class BundledReranker:
    """The reranker that comes with the package, run by onnxruntime."""

    def __init__(self, folder: Path, sha256: str) -> None:
        self.name = BUNDLED
        self.sha256 = sha256
        info = json.loads((folder / INFO).read_text("utf-8"))
        self.languages: Sequence[str] | None = info["languages"]
        self.most_hits: int | None = None
        self._tokenizer = open_tokenizer(folder / TOKENIZER)
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        self._graph = open_graph(folder / GRAPH)
        self._threads = ThreadPoolExecutor(_THREADS)

    def score(self, question: str, windows: Sequence[Window]) -> list[PairScores]:
        """See ``Reranker``."""
        return [*self._threads.map(lambda window: self._score(question, window), windows)]

    def _score(self, question: str, window: Window) -> PairScores:
        window = _readable(window)
        first, second, begin = text_pair(readable(question), window.context, window.text)
        tokens = self._tokenizer.encode(first, second)
        ids = np.array([tokens.ids], dtype=np.int64)
        of_pair, of_tokens = self._graph.run(
            None,
            {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "token_type_ids": np.array([tokens.type_ids], dtype=np.int64),
            },
        )
        places = np.array(tokens.offsets)
        is_text = (np.array(tokens.type_ids) == 1) & (places[:, 1] > begin)
        return PairScores(
            order=float(of_pair[0, 0]),
            answer=float(of_pair[0, 1]),
            sentences=tuple(
                _mean(
                    of_tokens[0],
                    is_text & (places[:, 0] >= begin + start) & (places[:, 1] <= begin + end),
                )
                for start, end in window.sentences
            ),
        )


class CrossEncoder:
    """A cross-encoder of sentence-transformers: it orders windows, and no more."""

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self.sha256 = ""
        self.languages: Sequence[str] | None = None
        self.most_hits: int | None = _CROSS_ENCODED
        self._model = model

    def score(self, question: str, windows: Sequence[Window]) -> list[PairScores]:
        """See ``Reranker``."""
        if not windows:
            return []
        pairs = [(readable(question), readable(window.text)) for window in windows]
        scores = np.asarray(self._model.predict(pairs, show_progress_bar=False), dtype=float)
        return [PairScores(float(score)) for score in scores]


def open_reranker(name: str) -> Reranker | None:
    """Return the ``bundled`` reranker, or the cross-encoder of a folder; None for ``off``.

    Raises:
        EncoderError: there is no such model, or the bundled one is not the published one.
    """
    if name == OFF:
        return None
    if name == BUNDLED:
        return BundledReranker(_FOLDER, bundled_sha256())
    from qa.index.models import open_cross_encoder  # noqa: PLC0415 - few have one

    return CrossEncoder(name, open_cross_encoder(Path(name)))


def bundled_sha256() -> str:
    """Return the sha256 of the bundled reranker's files.

    Raises:
        EncoderError: one is missing, or they are not the published ones.
    """
    sha256 = files_sha256(_FOLDER, FILES)
    if sha256 != _BUNDLED_SHA256:
        raise EncoderError(
            f"The bundled reranker is not the published one: sha256 is {sha256}, should be "
            f'{_BUNDLED_SHA256}. Install press-qa anew, or set reranker = "off".'
        )
    return sha256


def _readable(window: Window) -> Window:
    """Return the window in plain characters, with the new places of its sentences."""
    text = window.text
    if text.isascii() and window.context.isascii():
        return window
    return Window(
        context=readable(window.context),
        text=readable(text),
        sentences=tuple(
            (len(readable(text[:start])), len(readable(text[:end])))
            for start, end in window.sentences
        ),
    )


def _mean(logits: np.ndarray, inside: np.ndarray) -> float:
    """Return the mean of some tokens' logits, or that of a sentence that was cut off."""
    return float(logits[inside].mean()) if inside.any() else _CUT_OFF
