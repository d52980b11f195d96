"""Hashes in the front matter of a corpus file, which show that it is as somebody left it.

``file_sha256`` is of the file without that one line, as ingest wrote it; ``accepted_sha256`` is of
the file without that line, as a person has accepted it.
"""

from __future__ import annotations

import hashlib
import re

from qa.errors import CorpusError
from qa.sources.formats.front_matter import FRONT_MATTER

__all__ = ["ACCEPTED", "FILE_SHA256_LINE", "accepted", "file_sha256", "is_accepted", "is_signed"]

ACCEPTED = "accepted_sha256"
FILE_SHA256_LINE = re.compile(r"^file_sha256: ([0-9a-f]{64})\n", re.MULTILINE)
_ACCEPTED_LINE = re.compile(rf"^{ACCEPTED}:.*\n", re.MULTILINE)


def file_sha256(raw: str) -> str:
    """Return the hash of a corpus file without its ``file_sha256`` line."""
    return hashlib.sha256(FILE_SHA256_LINE.sub("", raw, count=1).encode()).hexdigest()


def is_signed(raw: str) -> bool:
    """Return True for a corpus file that is as ingest wrote it."""
    line = FILE_SHA256_LINE.search(raw)
    return line is not None and line[1] == file_sha256(raw)


def is_accepted(raw: str) -> bool:
    """Return True for a corpus file that is as a person has accepted it."""
    match = FRONT_MATTER.match(raw)
    line = _ACCEPTED_LINE.search(match[1]) if match else None
    return bool(match and line and line[0] == _acceptance(raw, match))


def accepted(raw: str) -> str:
    """Return ``ID.md`` with a line in its front matter that accepts it as it is now.

    The line holds a hash of the rest, so that it says nothing of later changes.
    """
    match = FRONT_MATTER.match(raw)
    if not match:
        raise CorpusError("there is no front matter, which would say that it is right.")
    front = _ACCEPTED_LINE.sub("", match[1]) + _acceptance(raw, match)
    return raw[: match.start(1)] + front + raw[match.end(1) :]


def _acceptance(raw: str, match: re.Match[str]) -> str:
    unaccepted = _ACCEPTED_LINE.sub("", match[1]) + raw[match.end(1) :]
    return f"{ACCEPTED}: {hashlib.sha256(unaccepted.encode()).hexdigest()}\n"
