"""The guard: access, limits and timeouts, and the headers of every response."""

import asyncio
import hashlib
import json
import logging

import pytest

from qa.settings import Settings
from qa.web.server.guard import Envelope, Gate
from qa.web.server.limits import Limits, network
from qa.web.server.metrics import Metrics

TEXTS = {"tea": "Tea is hot.", "milk": "Milk is cold."}
ASK = "/api/v1/ask"
PAGE = "https://www.example.org"
KEY = "a key of one's own"
HASH = hashlib.sha256(KEY.encode()).hexdigest()
TEA = {"question": "is tea hot"}
SENT = [(b"content-type", b"application/json")]
CHATTED = b'{"session_hash":"a","fn_index":2,"data":[]}'


@pytest.fixture
def client(make_live, make_client):
    """Return a client of a server with these settings."""
    live = make_live(TEXTS)
    return lambda **settings: make_client(live, **settings)


def guarded(app, **settings):
    """Return the guard around a given application."""
    given = Settings(**settings)
    return Envelope(Gate(app, given, Limits(given)), given, Metrics())


async def send_request(  # noqa: PLR0913 - what a request has
    app, receive=None, *, path="/answer", method="GET", headers=(), address="192.0.2.1"
):
    """Return status, headers and body of a request sent to the ASGI application."""
    sent = []

    async def nothing():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": (address, 1),
        "root_path": "",
        "query_string": b"q=secret",
    }
    await app(scope, receive or nothing, send)
    body = b"".join(m.get("body", b"") for m in sent[1:])
    return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, body


async def fine(scope, receive, send):
    """Answer with the request itself."""
    message = await receive()
    echoed = json.dumps({k.decode(): v.decode() for k, v in scope["headers"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"] or echoed})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/documents/tea", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/documents/none", 404),
        ("PUT", ASK, 405),
        ("POST", ASK, 422),
        ("GET", "/healthz", 200),
    ],
)
def test_every_response_carries_the_security_headers_and_its_requests_id(
    client, method, path, status
):
    answer = client().request(method, path)
    assert answer.status_code == status
    headers = answer.headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert len(headers["x-request-id"]) == 32
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_only_the_origins_named_may_frame_a_page(client):
    headers = client(frame_ancestors=[PAGE, "https://b.example"]).get("/documents/tea").headers
    policy = headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://www.example.org https://b.example")
    assert "x-frame-options" not in headers


def test_a_server_behind_https_sends_hsts(client):
    headers = client(public_url="https://ask.example.org").get("/healthz").headers
    assert headers["strict-transport-security"] == "max-age=31536000"


def test_a_sane_request_id_is_kept_and_another_is_not(client):
    given = {"X-Request-Id": "abcd-1234"}
    assert client().get("/healthz", headers=given).headers["x-request-id"] == "abcd-1234"
    given = {"X-Request-Id": "abcd 1234\tx"}
    assert client().get("/healthz", headers=given).headers["x-request-id"] != "abcd 1234\tx"


def test_head_is_answered_like_get_without_the_body(client):
    got, head = client().get("/documents/tea"), client().head("/documents/tea")
    assert (head.status_code, head.headers["content-type"]) == (200, got.headers["content-type"])


@pytest.mark.parametrize("path", ["/config", "/gradio_api/info", "/gradio_api/upload", "/docs"])
def test_paths_outside_the_table_are_closed(client, path):
    assert client().get(path).json()["detail"] == "There is nothing here."


def test_a_wrong_method_gets_405_with_the_allowed_ones(client):
    answer = client().delete(ASK)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("settings", "host", "status"),
    [
        ({}, "localhost:7860", 200),
        ({}, "[::1]:7860", 200),
        ({}, "evil.example", 421),
        ({}, "127.0.0.1.evil.example", 421),
        ({}, "[::1", 421),
        ({"public_url": "https://ask.example.org/x"}, "ask.example.org", 200),
        ({"public_url": "https://ask.example.org"}, "evil.example", 421),
        ({"host": "0.0.0.0"}, "anything.example", 200),  # noqa: S104
    ],
)
def test_a_server_answers_to_its_own_names_only(client, settings, host, status):
    answer = client(**settings).get("/healthz", headers={"Host": host})
    assert answer.status_code == status


