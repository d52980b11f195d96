"""Links of listings are read in order, each once, in the worker process."""

import pytest

from qa.errors import SourceError
from qa.sources.formats import read_links
from qa.sources.formats.listings import Link, links_of_page

BASE = "https://a.example/news/"


def named(page):
    return [
        (one.url.removeprefix("https://a.example"), one.is_listing)
        for one in links_of_page(page.encode(), BASE)
    ]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<a href=1>One</a><a href='/2'>Two</a>", [("/news/1", False), ("/2", False)]),
        ("<a href=1>a</a><a href=1>b</a>", [("/news/1", False)]),
        ("<a href=1>Next</a>", [("/news/1", True)]),
        ("<a href=1><b>next</b> <i>page</i> »</a>", [("/news/1", True)]),
        ("<a href=1>Next of kin</a>", [("/news/1", False)]),
        ("<a href=1 rel='nofollow next'>x</a>", [("/news/1", True)]),
        ("<link rel=next href=/2><link rel=icon href=/3>", [("/2", True)]),
        ("<a href=1>下一页</a><a href=2>›</a>", [("/news/1", True), ("/news/2", True)]),
        ("<a href=1>Next<a href=2>x", [("/news/1", True), ("/news/2", False)]),
        ("<a href=1><b>Next<a href=2>x", [("/news/1", True), ("/news/2", False)]),
        ("<a name=x>Top</a><a href=1>x</a>", [("/news/1", False)]),
        ("<base href=/old/><base href=/new/><a href=1>x</a>", [("/old/1", False)]),
        ("<base href='mailto:a@b'><a href=1>x</a>", [("/news/1", False)]),
        ("<a href=1 href=2>x</a>", [("/news/1", False)]),
        ("<a href='a&#9;b'>x</a><a href=/c?d#e#f>y</a>", [("/c?d", False)]),
        ("<a href='1#top'>x</a><a href=' 2\n'>y</a>", [("/news/1", False), ("/news/2", False)]),
        ("<a href='mailto:a@b'>x</a><a href='http://u:p@h/'>y</a><a href='http://[::'>z</a>", []),
        ("<!-- <a href=1>x</a> --><?a href=2?><a href=3>x</a>", [("/news/3", False)]),
        ("<p>\0<a href=1>x\0</a>", [("/news/1", False)]),
        ("", []),
        (" \n ", []),
        ("<!-- only -->", []),
    ],
)
def test_links_of_a_page_in_order(page, expected):
    assert named(page) == expected


def test_bytes_that_are_no_utf8_end_no_page():
    page = b"<a href=1>\xff\xfe</a><a href=2>x</a>"
    assert [one.url for one in links_of_page(page, BASE)] == [f"{BASE}1", f"{BASE}2"]


@pytest.mark.parametrize(
    "piece", ["<a ", "<a href=", "<a b='", "<!--", "</", "<?", "<![CDATA[", "<!"]
)
def test_markup_without_end_is_read_within_the_readers_time(piece):
    """The reader of the standard library takes hours for these."""
    page = f"<a href=/1>x</a>{piece * 150_000}".encode()
    assert read_links(page, BASE, is_xml=False)[0] == Link("https://a.example/1")


def test_xml_is_read_in_the_reader_and_may_declare_nothing():
    feed = b"<rss><item><link>/1</link></item><link rel='next' href='/2'/></rss>"
    assert read_links(feed, BASE, is_xml=True) == [
        Link("https://a.example/1"),
        Link("https://a.example/2", is_listing=True),
    ]
    with pytest.raises(SourceError, match="not XML that can be read safely"):
        read_links(b"<!DOCTYPE a [<!ENTITY b 'c'>]><rss/>", BASE, is_xml=True)
