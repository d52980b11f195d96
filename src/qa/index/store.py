"""Documents and passages in a snapshot: tables, and texts that are read when needed.

documents/documents.jsonl   the documents, text included, by id
documents/ids.json          their ids
documents/sections.json     the sections there are, in the order of their first document
documents/languages.json    the languages documents are in, the most common first
documents/table.npy         a row per document and one more: see ``_DOCUMENT``
documents/sha256.npy        sha256 of each document's line in documents.jsonl: uint8, 32 a row
passages/table.npy          a row per column, a column per passage: see ``_PASSAGE``
passages/sentences.npy      start and end of every sentence
passages/starts.npy         where each passage's sentences start among them, and the end
passages/speakers.json      who speaks
passages/numbers.json       the numbers of each numbered question
"""

from __future__ import annotations

import bisect
import datetime
import hashlib
import json
import threading
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from io import FileIO
from pathlib import Path
from typing import Any, Literal, get_args, overload

import numpy as np

from qa.errors import SnapshotError
from qa.index.integrity import is_held
from qa.records import Document, Passage, Role, Span

__all__ = ["Documents", "Passages", "open_array", "write_documents", "write_passages"]

# Columns of the documents' table: the byte at which it stands in documents.jsonl, its first
# passage, its date as an ordinal (0: none), a bit for each encoder that knows its language (the
# primary one's is the lowest), the number of its section (-1: none), and its first date: the last
# and the first day of a log of many days, else the same. The row after the last holds where the
# first two end.
_DOCUMENT = ("byte", "passage", "date", "encoders", "section", "first_date")
# Rows of the passages' table. ``document`` is the number of the document; ``role`` and
# ``speaker`` are numbers of the role and of the name in speakers.json; ``heading`` is that in the
# lexical index, ``date`` an ordinal (0: none), ``numbers`` a place in numbers.json. -1 stands for
# none.
_PASSAGE = (
    "document",
    "start",
    "end",
    "paragraph",
    "role",
    "speaker",
    "asked_start",
    "asked_end",
    "heading",
    "date",
    "numbers",
)
_ROLES: tuple[Role, ...] = get_args(Role)
# Documents kept in memory once they have been read.
_KEPT_DOCUMENTS = 64


