"""Who answers now, and in which threads; a new snapshot is taken up while questions go on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, NoReturn

from qa.answer.ask import QA
from qa.errors import FeedbackError, OverloadError, QAError, SnapshotError, UnavailableError
from qa.feedback import FeedbackStore
from qa.index.snapshot import Snapshot, live_digest
from qa.records import Answer, Question
from qa.web.server.metrics import Metrics

__all__ = ["Live", "Watch"]

# How often the index folder is looked at for a new snapshot.
_WATCH_S = 1.0
# What a new snapshot is asked before visitors ask it: the first question loads what it needs.
_FIRST_QUESTION = "what was said?"
# A new snapshot that could not be opened although nothing is wrong with its files, for want of
# memory or descriptors, is tried again after so long, in seconds.
_RETRY_S = 30.0

_log = logging.getLogger(__name__)


def _refuse_damaged(cause: Exception | None = None) -> NoReturn:
    """Refuse a question because files of the record were altered; the log has the details."""
    raise UnavailableError(
        "The record cannot be read: its files on the server were altered."
    ) from cause


class Live:
    """The QA that answers now.

    As many questions are answered at a time as there are processors; others wait their turn.
    More at a time would make each other wait, and all of them late. Each question is answered
    from one snapshot from beginning to end.
    """

    def __init__(  # noqa: PLR0913 - each is a setting
        self,
        qa: QA,
        *,
        max_waiting: int = 32,
        timeout_s: float = 10.0,
        log_questions: bool = False,
        feedback: FeedbackStore | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """``timeout_s`` is the longest a question may wait and take.

        ``feedback`` keeps what is asked, where that is wanted.
        """
        self.qa = qa
        self.metrics = metrics or Metrics()
        self.metrics.taken_up(qa.snapshot.digest, len(qa.snapshot.documents))
        self._at_a_time = os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self._at_a_time, thread_name_prefix="ask")
        self._most = self._at_a_time + max_waiting
        self._timeout_s = timeout_s
        self._log_questions = log_questions
        self.feedback = feedback
        self._unanswered = 0
        self._damage: str | None = None

    @property
    def snapshot(self) -> Snapshot:
        """What is answered from now."""
        return self.qa.snapshot

    @property
    def is_full(self) -> bool:
        """Return whether one more question would be refused."""
        return self._unanswered >= self._most

    @property
    def is_damaged(self) -> bool:
        """Say whether files of the snapshot were altered since it was opened."""
        return self._damage is not None

    def note_damage(self, damage: str | None) -> None:
        """Refuse everything while the snapshot's files are damaged; log once what is wrong."""
        before, self._damage = self._damage, damage
        self.metrics.damaged.set(damage is not None)
        if damage and damage != before:
            _log.error("the snapshot is damaged, nothing is answered from it: %s", damage)
        elif before and not damage:
            _log.warning("the snapshot is whole again")

    def refuse_damaged(self) -> None:
        """Do nothing unless files of the snapshot are known to be altered.

        Raises:
            UnavailableError: they are.
        """
        if self.is_damaged:
            _refuse_damaged()

    def check(self) -> None:
        """Do nothing where the record can be answered from now.

        Raises:
            UnavailableError: files of the snapshot were altered, or the engine is away.
        """
        snapshot = self.snapshot
        if self._damage is None:
            with self.refusing_damage(snapshot):
                snapshot.files.check_sizes()
        self.refuse_damaged()
        snapshot.engine.check(snapshot.digest)

    @contextlib.contextmanager
    def refusing_damage(self, snapshot: Snapshot) -> Iterator[None]:
        """Turn what says that a snapshot is damaged into a refusal, which does not say where it is.

        Raises:
            UnavailableError: files of the snapshot were altered.
        """
        try:
            yield
        except SnapshotError as error:
            if snapshot is self.snapshot:  # another may have taken its place
                self.note_damage(str(error))
            _refuse_damaged(error)

    def switch_to(self, qa: QA) -> None:
        """Let ``qa`` answer from now on; questions being answered end with the one before."""
        self.qa = qa
        self.note_damage(None)
        self.metrics.taken_up(qa.snapshot.digest, len(qa.snapshot.documents))

    async def ask(self, question: str | Question, request: str | None = None) -> Answer:
        """Return the answer of ``QA.ask``.

        ``request`` is the id of a visitor's request, under which it is kept where that is wanted.

        Raises:
            OverloadError: too many are waiting already, or it took too long.
            QuestionError: the question cannot be taken as it is.
            UnavailableError: files of the snapshot were altered, or the engine is away.
        """
        if self.is_full:
            raise OverloadError("The service is busy. Try again shortly.")

        def answered() -> Answer:
            self.refuse_damaged()
            qa = self.qa
            with self.refusing_damage(qa.snapshot):
                given = qa.ask(question)
            if request and not given.courtesy:
                self._keep(request, given)
            return given

        self._count(1)
        started = time.perf_counter()
        try:
            asked = asyncio.get_running_loop().run_in_executor(self._threads, answered)
            answer = await asyncio.wait_for(asked, self._timeout_s)
        except TimeoutError as error:
            raise OverloadError("The answer took too long. Try again shortly.") from error
        finally:
            self._count(-1)
        self.metrics.answered(answer, time.perf_counter() - started)
        if self._log_questions:
            text = Question.of(question).text
            _log.info("asked", extra={"question": text, "answer": answer.status})
        return answer

    def _keep(self, request: str, answer: Answer) -> None:
        """Keep an answer where that is wanted; an answer that cannot be kept is given still."""
        if self.feedback is None:
            return
        try:
            self.feedback.keep(request, answer)
        except FeedbackError as error:
            self.metrics.not_kept.inc()
            _log.error("an answer was not kept: %s", error, extra={"request": request})

    def _count(self, more: int) -> None:
        self._unanswered += more
        self.metrics.waiting.set(max(0, self._unanswered - self._at_a_time))


