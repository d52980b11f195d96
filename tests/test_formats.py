"""A source's bytes become its text, or a refusal that says why."""

import datetime

import pytest

from qa.errors import SourceError
from qa.sources.formats import check_size, extract, limits


def test_line_ends_and_byte_order_marks_go_and_nothing_else():
    for data in ("\ufeffa\r\nb  c\rd".encode(), "\ufeffa\r\nb  c\rd".encode("utf-16-le")):
        assert extract(data, "x.txt").text == "a\nb  c\nd"


def test_the_head_of_a_text_file_gives_title_date_and_address():
    data = b"Press Conference\n2011-04-27\nhttps://example.org/a\n\nGood afternoon.\n\nMore."
    found = extract(data, "x.txt")
    assert found.title == "Press Conference"
    assert found.date == datetime.date(2011, 4, 27)
    assert found.source == "https://example.org/a"
    assert found.text == "Good afternoon.\n\nMore."


def test_the_head_does_without_an_address():
    found = extract(b"Title\n2011-04-27\n\nText.", "x.txt")
    assert (found.title, found.source, found.text) == ("Title", None, "Text.")


def test_a_text_without_head_keeps_its_first_line():
    found = extract(b"Title\nnot a date\n\nText.", "x.txt")
    assert (found.title, found.date, found.text) == (None, None, "Title\nnot a date\n\nText.")


def test_markdown_front_matter_is_read_and_leaves_the_text():
    data = b"---\ntitle: On tea\ndate: 2020-02-03\nsection: Trade\n---\n\n# Tea\n\nHot."
    found = extract(data, "x.md")
    assert (found.title, found.date, found.section) == (
        "On tea",
        datetime.date(2020, 2, 3),
        "Trade",
    )
    assert found.text == "# Tea\n\nHot."


def test_markdown_without_front_matter_is_titled_by_its_heading():
    assert extract(b"Intro\n\n# Tea and *cake* #\n\nHot.", "x.md").title == "Tea and *cake*"


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (
            b"x",
            "x.mp3",
            "the ending .mp3 is not a format read here; known: .csv, .docx, .",
        ),
        (b"%PDF-1.4", "x.txt", "it begins like a PDF, its name ends in .txt: give it the ending"),
        (b"<!-- x -->\n<!DOCTYPE html>", "x.md", "it begins like an HTML page"),
        (b"PK\x03\x04", "x.pdf", "it begins like a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "x.docx", "an old Office file (.doc)"),
        (b"x", "noending", "(none) is not a format"),
        (b"ab\x81", "x.txt", "in no encoding read here (byte 2 is 0x81; known: UTF-8, UTF-16,"),
        (b"a\0b", "x.txt", "binary, not text"),
        (b" \n ", "x.txt", "there is no text in it"),
        (b"---\ntitle: [\n---\nText", "x.md", "front matter is not YAML"),
        (b"---\n- a\n---\nText", "x.md", "front matter is a list"),
        (b"T\n2020-13-45\n\nText", "x.txt", "'2020-13-45' is not a date"),
    ],
)
def test_an_unreadable_source_is_refused_by_name_with_the_reason(data, name, why):
    with pytest.raises(SourceError) as refusal:
        extract(data, name)
    assert str(refusal.value).startswith(name)
    assert why in str(refusal.value)


def test_a_file_too_large_for_its_format_is_refused_before_it_is_read():
    check_size(limits.HTML_BYTES, "x.html")
    check_size(limits.HTML_BYTES + 1, "x.txt")
    with pytest.raises(
        SourceError, match="has 10000001 bytes, the limit of its format is 10000000"
    ):
        check_size(limits.HTML_BYTES + 1, "x.html")


def test_a_text_too_long_is_refused_by_the_limits_name(monkeypatch):
    monkeypatch.setattr(limits, "TEXT_CHARS", 5)
    assert extract(b"12345", "x.txt").text == "12345"
    with pytest.raises(SourceError, match=r"has 6 characters, the limit \(TEXT_CHARS\) is 5"):
        extract(b"123456", "x.txt")


@pytest.mark.parametrize("unit", [" ", "# ", "\n", "---\n", "- ", "> ", "<!--"])
def test_a_megabyte_of_anything_takes_no_time(unit):
    text = f"# Tea {unit * (1_000_000 // len(unit))}\n\nHot."
    assert extract(text.encode(), "x.md").title.startswith("Tea")
    assert extract(text.encode(), "x.txt").text == text


def test_many_comments_before_a_page_take_no_time():
    page = b"<!---->" * 140 + b"<p>It rained all day, and nobody minded.</p>"
    assert extract(page, "x.html").text == "It rained all day, and nobody minded."
