"""Fetching keeps to limits, to robots.txt and to public addresses."""

import gzip
import socket
import tracemalloc

import httpx
import pytest

from patience import HANG_S
from qa.errors import GoneError, SourceError, UnreachableError
from qa.sources.formats import limits
from qa.sources.formats.encodings import text_codec
from qa.sources.remote import client, content_type
from qa.sources.remote.addresses import checked_url, is_public
from qa.sources.remote.client import Client
from qa.sources.remote.content_type import as_file
from qa.sources.remote.fetch import Fetched, Fetcher, FetchPolicy
from web_site import drip, flood, served, silence

LIMIT = 100_000


@pytest.fixture
def site():
    with served() as site:
        yield site


@pytest.fixture
def fetcher_of():
    """Fetchers that may go to this machine and do not wait; ``waits`` are those they asked for."""
    made = []

    def make(sleep=lambda _: None, **policy):
        given = {
            "fetch_delay_s": 0.0,
            "fetch_timeout_s": HANG_S,
            "max_source_bytes": LIMIT,
            "allow_private": True,
        }
        made.append(Fetcher(FetchPolicy(**{**given, **policy}), sleep))
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()


def refusal(fetcher, url, kind=SourceError):
    with pytest.raises(kind) as refused:
        fetcher.fetch(url)
    assert type(refused.value) is kind or kind is UnreachableError
    return str(refused.value)


def test_a_page_comes_with_its_type_its_tags_and_where_it_was_found(site, fetcher_of):
    site.put(
        "/a", "Tea.", headers={"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 10:00:00 GMT"}
    )
    site.move("/old", "/a", 301)
    assert fetcher_of().fetch(f"{site.address}/old#top") == Fetched(
        url=f"{site.address}/old#top",
        final=f"{site.address}/a",
        data=b"Tea.",
        content_type="text/plain; charset=utf-8",
        etag='"1"',
        modified="Mon, 02 Mar 2026 10:00:00 GMT",
    )


def test_with_its_tag_a_page_that_has_not_changed_is_not_sent_again(site, fetcher_of):
    site.put("/a", "Tea.", headers={"ETag": '"1"'})
    assert fetcher_of().fetch(f"{site.address}/a", etag='"1"').data is None
    assert fetcher_of().fetch(f"{site.address}/a", etag='"2"').data == b"Tea."


def test_it_says_who_it_is_and_whom_to_tell(site, fetcher_of):
    from qa import __version__

    site.put("/a", "Tea.")
    fetcher_of(contact="https://example.org/bot").fetch(f"{site.address}/a")
    agents = {headers["User-Agent"] for _, headers in site.asked}
    assert agents == {f"press-qa/{__version__} (+https://example.org/bot)"}


def test_what_robots_txt_forbids_is_not_asked_for_by_the_longest_rule(site, fetcher_of):
    site.put(
        "/robots.txt",
        "User-agent: *\nDisallow: /\n\nUser-agent: press-qa\nDisallow: /a\nAllow: /a/open$\n",
    )
    for path in ("/a/closed", "/a/open", "/b"):
        site.put(path, "Tea.")
    site.move("/c", "/a/closed")
    fetcher = fetcher_of()
    assert "robots.txt of 127.0.0.1 forbids" in refusal(fetcher, f"{site.address}/a/closed")
    assert "robots.txt of 127.0.0.1 forbids" in refusal(fetcher, f"{site.address}/c")
    assert fetcher.fetch(f"{site.address}/a/open").data == b"Tea."
    assert fetcher.fetch(f"{site.address}/b").data == b"Tea."
    assert site.log == ["/robots.txt", "/c", "/a/open", "/b"]


@pytest.mark.parametrize(("status", "may"), [(404, True), (403, True), (500, False), (429, False)])
def test_rules_that_cannot_be_had_forbid_and_rules_that_are_not_there_allow(
    site, fetcher_of, status, may
):
    site.put("/robots.txt", "User-agent: *\nDisallow: /", status=status)
    site.put("/a", "Tea.")
    fetcher = fetcher_of()
    if may:
        assert fetcher.fetch(f"{site.address}/a").data == b"Tea."
    else:
        assert "robots.txt cannot be had" in refusal(fetcher, f"{site.address}/a", UnreachableError)
        refusal(fetcher, f"{site.address}/b", UnreachableError)
        assert site.log == ["/robots.txt"] * 4


