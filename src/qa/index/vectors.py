"""Vectors to nearest rows; the only user of faiss.

Vectors are kept in half precision, which halves the memory a search reads and so its time. Up to
``exact_rows`` a search looks at every one of them; a larger index keeps them in lists, each
around a centre, and a search looks only into the lists whose centres are nearest. How many of
them is chosen when the index is built: as few as find what an exact search would find.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import SnapshotError

__all__ = ["VectorIndex", "half"]

# Rows handed to faiss at a time, which takes them in single precision.
_BLOCK = 65_536
# Lists per square root of the rows, and vectors per list that their centres are fitted on.
_LISTS_PER_ROOT = 2
_FITTED_ON_PER_LIST = 50
# The share of the ten nearest rows that an approximate search must find of those that an exact
# one finds, and the questions this is measured with. More than the .98 that is promised, since
# visitors' questions are farther from the record than what it is measured with.
_RECALL, _RECALL_AT, _RECALL_QUESTIONS = 0.995, 10, 200
_SEED = 1234
# With more threads than this an index would have other bytes on every machine.
_BUILD_THREADS = 2


def half(vectors: np.ndarray) -> np.ndarray:
    """Vectors as they are kept: float16."""
    return vectors.astype(np.float16)


class VectorIndex:
    """Search by cosine over unit vectors; rows are numbered from 0 as they came."""

    def __init__(self, index: Any, recall: float | None = None) -> None:
        import faiss  # noqa: PLC0415

        # One question on several threads takes longer on busy processors, not less.
        faiss.omp_set_num_threads(1)
        self._index = index
        self._lists = int(getattr(index, "nlist", 0))
        self._recall = recall
        if self._lists:
            index.make_direct_map()
        else:
            codes = faiss.rev_swig_ptr(index.codes.data(), index.codes.size())
            self._codes = codes.reshape(len(self), index.code_size)

    @classmethod
    def build(
        cls,
        vectors: np.ndarray,
        *,
        exact_rows: int | None = None,
        questions: np.ndarray | None = None,
    ) -> VectorIndex:
        """An index over float16 unit vectors of shape (rows, dimension).

        With more than ``exact_rows`` rows, None for any number, its searches are approximate,
        and their recall is measured with ``questions``, of the same kind.
        """
        import faiss  # noqa: PLC0415

        faiss.omp_set_num_threads(_BUILD_THREADS)
        count, dimension = vectors.shape
        if exact_rows is None or count <= exact_rows or not vectors.any():
            whole = _empty(dimension)
            _add(whole, vectors)
            return cls(whole)
        lists = min(count, 2 ** round(np.log2(_LISTS_PER_ROOT * np.sqrt(count))))
        index: Any = faiss.index_factory(
            dimension, f"IVF{lists},SQfp16", faiss.METRIC_INNER_PRODUCT
        )
        # The vectors themselves, not how far they are from the centre: so they can be given back.
        index.by_residual = False
        index.cp.seed = _SEED
        index.cp.min_points_per_centroid = 1
        index.train(_sample(vectors, lists * _FITTED_ON_PER_LIST).astype(np.float32))
        _add(index, vectors)
        recall = None
        if questions is not None and questions.any():
            recall = _probed_enough(index, _sample(questions, _RECALL_QUESTIONS))
        return cls(index, recall)

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """The index that ``save`` wrote, mapped into memory and read as it is needed."""
        import faiss  # noqa: PLC0415

        try:
            return cls(
                faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC | faiss.IO_FLAG_READ_ONLY)
            )
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

    @property
    def stated(self) -> dict[str, Any]:
        """How it searches, for the manifest; ``recall@10`` as measured when it was built."""
        if not self._lists:
            return {"search": "exact"}
        return {
            "search": "approximate",
            "lists": self._lists,
            "probed": int(self._index.nprobe),
            f"recall@{_RECALL_AT}": self._recall,
        }

    def vectors(self, rows: np.ndarray) -> np.ndarray:
        """The vectors of some rows: float32, shape (rows, dimension)."""
        if not len(rows):
            return np.empty((0, self.dimension), dtype=np.float32)
        found: np.ndarray = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return found

    def cosines(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The cosine of a vector with each of some rows, in their order; float32."""
        if self._lists or not len(rows):
            cosines: np.ndarray = self.vectors(rows) @ vector
            return cosines
        # faiss multiplies vectors as they are kept, which takes a fifth of the time that
        # bringing them to single precision does.
        some = _empty(self.dimension)
        some.add_sa_codes(self._codes[rows])
        found, places = some.search(vector[None, :].astype(np.float32), len(rows))
        cosines = np.empty(len(rows), dtype=np.float32)
        cosines[places[0]] = found[0]
        return cosines

    def nearest(
        self, vector: np.ndarray, k: int, visible: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Up to ``k`` rows and their cosines, highest first; equals in the order of rows.

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
        wanted = asked = min(k, there)
        if not wanted:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        options = self._options(visible, there)
        while True:
            asked = min(asked + asked // 4 + 8, there)
            scores, rows = self._search(vector, asked, options)
            wanted = min(wanted, len(rows))
            if asked == there or len(rows) < asked or scores[-1] < scores[wanted - 1]:
                break
        order = np.lexsort((rows, -scores))[:wanted]
        return rows[order], scores[order]

    def _search(self, vector: np.ndarray, k: int, options: Any) -> tuple[np.ndarray, np.ndarray]:
        found = self._index.search(vector[None, :].astype(np.float32), k, params=options)
        scores, rows = found[0][0], found[1][0]
        is_there = rows >= 0  # faiss fills up with -1 what it did not find
        return scores[is_there], rows[is_there]

    def _options(self, visible: np.ndarray | None, there: int) -> Any:
        """Which rows may be found, and in how many lists to look for them.

        The fewer there are, the more lists: as many visible rows are looked at as without.
        """
        if visible is None:
            return None
        import faiss  # noqa: PLC0415

        bits = np.packbits(visible, bitorder="little")
        only = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg,arg-type]
        if not self._lists:
            return faiss.SearchParameters(sel=only)  # type: ignore[call-arg]
        probed = min(self._lists, -(-self._index.nprobe * len(self) // there))
        return faiss.SearchParametersIVF(sel=only, nprobe=probed)  # type: ignore[call-arg]


def _empty(dimension: int) -> Any:
    """An exact index without vectors."""
    import faiss  # noqa: PLC0415

    return faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )


def _add(index: Any, vectors: np.ndarray) -> None:
    for start in range(0, len(vectors), _BLOCK):
        index.add(vectors[start : start + _BLOCK].astype(np.float32))


def _sample(vectors: np.ndarray, most: int) -> np.ndarray:
    """Up to so many of the vectors that are not zero, the same ones every time."""
    rows = np.flatnonzero(vectors.any(axis=1))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(_SEED).choice(rows, most, replace=False))
    return vectors[rows]


def _probed_enough(index: Any, questions: np.ndarray) -> float:
    """Let searches look into as few lists as give the recall wanted; the recall they give."""
    asked = questions.astype(np.float32)
    index.nprobe = index.nlist
    exact = index.search(asked, _RECALL_AT)[0][:, -1:]
    index.nprobe = 1
    while True:
        # By cosine, not by row: of rows that are alike any will do.
        found = index.search(asked, _RECALL_AT)[0] >= exact
        recall = float(found.mean())
        if recall >= _RECALL or index.nprobe >= index.nlist:
            return round(recall, 4)
        index.nprobe = min(index.nlist, 2 * index.nprobe)
