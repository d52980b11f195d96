"""What a file is by its first bytes."""

from __future__ import annotations

import re

__all__ = ["told_by_content"]

_SIGNATURES = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office file (.doc), or an encrypted one",
    b"{\\rtf": "RTF",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
}
_HTML = re.compile(
    rb"(?>\s|<!--.*?-->|<\?xml[^>]*>)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
# As far in as readers of PDF look for its beginning, and as browsers look for what a page is.
_LOOKED_AT_BYTES = 1024


def told_by_content(data: bytes) -> str | None:
    """What the first bytes say for certain; None where they leave it open, as those of text do."""
    for signature, content in _SIGNATURES.items():
        if data.startswith(signature):
            return content
    start = data[:_LOOKED_AT_BYTES].removeprefix(b"\xef\xbb\xbf")
    if b"%PDF-" in start and b"\0" in data[: _LOOKED_AT_BYTES * 4]:
        return "a PDF"
    return "an HTML page" if _HTML.match(start.replace(b"\0", b"")) else None
