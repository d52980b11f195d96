"""What is known of every source and of every file of the record, so that it need not be read.

One SQLite file in the cache folder, safe to delete: what it knows of files is read from them
again, what it knows of addresses is fetched again. A row is believed only while the file's size
and time of change are as they were.

    sources   what a file or an address gave the last time: its hash, its document, its tags
    files     what stands in the front matter of each file of the record, and its key
    places    which addresses and files each document came from
    listings  what the listings of a run under way named, so that it can go on
    runs      when each began, and ended
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from qa import __version__
from qa.errors import CorpusError
from qa.sources import corpus_folder, duplicates, owned
from qa.sources.corpus_folder import CorpusFile
from qa.storage import free_name, locked, own_cache

__all__ = ["FileState", "SourceState", "State", "now", "reader"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    name TEXT PRIMARY KEY, sha256 TEXT, document TEXT, key TEXT, reader TEXT,
    final TEXT, etag TEXT, modified TEXT, checked TEXT, run INTEGER, trouble TEXT,
    is_gone INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS finals ON sources (final);
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, ingested_from TEXT,
    source_sha256 TEXT, key TEXT, text_sha256 TEXT, date TEXT, is_corrected INTEGER,
    is_withdrawn INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys ON files (key);
CREATE INDEX IF NOT EXISTS texts ON files (text_sha256);
CREATE TABLE IF NOT EXISTS places (
    name TEXT, document TEXT, PRIMARY KEY (name, document)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS of_documents ON places (document);
CREATE TABLE IF NOT EXISTS listings (
    run INTEGER, url TEXT, links TEXT, PRIMARY KEY (run, url)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, what TEXT, began TEXT, ended TEXT);
"""
# What the tables hold; a file of another version is begun anew.
_FORMAT = 1
# An interrupted run is gone on with for so long; after that what it fetched is old, and the
# next night's run shall not take itself for that of the night before.
_RESUMED_FOR = datetime.timedelta(hours=12)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceState:
    """What a source gave the last time it was read.

    ``final`` is the address it was redirected to, ``run`` the run that read it, ``trouble`` why
    it gave nothing, ``is_gone`` whether an update found it gone.
    """

    name: str
    sha256: str | None = None
    document: str | None = None
    key: str | None = None
    reader: str | None = None
    final: str | None = None
    etag: str | None = None
    modified: str | None = None
    checked: str | None = None
    run: int | None = None
    trouble: str | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class FileState:
    """What is known of a file of the record without reading it."""

    id: str
    ingested_from: str | None
    source_sha256: str | None
    key: str
    date: str | None
    is_corrected: bool
    is_withdrawn: bool


