"""Answers of hostile or broken sites at ``/bad``, by name.

Each is put beside good pages; an update must take those, and say what became of this one.
"""

import gzip
import time
import zlib

import brotli

WORDS = "The ministry said that measure {} on trade applies to region {} from the year {}."


def page(number, word="trade"):
    """A good page, as HTML."""
    said = "".join(
        f"<p>{WORDS.format(i, i * 7 + number, 2000 + i).replace('trade', word)}</p>"
        for i in range(12)
    )
    title = f"Statement number {number} on {word}"
    head = f"<html><head><title>{title}</title></head><body><main><h1>{title}</h1>"
    return f"{head}{said}</main></body></html>".encode()


WHOLE = page(0)
HTML = "text/html; charset=utf-8"
LEVELS = 9


def merged():
    """Front matter whose merge keys stand for gigabytes."""
    lines = ["x0: &m0 {k: v}"]
    lines += [f"x{n}: &m{n}\n  <<: [{','.join([f'*m{n - 1}'] * 9)}]" for n in range(1, LEVELS)]
    return "---\n" + "\n".join(lines) + "\ntitle: t\n---\n\nText of it.\n"


def aliased():
    """Front matter whose title is an alias of an alias."""
    lines = ["x0: &a0 [lol,lol,lol]"]
    lines += [f"x{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, LEVELS)]
    return "---\n" + "\n".join(lines) + f"\ntitle: *a{LEVELS - 1}\n---\n\nText.\n"


def raw(data):
    """Send these bytes, and hang up."""
    return lambda handler: handler.wfile.write(data)


def response(body, *headers, status="200 OK"):
    """Send a response with these header lines, right or wrong."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", *headers, "", ""]
    return raw("\r\n".join(lines).encode("latin-1") + body)


def packed(body, coding):
    """Send a packed body."""
    return response(body, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}")


def chunked(body, end=b""):
    """Send a body in one chunk, and an end of chunks or none."""
    chunk = b"%x\r\n%s\r\n%s" % (len(body), body, end)
    return response(chunk, "Transfer-Encoding: chunked")


def mute(handler):
    """Say nothing, and hang up late."""
    time.sleep(0.3)


GZIP = gzip.compress(WHOLE)
HALF = len(WHOLE) // 2
FULL_LENGTH = f"Content-Length: {len(WHOLE)}"
MARKDOWN = "text/markdown; charset=utf-8"

# Responses cut off on their way: the page that was whole before must stay as it was.
CUT_OFF = {
    "gzip half": packed(GZIP[: len(GZIP) // 2], "gzip"),
    "gzip without trailer": packed(GZIP[:-8], "gzip"),
    "gzip less a byte": packed(GZIP[:-1], "gzip"),
    "gzip, second member cut": packed(gzip.compress(WHOLE[:HALF]) + GZIP[:30], "gzip"),
    "deflate half": packed(zlib.compress(WHOLE)[:200], "deflate"),
    "brotli half": packed(brotli.compress(WHOLE)[:100], "br"),
    "gzip of nothing": packed(b"", "gzip"),
    "wrong checksum": packed(GZIP[:-8] + b"\0" * 8, "gzip"),
    "not gzip at all": packed(WHOLE, "gzip"),
    "packed twice, inner cut": packed(gzip.compress(GZIP[:-20]), "gzip, gzip"),
    "short body": response(WHOLE[:HALF], FULL_LENGTH),
    "no end of chunks": chunked(WHOLE[:HALF]),
    "chunk cut": response(b"%x\r\n" % len(WHOLE) + WHOLE[:HALF], "Transfer-Encoding: chunked"),
    "chunk size that is none": response(b"zz\r\n" + WHOLE, "Transfer-Encoding: chunked"),
    "a part only": response(
        WHOLE[:HALF],
        f"Content-Range: bytes 0-{HALF - 1}/{len(WHOLE)}",
        status="206 Partial Content",
    ),
}
# Everything else, as fields of ``Site.put``; each may be taken or refused, but ends nothing.
ODD = {
    "charset undefined": {"body": WHOLE, "type": "text/html; charset=undefined"},
    "charset punycode": {"body": b"a-" + b"b" * 90_000, "type": "text/plain; charset=punycode"},
    "charset idna": {"body": WHOLE, "type": "text/html; charset=idna"},
    "charset hex": {"body": WHOLE, "type": "text/html; charset=hex"},
    "charset zlib": {"body": WHOLE, "type": "text/html; charset=zlib"},
    "charset rot13": {"body": WHOLE, "type": "text/html; charset=rot13"},
    "charset unicode_escape": {"body": WHOLE, "type": "text/html; charset=unicode_escape"},
    "charset unknown": {"body": WHOLE, "type": "text/html; charset=klingon"},
    "charset continued": {"body": WHOLE, "type": "text/html; charset*0=a; charset*1=b"},
    "charset encoded": {"body": WHOLE, "type": "text/html; charset*=idna'x'%FF"},
    "type of semicolons": {"body": WHOLE, "type": ";;;=;"},
    "meta charset undefined": {
        "body": WHOLE.replace(b"<head>", b"<head><meta charset=undefined>") + b"\xff",
        "type": "text/html",
    },
    "Retry-After out of range": {
        "status": 429,
        "headers": {"Retry-After": "Mon, 01 Jan 2024 00:00:00 +9999999999999999999"},
    },
    "Retry-After of many digits": {"status": 503, "headers": {"Retry-After": "9" * 400}},
    "Retry-After year one": {
        "status": 503,
        "headers": {"Retry-After": "Mon, 01 Jan 0001 00:00:00 +2300"},
    },
    "Retry-After negative": {"status": 429, "headers": {"Retry-After": "-1"}},
    "Retry-After NaN": {"status": 429, "headers": {"Retry-After": "NaN"}},
    "Location no address": {"status": 302, "headers": {"Location": "http://[::1"}},
    "Location bad port": {"status": 301, "headers": {"Location": "http://a:99999999/"}},
    "Location script": {"status": 302, "headers": {"Location": "javascript:alert(1)"}},
    "Location too long": {"status": 302, "headers": {"Location": "/" + "a" * 70_000}},
    "Location itself": {"status": 302, "headers": {"Location": "/bad"}},
    "Location with a password": {"status": 302, "headers": {"Location": "http://a:b@c/"}},
    "dates that are none": {
        "body": WHOLE,
        "type": HTML,
        "headers": {"Last-Modified": "yesterday, 99 Foo -1", "ETag": '"\\"', "Expires": "0"},
    },
    "many cookies": {
        "body": WHOLE,
        "type": HTML,
        "headers": {"Set-Cookie": "; ".join(f"a{n}={'x' * 50}" for n in range(100))},
    },
    "status of its own": {"body": response(WHOLE, status="299 Fine")},
    "status beyond": {"body": response(b"", status="999 ?")},
    "status that is none": {"body": raw(b"HTTP/1.1 abc\r\n\r\n")},
    "no HTTP": {"body": raw(b"\x16\x03\x01\x02\x00\x01\x00" * 10)},
    "huge header": {"body": response(b"hi", "X: " + "a" * 200_000)},
    "many headers": {"body": response(b"hi", *(f"X{n}: y" for n in range(30_000)))},
    "header without colon": {"body": response(WHOLE, "no colon here")},
    "two lengths": {"body": response(WHOLE, FULL_LENGTH, "Content-Length: 3")},
    "negative length": {"body": response(WHOLE, "Content-Length: -5")},
    "length that is none": {"body": response(WHOLE, "Content-Length: many")},
    "coding unknown": {"body": packed(WHOLE, "lzma")},
    "coding many times": {"body": packed(WHOLE, ", ".join(["gzip"] * 50))},
    "gzip bomb": {"body": packed(gzip.compress(b"0" * 20_000_000), "gzip")},
    "brotli bomb": {"body": packed(brotli.compress(b"0" * 20_000_000), "br")},
    "bomb in a bomb": {
        "body": packed(gzip.compress(gzip.compress(b"0" * 20_000_000)), "gzip, gzip")
    },
    "silence": {"body": mute},
    "merge keys": {"body": merged(), "type": MARKDOWN},
    "aliases": {"body": aliased(), "type": MARKDOWN},
    "a tag of Python": {
        "body": "---\ntitle: !!python/object/apply:os.getcwd []\n---\nText.\n",
        "type": MARKDOWN,
    },
    "a number without end": {
        "body": f"---\ntitle: 0x{'f' * 50_000}\n---\n\nText of it.\n",
        "type": MARKDOWN,
    },
    "sexagesimal": {"body": f"---\ntitle: {'1:' * 40_000}1\n---\nText.\n", "type": MARKDOWN},
    "nested flow": {"body": f"---\na: {'[' * 40_000}\n---\nText.\n", "type": MARKDOWN},
    "nested block": {"body": f"---\n{'- ' * 40_000}\n---\nText.\n", "type": MARKDOWN},
    "front matter of dates": {"body": "---\ndate: 2020-13-45\n---\nText.\n", "type": MARKDOWN},
    "exclamation": {"body": "It rained. " + "!" * 100_000, "type": "text/plain"},
    "question marks": {"body": "? " + "？" * 50_000 + "?" * 50_000, "type": "text/plain"},
    "brackets": {"body": "Tea. " + "a.)" * 30_000, "type": "text/plain"},
    "opened questions": {
        "body": ("¿a " * 60_000 + "é?").encode("cp1252"),
        "type": "text/plain",
    },
    "sittings": {"body": "質詢的口頭答覆\n主席：a\n法案\n" * 4_000, "type": "text/plain"},
    "NUL": {"body": b"Tea\0 and coffee.", "type": "text/plain"},
    "surrogates": {"body": b"Tea \xed\xa0\x80 and coffee.", "type": "text/plain"},
    "UTF-16 half": {"body": b"\xff\xfeT\x00e\x00a", "type": "text/plain"},
    "PDF cut": {"body": b"%PDF-1.7\n1 0 obj", "type": "application/pdf"},
    "page of nothing": {"body": b"", "type": HTML},
    "title without end": {"body": b"<title>" + b"a " * 50_000 + b"</title>x", "type": HTML},
}
# Listings named beside the good one, under ``/bad``.
LISTINGS = {
    "links without end": {"body": "<html>" + "<a " * 15_000, "type": HTML},
    "comment without end": {"body": "<html>" + "<!--" * 15_000, "type": HTML},
    "entities": {
        "body": '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss><link>&b;</link></rss>',
        "type": "application/xml",
    },
    "feed cut": {"body": "<rss><channel><item><link>/1</link>", "type": "application/xml"},
    "sitemap in a circle": {
        "body": "<sitemapindex><sitemap><loc>/bad</loc></sitemap></sitemapindex>",
        "type": "application/xml",
    },
    "addresses that are none": {
        "body": "<rss>" + "<item><link>http://[/</link></item>" * 100 + "</rss>",
        "type": "application/xml",
    },
    "packed sitemap cut": {
        "body": gzip.compress(b"<urlset><url><loc>/1</loc></url></urlset>")[:-9],
        "type": "application/gzip",
    },
    "minus signs": {"body": f"<a href='/{'-' * 4_000}'>x</a>", "type": HTML},
}
ROBOTS = {
    "robots of agents": "".join(f"User-agent: a{n}\n" for n in range(1_500))
    + "Allow: /x\n" * 1_500,
    "robots of stars": "User-agent: *\nDisallow: /" + "*a" * 5_000 + "b\n",
    "robots of bytes": b"\xff\xfe\0\x80" * 1_000,
}
