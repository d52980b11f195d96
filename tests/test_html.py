"""HTML pages give all of their main part, and title, date and address."""

import datetime

import pytest

from qa.errors import SourceError
from qa.sources.formats.html import html

LONG = "The committee decided to keep the rate where it was, and said why it had done so."


def page(body, head="", attributes=""):
    return (
        f"<!DOCTYPE html><html {attributes}><head>{head}</head><body>{body}</body></html>".encode()
    )


def text(body):
    return html(page(body), "x.html").text


def test_paragraphs_lines_items_rows_and_cells():
    body = (
        f"<p>{LONG}</p><p>One<br>two<br><br>three</p>"
        "<ul><li>first</li><li>second</li></ul>"
        "<table><tr><th>Year</th><th>Rate</th></tr><tr><td>2011</td><td>4</td></tr></table>"
    )
    assert text(body) == f"{LONG}\n\nOne\ntwo\n\nthree\n\nfirst\nsecond\n\nYear\tRate\n2011\t4"


def test_white_space_is_one_space_but_in_preformatted_text():
    body = f"<p>{LONG}</p><p>Q&nbsp;&nbsp; It\n  rained?</p><pre>a\n\nb  c</pre>"
    assert text(body) == f"{LONG}\n\nQ It rained?\n\na\n\nb c"


def test_lines_without_paragraphs_lose_nothing():
    lines = [f"MR. FOX: {LONG}", "Q Why?", "MR. FOX: Because.", "(Laughter.)", "END 2:35 P.M."]
    assert text("<div>" + "<br/><br/>".join(lines) + "</div>") == "\n\n".join(lines)


def test_navigation_scripts_and_what_is_hidden_are_left_out():
    body = (
        "<nav><a href=/>Home</a></nav><script>var x = 'said';</script>"
        f"<main><p>{LONG}</p><p>{LONG}</p><div style='display: none'>Unseen.</div></main>"
        "<div role=contentinfo>Imprint</div><aside>More</aside><footer>Contact</footer>"
    )
    assert text(body) == f"{LONG}\n\n{LONG}"


def test_title_date_address_and_language_of_a_page():
    head = (
        "<title>Rates held | Bank</title><link rel=canonical href='https://bank.example/a'>"
        "<meta property='article:published_time' content='2011-04-28T10:00:00Z'>"
    )
    found = html(page(f"<h1>Rates held</h1><p>{LONG}</p>", head, "lang=en-GB"), "x.html")
    assert (found.title, found.text) == ("Rates held", LONG)
    assert (found.date, found.source) == (datetime.date(2011, 4, 28), "https://bank.example/a")
    assert found.language == "en-GB"


def test_a_date_that_is_shown_goes_before_one_that_is_not():
    head = "<meta property='article:published_time' content='2011-04-28T10:00:00Z'>"
    found = html(page(f"<p>April 27, 2011</p><p>{LONG}</p>", head), "x.html")
    assert found.date == datetime.date(2011, 4, 27)


def test_the_encoding_a_page_declares_is_believed():
    body = f"<meta charset=windows-1251><p>{LONG}</p><p>Правительство</p>"
    assert html(body.encode("cp1251"), "x.html").text == f"{LONG}\n\nПравительство"


@pytest.mark.parametrize("body", ["", "<p> </p>", "<!-- nothing -->"])
def test_a_page_without_text_gives_none(body):
    assert text(body) == ""


def test_a_page_nested_too_deep_is_refused():
    deep = f"<p>{LONG}</p>" + "<div>" * 3_000 + "lost" + "</div>" * 3_000
    with pytest.raises(SourceError, match="too deep in one another"):
        text(deep)
