"""Questions of the record near to the one asked."""

import datetime

import pytest

from conftest import WordEncoder
from qa import QA
from qa.answer.related import related_questions
from qa.index.snapshot import open_snapshot

PAGES = {
    "a": "Why did hot tea exports grow?(2020-01-01)\n\nBecause of fire.",
    "b": "Why did cold milk exports grow?(2020-01-01)\n\nBecause of grass.",
    "c": "And why is that?(2020-01-01)\n\nHot tea exports grow.",
}


@pytest.fixture
def qa(make_index):
    return QA(open_snapshot(make_index(PAGES, layout="question-answer")), WordEncoder())


def test_related_are_questions_that_were_asked_and_are_not_answered_already(qa):
    answer = qa.ask("why did tea exports grow in spring")
    cited = {c.passage.asked for c in (*answer.citations, *answer.nearest)}
    assert answer.related
    assert not cited & set(answer.related)
    assert set(answer.related) <= {page.split("(")[0] for page in PAGES.values()}


def test_a_question_that_a_citation_answers_is_not_offered(qa):
    question = qa.parse("why did tea exports grow in spring")
    offered = related_questions(qa.snapshot, question, ())
    assert "Why did hot tea exports grow?" in offered
    answer = qa.ask("because of fire")
    found = (*answer.citations, *answer.nearest)
    (cited,) = (c for c in found if c.document.id == "a")
    assert cited.passage.asked == "Why did hot tea exports grow?"
    left = related_questions(qa.snapshot, question, (cited,))
    assert set(left) == set(offered) - {"Why did hot tea exports grow?"}


def test_a_context_dependent_question_is_not_offered(qa):
    assert qa.ask("and why is that so").related == ()


def test_nothing_is_related_to_another_subject(qa):
    assert qa.ask("soybeans").related == ()


def test_what_is_left_out_by_its_date_is_not_offered(make_index):
    index = make_index(PAGES, layout="question-answer", date=datetime.date(2020, 1, 1))
    qa = QA(open_snapshot(index), WordEncoder())
    question = "why did tea exports grow in spring"
    assert qa.ask(question).related
    assert qa.ask(question, until=datetime.date(2019, 1, 1)).related == ()


def test_nothing_is_related_without_vectors(make_index):
    snapshot = open_snapshot(make_index(PAGES, layout="question-answer"))
    assert QA(snapshot, WordEncoder(), searches=["words"]).ask("exports grow").related == ()
