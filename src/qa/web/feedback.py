"""What visitors asked and thought of the answers, where the owner wants to know: a SQLite file.

Off unless the setting ``feedback`` names a file. No address and no name of a visitor is kept, and
nothing longer than ``feedback_days``.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from qa.errors import FeedbackError
from qa.index.encoder import Encoder
from qa.records import Answer

__all__ = ["Asked", "Feedback", "Group", "grouped"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS asked (
    request TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    question TEXT NOT NULL,
    status TEXT NOT NULL,
    confidence REAL NOT NULL,
    snapshot TEXT NOT NULL,
    helpful INTEGER,
    reason TEXT
) STRICT, WITHOUT ROWID
"""
_ADDED = "INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)"
_SELECTED = "SELECT request, at, question, status, helpful, reason FROM asked ORDER BY at, request"
# Whatever is too old is looked for that often, at most.
_FORGET_EVERY = timedelta(hours=1)
# Questions at least so alike are one question asked in several ways. Set by hand.
_ALIKE_COSINE = 0.75


@dataclass(frozen=True, slots=True)
class Asked:
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


class Feedback:
    """The file of what was asked. Safe to use from several threads and processes."""

    def __init__(self, path: Path, days: int) -> None:
        """Open the file, or begin it.

        Raises:
            FeedbackError: it cannot be opened, or is no such file.
        """
        self._path = path
        self._kept = timedelta(days=days)
        self._forgotten = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()
        with self._opened() as self._file:
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute(_SCHEMA)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            yield sqlite3.connect(self._path, timeout=10, check_same_thread=False)
        except sqlite3.Error as error:
            raise FeedbackError(
                f"{self._path} cannot be used to keep what visitors ask: {error}. "
                "Name another file in the setting feedback."
            ) from error

    def keep(self, request: str, answer: Answer) -> None:
        """Keep a question and what was answered, under the id of its request."""
        now = datetime.now(UTC)
        row = (
            request,
            _written(now),
            answer.question,
            answer.status,
            answer.confidence,
            answer.snapshot,
        )
        with self._lock, self._file:
            self._file.execute(_ADDED, row)
            if now - self._forgotten > _FORGET_EVERY:
                self._forgotten = now
                self._file.execute("DELETE FROM asked WHERE at < ?", [_written(now - self._kept)])

    def thought(self, request: str, *, helpful: bool, reason: str | None) -> bool:
        """Keep what a visitor thought of the answer to a request; whether there is such."""
        with self._lock, self._file:
            changed = self._file.execute(
                "UPDATE asked SET helpful = ?, reason = ? WHERE request = ?",
                [helpful, reason, request],
            )
            return changed.rowcount == 1

    def all(self) -> list[Asked]:
        """Everything that is kept, oldest first."""
        with self._lock:
            rows = self._file.execute(_SELECTED).fetchall()
        return [
            Asked(
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
        """Close the file."""
        with self._lock:
            self._file.close()


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
    vectors = encoder.encode(ordered)
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
