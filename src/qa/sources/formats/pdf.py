"""PDF: the printed text in the file's order, with the place of every page; pypdfium2's home."""

from __future__ import annotations

import ctypes
import datetime
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
from qa.sources.formats.page import Line, Page
from qa.sources.formats.printed import flowing
from qa.sources.formats.running_heads import without_running_heads
from qa.text.dates import dates_in

__all__ = ["pdf"]

# Of a page's characters, how many may have no meaning in the file before it cannot be read.
_MOST_UNMAPPED = 0.05
# A title is larger than the text by this factor, and no longer than this.
_TITLE_SIZE = 1.15
_TITLE_LINES = 6
_SHOWN_PAGES = 10
_UNMAPPED = "\0\ufffd"
_LINE_END = re.compile("[\r\n\xad\u2010\x02\ufffe-]")
# As far in as PDF viewers look for its beginning, and for a NUL, which no text has.
_START_WITHIN_BYTES = 1024
_BINARY_WITHIN_BYTES = 4096
# The sine of an angle up to which text is upright.
_UPRIGHT = 0.1


def _is_pdf(data: bytes) -> bool:
    return b"%PDF-" in data[:_START_WITHIN_BYTES] and b"\0" in data[:_BINARY_WITHIN_BYTES]


def pdf(data: bytes, name: str) -> Extracted:
    """The text, a blank line between paragraphs.

    Raises:
        SourceError: it is broken, encrypted or too long, or holds pictures of text only.
    """
    import pypdfium2  # noqa: PLC0415 - its library takes a moment to load

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        is_locked = "password" in str(error).lower()
        remedy = "save it without its password" if is_locked else "save it anew"
        raise SourceError(f"{name}: not a PDF that can be read ({error}): {remedy}.") from error
    with document:
        if len(document) > limits.PAGES:
            raise SourceError(
                f"{name}: it has {len(document)} pages, the limit (PAGES) is {limits.PAGES}: "
                "split it."
            )
        printed = [_page(document, number, name) for number in range(len(document))]
        stated = document.get_metadata_dict().get("Title", "")
    if not any(page.lines for page in printed):
        raise SourceError(
            f"{name}: its {len(printed)} pages hold no text, they are pictures (scans): recognise "
            "the text first (OCR)."
        )
    pages, running = without_running_heads(printed)
    pages, doubtful = _in_columns(pages)
    text, begins = flowing(pages)
    return Extracted(
        text,
        title=_title(printed, stated),
        date=_running_date(running),
        pages=begins,
        remark="; ".join(filter(None, (_without_text(printed), _in_doubt(doubtful)))),
    )


def _in_columns(pages: Sequence[Page]) -> tuple[list[Page], list[int]]:
    """The pages, their columns one after the other; the numbers of those where that is unsure."""
    read = [in_columns(page.lines) for page in pages]
    doubtful = [number for number, (_, in_doubt) in enumerate(read, start=1) if in_doubt]
    return [
        replace(page, lines=tuple(lines)) for page, (lines, _) in zip(pages, read, strict=True)
    ], doubtful


def _without_text(pages: Sequence[Page]) -> str:
    """Which pages hold none."""
    empty = [number for number, page in enumerate(pages, start=1) if not page.lines]
    return f"{len(empty)} of {len(pages)} pages hold no text ({_listed(empty)})" if empty else ""


def _in_doubt(pages: Sequence[int]) -> str:
    """Which pages may be columns or a table."""
    told = "are read row by row and may be columns" if len(pages) > 1 else ""
    told = told or "is read row by row and may be columns"
    return f"page{'s' * (len(pages) > 1)} {_listed(pages)} {told}" if pages else ""


def _listed(pages: Sequence[int]) -> str:
    shown = ", ".join(map(str, pages[:_SHOWN_PAGES]))
    return shown + (", ..." if pages[_SHOWN_PAGES:] else "")


