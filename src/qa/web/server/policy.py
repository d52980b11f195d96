"""Gradio's page with the project's own head and a Content-Security-Policy."""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["InlineScripts"]

_INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)

# The manifest would be at the root of the host, where another site may be; the tags for social
# networks advertise Gradio, with pictures from other servers.
_UNWANTED = re.compile(
    rb'<link rel="manifest"[^>]*>|<meta\s+(?:property="og:|name="twitter:)[^>]*>'
)
_HEAD = b"<head>"


class InlineScripts:
    """Adds ``policy`` to pages of ``app``, with a script-src of this origin and inline hashes.

    Scripts of the page itself may run, injected ones may not. ``head`` is put at the beginning of
    each page's head.
    """

    def __init__(self, app: ASGIApp, policy: str, head: str = "") -> None:
        self._app = app
        self._policy = policy
        self._head = head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head: Message | None = None
        body = bytearray()

        async def send_page(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start" and _is_page(message):
                head = message
                return
            if head is None:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            page = _UNWANTED.sub(b"", bytes(body)).replace(_HEAD, _HEAD + self._head, 1)
            headers = MutableHeaders(scope=head)
            headers["Content-Length"] = str(len(page))
            headers["Content-Security-Policy"] = f"{self._policy}; script-src {_sources(page)}"
            await send(head)
            await send({"type": "http.response.body", "body": page})

        await self._app(scope, receive, send_page)


def _is_page(message: Message) -> bool:
    return MutableHeaders(scope=message).get("content-type", "").startswith("text/html")


def _sources(page: bytes) -> str:
    """Return the script sources: this origin, and the hash of each inline script of the page."""
    hashes = [base64.b64encode(hashlib.sha256(s).digest()).decode() for s in _INLINE.findall(page)]
    return " ".join(["'self'", *(f"'sha256-{digest}'" for digest in hashes)])
