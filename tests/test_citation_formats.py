"""Citations as text, Markdown and BibTeX: the record's words and their place."""

import dataclasses
import datetime
import re

import pytest

from qa.records import Citation, CitedDocument, CitedPassage, Links, Quote
from qa.web.ui.citation_formats import as_bibtex, as_markdown, as_text, citation_formats

ADDRESS = "https://ask.example.org"
TEXT = "We said so. Nobody heard. It *is* 50% {done}. And hot."


def citation(*quoted, title="On tea", speaker="MR. SMITH", date=datetime.date(2022, 7, 21)):
    quotes = tuple(Quote(q, 100 + TEXT.index(q), 100 + TEXT.index(q) + len(q)) for q in quoted)
    return Citation(
        1,
        CitedDocument("2022 tea", title, date, "Trade & more", None, "en"),
        CitedPassage(TEXT, 100, 100 + len(TEXT), 3, "answer", speaker, None),
        quotes,
        0.5,
        "ab" * 32,
        "",
        "",
        Links("/documents/2022%20tea?start=100&end=154#passage", None),
        None,
    )


def test_plain_text_has_quote_speaker_date_section_and_address():
    assert as_text(citation("We said so."), ADDRESS) == (
        "“We said so.”\n"
        "On tea, MR. SMITH, 2022-07-21, Trade & more, ¶ 3\n"
        "https://ask.example.org/documents/2022%20tea?start=100&end=154#passage"
    )
    bare = as_text(citation("And hot.", speaker=None, date=None), ADDRESS)
    assert bare.split("\n")[1] == "On tea, Trade & more, ¶ 3"


@pytest.mark.parametrize(
    ("quoted", "source"),
    [
        (("We said so.", "Nobody heard."), "We said so. Nobody heard."),
        (("And hot.", "We said so."), "We said so. […] And hot."),
    ],
)
def test_an_ellipsis_marks_omitted_sentences(quoted, source):
    assert as_text(citation(*quoted), ADDRESS).split("\n")[0] == f"“{source}”"


def test_markdown_shows_the_words_as_they_are():
    marked = as_markdown(citation("It *is* 50% {done}.", title="[x](javascript:y) <b>"), ADDRESS)
    quote, _, named = marked.split("\n")
    assert quote == r"> It \*is\* 50% {done}."
    assert named.startswith(r"> — [\[x\](javascript:y) \<b\>](https://ask.example.org/documents/")
    assert named.endswith(r"#passage), MR. SMITH, 2022-07-21, Trade \& more, ¶ 3")


def test_bibtex_is_an_entry_with_nothing_that_tex_would_run():
    entry = as_bibtex(citation("It *is* 50% {done}.", title=r"A_b \\input{x} #1"), ADDRESS)
    assert entry.startswith("@misc{2022-tea-100,\n")
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", entry, re.MULTILINE))
    assert fields["author"] == "{MR. SMITH}"
    assert fields["date"] == "2022-07-21"
    assert fields["year"] == "2022"
    assert fields["abstract"] == r"It *is* 50\% \{done\}."
    assert fields["title"] == (r"{A\_b \textbackslash{}\textbackslash{}input\{x\} \#1}")
    assert "characters 100 to 154" in fields["note"]
    assert "sha256 " + "ab" * 32 in fields["note"]
    assert entry.endswith("\n}")
    assert "author" not in as_bibtex(citation("And hot.", speaker=None), ADDRESS)


def test_every_format_has_the_time():
    of_captions = citation("And hot.")
    for time, shown in ((0, "at 0:00"), (3725.9, "at 1:02:05")):
        passage = dataclasses.replace(of_captions.passage, time=time)
        timed = dataclasses.replace(of_captions, passage=passage)
        assert as_text(timed, ADDRESS).split("\n")[1] == (
            f"On tea, MR. SMITH, 2022-07-21, Trade & more, {shown}, ¶ 3"
        )
        assert f", {shown}, ¶ 3" in as_markdown(timed, ADDRESS)
        assert f"{shown}, paragraph 3, " in as_bibtex(timed, ADDRESS)
    assert not any(" at " in written for written in citation_formats(of_captions, ADDRESS).values())


def test_there_are_three_forms_and_none_has_a_blank_line():
    made = citation_formats(citation("We said so."), ADDRESS)
    assert list(made) == ["text", "markdown", "bibtex"]
    assert all(line.strip() for text in made.values() for line in text.split("\n"))