class State:
    """The tables, open; made by ``State.open``."""

    def __init__(self, connection: sqlite3.Connection, corpus: Path) -> None:
        self._db = connection
        self._corpus = corpus

    @classmethod
    @contextmanager
    def open(cls, corpus: Path, cache: Path | None = None) -> Iterator[State]:
        """The state of a corpus folder, brought up to the files that are there.

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
                with closing(_opened(path) if path else _connected(":memory:")) as connection:
                    state = cls(connection, corpus)
                    state._follow_folder()
                    yield state
            except sqlite3.Error as error:
                raise _unusable(path, error) from error

    def seen(self, name: str) -> SourceState | None:
        """What the source gave the last time; None where it was never read."""
        return self._seen("name = ?", name)

    def read_in(self, run: int, url: str) -> SourceState | None:
        """What the address gave in this run, under this name or after a redirect to it."""
        return self._seen("run = ? AND name = ?", run, url) or self._seen(
            "run = ? AND final = ?", run, url
        )

    def _seen(self, condition: str, *values: object) -> SourceState | None:
        row = self._db.execute(
            f"SELECT * FROM sources WHERE {condition} LIMIT 1",  # noqa: S608 - ours
            values,
        ).fetchone()
        return replace(SourceState(*row), is_gone=bool(row[-1])) if row else None

    def remember(self, seen: SourceState) -> None:
        """Keep what a source gave."""
        values = [getattr(seen, name) for name in SourceState.__slots__]
        places = ", ".join("?" * len(values))
        self._db.execute(f"INSERT OR REPLACE INTO sources VALUES ({places})", values)  # noqa: S608

    def forget(self, name: str) -> None:
        """Let a source be read anew the next time."""
        self._db.execute("DELETE FROM sources WHERE name = ?", [name])

    def filed(self, document_id: str) -> FileState | None:
        """What is known of a file of the record."""
        return next(self._filed("id = ?", document_id), None)

    def of_source(self, name: str) -> FileState | None:
        """The document whose first source this is."""
        return next(
            (filed for filed in self.published_at(name) if filed.ingested_from == name), None
        )

    def published_at(self, name: str) -> Iterator[FileState]:
        """The documents that came from a source, first or also."""
        return self._filed("id IN (SELECT document FROM places WHERE name = ?)", name)

    def alike(self, key: str, text_sha256: str) -> list[FileState]:
        """The documents with the same words, or the same text before it was corrected; by id."""
        return [*self._filed("key = ? OR text_sha256 = ? ORDER BY id", key, text_sha256)]

    def _filed(self, condition: str, *values: object) -> Iterator[FileState]:
        rows = self._db.execute(
            "SELECT id, ingested_from, source_sha256, key, date, is_corrected, is_withdrawn "  # noqa: S608
            f"FROM files WHERE {condition}",
            values,
        )
        for row in rows:
            filed = FileState(*row)
            yield replace(
                filed, is_corrected=bool(filed.is_corrected), is_withdrawn=bool(filed.is_withdrawn)
            )

    def file(self, file: CorpusFile) -> None:
        """Keep what a file of the record holds, as it lies there now."""
        stat = (self._corpus / file.name).stat()
        document = file.document
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
        self._unfile(document.id)
        self._db.execute(f"INSERT INTO files VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        places = {place for place in (file.ingested_from, *document.also) if place}
        self._db.executemany(
            "INSERT INTO places VALUES (?, ?)", [(place, document.id) for place in places]
        )

    def _unfile(self, document_id: str) -> None:
        self._db.execute("DELETE FROM files WHERE id = ?", [document_id])
        self._db.execute("DELETE FROM places WHERE document = ?", [document_id])

    def places(self) -> Iterator[tuple[str, str]]:
        """Every source that is known to have given a document, and that document, by name."""
        after = ("", "")
        while True:  # in pieces, so that tables can be written meanwhile
            rows = self._db.execute(
                "SELECT name, document FROM places WHERE (name, document) > (?, ?) "
                "ORDER BY name, document LIMIT 1000",
                after,
            ).fetchall()
            if not rows:
                return
            yield from rows
            after = rows[-1]

    def longest_unchecked(self, run: int, most: int) -> list[str]:
        """Addresses of documents that this run has not asked for, the longest unasked first."""
        rows = self._db.execute(
            "SELECT DISTINCT places.name FROM places LEFT JOIN sources USING (name) "
            "WHERE (places.name LIKE 'http://%' OR places.name LIKE 'https://%') "
            "AND (run IS NULL OR run != ?) ORDER BY coalesce(run, 0), places.name LIMIT ?",
            (run, most),
        )
        return [name for (name,) in rows]

    def begin(self, what: str) -> int:
        """The number of a run: of one like it that was interrupted lately, or of a new one."""
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

    def end(self, run: int) -> None:
        """Note that a run is over."""
        self._db.execute("UPDATE runs SET ended = ? WHERE id = ?", (now().isoformat(), run))
        self._db.execute("DELETE FROM listings WHERE run = ?", [run])

    def listed(self, run: int, url: str) -> str | None:
        """What ``list_links`` kept of a listing in this run."""
        row = self._db.execute(
            "SELECT links FROM listings WHERE run = ? AND url = ?", (run, url)
        ).fetchone()
        return str(row[0]) if row and _is_json(row[0]) else None

    def list_links(self, run: int, url: str, links: str) -> None:
        """Keep what a listing names until the run is over."""
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?)", (run, url, links))

    def _follow_folder(self) -> None:
        """Bring ``files`` up to the folder: only files that have changed are read."""
        if not self._corpus.is_dir():
            self._db.execute("DELETE FROM files")
            self._db.execute("DELETE FROM places")
            return
        count = 0
        with self.at_once(), os.scandir(self._corpus) as entries:
            for entry in entries:
                if not corpus_folder.is_document(entry.name):
                    continue
                count += 1
                stat = entry.stat()
                known = self._db.execute(
                    "SELECT 1 FROM files WHERE id = ? AND size = ? AND changed_ns = ?",
                    (entry.name.removesuffix(".md"), stat.st_size, stat.st_mtime_ns),
                ).fetchone()
                if not known:
                    self.file(corpus_folder.read(Path(entry.path)))
        (filed,) = self._db.execute("SELECT count(*) FROM files").fetchone()
        if filed > count:
            for document_id in self._missing():
                self._unfile(document_id)

    def _missing(self) -> list[str]:
        ids = self._db.execute("SELECT id FROM files")
        return [i for (i,) in ids if not (self._corpus / f"{i}.md").exists()]

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All that is kept inside is kept together, or not at all."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def now() -> datetime.datetime:
    """The time, in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@cache
