"""The description of a format, which its own module states once for the whole program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qa.sources.formats import limits
from qa.sources.formats.extracted import Extracted

__all__ = ["Format", "Signature"]


@dataclass(frozen=True, slots=True)
class Signature:
    """The first bytes of a kind of file; ``kind`` names it in messages.

    ``matches`` recognises files of that kind that do not begin with ``start``.
    """

    kind: str
    start: bytes = b""
    matches: Callable[[bytes], bool] | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of source file and how its text is extracted.

    ``endings`` maps the ending of a file's name to the media types that get it; the first is the
    usual one. ``text`` and ``metadata`` say in the documentation what is extracted and what a file
    states about itself. Files with an ending of ``convertible`` are refused with the command that
    converts them to this format.
    """

    extract: Callable[[bytes, str], Extracted]
    endings: Mapping[str, tuple[str, ...]]
    text: str
    metadata: str = ""
    signature: Signature | None = None
    convertible: tuple[str, ...] = ()
    in_worker: bool = True
    max_bytes: int = limits.FILE_BYTES

    @property
    def ending(self) -> str:
        """The usual ending of its files."""
        return next(iter(self.endings))
