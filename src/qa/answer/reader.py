"""An optional last stage that reads question and passage together: a cross-encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.records import Hit

__all__ = ["Reader"]

# Hits that are read. Each costs a pass through the model, several times that of embedding it.
_DEPTH = 20


class Reader:
    """A cross-encoder of sentence-transformers; it orders hits, their confidence stays."""

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self._model = model

    @classmethod
    def open(cls, folder: Path) -> Reader:
        """The reader in a folder.

        Raises:
            EncoderError: there is none.
        """
        from qa.index.export import open_cross_encoder  # noqa: PLC0415 - few have a reader

        return cls(str(folder), open_cross_encoder(folder))

    def reordered(
        self, question: str, hits: Sequence[Hit], text_of: Callable[[Hit], str]
    ) -> list[Hit]:
        """The first hits by what the reader says of their texts, then the others as they were.

        The scores stay with the ranks, so that they still fall.
        """
        read = list(hits[:_DEPTH])
        if not read:
            return []
        pairs = [(question, text_of(hit)) for hit in read]
        told = np.asarray(self._model.predict(pairs, show_progress_bar=False), dtype=float)
        order = np.argsort(-told, kind="stable")
        falling = [hit.score for hit in read]
        first = [replace(read[i], score=score) for i, score in zip(order, falling, strict=True)]
        return [*first, *hits[_DEPTH:]]
