"""Documents are rendered once, one at a time, cached within bounds and sent in pieces."""

import asyncio
import threading

import pytest
from starlette.requests import Request

from patience import HANG_S
from qa.errors import OverloadError
from qa.records import Document, Span
from qa.settings import Settings
from qa.web.ui import render_queue as module
from qa.web.ui.document_page import DocumentView
from qa.web.ui.render import Pages
from qa.web.ui.render_queue import Content, LRUCache, RenderQueue, content_response
from qa.web.wording import Wording

PAGE, API = "/documents/tea", "/api/v1/documents/tea"


def test_the_least_recently_used_goes_first_and_the_last_stays_whatever_its_size():
    cache = LRUCache(10)
    for name in "abc":
        cache.put(name, name.upper(), 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c"), cache.size) == (None, "B", "C", 8)
    assert cache.get("b") == "B"
    cache.put("d", "D", 4)
    assert (cache.get("b"), cache.get("c"), cache.get("d")) == ("B", None, "D")
    cache.put("d", "E", 1)
    assert (cache.get("d"), cache.size) == ("E", 5)
    cache.put("f", "F", 100)
    assert (cache.get("d"), cache.get("f"), cache.size) == (None, "F", 100)


def test_a_document_many_clients_want_is_rendered_once():
    times, go = [], threading.Event()

    def render():
        times.append(1)
        assert go.wait(HANG_S)
        return b"page"

    async def all_of_them():
        documents = RenderQueue(30)
        asking = [asyncio.create_task(documents.get("key", str(n), render)) for n in range(30)]
        await asyncio.sleep(0)
        go.set()
        return await asyncio.gather(*asking)

    contents = asyncio.run(all_of_them())
    assert ({content.body for content in contents}, len(times)) == ({b"page"}, 1)
    assert len({content.tag for content in contents}) == 1


def test_a_missing_document_is_not_cached():
    results = iter([None, b"there now"])

    async def twice():
        documents = RenderQueue(30)
        return [await documents.get("key", "a", lambda: next(results)) for _ in range(2)]

    assert [content and content.body for content in asyncio.run(twice())] == [None, b"there now"]


def test_clients_take_turns_and_one_document_is_rendered_at_a_time():
    order, busy = [], threading.Lock()

    def rendering(name):
        def render():
            assert busy.acquire(blocking=False)
            order.append(name)
            busy.release()
            return name.encode()

        return render

    async def all_of_them():
        documents = RenderQueue(30)

        def got(client, number):
            name = f"{client}{number}"
            return asyncio.create_task(documents.get(name, client, rendering(name)))

        many = [got("a", number) for number in range(20)]
        await asyncio.sleep(0)
        few = [got("b", 0), got("c", 0)]
        await asyncio.gather(*many, *few)
        return documents

    documents = asyncio.run(all_of_them())
    assert order[:3] == ["a0", "b0", "c0"]
    assert len(order) == 22
    assert documents._turns == {}


def test_a_client_that_waits_too_long_is_refused():
    go = threading.Event()

    async def late():
        documents = RenderQueue(0.05)
        slow = asyncio.create_task(documents.get("a", "a", lambda: go.wait(HANG_S) and b"a"))
        await asyncio.sleep(0)
        with pytest.raises(OverloadError, match="took too long"):
            await documents.get("b", "b", lambda: b"b")
        go.set()
        with pytest.raises(OverloadError, match="took too long"):
            await slow

    asyncio.run(late())


def sent(response):
    """Return the messages of a response."""
    messages = []

    async def send(message):
        messages.append(message)

    asyncio.run(response({}, None, send))
    return messages


@pytest.mark.parametrize("length", [0, 1, 10, 11, 25])
def test_a_response_comes_in_pieces_that_give_it_back(monkeypatch, length):
    monkeypatch.setattr(module, "_PIECE_BYTES", 10)
    body = bytes(range(length))
    scope = {"type": "http", "headers": []}
    start, *pieces = sent(
        content_response(Content(body, '"tag"'), "text/plain", {}, Request(scope))
    )
    assert b"".join(piece["body"] for piece in pieces) == body
    assert [piece["more_body"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert all(len(piece["body"]) <= 10 for piece in pieces)
    assert (b"content-length", str(length).encode()) in start["headers"]


@pytest.fixture
def live(make_live):
    return make_live({"tea": "Tea is hot.\n\nIt is drunk at five.", "milk": "Milk is cold."})


@pytest.mark.parametrize("path", [PAGE, API])
def test_a_document_is_rendered_once_for_everybody(live, make_client, monkeypatch, path):
    reads = []
    real = type(live.snapshot.documents).__getitem__
    monkeypatch.setattr(
        type(live.snapshot.documents),
        "__getitem__",
        lambda self, name: reads.append(name) or real(self, name),
    )
    client = make_client(live)
    pages = [client.get(path) for _ in range(5)]
    assert len({page.content for page in pages}) == 1
    assert reads == ["tea"]


@pytest.mark.parametrize("path", [PAGE, API])
def test_a_browser_that_has_a_document_gets_304(live, make_client, path):
    client = make_client(live)
    first = client.get(path)
    known = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["etag"] == first.headers["etag"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_a_page_depends_on_all_it_shows(live, make_client, make_index, monkeypatch):
    """Another language, passage, day, document or snapshot is another page."""
    from qa import QA
    from qa.index.snapshot import open_snapshot

    client = make_client(live)

    def page(query="", path=PAGE, language="en"):
        return client.get(f"{path}{query}", headers={"Accept-Language": language}).text

    pages = {
        page(),
        page(language="zh"),
        page("?start=0&end=3"),
        page("?start=0&end=11"),
        page("?start=0&end=3&found=0-3&found=milk:0-4"),
        page(path="/documents/milk"),
    }
    monkeypatch.setattr("qa.web.ui.pages.today", lambda: "another day")
    monkeypatch.setattr("qa.web.ui.render.today", lambda: "another day")
    assert len(pages) == 6
    same = page()
    assert "another day" in same
    live.switch_to(QA(open_snapshot(make_index({"tea": "Tea is cold."})), live.qa.encoder))
    assert "Tea is cold." in page()
    assert "Tea is hot." in same


def test_documents_of_an_earlier_snapshot_are_not_shown_from_the_cache(
    live, make_client, make_index
):
    from qa import QA
    from qa.index.snapshot import open_snapshot

    client = make_client(live)
    assert client.get(PAGE).status_code == client.get(API).status_code == 200
    live.switch_to(QA(open_snapshot(make_index({"milk": "Milk is cold."})), live.qa.encoder))
    assert (client.get(PAGE).status_code, client.get(API).status_code) == (404, 404)


@pytest.mark.parametrize("layout", ["statement", "transcript"])
@pytest.mark.parametrize("marked", [None, Span(4, 9), Span(16, 60), Span(0, 90)])
def test_a_page_put_together_from_parts_is_the_page_rendered_at_once(layout, marked):
    text = (
        "Q: Is <tea> hot?\n\nMR. SMITH: It is & was.\n\nAnd it\nwill be.\n\n"
        "Q: Is milk cold?\n\nMR. SMITH: It <b>is</b>."
    )
    document = Document(id="x", title="x", text=text, layout=layout)
    pages = Pages(Wording("en"), Settings())
    body = pages.body(document)
    opened = body.marked(DocumentView(marked=marked))
    plain = body.marked(DocumentView())
    assert plain.count('<p dir="auto">') == 5
    assert "&lt;tea&gt;" in plain
    assert "<b>" not in opened
    without = opened.replace('<mark id="passage" tabindex="-1">', "").replace("<mark>", "")
    assert without.replace("</mark>", "") == plain
    assert ("<mark" in opened) == (marked is not None)
    assert plain.count("<section") == (1 if layout == "statement" else 4)
