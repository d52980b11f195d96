"""Pages of the web, and everything once more: nothing twice, nothing lost, nothing by mistake."""

import datetime
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from patience import HANG_S
from qa.errors import BusyError, CorpusError
from qa.sources import corpus_folder, known_sources
from qa.sources.remote.crawl import WebSource
from qa.sources.remote.fetch import FetchPolicy
from qa.sources.remote.update import ingest_sources, update
from web_site import cut_off, flood, served

TODAY = datetime.datetime.now(datetime.UTC).date()
POLICY = FetchPolicy(
    fetch_delay_s=0, fetch_timeout_s=HANG_S, max_source_bytes=200_000, allow_private=True
)


@pytest.fixture
def site():
    with served() as site:
        yield site


@pytest.fixture
def home(tmp_path):
    """A project's folder."""
    (tmp_path / "seeds").mkdir()
    return tmp_path


def options(home, **more):
    return {"cache": home / "cache", "policy": POLICY, **more}


def outcomes(found):
    return sorted((d.source.rpartition("/")[2], d.outcome) for d in found)


def take(home, *given, **more):
    return outcomes(ingest_sources(given, home / "corpus", **options(home, **more)))


def again(home, *given, rechecks=100, **more):
    """Update these sources, and return the results."""
    return [*update(given, home / "corpus", rechecks=rechecks, **options(home, **more))]


def record(home):
    return {file.document.id: file for file in corpus_folder.read_all(home / "corpus")}


def statement(n, word="tea"):
    return f"Statement {n}\n2026-03-{n % 28 + 1:02}\n\nWe said {word} number {n}."


def put(site, *numbers, **fields):
    for n in numbers:
        site.put(f"/{n}", statement(n), **fields)


def feed(site, *links):
    items = "".join(f"<item><title>x</title><link>{link}</link></item>" for link in links)
    site.put("/feed", f"<rss version='2.0'><channel>{items}</channel></rss>", type="text/xml")


def atom(site, *links):
    entries = "".join(
        f"<entry><link rel='self' href='/none'/><link href='{link}'/></entry>" for link in links
    )
    following = "<link rel='next' href='/2.xml'/>"
    xml = f"<feed xmlns='http://www.w3.org/2005/Atom'>{entries}{following}</feed>"
    site.put("/feed", xml, type="application/atom+xml")


def html(site, path, body):
    site.put(path, f"<!DOCTYPE html><html><body>{body}</body></html>", type="text/html")


def test_a_page_becomes_a_document_with_its_address_and_the_time(site, home):
    put(site, 1)
    assert take(home, WebSource(f"{site.address}/1")) == [("1", "new")]
    (file,) = record(home).values()
    assert file.document.id == "2026-03-02-statement-1"
    assert (file.document.source, file.ingested_from) == (f"{site.address}/1",) * 2
    assert file.retrieved.startswith(str(TODAY))
    assert file.retrieved.endswith("Z")


def test_a_page_that_moved_is_known_by_both_addresses(site, home):
    put(site, 1)
    site.move("/old", "/1")
    given = [WebSource(f"{site.address}/{path}") for path in ("old", "1")]
    assert take(home, *given) == [("1", "duplicate"), ("old", "new")]
    (file,) = record(home).values()
    assert (file.ingested_from, file.document.source) == (
        f"{site.address}/old",
        f"{site.address}/1",
    )
    assert file.document.also == (f"{site.address}/1",)
    assert site.counts == {"/old": 1, "/1": 1}


def test_a_feed_names_its_pages(site, home):
    put(site, 1, 2)
    feed(site, "/1", f"{site.address}/2#top", "https://elsewhere.example/3", "mailto:a@b.c", "")
    assert take(home, WebSource(f"{site.address}/feed")) == [("1", "new"), ("2", "new")]


def test_an_atom_feed_goes_on_where_it_says(site, home):
    put(site, 1, 2)
    atom(site, "/1")
    site.put(
        "/2.xml",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='/2'/></entry></feed>",
        type="application/xml",
    )
    assert take(home, WebSource(f"{site.address}/feed")) == [("1", "new"), ("2", "new")]


