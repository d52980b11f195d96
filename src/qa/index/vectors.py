"""Vectors to nearest rows; the only user of faiss."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import SnapshotError

__all__ = ["VectorIndex"]


class VectorIndex:
    """Exact search by cosine over unit vectors; rows are numbered from 0 as they came."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: np.ndarray) -> VectorIndex:
        """An index over float32 unit vectors of shape (rows, dimension)."""
        import faiss  # noqa: PLC0415

        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """The index that ``save`` wrote."""
        import faiss  # noqa: PLC0415

        try:
            return cls(faiss.read_index(str(path)))
        except RuntimeError as error:
            raise SnapshotError(f"{path} is not a vector index: {error}") from error

    def save(self, path: Path) -> None:
        """Write the index to one file; the same vectors give the same bytes."""
        import faiss  # noqa: PLC0415

        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def nearest(
        self, vector: np.ndarray, k: int, visible: np.ndarray | None = None
    ) -> list[tuple[int, float]]:
        """Up to ``k`` rows with their cosine, highest first; equals in the order of rows.

        ``visible``, a bool per row, leaves the others out of the search.

        Raises:
            SnapshotError: the vector's length is not the index's.
        """
        if vector.shape != (self.dimension,):
            raise SnapshotError(
                f"The question's vector has shape {vector.shape}, the index holds vectors of "
                f"{self.dimension}: the encoder is not the one the index was built with."
            )
        # faiss keeps an arbitrary few of the rows that tie at the end, so ask for more until
        # the last one asked for is truly worse than the last one wanted.
        there = len(self) if visible is None else int(np.count_nonzero(visible))
        wanted = min(k, there)
        asked = wanted
        while True:
            asked = min(asked * 2, there)
            if asked == 0:
                return []
            scores, rows = self._search(vector, asked, visible)
            if asked == there or scores[0][-1] < scores[0][wanted - 1]:
                break
        order = np.lexsort((rows[0], -scores[0]))[:wanted]
        return [(int(rows[0][i]), float(scores[0][i])) for i in order]

    def _search(
        self, vector: np.ndarray, k: int, visible: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        import faiss  # noqa: PLC0415

        only = None
        if visible is not None:
            bits = np.packbits(visible, bitorder="little")
            only = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))  # type: ignore[call-arg,arg-type]
        found: tuple[np.ndarray, np.ndarray] = self._index.search(
            vector[None, :].astype(np.float32), k, params=only
        )
        return found

    @cached_property
    def vectors(self) -> np.ndarray:
        """All vectors, by row: float32, shape (rows, dimension); a view, not to be written to."""
        import faiss  # noqa: PLC0415

        if not len(self):
            return np.empty((0, self.dimension), dtype=np.float32)
        flat = faiss.rev_swig_ptr(self._index.get_xb(), len(self) * self.dimension)
        vectors: np.ndarray = flat.reshape(len(self), self.dimension)
        vectors.flags.writeable = False
        return vectors