def test_no_other_origin_may_read_anything_unless_it_is_named(client):
    shy, open_ = client(), client(allowed_origins=[PAGE])
    origin = {"Origin": PAGE}
    assert "access-control-allow-origin" not in shy.post(ASK, json=TEA, headers=origin).headers
    answer = open_.post(ASK, json=TEA, headers=origin)
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in answer.headers
    other = open_.post(ASK, json=TEA, headers={"Origin": f"{PAGE}.evil.example"})
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in open_.get("/documents/tea", headers=origin).headers


def test_a_page_that_may_ask_may_ask_in_json_and_read_refusals(client):
    limited = client(allowed_origins=[PAGE], questions_per_minute=1)
    wanted = {"Access-Control-Request-Method": "POST", "Origin": PAGE}
    preflight = limited.options(
        ASK, headers={**wanted, "Access-Control-Request-Headers": "content-type"}
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == PAGE
    keyed = {**wanted, "Access-Control-Request-Headers": "authorization"}
    assert limited.options(ASK, headers=keyed).status_code == 400
    statuses = [limited.post(ASK, json=TEA, headers={"Origin": PAGE}) for _ in range(2)]
    assert [answer.status_code for answer in statuses] == [200, 429]
    assert statuses[1].headers["access-control-allow-origin"] == PAGE
    assert "Retry-After" in statuses[1].headers["access-control-expose-headers"]


def test_a_client_over_its_limit_waits_and_nobody_else_does(make_live, make_client):
    live = make_live(TEXTS)
    app = make_client(live, questions_per_minute=2).app

    async def statuses(address, number):
        results = [await send_request(app, address=address) for _ in range(number)]
        return [status for status, _, _ in results], results[-1]

    async def all_of_them():
        first = await statuses("192.0.2.1", 3)
        return first, await statuses("192.0.2.2", 2)

    (one, last), (other, _) = asyncio.run(all_of_them())
    assert (one, other) == ([200, 200, 429], [200, 200])
    _, headers, body = last
    assert 1 <= int(headers["retry-after"]) <= 60
    assert json.loads(body)["status"] == 429
    assert headers["content-type"] == "application/problem+json"


def test_pages_count_as_requests_and_not_as_questions(client):
    limited = client(questions_per_minute=1, requests_per_minute=3)
    statuses = [limited.get("/documents/tea").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_an_ipv6_client_is_its_network():
    assert network("2001:db8::1") == network("2001:db8::ffff") == "2001:db8::/64"
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"


def test_a_key_is_known_by_its_hash_and_opens_batches(client):
    batch = {"questions": [TEA, {"question": "is milk cold"}]}
    limited = client(api_keys=[HASH], questions_per_minute=1, max_batch=2)
    for wrong in ({}, {"Authorization": "Bearer no"}, {"Authorization": f"Basic {KEY}"}):
        refused = limited.post("/api/v1/batch", json=batch, headers=wrong)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    key = {"Authorization": f"Bearer {KEY}"}
    answers = limited.post("/api/v1/batch", json=batch, headers=key).json()["answers"]
    assert [a["citations"][0]["passage"]["text"] for a in answers] == [*TEXTS.values()]
    long = {"questions": [TEA] * 3}
    assert limited.post("/api/v1/batch", json=long, headers=key).status_code == 413
    assert client().post("/api/v1/batch", json=batch, headers=key).status_code == 401


def test_each_question_of_a_batch_counts(client):
    limited = client(api_keys=[HASH], keyed_questions_per_minute=3)
    key, two = {"Authorization": f"Bearer {KEY}"}, {"questions": [TEA, TEA]}
    statuses = [limited.post("/api/v1/batch", json=two, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in statuses] == [200, 429]
    assert limited.post(ASK, json=TEA, headers=key).status_code == 200
    assert limited.post(ASK, json=TEA, headers=key).status_code == 429


def test_a_request_may_be_as_long_as_set_and_no_longer(client):
    limited = client(max_body_bytes=1_024)
    body = b'{"question": "is tea hot"}'.ljust(1_024)
    json_headers = {"Content-Type": "application/json"}
    assert limited.post(ASK, content=body, headers=json_headers).status_code == 200
    refused = limited.post(ASK, content=body + b" ", headers=json_headers)
    assert (refused.status_code, refused.headers["connection"]) == (413, "close")
    assert "longer than 1,024 bytes" in refused.json()["detail"]


def test_a_conversation_may_be_longer_than_a_question():
    async def statuses():
        chat = guarded(fine, max_body_bytes=1_024)
        answered = []
        for size in (8_192, 8_193):

            async def receive(size=size):
                return {"type": "http.request", "body": CHATTED.ljust(size), "more_body": False}

            path = "/zh-Hans/gradio_api/queue/join"
            answered.append(
                (await send_request(chat, receive, path=path, method="POST", headers=SENT))[0]
            )
        return answered

    assert asyncio.run(statuses()) == [200, 413]


def test_gradio_gets_a_body_written_anew_and_its_length():
    sent = CHATTED.replace(b":", b" : ").replace(b"}", b',"event_data":null}')

    async def echo(scope, receive, send):
        length = dict(scope["headers"])[b"content-length"]
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": length + body})

    async def receive():
        return {"type": "http.request", "body": sent, "more_body": False}

    headers = [*SENT, (b"content-length", str(len(sent)).encode())]
    path = "/en/gradio_api/queue/join"
    response = asyncio.run(
        send_request(guarded(echo), receive, path=path, method="POST", headers=headers)
    )
    assert (response[0], response[2]) == (200, str(len(CHATTED)).encode() + CHATTED)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"data":[{"path":"/dev/zero"}],"fn_index":0,"session_hash":"a"}', SENT, 422),
        (b"\xff", SENT, 400),
        (CHATTED, [], 415),
        (CHATTED, [*SENT, (b"content-encoding", b"gzip")], 415),
    ],
)
def test_gradio_does_not_see_a_body_that_is_not_of_its_schema(body, headers, status):
    async def unseen(scope, receive, send):
        raise AssertionError

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    for path in ("/en/gradio_api/queue/join", "/en/gradio_api/mcp/"):
        app = guarded(unseen, mcp=True)
        response = asyncio.run(
            send_request(app, receive, path=path, method="POST", headers=headers)
        )
        assert response[0] == status
        assert response[1]["content-type"] == "application/problem+json"
        assert json.loads(response[2])["status"] == status


