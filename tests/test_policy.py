"""The chat page's policy allows its own inline scripts by their hashes, and no others."""

import asyncio
import base64
import hashlib

from starlette.responses import HTMLResponse, PlainTextResponse

from qa.web.server.policy import InlineScripts


def policy_of(response, head=""):
    sent = []

    async def send(message):
        sent.append(message)

    app = InlineScripts(response, "default-src 'none'", head)
    asyncio.run(app({"type": "http"}, None, send))
    headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return headers.get("content-security-policy"), b"".join(m["body"] for m in sent[1:])


def hashed(script):
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def test_every_inline_script_is_named_by_its_hash_and_the_page_stays_as_it_is():
    page = (
        "<script>let a = 1;</script><script type=module src='/x.js'></script>"
        "<SCRIPT data-x>\nlet b = 2;\n</SCRIPT>"
    )
    policy, body = policy_of(HTMLResponse(page))
    one, two = hashed("let a = 1;"), hashed("\nlet b = 2;\n")
    assert policy == f"default-src 'none'; script-src 'self' {one} {two}"
    assert body.decode() == page


def test_only_pages_get_the_policy():
    assert policy_of(PlainTextResponse("<script>1</script>")) == (None, b"<script>1</script>")


def test_a_page_gets_our_head_and_loses_what_leads_elsewhere():
    page = (
        '<html><head><link rel="manifest" href="/m"><meta\n property="og:title" content="G" />'
        '<meta name="twitter:card" content="c"/><meta name="viewport" content="v"/></head>'
    )
    _, body = policy_of(HTMLResponse(page), "<title>ours</title>")
    assert body.decode() == (
        '<html><head><title>ours</title><meta name="viewport" content="v"/></head>'
    )
