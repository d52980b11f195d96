"""One hostile or broken response among good ones ends nothing and replaces nothing."""

import gzip
import json

import pytest
from typer.testing import CliRunner

from hostile_site import CUT_OFF, LISTINGS, ODD, ROBOTS, WHOLE, page
from patience import HANG_S
from qa.cli import app
from qa.sources import corpus_folder
from qa.sources.remote.crawl import WebSource
from qa.sources.remote.fetch import Fetcher, FetchPolicy
from qa.sources.remote.update import ingest_sources, update
from web_site import served

POLICY = FetchPolicy(
    fetch_delay_s=0, fetch_timeout_s=HANG_S, max_source_bytes=500_000, allow_private=True
)


@pytest.fixture
def good():
    with served() as site:
        yield site


@pytest.fixture
def bad():
    with served() as site:
        yield site


@pytest.fixture
def home(tmp_path):
    """A project's folder whose waits are none."""
    return tmp_path


def put_good(site, bad, number):
    """Let the good pages say something new; the feed names a bad one between them."""
    site.put("/1", f"Statement 1\n2026-03-01\n\nWe said tea number {number}.")
    second = page(2, f"trade{number}")
    packed = gzip.compress(second[:500]) + gzip.compress(second[500:])
    site.put("/2", packed, type="text/html", headers={"Content-Encoding": "gzip"})
    site.put("/3", f"Statement 3\n2026-03-03\n\nWe said coffee number {number}.")
    links = [f"{site.address}/1", f"{bad.address}/bad", f"{site.address}/2"]
    items = "".join(f"<item><link>{link}</link></item>" for link in links)
    site.put("/feed", f"<rss><channel>{items}</channel></rss>", type="text/xml")


def put_bad(site, kind):
    """Let ``/bad`` answer as its kind does."""
    site.pages.clear()
    if kind in ROBOTS:
        site.put("/robots.txt")
        site.pages["/robots.txt"].body = _bytes(ROBOTS[kind])
        site.put("/bad", WHOLE, type="text/html")
    else:
        fields = CUT_OFF.get(kind) or ODD.get(kind) or LISTINGS[kind]
        fields = fields if isinstance(fields, dict) else {"body": fields}
        site.put("/bad", **fields)


def _bytes(body):
    return body.encode() if isinstance(body, str) else body


def sources(good, bad, kind):
    follow = ("/*-*-*-*-*.html",) if kind in LISTINGS else ()
    return [
        WebSource(f"{bad.address}/bad", follow),
        WebSource(f"{good.address}/feed"),
        WebSource(f"{good.address}/3"),
    ]


def texts(home):
    """The texts of the record by the last part of where they came from."""
    files = corpus_folder.read_all(home / "corpus")
    return {f.ingested_from.rpartition("/")[2]: f.document.text for f in files}


def kinds():
    """All kinds of responses; those that cut off first, while the page is the whole one."""
    return [*CUT_OFF, *ODD, *LISTINGS, *ROBOTS]


def test_updates_with_a_hostile_response_each_take_all_good_ones(good, bad, home):
    """Every good page is taken every time, and no page cut off replaces a whole one."""
    bad.put("/bad", WHOLE, type="text/html")
    given = {"cache": home / "cache", "policy": POLICY}
    first = ingest_sources([WebSource(f"{bad.address}/bad")], home / "corpus", **given)
    assert [done.outcome for done in first] == ["new"]
    whole = texts(home)["bad"]
    for number, kind in enumerate(kinds()):
        put_good(good, bad, number)
        put_bad(bad, kind)
        told = list(update(sources(good, bad, kind), home / "corpus", rechecks=0, **given))
        found = texts(home)
        assert f"tea number {number}." in found["1"], kind
        assert f"measure 11 on trade{number} " in found["2"], kind
        assert f"coffee number {number}." in found["3"], kind
        outcomes = {done.source.rpartition("/")[2]: done for done in told}
        assert outcomes["1"].outcome == ("updated" if number else "new"), kind
        if kind in CUT_OFF:
            assert (found["bad"], outcomes["bad"].outcome) == (whole, "failed"), kind
        assert all(done.why for done in told if done.needs_attention), kind
        assert not any("error in this program" in done.why for done in told), (kind, told)


