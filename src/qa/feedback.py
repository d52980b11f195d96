"""Questions of visitors and their feedback on the answers, if the owner wants to keep them.

Off unless the setting ``feedback`` names a SQLite file, or a PostgreSQL database that several
servers share. No address or name of a visitor is kept, and nothing longer than ``feedback_days``:
a server calls ``forget`` every ``FORGET_S``. The only user of sqlalchemy.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.dialects import postgresql, sqlite

from qa.errors import FeedbackError
from qa.expiry import AHEAD, ExpiryClock, StampClock
from qa.index.encoder import Encoder
from qa.records import Answer

__all__ = ["FORGET_S", "FeedbackStore", "Group", "LoggedQuestion", "grouped"]

_TABLES = sa.MetaData()
_QUESTIONS = sa.Table(
    "asked",
    _TABLES,
    sa.Column("request", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    # A REAL of PostgreSQL has four bytes only.
    sa.Column("confidence", sa.REAL().with_variant(sa.Double(), "postgresql"), nullable=False),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("helpful", sa.Integer),
    sa.Column("reason", sa.Text),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
# How often a server deletes expired rows, in seconds.
FORGET_S = 3_600
# Longest to wait for a file that another process writes, in seconds.
_FILE_S = 10
# Timeouts of a database in seconds: to connect, for a statement, and for a connection that another
# thread uses. Together they leave an answer most of its time (request_timeout_s).
_CONNECT_S, _STATEMENT_S, _POOL_S = 2, 3, 2
# An unreachable database is tried again after so many seconds, by one thread.
_PAUSE_S = 2.0
# The advisory lock under which the table is created: two servers may start at once.
_CREATION_LOCK = 7_307_141

# Questions at least so similar are one question in other words. Set by hand.
_SIMILAR_COSINE = 0.75

_INSERTS: dict[str, Callable[[sa.Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
# Errors of a row, not of the database.
_ROW_ERRORS = sa.exc.DataError | sa.exc.IntegrityError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoggedQuestion:
    """A question, the status of its answer, and the feedback on it."""

    request: str
    at: datetime
    question: str
    status: str
    helpful: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Similar questions, the most frequent first, and how often they were asked in all."""

    questions: tuple[str, ...]
    count: int


