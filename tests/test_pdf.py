"""PDFs: the printed text, where pages begin, and why a file cannot be read."""

import datetime

import pytest

from badfiles import encrypted_pdf, pdf_of
from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.pdf import pdf


def test_text_and_pages():
    found = pdf(pdf_of([(72, 700, "It rained.")], [(72, 700, "All day.")]), "x.pdf")
    assert (found.text, found.pages) == ("It rained.\n\nAll day.", (0, 12))
    assert not found.remark


def test_pages_without_text_are_told():
    found = pdf(pdf_of([], [(72, 700, "It rained.")], []), "x.pdf")
    assert (found.text, found.pages) == ("It rained.", (0, 0, 10))
    assert found.remark == "2 of 3 pages hold no text (1, 3)"


def test_a_running_head_gives_its_date_and_leaves_the_text():
    pages = [
        [(72, 750, "April 27, 2011 FINAL"), (72, 600, f"Said {word}."), (300, 40, f"{n} of 4")]
        for n, word in enumerate(("first", "second", "third", "last"), start=1)
    ]
    found = pdf(pdf_of(*pages), "x.pdf")
    assert found.text == "Said first.\n\nSaid second.\n\nSaid third.\n\nSaid last."
    assert found.date == datetime.date(2011, 4, 27)


def test_accents_are_read():
    assert pdf(pdf_of([(72, 700, "Réponses prêtes – « ici »")]), "x.pdf").text == (
        "Réponses prêtes – « ici »"
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pdf_of([], []), "its 2 pages hold no text, they are pictures"),
        (encrypted_pdf(), "save it without its password"),
        (b"%PDF-1.4 and no more", "not a PDF that can be read"),
    ],
)
def test_what_cannot_be_read_is_refused(data, why):
    with pytest.raises(SourceError, match=why):
        pdf(data, "x.pdf")


def test_too_many_pages_are_refused_by_the_limits_name(monkeypatch):
    monkeypatch.setattr(limits, "PAGES", 1)
    with pytest.raises(SourceError, match=r"it has 2 pages, the limit \(PAGES\) is 1"):
        pdf(pdf_of([(72, 700, "a")], [(72, 700, "b")]), "x.pdf")
