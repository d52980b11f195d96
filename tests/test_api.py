"""The JSON API gives the command line's answers over HTTP; errors are problem JSON."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest

from conftest import ROOT
from qa.errors import OverloadError, UnavailableError
from qa.feedback import FeedbackStore
from qa.records import to_json
from qa.web.server.live import Live

KEY = "a key for batches"
HASH = hashlib.sha256(KEY.encode()).hexdigest()
BEARER = {"Authorization": f"Bearer {KEY}"}
TEXTS = {"tea": "Tea is hot.", "milk": "Milk is cold.", "both": "Hot tea and cold milk."}


@pytest.fixture
def served(make_live, make_client):
    live = make_live(TEXTS)
    return live.qa, make_client(live)


def test_the_api_gives_the_answer_of_the_command_line(served):
    qa, client = served
    answer = client.post("/api/v1/ask", json={"question": "is tea hot", "top_k": 1})
    assert answer.headers["content-type"] == "application/json"
    expected = to_json(qa.ask("is tea hot", top_k=1))
    assert {**answer.json(), "elapsed_ms": 0} == {**expected, "elapsed_ms": 0}
    assert len(expected["citations"]) == 1


def test_previous_questions_and_dates_change_the_answer(served):
    qa, client = served
    body = {"question": "and is it cold?", "previous": ["is tea hot"], "since": "2020-01-01"}
    answer = client.post("/api/v1/ask", json=body).json()
    assert answer["searched_for"] == "is tea hot and is it cold?"
    assert (answer["citations"], answer["nearest"]) == ([], [])  # nothing here has a date
    del body["since"]
    answer = client.post("/api/v1/ask", json=body).json()
    assert answer["searched_for"] == qa.ask("and is it cold?", previous=["is tea hot"]).searched_for
    assert answer["citations"] or answer["nearest"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "question: Field required"),
        ({"question": ""}, "question: String should have at least 1 character"),
        ({"question": "tea", "topk": 3}, "topk: Extra inputs are not permitted"),
        ({"question": "tea", "top_k": 0}, "top_k: Input should be greater than or equal to 1"),
        ({"question": "tea", "since": "May"}, "since: Input should be a valid date"),
        (
            {"question": "x" * 2001},
            "The question has 2,001 characters. Shorten it to 2,000 or fewer.",
        ),
        ({"question": "tea", "since": "2021-01-01", "until": "2020-01-01"}, "swap them"),
        ({"question": "tea", "section": "nowhere"}, "The record has no section 'nowhere'"),
        ({"question": "tea", "speaker": "nobody"}, "The record has no speaker 'nobody'"),
    ],
)
def test_invalid_requests_get_problem_json(served, body, detail):
    answer = served[1].post("/api/v1/ask", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["title"]) == (422, HTTPStatus(422).phrase)
    assert detail in problem["detail"]


def test_many_ask_at_once_and_each_gets_its_own_answer(served):
    qa, client = served
    questions = [f"is {word} {n}" for n in range(20) for word in ("tea", "milk")]

    def answer_to(question):
        return client.post("/api/v1/ask", json={"question": question}).json()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(answer_to, questions))
    assert [a["question"] for a in answers] == questions
    for question, answer in zip(questions, answers, strict=True):
        first = (answer["citations"] or answer["nearest"])[0]
        assert (
            first["passage"]["text"]
            == to_json(qa.ask(question))["citations" if answer["citations"] else "nearest"][0][
                "passage"
            ]["text"]
        )


def test_a_document_is_sent_once_while_its_etag_matches(served):
    qa, client = served
    answer = client.get("/api/v1/documents/tea")
    assert answer.json() == to_json(qa.snapshot.documents["tea"])
    assert answer.headers["cache-control"] == "public, max-age=60, must-revalidate"
    tag = answer.headers["etag"]
    for named in (tag, f'"x", W/{tag}', "*"):
        again = client.get("/api/v1/documents/tea", headers={"If-None-Match": named})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = client.get("/api/v1/documents/milk", headers={"If-None-Match": tag})
    assert other.status_code == 200
    assert client.get("/api/v1/documents/none").json()["detail"] == (
        "The record has no document 'none'."
    )


def test_the_status_describes_the_record_and_the_limits(served):
    qa, client = served
    assert client.get("/api/v1/status").json() == {
        "version": "0.1.0",
        "snapshot": qa.snapshot.digest,
        "documents": 3,
        "passages": 3,
        "sentences": 3,
        "first_date": None,
        "last_date": None,
        "sections": [],
        "encoder": "words",
        "searches": ["passages", "sentences", "words"],
        "widgets": [1],
        "max_question_chars": 2_000,
        "questions_per_minute": 60,
        "max_batch": 100,
        "keeps_feedback": False,
    }


def test_readiness_names_the_snapshot(served):
    qa, client = served
    assert client.get("/readyz").text == qa.snapshot.digest


@pytest.mark.slow
def test_the_example_in_the_description_is_a_real_answer(real_encoder, tmp_path):
    from qa import QA
    from qa.index.build import build
    from qa.sources.corpus_folder import read_all
    from qa.web.server.openapi import EXAMPLES

    build(list(read_all(ROOT / "corpus")), tmp_path, real_encoder, passage_chars=1250)
    body = EXAMPLES["ask"]
    answer = to_json(QA.open(tmp_path).ask(body["question"], top_k=body["top_k"]))

    def without_figures(answer):
        cited = [{**c, "confidence": 0} for c in answer["citations"]]
        changing = {"citations": cited, "elapsed_ms": 0, "confidence": 0, "snapshot": ""}
        return {**answer, **changing}

    assert without_figures(EXAMPLES["answer"]) == without_figures(answer)


@pytest.fixture
def batch(make_live, make_client):
    """A function that sends a batch of questions, each as text or fields."""
    live = make_live(TEXTS)
    client = make_client(live, api_keys=[HASH])

    def send(*questions, **headers):
        body = {"questions": [{"question": q} if isinstance(q, str) else q for q in questions]}
        return client.post("/api/v1/batch", json=body, headers={**BEARER, **headers})

    send.live = live
    return send


def test_a_question_of_a_batch_that_fails_leaves_the_others_their_answers(batch):
    bad = {"question": "is tea hot", "section": "nowhere"}
    came = batch("is tea hot", bad, "is milk cold", "x" * 2_001)
    assert came.status_code == 200
    one, failed, other, long = came.json()["answers"]
    qa = batch.live.qa
    for question, answer in (("is tea hot", one), ("is milk cold", other)):
        assert {**answer, "elapsed_ms": 0} == {**to_json(qa.ask(question)), "elapsed_ms": 0}
    detail = "The record has no section 'nowhere'; it has: none."
    assert failed == {
        **{name: [] for name in ("citations", "nearest", "related")},
        **dict.fromkeys(("confidence", "elapsed_ms"), 0.0),
        "courtesy": None,
        "question": "is tea hot",
        "searched_for": "",
        "status": "error",
        "snapshot": qa.snapshot.digest,
        "error": {"title": HTTPStatus(422).phrase, "status": 422, "detail": detail},
    }
    assert set(failed) == {*one, "error"}
    assert long["error"]["detail"].startswith("The question has 2,001 characters")


def test_an_unexpected_error_fails_one_question_and_hides_its_cause(batch, monkeypatch, caplog):
    ask = batch.live.qa.ask

    def sometimes(question):
        if question.text == "fails":
            raise RuntimeError("fails at /srv")
        return ask(question)

    monkeypatch.setattr(batch.live.qa, "ask", sometimes)
    answers = batch("fails", "is tea hot", **{"X-Request-Id": "abcdefgh"}).json()["answers"]
    assert [answer["status"] for answer in answers] == ["error", "answered"]
    detail = "The server failed. Its log has the cause under abcdefgh."
    assert (answers[0]["error"]["status"], answers[0]["error"]["detail"]) == (500, detail)
    (failed,) = [record for record in caplog.records if record.getMessage() == "failed"]
    assert (failed.request, failed.error) == ("abcdefgh", "RuntimeError")


@pytest.mark.parametrize("error", [UnavailableError("at db:19530"), OverloadError("come again")])
def test_a_batch_is_refused_if_the_server_can_answer_none_of_it(batch, monkeypatch, error):
    ask = batch.live.ask

    async def refused(question, request):
        if question.text == "away":
            raise error
        return await ask(question, request)

    monkeypatch.setattr(batch.live, "ask", refused)
    came = batch("away", "away")
    assert (came.status_code, came.headers["retry-after"]) == (503, "2")
    assert "db:19530" not in came.text
    some = batch("away", "is tea hot").json()["answers"]
    assert [answer["status"] for answer in some] == ["error", "answered"]
    assert some[0]["error"]["status"] == 503


def test_an_invalid_batch_names_the_wrong_item(batch):
    came = batch("is tea hot", "is milk cold", {"top_k": 1}, {"question": "tea", "since": "May"})
    assert came.status_code == 422
    detail = came.json()["detail"]
    assert "questions.2.question: Field required" in detail
    assert "questions.3.since: Input should be a valid date" in detail
    assert "questions.0" not in detail


@pytest.mark.parametrize("given", ["abcdefgh", "x" * 64])
def test_each_question_of_a_batch_is_saved_under_its_own_id(
    make_live, make_client, tmp_path, given
):
    kept = FeedbackStore(tmp_path / "feedback.sqlite", days=90)
    client = make_client(Live(make_live(TEXTS).qa, feedback=kept), api_keys=[HASH])
    body = {"questions": [{"question": q} for q in ("is tea hot", "thanks", "is milk cold")]}
    client.post("/api/v1/batch", json=body, headers={**BEARER, "X-Request-Id": given})
    ids = {row.question: row.request for row in kept.all()}
    assert set(ids) == {"is tea hot", "is milk cold"}
    base = ids["is tea hot"].removesuffix("-0")
    assert ids["is milk cold"] == f"{base}-2"
    assert (base == given) == (len(given) == 8)
    feedback = {"request": ids["is milk cold"], "helpful": False}
    assert client.post("/api/v1/feedback", json=feedback).status_code == 204
    assert {a.question: a.helpful for a in kept.all()} == {
        "is tea hot": None,
        "is milk cold": False,
    }
    kept.close()
