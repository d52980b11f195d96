"""Pages without script: questions, documents and the widget's sample page."""

import re

import pytest

from qa.errors import OverloadError
from qa.web.wording import Wording

TEXTS = {"tea": "Tea is hot.", "both": "Milk is cold. Tea <b>was</b> grown."}
SAY = Wording()


@pytest.fixture
def live(make_live):
    return make_live(TEXTS)


@pytest.fixture
def client(live, make_client):
    return make_client(live)


def test_a_question_is_answered_with_its_citation_and_stays_in_the_box(client):
    page = client.get("/answer", params={"q": ' is "tea" hot '})
    assert page.status_code == 200
    assert '<blockquote class="qa-quote" lang="en" dir="auto"><p>Tea is hot.</p>' in page.text
    assert 'href="/documents/tea?start=0&amp;end=11&amp;found=0-11%2C0-11#passage"' in page.text
    assert 'value="is &#34;tea&#34; hot"' in page.text
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"
    )


def test_the_next_question_may_refer_to_this_one(client):
    page = client.get("/answer", params={"q": "is tea hot"}).text
    assert '<input type="hidden" name="previous" value="is tea hot">' in page
    followed = client.get("/answer", params={"q": "and was it grown?", "previous": "is tea hot"})
    assert ">is tea hot and was it grown?</bdi>" in followed.text


def test_a_link_of_another_snapshot_states_that_the_record_has_changed(client, live):
    changed = SAY("page.snapshot_changed")
    for snapshot, is_stated in [("", False), (live.snapshot.digest, False), ("0" * 32, True)]:
        page = client.get("/answer", params={"q": "is tea hot", "snapshot": snapshot}).text
        assert (changed in page) is is_stated


def test_without_a_question_the_page_describes_the_record(client):
    page = client.get("/answer?q=%20").text
    assert "Covers 2 undated documents." in page
    assert 'name="previous"' not in page


def test_a_question_that_is_too_long_gets_an_error_and_is_kept(client):
    page = client.get("/answer", params={"q": "tea " * 600})
    assert page.status_code == 422
    assert "Shorten it to 2,000 or fewer." in page.text


def test_a_busy_server_states_when_to_retry(live, client, monkeypatch):
    async def refuses(*_, **__):
        raise OverloadError("Too many.")

    monkeypatch.setattr(live, "ask", refuses)
    page = client.get("/answer", params={"q": "is tea hot"})
    assert (page.status_code, page.headers["retry-after"]) == (503, "2")
    assert 'role="alert"' in page.text
    assert 'value="is tea hot"' in page.text


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("language=zh-TW", "en", "zh-Hant"),
        ("language=xx", "zh", "zh-Hans"),
    ],
)
def test_pages_speak_the_visitors_language(client, query, header, language):
    for path in ("/answer", "/documents/tea", "/documents/none", "/widget"):
        page = client.get(f"{path}?{query}", headers={"Accept-Language": header})
        assert f'<html lang="{language}">' in page.text
        assert Wording(language)("page.back") in page.text
        assert (
            page.headers["vary"] == "Accept-Language" or "Accept-Language" in page.headers["vary"]
        )


def test_links_lead_below_the_path_that_visitors_know(live, make_client):
    client = make_client(live, public_url="https://ask.example.org/record")
    page = client.get("/answer", params={"q": "is tea hot"}).text
    links = re.findall(r'(?:href|action)="(/[^"]*)"', page)
    assert len(links) >= 4
    assert [link for link in links if not link.startswith("/record/")] == []


def test_the_widget_can_be_tried_under_a_policy_as_strict_as_a_ministrys(client):
    page = client.get("/widget")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert '<press-qa><a href="/answer">Ask a question</a></press-qa>' in page.text
    assert '<script src="/widget.js?v=1" integrity="sha384-' in page.text
    assert "&lt;press-qa&gt;" in page.text


def test_the_owners_look_is_on_every_page(live, make_client, tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", "utf-8")
    client = make_client(
        live,
        accent="#7C2D12",
        logo=logo,
        welcome="Ask <us>.",
        links=[{"text": "Privacy & you", "url": "https://www.example.org/privacy"}],
    )
    assert client.get("/look/accent.css").text == ":root { --qa-accent: #7c2d12; }"
    shown = client.get("/look/logo")
    assert (shown.content, shown.headers["content-type"]) == (logo.read_bytes(), "image/svg+xml")
    for path in ("/answer", "/documents/tea", "/widget"):
        page = client.get(path).text
        assert '<img class="qa-logo" src="/look/logo" alt="">' in page
        assert '<a href="https://www.example.org/privacy" rel="noopener noreferrer">' in page
        assert "Privacy &amp; you</a>" in page
    assert "Ask &lt;us&gt;." in client.get("/answer").text
    plain = make_client(live)
    assert plain.get("/look/logo").status_code == 404
    assert "qa-logo" not in plain.get("/answer").text


def test_reference_managers_find_what_to_cite(make_live, make_client):
    import datetime

    live = make_live({"a b": "Tea is hot."}, date=datetime.date(2022, 7, 21), source="x <y>")
    page = make_client(live, public_url="https://ask.example.org").get("/documents/a%20b").text
    for name, content in [
        ("citation_title", "a b"),
        ("citation_publication_date", "2022/07/21"),
        ("citation_language", "en"),
        ("citation_public_url", "https://ask.example.org/documents/a%20b"),
        ("DC.date", "2022-07-21"),
        ("DC.source", "x &lt;y&gt;"),
        ("DC.identifier", f"sha256:{live.snapshot.documents['a b'].sha256}"),
    ]:
        assert f'<meta name="{name}" content="{content}">' in page
