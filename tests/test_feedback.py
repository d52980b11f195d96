"""What visitors ask is kept only where that is wanted, and for so long; what is missing shows."""

import contextlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from conftest import WordEncoder
from qa.cli import app
from qa.errors import FeedbackError
from qa.evaluation.datasets import open_questions
from qa.web import feedback as module
from qa.web.feedback import Feedback, Group, grouped
from qa.web.live import Live
from serving import free_port

ASK, FEEDBACK = "/api/v1/ask", "/api/v1/feedback"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "feedback.sqlite"


@pytest.fixture
def kept(path):
    feedback = Feedback(path, days=90)
    yield feedback
    feedback.close()


@pytest.fixture
def client(make_live, make_client, kept):
    live = make_live({"tea": "Tea is hot.", "milk": "Milk is cold."})
    return make_client(Live(live.qa, feedback=kept))


def test_a_question_is_kept_with_what_came_of_it_and_nothing_of_its_visitor(client, kept, path):
    before = datetime.now(UTC) - timedelta(seconds=1)
    asked = [client.post(ASK, json={"question": q}) for q in ("is tea hot", "zebra", "thanks")]
    one, other = sorted(kept.all(), key=lambda found: found.question)
    assert (one.question, one.status, one.helpful, one.reason) == (
        "is tea hot",
        "answered",
        None,
        None,
    )
    assert (other.question, other.status) == ("zebra", "not_in_record")
    assert one.request == asked[0].headers["x-request-id"]
    assert before <= one.at <= datetime.now(UTC)
    with sqlite3.connect(path) as file:
        columns = [row[1] for row in file.execute("PRAGMA table_info(asked)")]
    file.close()
    assert columns == [
        *("request", "at", "question", "status", "confidence", "snapshot", "helpful", "reason")
    ]


def test_the_page_without_script_is_a_visitors_too(client, kept):
    client.get("/answer", params={"q": "is tea hot"})
    assert [asked.question for asked in kept.all()] == ["is tea hot"]


def test_what_a_visitor_thinks_is_kept_with_the_question(client, kept):
    request = client.post(ASK, json={"question": "is tea hot"}).headers["x-request-id"]
    thought = {"request": request, "helpful": False, "reason": "it is cold here"}
    assert client.post(FEEDBACK, json=thought).status_code == 204
    (asked,) = kept.all()
    assert (asked.helpful, asked.reason) == (False, "it is cold here")


@pytest.mark.parametrize(
    ("thought", "status"),
    [
        ({"request": "0" * 32, "helpful": True}, 404),
        ({"request": "x", "helpful": True}, 422),
        ({"request": "0" * 32, "helpful": True, "reason": "x" * 501}, 422),
        ({"request": "0" * 32}, 422),
    ],
)
def test_a_thought_about_nothing_is_refused(client, thought, status):
    assert client.post(FEEDBACK, json=thought).status_code == status


def test_nothing_is_kept_unless_that_is_wanted(make_live, make_client):
    client = make_client(make_live({"tea": "Tea is hot."}))
    request = client.post(ASK, json={"question": "is tea hot"}).headers["x-request-id"]
    answer = client.post(FEEDBACK, json={"request": request, "helpful": True})
    assert answer.status_code == 404


def test_what_is_older_than_set_is_forgotten(make_live, kept, path, monkeypatch):
    answer = make_live({"tea": "Tea is hot."}).qa.ask("is tea hot")
    kept.keep("a" * 8, answer)
    later = datetime.now(UTC) + timedelta(days=91)

    class Later(datetime):
        @classmethod
        def now(cls, zone):  # noqa: ARG003 - as the library's
            return later

    monkeypatch.setattr(module, "datetime", Later)
    kept.keep("b" * 8, answer)
    assert [asked.request for asked in kept.all()] == ["b" * 8]


def test_the_first_answer_under_an_id_stays(make_live, kept):
    qa = make_live({"tea": "Tea is hot."}).qa
    kept.keep("a" * 8, qa.ask("is tea hot"))
    kept.keep("a" * 8, qa.ask("zebra"))
    assert [asked.question for asked in kept.all()] == ["is tea hot"]


def test_a_file_that_is_none_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "text").write_text("no database " * 100, "utf-8")
    for path in (tmp_path / "text", tmp_path / "missing" / "file"):
        with pytest.raises(FeedbackError, match="name another in the setting feedback"):
            Feedback(path, days=1)


def test_a_file_from_before_is_kept_on(path, make_live):
    """The table as it was made before there were databases."""
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
    with contextlib.closing(Feedback(path, days=90)) as kept:
        kept.keep("b" * 8, make_live({"tea": "Tea is hot."}).qa.ask("is tea hot"))
        found = [(asked.question, asked.helpful, asked.reason) for asked in kept.all()]
    assert found == [("is tea hot", None, None), ("who?", True, "good")]
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT sql FROM sqlite_master").fetchall() == before
    file.close()