def test_a_request_that_does_not_arrive_is_given_up():
    async def never():
        await asyncio.Event().wait()

    slow = guarded(fine, request_timeout_s=0.01)
    status, headers, _ = asyncio.run(send_request(slow, never, path=ASK, method="POST"))
    assert (status, headers["connection"]) == (408, "close")


def test_a_body_in_pieces_arrives_whole():
    pieces = [b"te", b"a", b"!"]

    async def receive():
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    status, _, body = asyncio.run(send_request(guarded(fine), receive, path=ASK, method="POST"))
    assert (status, body) == (200, b"tea!")


@pytest.mark.parametrize(
    ("settings", "others"),
    [({"max_connections": 8}, 503), ({"max_connections_per_client": 8}, 200)],
)
def test_more_requests_at_a_time_than_set_are_refused_with_when_to_come_again(settings, others):
    async def outcome():
        go = asyncio.Event()

        async def waits(scope, receive, send):
            await go.wait()
            await fine(scope, receive, send)

        app = guarded(waits, **settings)
        held = [asyncio.create_task(send_request(app)) for _ in range(8)]
        await asyncio.sleep(0)
        ninth = await send_request(app)
        other = asyncio.create_task(send_request(app, address="192.0.2.99"))
        await asyncio.sleep(0)
        go.set()
        statuses = [(await task)[0] for task in held]
        return statuses, ninth, (await other)[0], (await send_request(app))[0]

    held, ninth, other, afterwards = asyncio.run(outcome())
    assert (held, ninth[0], other, afterwards) == ([200] * 8, 503, others, 200)
    assert ninth[1]["retry-after"] == "2"


def test_a_full_server_refuses_questions_before_it_reads_them():
    given = Settings()

    async def unread():
        raise AssertionError

    app = Envelope(Gate(fine, given, Limits(given), lambda: True), given, Metrics())
    status, headers, _ = asyncio.run(send_request(app, unread, path=ASK, method="POST"))
    assert (status, headers["retry-after"]) == (503, "2")
    assert asyncio.run(send_request(app, path="/documents/tea"))[0] == 200


def test_forwarding_headers_are_not_passed_on():
    claims = [
        (b"x-forwarded-host", b"evil.example"),
        (b"x-forwarded-for", b"1.2.3.4"),
        (b"x-gradio-server", b"http://evil.example"),
    ]
    _, _, body = asyncio.run(send_request(guarded(fine), headers=[*claims, (b"accept", b"a")]))
    assert json.loads(body) == {"host": "127.0.0.1", "accept": "a"}


