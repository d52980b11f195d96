"""Read real records without the code of ``qa``, to compare with what it reads."""

import html.parser
import re
import unicodedata
from pathlib import Path

import pypdfium2

_BLOCKS = frozenset("address article blockquote div dd dt h1 h2 h3 h4 h5 h6 li p td tr br".split())
_HIDDEN = frozenset({"script", "style", "noscript", "head"})


class _Lines(html.parser.HTMLParser):
    """Collects the lines that a browser would show."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - theirs
        self.hidden += tag in _HIDDEN
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in _HIDDEN
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.lines[-1] += re.sub(r"\s+", " ", data)


def html_lines(text: str) -> list[str]:
    """Return the lines of a page that hold text, as a browser would show them."""
    reader = _Lines()
    reader.feed(text)
    return [line.strip() for line in reader.lines if line.strip()]


def pdf_lines(path: Path) -> list[str]:
    """Return the lines of a PDF, as pdfium gives them."""
    with pypdfium2.PdfDocument(path) as pdf:
        return "\r\n".join(page.get_textpage().get_text_range() for page in pdf).splitlines()


def squeeze(text: str) -> str:
    """Return the letters and digits of a text in lower case: the same in every reading of it."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()