def test_between_two_requests_to_a_host_it_waits(site, fetcher_of):
    waits = []
    for path in ("/a", "/b"):
        site.put(path, "Tea.")
    fetcher = fetcher_of(waits.append, fetch_delay_s=5.0)
    fetcher.fetch(f"{site.address}/a")
    fetcher.fetch(f"{site.address}/b")
    assert [round(wait) for wait in waits] == [0, 5, 5]  # robots.txt, /a, /b


def test_robots_txt_may_ask_for_a_longer_wait_but_not_for_any(site, fetcher_of):
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 7")
    site.put("/a", "Tea.")
    waits = []
    fetcher = fetcher_of(waits.append, fetch_delay_s=5.0)
    fetcher.fetch(f"{site.address}/a")
    fetcher.fetch(f"{site.address}/a")
    assert [round(wait) for wait in waits] == [0, 5, 7]
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 86400")
    told = refusal(fetcher_of(), f"{site.address}/a", UnreachableError)
    assert "asks for 86400 s between two requests, more than 300" in told


def test_a_busy_server_is_asked_again_when_it_says_or_ever_later(site, fetcher_of):
    answers = iter([(503, {}), (429, {"Retry-After": "9"}), (500, {}), (200, {})])

    def busy(handler):
        status, headers = next(answers)
        handler.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()

    site.put("/a", busy)
    waits = []
    assert fetcher_of(waits.append, fetch_delay_s=2.0).fetch(f"{site.address}/a").data == b""
    backoff = [wait for wait in waits if wait == int(wait) and wait > 0]
    assert backoff == [2.0, 9.0, 8.0]
    assert site.counts == {"/a": 4}


def test_a_server_that_stays_busy_fails_and_its_page_is_not_gone(site, fetcher_of):
    site.put("/a", status=503)
    assert "/a: its server answers 503" in refusal(
        fetcher_of(), f"{site.address}/a", UnreachableError
    )
    assert site.counts == {"/a": 4}
    site.put("/b", status=503, headers={"Retry-After": "4000"})
    told = refusal(fetcher_of(), f"{site.address}/b", UnreachableError)
    assert "It asks to wait 4000 s" in told
    assert site.counts["/b"] == 1


@pytest.mark.parametrize("status", [404, 410])
def test_only_a_server_that_says_so_makes_a_page_gone(site, fetcher_of, status):
    site.put("/a", status=status)
    refusal(fetcher_of(), f"{site.address}/a", GoneError)
    site.put("/b", status=403)
    assert "answers 403" in refusal(fetcher_of(), f"{site.address}/b")
    assert site.counts == {"/a": 1, "/b": 1}


@pytest.mark.parametrize("endless", [drip, silence])
def test_an_answer_without_end_is_cut_off_and_tried_again(site, fetcher_of, monkeypatch, endless):
    site.put("/a", endless)
    fetcher = fetcher_of(fetch_timeout_s=0.1)
    fetcher._robots[site.address] = b""  # which could come too late on a slow machine
    tries, exchange = [], Client._exchange

    def counted(self, url, *given):
        tries.append(url.path)
        return exchange(self, url, *given)

    monkeypatch.setattr(Client, "_exchange", counted)
    refusal(fetcher, f"{site.address}/a", UnreachableError)
    assert tries == ["/a"] * 4


def test_an_endless_answer_is_cut_off_by_its_length(site, fetcher_of):
    site.put("/a", flood)
    told = refusal(fetcher_of(), f"{site.address}/a")
    assert f"longer than {LIMIT} bytes: raise max_source_bytes" in told
    assert site.counts == {"/a": 1}


def test_a_packed_page_is_unpacked_and_a_bomb_is_not(site, fetcher_of):
    packed = {"Content-Encoding": "gzip"}
    site.put("/a", gzip.compress(b"Tea."), headers=packed)
    site.put("/bomb", gzip.compress(b"0" * 50_000_000), headers=packed)
    site.put("/other", b"Tea.", headers={"Content-Encoding": "compress"})
    fetcher = fetcher_of()
    assert fetcher.fetch(f"{site.address}/a").data == b"Tea."
    tracemalloc.start()
    assert "longer than 100000 bytes when unpacked" in refusal(fetcher, f"{site.address}/bomb")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000
    assert "sent as 'compress'" in refusal(fetcher, f"{site.address}/other")


