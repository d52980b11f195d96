"""PDF: the printed text in the file's order, with the offset of every page; pypdfium2's home."""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.columns import in_columns
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format, Signature
from qa.sources.formats.glyphs import Box, Glyphs, lines
from qa.sources.formats.page import Page
from qa.sources.formats.reflow import reflowed
from qa.sources.formats.running_heads import without_running_heads
from qa.text.dates import dates_in

__all__ = ["pdf"]

# The share of a page's characters that may lack a Unicode value.
_MAX_UNMAPPED = 0.05
# A title is larger than the text by this factor, and no longer than this.
_TITLE_SIZE = 1.15
_TITLE_LINES = 6
_SHOWN_PAGES = 10
_UNMAPPED = "\0\ufffd"
_LINE_END = re.compile("[\r\n\xad\u2010\x02\ufffe-]")
# As far in as PDF viewers look for its beginning, and for a NUL, which no text has.
_START_WITHIN_BYTES = 1024
_BINARY_WITHIN_BYTES = 4096
# The sine of the largest angle at which text is upright.
_UPRIGHT = 0.1


def _is_pdf(data: bytes) -> bool:
    return b"%PDF-" in data[:_START_WITHIN_BYTES] and b"\0" in data[:_BINARY_WITHIN_BYTES]


def pdf(data: bytes, name: str) -> Extracted:
    """Return the text, a blank line between paragraphs.

    Raises:
        SourceError: it is broken, encrypted or too long, or holds pictures of text only.
    """
    import pypdfium2  # noqa: PLC0415 - its library takes a moment to load

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        is_locked = "password" in str(error).lower()
        remedy = "save it without its password" if is_locked else "save it again"
        raise SourceError(f"{name}: not a PDF that can be read ({error}): {remedy}.") from error
    with document:
        if len(document) > limits.PAGES:
            raise SourceError(
                f"{name}: it has {len(document)} pages, the limit (PAGES) is {limits.PAGES}: "
                "split it."
            )
        pages = [_page(document, number, name) for number in range(len(document))]
        title = document.get_metadata_dict().get("Title", "")
    if not any(page.lines for page in pages):
        raise SourceError(
            f"{name}: its {len(pages)} pages hold no text, they are pictures (scans): recognise "
            "the text first (OCR)."
        )
    kept, heads = without_running_heads(pages)
    ordered = [in_columns(page.lines) for page in kept]
    text, offsets = reflowed(
        [replace(page, lines=tuple(lines)) for page, (lines, _) in zip(kept, ordered, strict=True)]
    )
    dates = {date for line in heads for date in dates_in(line.text)}
    return Extracted(
        text,
        title=_title(pages, title),
        date=dates.pop() if len(dates) == 1 else None,
        pages=offsets,
        remark=_remark(pages, [in_doubt for _, in_doubt in ordered]),
    )


def _remark(pages: Sequence[Page], in_doubt: Sequence[bool]) -> str:
    """List the pages without text, and those that may be columns or a table."""
    empty = [number for number, page in enumerate(pages, start=1) if not page.lines]
    doubtful = [number for number, is_doubtful in enumerate(in_doubt, start=1) if is_doubtful]
    remarks = []
    if empty:
        remarks.append(f"{len(empty)} of {len(pages)} pages hold no text ({_listed(empty)})")
    if doubtful:
        noun, verb = ("pages", "are") if len(doubtful) > 1 else ("page", "is")
        remarks.append(f"{noun} {_listed(doubtful)} {verb} read row by row and may be columns")
    return "; ".join(remarks)


def _listed(pages: Sequence[int]) -> str:
    shown = ", ".join(map(str, pages[:_SHOWN_PAGES]))
    return shown + (", ..." if pages[_SHOWN_PAGES:] else "")


