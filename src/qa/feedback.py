"""What visitors asked and thought of the answers, where the owner wants to know.

Off unless the setting ``feedback`` names a SQLite file, or a PostgreSQL database that several
servers share. No address and no name of a visitor is kept, and nothing longer than
``feedback_days``: ``forget`` deletes what is older, and a server calls it every ``FORGET_S``. The
only user of sqlalchemy.
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
_ASKED = sa.Table(
    "asked",
    _TABLES,
    sa.Column("request", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    # In PostgreSQL a REAL has but four bytes.
    sa.Column("confidence", sa.REAL().with_variant(sa.Double(), "postgresql"), nullable=False),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("helpful", sa.Integer),
    sa.Column("reason", sa.Text),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
# How often a server deletes what is too old, in seconds.
FORGET_S = 3_600
# Longest to wait for a file that another process writes, in seconds.
_FILE_S = 10
# Longest to wait for a database, in seconds: to connect, for a statement, for a connection that
# another thread has. Together they leave an answer most of its time (request_timeout_s).
_CONNECT_S, _STATEMENT_S, _POOL_S = 2, 3, 2
# A database that was away is tried again after so long, by one question.
_PAUSE_S = 2.0
# Names the lock under which the table is made: two servers may start at once.
_MAKING_LOCK = 7_307_141

# Questions at least so alike are one question asked in several ways. Set by hand.
_ALIKE_COSINE = 0.75

_INSERTS: dict[str, Callable[[sa.Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
# What is wrong with a row, and not with the database.
_OF_A_ROW = sa.exc.DataError | sa.exc.IntegrityError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoggedQuestion:
    """A question as it was asked, what came of it, and what its visitor thought of that."""

    request: str
    at: datetime
    question: str
    status: str
    helpful: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Questions much alike: the one most often asked first, each as often as it was asked."""

    questions: tuple[str, ...]
    count: int