def test_redirects_end(site, fetcher_of):
    site.move("/a", "/b")
    site.move("/b", "/a")
    for n in range(9):
        site.move(f"/{n}", f"/{n + 1}")
    site.put("/5", "Tea.")
    fetcher = fetcher_of(max_redirects=5)
    assert "redirected in a circle" in refusal(fetcher, f"{site.address}/a")
    assert fetcher.fetch(f"{site.address}/0").final == f"{site.address}/5"
    site.move("/5", "/6")
    assert "redirected more than 5 times" in refusal(fetcher, f"{site.address}/0")


def test_a_redirect_to_what_is_known_is_not_followed(site, fetcher_of):
    site.move("/a", "/b")
    site.put("/b", "Tea.")
    got = fetcher_of().fetch(f"{site.address}/a", is_known=lambda url: url.endswith("/b"))
    assert (got.is_known, got.final, got.data) == (True, f"{site.address}/b", None)
    assert site.counts == {"/a": 1}


def test_a_redirect_to_a_host_it_may_not_go_to_is_not_followed(site, fetcher_of):
    site.move("/a", site.address.replace("127.0.0.1", "localhost") + "/b")
    with pytest.raises(SourceError, match="allow it with --follow-host localhost"):
        fetcher_of().fetch(f"{site.address}/a", may_go_to=lambda host: host == "127.0.0.1")
    assert site.log == ["/robots.txt", "/a"]


def test_a_host_that_cannot_be_reached_is_left_alone_after_a_while(fetcher_of):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits = []
    fetcher = fetcher_of(waits.append)
    for n in range(5):
        told = refusal(fetcher, f"http://127.0.0.1:{port}/{n}", UnreachableError)
    assert "robots.txt cannot be had" in told
    assert len(waits) < 12


# What must never be asked, and the reason that is given.
FORBIDDEN = [
    ("http://127.0.0.1/", "127.0.0.1 is not a public address"),
    ("http://127.0.0.1:8080/admin", "127.0.0.1 is not a public address"),
    ("http://[::1]/", "::1 is not a public address"),
    ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is not a public address"),
    ("http://[fe80::1]/", "fe80::1 is not a public address"),
    ("http://10.0.0.8/", "10.0.0.8 is not a public address"),
    ("http://172.16.5.4/", "172.16.5.4 is not a public address"),
    ("http://192.168.1.1/", "192.168.1.1 is not a public address"),
    ("http://100.64.0.1/", "100.64.0.1 is not a public address"),
    ("http://0.0.0.0/", "0.0.0.0 is not a public address"),
    ("http://224.0.0.1/", "224.0.0.1 is not a public address"),
    ("http://255.255.255.255/", "255.255.255.255 is not a public address"),
    ("http://[fd00::1]/", "fd00::1 is not a public address"),
    ("http://[fec0::1]/", "fec0::1 is not a public address"),
    ("http://[::]/", ":: is not a public address"),
    ("http://[::ffff:127.0.0.1]/", "is not a public address"),
    ("http://[::ffff:7f00:1]/", "is not a public address"),
    ("http://[64:ff9b::a00:1]/", "64:ff9b::a00:1 is not a public address"),
    ("http://[2002:7f00:1::]/", "2002:7f00:1:: is not a public address"),
    ("http://2130706433/", "an IPv4 address written oddly"),
    ("http://0x7f000001/", "an IPv4 address written oddly"),
    ("http://0x7f.0.0.1/", "an IPv4 address written oddly"),
    ("http://0177.0.0.1/", "is not an address on the web"),
    ("http://127.1/", "an IPv4 address written oddly"),
    ("http://127.0.0.1./", "an IPv4 address written oddly"),
    ("http://localhost/", "localhost is at 127.0.0.1, which is not a public address"),
    ("http://internal.example/", "internal.example is at 10.1.2.3, which is not a public"),
    ("http://half.example/", "half.example is at 192.168.0.9, which is not a public address"),
    ("http://１２７.0.0.1/", "is not an address on the web"),
    ("file:///etc/passwd", "only http and https are fetched, not file"),
    ("ftp://example.org/a", "only http and https are fetched, not ftp"),
    ("gopher://127.0.0.1:70/", "only http and https are fetched, not gopher"),
    ("http://name:secret@example.org/", "with a name or password in it is not fetched"),
    ("http://example.org@127.0.0.1/", "with a name or password in it is not fetched"),
    ("http://example.org\\@127.0.0.1/", "there is a backslash in it"),
    ("http://public.example:22/", "port 22 is not one of the web"),
    ("http://public.example:0/", "port 0 is not one of the web"),
    ("http://public.example:25/", "port 25 is not one of the web"),
    ("http://public.example:99999/", "is not an address on the web"),
    ("http://public.example:-1/", "is not an address on the web"),
    ("http://public.example:8o/", "is not an address on the web"),
    ("http:///a", "there is no host in it"),
    ("http://", "there is no host in it"),
    ("http://[::1/", "is not an address on the web"),
    ("http://exa mple.org/", "is no name of a host"),
    ("http://a\r\nHost: b/", "is not an address on the web"),
]
NAMES = {
    "localhost": ["127.0.0.1"],
    "internal.example": ["10.1.2.3"],
    "half.example": ["93.184.216.34", "192.168.0.9"],
    "public.example": ["93.184.216.34"],
}


