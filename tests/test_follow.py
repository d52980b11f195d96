"""Patterns of --follow take the addresses they fit, in linear time."""

import itertools
import re

import pytest

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.remote import crawl
from qa.sources.remote.crawl import WebSource
from qa.sources.remote.fetch import Fetcher, FetchPolicy
from qa.sources.remote.follow import fits, matching
from web_site import served

A = "https://a.example"


def test_a_pattern_fits_what_its_regular_expression_fits():
    """All patterns and texts of a few letters, beside a regular expression."""
    texts = ["".join(t) for size in range(6) for t in itertools.product("ab", repeat=size)]
    for size in range(6):
        for letters in itertools.product("ab*", repeat=size):
            pattern = "".join(letters)
            whole = re.compile(".*".join(map(re.escape, pattern.split("*"))))
            for text in texts:
                assert fits(pattern, text) == bool(whole.fullmatch(text)), (pattern, text)


def test_every_piece_is_looked_for_once():
    """A piece that a regular expression would try in many ways is tried in one."""
    searched = []

    class Counted(str):
        __slots__ = ()

        def find(self, piece, at=0):
            searched.append(piece)
            return super().find(piece, at)

    assert not fits("/" + "*-" * 40 + "*.html", Counted("/" + "-" * 4_000))
    assert searched == ["-"] * 40


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("/news/*", ["/news/1", "/news/1?a=b"]),
        ("/news/*?a=*", ["/news/1?a=b"]),
        ("https://a.example/old/*", ["/old/news/"]),
        ("*/news/*", ["/news/1", "/news/1?a=b", "/old/news/"]),
        (r"/news/\d$", ["/news/1"]),
        ("old", ["/old/news/"]),
    ],
)
def test_a_pattern_takes_addresses_whole_by_their_path_or_by_an_expression(pattern, taken):
    urls = [f"{A}{path}" for path in ("/news/1", "/news/1?a=b", "/old/news/", "/")]
    assert matching([pattern], urls, "a") == {f"{A}{path}" for path in taken}
    assert matching([pattern, "/"], urls, "a") >= {f"{A}{path}" for path in taken}
    assert matching([], urls, "a") == set(urls)


def test_what_is_no_regular_expression_is_refused():
    with pytest.raises(SourceError, match="'\\(' is not a regular expression"):
        matching(["("], [f"{A}/"], "a")


def test_an_expression_that_does_not_end_fails_the_listing(monkeypatch):
    monkeypatch.setattr(limits, "READING_S", 1.0)
    counts = []
    with served() as site:
        site.put("/list", f"<html><a href='/{'a' * 60}'>x</a></html>", type="text/html")
        source = WebSource(f"{site.address}/list", (r"/(a+)+$b",))
        fetcher = Fetcher(FetchPolicy(fetch_delay_s=0, allow_private=True))
        links = crawl.listed(source, fetcher, _NoCache(), limit=9_999, on_named=counts.append)
        (failure,) = links
        fetcher.close()
    assert "took longer than 1 seconds" in str(failure.error)


class _NoCache:
    def listed(self, url):
        """Nothing was kept."""

    def keep(self, url, links):
        """Keep nothing."""