def test_a_new_file_is_as_strict_as_one_from_before(kept, path):
    with sqlite3.connect(path) as file:
        (told,) = file.execute("SELECT sql FROM sqlite_master").fetchone()
        (mode,) = file.execute("PRAGMA journal_mode").fetchone()
    file.close()
    assert ("STRICT" in told, "WITHOUT ROWID" in told, mode) == (True, True, "wal")


@pytest.fixture
def away():
    """A database that is not there; its address has a password."""
    url = f"postgresql+psycopg://qa:sesame@127.0.0.1:{free_port()}/record?password=sesame"
    feedback = Feedback(SecretStr(url), days=90)
    yield feedback
    feedback.close()


def test_an_answer_is_given_where_it_cannot_be_kept(make_live, make_client, away, caplog):
    live = Live(make_live({"tea": "Tea is hot."}).qa, feedback=away)
    client = make_client(live, address="127.0.0.1")
    answers = [client.post(ASK, json={"question": "is tea hot"}) for _ in range(2)]
    assert [answer.json()["status"] for answer in answers] == ["answered"] * 2
    assert "qa_answers_not_kept_total 2.0" in client.get("/metrics").text
    thought = {"request": answers[0].headers["x-request-id"], "helpful": True, "reason": "good tea"}
    refused = client.post(FEEDBACK, json=thought)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert "127.0.0.1" not in refused.text
    said = [record.getMessage() for record in caplog.records if record.name.startswith("qa.web")]
    assert "could not be used a moment ago" in said[-1]
    for hidden in ("sesame", "is tea hot", "good tea"):
        assert hidden not in "".join(said)


def test_a_database_that_is_away_is_tried_again_by_one_and_used_when_it_is_back(
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
    ("url", "told"),
    [
        ("mysql://u:sesame@h/n", r"mysql://u:\*\*\*@h/n is neither"),
        ("postgresql+pg8000://u:sesame@h/n", r"u:\*\*\*@h/n needs a package"),
        ("://sesame", "no address of a database"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url, told):
    with pytest.raises(FeedbackError, match=told) as refusal:
        Feedback(SecretStr(url), days=1)
    assert "sesame" not in str(refusal.value)


def test_questions_much_alike_are_one_group_and_the_most_asked_comes_first():
    questions = ["what is the tax on tea", "who rules", "what is the tax on tea", "the tax on tea"]
    assert grouped(questions, WordEncoder()) == [
        Group(("what is the tax on tea", "the tax on tea"), 3),
        Group(("who rules",), 1),
    ]
    assert grouped([], WordEncoder()) == []


@pytest.fixture
def kept_by_settings(kept, path, monkeypatch):
    """What is kept, where the settings say it is; embedded by the test encoder."""
    monkeypatch.setattr("qa.index.encoder.open_encoder", lambda *_: WordEncoder())
    monkeypatch.setenv("QA_FEEDBACK", str(path))
    return kept


def test_what_got_no_answer_is_shown_and_can_be_judged(
    tmp_path, kept_by_settings, make_live, monkeypatch
):
    kept = kept_by_settings
    monkeypatch.setenv("QA_INDEX", str(tmp_path / "index"))
    made = make_live({"tea": "Tea is hot."}).qa
    for request, question in [("a" * 8, "zebra\x1b[2J"), ("b" * 8, "is tea hot"), ("c" * 8, "gnu")]:
        kept.keep(request, made.ask(question))
    kept.thought("b" * 8, helpful=False, reason="too\nshort")
    output = tmp_path / "unanswered.jsonl"
    done = CliRunner().invoke(app, ["feedback", "-o", str(output)])
    assert done.exit_code == 0, done.output
    assert "3 questions kept: 1 answered, 2 not in the record; 0 answers helped, 1 did not." in (
        done.output
    )
    assert "is tea hot: did not help, too short" in done.output
    assert "\x1b" not in done.output
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert {row["kind"] for row in rows} == {"unanswerable"}
    assert sorted(row["question"] for row in rows) == ["gnu", "is tea hot", "zebra\x1b[2J"]
    told = json.loads(CliRunner().invoke(app, ["feedback", "--json"]).output)
    assert (told["asked"], len(told["groups"])) == (3, 3)


def test_what_is_exported_is_a_set_to_judge(tmp_path):
    path = tmp_path / "unanswered.jsonl"
    row = {"id": "asked-1", "question": "zebra", "kind": "unanswerable"}
    path.write_text(json.dumps(row) + "\n", "utf-8")
    assert [q.kind for q in open_questions(path, {}).questions] == ["unanswerable"]


def test_without_a_file_the_command_says_what_to_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["feedback"])
    assert "name a file in the setting feedback" in str(done.exception)
