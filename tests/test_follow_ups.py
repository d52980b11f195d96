"""A follow-up is answered where the question before it was; a new subject is not dragged back."""

import pytest

from conftest import WordEncoder
from qa import QA
from qa.answer import ranking
from qa.answer.follow_ups import follow_up_features
from qa.errors import QuestionError
from qa.index.snapshot import open_snapshot

TEXTS = {
    "tea": "Tea from Ceylon is hot.\n\nExports grew in spring.",
    "milk": "Milk from Jersey is cold.\n\nExports grew in spring.",
    "roads": "Ambassador Smith opened a road in Cuba.",
}


@pytest.fixture
def qa(make_index):
    return QA(open_snapshot(make_index(TEXTS, passage_chars=30)), WordEncoder())


@pytest.mark.parametrize(
    ("before", "expected"),
    [("is tea from Ceylon hot?", "tea"), ("is milk from Jersey cold?", "milk")],
)
def test_a_follow_up_takes_its_subject_from_the_question_before(qa, before, expected):
    explained = qa.explain("and did they grow exports?", previous=[before])
    first = qa.snapshot.passages[explained.hits[0].row]
    assert (first.document, first.text) == (expected, "Exports grew in spring.")
    assert explained.answer.searched_for == f"{before} and did they grow exports?"


def test_a_question_that_stands_alone_is_asked_alone(qa):
    answer = qa.ask(
        "which ambassador called Smith opened a road in Cuba?", previous=["is tea hot?"]
    )
    assert answer.citations[0].document.id == "roads"
    assert answer.searched_for == "which ambassador called Smith opened a road in Cuba?"


def test_a_short_question_about_something_else_is_not_dragged_back(qa):
    answer = qa.ask("ambassador Smith Cuba", previous=["is tea from Ceylon hot?"])
    assert answer.citations[0].document.id == "roads"
    assert answer.searched_for == "ambassador Smith Cuba"


def test_the_document_feature_is_how_likely_the_question_before_was_answered_there(qa):
    snapshot = qa.snapshot
    before = ranking.ranked(snapshot, qa.features("tea from Ceylon"))
    features, columns = follow_up_features(qa.extractor, qa.parse("exports"), before, None)
    by_document = {
        snapshot.passages.document(row): share
        for row, share in zip(features.rows, columns["document"], strict=True)
    }
    assert by_document["tea"] > by_document["milk"] >= 0
    assert sum(by_document.values()) == pytest.approx(1)
    assert columns["alone"].tolist() == ranking.scores(features).tolist()


def test_the_question_before_is_not_answered_again_in_the_place_of_another(qa):
    for question in ("who won the cup?", "bitcoin price?", "and bitcoin?"):
        answer = qa.ask(question, previous=["is tea from Ceylon hot?"])
        assert answer.status == "not_in_record", question


def test_only_a_dependent_question_before_brings_its_own(qa):
    asked = {
        before: qa.explain("and did they grow exports?", previous=["is milk cold?", before])
        for before in ("is tea from Ceylon hot?", "and is it cold?")
    }
    documents = [e.hits[0].document for e in asked.values()]
    assert documents == ["tea", "milk"]


def test_a_question_before_may_not_be_endless(qa):
    with pytest.raises(QuestionError, match=r"previous question has 2,001 characters"):
        qa.ask("and tea?", previous=["x" * 2001])


def test_what_was_no_question_has_no_follow_up(qa):
    answer = qa.ask("and did they grow exports?", previous=["", "thank you"])
    assert answer.searched_for == "and did they grow exports?"
