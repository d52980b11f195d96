"""The live QA: a limited queue, timeouts, and the switch to new snapshots."""

import asyncio
import gc
import os
import shutil
import threading
import weakref
from pathlib import Path

import pytest

from conftest import WordEncoder
from patience import HANG_S, wait_until
from qa import QA
from qa.errors import OverloadError, QuestionError, UnavailableError
from qa.index.snapshot import live_digest, open_snapshot
from qa.web.server import live as module
from qa.web.server.live import Live, Watch

AT_A_TIME = os.cpu_count()


class Held:
    """Answers like another QA, but only once released."""

    def __init__(self, qa):
        self.snapshot = qa.snapshot
        self.go = threading.Event()
        self.begun = []
        self._qa = qa

    def ask(self, question):
        self.begun.append(question)
        assert self.go.wait(HANG_S)
        return self._qa.ask(question)


@pytest.fixture
def opened(make_index):
    def make(texts):
        return QA(open_snapshot(make_index(texts)), WordEncoder())

    return make


def value(live, name):
    lines = live.metrics.text().decode().split("\n")
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def test_questions_beyond_the_queue_are_refused_and_no_other_is_lost(opened):
    held = Held(opened({"tea": "Tea is hot."}))
    live = Live(held, max_waiting=3)
    most = AT_A_TIME + 3

    async def all_of_them():
        asking = [asyncio.create_task(live.ask(f"tea {n}")) for n in range(most)]
        await asyncio.sleep(0)
        assert value(live, "qa_waiting_questions") == 3
        with pytest.raises(OverloadError, match="The service is busy"):
            await live.ask("one too many")
        held.go.set()
        return [answer.question for answer in await asyncio.gather(*asking)]

    assert asyncio.run(all_of_them()) == [f"tea {n}" for n in range(most)]
    assert value(live, "qa_waiting_questions") == 0
    assert asyncio.run(live.ask("tea again")).question == "tea again"


def test_a_question_that_waits_too_long_is_refused_and_never_answered(opened):
    held = Held(opened({"tea": "Tea is hot."}))
    live = Live(held, timeout_s=0.2)

    async def all_of_them():
        asking = [live.ask(f"tea {n}") for n in range(AT_A_TIME + 1)]
        return await asyncio.gather(*asking, return_exceptions=True)

    results = asyncio.run(all_of_them())
    assert [str(r) for r in results] == ["The answer took too long. Try again shortly."] * len(
        results
    )
    held.go.set()
    assert f"tea {AT_A_TIME}" not in held.begun


def test_an_invalid_question_is_refused_and_leaves_nothing_behind(opened):
    live = Live(opened({"tea": "Tea is hot."}))
    with pytest.raises(QuestionError, match="Shorten it to 2,000 or fewer"):
        asyncio.run(live.ask("x" * 2_001))
    assert value(live, "qa_waiting_questions") == 0


def test_questions_end_with_the_snapshot_they_began_with(opened):
    before, after = Held(opened({"tea": "Tea is hot."})), opened({"tea": "Tea is cold."})
    live = Live(before)

    async def both():
        first = asyncio.create_task(live.ask("is tea hot"))
        await asyncio.to_thread(wait_until, lambda: before.begun)
        live.switch_to(after)
        before.go.set()
        return await first, await live.ask("is tea hot")

    old, new = asyncio.run(both())
    assert (old.snapshot, old.citations[0].passage.text) == (before.snapshot.digest, "Tea is hot.")
    assert (new.snapshot, new.citations[0].passage.text) == (after.snapshot.digest, "Tea is cold.")
    assert value(live, f'qa_snapshot_info{{digest="{after.snapshot.digest}"}}') == 1
    assert before.snapshot.digest not in live.metrics.text().decode()


def test_a_replaced_qa_is_freed_without_garbage_collection(opened):
    qa = opened({"tea": "Tea is hot."})
    live = Live(qa)
    asyncio.run(live.ask("is tea hot"))
    gone = weakref.ref(qa)
    gc.disable()
    try:
        live.switch_to(opened({"tea": "Tea is cold."}))
        del qa
        assert gone() is None
    finally:
        gc.enable()


