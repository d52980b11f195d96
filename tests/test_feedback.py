"""Feedback is kept only with the setting, and expires; unanswered questions are listed."""

import contextlib
import json
import os
import sqlite3
import time
import types
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from conftest import WordEncoder
from patience import wait_until
from qa import expiry
from qa import feedback as module
from qa.cli import app
from qa.errors import FeedbackError
from qa.evaluation.datasets import open_questions
from qa.feedback import FeedbackStore, Group, grouped
from qa.web.server.live import Live
from serving import free_port

ASK, FEEDBACK = "/api/v1/ask", "/api/v1/feedback"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "feedback.sqlite"


@pytest.fixture
def kept(path):
    feedback = FeedbackStore(path, days=90)
    yield feedback
    feedback.close()


@pytest.fixture
def client(make_live, make_client, kept):
    live = make_live({"tea": "Tea is hot.", "milk": "Milk is cold."})
    return make_client(Live(live.qa, feedback=kept))


def test_a_question_is_saved_with_its_outcome_and_nothing_about_its_visitor(client, kept, path):
    before = datetime.now(UTC) - timedelta(seconds=1)
    answers = [client.post(ASK, json={"question": q}) for q in ("is tea hot", "zebra", "thanks")]
    one, other = sorted(kept.all(), key=lambda kept_row: kept_row.question)
    assert (one.question, one.status, one.helpful, one.reason) == (
        "is tea hot",
        "answered",
        None,
        None,
    )
    assert (other.question, other.status) == ("zebra", "not_in_record")
    assert one.request == answers[0].headers["x-request-id"]
    assert before <= one.at <= datetime.now(UTC)
    with sqlite3.connect(path) as file:
        columns = [row[1] for row in file.execute("PRAGMA table_info(asked)")]
    file.close()
    assert columns == [
        *("request", "at", "question", "status", "confidence", "snapshot", "helpful", "reason")
    ]


def test_the_page_without_script_is_a_visitors_too(client, kept):
    client.get("/answer", params={"q": "is tea hot"})
    assert [row.question for row in kept.all()] == ["is tea hot"]


def test_feedback_is_saved_with_its_question(client, kept):
    request = client.post(ASK, json={"question": "is tea hot"}).headers["x-request-id"]
    feedback = {"request": request, "helpful": False, "reason": "it is cold here"}
    assert client.post(FEEDBACK, json=feedback).status_code == 204
    (row,) = kept.all()
    assert (row.helpful, row.reason) == (False, "it is cold here")


@pytest.mark.parametrize(
    ("feedback", "status"),
    [
        ({"request": "0" * 32, "helpful": True}, 404),
        ({"request": "x", "helpful": True}, 422),
        ({"request": "0" * 32, "helpful": True, "reason": "x" * 501}, 422),
        ({"request": "0" * 32}, 422),
    ],
)
def test_feedback_on_an_unknown_request_is_refused(client, feedback, status):
    assert client.post(FEEDBACK, json=feedback).status_code == status


def test_nothing_is_saved_without_the_setting(make_live, make_client):
    client = make_client(make_live({"tea": "Tea is hot."}))
    request = client.post(ASK, json={"question": "is tea hot"}).headers["x-request-id"]
    answer = client.post(FEEDBACK, json={"request": request, "helpful": True})
    assert answer.status_code == 404


@pytest.fixture
def clock(monkeypatch):
    """The system's and the monotonic clock, which a test sets forward and back."""

    class Clock:
        ahead = timedelta()
        passed_s = 0.0

    real, monotonic = datetime, time.monotonic

    class Shifted(datetime):
        @classmethod
        def now(cls, zone=None):
            return real.now(zone) + Clock.ahead

    monkeypatch.setattr(module, "datetime", Shifted)
    for place in (module, expiry):
        shifted = types.SimpleNamespace(monotonic=lambda: monotonic() + Clock.passed_s)
        monkeypatch.setattr(place, "time", shifted)

    def passes(**span):
        """Move both clocks on, with the server deleting expired rows once an hour."""
        Clock.ahead += timedelta(**span)
        Clock.passed_s += timedelta(**span).total_seconds()

    Clock.passes = passes
    return Clock


@pytest.fixture
def answer(make_live):
    return make_live({"tea": "Tea is hot."}).qa.ask("is tea hot")


