"""The chat's events over HTTP, in the protocol of its page, without Gradio."""

import json
import logging

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from qa.settings import Settings
from qa.web.server.guard import Envelope, Gate
from qa.web.server.limits import Limits
from qa.web.server.metrics import Metrics
from qa.web.server.pending import Pending
from qa.web.ui.events import Conversation, event_routes
from qa.web.ui.render import Pages, message_html
from qa.web.wording import Wording

TEXTS = {"tea": "Tea is hot.", "milk": "Milk is cold."}
SAY = Wording()
SKIP = {"__type__": "update"}


class Visitor:
    """A client of the chat, with its pending results."""

    def __init__(self, live, client, pending):
        self.live, self.client, self.pending = live, client, pending

    def join(self, fn_index, data, session="s1", **members):
        sent = {"fn_index": fn_index, "data": data, "session_hash": session, **members}
        return self.client.post("/en/gradio_api/queue/join", json=sent)

    def data(self, session="s1"):
        return self.client.get("/en/gradio_api/queue/data", params={"session_hash": session})

    def results(self, fn_index, data):
        """Return every message of an event but the last, which closes the stream."""
        event_id = self.join(fn_index, data).json()["event_id"]
        answer = self.data()
        assert answer.headers["content-type"].startswith("text/event-stream")
        *messages, closing = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line]
        assert closing == {"msg": "close_stream", "event_id": None}
        assert {message["event_id"] for message in messages} == {event_id}
        assert all(message["success"] for message in messages)
        return messages

    def outputs(self, fn_index, data):
        """Return the last outputs of an event."""
        return self.results(fn_index, data)[-1]["output"]["data"]


@pytest.fixture
def visitor(make_live):
    live = make_live(TEXTS)
    settings = Settings(questions_per_minute=1_000)
    pending = Pending(100_000)
    app = FastAPI()
    conversation = Conversation(live, Pages(SAY, settings), SAY)
    app.include_router(event_routes(conversation, pending), prefix="/en")
    guarded = Envelope(Gate(app, settings, Limits(settings)), settings, Metrics())
    with TestClient(guarded, base_url="http://127.0.0.1") as client:
        yield Visitor(live, client, pending)


def question_event(question, messages=(), *, keep=False, since=""):
    return [question, [*messages], keep, since, "", ""]


def texts(chat):
    """Return the messages on the page: role and HTML."""
    assert all(m.keys() == {"role", "metadata", "content", "options"} for m in chat)
    return [(m["role"], m["content"][0]["text"]) for m in chat]


def test_the_question_is_shown_at_once_and_then_the_answer(visitor):
    first, last = visitor.results(0, question_event("is tea hot"))
    assert (first["msg"], last["msg"]) == ("process_generating", "process_completed")
    question = ("user", message_html("is tea hot"))
    box, chat, kept = first["output"]["data"]
    assert (box, texts(chat), kept) == (SKIP, [question], SKIP)
    box, chat, kept = last["output"]["data"]
    assert (box, kept) == (SKIP, [])
    asked_again, (role, html) = texts(chat)
    assert (asked_again, role) == (question, "assistant")
    assert "<p>Tea is hot.</p>" in html
    assert visitor.pending.held_bytes == 0


def test_an_answer_is_kept_on_request(visitor):
    _, chat, kept = visitor.outputs(0, question_event("is tea hot", keep=True))
    assert [(m["role"], m["content"]) for m in kept] == texts(chat)


def test_a_question_is_asked_with_those_before_and_its_limits(visitor, monkeypatch):
    asks = []

    async def ask(question, request):
        asks.append((question.text, [*question.previous], str(question.since)))
        return visitor.live.qa.ask("is tea hot")

    monkeypatch.setattr(visitor.live, "ask", ask)
    _, chat, kept = visitor.outputs(0, question_event("first <b>", keep=True))
    _, longer, _ = visitor.outputs(0, question_event("second", kept))
    assert longer[:2] == chat
    visitor.outputs(0, question_event("third", longer, since="2020-01-02"))
    assert asks == [
        ("first <b>", [], "None"),
        ("second", ["first <b>"], "None"),
        ("third", ["first <b>", "second"], "2020-01-02"),
    ]


