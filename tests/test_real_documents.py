"""Real documents of public bodies: no paragraph is lost, and pages are those of the file."""

import bisect
import html.parser
import re
import unicodedata
import zipfile

import pytest

from conftest import SHARED_DATA
from qa.sources.formats.registry import BY_ENDING
from qa.sources.ingest import document

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the judged sets are not here"),
]
BREAKS = {"br", "div", "p", "h1", "h2", "li", "td"}


def bare(text):
    """Letters and digits; white space, quotes and how digits are raised differ between readers."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text))


def ingested(path):
    return document(path.read_bytes(), path.name)


class Lines(html.parser.HTMLParser):
    """A page's lines as Python's own parser gives them."""

    def __init__(self):
        super().__init__()
        self.lines = [""]

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - theirs
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag in BREAKS:
            self.lines.append("")

    def handle_data(self, data):
        self.lines[-1] += data


def assert_in_order(paragraphs, text):
    place = 0
    for paragraph in filter(None, map(bare, paragraphs)):
        found = text.find(paragraph, place)
        assert found >= 0, paragraph[:80]
        place = found + len(paragraph)


def test_every_file_is_read():
    files = [p for p in (SHARED_DATA / "formats").glob("*/*") if p.suffix in BY_ENDING]
    assert len(files) == 28
    for path in files:
        made = ingested(path)
        assert made.text
        assert made.title


def test_briefings_lose_no_line():
    pages = sorted((SHARED_DATA / "press" / "whitehouse").glob("*.html"))
    assert len(pages) == 71
    for path in pages:
        reader = Lines()
        reader.feed(path.read_text("utf-8"))
        made = ingested(path)
        known = {bare(made.title), bare(str(made.date))}
        assert str(made.date) == path.name[:10]
        lines = [line for line in reader.lines if bare(line) not in known]
        assert_in_order(lines, bare(made.text))


def test_word_documents_lose_no_paragraph():
    files = sorted((SHARED_DATA / "formats" / "docx").glob("*.docx"))
    assert len(files) == 8
    for path in files:
        xml = zipfile.ZipFile(path).read("word/document.xml").decode()
        xml = re.sub(
            r"<mc:Fallback>.*?</mc:Fallback>|<w:del [^>]*>.*?</w:del>", "", xml, flags=re.DOTALL
        )
        paragraphs = [
            html.unescape("".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", paragraph)))
            for paragraph in xml.split("</w:p>")
        ]
        made = ingested(path)
        if bare(paragraphs[0]) == bare(made.title):
            paragraphs = paragraphs[1:]
        said = bare(re.sub(r"\[(?:endnote )?\d+\]", "", made.text))
        assert_in_order([p for p in paragraphs if bare(p) != bare(made.title)], said)


def test_pages_are_those_of_the_pdf_and_no_word_is_lost():
    import pypdfium2

    files = sorted((SHARED_DATA / "press" / "fomc").glob("*.pdf"))
    assert len(files) == 16
    for path in files:
        made = ingested(path)
        with pypdfium2.PdfDocument(path) as pdf:
            printed = [bare(page.get_textpage().get_text_range()) for page in pdf]
        assert len(made.pages) == len(printed)
        for start in range(0, len(made.text) - 60, len(made.text) // 20):
            page = bisect.bisect_right(made.pages, start)
            end = min([start + 60, *made.pages[page : page + 1]])
            assert bare(made.text[start:end]) in printed[page - 1]
        for number, page in enumerate(printed):
            end = made.pages[number + 1] if number + 1 < len(printed) else len(made.text)
            # All but the running head and the page number.
            assert 0 <= len(page) - len(bare(made.text[made.pages[number] : end])) < 90