def _page(document: Any, number: int, name: str) -> Page:
    """The printed lines of a page.

    Raises:
        SourceError: too many of its characters do not say which they are.
    """
    page = document[number]
    printed = page.get_textpage()
    text = _text(printed)
    unmapped = sum(map(text.count, _UNMAPPED))
    if unmapped > _MOST_UNMAPPED * len(text):
        raise SourceError(
            f"{name}: {unmapped} of {len(text)} characters on page {number + 1} do not say which "
            "they are: recognise the text anew (OCR)."
        )
    glyphs = Glyphs(text, _boxes(printed), _baselines(printed))
    ends = [found.end() for found in _LINE_END.finditer(text) if _ends_line(glyphs, found)]
    found = lines(glyphs, ends)
    height = page.get_height()
    printed.close()
    page.close()
    return Page(tuple(found), height)


def _text(printed: Any) -> str:
    """The characters of a page, one per code of UTF-16."""
    from pypdfium2 import raw  # noqa: PLC0415

    count = printed.count_chars()
    codes = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(printed, 0, count, codes) - 1
    if written != count:  # it leaves out what it has no code for
        return "".join(chr(raw.FPDFText_GetUnicode(printed, i) & 0xFFFF) for i in range(count))
    return "".join(map(chr, codes[:count]))


def _boxes(printed: Any) -> Callable[[int], Box]:
    """Where the characters of a page stand."""
    from pypdfium2 import raw  # noqa: PLC0415

    rect = raw.FS_RECTF()
    where, look, page = ctypes.byref(rect), raw.FPDFText_GetLooseCharBox, printed.raw

    def box(i: int) -> Box:
        look(page, i, where)
        bottom = rect.bottom
        return Box(i, rect.left, rect.right, bottom, rect.top - bottom)

    return box


def _baselines(printed: Any) -> Callable[[int], float | None]:
    """How high the characters of a page stand that are upright."""
    from pypdfium2 import raw  # noqa: PLC0415

    x, y = ctypes.c_double(), ctypes.c_double()

    def baseline(i: int) -> float | None:
        angle = raw.FPDFText_GetCharAngle(printed, i)
        if abs(math.sin(angle)) > _UPRIGHT or math.cos(angle) < 0:
            return None
        raw.FPDFText_GetCharOrigin(printed, i, ctypes.byref(x), ctypes.byref(y))
        return y.value

    return baseline


def _ends_line(glyphs: Glyphs, found: re.Match[str]) -> bool:
    """Return whether a line ends behind a character; pdfium says so, but behind hyphens."""
    after = found.end()
    if found[0] in "\r\n":
        return True
    if after == len(glyphs.text) or glyphs.text[after] in "\r\n":
        return False
    following = glyphs.box(after)
    return following.bottom + following.height <= glyphs.box(found.start()).bottom


def _title(pages: Sequence[Page], stated: str) -> str | None:
    """What the file says, if its first page says it too; else what is printed largest there."""
    top = pages[0].lines
    said = _bare(" ".join(line.text for line in top))
    if stated.strip() and _bare(stated) in said:
        return " ".join(stated.split())
    sizes = Counter(round(line.height) for page in pages for line in page.lines)
    text_size = sizes.most_common(1)[0][0]
    largest = max((line.height for line in top), default=0.0)
    if largest < _TITLE_SIZE * text_size:
        return None
    is_large = [line.height > largest / _TITLE_SIZE for line in top]
    first = is_large.index(True)
    end = is_large.index(False, first) if False in is_large[first:] else len(top)
    lines = [line.text for line in top[first:end]]
    return " ".join(lines) if len(lines) <= _TITLE_LINES else None


def _bare(text: str) -> str:
    """Letters and digits only, since quotes and dashes are written in many ways."""
    return re.sub(r"[\W_]+", "", text.lower())


def _running_date(running: Sequence[Line]) -> datetime.date | None:
    """The one date in the running heads and feet."""
    dates = {date for line in running for date in dates_in(line.text)}
    return dates.pop() if len(dates) == 1 else None


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