def reader() -> str:
    """A hash of the code that makes documents of sources: where it differs, they are read anew."""
    code = hashlib.sha256(__version__.encode())
    for room in ("sources", "text"):
        for path in sorted((Path(__file__).parents[1] / room).rglob("*.py")):
            code.update(path.read_bytes())
    return code.hexdigest()[:16]


def _opened(path: Path) -> sqlite3.Connection:
    """The tables in a file; begun anew where they are another version's, or damaged."""
    try:
        return _connected(str(path))
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # of a name in its schema
        if not _is_damage(error):
            raise
        _log.warning("qa: %s", _moved_aside(path, error))
    return _connected(str(path))


def _is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Return whether an error is of the file's content, not of the disk or of permissions."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _moved_aside(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> str:
    """Give a damaged file another name; a line that says so."""
    aside = free_name(path, "damaged")
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return (
        f"{path}, which keeps what is known of sources, was damaged ({error}): it is now "
        f"{aside.name}, and is made anew from the corpus."
    )


def _unusable(path: Path | None, error: sqlite3.Error) -> CorpusError:
    """What to say of a state that failed while it was used."""
    if path is not None and _is_damage(error):
        return CorpusError(f"{_moved_aside(path, error)} Run the same command again.")
    return CorpusError(
        f"{path or 'The state'}, which keeps what is known of sources, cannot be used ({error}): "
        "see that its folder can be written and has space, or name another in the setting cache."
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _began(text: str) -> datetime.datetime:
    """When a run began; long ago where that cannot be read."""
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
    except (TypeError, ValueError):
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)


def _check_format(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA application_id").fetchone()
    if version not in (0, _FORMAT):
        raise sqlite3.DatabaseError(f"format {version}")


def _check_whole(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(" ".join(found.split()))


def _forget_what_other_code_read(connection: sqlite3.Connection) -> None:
    """Let the record's files be read anew where what is kept of them was worked out otherwise."""
    code = int(reader()[:7], 16)
    (read_by,) = connection.execute("PRAGMA user_version").fetchone()
    if read_by != code:
        connection.execute("DELETE FROM files")
        connection.execute("DELETE FROM places")
        connection.execute(f"PRAGMA user_version = {code}")


def _connected(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, isolation_level=None)
    # A damaged character shall not end a run: what it stands in is not found, and read again.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        _check_format(connection)
        _check_whole(connection)
        # A power failure may take the last rows away: then that much is read again.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA application_id = {_FORMAT}")
        _forget_what_other_code_read(connection)
    except BaseException:
        connection.close()
        raise
    return connection
