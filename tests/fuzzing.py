"""Hostile requests to every public route, and the files and addresses a process uses.

``requests`` is a strategy of hypothesis: values that Gradio would take for files, addresses or
components, in the places of text boxes, among values that are right. ``Touched`` notes the files
a process opens and the addresses it connects to, by an audit hook.
"""

import json
import os
import site
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from qa.web.server.routes import MCP_ROUTES, ROUTES
from qa.web.wording import LANGUAGES

# Nobody listens there, and nothing may ask.
ELSEWHERE = "http://127.0.0.1:9/bait"
BAIT = "/etc/hostname"
_FILE = {"path": BAIT, "meta": {"_type": "gradio.FileData"}}
_BAITS = [
    _FILE,
    {"path": BAIT},
    {"path": "/dev/zero"},
    {"path": "qa.toml", "orig_name": "x"},
    {"path": ELSEWHERE},
    {"path": ELSEWHERE, "url": ELSEWHERE, "meta": {"_type": "gradio.FileData"}},
    {"url": ELSEWHERE},
    {"video": _FILE, "subtitles": None},
    {"image": _FILE},
    {"files": [_FILE], "text": "x"},
    {"type": "file", "file": _FILE},
    {
        "type": "component",
        "component": "image",
        "value": _FILE,
        "constructor_args": {},
        "props": {},
    },
    {"type": "component", "component": "dataframe", "constructor_args": {"row_count": 10**6}},
    {"type": "text", "text": BAIT},
    {"__type__": "update", "value": _FILE},
    {"value": _FILE},
    {"role": "user", "content": _FILE},
    {"role": "assistant", "content": [{"type": "file", "file": _FILE}]},
    {"role": "assistant", "content": "<img src=x onerror=alert(1)>"},
    {"role": "system", "content": "x", "metadata": {"title": "x"}},
    BAIT,
    f"file={BAIT}",
    f"file://{BAIT}",
    ELSEWHERE,
    "data:image/png;base64,AAAA",
    "\ud800",
    "\0",
    "\u202e\u2028",
    "9" * 400,
    float("nan"),
    float("inf"),
    10**400,
    -1,
    [],
    {},
    [[[[[[[[]]]]]]]],
]
baits = st.sampled_from(_BAITS)
values = st.recursive(
    baits | st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
_words = st.sampled_from(["is tea hot", "", "2020-01-01", "hello", "x" * 3_000]) | st.text(
    max_size=30
)
_ids = st.sampled_from(["tea", "x", "..", "%2e%2e", "a" * 500, BAIT, "chat.js", "2.js"]) | st.text(
    min_size=1, max_size=12
)
_messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": _words}),
    max_size=4,
)


class Sent(NamedTuple):
    """A request to send."""

    method: str
    target: str
    headers: dict
    body: bytes


def _mostly(right):
    """Return a strategy of valid and invalid values."""
    return st.one_of(right, right, values)


_DATA = {
    0: st.tuples(*map(_mostly, (_words, _messages, st.booleans(), _words, _words, _words))),
    1: st.tuples(_mostly(st.booleans()), _mostly(_messages)),
    2: st.just(()),
    3: st.tuples(_mostly(_messages)),
}


@st.composite
def joins(draw):
    """Return the body of a chat event."""
    function = draw(st.integers(0, 3))
    body = {
        "data": list(draw(_DATA[function])),
        "fn_index": draw(st.one_of(*[st.just(function)] * 4, values)),
        "session_hash": draw(st.sampled_from(["a", "b", "c", "d"]) | values),
    }
    for name in draw(
        st.lists(st.sampled_from(["event_data", "trigger_id", "batched", "x"]), max_size=2)
    ):
        body[name] = draw(values)
    return body


def _rpcs():
    """Return the body of an MCP call."""
    arguments = st.fixed_dictionaries(
        {"question": _mostly(_words)}, optional={"since": _mostly(_words), "x": values}
    )
    calls = st.fixed_dictionaries({"name": _mostly(st.just("ask")), "arguments": arguments})
    methods = ["tools/call", "tools/list", "ping", "initialize", "resources/read", "x"]
    params = st.one_of(calls, calls, values, st.just({"uri": ELSEWHERE}))
    return st.fixed_dictionaries(
        {
            "jsonrpc": st.just("2.0"),
            "id": _mostly(st.integers(0, 9)),
            "method": st.sampled_from(methods),
            "params": params,
        }
    )


