"""Titles of documents that state none: their file's name."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

__all__ = ["title_of"]


def title_of(name: str) -> str:
    """Return a title made of a file's name or address."""
    path = unquote(urlsplit(name).path) if "://" in name else name.replace("\\", "/")
    return " ".join(re.split(r"[\s_-]+", PurePosixPath(path).stem)).strip() or name