def test_an_index_of_sitemaps_names_packed_ones_and_plain_ones(site, home):
    put(site, 1, 2, 3)
    site.sitemap("/1", "/2", path="/a.xml.gz", packed=True)
    site.sitemap("/2", "/3", path="/b.xml")
    names = "".join(
        f"<sitemap><loc>{site.address}{p}</loc></sitemap>" for p in ("/a.xml.gz", "/b.xml")
    )
    xmlns = "http://www.sitemaps.org/schemas/sitemap/0.9"
    site.put("/sitemap.xml", f"<sitemapindex xmlns='{xmlns}'>{names}</sitemapindex>")
    source = WebSource(f"{site.address}/sitemap.xml")
    assert take(home, source) == [("1", "new"), ("2", "new"), ("3", "new")]
    assert set(site.counts.values()) == {1}


@pytest.mark.parametrize("pattern", ["/news/*", "*/news/*", r"/news/\d+$", "/news/"])
def test_links_of_a_page_are_followed_by_a_pattern(site, home, pattern):
    for n in (1, 2):
        site.put(f"/news/{n}", statement(n))
    html(
        site, "/list", "<a href='news/1'>One</a><a href='/news/2#x'>Two</a><a href='/shop/3'>3</a>"
    )
    source = WebSource(f"{site.address}/list", (pattern,))
    assert take(home, source) == [("1", "new"), ("2", "new")]
    assert site.counts == {"/list": 1, "/news/1": 1, "/news/2": 1}


def test_pages_of_links_go_on_where_they_say_next_and_the_pattern_fits(site, home):
    for n in (1, 2, 3):
        site.put(f"/news/{n}", statement(n))
    html(site, "/news?p=1", "<a href='/news/1'>One</a><a href='/news?p=2' rel=next>more</a>")
    html(site, "/news?p=2", "<a href='/news/2'>Two</a><a href='/news?p=3'>下一页</a>")
    html(site, "/news?p=3", "<a href='/news/3'>3</a><a href='/news?p=1'>Next »</a>")
    follow = ("/news/*", "/news?p=*")
    source = WebSource(f"{site.address}/news?p=1", follow)
    assert take(home, source) == [("1", "new"), ("2", "new"), ("3", "new")]
    assert site.counts["/news?p=1"] == 1
    only = WebSource(f"{site.address}/news?p=1", ("/news/*",))
    assert take(home, only) == [("1", "unchanged")]


def test_links_to_other_hosts_are_followed_when_they_may_be(site, home):
    put(site, 1)
    other = site.address.replace("127.0.0.1", "localhost")
    html(site, "/list", f"<a href='{other}/1'>One</a>")
    source = WebSource(f"{site.address}/list", ("/1",))
    (done,) = ingest_sources([source], home / "corpus", **options(home))
    assert (done.outcome, "--follow-host" in done.why) == ("failed", True)
    allowed = WebSource(f"{site.address}/list", ("/1",), ("localhost",))
    assert take(home, allowed) == [("1", "new")]


BOMB = """<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">
<!ENTITY c SYSTEM "file:///etc/passwd">]><urlset><url><loc>&b;&c;</loc></url></urlset>"""


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        (BOMB, "not XML that can be read safely: EntitiesForbidden"),
        ("<urlset><url>", "not XML that can be read safely: ParseError"),
        ("<urlset></urlset>", "a listing that names no pages"),
        ("<rss><channel></channel></rss>", "a listing that names no pages"),
    ],
)
def test_a_listing_that_is_broken_or_empty_fails(site, home, xml, why):
    site.put("/sitemap.xml", xml, type="application/xml")
    (done,) = ingest_sources(
        [WebSource(f"{site.address}/sitemap.xml")], home / "corpus", **options(home)
    )
    assert (done.outcome, why in done.why) == ("failed", True), done.why


def test_a_page_that_has_not_changed_is_not_sent_again(site, home):
    put(site, 1, headers={"ETag": '"1"'})
    source = WebSource(f"{site.address}/1")
    take(home, source)
    before = (home / "corpus" / "2026-03-02-statement-1.md").read_bytes()
    assert outcomes(again(home, source)) == [("1", "unchanged")]
    assert site.asked[-1][1]["If-None-Match"] == '"1"'
    site.put("/1", statement(1, "coffee"), headers={"ETag": '"2"'})
    assert outcomes(again(home, source)) == [("1", "updated")]
    (file,) = record(home).values()
    assert file.document.text == "We said coffee number 1."
    assert before != (home / "corpus" / "2026-03-02-statement-1.md").read_bytes()


