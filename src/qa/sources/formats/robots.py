"""robots.txt: whether an address may be fetched, and how long to wait; the only user of protego.

protego, since urllib.robotparser takes the first rule that fits, where the standard (RFC 9309)
says the longest, and knows no "*". Half a megabyte of rules for thousands of agents takes it
minutes and gigabytes, so that it runs in the worker process only.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import protego

__all__ = ["Rules", "rules_for"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Permission to fetch an address, and the seconds to wait between requests if stated."""

    may_fetch: bool
    delay_s: float | None


def rules_for(text: bytes, url: str, robot: str) -> Rules:
    """Return the rules of a robots.txt for a robot and an address."""
    parsed = _parsed(text)
    return Rules(parsed.can_fetch(url, robot), parsed.crawl_delay(robot))


@functools.lru_cache(maxsize=4)
def _parsed(text: bytes) -> protego.Protego:
    from protego import Protego  # noqa: PLC0415 - only to fetch

    return Protego.parse(text.decode("utf-8", "replace"))