def test_the_server_switches_to_a_new_snapshot_and_not_to_a_damaged_one(
    opened, make_index, monkeypatch
):
    monkeypatch.setattr("qa.web.server.live._WATCH_S", 0.01)
    live = Live(opened({"tea": "Tea is hot."}))
    index = make_index({"tea": "Tea is hot."})
    watch = Watch(live, index, lambda: QA(open_snapshot(index), WordEncoder()))
    watch.start()
    try:
        make_index({"tea": "Tea is cold."})
        second = live_digest(index)
        wait_until(lambda: live.snapshot.digest == second)
        (index / "current").write_text("0" * 32 + "\n", "ascii")
        wait_until(lambda: value(live, "qa_snapshots_not_taken_up_total") == 1)
        assert asyncio.run(live.ask("is tea hot")).snapshot == second
        make_index({"tea": "Tea is warm."})
        wait_until(lambda: live.snapshot.digest == live_digest(index))
        assert live.snapshot.digest != second
        assert value(live, "qa_snapshots_not_taken_up_total") == 1
    finally:
        watch.stop()


def test_the_server_switches_to_a_snapshot_once_its_files_have_arrived(
    opened, make_index, tmp_path
):
    live = Live(opened({"tea": "Tea is hot."}))
    index = make_index({"tea": "Tea is hot."})
    watch = Watch(live, index, lambda: QA(open_snapshot(index), WordEncoder()))
    elsewhere = make_index({"tea": "Tea is cold."}, tmp_path / "elsewhere")
    digest = live_digest(elsewhere)
    shutil.copy(elsewhere / "current", index / "current")
    watch._switch_if_new(digest)
    # As they are copied, one after the other.
    for file in sorted(path for path in (elsewhere / digest).rglob("*") if path.is_file()):
        to = index / digest / file.relative_to(elsewhere / digest)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, to)
        watch._switch_if_new(digest)
    assert live.snapshot.digest != digest
    # Meanwhile it was not tried again.
    assert value(live, "qa_snapshots_not_taken_up_total") == 1
    watch._switch_if_new(digest)
    assert live.snapshot.digest == digest
    assert value(live, "qa_snapshots_not_taken_up_total") == 1


@pytest.mark.parametrize(
    "failure",
    [
        ("live_digest", OSError("EIO")),
        ("live_digest", MemoryError()),
        ("live_digest", RuntimeError("x")),
        ("_files", ValueError("x")),
        ("_files", IndexError("x")),
    ],
    ids=lambda failure: type(failure[1]).__name__,
)
def test_the_watch_survives_any_error_logs_it_once_and_switches_later(
    opened, make_index, monkeypatch, caplog, failure
):
    monkeypatch.setattr("qa.web.server.live._WATCH_S", 0.01)
    live = Live(opened({"tea": "Tea is hot."}))
    index = make_index({"tea": "Tea is hot."})
    where, error = failure
    real, fails, tries = getattr(module, where), threading.Event(), []

    def failing(*given, **named):
        if fails.is_set():
            tries.append(1)
            raise error
        return real(*given, **named)

    monkeypatch.setattr(module, where, failing)
    watch = Watch(live, index, lambda: QA(open_snapshot(index), WordEncoder()))
    fails.set()
    watch.start()
    try:
        make_index({"tea": "Tea is cold."})
        wait_until(lambda: len(tries) > 3)
        monkeypatch.setattr(live.metrics, "_watched_at", live.metrics._watched_at - 60)
        wait_until(lambda: len(tries) > 6)
        assert value(live, "qa_watch_age_seconds") > 60
        fails.clear()
        wait_until(lambda: live.snapshot.digest == live_digest(index))
        wait_until(lambda: value(live, "qa_watch_age_seconds") < 60)
    finally:
        watch.stop()
    logged = [r.getMessage() for r in caplog.records if "be checked" in r.getMessage()]
    name = type(error).__name__
    assert logged == [
        f"the index cannot be checked: {name}: {error}",
        "the index can be checked again",
    ]


