"""The widget's versions, the HTML snippet to paste, and the policy its page needs.

The bytes of a released version never change, since pages pin its hash: a change is a new file
beside it, and the old one is still served.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from importlib import resources
from urllib.parse import urlsplit

from qa.web.wording import Wording, language_of

__all__ = ["LATEST", "VERSIONS", "integrity", "page_policy", "snippet", "source"]

_FOLDER = resources.files("qa.web") / "static" / "widgets"
VERSIONS = tuple(
    sorted(int(f.name.removesuffix(".js")) for f in _FOLDER.iterdir() if f.name.endswith(".js"))
)
LATEST = VERSIONS[-1]


@cache
def source(version: int) -> bytes:
    """Return the script of a version.

    Raises:
        KeyError: there is no such version.
    """
    if version not in VERSIONS:
        raise KeyError(version)
    return (_FOLDER / f"{version}.js").read_bytes()


@cache
def integrity(version: int = LATEST) -> str:
    """Return its hash for the ``integrity`` attribute of a script."""
    digest = hashlib.sha384(source(version)).digest()
    return f"sha384-{base64.b64encode(digest).decode()}"


def snippet(address: str, language: str | None = None, version: int = LATEST) -> str:
    """Return the HTML to paste; without script, visitors see the link inside."""
    wanted = f' language="{escape(language)}"' if language else ""
    label = Wording(language_of(language))("widget.open")
    query = f"?language={escape(language)}" if language else ""
    link = f'<a href="{escape(address)}/answer{query}">{escape(label)}</a>'
    return (
        f"<press-qa{wanted}>{link}</press-qa>\n"
        f'<script src="{escape(address)}/widget.js?v={version}" integrity="{integrity(version)}" '
        f'crossorigin="anonymous" defer></script>'
    )


def page_policy(address: str) -> list[str]:
    """Return the directives that a page's Content-Security-Policy has to allow."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    return [f"script-src {origin}", f"connect-src {origin}"]
