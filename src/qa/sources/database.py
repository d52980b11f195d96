"""The SQLite file of ``State``: its tables, checked when it is opened, and renewed when damaged.

sources   last content of a file or an address: its hash, its document, its tags
files     front matter of each file of the record, and its key
places    the addresses and files each document came from
listings  pages named by the listings of a run under way, so that it can be resumed
runs      when each began, and ended
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import suppress
from pathlib import Path

from qa.errors import CorpusError
from qa.storage import free_name

__all__ = ["connect", "unusable"]

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
# The version of the tables; a file of another version is begun anew.
_FORMAT = 1

_log = logging.getLogger(__name__)


def connect(path: Path | None, code: int) -> sqlite3.Connection:
    """Open the tables in a file, or in memory; begin anew where they are damaged or outdated.

    Files of the record are read anew where code of another number than ``code`` read them.
    """
    if path is None:
        return _connected(":memory:", code)
    try:
        return _connected(str(path), code)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # of a name in its schema
        if not _is_damage(error):
            raise
        _log.warning("qa: %s", _moved_aside(path, error))
    return _connected(str(path), code)


def unusable(path: Path | None, error: sqlite3.Error) -> CorpusError:
    """Return the error for a database that failed while it was used."""
    if path is not None and _is_damage(error):
        return CorpusError(f"{_moved_aside(path, error)} Run the same command again.")
    return CorpusError(
        f"{path or 'The state'}, which keeps what is known of sources, cannot be used ({error}): "
        "see that its folder can be written and has space, or name another in the setting cache."
    )


def _connected(place: str, code: int) -> sqlite3.Connection:
    connection = sqlite3.connect(place, isolation_level=None)
    # A damaged character shall not end a run: its row is not matched, and read again.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        _check(connection)
        # A power failure may take the last rows away: then that much is read again.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA application_id = {_FORMAT}")
        (read_by,) = connection.execute("PRAGMA user_version").fetchone()
        if read_by != code:
            connection.executescript("DELETE FROM files; DELETE FROM places;")
            connection.execute(f"PRAGMA user_version = {code}")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    """Raise if the tables are another version's, or damaged."""
    (version,) = connection.execute("PRAGMA application_id").fetchone()
    if version not in (0, _FORMAT):
        raise sqlite3.DatabaseError(f"format {version}")
    (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if result != "ok":
        raise sqlite3.DatabaseError(" ".join(result.split()))


def _is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Return True if the error is of the file's content, not of the disk or of permissions."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _moved_aside(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> str:
    """Give a damaged file another name, and return a sentence that says so."""
    aside = free_name(path, "damaged")
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return (
        f"{path}, which keeps what is known of sources, was damaged ({error}): it is now "
        f"{aside.name}, and is built again from the corpus."
    )