def rows(path):
    """Return requests and times in the file."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        return file.execute("SELECT request, at FROM asked ORDER BY request").fetchall()


def test_expired_rows_are_deleted_without_any_request(answer, clock, kept, path):
    kept.keep("a" * 8, answer)
    for _ in range(92):
        assert [row[0] for row in rows(path)] == ["a" * 8]
        clock.passes(days=1)
        kept.forget()
        if not rows(path):
            break
    assert rows(path) == []
    assert timedelta(days=90) <= clock.ahead <= timedelta(days=91)


def test_expired_rows_are_not_shown_even_if_no_server_ran(answer, clock, kept):
    kept.keep("a" * 8, answer)
    clock.passes(days=91)
    kept.keep("b" * 8, answer)
    assert [row.request for row in kept.all()] == ["b" * 8]


def test_a_clock_that_is_behind_when_the_machine_starts_loses_nothing(answer, clock, kept, path):
    kept.keep("a" * 8, answer)
    clock.ahead = timedelta(days=-4_000)
    with contextlib.closing(FeedbackStore(path, days=90)) as another:
        another.forget()
        clock.passes(hours=1)
        another.forget()
        clock.ahead = timedelta(hours=1)
        for _ in range(30):
            clock.passes(hours=1)
            another.forget()
    assert [row.request for row in kept.all()] == ["a" * 8]


@pytest.mark.parametrize("days", [4_000, -4_000])
def test_a_clock_that_is_wrong_for_an_hour_loses_nothing(answer, clock, kept, path, days):
    kept.keep("a" * 8, answer)
    clock.ahead = timedelta(days=days)
    kept.forget()
    kept.keep("b" * 8, answer)
    clock.passes(hours=1)
    kept.forget()
    clock.ahead = timedelta(hours=1)
    kept.forget()
    kept.keep("c" * 8, answer)
    clock.passes(days=1)
    kept.forget()
    assert {row.request for row in kept.all()} == {"a" * 8, "b" * 8, "c" * 8}
    now = datetime.now(UTC)
    times = [datetime.fromisoformat(at) for _, at in rows(path)]
    assert all(now - timedelta(days=1) < at < now + timedelta(days=2) for at in times)


def test_a_clock_that_is_ahead_at_the_start_loses_nothing_at_once(answer, clock, kept, path):
    kept.keep("a" * 8, answer)
    clock.ahead = timedelta(days=4_000)
    with contextlib.closing(FeedbackStore(path, days=90)) as another:
        for _ in range(9):
            another.forget()
            clock.passes(hours=1)
        assert [row[0] for row in rows(path)] == ["a" * 8]
        for _ in range(3):
            clock.passes(hours=1)
            another.forget()
    assert rows(path) == []


def test_a_clock_that_is_set_back_after_the_start_is_believed_in_the_end(answer, clock, path):
    clock.ahead = timedelta(days=4_000)
    with contextlib.closing(FeedbackStore(path, days=90)) as kept:
        kept.keep("a" * 8, answer)
        clock.ahead = timedelta()
        for _ in range(12):
            kept.forget()
            clock.passes(hours=1)
        kept.keep("b" * 8, answer)
        kept.forget()
    now = datetime.now(UTC)
    times = {request: datetime.fromisoformat(at) for request, at in rows(path)}
    assert set(times) == {"a" * 8, "b" * 8}
    assert all(now <= at + timedelta(seconds=1) < now + timedelta(days=2) for at in times.values())


def test_after_a_long_stop_a_short_time_to_keep_holds_again(answer, clock, path):
    with contextlib.closing(FeedbackStore(path, days=1)) as before:
        before.keep("a" * 8, answer)
    clock.passes(days=400)
    with contextlib.closing(FeedbackStore(path, days=1)) as kept:
        kept.keep("b" * 8, answer)
        for _ in range(26):
            clock.passes(hours=1)
            kept.forget()
    assert rows(path) == []


def test_of_what_is_deleted_no_word_stays_in_the_files(clock, kept, path, make_live):
    kept.keep("a" * 8, make_live({"tea": "Tea is hot."}).qa.ask("is rumpelstiltskin ill"))
    for _ in range(91):
        clock.passes(days=1)
        kept.forget()
    left = b"".join(file.read_bytes() for file in path.parent.glob("feedback.sqlite*"))
    assert (rows(path), b"rumpelstiltskin" in left) == ([], False)


@pytest.mark.parametrize("named", [False, True], ids=["a path", "an address"])
def test_only_its_owner_may_read_the_file(answer, path, named):
    before = os.umask(0o022)
    try:
        where = SecretStr(f"sqlite:///{path}") if named else path
        with contextlib.closing(FeedbackStore(where, days=90)) as kept:
            kept.keep("a" * 8, answer)
            files = sorted(path.parent.glob("feedback.sqlite*"))
            modes = {file.name: oct(file.stat().st_mode & 0o777) for file in files}
    finally:
        os.umask(before)
    names = ("feedback.sqlite", "feedback.sqlite-shm", "feedback.sqlite-wal")
    assert modes == dict.fromkeys(names, "0o600")


def test_a_file_that_others_could_read_is_closed_to_them(path):
    path.touch(0o644)
    FeedbackStore(path, days=90).close()
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_a_second_question_under_an_id_is_saved_under_another(client, kept):
    given = {"X-Request-Id": "a" * 8}
    for question in ("is tea hot", "is milk cold", "is tea hot"):
        client.post(ASK, json={"question": question}, headers=given)
    requests = {row.question: row.request for row in kept.all()}
    assert len(kept.all()) == 2
    assert requests["is tea hot"] == "a" * 8
    assert requests["is milk cold"].startswith("a" * 8 + ".")
    assert client.post(FEEDBACK, json={"request": "a" * 8, "helpful": True}).status_code == 204
    assert {a.question: a.helpful for a in kept.all()} == {
        "is tea hot": True,
        "is milk cold": None,
    }


def test_a_server_deletes_what_is_too_old_when_it_starts_and_ever_after(
    client, kept, clock, path, monkeypatch
):
    monkeypatch.setattr("qa.web.app.FORGET_S", 0.01)
    with client:
        client.post(ASK, json={"question": "is tea hot"})
        assert len(kept.all()) == 1
        clock.passes(days=91)
        wait_until(lambda: not rows(path))


def test_a_server_whose_feedback_fails_goes_on_and_tries_again(
    make_live, make_client, kept, monkeypatch, caplog
):
    monkeypatch.setattr("qa.web.app.FORGET_S", 0.01)
    tries = []

    def forget():
        tries.append(1)
        raise FeedbackError("It is away.")

    monkeypatch.setattr(kept, "forget", forget)
    live = Live(make_live({"tea": "Tea is hot."}).qa, feedback=kept)
    with make_client(live) as client:
        wait_until(lambda: len(tries) > 2)
        assert client.post(ASK, json={"question": "is tea hot"}).status_code == 200
    assert "expired feedback was not deleted: It is away." in caplog.messages


def test_a_file_that_is_none_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "text").write_text("no database " * 100, "utf-8")
    for path in (tmp_path / "text", tmp_path / "missing" / "file"):
        with pytest.raises(FeedbackError, match="name another in the setting feedback"):
            FeedbackStore(path, days=1)


def test_a_file_of_an_earlier_version_is_used(path, make_live):
    """A table created before databases were supported."""
    with sqlite3.connect(path) as file:
        file.execute(
            "CREATE TABLE asked (request TEXT PRIMARY KEY, at TEXT NOT NULL, "
            "question TEXT NOT NULL, status TEXT NOT NULL, confidence REAL NOT NULL, "
            "snapshot TEXT NOT NULL, helpful INTEGER, reason TEXT) STRICT, WITHOUT ROWID"
        )
        file.execute(
            "INSERT INTO asked VALUES ('aaaaaaaa', '2099-01-01T00:00:00+00:00', 'who?', "
            "'answered', 0.5, 'digest', 1, 'good')"
        )
        before = file.execute("SELECT sql FROM sqlite_master").fetchall()
    file.close()
    with contextlib.closing(FeedbackStore(path, days=90)) as kept:
        kept.keep("b" * 8, make_live({"tea": "Tea is hot."}).qa.ask("is tea hot"))
        rows = [(row.question, row.helpful, row.reason) for row in kept.all()]
    assert rows == [("is tea hot", None, None), ("who?", True, "good")]
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT sql FROM sqlite_master").fetchall() == before
    file.close()


def test_a_new_file_has_the_constraints_of_an_earlier_one(kept, path):
    with sqlite3.connect(path) as file:
        (statement,) = file.execute("SELECT sql FROM sqlite_master").fetchone()
        (mode,) = file.execute("PRAGMA journal_mode").fetchone()
    file.close()
    assert ("STRICT" in statement, "WITHOUT ROWID" in statement, mode) == (True, True, "wal")


@pytest.fixture
def away():
    """The address of an unreachable database, with a password."""
    url = f"postgresql+psycopg://qa:sesame@127.0.0.1:{free_port()}/record?password=sesame"
    feedback = FeedbackStore(SecretStr(url), days=90)
    yield feedback
    feedback.close()


def test_an_answer_is_given_even_if_it_cannot_be_saved(make_live, make_client, away, caplog):
    live = Live(make_live({"tea": "Tea is hot."}).qa, feedback=away)
    client = make_client(live, address="127.0.0.1")
    answers = [client.post(ASK, json={"question": "is tea hot"}) for _ in range(2)]
    assert [answer.json()["status"] for answer in answers] == ["answered"] * 2
    assert "qa_answers_not_kept_total 2.0" in client.get("/metrics").text
    feedback = {
        "request": answers[0].headers["x-request-id"],
        "helpful": True,
        "reason": "good tea",
    }
    refused = client.post(FEEDBACK, json=feedback)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert "127.0.0.1" not in refused.text
    records = [record for record in caplog.records if record.name.startswith("qa.web")]
    errors = [record.getMessage() for record in records if record.levelname == "ERROR"]
    assert "could not be used a moment ago" in errors[-1]
    for hidden in ("sesame", "is tea hot", "good tea"):
        assert hidden not in "".join(record.getMessage() for record in records)


def test_an_unreachable_database_is_retried_by_one_thread_and_used_once_it_is_back(
    make_live, away, kept, monkeypatch
):
    answer = make_live({"tea": "Tea is hot."}).qa.ask("is tea hot")
    now = [module.time.monotonic()]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    with pytest.raises(FeedbackError, match="a moment ago"):
        away.keep("a" * 8, answer)
    now[0] += 10
    with pytest.raises(FeedbackError, match="OperationalError"):
        away.keep("a" * 8, answer)
    now[0] += 10
    # It is back: another stands in its place here, and has what it needs.
    away._engine.dispose()
    away._engine, away._insert = kept._engine, kept._insert
    away.keep("a" * 8, answer)
    away.keep("b" * 8, answer)
    assert len(kept.all()) == 2


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:sesame@h/n", r"mysql://u:\*\*\*@h/n is neither"),
        ("postgresql+pg8000://u:sesame@h/n", r"u:\*\*\*@h/n needs a package"),
        ("://sesame", "no address of a database"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url, message):
    with pytest.raises(FeedbackError, match=message) as refusal:
        FeedbackStore(SecretStr(url), days=1)
    assert "sesame" not in str(refusal.value)


def test_similar_questions_are_one_group_led_by_the_most_frequent():
    questions = ["what is the tax on tea", "who rules", "what is the tax on tea", "the tax on tea"]
    assert grouped(questions, WordEncoder()) == [
        Group(("what is the tax on tea", "the tax on tea"), 3),
        Group(("who rules",), 1),
    ]
    assert grouped([], WordEncoder()) == []


@pytest.fixture
def kept_by_settings(kept, path, monkeypatch):
    """A store at the path of the settings; the test encoder embeds."""
    monkeypatch.setattr("qa.index.encoder.open_encoder", lambda *_: WordEncoder())
    monkeypatch.setenv("QA_FEEDBACK", str(path))
    return kept


def test_unanswered_questions_are_listed_and_can_be_judged(
    tmp_path, kept_by_settings, make_live, monkeypatch
):
    kept = kept_by_settings
    monkeypatch.setenv("QA_INDEX", str(tmp_path / "index"))
    made = make_live({"tea": "Tea is hot."}).qa
    for request, question in [("a" * 8, "zebra\x1b[2J"), ("b" * 8, "is tea hot"), ("c" * 8, "gnu")]:
        kept.keep(request, made.ask(question))
    kept.rate("b" * 8, helpful=False, reason="too\nshort")
    output = tmp_path / "unanswered.jsonl"
    done = CliRunner().invoke(app, ["feedback", "-o", str(output)])
    assert done.exit_code == 0, done.output
    assert "3 questions logged: 1 answered, 2 not in the record; 0 answers helped, 1 did not." in (
        done.output
    )
    assert "is tea hot: did not help, too short" in done.output
    assert "\x1b" not in done.output
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert {row["kind"] for row in rows} == {"unanswerable"}
    assert sorted(row["question"] for row in rows) == ["gnu", "is tea hot", "zebra\x1b[2J"]
    printed = json.loads(CliRunner().invoke(app, ["feedback", "--json"]).output)
    assert (printed["asked"], len(printed["groups"])) == (3, 3)


def test_the_export_is_a_questions_file(tmp_path):
    path = tmp_path / "unanswered.jsonl"
    row = {"id": "asked-1", "question": "zebra", "kind": "unanswerable"}
    path.write_text(json.dumps(row) + "\n", "utf-8")
    assert [q.kind for q in open_questions(path, {}).questions] == ["unanswerable"]


def test_without_the_setting_the_command_names_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["feedback"])
    assert "name a file in the setting feedback" in str(done.exception)
