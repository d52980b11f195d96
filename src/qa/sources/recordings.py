"""Recordings: their addresses, links to a second of them, and times as a corpus file has them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from qa.errors import CorpusError
from qa.records import seconds

__all__ = ["is_address", "link", "read_address", "read_times", "written_times"]

_ADDRESS_CHARS = 2_000
_PAIR = re.compile(r"([0-9]{1,9}) ([0-9]{1,7})(?:\.([0-9]{1,3}))?")
_YOUTUBE = {"youtube.com", "youtu.be", "youtube-nocookie.com"}
_VIMEO = {"vimeo.com"}


def is_address(address: str) -> bool:
    """Return True for a web address (http, https) that may be shown as a link."""
    is_plain = address.isprintable() and not re.search(r'[\s"<>\\]', address)
    if len(address) > _ADDRESS_CHARS or not is_plain:
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and "@" not in parts.netloc


def read_address(address: str | None) -> str | None:
    """Return the address of a recording as a corpus file has it, or None where it has none.

    Raises:
        CorpusError: it is not an address.
    """
    if address is not None and not is_address(address):
        raise CorpusError(
            f"its recording is {address!r:.200}, not an address as https://example.org/briefing."
        )
    return address


def link(recording: str | None, time: float | None) -> str | None:
    """Return the address of a recording at a time in seconds, rounded down.

    YouTube takes the time in the query, Vimeo in a fragment of its own form, other addresses as a
    W3C media fragment. The address stays as it is where the time is unknown or where it has a
    fragment that is no list of ``name=value``. None where there is no address.
    """
    if recording is None or not is_address(recording):
        return None
    if time is None:
        return recording
    parts, second = urlsplit(recording), int(time)
    if _is_of(parts, _YOUTUBE):
        name = "start" if parts.path.startswith("/embed/") else "t"
        query = _replaced(parts.query, {"t", "start"}, f"{name}={second}")
        return parts._replace(query=query, fragment="").geturl()
    if any("=" not in field for field in parts.fragment.split("&") if field):
        return recording
    unit = "s" if _is_of(parts, _VIMEO) else ""
    return parts._replace(fragment=_replaced(parts.fragment, {"t"}, f"t={second}{unit}")).geturl()


def _is_of(parts: SplitResult, hosts: set[str]) -> bool:
    """Return True where an address is of one of these hosts or of a subdomain."""
    labels = (parts.hostname or "").split(".")
    return ".".join(labels[-2:]) in hosts


def _replaced(fields: str, names: set[str], field: str) -> str:
    """``name=value&name=value`` with ``field`` at the end, and none of ``names`` before it."""
    kept = [one for one in fields.split("&") if one and one.partition("=")[0] not in names]
    return "&".join([*kept, field])


def written_times(times: Sequence[tuple[int, float]]) -> tuple[str, ...]:
    """Return ``Document.times`` as a corpus file has them: "OFFSET SECONDS" each."""
    return tuple(f"{offset} {time}" for offset, time in times)


def read_times(value: object, length: int) -> tuple[tuple[int, float], ...]:
    """Return the times that ``written_times`` wrote, of a text of ``length`` characters.

    Raises:
        CorpusError: they are not such a list, do not ascend, or lie outside the text.
    """
    items = value if isinstance(value, list) else [None]
    matches = [isinstance(pair, str) and _PAIR.fullmatch(pair) for pair in items]
    pairs = [match.groups(default="") for match in matches if match]
    if len(pairs) < len(items):
        raise CorpusError(
            f"its times are {value!r:.200}, not a list of an offset in the text and seconds, as "
            "[0 1.5, 20 4]."
        )
    offsets = [int(offset) for offset, _, _ in pairs]
    shown_ms = [int(whole) * 1000 + int(part.ljust(3, "0")) for _, whole, part in pairs]
    is_ascending = all(one < other for one, other in itertools.pairwise(offsets))
    if not is_ascending or shown_ms != sorted(shown_ms) or max(offsets, default=0) >= length:
        raise CorpusError("its times do not ascend within the text.")
    return tuple(zip(offsets, map(seconds, shown_ms), strict=True))