class FeedbackStore:
    """Where it is kept what was asked. Safe to use from several threads, processes and servers."""

    def __init__(self, where: Path | SecretStr, days: int) -> None:
        """Open a SQLite file, or begin it; or a database, as SQLAlchemy writes its address.

        A database that cannot be reached now is used once it can be, and that is logged.

        Raises:
            FeedbackError: the file cannot be opened or is no such file, or the address cannot be
                used at all.
        """
        self._kept = timedelta(days=days)
        self._clock: ExpiryClock | None = None
        self._time = StampClock(datetime.now(UTC))
        self._lock = threading.Lock()
        self._is_begun = False
        self._not_before = 0.0
        self._name, self._engine = _engine(where)
        if self._engine.dialect.name == "sqlite":
            _make_private(str(self._engine.url.database))
        self._insert = _INSERTS[self._engine.dialect.name]
        try:
            with self._used() as connection:
                self._begin_clock(connection)
        except FeedbackError as error:
            if isinstance(where, Path):
                self.close()
                raise
            _log.error("%s", error)

    @contextlib.contextmanager
    def _used(self, *, has_words: bool = False) -> Iterator[sa.Connection]:
        """A connection, in a transaction that is committed at the end.

        ``has_words`` says whether what the database complains of may hold a visitor's words.

        Raises:
            FeedbackError: the database cannot be used, or could not be a moment ago.
        """
        try:
            with self._engine.connect() as connection:
                self._begin(connection)
                with connection.begin():
                    yield connection
            self._not_before = 0.0
        except sa.exc.SQLAlchemyError as error:
            if not isinstance(error, _OF_A_ROW):
                self._not_before = time.monotonic() + _PAUSE_S
                self._is_begun = False  # another may stand in its place when it is back
            cause = getattr(error, "orig", None) or error
            why = type(cause).__name__ if has_words else str(cause).split("\n", 1)[0]
            raise FeedbackError(
                f"{self._name} cannot be used to keep what visitors ask: {why}. "
                "See that it can be, or name another in the setting feedback."
            ) from (None if has_words else error)

    def _begin(self, connection: sa.Connection) -> None:
        """Make the table where it is missing; looked for once."""
        if self._is_begun:
            return
        if self._engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        else:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING_LOCK)))
        _TABLES.create_all(connection)
        connection.commit()
        self._is_begun = True

    def _take_turn(self) -> None:
        """While the database is away one thread tries, now and then; the others need not wait.

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
        """Keep a question and what was answered, under the id of its request.

        It is kept when this returns, whatever becomes of this process then.

        Raises:
            FeedbackError: it cannot be kept; its message holds no word of the visitor's.
        """
        row = {
            "request": request,
            "at": _written(self._time.now(datetime.now(UTC))),
            "question": answer.question,
            "status": answer.status,
            "confidence": answer.confidence,
            "snapshot": answer.snapshot,
        }
        self._take_turn()
        with self._used(has_words=True) as connection:
            insert = self._insert(_ASKED).on_conflict_do_nothing()
            insert = insert.execution_options(preserve_rowcount=True)
            if connection.execute(insert.values(row)).rowcount:
                return
            # Clients choose the id. The same question is the same request, sent again.
            held = sa.select(_ASKED.c.question).where(_ASKED.c.request == request)
            if connection.execute(held).scalar() != answer.question:
                row["request"] = f"{request}.{uuid.uuid4().hex}"
                connection.execute(insert.values(row))

    def forget(self) -> None:
        """Delete what is older than it may be, by a clock that follows the system's slowly.

        What a clock that was ahead has dated into the future is dated now, or it would stay.

        Raises:
            FeedbackError: the database cannot be used.
        """
        system = self._time.now(datetime.now(UTC))
        with self._used() as connection:
            clock = self._clock or self._begin_clock(connection)
            if self._time.is_settled:
                ahead = _ASKED.c.at > _written(system + AHEAD)
                connection.execute(sa.update(_ASKED).where(ahead).values(at=_written(system)))
            oldest = min(system, clock.now(system)) - self._kept
            too_old = _ASKED.c.at < _written(oldest)
            deleted = connection.execute(sa.delete(_ASKED).where(too_old)).rowcount
            still_old = sa.select(_ASKED.c.at).where(_ASKED.c.at < _written(system - self._kept))
            if connection.execute(still_old.limit(1)).first() is None:
                clock.catch_up(system)
        if deleted and self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:  # nor are they left in the file beside it
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def _begin_clock(self, connection: sa.Connection) -> ExpiryClock:
        """Begin the clock to expire by at the newest time that is kept."""
        system = datetime.now(UTC)
        past = sa.select(sa.func.max(_ASKED.c.at)).where(_ASKED.c.at <= _written(system))
        newest = connection.execute(past).scalar()
        start = datetime.fromisoformat(newest) if newest else system
        self._clock = ExpiryClock(self._kept, start)
        return self._clock

    def thought(self, request: str, *, helpful: bool, reason: str | None) -> bool:
        """Keep what a visitor thought of the answer to a request; whether there is such.

        Raises:
            FeedbackError: it cannot be kept; its message holds no word of the visitor's.
        """
        # PostgreSQL takes no text with this character.
        written = None if reason is None else reason.replace("\0", " ")
        self._take_turn()
        with self._used(has_words=True) as connection:
            changed = connection.execute(
                sa.update(_ASKED)
                .where(_ASKED.c.request == request)
                .values(helpful=int(helpful), reason=written)
            )
            return changed.rowcount == 1

    def all(self) -> list[LoggedQuestion]:
        """Everything that is kept, oldest first; what is too old is left out.

        Raises:
            FeedbackError: it cannot be read.
        """
        wanted = ("request", "at", "question", "status", "helpful", "reason")
        columns = [_ASKED.c[name] for name in wanted]
        with self._used() as connection:
            oldest = _written(datetime.now(UTC) - self._kept)
            selected = sa.select(*columns).where(_ASKED.c.at >= oldest)
            selected = selected.order_by(_ASKED.c.at, _ASKED.c.request)
            rows = connection.execute(selected).all()
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
    """What connects to a file or a database, and its name without what is secret.

    Raises:
        FeedbackError: the address cannot be used at all.
    """
    if isinstance(where, Path):
        name, url = str(where), sa.URL.create("sqlite", database=str(where))
    else:
        try:
            url = sa.make_url(where.get_secret_value())
        except sa.exc.ArgumentError:
            raise FeedbackError("The setting feedback is no address of a database.") from None
        # What stands behind the "?" may be a password too.
        name = url.set(query={}).render_as_string(hide_password=True)
    dialect = url.get_backend_name()
    if dialect not in _INSERTS:
        raise FeedbackError(f"{name} is neither SQLite nor PostgreSQL: name one in feedback.")
    waits: dict[str, Any] = {"timeout": _FILE_S}
    if dialect == "postgresql":
        waits = {
            "connect_timeout": _CONNECT_S,
            # Milliseconds: how long the other side may leave what was sent unconfirmed.
            "tcp_user_timeout": _STATEMENT_S * 1000,
            "keepalives_idle": _STATEMENT_S,
            "keepalives_interval": 1,
            "keepalives_count": 2,
        }
    try:
        engine = sa.create_engine(
            url,
            connect_args=waits,
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
    """Let nobody but its owner read a SQLite file, from before there is anything in it.

    SQLite gives the files it puts beside a database the database's own permissions.
    """
    if database == ":memory:":
        return
    path = Path(database)
    with contextlib.suppress(OSError):  # it is there already, or cannot be made: that is told
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):  # there is none, or it is another user's
            path.with_name(path.name + suffix).chmod(0o600)


def _overwrite_deleted(connection: Any, _: object) -> None:
    """Let a new connection leave nothing of what it deletes in the file."""
    connection.execute("PRAGMA secure_delete = ON").close()


def _limit_statements(connection: Any, _: object) -> None:
    """Let no statement of a new connection take longer than an answer can wait."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {_STATEMENT_S * 1000}")
    connection.commit()


def grouped(questions: Sequence[str], encoder: Encoder) -> list[Group]:
    """Questions brought together by likeness, the largest group first.

    Each question joins the first group whose most asked question is like it; those asked most
    often begin groups.
    """
    counts: dict[str, int] = {}
    for question in questions:
        counts[question] = counts.get(question, 0) + 1
    ordered = sorted(counts, key=lambda question: (-counts[question], question))
    if not ordered:
        return []
    vectors = encoder.encode_query(ordered)
    leading: list[int] = []
    members: list[list[int]] = []
    for number in range(len(ordered)):
        cosines = vectors[leading] @ vectors[number] if leading else np.empty(0)
        if len(cosines) and cosines.max() >= _ALIKE_COSINE:
            members[int(cosines.argmax())].append(number)
        else:
            leading.append(number)
            members.append([number])
    groups = [
        Group(tuple(ordered[n] for n in group), sum(counts[ordered[n]] for n in group))
        for group in members
    ]
    return sorted(groups, key=lambda group: (-group.count, group.questions[0]))


def _written(moment: datetime) -> str:
    """A time as it is kept."""
    return moment.isoformat(timespec="seconds")