def _page(document: Any, number: int, name: str) -> Page:
    """Return the printed lines of a page."""
    page = document[number]
    textpage = page.get_textpage()
    text = _text(textpage)
    unmapped = sum(map(text.count, _UNMAPPED))
    if unmapped > _MAX_UNMAPPED * len(text):
        raise SourceError(
            f"{name}: {unmapped} of {len(text)} characters on page {number + 1} do not say which "
            "they are: recognise the text again (OCR)."
        )
    glyphs = Glyphs(text, _boxes(textpage), _baselines(textpage))
    ends = [match.end() for match in _LINE_END.finditer(text) if _ends_line(glyphs, match)]
    result = Page(tuple(lines(glyphs, ends)), page.get_height())
    textpage.close()
    page.close()
    return result


def _text(textpage: Any) -> str:
    """Return the characters of a page, one per UTF-16 code unit."""
    from pypdfium2 import raw  # noqa: PLC0415

    count = textpage.count_chars()
    codes = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(textpage, 0, count, codes) - 1
    if written != count:  # it skips characters without a Unicode value
        return "".join(chr(raw.FPDFText_GetUnicode(textpage, i) & 0xFFFF) for i in range(count))
    return "".join(map(chr, codes[:count]))


def _boxes(textpage: Any) -> Callable[[int], Box]:
    """Return a function from the index of a character to its position."""
    from pypdfium2 import raw  # noqa: PLC0415

    rect = raw.FS_RECTF()
    rect_pointer, get_box, page = ctypes.byref(rect), raw.FPDFText_GetLooseCharBox, textpage.raw

    def box(i: int) -> Box:
        get_box(page, i, rect_pointer)
        bottom = rect.bottom
        return Box(i, rect.left, rect.right, bottom, rect.top - bottom)

    return box


def _baselines(textpage: Any) -> Callable[[int], float | None]:
    """Return a function from the index of a character to its baseline, None if not upright."""
    from pypdfium2 import raw  # noqa: PLC0415

    x, y = ctypes.c_double(), ctypes.c_double()

    def baseline(i: int) -> float | None:
        angle = raw.FPDFText_GetCharAngle(textpage, i)
        if abs(math.sin(angle)) > _UPRIGHT or math.cos(angle) < 0:
            return None
        raw.FPDFText_GetCharOrigin(textpage, i, ctypes.byref(x), ctypes.byref(y))
        return y.value

    return baseline


def _ends_line(glyphs: Glyphs, match: re.Match[str]) -> bool:
    """Return whether a line ends behind a character; pdfium marks ends, except after hyphens."""
    after = match.end()
    if match[0] in "\r\n":
        return True
    if after == len(glyphs.text) or glyphs.text[after] in "\r\n":
        return False
    following = glyphs.box(after)
    return following.bottom + following.height <= glyphs.box(match.start()).bottom


def _title(pages: Sequence[Page], metadata: str) -> str | None:
    """Return the file's title if its first page holds it too, else the largest lines there."""
    top = pages[0].lines
    if metadata.strip() and _bare(metadata) in _bare(" ".join(line.text for line in top)):
        return " ".join(metadata.split())
    sizes = Counter(round(line.height) for page in pages for line in page.lines)
    text_size = sizes.most_common(1)[0][0]
    largest = max((line.height for line in top), default=0.0)
    if largest < _TITLE_SIZE * text_size:
        return None
    is_large = [line.height > largest / _TITLE_SIZE for line in top]
    first = is_large.index(True)
    end = is_large.index(False, first) if False in is_large[first:] else len(top)
    title = [line.text for line in top[first:end]]
    return " ".join(title) if len(title) <= _TITLE_LINES else None


def _bare(text: str) -> str:
    """Return letters and digits only, since quotes and dashes vary."""
    return re.sub(r"[\W_]+", "", text.lower())


FORMATS = (
    Format(
        pdf,
        {".pdf": ("application/pdf",)},
        "the printed text in the file's order; lines and pages joined where a paragraph is certain "
        "to go on",
        "title, a date in running heads; where every page begins",
        signature=Signature("a PDF", b"%PDF-", _is_pdf),
        convertible=(".ppt", ".pptx", ".odp", ".key"),
    ),
)
