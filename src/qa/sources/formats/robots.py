"""robots.txt: may this address be fetched, and how long to wait; the only user of protego.

protego, since urllib.robotparser takes the first rule that fits, where the standard (RFC 9309)
says the longest, and knows no "*". Half a megabyte of rules for thousands of agents takes it
minutes and gigabytes, so that it runs in the reader process only.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import protego

__all__ = ["rules"]


def rules(text: bytes, url: str, robot: str) -> tuple[bool, float | None]:
    """Return whether a robot may fetch an address, and the seconds it is asked to wait."""
    parsed = _parsed(text)
    return parsed.can_fetch(url, robot), parsed.crawl_delay(robot)


@functools.lru_cache(maxsize=4)
def _parsed(text: bytes) -> protego.Protego:
    from protego import Protego  # noqa: PLC0415 - only to fetch

    return Protego.parse(text.decode("utf-8", "replace"))
