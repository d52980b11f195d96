"""Bodies of Gradio's routes: plain values pass, anything else is refused unquoted."""

import json

import pytest
from starlette.datastructures import Headers

from qa.web.server.payloads import (
    JOIN,
    MOST_MESSAGES,
    PayloadError,
    canonical,
    check_functions,
    parse_join,
)

MCP = "/{language}/gradio_api/mcp/"
JSON = Headers({"content-type": "application/json; charset=utf-8"})
NAME = "Rumpelstiltskin"  # a visitor's
FILE = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
HI = {"role": "user", "content": "hi"}
PARTS = {"role": "user", "content": [{"type": "text", "text": "hi"}], "metadata": None}


def event(fn_index=0, data=("q", (), False, "", "", ""), **members):
    return {"session_hash": "a1", "fn_index": fn_index, "data": data, **members}


def passed(body, route=JOIN, headers=JSON):
    """Return the body passed on, parsed."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json.loads(canonical(route, headers, sent))


def without_none(item):
    return {key: value for key, value in item.items() if value is not None}


def refusal(body, route=JOIN, headers=JSON):
    """Return the status and the text of a refusal."""
    with pytest.raises(PayloadError) as refused:
        passed(body, route, headers)
    assert NAME not in str(refused.value)
    assert len(str(refused.value)) < 500
    return refused.value.status.value, str(refused.value)


@pytest.mark.parametrize(
    "sent",
    [
        event(),
        event(0, ["q" * 2_001, [HI, PARTS], True, "2020-01-01", "not a day", "Trade"]),
        event(1, [True, [HI]]),
        event(2, []),
        event(3, [[HI] * MOST_MESSAGES], trigger_id=18, session_hash="A_b-9" * 12),
    ],
)
def test_payloads_of_the_page_pass_unchanged(sent):
    assert passed(sent) == json.loads(json.dumps(sent), object_hook=without_none)


@pytest.mark.parametrize(
    "value", [FILE, {"path": "a"}, ["q"], None, 5, 1.5, True, {}, {"url": "x"}]
)
@pytest.mark.parametrize("place", [0, 3, 4, 5])
def test_a_text_box_holds_text_alone(place, value):
    data = ["q", [], False, "", "", ""]
    data[place] = value
    assert refusal(event(0, data)) == (422, f"data.{place}: Input should be a valid string")


@pytest.mark.parametrize("value", [FILE, 1, 0, "true", None, []])
def test_a_checkbox_holds_a_boolean_alone(value):
    assert refusal(event(1, [value, []])) == (422, "data.0: Input should be a valid boolean")
    assert refusal(event(0, ["q", [], value, "", "", ""]))[0] == 422


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": FILE},
        {"role": "user", "content": {"path": "/dev/zero"}},
        {"role": "user", "content": [{"type": "file", "file": FILE}]},
        {"role": "user", "content": [{"type": "component", "component": "image", "value": FILE}]},
        {"role": "user", "content": [{"type": "text", "text": "x", "file": FILE}]},
        {"role": "user", "content": [{"type": "text", "text": FILE}]},
        {"role": "user", "content": [{"text": NAME}]},
        {"role": "user", "content": ["hi"]},
        {"role": "user", "content": None},
        {"role": "system", "content": "hi"},
        {"role": NAME, "content": "hi"},
        {"role": "user", "content": "hi", "metadata": {"title": NAME}},
        {"role": "user", "content": "hi", "options": [{"value": "x"}]},
        {"role": "user", "content": "hi", NAME: 1},
        {"role": "user"},
        {**FILE, "role": "user", "content": "hi"},
        FILE,
        ["hi", "there"],
        "hi",
        None,
    ],
)
@pytest.mark.parametrize("place", ["asked", "kept", "restored"])
def test_a_message_is_text_alone_wherever_it_comes(message, place):
    sent = {
        "asked": event(0, ["q", [HI, message], False, "", "", ""]),
        "kept": event(1, [True, [HI, message]]),
        "restored": event(3, [[HI, message]]),
    }[place]
    assert refusal(sent)[0] == 422


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("session_hash", None),
        ("session_hash", ""),
        ("session_hash", "a" * 65),
        ("session_hash", "../a"),
        ("session_hash", "a\n"),
        ("session_hash", FILE),
        ("fn_index", None),
        ("fn_index", 4),
        ("fn_index", -1),
        ("fn_index", "0"),
        ("fn_index", NAME),
        ("trigger_id", FILE),
        ("trigger_id", "18"),
        ("trigger_id", 10**30),
        ("event_data", FILE),
        ("event_id", "x"),
        ("oauth_token", NAME),
        ("simple_format", True),
        ("batched", True),
        ("request", FILE),
        ("data", FILE),
        ("data", None),
        ("data", []),
        ("data", ["q", [], False, "", "", "", "more"]),
        (NAME, 1),
    ],
)
def test_members_that_no_page_sends_are_refused(name, value):
    assert refusal(event(**{name: value}))[0] == 422


def test_the_size_the_number_and_the_depth_of_a_payload_are_limited():
    assert passed(event(0, ["q" * 100_000, [], False, "9" * 40, "", "s" * 1_000]))
    for data in (
        ["q" * 100_001, [], False, "", "", ""],
        ["q", [], False, "9" * 41, "", ""],
        ["q", [], False, "", "9" * 41, ""],
        ["q", [], False, "", "", "s" * 1_001],
        ["q", [HI] * (MOST_MESSAGES + 1), False, "", "", ""],
        ["q", [{**PARTS, "content": PARTS["content"] * 27}], False, "", "", ""],
        ["q", [{**HI, "content": "x" * 1_000_001}], False, "", "", ""],
    ):
        assert refusal(event(0, data))[0] == 422
    many = b'{"session_hash":"a","fn_index":3,"data":[[' + b"{}," * 4_999 + b"{}]]}"
    assert refusal(many) == (422, "The body has more than 5,000 lists and objects.")
    deep = b'{"session_hash":"a","fn_index":3,"data":' + b"[" * 4_000 + b"]" * 4_000 + b"}"
    assert refusal(deep)[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"q",
        b"{",
        b"\xff\xfe{}",
        b'{"session_hash":"a","fn_index":0,"data":["\xc3\x28",[],false,"","",""]}',
        b'{"session_hash":"a","fn_index":0,"data":[],}',
        b'{"session_hash":"a","fn_index":0,"data":["a\nb",[],false,"","",""]}',
    ],
)
def test_a_body_that_is_not_json_in_utf8_is_refused(body):
    assert refusal(body) == (400, "The body is not JSON in UTF-8.")


def test_two_parsers_cannot_read_a_body_differently():
    twice = b'{"fn_index":0,"fn_index":2,"session_hash":"a","data":["x"],"data":[]}'
    assert canonical(JOIN, JSON, twice) == b'{"session_hash":"a","fn_index":2,"data":[]}'
    for number in (b"NaN", b"Infinity", b"1e999", b"9" * 5_000):
        body = b'{"session_hash":"a","fn_index":2,"data":[],"trigger_id":%s}' % number
        assert refusal(body)[0] in {400, 422}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/json-patch+json"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
@pytest.mark.parametrize("route", [JOIN, MCP])
def test_only_json_that_is_not_compressed_is_taken(headers, route):
    assert refusal(event(), route, Headers(headers))[0] == 415


def test_the_bodies_of_other_routes_go_on_untouched():
    assert canonical("/api/v1/ask", Headers({}), b"\xff anything") == b"\xff anything"


def test_a_refusal_names_the_place_and_three_faults_at_most():
    bad = {"role": "user"}
    places = "; ".join(f"data.0.{n}.content: Field required" for n in range(3))
    assert refusal(event(3, [[bad] * 5])) == (422, f"{places}; and 2 more")
    assert refusal(event(2, [], **{NAME: 1}))[1] == "?: Extra inputs are not permitted"


def test_an_event_is_read_back_as_what_it_is():
    read = parse_join(json.dumps(event(3, [[HI, PARTS]])).encode())
    assert [(m.role, m.text) for m in read.data[0]] == [("user", "hi"), ("user", "hi")]


def test_functions_numbered_otherwise_stop_the_server_at_its_start():
    check_functions([0, 1, 2, 3])
    with pytest.raises(RuntimeError, match=r"\[0, 1, 3, 2\], not \[0, 1, 2, 3\]"):
        check_functions([0, 1, 3, 2])


def rpc(method, params=None, **members):
    sent = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params, **members}
    return without_none(sent)


HELLO = {
    "protocolVersion": "2025-03-26",
    "capabilities": {"roots": {"listChanged": True}},
    "clientInfo": {"name": "x", "version": "1", "title": NAME},
}


@pytest.mark.parametrize(
    ("sent", "gone"),
    [
        (
            rpc("initialize", HELLO),
            {
                "protocolVersion": "2025-03-26",
                "capabilities": {},
                "clientInfo": {"name": "x", "version": "1"},
            },
        ),
        (rpc("tools/list", {"cursor": "x"}), {}),
        (rpc("ping", id="a b"), None),
        (
            rpc("tools/call", {"name": "ask", "arguments": {"question": "q"}, "_meta": {"p": 1}}),
            {"name": "ask", "arguments": {"question": "q", "since": "", "until": ""}},
        ),
        (
            rpc("notifications/cancelled", {"requestId": 7, "reason": NAME}, id=None),
            {"requestId": 7},
        ),
    ],
)
def test_of_an_assistants_call_only_what_is_needed_goes_on(sent, gone):
    assert passed(sent, MCP) == without_none({**sent, "params": gone})


@pytest.mark.parametrize(
    "sent",
    [
        rpc("resources/read", {"uri": "http://127.0.0.1/x"}),
        rpc("logging/setLevel", {"level": "debug"}),
        rpc(NAME),
        rpc("tools/call", {"name": NAME, "arguments": {"question": "q"}}),
        rpc("tools/call", {"name": "ask", "arguments": {"question": FILE}}),
        rpc("tools/call", {"name": "ask", "arguments": {"question": "q", "since": FILE}}),
        rpc("tools/call", {"name": "ask", "arguments": {"question": "q", NAME: "x"}}),
        rpc("tools/call", {"name": "ask", "arguments": [NAME]}),
        rpc("tools/call", {"name": "ask"}),
        rpc("ping", id=NAME * 20),
        rpc("ping", id=[1]),
        rpc("ping", jsonrpc="1.0"),
        rpc("initialize", {**HELLO, "protocolVersion": NAME}),
        [rpc("ping"), rpc("ping")],
        {"result": {}, "jsonrpc": "2.0", "id": 1},
    ],
)
def test_an_assistant_may_ask_and_nothing_else(sent):
    assert refusal(sent, MCP)[0] == 422


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb"tea \ud800 hot", "tea ? hot"),
        (rb"\udc00", "?"),
        (rb"\ud83d\ude00", "\N{GRINNING FACE}"),
        (rb"\\ud800", r"\ud800"),
        (rb"\\\ud800", "\\?"),
    ],
)
def test_half_a_character_is_a_question_mark(sent, read):
    data = b'["' + sent + b'", [], false, "", "", ""]'
    body = b'{"fn_index": 0, "session_hash": "one", "data": ' + data + b"}"
    assert parse_join(body).data[0] == read


def test_brackets_in_a_text_are_no_lists():
    question = "[{" * 20_000
    data = json.dumps([question, [], False, "", "", ""])
    body = f'{{"fn_index": 0, "session_hash": "one", "data": {data}}}'.encode()
    assert parse_join(body).data[0] == question
