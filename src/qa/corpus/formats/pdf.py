"""PDF: the printed text in the file's order, with the place of every page; pypdfium2's home."""

from __future__ import annotations

import datetime
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from qa.corpus.dates import dates_in
from qa.corpus.formats import limits
from qa.corpus.formats.extracted import Extracted
from qa.corpus.formats.printed import Line, Page, flowing, without_furniture
from qa.errors import SourceError

__all__ = ["pdf"]

# Of a page's characters, how many may have no meaning in the file before it cannot be read.
_MOST_UNMAPPED = 0.05
# A title is larger than the text by this factor, and no longer than this.
_TITLE_SIZE = 1.15
_TITLE_LINES = 6
_SHOWN_PAGES = 10
_LINE_ENDS = frozenset(map(ord, "\r\n"))
_HYPHENS = frozenset(map(ord, "-\xad\u2010\x02\ufffe"))
_BLANK = frozenset(map(ord, " \t\xa0\r\n"))
# pdfium's own marks of a hyphen at a line's end.
_AS_PRINTED = str.maketrans({"\x02": "-", "\ufffe": "-", "\xa0": " ", "\t": " "})
_CONTROLS = re.compile("[\x00-\x1f\x7f\uffff]")


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
    pages, furniture = without_furniture(printed)
    text, begins = flowing(pages)
    return Extracted(
        text,
        title=_title(printed, stated),
        date=_running_date(furniture),
        pages=begins,
        remark=_without_text(printed),
    )


def _without_text(pages: Sequence[Page]) -> str:
    """Which pages hold none."""
    empty = [str(number) for number, page in enumerate(pages, start=1) if not page.lines]
    shown = ", ".join(empty[:_SHOWN_PAGES]) + (", ..." if empty[_SHOWN_PAGES:] else "")
    return f"{len(empty)} of {len(pages)} pages hold no text ({shown})" if empty else ""


def _page(document: Any, number: int, name: str) -> Page:
    """The printed lines of a page.

    Raises:
        SourceError: too many of its characters do not say which they are.
    """
    from pypdfium2 import raw  # noqa: PLC0415

    page = document[number]
    printed = page.get_textpage()
    codes = [raw.FPDFText_GetUnicode(printed, i) for i in range(printed.count_chars())]
    unmapped = sum(code in {0, 0xFFFD} for code in codes)
    if unmapped > _MOST_UNMAPPED * len(codes):
        raise SourceError(
            f"{name}: {unmapped} of {len(codes)} characters on page {number + 1} do not say which "
            "they are: recognise the text anew (OCR)."
        )
    ends = [i + 1 for i, _ in enumerate(codes) if _ends_line(printed, codes, i)]
    bounds = itertools.pairwise([0, *ends, len(codes)])
    lines = [_line(printed, codes, start, end) for start, end in bounds]
    height = page.get_height()
    printed.close()
    page.close()
    return Page(tuple(line for line in lines if line), height)


def _ends_line(printed: Any, codes: Sequence[int], i: int) -> bool:
    """Whether a line ends after a character; pdfium says so, but after hyphens."""
    if codes[i] in _LINE_ENDS:
        return True
    if codes[i] not in _HYPHENS or i + 1 == len(codes) or codes[i + 1] in _LINE_ENDS:
        return False
    _, bottom, _, _ = printed.get_charbox(i, loose=True)
    _, _, _, top_of_next = printed.get_charbox(i + 1, loose=True)
    return bool(top_of_next <= bottom)


def _line(printed: Any, codes: Sequence[int], start: int, end: int) -> Line | None:
    shown = [i for i in range(start, end) if codes[i] not in _BLANK]
    # Characters outside the first plane come as two.
    halves = "".join(map(chr, codes[start:end])).encode("utf-16", "surrogatepass")
    text = _CONTROLS.sub("", halves.decode("utf-16", "replace").translate(_AS_PRINTED))
    if not shown or not text.strip():
        return None
    # The first or last may be a note's mark, smaller than the rest.
    looked_at = (shown[0], shown[len(shown) // 2], shown[-1])
    boxes = [printed.get_charbox(i, loose=True) for i in looked_at]
    _, bottom, _, top = max(boxes, key=lambda box: box[3] - box[1])
    return Line(
        text=" ".join(text.split()),
        left=boxes[0][0],
        right=boxes[-1][2],
        bottom=bottom,
        height=max(top - bottom, 1.0),
        ends_in_space=text[-1].isspace(),
    )


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
    lines = [line.text for line in top if line.height > largest / _TITLE_SIZE]
    return " ".join(lines) if len(lines) <= _TITLE_LINES else None


def _bare(text: str) -> str:
    """Letters and digits only, since quotes and dashes are written in many ways."""
    return re.sub(r"[\W_]+", "", text.lower())


def _running_date(furniture: Sequence[Line]) -> datetime.date | None:
    """The one date in the running heads and feet."""
    dates = {date for line in furniture for date in dates_in(line.text)}
    return dates.pop() if len(dates) == 1 else None