def test_bytes_that_change_with_every_request_change_nothing_while_the_text_is_the_same(site, home):
    site.put("/1", f"{statement(1)}\n\n")
    source = WebSource(f"{site.address}/1")
    take(home, source)
    (path,) = (home / "corpus").glob("*.md")
    before = path.read_bytes()
    site.put("/1", f"{statement(1)}\n\n\n")
    assert outcomes(again(home, source)) == [("1", "unchanged")]
    assert path.read_bytes() == before
    path.write_text(path.read_text("utf-8").replace("We said", "We saidd"), "utf-8")
    site.put("/1", f"{statement(1)}\n\n\n\n")
    assert outcomes(again(home, source)) == [("1", "kept")]


def test_a_sitemap_that_says_a_page_is_old_saves_asking_for_it(site, home):
    put(site, 1)
    site.sitemap("/1", changed="2001-02-03")
    source = WebSource(f"{site.address}/sitemap.xml")
    take(home, source)
    assert outcomes(again(home, source, rechecks=0)) == [("1", "unchanged")]
    assert site.counts["/1"] == 1
    site.sitemap("/1", changed=f"{TODAY}")
    assert outcomes(again(home, source, rechecks=0)) == [("1", "unchanged")]
    assert site.counts["/1"] == 2


def test_new_changed_and_gone_pages_are_told_apart(site, home):
    put(site, 1, 2, 3, 4)
    site.sitemap("/1", "/2", "/3", "/4")
    source = WebSource(f"{site.address}/sitemap.xml")
    take(home, source)
    put(site, 5)
    site.put("/2", statement(2, "coffee"))
    del site.pages["/3"]
    site.pages["/4"].status = 410
    site.sitemap("/1", "/2", "/5", "/4")
    assert outcomes(again(home, source)) == [
        ("1", "unchanged"),
        ("2", "updated"),
        ("3", "withdrawn"),
        ("4", "withdrawn"),
        ("5", "new"),
    ]
    gone = record(home)["2026-03-04-statement-3"]
    assert gone.document.withdrawn == TODAY
    assert gone.document.text == "We said tea number 3."
    assert not gone.is_corrected
    assert [d.source for d in again(home, source) if d.outcome != "unchanged"] == []


def test_a_page_that_comes_back_loses_its_mark(site, home):
    put(site, 1, 2)
    site.sitemap("/1", "/2")
    source = WebSource(f"{site.address}/sitemap.xml")
    take(home, source)
    gone = site.pages.pop("/1")
    assert ("1", "withdrawn") in outcomes(again(home, source))
    site.pages["/1"] = gone
    (back,) = [d for d in again(home, source) if d.outcome != "unchanged"]
    assert (back.outcome, back.why) == ("updated", "published again")
    assert record(home)[back.document].document.withdrawn is None


def test_a_corrected_document_is_withdrawn_and_comes_back_with_its_correction(site, home):
    put(site, 1, 2)
    site.sitemap("/1", "/2")
    source = WebSource(f"{site.address}/sitemap.xml")
    take(home, source)
    path = home / "corpus" / "2026-03-02-statement-1.md"
    path.write_text(path.read_text("utf-8").replace("tea", "green tea"), "utf-8")
    corrected = path.read_bytes()
    page = site.pages.pop("/1")
    assert ("1", "withdrawn") in outcomes(again(home, source))
    assert corpus_folder.read(path).is_corrected
    site.pages["/1"] = page
    assert ("1", "updated") in outcomes(again(home, source))
    assert path.read_bytes() == corrected
    assert ("1", "kept") in outcomes(again(home, source))


def test_what_a_person_withdraws_stays_withdrawn(site, home):
    put(site, 1)
    source = WebSource(f"{site.address}/1")
    take(home, source)
    path = home / "corpus" / "2026-03-02-statement-1.md"
    path.write_text(path.read_text("utf-8").replace("date:", "withdrawn: 2026-03-05\ndate:"))
    assert outcomes(again(home, source)) == [("1", "kept")]
    assert corpus_folder.read(path).document.withdrawn == datetime.date(2026, 3, 5)


@pytest.mark.parametrize("trouble", [500, 503, cut_off, 403])
def test_failures_withdraw_nothing(site, home, trouble):
    put(site, 1, 2)
    site.sitemap("/1", "/2")
    source = WebSource(f"{site.address}/sitemap.xml")
    take(home, source)
    site.put("/1", "x", status=trouble) if isinstance(trouble, int) else site.put("/1", trouble)
    assert outcomes(again(home, source)) == [("1", "failed"), ("2", "unchanged")]
    assert [f.document.withdrawn for f in record(home).values()] == [None, None]


