"""Links to a passage on its document's page, and the view they open."""

import datetime

import pytest

from conftest import corpus_file
from qa import QA
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document, Span
from qa.web.server.live import Live
from qa.web.ui.document_page import DocumentView, LinkQuery, PassageRef, document_link, open_view

DOCUMENTS = {
    name: Document(id=name, title=name.upper(), text="Tea is hot. Milk is cold.", date=date)
    for name, date in [
        ("a", datetime.date(2020, 1, 1)),
        ("b:1", datetime.date(2021, 1, 1)),
        ("c", None),
    ]
}
TEA, MILK = Span(0, 11), Span(12, 25)


def opened(document="a", start="0", end="11", found=(), later=""):
    link = LinkQuery(start=start, end=end, found=found, later=later)
    return open_view(DOCUMENTS, DOCUMENTS[document], link)


def test_a_passage_in_a_link_is_parsed_as_it_was_written():
    for passage in [
        PassageRef("a", TEA),
        PassageRef("b:1", MILK),
        PassageRef("a", MILK, Span(14, 20)),
    ]:
        for here in DOCUMENTS:
            assert PassageRef.parse(passage.written(here), here, DOCUMENTS) == passage


@pytest.mark.parametrize(
    "written",
    [
        "",
        "a",
        "a:",
        "0",
        "a:5-2",
        "0-26",
        "x:0-3",
        "-1-3",
        "a:0-3-4",
        "x-y",
        "0-9,3-12",
        "5-9,0-8",
        "0-9,x",
    ],
)
def test_a_passage_that_the_record_lacks_is_none(written):
    assert PassageRef.parse(written, "a", DOCUMENTS) is None


def test_the_link_of_a_passage_names_its_quote():
    passage = PassageRef("a", TEA, Span(4, 6))
    assert document_link(passage) == "/documents/a?start=0&end=11#passage"
    link = document_link(passage, [passage])
    assert link == "/documents/a?start=0&end=11&found=0-11%2C4-6#passage"
    assert opened(found=["0-11,4-6"]).quoted == Span(4, 6)
    assert opened(found=["0-11"]).quoted is None


def test_neighbours_follow_the_order_of_the_passages():
    passages = ["a:0-11", "b:1:12-25", "a:12-25"]
    first, second, third = (
        opened("a", found=passages),
        opened("b:1", "12", "25", found=passages),
        opened("a", "12", "25", found=passages),
    )
    assert [(r.number, r.total) for r in (first, second, third)] == [(1, 3), (2, 3), (3, 3)]
    assert (first.previous, third.next) == (None, None)
    assert second.previous.document.id == "a"
    assert second.previous.link.startswith("/documents/a?start=0&end=11&found=0-11&")
    assert second.next.link.startswith("/documents/a?start=12&end=25&found=")
    assert first.next.link.startswith("/documents/b%3A1?start=12&end=25&")


def test_unknown_passages_are_left_out_and_a_foreign_passage_has_no_neighbours():
    assert opened(found=["x:0-3", "a:0-11", "a:12-25"]).total == 2
    assert opened(found=["a:12-25", "b:1:0-11"]).total == 0
    assert opened(found=["a:0-11"] * 500).total == 20


@pytest.mark.parametrize(
    ("document", "later", "expected"),
    [
        ("a", "b:1:0-11", "b:1"),
        ("b:1", "a:0-11", None),
        ("a", "c:0-11", None),
        ("c", "a:0-11", None),
    ],
)
def test_only_a_later_statement_is_linked_as_one(document, later, expected):
    step = opened(document, later=later).later
    assert (step.document.id if step else None) == expected


def test_a_missing_passage_is_reported_and_no_passage_is_not():
    assert opened(start="", end="") == DocumentView()
    assert opened(start="0", end="99") == DocumentView(is_missing=True)


def test_the_page_leads_to_the_next_passage_and_to_the_later_statement(make_live, make_client):
    client = make_client(make_live({"a": "Tea is hot.", "b": "Tea is <b>."}))
    page = client.get("/documents/a?start=0&end=11&found=a:0-11&found=b:0-11").text
    assert "Passage 1 of 2 <" in page
    link = "/documents/b?start=0&amp;end=11&amp;found=a%3A0-11&amp;found=0-11#passage"
    assert f'Next: <a href="{link}" rel="next" lang="en">b</a>' in page
    within = client.get("/documents/a?start=0&end=3&found=0-3&found=4-6").text
    assert 'rel="next">paragraph 1</a>' in within
    assert "Previous:" not in page
    assert "Passages found" not in client.get("/documents/a?start=0&end=11").text


def test_a_withdrawn_document_is_shown_as_such_and_not_counted(tmp_path, encoder, make_client):
    gone = Document(
        id="gone",
        title="Gone",
        text="Milk is hot.",
        date=datetime.date(2019, 1, 1),
        withdrawn=datetime.date(2026, 1, 2),
        also=("https://example.org/again", "/srv/copy.pdf"),
    )
    kept = Document(id="kept", title="Kept", text="Tea is hot.", date=datetime.date(2020, 1, 1))
    build([corpus_file(gone), corpus_file(kept)], tmp_path, encoder, passage_chars=100)
    client = make_client(Live(QA(open_snapshot(tmp_path), encoder)))
    page = client.get("/documents/gone?start=0&end=12").text
    assert "(noticed on 2 January 2026)" in page
    assert '<mark id="passage" tabindex="-1">Milk is hot.</mark>' in page
    link = '<a href="https://example.org/again" rel="noopener noreferrer">'
    assert f"{link}Also published at example.org</a>" in page
    assert "Also published as: copy.pdf" in page
    assert "(noticed on" not in client.get("/documents/kept").text
    answer = client.get("/answer?q=is+milk+hot").text
    assert "Milk is hot." not in answer
    assert "Covers 1 document, dated 1 January 2020." in client.get("/answer").text


def test_the_page_marks_the_quote_and_the_passage_around_it(make_live, make_client):
    client = make_client(make_live({"a": "It rained. Tea is <hot>. End.\n\nMilk."}))
    page = client.get("/documents/a?start=0&end=29&found=0-29,11-24").text
    assert (
        '<p dir="auto"><mark class="around">It rained. </mark>'
        '<mark id="passage" tabindex="-1">Tea is &lt;hot&gt;.</mark>'
        '<mark class="around"> End.</mark></p>'
    ) in page