@pytest.fixture
def names(monkeypatch):
    """Names as a resolver would tell them; connections that are made to no machine of ours."""
    real, connected = socket.getaddrinfo, []

    def resolve(host, port, *args, **kwargs):
        host = host.decode() if isinstance(host, bytes) else host
        if host in NAMES:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in NAMES[host]]
        return real(host, port, *args, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    def connect(address, *_, **__):
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return connected


@pytest.mark.parametrize(("url", "why"), FORBIDDEN)
def test_addresses_that_are_not_the_webs_are_refused_with_the_reason(names, fetcher_of, url, why):
    told = refusal(fetcher_of(allow_private=False), url)
    assert why in told
    assert "secret" not in told
    assert names == []


def test_a_redirect_to_an_address_that_is_not_public_is_refused(monkeypatch, site, fetcher_of):
    """The first hop is let through on purpose, to see the second refused."""
    from qa.sources.remote import addresses

    site.put("/robots.txt", "User-agent: *\nAllow: /")
    for n, (target, _) in enumerate(FORBIDDEN[:20]):
        site.move(f"/{n}", target)
    first = site.address.removeprefix("http://").split(":")[0]
    real = addresses.is_public
    monkeypatch.setattr(addresses, "is_public", lambda a: str(a) == first or real(a))
    fetcher = fetcher_of(allow_private=False)
    for n, (target, why) in enumerate(FORBIDDEN[2:20], start=2):
        assert why in refusal(fetcher, f"{site.address}/{n}"), target
    assert set(site.log) == {"/robots.txt", *(f"/{n}" for n in range(2, 20))}


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch, names, fetcher_of):
    """A name that changes its address after the check gains nothing: it is asked for once."""
    asked = []

    def rebinding(host, port, *args, **kwargs):
        asked.append(host)
        now = ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in now]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    fetcher = fetcher_of(allow_private=False)
    with pytest.raises(SourceError):
        fetcher.fetch("http://rebinding.example/")
    assert names == ["93.184.216.34"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::1", False),
        ("3fff::1", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_public(address, public):
    import ipaddress

    assert is_public(ipaddress.ip_address(address)) is public


def test_an_address_is_brought_to_one_form():
    assert str(checked_url("HTTP://Example.ORG:80?a=1#b")) == "http://example.org/?a=1"
    assert checked_url("https://例え.jp/ü").host == "例え.jp"


@pytest.mark.parametrize(
    ("url", "kind", "data", "name"),
    [
        ("https://a/x", "text/html; charset=utf-8", b"<p>", "https://a/x.html"),
        ("https://a/x.html", "text/html", b"<p>", "https://a/x.html"),
        ("https://a/x.php?f=a.txt", "application/pdf", b"%PDF-", "https://a/x.php?f=a.txt.pdf"),
        ("https://a/x.md", "text/plain", b"# T", "https://a/x.md"),
        ("https://a/x", "text/plain", b"T", "https://a/x.txt"),
        ("https://a/x", "application/octet-stream", b"%PDF-1.7", "https://a/x.pdf"),
        ("https://a/x", "", b"PK\x03\x04", "https://a/x.docx"),
    ],
)
def test_the_type_a_server_tells_names_the_file(url, kind, data, name):
    assert as_file(Fetched(url, url, data, kind)) == (data, name)


def test_text_in_another_encoding_becomes_utf8():
    got = Fetched("https://a/x", "https://a/x", "中文".encode("gb18030"), "text/plain; charset=GBK")
    assert as_file(got)[0].decode("utf-8-sig") == "中文"
    wrong = Fetched("https://a/x", "https://a/x", b"\xff\xff", "text/plain; charset=gbk")
    with pytest.raises(SourceError, match="not gbk text, as its server says"):
        as_file(wrong)
    odd = Fetched("https://a/x", "https://a/x", b"a", "text/plain; charset=klingon")
    with pytest.raises(SourceError, match="unknown encoding, 'klingon'"):
        as_file(odd)


@pytest.mark.parametrize("kind", ["image/png", "application/zip", "application/octet-stream", ""])
def test_an_unsupported_media_type_is_refused_by_name(kind):
    with pytest.raises(SourceError, match=f"calls it {kind or 'nothing'}"):
        as_file(Fetched("https://a/x", "https://a/x", b"abc", kind))


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("9" * 400, 999_999_999.0),
        ("-1", None),
        ("1e9", None),
        ("NaN", None),
        ("inf", None),
        ("²", None),
        ("", None),
        ("soon", None),
        ("Mon, 01 Jan 2024 00:00:00 GMT", 0.0),
        ("Mon, 01 Jan 2024 00:00:00", 0.0),
        ("Mon, 01 Jan 2024 00:00:00 +9999999999999999999", None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0.0),
        ("1 1 1 1 1", None),
    ],
)
def test_a_wait_is_read_where_it_is_one(stated, expected):
    headers = httpx.Headers({"Retry-After": stated.encode()})
    assert client._retry_after_s(headers) == expected


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        (" utf8 ", "utf-8"),
        ("latin-1", "iso8859-1"),
        ("windows-1252", "cp1252"),
        ("GBK", "gbk"),
        ("shift_jis", "shift_jis"),
        ("iso-8859-16", "iso8859-16"),
        *((label, None) for label in ("undefined", "hex", "zip", "zlib", "bz2", "base64", "rot13")),
        *((label, None) for label in ("idna", "punycode", "unicode_escape", "utf-7", "quopri")),
        *((label, None) for label in ("raw_unicode_escape", "klingon", "", "x\0y", "\ud800")),
    ],
)
def test_only_encodings_of_text_are_ones(label, codec):
    assert text_codec(label) == codec


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/html", ("text/html", None)),
        ("Text/HTML; Charset=GBK", ("text/html", "gbk")),
        ("text/html;charset='utf-8' ; a=b", ("text/html", "utf-8")),
        ('text/html; a; charset="x"; charset=y', ("text/html", "x")),
        ("text/html; charset=", ("text/html", None)),
        ("; ; ;", ("", None)),
        ("", ("", None)),
        ("text/html; charset*=idna'x'%FF", ("text/html", None)),
    ],
)
def test_a_type_and_its_charset_are_read_whatever_stands_there(header, expected):
    assert content_type._content_type(header) == expected