def test_a_server_that_is_down_withdraws_nothing(home):
    with served() as site:
        put(site, 1, 2)
        site.sitemap("/1", "/2")
        source = WebSource(f"{site.address}/sitemap.xml")
        take(home, source)
    assert outcomes(again(home, source)) == [("sitemap.xml", "failed")]
    assert [f.document.withdrawn for f in record(home).values()] == [None, None]


@pytest.mark.parametrize("body", ["<urlset></urlset>", "", "<urlset><url>"])
def test_a_listing_that_suddenly_names_nothing_fails_and_withdraws_nothing(site, home, body):
    put(site, *range(20))
    site.sitemap(*(f"/{n}" for n in range(20)))
    source = WebSource(f"{site.address}/sitemap.xml")
    take(home, source)
    for n in range(20):
        del site.pages[f"/{n}"]
    site.put("/sitemap.xml", body, status=200 if body else 404, type="application/xml")
    assert outcomes(again(home, source)) == [("sitemap.xml", "failed")]
    assert all(f.document.withdrawn is None for f in record(home).values())


def test_pages_that_no_listing_names_any_more_are_asked_for_in_turns(site, home):
    put(site, *range(1, 6))
    site.sitemap(*(f"/{n}" for n in range(1, 6)))
    source = WebSource(f"{site.address}/sitemap.xml")
    take(home, source)
    put(site, 9)
    site.sitemap("/9")
    del site.pages["/1"], site.pages["/5"]
    found = [outcomes(again(home, source, rechecks=3)) for _ in range(2)]
    withdrawn = [name for night in found for name, outcome in night if outcome == "withdrawn"]
    assert sorted(withdrawn) == ["1", "5"]
    assert [len(night) for night in found] == [4, 4]


def test_an_address_that_leads_to_the_front_page_by_now_leaves_the_document_alone(site, home):
    put(site, 1)
    source = WebSource(f"{site.address}/1")
    take(home, source)
    site.put("/home", "Welcome to our new site, where nothing is where it was.")
    site.move("/1", "/home")
    (done,) = again(home, source)
    assert (done.outcome, "says something else" in done.why) == ("failed", True)
    (file,) = record(home).values()
    assert file.document.text == "We said tea number 1."


def test_files_are_new_changed_and_gone_too(home):
    for n in (1, 2, 3):
        (home / "seeds" / f"{n}.txt").write_text(statement(n), "utf-8")
    take(home, home / "seeds")
    (home / "seeds" / "1.txt").unlink()
    (home / "seeds" / "2.txt").write_text(statement(2, "coffee"), "utf-8")
    (home / "seeds" / "4.txt").write_text(statement(4), "utf-8")
    assert outcomes(again(home, home / "seeds")) == [
        ("1.txt", "withdrawn"),
        ("2.txt", "updated"),
        ("3.txt", "unchanged"),
        ("4.txt", "new"),
    ]
    (home / "seeds" / "1.txt").write_text(statement(1), "utf-8")
    (back,) = [d for d in again(home, home / "seeds") if d.outcome != "unchanged"]
    assert (back.outcome, back.why) == ("updated", "published again")


def test_a_folder_that_is_empty_or_away_fails(home):
    (home / "seeds" / "1.txt").write_text(statement(1), "utf-8")
    take(home, home / "seeds")
    (home / "seeds" / "1.txt").unlink()
    (done,) = again(home, home / "seeds")
    assert (done.outcome, "nothing is left of the 1 files" in done.why) == ("failed", True)
    (home / "seeds").rmdir()
    (done,) = again(home, home / "seeds")
    assert (done.outcome, "no such file or folder" in done.why) == ("failed", True)
    assert [f.document.withdrawn for f in record(home).values()] == [None]


def test_a_file_named_alone_that_is_gone_is_withdrawn(home):
    path = home / "seeds" / "1.txt"
    path.write_text(statement(1), "utf-8")
    take(home, path)
    path.unlink()
    assert outcomes(again(home, path)) == [("1.txt", "withdrawn")]