def test_a_watch_that_fails_for_another_cause_logs_it_too(opened, monkeypatch, caplog):
    monkeypatch.setattr("qa.web.server.live._WATCH_S", 0.01)
    causes = iter([OSError("one"), OSError("one"), OSError("two")])
    done = threading.Event()

    def failing(*_, **__):
        try:
            raise next(causes)
        except StopIteration:
            done.set()
            return

    monkeypatch.setattr(module, "live_digest", failing)
    watch = Watch(Live(opened({"tea": "Tea is hot."})), Path("nowhere"), lambda: None)
    watch.start()
    assert done.wait(HANG_S)
    watch.stop()
    logged = [r.getMessage() for r in caplog.records if "cannot be checked" in r.getMessage()]
    assert logged == [f"the index cannot be checked: OSError: {cause}" for cause in ("one", "two")]


def test_a_snapshot_is_tried_again_after_a_lack_of_memory(opened, make_index, monkeypatch, caplog):
    monkeypatch.setattr("qa.web.server.live._WATCH_S", 0.01)
    monkeypatch.setattr("qa.web.server.live._RETRY_S", 0.05)
    live = Live(opened({"tea": "Tea is hot."}))
    index = make_index({"tea": "Tea is hot."})
    tries = []

    def open_later():
        tries.append(1)
        if len(tries) < 3:
            raise MemoryError("no memory")
        return QA(open_snapshot(index), WordEncoder())

    watch = Watch(live, index, open_later)
    watch.start()
    try:
        make_index({"tea": "Tea is cold."})
        wait_until(lambda: live.snapshot.digest == live_digest(index))
    finally:
        watch.stop()
    assert value(live, "qa_snapshots_not_taken_up_total") == 2
    assert "a new snapshot could not be opened: MemoryError: no memory" in caplog.messages


def test_an_unreachable_engine_is_logged_once_and_when_it_is_back(opened, monkeypatch, caplog):
    monkeypatch.setattr("qa.web.server.live._WATCH_S", 0.01)
    live = Live(opened({"tea": "Tea is hot."}))
    checks = []

    def check(self, digest):
        checks.append(digest)
        if 3 < len(checks) < 8:
            raise UnavailableError("It does not answer.")

    monkeypatch.setattr(type(live.snapshot.engine), "check", check)
    watch = Watch(live, Path("nowhere"), lambda: None)
    watch.start()
    try:
        wait_until(lambda: value(live, "qa_engine_away") == 1)
        wait_until(lambda: value(live, "qa_engine_away") == 0)
        wait_until(lambda: len(checks) > 12)
    finally:
        watch.stop()
    assert set(checks) == {live.snapshot.digest}
    assert [r.getMessage() for r in caplog.records if r.name == "qa.web.server.live"] == [
        "the engine cannot be used: It does not answer.",
        "the engine is used again",
    ]


def test_a_server_whose_collection_was_dropped_switches_to_the_live_one(
    opened, make_index, monkeypatch
):
    monkeypatch.setattr("qa.web.server.live._WATCH_S", 0.01)
    live = Live(opened({"tea": "Tea is hot."}))
    first = live.snapshot.digest

    def check(self, digest):
        if digest == first:
            raise UnavailableError("It was dropped.")

    monkeypatch.setattr(type(live.snapshot.engine), "check", check)
    index = make_index({"tea": "Tea is hot."})
    watch = Watch(live, index, lambda: QA(open_snapshot(index), WordEncoder()))
    watch.start()
    try:
        wait_until(lambda: value(live, "qa_engine_away") == 1)
        make_index({"tea": "Tea is cold."})
        wait_until(lambda: live.snapshot.digest == live_digest(index) != first)
        wait_until(lambda: value(live, "qa_engine_away") == 0)
    finally:
        watch.stop()


def test_questions_are_logged_only_with_the_setting(opened, caplog):
    qa = opened({"tea": "Tea is hot."})
    caplog.clear()
    with caplog.at_level("INFO", logger="qa.web.server.live"):
        asyncio.run(Live(qa).ask("is tea hot"))
        assert caplog.records == []
        asyncio.run(Live(qa, log_questions=True).ask("is tea hot"))
    (record,) = caplog.records
    assert (record.question, record.answer) == ("is tea hot", "answered")
