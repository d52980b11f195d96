"""Nearest rows by cosine; the only user of faiss.

Vectors are kept in half precision, which halves the memory a search reads and so its time. Up to
``exact_rows`` a search compares all of them. A larger index keeps them a second time, in eight
bits and in lists, each around a centre: a search compares the lists whose centres are nearest,
and its candidates are rescored by the vectors themselves. Building the index tunes the number of
lists, so that a search finds nearly what an exact search would find.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from qa.errors import SnapshotError
from qa.index.integrity import is_held
from qa.index.visible import Visible

__all__ = [
    "VECTORS",
    "VectorIndex",
    "VectorSearch",
    "candidate_count",
    "half",
    "list_count",
    "nprobe_among_visible",
]

# The vector indexes of each encoder in a snapshot.
VECTORS = ("passages", "sentences", "questions")
# Rows handed to faiss at a time, which takes them in single precision.
_BLOCK = 65_536
# Lists per square root of the rows, and vectors per list that their centres are fitted on.
_LISTS_PER_ROOT = 2
_FITTED_ON_PER_LIST = 50
# An approximate search rescores so many times the rows wanted, and so many more.
_RESCORED_FACTOR, _RESCORED_MORE = 2, 32
# The share of the ten nearest rows that an approximate search must find of those that an exact
# one finds, and the questions this is measured with. Visitors' questions are farther from the
# record than these, so a search compares twice as many lists as give it.
_RECALL, _RECALL_AT, _RECALL_QUESTIONS = 0.995, 10, 200
_SPARE_LISTS = 2
_SEED = 1234
# With another number of threads the same vectors would give other bytes.
_BUILD_THREADS = 2


def half(vectors: np.ndarray) -> np.ndarray:
    """Return vectors in the precision they are kept in: float16."""
    return vectors.astype(np.float16)


class VectorSearch(Protocol):
    """Supplies candidates, which a ``VectorIndex`` rescores by its own vectors."""

    def __call__(
        self, index: VectorIndex, vector: np.ndarray, wanted: int, visible: Visible | None
    ) -> np.ndarray:
        """Return the nearest visible rows, ``wanted`` or more of them, in any order."""


class VectorIndex:
    """Search by cosine over unit vectors; rows are numbered from 0 as they came."""

    def __init__(
        self, whole: Any, lists: _Lists | None = None, search: VectorSearch | None = None
    ) -> None:
        """``search`` supplies the candidates; by default the lists, else all rows are compared."""
        import faiss  # noqa: PLC0415

        self._whole = whole
        self._lists = lists
        self._search = search or lists
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
        """Return an index over float16 unit vectors of shape (rows, dimension).

        With more than ``exact_rows`` rows, None for any number, its searches are approximate,
        and their recall is measured with ``questions``, of the same kind.
        """
        count, dimension = vectors.shape
        whole = _empty(dimension)
        _add(whole, vectors)
        if exact_rows is None or count <= exact_rows or not vectors.any():
            return cls(whole)
        lists = _trained_lists(vectors)
        recall = None
        if questions is not None and questions.any():
            sample = _sample(questions, _RECALL_QUESTIONS).astype(np.float32)
            recall = _tune(cls(whole), cls(whole, _Lists(lists)), lists, sample)
        return cls(whole, _Lists(lists, recall))

    @classmethod
    def open(cls, path: Path, search: VectorSearch | None = None) -> Self:
        """Return the index that ``save`` wrote: in memory where its file is small, else mapped.

        With a ``search``, the lists beside the file are not opened.
        """
        whole = _read(path)
        lists = None if search else _lists_path(path)
        if lists is None or not lists.exists():
            return cls(whole, search=search)
        return cls(whole, _Lists(_read(lists)))

    def save(self, path: Path) -> None:
        """Write the index to a file, and its lists beside it; the same vectors, the same bytes."""
        import faiss  # noqa: PLC0415

        faiss.write_index(self._whole, str(path))
        if self._lists is not None:
            faiss.write_index(self._lists.lists, str(_lists_path(path)))

    def __len__(self) -> int:
        return int(self._whole.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._whole.d)

    @property
    def description(self) -> dict[str, Any]:
        """The kind of search, for the manifest; ``recall@10`` as measured by ``build``."""
        return {"search": "exact"} if self._lists is None else self._lists.description

    def vectors(self, rows: np.ndarray) -> np.ndarray:
        """Return the vectors of some rows: float32, shape (rows, dimension)."""
        if not len(rows):
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors: np.ndarray = self._whole.sa_decode(self._codes[rows])
        return vectors

    def cosines(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the cosine of a vector with each of some rows, in their order; float32."""
        cosines = np.empty(len(rows), dtype=np.float32)
        if len(rows):
            # faiss multiplies vectors as they are kept, which takes a fifth of the time that
            # bringing them to single precision does.
            some = _empty(self.dimension)
            some.add_sa_codes(self._codes[rows])
            sorted_cosines, places = _search(some, vector, len(rows))
            cosines[places] = sorted_cosines
        return cosines

    def nearest(
        self, vector: np.ndarray, k: int, visible: Visible | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return up to ``k`` rows and their cosines, highest first; equals in the order of rows.

        ``visible`` leaves the others out of the search.

        Raises:
            SnapshotError: the vector's length is not the index's.
        """
        if vector.shape != (self.dimension,):
            raise SnapshotError(
                f"The question's vector has shape {vector.shape}, the index holds vectors of "
                f"{self.dimension}: the encoder is not the one the index was built with."
            )
        wanted = min(k, len(self) if visible is None else visible.count)
        if not wanted:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if self._search is None:
            cosines, rows = self._among_all(vector, wanted, visible)
        else:
            rows = self._search(self, vector, wanted, visible)
            cosines = self.cosines(vector, rows)
        order = np.lexsort((rows, -cosines))[:wanted]
        return rows[order], cosines[order]

    def _among_all(
        self, vector: np.ndarray, wanted: int, visible: Visible | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and rows of the ``wanted`` nearest and of all that tie with the last of them."""
        import faiss  # noqa: PLC0415

        options, count = None, len(self)
        if visible is not None:
            count = visible.count
            options = faiss.SearchParameters(sel=_selector(visible))  # type: ignore[call-arg]
        # faiss keeps an arbitrary few of the rows that tie at the end, so ask for more until
        # the last row is truly worse than the last one wanted.
        k = wanted
        while True:
            k = min(k + k // 4 + 8, count)
            cosines, rows = _search(self._whole, vector, k, options)
            if k == count or cosines[-1] < cosines[wanted - 1]:
                return cosines, rows


class _Lists:
    """A search in lists of vectors in eight bits (``IVF,SQ8``); ``recall`` is None once saved."""

    def __init__(self, lists: Any, recall: float | None = None) -> None:
        self.lists = lists
        self._recall = recall

    @property
    def description(self) -> dict[str, Any]:
        return {
            "search": "approximate",
            "lists": int(self.lists.nlist),
            "probed": int(self.lists.nprobe),
            f"recall@{_RECALL_AT}": self._recall,
        }

    def __call__(
        self, index: VectorIndex, vector: np.ndarray, wanted: int, visible: Visible | None
    ) -> np.ndarray:
        import faiss  # noqa: PLC0415

        options, count = None, len(index)
        if visible is not None:
            count = visible.count
            nprobe = nprobe_among_visible(self.lists.nprobe, self.lists.nlist, count / len(index))
            options = faiss.SearchParametersIVF(sel=_selector(visible), nprobe=nprobe)  # type: ignore[call-arg]
        return _search(self.lists, vector, candidate_count(wanted, count), options)[1]


def _tune(exact: VectorIndex, approximate: VectorIndex, lists: Any, questions: np.ndarray) -> float:
    """Let searches compare as many lists as give the recall wanted; return the recall."""
    count = min(_RECALL_AT, len(exact))
    last = [exact.nearest(question, count)[1][-1] for question in questions]

    def recall() -> float:
        # By cosine, not by row: of rows that are alike any will do.
        cosines = [approximate.nearest(question, count)[1] for question in questions]
        shares = [(c >= least).sum() / count for c, least in zip(cosines, last, strict=True)]
        return float(np.mean(shares))

    lists.nprobe = 1
    while recall() < _RECALL and lists.nprobe < lists.nlist:
        lists.nprobe = min(lists.nlist, 2 * lists.nprobe)
    lists.nprobe = min(lists.nlist, _SPARE_LISTS * lists.nprobe)
    return round(recall(), 4)


def _search(
    index: Any, vector: np.ndarray, k: int, options: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and rows that faiss finds, up to ``k``, highest first.

    On the thread that asks: on two, a question takes twice the processor's time and no less of
    the visitor's, for they wait for each other awake. Each thread has to say so for itself.
    """
    import faiss  # noqa: PLC0415

    faiss.omp_set_num_threads(1)
    cosines, rows = index.search(vector[None, :].astype(np.float32), k, params=options)
    is_row = rows[0] >= 0  # faiss fills up with -1
    return cosines[0][is_row], rows[0][is_row]


def list_count(rows: int) -> int:
    """Return the number of lists that so many rows are kept in."""
    return min(rows, 1 << round(math.log2(_LISTS_PER_ROOT * math.sqrt(rows))))


def nprobe_among_visible(nprobe: int, lists: int, share: float) -> int:
    """Return the number of lists to compare where only a share of the rows is visible.

    The smaller the share, the more lists: as many visible rows are compared as without a filter.
    """
    return min(lists, math.ceil(nprobe / share))


def candidate_count(wanted: int, visible_count: int) -> int:
    """Return the number of candidates to rescore, of those visible, for so many rows wanted."""
    return min(_RESCORED_FACTOR * wanted + _RESCORED_MORE, visible_count)


def _selector(visible: Visible) -> Any:
    import faiss  # noqa: PLC0415

    bits = np.packbits(visible.rows, bitorder="little")
    return faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg,arg-type]


def _lists_path(path: Path) -> Path:
    """The file of an index's lists."""
    return path.with_suffix(".lists.faiss")


def _read(path: Path) -> Any:
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


def _trained_lists(vectors: np.ndarray) -> Any:
    """Lists of all vectors, around centres fitted on a sample of them."""
    import faiss  # noqa: PLC0415

    faiss.omp_set_num_threads(_BUILD_THREADS)
    count, dimension = vectors.shape
    many = list_count(count)
    lists: Any = faiss.index_factory(dimension, f"IVF{many},SQ8", faiss.METRIC_INNER_PRODUCT)
    lists.cp.seed = _SEED
    lists.cp.min_points_per_centroid = 1
    lists.train(_sample(vectors, many * _FITTED_ON_PER_LIST).astype(np.float32))
    _add(lists, vectors)
    return lists


def _add(index: Any, vectors: np.ndarray) -> None:
    for start in range(0, len(vectors), _BLOCK):
        index.add(vectors[start : start + _BLOCK].astype(np.float32))


def _sample(vectors: np.ndarray, most: int) -> np.ndarray:
    """Up to ``most`` of the vectors that are not zero, the same ones every time."""
    rows = np.flatnonzero(vectors.any(axis=1))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(_SEED).choice(rows, most, replace=False))
    return vectors[rows]
