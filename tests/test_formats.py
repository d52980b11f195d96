"""A source's bytes become its text, or a refusal that says why."""

import datetime

import pytest

from qa.corpus.formats import extract
from qa.errors import SourceError


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
        (b"x", "x.pdf", "not a format read here; known: .markdown, .md, .txt"),
        (b"x", "noending", "(none) is not a format"),
        (b"ab\xff", "x.txt", "not utf-8 text (byte 2 is 0xff): save it as UTF-8"),
        (b"a\0b", "x.txt", "binary, not text"),
        (b" \n ", "x.txt", "there is no text in it"),
        (b"---\ntitle: [\n---\nText", "x.md", "front matter is not YAML"),
        (b"---\n- a\n---\nText", "x.md", "front matter is a list"),
        (b"T\n2020-13-45\n\nText", "x.txt", "'2020-13-45' is not a date"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_with_the_reason(data, name, why):
    with pytest.raises(SourceError) as refusal:
        extract(data, name)
    assert str(refusal.value).startswith(name)
    assert why in str(refusal.value)