def test_errors_inside_are_not_disclosed(caplog):
    async def fails(scope, receive, send):
        raise ValueError("the visitor's words")

    status, headers, body = asyncio.run(send_request(guarded(fails)))
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    assert headers["x-request-id"] in json.loads(body)["detail"]
    for hidden in ("visitor", "ValueError", "Traceback", "test_guard"):
        assert hidden not in body.decode()
    (record,) = [r for r in caplog.records if r.message == "failed"]
    assert (record.error, record.request) == ("ValueError", headers["x-request-id"])
    assert any("test_guard.py" in place and "fails" in place for place in record.at)
    assert "visitor" not in json.dumps(record.__dict__, default=str)


def test_an_error_in_a_route_is_reported_like_any_other(make_live, make_client, monkeypatch):
    live = make_live(TEXTS)

    async def fails(*_, **__):
        raise ValueError("the visitor's words")

    monkeypatch.setattr(live, "ask", fails)
    answer = make_client(live).post(ASK, json=TEA)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert "visitor" not in answer.text


def test_a_request_is_logged_without_words_or_address_of_its_visitor(caplog):
    with caplog.at_level(logging.INFO, logger="qa.web.server.guard"):
        asyncio.run(send_request(guarded(fine)))
    (record,) = [r for r in caplog.records if r.message == "request"]
    assert (record.method, record.route, record.status) == ("GET", "/answer", 200)
    logged = json.dumps(record.__dict__, default=str)
    assert "secret" not in logged
    assert "192.0.2.1" not in logged


def test_metrics_are_for_the_addresses_named(make_live, make_client):
    live = make_live(TEXTS)
    own = make_client(live, address="127.0.0.1")
    for question in ("is tea hot", "thanks", "zebra"):
        own.post(ASK, json={"question": question})
    own.get("/nowhere/at/all?q=secret")
    metrics = own.get("/metrics").text
    for line in (
        'qa_answers_total{status="answered"} 1.0',
        'qa_answers_total{status="courtesy"} 1.0',
        'qa_answers_total{status="not_in_record"} 1.0',
        'qa_requests_total{route="/api/v1/ask",status="200"} 3.0',
        'qa_requests_total{route="none",status="404"} 1.0',
        f'qa_snapshot_info{{digest="{live.snapshot.digest}"}} 1.0',
        "qa_snapshot_documents 2.0",
        "qa_waiting_questions 0.0",
        "qa_open_requests 1.0",
        "qa_answer_seconds_count 3.0",
    ):
        assert line in metrics
    assert "qa_snapshot_age_seconds" in metrics
    assert "secret" not in metrics
    assert make_client(live).get("/metrics").status_code == 404
    named = make_client(live, metrics_from=["203.0.113.0/24"])
    assert named.get("/metrics").status_code == 200


def test_websockets_are_closed():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(guarded(fine)({"type": "websocket", "path": "/"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1000}]


@pytest.mark.parametrize(
    ("accept", "kind"), [("text/html,*/*", "text/html"), ("*/*", "application/problem+json")]
)
def test_a_person_reads_a_refusal_as_a_page_in_their_language(make_live, make_client, accept, kind):
    client = make_client(make_live({"a": "Tea is hot."}), questions_per_minute=1)
    request = {"url": "/answer?q=tea", "headers": {"Accept": accept, "Accept-Language": "zh-TW"}}
    assert client.get(**request).status_code == 200
    refused = client.get(**request)
    assert refused.status_code == 429
    assert refused.headers["content-type"].startswith(kind)
    seconds = refused.headers["retry-after"]
    if kind == "text/html":
        assert f"提問過於頻繁，請{seconds}秒後再試。" in refused.text
        assert refused.headers["content-security-policy"].startswith("default-src 'none'")
    else:
        assert refused.json()["status"] == 429


def test_a_program_reads_a_refusal_of_the_api_as_json_whatever_it_accepts(make_live, make_client):
    client = make_client(make_live({"a": "Tea is hot."}), questions_per_minute=1)
    for _ in range(2):
        answer = client.post(
            "/api/v1/ask", json={"question": "tea"}, headers={"Accept": "text/html"}
        )
    assert answer.status_code == 429
    assert answer.json()["status"] == 429
