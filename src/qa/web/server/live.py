"""The live QA and its threads, and the switch to new snapshots while questions are answered."""

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
from qa.web.server.outage import Outage

__all__ = ["Live", "Watch"]

# How often the index folder is checked for a new snapshot, in seconds.
_WATCH_S = 1.0
# Asked of a new snapshot before visitors may: the first question loads the models.
_WARM_UP_QUESTION = "what was said?"
# A new snapshot that failed to open although its files are sound, for lack of memory or file
# descriptors, is tried again after so many seconds.
_RETRY_S = 30.0

_log = logging.getLogger(__name__)


def _refuse_damaged(cause: Exception | None = None) -> NoReturn:
    """Refuse a question because files of the record were altered; the log has the details."""
    raise UnavailableError(
        "The record cannot be read: its files on the server were altered."
    ) from cause


class Live:
    """The QA that answers now.

    Answers as many questions at a time as there are processors; others wait their turn. More at a
    time would delay each other. Each question is answered from one snapshot.
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
        """Limit a question to ``timeout_s``, its wait included; save answers in ``feedback``."""
        self.qa = qa
        self.metrics = metrics or Metrics()
        self.metrics.set_snapshot(qa.snapshot.digest, len(qa.snapshot.documents))
        self._at_a_time = os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self._at_a_time, thread_name_prefix="ask")
        self._most = self._at_a_time + max_waiting
        self._timeout_s = timeout_s
        self._log_questions = log_questions
        self.feedback = feedback
        self._unanswered = 0
        self._damage = Outage(
            _log,
            "the snapshot is damaged, nothing is answered from it: %s",
            "the snapshot is whole again",
            self.metrics.damaged.set,
        )

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that answers now."""
        return self.qa.snapshot

    @property
    def is_full(self) -> bool:
        """True if one more question would be refused."""
        return self._unanswered >= self._most

    @property
    def is_damaged(self) -> bool:
        """True if files of the snapshot were altered since it was opened."""
        return bool(self._damage)

    def note_damage(self, damage: str | None) -> None:
        """Refuse everything while the snapshot's files are damaged; log the damage once."""
        self._damage.note(damage, is_new_cause_logged=True)

    def refuse_damaged(self) -> None:
        """Raise if files of the snapshot are known to be altered.

        Raises:
            UnavailableError: they are.
        """
        if self.is_damaged:
            _refuse_damaged()

    def check(self) -> None:
        """Raise unless the record can answer now.

        Raises:
            UnavailableError: files of the snapshot were altered, or the engine is away.
        """
        snapshot = self.snapshot
        if not self.is_damaged:
            with self.refusing_damage(snapshot):
                snapshot.files.check_sizes()
        self.refuse_damaged()
        snapshot.engine.check(snapshot.digest)

    @contextlib.contextmanager
    def refusing_damage(self, snapshot: Snapshot) -> Iterator[None]:
        """Turn errors of a damaged snapshot into refusals that do not disclose its path.

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
        """Let ``qa`` answer from now on; running questions finish with the previous one."""
        self.qa = qa
        self.note_damage(None)
        self.metrics.set_snapshot(qa.snapshot.digest, len(qa.snapshot.documents))

    async def ask(self, question: str | Question, request: str | None = None) -> Answer:
        """Return the answer of ``QA.ask``.

        ``request`` is the id of a visitor's request, under which feedback saves the answer.

        Raises:
            OverloadError: too many are waiting already, or it took too long.
            QuestionError: the question is not valid.
            UnavailableError: files of the snapshot were altered, or the engine is away.
        """
        if self.is_full:
            raise OverloadError("The service is busy. Try again shortly.")

        def answer_in_thread() -> Answer:
            self.refuse_damaged()
            qa = self.qa
            with self.refusing_damage(qa.snapshot):
                answer = qa.ask(question)
            if request and not answer.courtesy:
                self._save(request, answer)
            return answer

        self._count(1)
        started = time.perf_counter()
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, answer_in_thread)
            answer = await asyncio.wait_for(running, self._timeout_s)
        except TimeoutError as error:
            raise OverloadError("The answer took too long. Try again shortly.") from error
        finally:
            self._count(-1)
        self.metrics.count_answer(answer, time.perf_counter() - started)
        if self._log_questions:
            text = Question.of(question).text
            _log.info("asked", extra={"question": text, "answer": answer.status})
        return answer

    def _save(self, request: str, answer: Answer) -> None:
        """Save an answer if feedback is on; a failure is logged and does not stop the answer."""
        if self.feedback is None:
            return
        try:
            self.feedback.keep(request, answer)
        except FeedbackError as error:
            self.metrics.unsaved_answers.inc()
            _log.error("an answer was not saved: %s", error, extra={"request": request})

    def _count(self, more: int) -> None:
        self._unanswered += more
        self.metrics.waiting.set(max(0, self._unanswered - self._at_a_time))


class Watch:
    """Switches to each new snapshot of an index folder, in a thread of its own."""

    def __init__(self, live: Live, index: Path, open_qa: Callable[[], QA]) -> None:
        """``open_qa`` opens the live snapshot of the folder."""
        self._live = live
        self._index = index
        self._open_qa = open_qa
        self._stopped = threading.Event()
        self._engine_outage = Outage(
            _log,
            "the engine cannot be used: %s",
            "the engine is used again",
            live.metrics.engine_away.set,
        )
        self._folder_outage = Outage(
            _log, "the index cannot be checked: %s", "the index can be checked again"
        )
        # The live snapshot at the last check, and the one that failed to open.
        self._last: _FolderState | None = None
        self._rejected: _FolderState | None = None
        self._retry_at = math.inf
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(_WATCH_S):
            # Whatever goes wrong, the next check may find a snapshot to switch to.
            try:
                engine = self._live.snapshot.engine
                digest = live_digest(self._index, engine, missing_ok=True)
                self._switch_if_new(digest)
                self._check_files(digest)
                self._live.snapshot.engine.check(self._live.snapshot.digest)
            except QAError as error:
                self._engine_outage.note(str(error))
            except Exception as error:  # noqa: BLE001 - nothing above would log it
                cause = f"{type(error).__name__}: {error}"
                self._folder_outage.note(cause, is_new_cause_logged=True)
            else:
                self._engine_outage.note(None)
                self._folder_outage.note(None)
                self._live.metrics.note_watch()

    def _check_files(self, digest: str | None) -> None:
        """Note damage to the files of the snapshot that answers, while it is the live one."""
        snapshot = self._live.snapshot
        if digest == snapshot.digest or self._live.is_damaged:
            faults = snapshot.files.faults()
            self._live.note_damage("; ".join(faults) or None)

    def _switch_if_new(self, digest: str | None) -> None:
        """Switch to the live snapshot if it is new."""
        if digest in {None, self._live.snapshot.digest}:
            return
        before = self._last
        self._last = _FolderState(digest, _files(self._index / str(digest)))
        rejected = self._rejected
        is_rejected = rejected is not None and rejected.digest == digest
        is_unsettled = rejected == self._last or self._last != before
        if is_rejected and is_unsettled and time.monotonic() < self._retry_at:
            return
        try:
            qa = self._open_qa()
            qa.ask(_WARM_UP_QUESTION)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - the current snapshot goes on answering
            self._reject(digest, error)
            return
        self._rejected = None
        self._live.switch_to(qa)
        _log.warning("switched to snapshot %s", digest)

    def _reject(self, digest: str | None, error: Exception) -> None:
        """Leave a new snapshot alone that failed to open.

        A damaged one is tried again once its files have changed and settled: they may still be
        arriving. If the cause may be elsewhere, it is tried again a little later.
        """
        self._live.metrics.rejected_snapshots.inc()
        why = str(error) if isinstance(error, QAError) else f"{type(error).__name__}: {error}"
        _log.error("a new snapshot could not be opened: %s", why)
        engine = self._live.snapshot.engine
        is_still_live = live_digest(self._index, engine, missing_ok=True) == digest
        self._rejected = self._last if is_still_live else None
        waits_s = math.inf if isinstance(error, QAError) else _RETRY_S
        self._retry_at = time.monotonic() + waits_s


class _FolderState(NamedTuple):
    """The digest of a live snapshot, and the files of its folder."""

    digest: str | None
    files: frozenset[tuple[str, int, int]]


def _files(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Return name, size and modification time of each file of a folder."""
    files = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # gone again
            stat = path.stat()
            files.append((str(path), stat.st_size, stat.st_mtime_ns))
    return frozenset(files)
