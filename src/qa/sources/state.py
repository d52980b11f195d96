"""Known facts of every source and of every file of the record, so that it need not be read.

One SQLite file in the cache folder, safe to delete: facts of files are read from them again,
addresses are fetched again. A row is believed only while the file's size and time of change are
as they were.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

from qa import __version__
from qa.errors import CorpusError
from qa.sources import corpus_folder, database, duplicates, owned
from qa.sources.corpus_folder import CorpusFile
from qa.storage import locked, own_cache

__all__ = ["FileState", "SourceState", "State", "code_digest", "now"]

# An interrupted run is resumed for so long; after that its pages are old, and the next night's
# run shall not take itself for that of the night before.
_RESUMED_FOR = datetime.timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SourceState:
    """The last reading of a source; the fields are the columns of the table, in their order.

    ``code`` is the digest of the code that read it, ``final`` the address it was redirected to,
    ``run`` the run that read it, ``failure`` why it gave nothing. ``is_gone``: an update found it
    gone.
    """

    name: str
    sha256: str | None = None
    document: str | None = None
    key: str | None = None
    code: str | None = None
    final: str | None = None
    etag: str | None = None
    modified: str | None = None
    checked: str | None = None
    run: int | None = None
    failure: str | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class FileState:
    """The facts of a file of the record that are known without reading it."""

    id: str
    ingested_from: str | None
    source_sha256: str | None
    key: str
    date: str | None
    is_corrected: bool
    is_withdrawn: bool


class State:
    """The record in ``corpus``, open for writing, with all known facts of it and of its sources."""

    def __init__(self, connection: sqlite3.Connection, corpus: Path) -> None:
        self.corpus = corpus
        self._db = connection

    @classmethod
    @contextmanager
    def open(cls, corpus: Path, cache: Path | None = None) -> Iterator[State]:
        """Open the state of a corpus folder, brought up to the files that are there.

        Without a cache folder it is worked out anew and forgotten. A damaged file is moved aside,
        which is logged, and made anew.

        Raises:
            BusyError: another process is ingesting into the same folder.
            CorpusError: the folder is not a corpus or cannot be written, a file in it is not a
                document, or the state cannot be kept.
            SettingsError: the cache folder is somebody else's.
        """
        owned.check(corpus)
        if cache is not None:
            own_cache(cache)
        with locked(corpus, owned.MARK, "qa ingest", CorpusError):
            corpus_folder.remove_unfinished(corpus)
            path = None
            if cache is not None:
                name = hashlib.sha256(str(corpus.absolute()).encode()).hexdigest()[:16]
                path = cache / "sources" / f"{name}.sqlite"
                path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with closing(database.connect(path, int(code_digest()[:7], 16))) as connection:
                    state = cls(connection, corpus)
                    state._sync_files()
                    yield state
            except sqlite3.Error as error:
                raise database.unusable(path, error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Save everything inside together, or nothing of it."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Sources

    def source(self, name: str) -> SourceState | None:
        """Return the last reading of a source; None if it was never read."""
        return self._source("name = ?", name)

    def source_of_run(self, run: int, url: str) -> SourceState | None:
        """Return this run's reading of an address, under this name or after a redirect to it."""
        return self._source("run = ? AND name = ?", run, url) or self._source(
            "run = ? AND final = ?", run, url
        )

    def _source(self, condition: str, *values: object) -> SourceState | None:
        row = self._db.execute(
            f"SELECT * FROM sources WHERE {condition} LIMIT 1",  # noqa: S608 - ours
            values,
        ).fetchone()
        return SourceState(*[*row[:-1], bool(row[-1])]) if row else None

    def save_source(self, source: SourceState) -> None:
        """Save the reading of a source in place of the last one."""
        self._insert("sources", astuple(source))

    def forget_source(self, name: str) -> None:
        """Let a source be read anew the next time."""
        self._db.execute("DELETE FROM sources WHERE name = ?", [name])

    def longest_unchecked(self, run: int, most: int) -> list[str]:
        """Return addresses of documents that this run has not fetched, the least recent first."""
        rows = self._db.execute(
            "SELECT DISTINCT places.name FROM places LEFT JOIN sources USING (name) "
            "WHERE (places.name LIKE 'http://%' OR places.name LIKE 'https://%') "
            "AND (run IS NULL OR run != ?) ORDER BY coalesce(run, 0), places.name LIMIT ?",
            (run, most),
        )
        return [name for (name,) in rows]

    # Files of the record

    def documents_from(self, name: str) -> list[FileState]:
        """Return the documents that came from a source, first or also."""
        return self._files("id IN (SELECT document FROM places WHERE name = ?)", name)

    def documents_like(self, key: str, text_sha256: str) -> list[FileState]:
        """Return the documents with the same words, or the same text before corrections; by id."""
        return self._files("key = ? OR text_sha256 = ? ORDER BY id", key, text_sha256)

    def _files(self, condition: str, *values: object) -> list[FileState]:
        rows = self._db.execute(
            "SELECT id, ingested_from, source_sha256, key, date, is_corrected, is_withdrawn "  # noqa: S608
            f"FROM files WHERE {condition}",
            values,
        )
        return [FileState(*row[:-2], *map(bool, row[-2:])) for row in rows]

    def places(self) -> Iterator[str]:
        """Yield every file and address that a document came from, once for each document."""
        rows = self._db.execute("SELECT name FROM places ORDER BY name, document")
        return (name for (name,) in rows)

    def read(self, document_id: str) -> CorpusFile:
        """Read a file of the record."""
        return corpus_folder.read(self._path(document_id))

    def write(self, document_id: str, content: str) -> None:
        """Write a file of the record."""
        corpus_folder.write(self.corpus, document_id, content)
        self._save_file(self.read(document_id))

    def amend(self, document_id: str, **changes: object) -> None:
        """Change keys of a document's front matter, and nothing else of its file."""
        raw = corpus_folder.raw_text(self._path(document_id))
        self.write(document_id, corpus_folder.amended(raw, **changes))

    def _path(self, document_id: str) -> Path:
        return self.corpus / f"{document_id}.md"

    def _save_file(self, file: CorpusFile) -> None:
        stat = (self.corpus / file.name).stat()
        document = file.document
        self._forget_file(document.id)
        row = (
            document.id,
            stat.st_size,
            stat.st_mtime_ns,
            file.ingested_from,
            file.source_sha256,
            duplicates.key(document),
            file.text_sha256,
            str(document.date) if document.date else None,
            file.is_corrected,
            document.withdrawn is not None,
        )
        self._insert("files", row)
        for place in {file.ingested_from, *document.also} - {None, ""}:
            self._insert("places", (place, document.id))

    def _forget_file(self, document_id: str) -> None:
        self._db.execute("DELETE FROM files WHERE id = ?", [document_id])
        self._db.execute("DELETE FROM places WHERE document = ?", [document_id])

    def _sync_files(self) -> None:
        """Bring ``files`` up to the folder: only files that have changed are read."""
        count = 0
        with self.transaction(), os.scandir(self.corpus) as entries:
            for entry in entries:
                if not corpus_folder.is_document(entry.name):
                    continue
                count += 1
                stat = entry.stat()
                is_known = self._db.execute(
                    "SELECT 1 FROM files WHERE id = ? AND size = ? AND changed_ns = ?",
                    (entry.name.removesuffix(".md"), stat.st_size, stat.st_mtime_ns),
                ).fetchone()
                if not is_known:
                    self._save_file(corpus_folder.read(Path(entry.path)))
        (known,) = self._db.execute("SELECT count(*) FROM files").fetchone()
        if known > count:
            for (document_id,) in self._db.execute("SELECT id FROM files").fetchall():
                if not self._path(document_id).exists():
                    self._forget_file(document_id)

    # Runs

    def begin_run(self, what: str) -> int:
        """Return the number of a like run that was interrupted lately, or of a new one."""
        row = self._db.execute(
            "SELECT id, began FROM runs WHERE what = ? AND ended IS NULL ORDER BY id DESC LIMIT 1",
            [what],
        ).fetchone()
        if row and _began(row[1]) > now() - _RESUMED_FOR:
            return int(row[0])
        # Never removed: a number that is given again would pass for the run that had it.
        self._db.execute("UPDATE runs SET ended = began WHERE ended IS NULL AND what = ?", [what])
        self._db.execute(
            "DELETE FROM listings WHERE run NOT IN (SELECT id FROM runs WHERE ended IS NULL)"
        )
        began = self._db.execute(
            "INSERT INTO runs (what, began) VALUES (?, ?)", (what, now().isoformat())
        )
        return int(began.lastrowid or 0)

    def end_run(self, run: int) -> None:
        """Note that a run is over."""
        self._db.execute("UPDATE runs SET ended = ? WHERE id = ?", (now().isoformat(), run))
        self._db.execute("DELETE FROM listings WHERE run = ?", [run])

    def listing(self, run: int, url: str) -> str | None:
        """Return the JSON that was saved of a listing in this run."""
        row = self._db.execute(
            "SELECT links FROM listings WHERE run = ? AND url = ?", (run, url)
        ).fetchone()
        return str(row[0]) if row and _is_json(row[0]) else None

    def save_listing(self, run: int, url: str, links: str) -> None:
        """Save the links of a listing until the run is over."""
        self._insert("listings", (run, url, links))

    def _insert(self, table: str, row: tuple[object, ...]) -> None:
        places = ", ".join("?" * len(row))
        self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({places})", row)  # noqa: S608


def now() -> datetime.datetime:
    """Return the time, in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@cache
def code_digest() -> str:
    """Return a digest of the code that makes documents: where it differs, sources are read anew."""
    code = hashlib.sha256(__version__.encode())
    for room in ("sources", "text"):
        for path in sorted((Path(__file__).parents[1] / room).rglob("*")):
            if path.suffix in {".py", ".toml"}:
                code.update(path.read_bytes())
    return code.hexdigest()[:16]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _began(text: str) -> datetime.datetime:
    """Return when a run began; long ago where that cannot be read."""
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
    except (TypeError, ValueError):
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
