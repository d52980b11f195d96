"""Strict schemas for the bodies that Gradio's routes take; the guard applies them first.

Gradio reads a payload as its own data format: a mapping may name a file or an address, a message
may hold a component to build. Here a value is a plain string, a boolean or a message of text, or
the request is refused. The body passed on is serialised anew from the parsed one, so no two
parsers can read it differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.datastructures import Headers

__all__ = [
    "JOIN",
    "MOST_MESSAGES",
    "Ask",
    "Clear",
    "Join",
    "Keep",
    "Message",
    "PayloadError",
    "Restore",
    "SessionHash",
    "canonical",
    "check_functions",
    "parse_join",
]

# The routes of the chat's events and of MCP.
JOIN = "/{language}/gradio_api/queue/join"
_MCP = ("/{language}/gradio_api/mcp/", "/{language}/gradio_api/mcp/http/")
# Most messages the page shows and sends back: the kept ones, one question and its answer.
MOST_MESSAGES = 26
# A pasted text may be longer than a question, which the chat then says. No page sends more.
_QUESTION_CHARS = 100_000
_MESSAGE_CHARS = 1_000_000
_DAY_CHARS = 40
_SECTION_CHARS = 1_000
_ID_CHARS = 128
# Lists and objects in a body. A conversation has about a hundred. A body of 500 KB may hold
# 170,000, which take a tenth of a second to parse.
_MOST_BRACKETS = 5_000
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
# An escape of a JSON string. A browser sends half a surrogate pair ("\\ud800") if a script put one
# into the box; parsers refuse it.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
# Faults named in a refusal; a hostile body may have thousands.
_MOST_FAULTS = 3

SessionHash = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Question = Annotated[str, Field(max_length=_QUESTION_CHARS)]
_Day = Annotated[str, Field(max_length=_DAY_CHARS)]
_Section = Annotated[str, Field(max_length=_SECTION_CHARS)]


class PayloadError(Exception):
    """A route does not take a body; the text is for the client and repeats none of its values."""

    def __init__(self, detail: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
        super().__init__(detail)
        self.status = status


class _Strict(BaseModel):
    """A model that converts nothing and refuses unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class _Text(_Strict):
    type: Literal["text"]
    text: Annotated[str, Field(max_length=_MESSAGE_CHARS)]


class Message(_Strict):
    """A message of text, in the form the page sends or a browser kept."""

    role: Literal["user", "assistant"]
    content: (
        Annotated[str, Field(max_length=_MESSAGE_CHARS)]
        | Annotated[list[_Text], Field(max_length=MOST_MESSAGES)]
    )
    metadata: None = None
    options: None = None

    @property
    def text(self) -> str:
        """The text in either form."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


_Messages = Annotated[list[Message], Field(max_length=MOST_MESSAGES)]


class _Event(_Strict):
    """The members of every event of the page."""

    session_hash: SessionHash
    trigger_id: Annotated[int, Field(ge=0, le=100_000)] | None = None
    event_data: None = None


class Ask(_Event):
    """A question: box, conversation, keep or not, first and last day, section."""

    fn_index: Literal[0]
    data: tuple[_Question, _Messages, bool, _Day, _Day, _Section]


class Keep(_Event):
    """A choice to keep the conversation in the browser or not, and the conversation."""

    fn_index: Literal[1]
    data: tuple[bool, _Messages]


class Clear(_Event):
    """The conversation was cleared."""

    fn_index: Literal[2]
    data: tuple[()]


class Restore(_Event):
    """The conversation the browser kept."""

    fn_index: Literal[3]
    data: tuple[_Messages]


Join = Annotated[Ask | Keep | Clear | Restore, Field(discriminator="fn_index")]
_EVENTS = (Ask, Keep, Clear, Restore)
_JOIN: TypeAdapter[Ask | Keep | Clear | Restore] = TypeAdapter(Join)


class _Loose(BaseModel):
    """A model that drops unknown members."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class _Client(_Loose):
    name: Annotated[str, Field(max_length=_ID_CHARS)]
    version: Annotated[str, Field(max_length=_ID_CHARS)]


class _Hello(_Loose):
    protocolVersion: Annotated[str, Field(pattern=r"^[0-9-]{1,32}$")]  # noqa: N815 - its name in MCP
    clientInfo: _Client  # noqa: N815
    capabilities: _Loose  # the server uses none


class _Arguments(_Strict):
    question: _Question
    since: _Day = ""
    until: _Day = ""


class _Called(_Loose):
    name: Literal["ask"]
    arguments: _Arguments