@pytest.mark.parametrize("kind", [*CUT_OFF])
def test_a_page_cut_off_is_a_failure_of_its_server(good, kind, home):
    """It is asked for again in the next run, and what it was stays."""
    good.put("/bad", WHOLE, type="text/html")
    given = {"cache": home / "cache", "policy": POLICY}
    source = [WebSource(f"{good.address}/bad")]
    list(ingest_sources(source, home / "corpus", **given))
    before = next((home / "corpus").glob("*.md")).read_bytes()
    put_bad(good, kind)
    (done,) = update(source, home / "corpus", rechecks=0, **given)
    assert done.outcome == "failed"
    assert next((home / "corpus").glob("*.md")).read_bytes() == before
    good.put("/bad", page(0, "tea"), type="text/html")
    (done,) = update(source, home / "corpus", rechecks=0, **given)
    assert done.outcome == "updated"


def test_an_error_nobody_foresaw_is_that_sources_alone(good, home, monkeypatch):
    """The command takes the others, names the one, and ends with exit code 1."""
    for number in range(4):
        good.put(f"/{number}", f"Statement {number}\n2026-03-01\n\nWe said tea number {number}.")
    real = Fetcher.fetch

    def fails(fetcher, url, **asking):
        if url.endswith("/1"):
            raise ZeroDivisionError("of all\nthings")
        return real(fetcher, url, **asking)

    monkeypatch.setattr(Fetcher, "fetch", fails)
    monkeypatch.chdir(home)
    monkeypatch.setenv("QA_FETCH_DELAY_S", "0")
    monkeypatch.setenv("QA_CACHE", str(home / "cache"))
    addresses = [f"{good.address}/{number}" for number in range(4)]
    done = CliRunner().invoke(app, ["ingest", *addresses, "--allow-private", "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["counts"]) == (1, {"failed": 1, "new": 3})
    (failed,) = [row for row in told["documents"] if row["outcome"] == "failed"]
    assert failed["source"] == f"{good.address}/1"
    assert "ZeroDivisionError: of all things" in failed["why"]


def test_an_error_nobody_foresaw_in_a_listing_spares_the_pages_after_it(good, home, monkeypatch):
    from qa.sources.remote import update as journeys

    real = journeys.as_file

    def fails(fetched):
        if fetched.url.endswith("/2"):
            raise RuntimeError("odd")
        return real(fetched)

    monkeypatch.setattr(journeys, "as_file", fails)
    for number in (1, 2, 3):
        good.put(f"/{number}", f"Statement {number}\n2026-03-01\n\nWe said tea number {number}.")
    good.sitemap("/1", "/2", "/3")
    given = {"cache": home / "cache", "policy": POLICY}
    told = ingest_sources([WebSource(f"{good.address}/sitemap.xml")], home / "corpus", **given)
    assert [done.outcome for done in told] == ["new", "failed", "new"]


def test_an_error_nobody_foresaw_in_a_file_spares_the_files_after_it(home, monkeypatch):
    from qa.sources import ingest

    real = ingest.recognise

    def fails(text, **options):
        if "odd" in text:
            raise KeyError("odd")
        return real(text, **options)

    monkeypatch.setattr(ingest, "recognise", fails)
    paths = [home / f"{word}.txt" for word in ("even", "odd", "other")]
    for path in paths:
        path.write_text(f"It is {path.stem}.", "utf-8")
    told = list(ingest.ingest(paths, home / "corpus"))
    assert [done.outcome for done in told] == ["new", "failed", "new"]
    assert "KeyError" in told[1].why