def _asks():
    """Return the body of a question to the API."""
    return st.fixed_dictionaries(
        {"question": _mostly(_words)},
        optional={
            "previous": _mostly(st.lists(_words, max_size=2)),
            "since": _mostly(_words),
            "section": _mostly(_words),
            "top_k": values,
            "language": _words,
        },
    )


_BODIES = {
    "/api/v1/ask": _asks(),
    "/api/v1/batch": st.fixed_dictionaries({"questions": st.lists(_asks(), max_size=2)}),
    "/api/v1/feedback": st.fixed_dictionaries(
        {"request": _mostly(st.just("a" * 32)), "helpful": _mostly(st.booleans())},
        optional={"reason": _mostly(_words)},
    ),
    "/{language}/gradio_api/queue/join": joins(),
    "/{language}/gradio_api/mcp/": _rpcs(),
    "/{language}/gradio_api/mcp/http/": _rpcs(),
}
_PARAMETERS = [
    "q",
    "since",
    "until",
    "section",
    "language",
    "snapshot",
    "start",
    "end",
    "v",
    "tools",
]
_parameters = st.dictionaries(st.sampled_from(_PARAMETERS), _words, max_size=3)
_KINDS = [{"Content-Type": "application/json"}] * 8 + [
    {},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    {"Content-Type": "multipart/form-data; boundary=x"},
    {"Content-Type": "application/json", "X-Gradio-Server": ELSEWHERE},
]
# Half of all requests go where Gradio's payloads go; reading results and what holds a stream open
# is done by who sends these.
_ROUTES = [r for r in (*ROUTES, *MCP_ROUTES) if "GET" in r.methods and r not in MCP_ROUTES]
_TAKING = [r for r in (*ROUTES, *MCP_ROUTES) if "POST" in r.methods]
_JOINING = [r for r in _TAKING if r.name.endswith("queue/join")]


def encoded(value):
    """Return a value as the lenient JSON of Python."""
    return json.dumps(value).encode()


@st.composite
def requests(draw):
    """Return a request to a public route."""
    route = draw(st.sampled_from(_ROUTES) | st.sampled_from(_TAKING) | st.sampled_from(_JOINING))
    id_ = quote(draw(_ids).encode("utf-8", "replace"), safe="%")
    path = route.name.replace("{language}", draw(st.sampled_from(LANGUAGES)))
    path = path.replace("{id}", id_).replace("{path}", f"{id_}/x")
    parameters = {k: v.encode("utf-8", "replace") for k, v in draw(_parameters).items()}
    if route.name.endswith("queue/data"):
        hashes = st.sampled_from(["a", "b", "c", "d", BAIT, "x" * 400])
        parameters["session_hash"] = draw(hashes).encode()
    target = f"{path}?{urlencode(parameters)}" if parameters else path
    if "POST" not in route.methods:
        return Sent("GET", target, {}, b"")
    body = draw(
        _BODIES[route.name].map(encoded) | _BODIES[route.name].map(encoded) | st.binary(max_size=40)
    )
    accepted = {"Accept": "application/json, text/event-stream"}
    return Sent("POST", target, {**accepted, **draw(st.sampled_from(_KINDS))}, body)


class Touched:
    """The foreign files that this process opens, and the addresses it connects to."""

    def __init__(self, *folders):
        """Ignore ``folders``, and those of Python and its packages."""
        installed = [*site.getsitepackages(), *sysconfig.get_paths().values(), sys.base_prefix]
        own = [*installed, sys.prefix, Path(__file__).parent.parent / "src", *folders]
        ways = (os.path.abspath, os.path.realpath)
        self._own = tuple({way(folder) + os.sep for folder in own for way in ways})
        self.is_watching = False
        self.found = []
        sys.addaudithook(self._note)

    def _note(self, event, args):
        if not self.is_watching:
            return
        if event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(args[0]))  # noqa: PTH100 - as fast as may be
            if not path.startswith(self._own) and path != os.devnull:
                self.found.append(("open", path))
        elif event in {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"}:
            self.found.append((event, repr(args[1:])[:200]))
