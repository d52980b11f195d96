"""Vectors to nearest rows; the only user of faiss.

Vectors are kept in half precision, which halves the memory a search reads and so its time. Up to
``exact_rows`` a search looks at every one of them. A larger index keeps them a second time, in
eight bits and in lists, each around a centre: a search looks into the lists whose centres are
nearest and scores anew, by the vectors themselves, what it finds there. How many lists that are
is chosen when the index is built: enough to find what an exact search would find.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Self

import numpy as np

from qa.errors import SnapshotError
from qa.index.integrity import is_held
from qa.index.visible import Visible

__all__ = ["VECTORS", "VectorIndex", "candidates", "half", "list_count", "probed"]

# The vector indexes of a snapshot.
VECTORS = ("passages", "sentences", "questions")
# Rows handed to faiss at a time, which takes them in single precision.
_BLOCK = 65_536
# Lists per square root of the rows, and vectors per list that their centres are fitted on.
_LISTS_PER_ROOT = 2
_FITTED_ON_PER_LIST = 50
# Of what the lists put forward, so many more than asked for are rescored.
_SCORED_ANEW, _SCORED_ANEW_MORE = 2, 32
# The share of the ten nearest rows that an approximate search must find of those that an exact
# one finds, and the questions this is measured with. Visitors' questions are farther from the
# record than these, so twice as many lists are looked into as give it.
_RECALL, _RECALL_AT, _RECALL_QUESTIONS = 0.995, 10, 200
_SPARE_LISTS = 2
_SEED = 1234
# With another number of threads the same vectors would give other bytes.
_BUILD_THREADS = 2


def half(vectors: np.ndarray) -> np.ndarray:
    """Vectors as they are kept: float16."""
    return vectors.astype(np.float16)


class VectorIndex:
    """Search by cosine over unit vectors; rows are numbered from 0 as they came."""

    def __init__(self, whole: Any, lists: Any = None, recall: float | None = None) -> None:
        import faiss  # noqa: PLC0415

        self._whole = whole
        self._lists = lists
        self._recall = recall
        codes = faiss.rev_swig_ptr(whole.codes.data(), whole.codes.size())
        self._codes = codes.reshape(len(self), whole.code_size)

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

        count, dimension = vectors.shape
        whole = _empty(dimension)
        _add(whole, vectors)
        if exact_rows is None or count <= exact_rows or not vectors.any():
            return cls(whole)
        faiss.omp_set_num_threads(_BUILD_THREADS)
        many = list_count(count)
        lists: Any = faiss.index_factory(dimension, f"IVF{many},SQ8", faiss.METRIC_INNER_PRODUCT)
        lists.cp.seed = _SEED
        lists.cp.min_points_per_centroid = 1
        lists.train(_sample(vectors, many * _FITTED_ON_PER_LIST).astype(np.float32))
        _add(lists, vectors)
        index = cls(whole, lists)
        if questions is not None and questions.any():
            index._tune_nprobe(_sample(questions, _RECALL_QUESTIONS).astype(np.float32))
        return index

    @classmethod
    def open(cls, path: Path) -> Self:
        """The index that ``save`` wrote: in memory where its file is small, else mapped."""
        lists = _beside(path)
        return cls(_opened(path), _opened(lists) if lists.exists() else None)

    def save(self, path: Path) -> None:
        """Write the index to a file, and its lists beside it; the same vectors, the same bytes."""
        import faiss  # noqa: PLC0415

        faiss.write_index(self._whole, str(path))
        if self._lists is not None:
            faiss.write_index(self._lists, str(_beside(path)))

    def __len__(self) -> int:
        return int(self._whole.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._whole.d)

    @property
    def stated(self) -> dict[str, Any]:
        """How it searches, for the manifest; ``recall@10`` as measured when it was built."""
        if self._lists is None:
            return {"search": "exact"}
        return {
            "search": "approximate",
            "lists": int(self._lists.nlist),
            "probed": int(self._lists.nprobe),
            f"recall@{_RECALL_AT}": self._recall,
        }

    def vectors(self, rows: np.ndarray) -> np.ndarray:
        """The vectors of some rows: float32, shape (rows, dimension)."""
        if not len(rows):
            return np.empty((0, self.dimension), dtype=np.float32)
        found: np.ndarray = self._whole.sa_decode(self._codes[rows])
        return found

    def cosines(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The cosine of a vector with each of some rows, in their order; float32."""
        cosines = np.empty(len(rows), dtype=np.float32)
        if len(rows):
            # faiss multiplies vectors as they are kept, which takes a fifth of the time that
            # bringing them to single precision does.
            some = _empty(self.dimension)
            some.add_sa_codes(self._codes[rows])
            found, places = _search(some, vector, len(rows))
            cosines[places] = found
        return cosines

    def nearest(
        self, vector: np.ndarray, k: int, visible: Visible | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Up to ``k`` rows and their cosines, highest first; equals in the order of rows.

        ``visible`` leaves the others out of the search.

        Raises:
            SnapshotError: the vector's length is not the index's.
        """
        if vector.shape != (self.dimension,):
            raise SnapshotError(
                f"The question's vector has shape {vector.shape}, the index holds vectors of "
                f"{self.dimension}: the encoder is not the one the index was built with."
            )
        there = len(self) if visible is None else int(np.count_nonzero(visible.rows))
        wanted = min(k, there)
        if not wanted:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        cosines, rows = self._found(vector, wanted, visible, there)
        order = np.lexsort((rows, -cosines))[:wanted]
        return rows[order], cosines[order]

    def _found(
        self, vector: np.ndarray, wanted: int, visible: Visible | None, there: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and rows of at least those wanted, in any order; ``there`` are visible."""
        look = self._among_all if self._lists is None else self._in_lists
        return look(vector, wanted, visible, there)

    def _among_all(
        self, vector: np.ndarray, wanted: int, visible: Visible | None, there: int
    ) -> tuple[np.ndarray, np.ndarray]:
        import faiss  # noqa: PLC0415

        options = None
        if visible is not None:
            options = faiss.SearchParameters(sel=_selector(visible))  # type: ignore[call-arg]
        # faiss keeps an arbitrary few of the rows that tie at the end, so ask for more until
        # the last one asked for is truly worse than the last one wanted.
        asked = wanted
        while True:
            asked = min(asked + asked // 4 + 8, there)
            cosines, rows = _search(self._whole, vector, asked, options)
            if asked == there or cosines[-1] < cosines[wanted - 1]:
                return cosines, rows

    def _in_lists(
        self, vector: np.ndarray, wanted: int, visible: Visible | None, there: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the lists put forward, rescored."""
        import faiss  # noqa: PLC0415

        options = None
        if visible is not None:
            looked_into = probed(self._lists.nprobe, self._lists.nlist, there / len(self))
            options = faiss.SearchParametersIVF(sel=_selector(visible), nprobe=looked_into)  # type: ignore[call-arg]
        asked = candidates(wanted, there)
        rows = _search(self._lists, vector, asked, options)[1]
        return self.cosines(vector, rows), rows

    def _tune_nprobe(self, questions: np.ndarray) -> None:
        """Let searches look into as many lists as give the recall wanted, and some to spare."""
        count = min(_RECALL_AT, len(self))
        exact = [self._among_all(q, count, None, len(self))[0] for q in questions]
        last = [-np.sort(-cosines)[count - 1] for cosines in exact]

        def recall() -> float:
            # By cosine, not by row: of rows that are alike any will do.
            found = [self.nearest(q, count)[1] for q in questions]
            shares = [(f >= least).sum() / count for f, least in zip(found, last, strict=True)]
            return float(np.mean(shares))

        lists = self._lists
        lists.nprobe = 1
        while recall() < _RECALL and lists.nprobe < lists.nlist:
            lists.nprobe = min(lists.nlist, 2 * lists.nprobe)
        lists.nprobe = min(lists.nlist, _SPARE_LISTS * lists.nprobe)
        self._recall = round(recall(), 4)


def _search(
    index: Any, vector: np.ndarray, k: int, options: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and rows of what an index of faiss finds, as far as there is anything.

    On the thread that asks: on two, a question takes twice the processor's time and no less of
    the visitor's, for they wait for each other awake. Each thread has to say so for itself.
    """
    import faiss  # noqa: PLC0415

    faiss.omp_set_num_threads(1)
    found, rows = index.search(vector[None, :].astype(np.float32), k, params=options)
    is_there = rows[0] >= 0  # faiss fills up with -1
    return found[0][is_there], rows[0][is_there]


def list_count(rows: int) -> int:
    """Return how many lists so many rows are kept in."""
    return min(rows, 1 << round(math.log2(_LISTS_PER_ROOT * math.sqrt(rows))))


def probed(lists: int, of: int, share: float) -> int:
    """The number of lists looked into where a share of the rows is visible, rather than ``lists``.

    The fewer, the more lists: as many visible rows are looked at as without.
    """
    return min(of, math.ceil(lists / share))


def candidates(wanted: int, there: int) -> int:
    """The number of rows taken of a search, to be rescored; of so many that are ``there``."""
    return min(_SCORED_ANEW * wanted + _SCORED_ANEW_MORE, there)


def _selector(visible: Visible) -> Any:
    import faiss  # noqa: PLC0415

    bits = np.packbits(visible.rows, bitorder="little")
    return faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg,arg-type]


def _beside(path: Path) -> Path:
    """Where the lists of an index stand."""
    return path.with_suffix(".lists.faiss")


def _opened(path: Path) -> Any:
    import faiss  # noqa: PLC0415

    try:
        flags = 0 if is_held(path) else faiss.IO_FLAG_MMAP_IFC | faiss.IO_FLAG_READ_ONLY
        return faiss.read_index(str(path), flags)
    except RuntimeError as error:
        raise SnapshotError(f"{path} is not a vector index: {error}") from error


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