_CallId = (
    Annotated[int, Field(ge=-(2**53), le=2**53)]
    | Annotated[str, Field(max_length=_ID_CHARS, pattern=r"^[ -~]*$")]
)


class _Cancelled(_Loose):
    requestId: _CallId  # noqa: N815


class _Rpc(_Strict):
    jsonrpc: Literal["2.0"]


class _Initialize(_Rpc):
    id: _CallId
    method: Literal["initialize"]
    params: _Hello


class _List(_Rpc):
    id: _CallId
    method: Literal[
        "ping", "tools/list", "prompts/list", "resources/list", "resources/templates/list"
    ]
    params: _Loose | None = None


class _Call(_Rpc):
    id: _CallId
    method: Literal["tools/call"]
    params: _Called


class _Ready(_Rpc):
    method: Literal["notifications/initialized"]
    params: _Loose | None = None


class _Cancel(_Rpc):
    method: Literal["notifications/cancelled"]
    params: _Cancelled


# Reading a resource is left out: Gradio would connect to the address the request names.
_RPC: TypeAdapter[_Initialize | _List | _Call | _Ready | _Cancel] = TypeAdapter(
    Annotated[_Initialize | _List | _Call | _Ready | _Cancel, Field(discriminator="method")]
)


def check_functions(numbers: list[int]) -> None:
    """Check the numbers Gradio gave to the functions: ask, keep, clear, restore.

    Raises:
        RuntimeError: they differ from those of the schemas.
    """
    known = [event.model_json_schema()["properties"]["fn_index"]["const"] for event in _EVENTS]
    if numbers != known:
        raise RuntimeError(f"Gradio numbers the chat's functions {numbers}, not {known}.")


def parse_join(body: bytes) -> Ask | Keep | Clear | Restore:
    """Return the chat's event in ``body``.

    Raises:
        PayloadError: the chat's page sends no such event.
    """
    event: Ask | Keep | Clear | Restore = _parsed(_JOIN, body)
    return event


def canonical(route: str, headers: Headers, body: bytes) -> bytes:
    """Return the body to pass on to ``route``: serialised anew for Gradio's routes.

    Raises:
        PayloadError: the body is not JSON of the route's schema, or is compressed.
    """
    adapter = _ADAPTERS.get(route)
    if adapter is None:
        return body
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json" or headers.get("content-encoding", "identity") != "identity":
        raise PayloadError(
            "Only uncompressed application/json is accepted.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        )
    return adapter(body)


def _parsed(adapter: TypeAdapter[Any], body: bytes) -> Any:
    if _brackets(body) > _MOST_BRACKETS and _brackets(_STRING.sub(b"", body)) > _MOST_BRACKETS:
        raise PayloadError(f"The body has more than {_MOST_BRACKETS:,} lists and objects.")
    try:
        return adapter.validate_json(_ESCAPE.sub(_whole_character, body))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        raise PayloadError("The body is not JSON in UTF-8.", HTTPStatus.BAD_REQUEST)
    named = [f"{_place(f['loc'])}: {_fault(f)}" for f in faults[:_MOST_FAULTS]]
    more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
    raise PayloadError("; ".join(named) + more)


def _brackets(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[")


def _whole_character(escape: re.Match[bytes]) -> bytes:
    """Return an escape of a JSON string, or a question mark for half a surrogate pair."""
    return b"?" if escape["half"] else escape[0]


def _fault(fault: Any) -> str:
    """Return the message of a fault, except of a tag, whose message repeats the value."""
    return "not one of those taken" if fault["type"].startswith("union_tag") else str(fault["msg"])


def _place(location: tuple[str | int, ...]) -> str:
    """Return the place of a fault below the event, without names the client invented."""
    return ".".join(str(part) if _is_known(part) else "?" for part in location[1:]) or "the body"


def _is_known(part: str | int) -> bool:
    return isinstance(part, int) or part in _NAMES


def _names(schema: Any) -> set[str]:
    """Return every property name in a JSON schema."""
    if isinstance(schema, list):
        return set().union(*map(_names, schema))
    if not isinstance(schema, dict):
        return set()
    return {*schema.get("properties", {})}.union(*map(_names, schema.values()))


_NAMES = _names(_JOIN.json_schema()) | _names(_RPC.json_schema())


def _join(body: bytes) -> bytes:
    return _JOIN.dump_json(_parsed(_JOIN, body), exclude_none=True)


def _rpc(body: bytes) -> bytes:
    return _RPC.dump_json(_parsed(_RPC, body), exclude_none=True)


_ADAPTERS: dict[str, Callable[[bytes], bytes]] = {JOIN: _join, **dict.fromkeys(_MCP, _rpc)}