def test_robots_txt_cut_off_forbids_and_its_beginning_within_the_limit_counts(site, fetcher_of):
    """RFC 9309 lets the rest of a long one go; one that was cut on its way is not known."""
    rules = b"User-agent: *\nDisallow: /a\n" + b"# more\n" * 100_000
    packed = {"Content-Encoding": "gzip"}
    site.put("/b", "Tea.")
    site.put("/robots.txt", gzip.compress(rules[:200])[:-4], headers=packed)
    assert "robots.txt cannot be had" in refusal(
        fetcher_of(), f"{site.address}/b", UnreachableError
    )
    site.put("/robots.txt", rules)
    fetcher = fetcher_of(max_source_bytes=10_000_000)
    assert fetcher.fetch(f"{site.address}/b").data == b"Tea."
    assert "forbids to fetch it" in refusal(fetcher, f"{site.address}/a")


def test_rules_that_take_too_long_forbid_the_server(site, fetcher_of, monkeypatch):
    monkeypatch.setattr(limits, "READING_S", 0.5)
    agents = "".join(f"User-agent: a{n}\n" for n in range(14_000))
    site.put("/robots.txt", agents + "Allow: /x\n" * 14_000)
    site.put("/a", "Tea.")
    fetcher = fetcher_of(max_source_bytes=10_000_000)
    for path in ("/a", "/b"):
        told = refusal(fetcher, f"{site.address}{path}", UnreachableError)
        assert "robots.txt cannot be had, so nothing is fetched" in told
    assert site.log == ["/robots.txt"]


@pytest.mark.parametrize("location", ["http://[::1", "/" + "a" * 70_000, "http://a:b:c/"])
def test_a_redirect_to_what_is_no_address_is_refused(site, fetcher_of, location):
    site.put("/a", status=302, headers={"Location": location})
    told = refusal(fetcher_of(), f"{site.address}/a")
    assert told.startswith(f"{site.address}/a: redirected to '{location[:100]}', which is not an")