def test_a_statement_gone_from_one_of_its_places_is_still_published_at_the_other(home):
    for name in ("a.txt", "b.txt"):
        (home / "seeds" / name).write_text(statement(1), "utf-8")
    take(home, home / "seeds")
    (home / "seeds" / "a.txt").unlink()
    (done,) = [d for d in again(home, home / "seeds") if d.outcome != "unchanged"]
    assert (done.outcome, done.why) == ("updated", "gone here, still at seeds/b.txt")
    (file,) = record(home).values()
    assert (file.ingested_from, file.document.source) == ("seeds/b.txt", "seeds/b.txt")
    assert (file.document.also, file.document.withdrawn) == ((), None)
    (home / "seeds" / "c.txt").write_text(statement(3), "utf-8")
    (home / "seeds" / "b.txt").unlink()
    assert ("b.txt", "withdrawn") in outcomes(again(home, home / "seeds"))


def test_sources_are_remembered_once_and_a_persons_notes_stay(home):
    corpus = home / "corpus"
    web = WebSource("https://example.org/news", ("/news/*",), ("press.example.org",))
    known_sources.remember(corpus, [home / "seeds", web])
    path = corpus / "sources.yaml"
    path.write_text(path.read_text("utf-8") + "# the ministry's\n- url: https://a.example/\n")
    known_sources.remember(corpus, [web, home / "seeds", WebSource("https://b.example/")])
    assert known_sources.read(corpus) == [
        home / "seeds",
        web,
        WebSource("https://a.example/"),
        WebSource("https://b.example/"),
    ]
    assert "# the ministry's" in path.read_text("utf-8")
    assert "- path: seeds/\n" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("path: seeds", "is not a list of sources"),
        ("- seeds", "'seeds' is no source"),
        ("- url: https://a.example\n  folow: x", "is no source"),
        ("- [", "cannot be read"),
    ],
)
def test_a_list_of_sources_that_is_none_is_refused(home, content, why):
    (home / "corpus").mkdir()
    (home / "corpus" / "sources.yaml").write_text(content)
    with pytest.raises(CorpusError, match=why):
        known_sources.read(home / "corpus")


def test_a_page_in_trouble_does_not_keep_others_of_its_host_from_being_looked_at(site, home):
    put(site, 1, 2, 3)
    site.sitemap("/2", "/3")
    given = [WebSource(f"{site.address}/1"), WebSource(f"{site.address}/sitemap.xml")]
    take(home, *given)
    site.put("/1", "x", status=500)
    site.sitemap("/3")
    del site.pages["/2"]
    assert outcomes(again(home, *given)) == [
        ("1", "failed"),
        ("2", "withdrawn"),
        ("3", "unchanged"),
    ]


def test_two_runs_at_once_are_refused(home):
    (home / "seeds" / "1.txt").write_text(statement(1), "utf-8")
    first = ingest_sources([home / "seeds"], home / "corpus", **options(home))
    next(first)
    with pytest.raises(BusyError, match='Another "qa ingest" is writing'):
        take(home, home / "seeds")
    first.close()


@pytest.mark.parametrize("spoil", [b"", b"not a database at all" * 100])
def test_without_its_state_nothing_is_lost_and_nothing_doubled(site, home, spoil):
    put(site, 1, 2)
    site.sitemap("/1", "/2")
    source = WebSource(f"{site.address}/sitemap.xml")
    take(home, source)
    for path in (home / "cache" / "sources").iterdir():
        path.write_bytes(spoil) if path.suffix == ".sqlite" and spoil else path.unlink()
    assert take(home, source) == [("1", "unchanged"), ("2", "unchanged")]


def test_what_other_code_worked_out_is_worked_out_anew(home, monkeypatch):
    from qa.sources import ingest, state

    (home / "seeds" / "1.txt").write_text(statement(1), "utf-8")
    take(home, home / "seeds")
    read = []
    monkeypatch.setattr(
        corpus_folder, "read", lambda p, r=corpus_folder.read: read.append(p.name) or r(p)
    )
    take(home, home / "seeds")
    assert read == []
    for module in (state, ingest):
        monkeypatch.setattr(module, "code_digest", lambda: "0" * 16)
    assert take(home, home / "seeds") == [("1.txt", "unchanged")]
    assert read == ["2026-03-02-statement-1.md"] * 2  # of the folder, and beside its source


COMMAND = "from qa.cli import main; main()"
PAGES = 1_000


