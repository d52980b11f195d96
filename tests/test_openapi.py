"""The API matches its description for any request.

The requests are made by schemathesis from ``/openapi.json``: right ones, and ones wrong in every
way that it knows. ``OPENAPI_EXAMPLES`` says how many are made for each operation. For a long run
over all of them, with 10,000 requests and as many again with a key, and with what came of them:

    OPENAPI_EXAMPLES=2500 pytest tests/test_openapi.py -o log_cli=true --log-cli-level=WARNING
"""

import datetime
import hashlib
import json
import logging
import os
from collections import Counter
from http import HTTPStatus

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from conftest import WordEncoder, corpus_file
from qa import QA
from qa.answer.answer_checks import faults
from qa.feedback import FeedbackStore
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document
from qa.settings import Settings
from qa.web.app import create_app
from qa.web.server.live import Live

pytestmark = pytest.mark.slow

_log = logging.getLogger(__name__)
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "100"))
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
# What is sent to each gets at least these statuses, or it tries too little.
OPERATIONS = {
    "POST /api/v1/ask": {200, 422},
    "POST /api/v1/batch": {200, 401, 422},
    "POST /api/v1/feedback": {404, 422},
    "GET /api/v1/documents/{document_id}": {404},
    "GET /api/v1/status": {200},
}
KEY = "a key for batches"
BEARER = {"Authorization": f"Bearer {KEY}"}
UNLIMITED = {
    "api_keys": (hashlib.sha256(KEY.encode()).hexdigest(),),
    "questions_per_minute": 10**9,
    "requests_per_minute": 10**9,
    "keyed_questions_per_minute": 10**9,
}
DOCUMENTS = [
    Document(
        id="tea",
        title="Tea \U0001f375",
        text="Why is tea hot?(2020-01-02)\n\nTea \U0001f375 is hot. It was grown in 2019.",
        date=datetime.date(2020, 1, 2),
        section="Drinks",
        source="https://example.org/tea",
        layout="question-answer",
    ),
    Document(id="milk", title="Milk", text="Milk is cold.\n\nMilk is white.", source="a letter"),
    Document(
        id="both",
        title="Both",
        text="Q Why not both?\n\nMR. BREWER: Tea with milk.\n\nQ And rain?\n\nMR. BREWER: No.",
        date=datetime.date(2021, 3, 4),
        layout="transcript",
    ),
]


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A live QA over the documents that saves feedback."""
    folder = tmp_path_factory.mktemp("openapi")
    build(map(corpus_file, DOCUMENTS), folder / "index", WordEncoder(), passage_chars=100)
    feedback = FeedbackStore(folder / "feedback.sqlite", days=1)
    yield Live(QA(open_snapshot(folder / "index"), WordEncoder()), feedback=feedback)
    feedback.close()


def described_by(live, **limits):
    """The described API, served in this process."""
    app = create_app(live, Settings(**{**UNLIMITED, **limits}), chat=False)
    config = schemathesis.Config()
    config.projects.default.base_url = "http://127.0.0.1"
    return schemathesis.openapi.from_asgi(
        "/openapi.json", app, config=config, headers={"Host": "127.0.0.1"}
    )


@pytest.fixture(scope="module")
def described(live):
    return described_by(live)


@pytest.fixture(scope="module")
def client(live):
    app = create_app(live, Settings(**UNLIMITED), chat=False)
    headers = {"Content-Type": "application/json"}
    with TestClient(app, base_url="http://127.0.0.1", headers=headers) as client:
        yield client


def test_these_are_all_its_operations(described):
    assert [operation.ok().label for operation in described.get_all_operations()] == [*OPERATIONS]


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_response_matches_the_description(described, label):
    statuses = Counter()

    def describe(case):
        for headers in ({}, BEARER):
            statuses[case.call_and_validate(checks=CHECKS, headers=headers).status_code] += 1

    made = get_all_tests(schema=described, test_func=describe, settings=SETTINGS, given_kwargs=None)
    (test,) = [test for operation, test in (one.ok() for one in made) if operation.label == label]
    try:
        test()
    finally:
        _log.warning("%s: %s", label, dict(statuses))
    assert OPERATIONS[label] <= set(statuses)


def test_rare_responses_match_the_description_too(described, live):
    def sent(path, method, expected, headers=None, **request):
        case = described[path][method].Case(headers=headers or {}, **request)
        response = case.call_and_validate(checks=CHECKS)
        assert response.status_code == expected
        return response

    ask, batch = "/api/v1/ask", "/api/v1/batch"
    answer = sent(ask, "POST", 200, body={"question": "is tea hot"})
    assert answer.json()["citations"] or answer.json()["nearest"]
    sent(ask, "POST", 422, body={"question": "x" * 2_001})
    sent(ask, "POST", 413, body={"question": "x" * 70_000})
    sent(ask, "POST", 410, body={"question": "is tea hot", "widget": 99})
    sent(ask, "POST", 421, {"Host": "example.org"}, body={"question": "is tea hot"})
    questions = {"questions": [{"question": "is tea hot"}, {"question": "zebra"}]}
    sent(batch, "POST", 200, BEARER, body=questions)
    sent(batch, "POST", 401, {"Authorization": "Bearer x"}, body=questions)
    sent(batch, "POST", 413, BEARER, body={"questions": questions["questions"] * 51})
    feedback = {"request": answer.headers["x-request-id"][0], "helpful": True}
    sent("/api/v1/feedback", "POST", 204, body=feedback)
    for document in DOCUMENTS:
        named = {"path_parameters": {"document_id": document.id}}
        read = sent("/api/v1/documents/{document_id}", "GET", 200, **named)
        assert read.json()["text"] == document.text
        known = {"If-None-Match": read.headers["etag"][0]}
        sent("/api/v1/documents/{document_id}", "GET", 304, known, **named)


def test_a_rate_limit_response_matches_the_description(live):
    described = described_by(live, questions_per_minute=1)
    case = described["/api/v1/ask"]["POST"].Case(body={"question": "is tea hot"})
    statuses = [case.call_and_validate(checks=CHECKS).status_code for _ in range(2)]
    assert statuses == [200, 429]


ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
# Much of it, so that limits are met and passed: of characters, of bytes.
LONG_TEXT = st.builds(lambda text, n: text * n, ANY_TEXT, st.integers(1, 3_000))
BLANK_TEXT = st.text(" \t\r\n\0\x0b\x85\u200b\u2028\u3000\ufeff", max_size=60)
RECORD_TEXT = st.lists(
    st.sampled_from([*" ".join(d.text for d in DOCUMENTS).split(), "\ud800", "\0", "\udfff\ud83c"])
).map(" ".join)
QUESTIONS = st.one_of(ANY_TEXT, LONG_TEXT, BLANK_TEXT, RECORD_TEXT)


def test_any_text_may_be_asked_and_what_is_cited_stands_in_the_record(live, client):
    documents = {document.id: document for document in DOCUMENTS}

    @example(question="tea " * 500, previous=[])
    @example(question="tea" * 667, previous=["x" * 2_001])
    @example(question="x" * 70_000, previous=[])
    @example(question="is tea\0hot \ud800", previous=["\udfff"])
    @example(question=" \0\n", previous=["\0"])
    @given(question=QUESTIONS, previous=st.lists(QUESTIONS, max_size=3))
    @settings(SETTINGS, max_examples=3 * EXAMPLES)
    def fields(question, previous):
        body = json.dumps({"question": question, "previous": previous})  # surrogates as escapes
        response = client.post("/api/v1/ask", content=body)
        assert response.status_code in {200, 413, 422}
        if response.status_code == HTTPStatus.OK:
            assert list(faults(response.json(), documents)) == []

    fields()
