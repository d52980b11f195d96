"""A citation proves itself; one that was tampered with does not."""

import copy
import datetime

import pytest

from conftest import WordEncoder, corpus_file
from qa import QA
from qa.answer.answer_checks import faults
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document, to_json

PAGE = "Why is tea hot?(2020-01-01)\n\nFire heats tea. Leaves float."


@pytest.fixture
def proof(make_index):
    index = make_index(
        {"page": PAGE},
        layout="question-answer",
        date=datetime.date(2020, 1, 1),
        source="https://example.org/a-b#top",
    )
    qa = QA(open_snapshot(index), WordEncoder())
    return to_json(qa.ask("why is tea hot")), qa.snapshot.documents


def test_an_answer_as_given_has_no_fault(proof):
    answer, documents = proof
    assert answer["status"] == "answered"
    assert list(faults(answer, documents)) == []


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (("passage", "text"), "Fire heats teas. Leaves float.", "passage.text is"),
        (("passage", "asked"), "Why is milk hot?", "passage.asked is"),
        (("passage", "role"), "statement", "passage.role is"),
        (("passage", "speaker"), "A minister", "passage.speaker is"),
        (("passage", "page"), 7, "passage.page is"),
        (("document", "also"), ["elsewhere"], "document is"),
        (("passage", "start"), 28, "passage.text is"),
        (("prefix",), "x", "prefix is"),
        (("suffix",), "x", "suffix is"),
        (("sha256",), "0" * 64, "its text has sha256"),
        (("document", "date"), "2021-01-01", "document is"),
        (("document", "id"), "other", "the record has no document 'other'"),
        (("quotes", 0, "text"), "Fire heats teas.", "quote at 29 is"),
        (("quotes", 0, "start"), 0, "lies outside its passage"),
        (("quotes",), [], "no sentence is quoted"),
        (("passage",), "gone", "not an answer as this system gives it"),
    ],
)
def test_every_change_is_named(proof, place, value, named):
    answer, documents = proof
    spoilt = copy.deepcopy(answer)
    target = spoilt["citations"][0]
    for step in place[:-1]:
        target = target[step]
    assert target[place[-1]] != value
    target[place[-1]] = value
    found = list(faults(spoilt, documents))
    assert any(named in fault for fault in found), found


def test_a_status_that_does_not_fit_its_citations_is_named(proof):
    answer, documents = proof
    answer["status"] = "not_in_record"
    assert list(faults(answer, documents)) == ["status is 'not_in_record' with 1 citations"]


def test_json_that_is_no_answer_is_a_fault(proof):
    for nonsense in ({}, {"citations": 3}, [], "x"):
        assert [f[:13] for f in faults(nonsense, proof[1])] == ["not an answer"]


def test_links_lead_to_the_document_page_and_into_the_source(proof):
    (citation,) = proof[0]["citations"]
    start, end = citation["passage"]["start"], citation["passage"]["end"]
    assert citation["links"]["reader"] == f"/documents/page?start={start}&end={end}#passage"
    assert citation["links"]["source"] == ("https://example.org/a-b#top:~:text=Fire%20heats%20tea.")


def test_a_long_quote_is_named_by_its_ends_and_hyphens_are_encoded(make_index):
    sentence = "Well-known tea " + "word " * 60 + "is hot today."
    index = make_index({"a": sentence}, source="https://example.org/a")
    (citation,) = QA(open_snapshot(index), WordEncoder()).ask("tea word hot").citations
    assert citation.links.source == (
        "https://example.org/a#:~:text=Well%2Dknown%20tea%20word%20word%20word%20word,"
        "word%20word%20word%20is%20hot%20today."
    )


@pytest.fixture
def told_later(tmp_path, encoder):
    """The citation of an old statement that names a later one, and the documents by id."""
    said = [("old", 2019, "Tea is hot, north."), ("new", 2021, "Tea is hot, south.")]
    documents = [
        Document(id=i, title="tea", text=text, date=datetime.date(year, 1, 1))
        for i, year, text in said
    ]
    build([corpus_file(d) for d in documents], tmp_path / "i", encoder, passage_chars=100)
    answer = to_json(QA(open_snapshot(tmp_path / "i"), WordEncoder()).ask("is tea hot"))
    cited = [*answer["citations"], *answer["nearest"]]
    (old,) = [c for c in cited if c["document"]["id"] == "old"]
    assert old["later"]["document"]["id"] == "new"
    return answer, old, {d.id: d for d in documents}


def test_a_later_statement_is_checked_too(told_later):
    answer, _, documents = told_later
    assert list(faults(answer, documents)) == []


@pytest.mark.parametrize(
    ("where", "value", "expected"),
    [
        (("document", "id"), "lost", "the record has no later statement 'lost'"),
        (("document", "title"), "milk", "later.document is"),
        (("end",), 999, "the later statement ends at 999, its document at 18"),
    ],
)
def test_every_change_of_a_later_statement_is_named(told_later, where, value, expected):
    answer, old, documents = told_later
    stated = old["later"]
    for name in where[:-1]:
        stated = stated[name]
    stated[where[-1]] = value
    assert expected in "\n".join(faults(answer, documents))


def test_an_answer_from_before_later_statements_existed_has_no_fault(told_later):
    answer, _, documents = told_later
    for citation in (*answer["citations"], *answer["nearest"]):
        del citation["later"]
    assert list(faults(answer, documents)) == []


def test_a_statement_that_is_not_later_is_named(told_later):
    answer, old, documents = told_later
    old["later"]["document"] = dict(old["document"])
    assert "its later statement is of 2019-01-01" in "\n".join(faults(answer, documents))


def test_a_citation_names_the_page_of_its_first_sentence_quoted(tmp_path, encoder):
    """The passage begins on page 1, what is quoted stands on page 2."""
    text = "Rain fell. Tea is hot. Leaves float."
    document = Document(id="a", title="a", text=text, pages=(0, 11, 23), also=("b.pdf",))
    build([corpus_file(document)], tmp_path, encoder, passage_chars=200)
    qa = QA(open_snapshot(tmp_path), encoder)
    answer = to_json(qa.ask("is tea hot"))
    (citation,) = answer["citations"]
    assert [quote["text"] for quote in citation["quotes"]] == ["Tea is hot."]
    assert (citation["passage"]["start"], citation["passage"]["page"]) == (0, 2)
    assert citation["document"]["also"] == ["b.pdf"]
    assert list(faults(answer, qa.snapshot.documents)) == []
    citation["passage"]["page"] = 1
    assert any("passage.page is" in fault for fault in faults(answer, qa.snapshot.documents))