def big(site):
    """A thousand pages and what a site may do to a visitor; those that give documents."""
    site.put("/robots.txt", "User-agent: *\nDisallow: /secret\n")
    names = [f"/p{n}" for n in range(PAGES)]
    for n in range(PAGES):
        site.put(f"/p{n}", statement(n, f"tea of {n}"))
    unruly = range(0, PAGES, 20)
    for n in unruly:
        names[n] = spoilt(site, n, n // 20 % 8)
    site.sitemap(*names)
    moved = {f"/p{n}" for n in unruly if n // 20 % 8 == 0}
    return {name for n, name in enumerate(names) if n not in unruly} | moved


def spoilt(site, n, kind):
    """Do something to page ``n``; its path."""
    path = f"/p{n}"
    if kind == 0:
        site.move(path, f"/to{n}", 301)
        site.put(f"/to{n}", statement(n, "tea behind a redirect"))
    elif kind == 1:
        site.move(path, f"/loop{n}")
        site.move(f"/loop{n}", path)
    elif kind == 2:
        del site.pages[path]
    elif kind == 3:
        site.put(path, "x", status=500)
    elif kind == 4:
        site.put(path, flood)
    elif kind == 5:
        path = f"/secret{n}"
        site.put(path, statement(n))
    elif kind == 6:
        site.move(path, f"/secret-behind{n}")
    else:
        site.put(path, cut_off if n == 140 else b"\xff\xfe\x00", type="image/png")
    return path


def started(home, *arguments):
    settings = {
        "QA_FETCH_DELAY_S": "0",
        "QA_FETCH_TIMEOUT_S": str(HANG_S),
        "QA_MAX_SOURCE_BYTES": "200000",
        "QA_CACHE": str(home / "cache"),
    }
    arguments = ["ingest", *arguments, "--allow-private", "--json"]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=home,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def await_documents(home, count, process):
    while len([*(home / "corpus").glob("*.md")]) < count:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)


@pytest.mark.slow
def test_a_large_and_unruly_site_is_read_once_through_interruptions(site, home):
    good = big(site)
    ends = [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
    for number, (signal_number, code) in enumerate(ends, start=1):
        process = started(home, f"{site.address}/sitemap.xml")
        await_documents(home, 200 * number, process)
        process.send_signal(signal_number)
        out, err = process.communicate()
        assert (process.returncode, "Traceback" in err) == (code, False)
        if code != -9:
            # On a slow machine, how far it came stands before it.
            *before, last = err.splitlines()
            assert last == "qa: interrupted. Run the same command again to resume."
            assert all(line.startswith("ingesting: ") for line in before)
            assert [*(home / "corpus").glob(".*.unfinished")] == []
    process = started(home, f"{site.address}/sitemap.xml")
    out, err = process.communicate()
    told = json.loads(out)
    assert process.returncode == 1
    read = {file.ingested_from for file in record(home).values()}
    assert read == {f"{site.address}{path}" for path in good}
    assert len(record(home)) == len(good)
    assert [path for path in site.counts if path.startswith("/secret")] == []
    # What was under way when the process ended may be asked for twice: a page for each end.
    twice = [path for path in good if site.counts[path] > 1]
    assert len(twice) <= len(ends)
    assert min(site.counts[path] for path in good) == 1
    whys = " ".join(row["why"] for row in told["documents"])
    for why in ("in a circle", "answers 404", "answers 500", "longer than", "robots.txt"):
        assert why in whys
    assert told["counts"]["failed"] == PAGES - len(good)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_files_that_were_not_reached_are_taken_by_the_next_run(home, number, code):
    count = 3_000
    for n in range(count):
        (home / "seeds" / f"{n}.txt").write_text(statement(n, f"tea of {n}"), "utf-8")
    process = started(home, "seeds")
    await_documents(home, 100, process)
    process.send_signal(number)
    _, err = process.communicate()
    assert (process.returncode, err.split("\n")[-2]) == (
        code,
        "qa: interrupted. Run the same command again to resume.",
    )
    before = len(record(home))
    assert 100 <= before < count
    assert [path.name for path in (home / "corpus").glob(".*")] == [".lock"]
    process = started(home, "seeds")
    out, _ = process.communicate()
    assert process.returncode == 0
    assert json.loads(out)["counts"] == {"new": count - before, "unchanged": before}
    assert len(record(home)) == count


def test_a_run_of_long_ago_is_not_gone_on_with(site, home, monkeypatch):
    from qa.sources import state

    put(site, 1, 2)
    site.sitemap("/1", "/2")
    source = WebSource(f"{site.address}/sitemap.xml")
    for hours, times in ((0, 1), (1, 1), (13, 2)):
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
        monkeypatch.setattr(state, "now", lambda later=later: later)
        under_way = ingest_sources([source], home / "corpus", **options(home))
        next(under_way)
        under_way.close()
        assert site.counts["/1"] == times