def test_a_conversation_is_kept_restored_and_cleared_as_text(visitor):
    held = [{"role": "user", "content": "<b>x"}, {"role": "assistant", "content": "<img src=x>"}]
    shown = [("user", message_html("<b>x")), ("assistant", message_html("<img src=x>"))]
    kept = [{"role": role, "content": html} for role, html in shown]
    assert visitor.outputs(1, [True, held]) == [kept]
    assert visitor.outputs(1, [False, held]) == [[]]
    chat, is_kept = visitor.outputs(3, [held])
    assert (texts(chat), is_kept) == (shown, True)
    welcome, is_kept = visitor.outputs(3, [[]])
    assert "Covers 2 undated documents." in texts(welcome)[0][1]
    assert is_kept is False
    assert visitor.outputs(2, []) == [welcome, []]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (question_event("tea " * 600), SAY("trouble.long", characters="2,399", most="2,000")),
        (question_event("is tea hot", since="soon"), SAY("trouble.day", day="soon")),
    ],
)
def test_a_question_that_cannot_be_taken_stays_in_the_box(visitor, data, why):
    box, chat, _ = visitor.outputs(0, data)
    assert box == data[0].strip()
    assert texts(chat)[-1] == ("assistant", message_html(why))


def test_an_empty_question_is_not_asked(visitor):
    (only,) = visitor.results(0, question_event(" \0 "))
    box, chat, kept = only["output"]["data"]
    assert (box, kept) == ("", SKIP)
    assert texts(chat) == [("assistant", message_html(SAY("answer.empty")))]


def test_an_error_is_shown_and_logged_without_a_visitors_words(visitor, monkeypatch, caplog, capfd):
    async def fails(*_, **__):
        raise ValueError("Rumpelstiltskin")

    monkeypatch.setattr(visitor.live, "ask", fails)
    box, chat, _ = visitor.outputs(0, question_event("Rumpelstiltskin"))
    assert box == "Rumpelstiltskin"
    (record,) = [r for r in caplog.records if r.message == "failed"]
    message = message_html(SAY("answer.broken", request=record.request))
    assert texts(chat)[-1] == ("assistant", message)
    assert "Rumpelstiltskin" not in json.dumps(record.__dict__, default=str)
    assert capfd.readouterr() == ("", "")


def test_an_event_that_fails_itself_ends_and_is_logged_without_words(visitor, monkeypatch, caplog):
    def fails(*_):
        raise ValueError("Rumpelstiltskin")

    monkeypatch.setattr("qa.web.ui.events.sanitized", fails)
    visitor.join(3, [[{"role": "user", "content": "Rumpelstiltskin"}]])
    events, closing = visitor.data().text.strip().split("\n\n")
    last = json.loads(events[6:])
    assert (last["msg"], last["success"]) == ("process_completed", False)
    assert last["output"] == {"error": None}
    assert "close_stream" in closing
    assert "Rumpelstiltskin" not in caplog.text + events


@pytest.mark.parametrize(
    "data",
    [
        [[{"role": "user", "content": [{"text": "Rumpelstiltskin"}]}]],
        [[{"role": "Rumpelstiltskin", "content": "x"}]],
        [{"path": "/Rumpelstiltskin"}],
    ],
)
def test_nothing_of_a_malformed_history_is_printed_or_repeated(visitor, caplog, capfd, data):
    with caplog.at_level(logging.DEBUG):
        refused = visitor.join(3, data)
    assert (refused.status_code, refused.json()["status"]) == (422, 422)
    printed = "".join(capfd.readouterr())
    assert "Rumpelstiltskin" not in refused.text + printed + caplog.text
    assert "s1" not in visitor.pending


@pytest.mark.parametrize("session", ["unknown", "", "a" * 65, "../x", "a b", None])
def test_a_session_that_waits_for_nothing_gets_no_stream(visitor, session):
    answer = visitor.data(session)
    assert answer.status_code == (404 if session == "unknown" else 422)
    assert answer.headers["content-type"] in {"application/problem+json", "application/json"}


def test_unfetched_results_do_not_add_up(visitor):
    held = [{"role": "user", "content": "x" * 3_000}] * 10
    for number in range(60):
        assert visitor.join(3, [held], session=f"s{number}").status_code == 200
    assert 0 < visitor.pending.held_bytes <= 800_000
    assert visitor.data("s0").status_code == 404
    assert visitor.data("s59").text.count("x" * 3_000) == 10


def test_one_event_may_follow_another_before_it_is_fetched(visitor):
    first, second = (visitor.join(2, []).json()["event_id"] for _ in range(2))
    messages = [json.loads(line[6:]) for line in visitor.data().text.strip().split("\n\n")]
    assert [message.get("event_id") for message in messages] == [first, second, None]