class Documents(Mapping[str, Document]):
    """Documents by id, ascending; each is numbered by its place.

    ``dates`` are ordinals by number, 0 where there is none, of a log its last day; ``is_embedded``
    is a bool by number: the primary encoder knows the language, so that its vectors count.
    ``sections`` are the names of the sections there are, ``section_numbers`` the place of each
    document's among them, or -1; ``languages`` those that documents are in, the most common first.
    """

    def __init__(self, folder: Path) -> None:
        self.ids: list[str] = json.loads((folder / "ids.json").read_text("utf-8"))
        table = open_array(folder / "table.npy")
        self._bytes = table[:, _DOCUMENT.index("byte")]
        self._rows = table[:, _DOCUMENT.index("passage")]
        self.dates = np.array(table[:-1, _DOCUMENT.index("date")])
        self._first_dates = np.array(table[:-1, _DOCUMENT.index("first_date")])
        self._encoders = np.array(table[:-1, _DOCUMENT.index("encoders")])
        self.is_embedded = self.embedded_by(0)
        self.section_numbers = np.array(table[:-1, _DOCUMENT.index("section")])
        self.sections: list[str] = json.loads((folder / "sections.json").read_text("utf-8"))
        self.languages: list[str] = json.loads((folder / "languages.json").read_text("utf-8"))
        self._sha256 = open_array(folder / "sha256.npy")
        self._lines = _Slices(folder / "documents.jsonl")
        # Not to refer to itself: tables that are let go are gone at once, their files with them.
        self._parsed = lru_cache(_KEPT_DOCUMENTS)(partial(Documents._parse, weakref.proxy(self)))

    def __getitem__(self, document_id: str) -> Document:
        return self._parsed(self.number(document_id))[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def number(self, document_id: str) -> int:
        """Return the document's number.

        Raises:
            KeyError: there is no such document.
        """
        place = bisect.bisect_left(self.ids, document_id)
        if place == len(self.ids) or self.ids[place] != document_id:
            raise KeyError(document_id)
        return place

    def rows(self, document_id: str) -> range:
        """Return the rows of its passages, adjacent and in the order of its text."""
        number = self.number(document_id)
        return range(int(self._rows[number]), int(self._rows[number + 1]))

    def embedded_by(self, encoder: int) -> np.ndarray:
        """Return a bool by number of the document: that encoder knows its language."""
        bits: np.ndarray = self._encoders >> encoder & 1
        return bits.astype(bool)

    @property
    def is_published(self) -> np.ndarray:
        """A bool by number: it has passages, which withdrawn documents have not."""
        published: np.ndarray = np.diff(self._rows) > 0
        return published

    @property
    def period(self) -> tuple[datetime.date, datetime.date] | None:
        """The first and the last date of what is published; None where there is none."""
        is_dated = (self.dates > 0) & self.is_published
        if not is_dated.any():
            return None
        first, last = int(self._first_dates[is_dated].min()), int(self.dates[is_dated].max())
        return datetime.date.fromordinal(first), datetime.date.fromordinal(last)

    def file_sha256(self, document_id: str) -> str:
        """Return the sha256 of the corpus file it was indexed from."""
        return self._parsed(self.number(document_id))[1]

    def _parse(self, number: int) -> tuple[Document, str]:
        row = json.loads(self._line(number))
        sha256 = row.pop("file_sha256")
        row["date"] = datetime.date.fromisoformat(row["date"]) if row["date"] else None
        if "withdrawn" in row:
            row["withdrawn"] = datetime.date.fromisoformat(row["withdrawn"])
        row["also"], row["pages"] = (tuple(row.get(name, ())) for name in ("also", "pages"))
        row["times"] = tuple((offset, time) for offset, time in row.get("times", ()))
        return Document(**row), sha256

    def _line(self, number: int) -> bytes:
        """A document's line, checked by its hash.

        Raises:
            SnapshotError: the file was altered or cut short since it was opened.
        """
        place = slice(int(self._bytes[number]), int(self._bytes[number + 1]))
        expected = self._sha256[number].tobytes()
        for read in (self._lines.read, self._lines.read_anew):
            line = read(place)
            if hashlib.sha256(line).digest() == expected:
                return line
        raise SnapshotError(
            f"{self._lines.path} was altered: document {self.ids[number]!r} is not what was "
            'indexed. Restore the file, or run "qa index" to build the snapshot anew.'
        )


class _Slices:
    """Slices of a file, read when they are asked for.

    Not mapped: reading what a mapped file lost when it was cut short would end the process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._hold(FileIO(path))

    def read(self, place: slice) -> bytes:
        """Return the bytes there, fewer at the end of the file; also of a file that was removed."""
        with self._lock:
            self._file.seek(place.start)
            return self._file.read(place.stop - place.start)

    def read_anew(self, place: slice) -> bytes:
        """Return the same of the file that has its name now, if any: it may have been restored."""
        try:
            opened = FileIO(self.path)
        except OSError:
            return b""
        with self._lock:
            self._close()
            self._hold(opened)
        return self.read(place)

    def _hold(self, file: FileIO) -> None:
        self._file = file
        self._close = weakref.finalize(self, file.close)


class Passages(Sequence[Passage]):
    """Passages, in the order of documents and texts.

    By row, without reading a text: ``documents``, the number of the document; ``headings``,
    the number of the heading; ``dates``, ordinals, 0 where there is none; ``is_question``;
    ``speaker_numbers``, places in ``speakers`` or -1. The
    sentences of passage ``row`` are the rows
    ``sentence_starts[row]`` up to, without, ``sentence_starts[row + 1]`` among all sentences.
    """

    def __init__(self, folder: Path, documents: Documents) -> None:
        table = open_array(folder / "table.npy")
        self._columns = dict(zip(_PASSAGE, table, strict=True))
        self._sentences = open_array(folder / "sentences.npy")
        self.speakers: list[str] = json.loads((folder / "speakers.json").read_text("utf-8"))
        self._of = documents
        self.sentence_starts = open_array(folder / "starts.npy")
        self.documents = self._columns["document"]
        self.headings = self._columns["heading"]
        self.dates = self._columns["date"]
        self.speaker_numbers = self._columns["speaker"]
        self._numbers: list[list[str]] = json.loads((folder / "numbers.json").read_text("utf-8"))
        self.is_question = self._columns["role"] == _ROLES.index("question")

    def __len__(self) -> int:
        return len(self.documents)

    @overload
    def __getitem__(self, row: int) -> Passage: ...
    @overload
    def __getitem__(self, row: slice) -> list[Passage]: ...
    def __getitem__(self, row: int | slice) -> Passage | list[Passage]:
        if isinstance(row, slice):
            return [self[r] for r in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(row)
        of = {name: int(column[row]) for name, column in self._columns.items()}
        document = self._of[self._of.ids[of["document"]]]
        span = Span(of["start"], of["end"])
        first, last = self.sentence_starts[row : row + 2]
        return Passage(
            document=document.id,
            span=span,
            text=span.of(document.text),
            paragraph=of["paragraph"],
            role=_ROLES[of["role"]],
            speaker=self.speakers[of["speaker"]] if of["speaker"] >= 0 else None,
            asked=Span(of["asked_start"], of["asked_end"]) if of["asked_start"] >= 0 else None,
            sentences=tuple(Span(*pair) for pair in self._sentences[first:last].tolist()),
            date=datetime.date.fromordinal(of["date"]) if of["date"] else None,
            numbers=tuple(self._numbers[of["numbers"]]) if of["numbers"] >= 0 else (),
        )

    @property
    def has_numbers(self) -> bool:
        """Some question of the record has a number."""
        return bool(self._numbers)

    def numbered(self, number: str) -> np.ndarray:
        """Return the rows of passages under a question's number, ascending."""
        places = [n for n, numbers in enumerate(self._numbers) if number in numbers]
        return np.flatnonzero(np.isin(self._columns["numbers"], places))

    def document(self, row: int) -> str:
        """Return the id of a passage's document."""
        return self._of.ids[int(self.documents[row])]

    def span(self, row: int) -> Span:
        """Return the passage's span in its document."""
        return Span(int(self._columns["start"][row]), int(self._columns["end"][row]))

    def of_sentences(self, sentences: np.ndarray) -> np.ndarray:
        """Return the rows of the passages of sentences, given by their row among all."""
        rows: np.ndarray = np.searchsorted(self.sentence_starts, sentences, side="right") - 1
        return rows

    def sentence_text(self, sentence: int) -> str:
        """Return a sentence by its row among all."""
        row = int(self.of_sentences(np.array([sentence]))[0])
        start, end = self._sentences[sentence].tolist()
        return Span(start, end).of(self._of[self.document(row)].text)


def write_documents(
    folder: Path,
    documents: Sequence[tuple[Document, str]],
    passages: Sequence[Passage],
    knows: Sequence[Sequence[bool]],
) -> None:
    """Write ``Documents``: those of ``passages``, ascending by id, with their file's sha256.

    ``knows`` says for each document which of the encoders know its language.
    """
    folder.mkdir()
    counts = dict.fromkeys((document.id for document, _ in documents), 0)
    for passage in passages:
        counts[passage.document] += 1
    days = _days(passages)
    rows = np.cumsum([0, *counts.values()])
    table = np.zeros((len(documents) + 1, len(_DOCUMENT)), dtype=np.int64)
    table[:, 1] = rows
    sections: dict[str, int] = {}
    hashes = np.zeros((len(documents), hashlib.sha256().digest_size), dtype=np.uint8)
    with (folder / "documents.jsonl").open("wb") as file:
        for number, (document, sha256) in enumerate(documents):
            first, last = days.get(document.id) or (document.date, document.date)
            named = document.section
            section = sections.setdefault(named, len(sections)) if named else -1
            dates = (day.toordinal() if day else 0 for day in (last, first))
            at, date, first_date = file.tell(), *dates
            encoders = sum(1 << n for n, is_known in enumerate(knows[number]) if is_known)
            table[number] = (at, rows[number], date, encoders, section, first_date)
            line = {**_document_json(document), "file_sha256": sha256}
            text = json.dumps(line, ensure_ascii=False, sort_keys=True)
            content = f"{text}\n".encode()
            hashes[number] = np.frombuffer(hashlib.sha256(content).digest(), dtype=np.uint8)
            file.write(content)
        table[-1, 0] = file.tell()
    np.save(folder / "table.npy", table, allow_pickle=False)
    np.save(folder / "sha256.npy", hashes, allow_pickle=False)
    _write_json(folder / "ids.json", list(counts))
    _write_json(folder / "sections.json", list(sections))
    languages = Counter(document.language for document, _ in documents)
    _write_json(folder / "languages.json", [name for name, _ in languages.most_common()])


def write_passages(
    folder: Path, passages: Sequence[Passage], headings: np.ndarray, ids: Sequence[str]
) -> None:
    """Write ``Passages``, with the number of each one's heading; ``ids`` are the documents'."""
    folder.mkdir()
    numbers = {name: number for number, name in enumerate(ids)}
    speakers: dict[str, int] = {}
    numbered: dict[tuple[str, ...], int] = {}
    table = np.empty((len(_PASSAGE), len(passages)), dtype=np.int32)
    for row, p in enumerate(passages):
        speaker = speakers.setdefault(p.speaker, len(speakers)) if p.speaker else -1
        asked = (p.asked.start, p.asked.end) if p.asked else (-1, -1)
        role = _ROLES.index(p.role)
        where = (numbers[p.document], p.span.start, p.span.end, p.paragraph)
        date = p.date.toordinal() if p.date else 0
        number = numbered.setdefault(p.numbers, len(numbered)) if p.numbers else -1
        table[:, row] = (*where, role, speaker, *asked, headings[row], date, number)
    np.save(folder / "table.npy", table, allow_pickle=False)
    spans = [(s.start, s.end) for p in passages for s in p.sentences]
    sentences = np.array(spans, dtype=np.int32).reshape(-1, 2)
    np.save(folder / "sentences.npy", sentences, allow_pickle=False)
    starts = np.cumsum([0, *(len(p.sentences) for p in passages)], dtype=np.int64)
    np.save(folder / "starts.npy", starts, allow_pickle=False)
    _write_json(folder / "speakers.json", list(speakers))
    _write_json(folder / "numbers.json", list(numbered))


def _days(passages: Sequence[Passage]) -> dict[str, tuple[datetime.date, datetime.date]]:
    """The first and the last day of every document whose passages have one."""
    days: dict[str, tuple[datetime.date, datetime.date]] = {}
    for passage in passages:
        if passage.date:
            first, last = days.get(passage.document, (passage.date, passage.date))
            days[passage.document] = min(first, passage.date), max(last, passage.date)
    return days


def _document_json(document: Document) -> dict[str, Any]:
    rare = {
        "withdrawn": document.withdrawn.isoformat() if document.withdrawn else None,
        "also": list(document.also),
        "pages": list(document.pages),
        "times": list(document.times),
        "recording": document.recording,
    }
    return {
        "id": document.id,
        "title": document.title,
        "date": document.date.isoformat() if document.date else None,
        "section": document.section,
        "source": document.source,
        "language": document.language,
        "layout": document.layout,
        "text": document.text,
        **{name: value for name, value in rare.items() if value},
    }


def _write_json(path: Path, names: Sequence[Any]) -> None:
    path.write_text(json.dumps(names, ensure_ascii=False), "utf-8")


def open_array(path: Path) -> np.ndarray:
    """Return an array from disk: in memory where its file is small, else mapped."""
    mode: Literal["r"] | None = None if is_held(path) else "r"
    # As a plain array: what is taken out of numpy's own class for it costs more each time.
    array = np.asarray(np.load(path, mmap_mode=mode, allow_pickle=False))
    array.setflags(write=False)
    return array