class FeedbackStore:
    """Questions and feedback in a database. Safe for several threads, processes and servers."""

    def __init__(self, where: Path | SecretStr, days: int) -> None:
        """Open or create a SQLite file, or connect to a database by its SQLAlchemy address.

        A database that cannot be reached now is logged, and used once it can be reached.

        Raises:
            FeedbackError: the file cannot be opened or is not SQLite's, or the address is invalid.
        """
        self._kept = timedelta(days=days)
        self._expiry_clock: ExpiryClock | None = None
        self._stamp_clock = StampClock(datetime.now(UTC))
        self._lock = threading.Lock()
        self._has_table = False
        self._not_before = 0.0
        self._name, self._engine = _engine(where)
        if self._engine.dialect.name == "sqlite":
            _make_private(str(self._engine.url.database))
        self._insert = _INSERTS[self._engine.dialect.name]
        try:
            with self._transaction() as connection:
                self._start_clock(connection)
        except FeedbackError as error:
            if isinstance(where, Path):
                self.close()
                raise
            _log.error("%s", error)

    @contextlib.contextmanager
    def _transaction(self, *, has_words: bool = False) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that is committed at the end.

        ``has_words``: the database's errors may quote a visitor's words.

        Raises:
            FeedbackError: the database cannot be used.
        """
        try:
            with self._engine.connect() as connection:
                self._ensure_table(connection)
                with connection.begin():
                    yield connection
            self._not_before = 0.0
        except sa.exc.SQLAlchemyError as error:
            if not isinstance(error, _ROW_ERRORS):
                self._not_before = time.monotonic() + _PAUSE_S
                self._has_table = False  # another may replace it
            cause = getattr(error, "orig", None) or error
            why = type(cause).__name__ if has_words else str(cause).split("\n", 1)[0]
            raise FeedbackError(
                f"{self._name} cannot be used to keep what visitors ask: {why}. "
                "See that it can be, or name another in the setting feedback."
            ) from (None if has_words else error)

    def _ensure_table(self, connection: sa.Connection) -> None:
        """Create the table unless it is known to exist."""
        if self._has_table:
            return
        if self._engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        else:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATION_LOCK)))
        _TABLES.create_all(connection)
        connection.commit()
        self._has_table = True

    def _check_pause(self) -> None:
        """Let one thread per pause try a database that failed; the others need not wait.

        Raises:
            FeedbackError: it could not be used a moment ago.
        """
        with self._lock:
            now = time.monotonic()
            if now < self._not_before:
                raise FeedbackError(f"{self._name} could not be used a moment ago.")
            if self._not_before:
                self._not_before = now + _PAUSE_S

    def keep(self, request: str, answer: Answer) -> None:
        """Save a question and its answer under the id of the request, durably.

        Raises:
            FeedbackError: it cannot be saved; the message holds no word of the visitor's.
        """
        row = {
            "request": request,
            "at": _timestamp(self._stamp_clock.now(datetime.now(UTC))),
            "question": answer.question,
            "status": answer.status,
            "confidence": answer.confidence,
            "snapshot": answer.snapshot,
        }
        self._check_pause()
        with self._transaction(has_words=True) as connection:
            insert = self._insert(_QUESTIONS).on_conflict_do_nothing()
            insert = insert.execution_options(preserve_rowcount=True)
            if connection.execute(insert.values(row)).rowcount:
                return
            # Clients choose the id. The same question is the same request, sent again.
            saved = sa.select(_QUESTIONS.c.question).where(_QUESTIONS.c.request == request)
            if connection.execute(saved).scalar() != answer.question:
                row["request"] = f"{request}.{uuid.uuid4().hex}"
                connection.execute(insert.values(row))

    def forget(self) -> None:
        """Delete expired rows, by a clock that follows the system's slowly.

        Rows that a wrong clock dated into the future are dated now, or they would never expire.

        Raises:
            FeedbackError: the database cannot be used.
        """
        system = self._stamp_clock.now(datetime.now(UTC))
        with self._transaction() as connection:
            clock = self._expiry_clock or self._start_clock(connection)
            if self._stamp_clock.is_settled:
                ahead = _QUESTIONS.c.at > _timestamp(system + AHEAD)
                connection.execute(sa.update(_QUESTIONS).where(ahead).values(at=_timestamp(system)))
            oldest = min(system, clock.now(system)) - self._kept
            too_old = _QUESTIONS.c.at < _timestamp(oldest)
            deleted = connection.execute(sa.delete(_QUESTIONS).where(too_old)).rowcount
            still_old = sa.select(_QUESTIONS.c.at).where(
                _QUESTIONS.c.at < _timestamp(system - self._kept)
            )
            if connection.execute(still_old.limit(1)).first() is None:
                clock.catch_up(system)
        if deleted and self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:  # delete them from the WAL file, too
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def _start_clock(self, connection: sa.Connection) -> ExpiryClock:
        """Start the expiry clock at the newest time in the table."""
        system = datetime.now(UTC)
        past = sa.select(sa.func.max(_QUESTIONS.c.at)).where(_QUESTIONS.c.at <= _timestamp(system))
        newest = connection.execute(past).scalar()
        start = datetime.fromisoformat(newest) if newest else system
        self._expiry_clock = ExpiryClock(self._kept, start)
        return self._expiry_clock

    def rate(self, request: str, *, helpful: bool, reason: str | None) -> bool:
        """Save feedback on the answer to a request; return whether there is such a request.

        Raises:
            FeedbackError: it cannot be saved; the message holds no word of the visitor's.
        """
        # PostgreSQL refuses text with this character.
        reason = None if reason is None else reason.replace("\0", " ")
        self._check_pause()
        with self._transaction(has_words=True) as connection:
            changed = connection.execute(
                sa.update(_QUESTIONS)
                .where(_QUESTIONS.c.request == request)
                .values(helpful=int(helpful), reason=reason)
            )
            return changed.rowcount == 1

    def all(self) -> list[LoggedQuestion]:
        """Return all questions that have not expired, oldest first.

        Raises:
            FeedbackError: it cannot be read.
        """
        names = ("request", "at", "question", "status", "helpful", "reason")
        columns = [_QUESTIONS.c[name] for name in names]
        with self._transaction() as connection:
            oldest = _timestamp(datetime.now(UTC) - self._kept)
            query = sa.select(*columns).where(_QUESTIONS.c.at >= oldest)
            query = query.order_by(_QUESTIONS.c.at, _QUESTIONS.c.request)
            rows = connection.execute(query).all()
        return [
            LoggedQuestion(
                request,
                datetime.fromisoformat(at),
                question,
                status,
                None if helpful is None else bool(helpful),
                reason,
            )
            for request, at, question, status, helpful, reason in rows
        ]

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _engine(where: Path | SecretStr) -> tuple[str, sa.Engine]:
    """Return the engine of a file or database, and its name without secrets.

    Raises:
        FeedbackError: the address is invalid, or its driver is missing.
    """
    if isinstance(where, Path):
        name, url = str(where), sa.URL.create("sqlite", database=str(where))
    else:
        try:
            url = sa.make_url(where.get_secret_value())
        except sa.exc.ArgumentError:
            raise FeedbackError("The setting feedback is no address of a database.") from None
        # The query may hold a password, too.
        name = url.set(query={}).render_as_string(hide_password=True)
    dialect = url.get_backend_name()
    if dialect not in _INSERTS:
        raise FeedbackError(f"{name} is neither SQLite nor PostgreSQL: name one in feedback.")
    timeouts: dict[str, Any] = {"timeout": _FILE_S}
    if dialect == "postgresql":
        timeouts = {
            "connect_timeout": _CONNECT_S,
            # Milliseconds without confirmation from the other side.
            "tcp_user_timeout": _STATEMENT_S * 1000,
            "keepalives_idle": _STATEMENT_S,
            "keepalives_interval": 1,
            "keepalives_count": 2,
        }
    try:
        engine = sa.create_engine(
            url,
            connect_args=timeouts,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=_POOL_S,
        )
    except ImportError as error:
        raise FeedbackError(
            f'{name} needs a package that is missing: run "pip install press-qa[cluster]".'
        ) from error
    prepare = _limit_statements if dialect == "postgresql" else _overwrite_deleted
    sa.event.listen(engine, "connect", prepare)
    return name, engine


def _make_private(database: str) -> None:
    """Create a SQLite file that only its owner can read, or restrict an existing one.

    SQLite gives the files beside a database the same permissions.
    """
    if database == ":memory:":
        return
    path = Path(database)
    with contextlib.suppress(OSError):  # it exists, or opening it will report the error
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):  # there is none, or it is another user's
            path.with_name(path.name + suffix).chmod(0o600)


def _overwrite_deleted(connection: Any, _: object) -> None:
    """Make a new connection overwrite deleted rows in the file."""
    connection.execute("PRAGMA secure_delete = ON").close()


def _limit_statements(connection: Any, _: object) -> None:
    """Limit the time of each statement of a new connection."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {_STATEMENT_S * 1000}")
    connection.commit()


def grouped(questions: Sequence[str], encoder: Encoder) -> list[Group]:
    """Group similar questions, the largest group first.

    The most frequent questions lead groups; any other joins the group whose leader is most
    similar to it, if similar enough.
    """
    counts: dict[str, int] = {}
    for question in questions:
        counts[question] = counts.get(question, 0) + 1
    ordered = sorted(counts, key=lambda question: (-counts[question], question))
    if not ordered:
        return []
    vectors = encoder.encode_query(ordered)
    leaders: list[int] = []
    members: list[list[int]] = []
    for number in range(len(ordered)):
        cosines = vectors[leaders] @ vectors[number] if leaders else np.empty(0)
        if len(cosines) and cosines.max() >= _SIMILAR_COSINE:
            members[int(cosines.argmax())].append(number)
        else:
            leaders.append(number)
            members.append([number])
    groups = [
        Group(tuple(ordered[n] for n in group), sum(counts[ordered[n]] for n in group))
        for group in members
    ]
    return sorted(groups, key=lambda group: (-group.count, group.questions[0]))


def _timestamp(moment: datetime) -> str:
    """Return a time as the table stores it."""
    return moment.isoformat(timespec="seconds")
