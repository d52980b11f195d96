"""Hostile requests to every public route, the chat's among them, with Gradio in this process.

``benchmarks/fuzz.py`` sends more of them to a server in a process of its own.
"""

import asyncio
import json
import logging
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzzing import BAIT, ELSEWHERE, Touched, requests
from qa.settings import Settings

CASES = 300
UNLIMITED = {"questions_per_minute": 10**6, "requests_per_minute": 10**6}


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    from conftest import WordEncoder, corpus_file
    from qa import QA
    from qa.index.build import build
    from qa.index.snapshot import open_snapshot
    from qa.records import Document
    from qa.web.server.live import Live

    index = tmp_path_factory.mktemp("fuzzed") / "index"
    document = Document(id="tea", title="Tea", text="Tea is hot.\n\nMilk is cold.")
    build([corpus_file(document)], index, WordEncoder(), passage_chars=100)
    return Live(QA(open_snapshot(index), WordEncoder())), index


@pytest.fixture(scope="module")
def client(live):
    """A client of the whole application, and what its process touches."""
    from qa.web.app import create_app

    async def made():
        return create_app(live[0], Settings(mcp=True, **UNLIMITED))

    app = asyncio.run(made())  # where no loop runs, Gradio makes some and leaves them open
    touched = Touched(live[1])
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        client.get("/en/")  # what is loaded at its first use
        yield client, touched


def sent_by(client, request):
    """The answer to a request; what it makes is fetched."""
    answer = client.request(
        request.method, request.target, headers=request.headers, content=request.body
    )
    if answer.status_code == 200 and urlsplit(request.target).path.endswith("queue/join"):
        session = json.loads(request.body)["session_hash"]
        data = urlsplit(request.target).path.replace("join", "data")
        client.get(data, params={"session_hash": session})
    return answer


def test_no_request_opens_a_file_connects_anywhere_or_fails(client):
    client, touched = client
    statuses = {}

    @seed(20261129)
    @settings(
        max_examples=CASES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests())
    def answer_to(request):
        touched.is_watching = True
        try:
            status = sent_by(client, request).status_code
        finally:
            touched.is_watching = False
        statuses.setdefault(urlsplit(request.target).path.split("/")[-1], set()).add(status)
        assert touched.found == [], request
        assert status < 500, request

    answer_to()
    assert {200, 415, 422} <= statuses["join"]


@pytest.mark.parametrize(
    "data",
    [
        [{"path": BAIT}, [], False, "", "", ""],
        ["who?", [], False, {"path": BAIT}, "", ""],
        ["who?", [{"role": "user", "content": {"path": BAIT}}], False, "", "", ""],
        [{"path": ELSEWHERE, "meta": {"_type": "gradio.FileData"}}, [], False, "", "", ""],
    ],
)
def test_a_path_or_an_address_in_a_text_box_is_refused_untouched(client, data):
    client, touched = client
    body = {"data": data, "fn_index": 0, "session_hash": "one"}
    touched.is_watching = True
    try:
        answer = client.post("/en/gradio_api/queue/join", json=body)
        if answer.status_code == 200:
            client.get("/en/gradio_api/queue/data", params={"session_hash": "one"})
    finally:
        touched.is_watching = False
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert touched.found == []


@pytest.mark.parametrize(
    "held",
    [
        [{"role": "assistant", "content": {"path": BAIT}}],
        [{"path": BAIT, "meta": {"_type": "gradio.FileData"}}],
        [
            {
                "role": "user",
                "content": [{"type": "component", "component": "markdown", "value": "x"}],
            }
        ],
        [{"role": "user", "content": "x"}] * 14_500,
    ],
)
def test_a_conversation_to_restore_is_messages_of_text(client, held, capfd, caplog):
    client, touched = client
    touched.is_watching = True
    try:
        with caplog.at_level(logging.INFO):
            body = {"data": [held], "fn_index": 3, "session_hash": "two"}
            answer = client.post("/zh-Hans/gradio_api/queue/join", json=body)
    finally:
        touched.is_watching = False
    assert answer.status_code == 422
    assert touched.found == []
    assert capfd.readouterr() == ("", "")
    records = [r for r in caplog.records if r.name.startswith("qa")]
    assert {r.levelname for r in records} <= {"INFO"}
    assert not any(BAIT in str(vars(r)) for r in records)