class Watch:
    """Takes up each new snapshot of an index folder, in a thread of its own."""

    def __init__(self, live: Live, index: Path, opened: Callable[[], QA]) -> None:
        """``opened`` gives the QA of what is live in the folder."""
        self._live = live
        self._index = index
        self._opened = opened
        self._stopped = threading.Event()
        self._is_away = False
        self._failure: str | None = None
        # What was live when it was last looked at, and what was not taken up.
        self._seen: _Seen | None = None
        self._refused: _Seen | None = None
        self._retry_at = math.inf
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(_WATCH_S):
            # Whatever goes wrong, the next look may find a snapshot to switch to.
            try:
                engine = self._live.snapshot.engine
                digest = live_digest(self._index, engine, missing_ok=True)
                self._look(digest)
                self._check_files(digest)
                self._live.snapshot.engine.check(self._live.snapshot.digest)
            except QAError as error:
                self._tell(error)
            except Exception as error:  # noqa: BLE001 - there is nobody above to tell
                self._tell_failed(error)
            else:
                self._tell(None)
                self._tell_failed(None)
                self._live.metrics.looked()

    def _tell(self, trouble: QAError | None) -> None:
        """Log when the engine cannot be used, once, and when it can again."""
        if trouble and not self._is_away:
            _log.error("the engine cannot be used: %s", trouble)
        elif self._is_away and not trouble:
            _log.warning("the engine is used again")
        self._is_away = trouble is not None
        self._live.metrics.engine_away.set(self._is_away)

    def _tell_failed(self, error: Exception | None) -> None:
        """Log when the index folder cannot be looked at, once for each cause, and when it can."""
        failure = f"{type(error).__name__}: {error}" if error else None
        if failure and failure != self._failure:
            _log.error("the index cannot be looked at: %s", failure)
        elif self._failure and not failure:
            _log.warning("the index can be looked at again")
        self._failure = failure

    def _check_files(self, digest: str | None) -> None:
        """Tell whether the files that answer now are as they were, where they are live still."""
        snapshot = self._live.snapshot
        if digest == snapshot.digest or self._live.is_damaged:
            faults = snapshot.files.faults()
            self._live.note_damage("; ".join(faults) or None)

    def _look(self, digest: str | None) -> None:
        """Take up the live snapshot, if it is new."""
        if digest in {None, self._live.snapshot.digest}:
            return
        before, self._seen = self._seen, _Seen(digest, _state(self._index / str(digest)))
        is_changing = self._seen != before
        refused = self._refused
        is_refused = refused is not None and refused.digest == digest
        is_same = refused == self._seen or is_changing
        if is_refused and is_same and time.monotonic() < self._retry_at:
            return
        try:
            qa = self._opened()
            qa.ask(_FIRST_QUESTION)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - what answers now goes on answering
            self._refuse(digest, error)
            return
        self._refused = None
        self._live.switch_to(qa)
        _log.warning("took up snapshot %s", digest)

    def _refuse(self, digest: str | None, error: Exception) -> None:
        """Leave a new snapshot that cannot be opened alone for now.

        A damaged one is not looked at before it has changed, and come to rest: its files may be
        on their way. Where the cause may be elsewhere, it is tried again a little later.
        """
        self._live.metrics.not_taken_up.inc()
        why = str(error) if isinstance(error, QAError) else f"{type(error).__name__}: {error}"
        _log.error("a new snapshot was not taken up: %s", why)
        engine = self._live.snapshot.engine
        is_still_live = live_digest(self._index, engine, missing_ok=True) == digest
        self._refused = self._seen if is_still_live else None
        waits_s = math.inf if isinstance(error, QAError) else _RETRY_S
        self._retry_at = time.monotonic() + waits_s


class _Seen(NamedTuple):
    """A snapshot that may not be taken up, and what its folder was like then."""

    digest: str | None
    state: frozenset[tuple[str, int, int]]


def _state(folder: Path) -> frozenset[tuple[str, int, int]]:
    """What tells whether a folder's files have changed: their names, sizes and times."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # gone again
            of = path.stat()
            found.append((str(path), of.st_size, of.st_mtime_ns))
    return frozenset(found)
