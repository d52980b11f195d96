"""Rich text (RTF): its paragraphs; striprtf's home."""

from __future__ import annotations

import re

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.extracted import Extracted, left_out_remark
from qa.sources.formats.format import Format, Signature

__all__ = ["rtf"]

_CELL = re.compile(r"\\(?:nest)?cell(?![a-z])")
_ROW = re.compile(r"\\nestrow(?![a-z])")
# Text deleted with tracked changes, or hidden, to the end of its group.
_HIDDEN = re.compile(r"\\(?:deleted|v)(?![a-z0-9])")
# Hidden text begins, ends, or ends with its group.
_HIDDEN_BOUNDS = re.compile(
    r"(?P<begin>\\(?:deleted|v)(?![a-z0-9]))"
    r"|(?P<end>\\(?:(?:deleted|v)0(?![0-9])|plain(?![a-z])))|[{}]"
)
_FOOTNOTE = re.compile(r"\\footnote(?![a-z])")
_PICTURE = re.compile(r"\\pict(?![a-z])")


def rtf(data: bytes, name: str) -> Extracted:
    """Return the text, a blank line between paragraphs and tabs between the cells of a row.

    Raises:
        SourceError: it is no RTF, is cut off, or characters are in no encoding it names.
    """
    if not data.lstrip().startswith(b"{\\rtf"):
        raise SourceError(f"{name}: not RTF (it does not begin with {{\\rtf).")
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415

    source = data.decode("latin-1")
    if _ends_within_paragraph(source):
        raise SourceError(
            f"{name}: it has hidden or deleted text that ends within a paragraph: accept or "
            "reject the changes, and save it as DOCX."
        )
    source = _HIDDEN.sub(r"\\*", source)
    source = _ROW.sub(r"\\par", _CELL.sub(r"\\tab", source))
    # Otherwise striprtf writes the address of a link behind its words.
    source = re.sub("HYPERLINK", "H", source, flags=re.IGNORECASE)
    try:
        text = rtf_to_text(source)
    except (UnicodeError, LookupError) as error:
        raise SourceError(
            f"{name}: it holds characters that are in no encoding it names ({error}): save it as "
            "DOCX."
        ) from error
    # Characters beyond the first 65,536 come as two surrogates.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    paragraphs = [line.strip(" \t\r") for line in text.replace("\0", "").split("\n")]
    counts = {"footnote": len(_FOOTNOTE.findall(source)), "picture": len(_PICTURE.findall(source))}
    return Extracted("\n\n".join(filter(None, paragraphs)), remark=left_out_remark(counts))


def _ends_within_paragraph(source: str) -> bool:
    """Return whether hidden text ends before its group does."""
    is_hidden = False
    for bound in _HIDDEN_BOUNDS.finditer(source):
        if bound["end"] and is_hidden:
            return True
        is_hidden = bool(bound["begin"])
    return False


FORMATS = (
    Format(
        rtf,
        {".rtf": ("application/rtf", "text/rtf")},
        "paragraphs, table rows with tabs between cells",
        signature=Signature("RTF", b"{\\rtf"),
        max_bytes=limits.RTF_BYTES,
    ),
)
