"""Routes of the server, Gradio's included, are open by name or closed."""

import asyncio
import json
import re
import runpy
import subprocess
import sys

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from conftest import ROOT, SEED
from qa.web.server.routes import MCP_ROUTES, ROUTES
from serving import indexed, serving


def test_the_table_in_the_docs_is_that_of_the_server():
    """Run docs/routes.py after a change of the routes."""
    page = runpy.run_path(str(ROOT / "docs" / "routes.py"))
    assert page["table"]() in page["PAGE"].read_text("utf-8")


def test_no_two_routes_take_the_same_path():
    names = [route.name for route in (*ROUTES, *MCP_ROUTES)]
    assert len(set(names)) == len(names)
    for name in names:
        example = name.replace("{id}", "x").replace("{path}", "x/y").replace("{language}", "en")
        assert [r.name for r in (*ROUTES, *MCP_ROUTES) if r.path.fullmatch(example)] == [name]


def test_a_name_that_no_file_has_is_no_route():
    """Gradio looks for it on the disk, which fails for a name that is too long."""
    for name, number in [("Index-a_B1.js", 1), ("a" * 128, 1), ("a" * 129, 0), ("\u00e9.js", 0)]:
        for folder in ("assets", "static/fonts"):
            path = f"/en/{folder}/{name}"
            assert len([r for r in ROUTES if r.path.fullmatch(path)]) == number, name


# Prints the path and methods of every route of the application, mounted ones' too.
LISTING = """
import json
from qa import QA
from qa.settings import Settings
from qa.web.app import create_app
from qa.web.server.live import Live

def paths(routes, before=""):
    for route in routes:
        path = before + getattr(route, "path", "")
        inner = getattr(getattr(route, "app", None), "routes", None)
        inner = inner or getattr(getattr(route, "original_router", None), "routes", None)
        if inner:
            yield from paths(inner, path)
        else:
            yield path, sorted(getattr(route, "methods", None) or ["GET"])

app = create_app(Live(QA.open("index")), Settings())
print(json.dumps(list(paths(app._app._app.routes))))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A client of the whole server with the chat, and all inner routes."""
    home = indexed(tmp_path_factory.mktemp("served"))
    listed = subprocess.run(
        [sys.executable, "-c", LISTING], cwd=home, check=True, capture_output=True, text=True
    )
    with serving(home) as address, httpx.Client(base_url=address) as client:
        yield client, json.loads(listed.stdout)


@pytest.mark.slow
@pytest.mark.server
def test_inner_routes_are_open_only_if_they_are_in_the_table(served):
    client, paths = served
    checked = 0
    for path, methods in paths:
        example = re.sub(r"\{[^}]*\}", "x", path) or "/"
        if any(route.path.fullmatch(example) for route in ROUTES):
            continue
        for method in {*methods} - {"HEAD"}:
            answer = client.request(method, example)
            assert answer.json() == {
                "title": "Not Found",
                "status": 404,
                "detail": "There is nothing here.",
            }, (method, path)
            checked += 1
    assert checked > 200  # Gradio 6 has that many we do not need, in three languages


@pytest.mark.slow
@pytest.mark.server
def test_the_chat_is_found_in_the_visitors_language(served):
    for wanted, language in [("zh-TW,en;q=0.5", "zh-Hant"), ("zh", "zh-Hans"), ("qaa", "en")]:
        answer = served[0].get("/", headers={"Accept-Language": wanted})
        assert (answer.status_code, answer.headers["location"]) == (307, f"/{language}/")
    assert served[0].get("/?language=zh").headers["location"] == "/zh-Hans/"


@pytest.mark.slow
@pytest.mark.server
def test_the_chat_page_runs_its_own_scripts_only(served):
    page = served[0].get("/zh-Hant/")
    policy = page.headers["content-security-policy"]
    assert page.text.count("<script") >= 5
    assert policy.count("'sha256-") >= 4
    assert "unsafe-eval" not in policy
    assert re.search(r"script-src [^;]*unsafe", policy) is None
    assert policy.endswith("frame-ancestors 'none'")


@pytest.mark.slow
@pytest.mark.server
def test_assistants_may_ask_with_the_setting(tmp_path_factory):
    home = indexed(tmp_path_factory.mktemp("assisted"))
    question = "how many tasks does the document contain?"

    async def ask_over_mcp(address):
        url = f"{address}/en/gradio_api/mcp/"
        async with streamable_http_client(url) as (read, write, _), ClientSession(read, write) as s:
            await s.initialize()
            tools = (await s.list_tools()).tools
            result = await s.call_tool("ask", {"question": question})
            return tools, json.loads(result.content[0].text)

    with serving(home, mcp=True) as address:
        (tool,), answer = asyncio.run(ask_over_mcp(address))
    assert tool.name == "ask"
    assert set(tool.inputSchema["properties"]) == {"question", "since", "until"}
    citation = answer["citations"][0]
    assert citation["passage"]["text"] in SEED.read_text("utf-8")
    assert citation["links"]["reader"].startswith(f"{address}/documents/")
