"""The widget's file is small, frozen once released, and has the strings of the chat."""

import base64
import gzip
import hashlib
import json
import re

import pytest
from typer.testing import CliRunner

from qa.cli import app
from qa.web.ui import widget
from qa.web.wording import LANGUAGES, Wording, language_of

# Pages pin these. A version that is published never changes again: write the next one instead.
PUBLISHED = {1: "sha384-JbXcju3jSsVMtVbor5iuljTa/Fa9TYq3Ot8bm7Y1FdIJGrZ1LZxpGyZNhEIkiqNa"}
MOST_BYTES = 15_000


def test_a_published_version_never_changes():
    assert {v: widget.integrity(v) for v in widget.VERSIONS} == PUBLISHED


def test_its_hash_is_that_of_its_bytes():
    digest = hashlib.sha384(widget.source(1)).digest()
    assert widget.integrity(1) == f"sha384-{base64.b64encode(digest).decode()}"


def test_it_is_small():
    assert len(gzip.compress(widget.source(widget.LATEST), 9)) <= MOST_BYTES


def test_its_strings_are_those_of_the_chat():
    source = widget.source(widget.LATEST).decode()
    strings = json.loads(re.search(r"const WORDS = (\{.*?\n  \});", source, re.DOTALL)[1])
    assert set(strings) == set(LANGUAGES)
    for language, words in strings.items():
        assert words == {key: Wording(language)._words[key] for key in words}


def test_it_reaches_for_nothing_a_strict_page_forbids():
    source = widget.source(widget.LATEST).decode()
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "cookie",
    ):
        assert forbidden not in source
    assert source.count("localStorage") == 3  # kept, forgotten, read again
    assert set(re.findall(r"https?://[^\s\"'`]*", source)) == set()


def test_the_snippet_carries_version_hash_and_a_link_for_those_without_script():
    address = "https://ask.example.org/record"
    link = f'<a href="{address}/answer?language=zh-TW">我要提問</a>'
    file = f'src="{address}/widget.js?v=1" integrity="{widget.integrity(1)}"'
    assert widget.snippet(address, "zh-TW").split("\n") == [
        f'<press-qa language="zh-TW">{link}</press-qa>',
        f'<script {file} crossorigin="anonymous" defer></script>',
    ]


def test_a_page_has_to_allow_the_script_and_its_questions_and_no_more():
    assert widget.page_policy("https://ask.example.org:8443/record") == [
        "script-src https://ask.example.org:8443",
        "connect-src https://ask.example.org:8443",
    ]


def test_the_command_prints_a_snippet_to_paste(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qa.toml").write_text(
        'public_url = "https://ask.example.org"\nallowed_origins = ["https://www.example.org"]\n',
        "utf-8",
    )
    done = CliRunner().invoke(app, ["widget", "--language", "en"])
    assert done.exit_code == 0
    assert widget.snippet("https://ask.example.org", "en") in done.output
    assert "connect-src https://ask.example.org" in done.output
    assert "Allowed origins: https://www.example.org." in done.output
    done = CliRunner().invoke(app, ["widget", "--address", "http://127.0.0.1:7860"])
    assert '<script src="http://127.0.0.1:7860/widget.js?v=1"' in done.output


def test_a_key_is_shown_once_with_the_hash_to_keep():
    done = CliRunner().invoke(app, ["key"])
    key = re.search(r"shown only once: (\S{43})\n", done.output)[1]
    assert f'api_keys = ["{hashlib.sha256(key.encode()).hexdigest()}"]' in done.output
    assert CliRunner().invoke(app, ["key"]).output != done.output


def test_the_file_is_served_unchanged_to_every_page_and_may_be_cached(make_live, make_client):
    client = make_client(make_live({"tea": "Tea is hot."}))
    answer = client.get("/widget.js?v=1", headers={"Origin": "https://www.example.org"})
    assert answer.content == widget.source(1)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    newest = client.get("/widget.js")
    assert newest.content == widget.source(widget.LATEST)
    assert newest.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize("version", ["99", "x", "-1", "²"])
def test_an_unknown_version_is_refused(make_live, make_client, version):
    client = make_client(make_live({"tea": "Tea is hot."}))
    assert client.get(f"/widget.js?v={version}").status_code == 410


def test_a_widget_of_an_unknown_version_gets_410_in_its_visitors_language(make_live, make_client):
    client = make_client(make_live({"tea": "Tea is hot."}))
    for version, status in [(1, 200), (2, 410), (0, 410)]:
        body = {"question": "is tea hot", "widget": version, "language": "zh-HK"}
        answer = client.post("/api/v1/ask", json=body)
        assert answer.status_code == status
    assert answer.json()["detail"] == Wording("zh-Hant")("widget.gone")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (("zh-CN",), "zh-Hans"),
        (("zh",), "zh-Hans"),
        (("zh_TW",), "zh-Hant"),
        (("zh-Hant-HK",), "zh-Hant"),
        (("en-GB",), "en"),
        (("", "qaa, zh-HK;q=0.8, en;q=0.9"), "en"),
        (("qaa", "qab,zh;q=0.5"), "zh-Hans"),
        ((None, ";q=,,,zh;q=x"), "en"),
    ],
)
def test_the_language_is_the_first_supported_one(wanted, language):
    assert language_of(*wanted) == language
