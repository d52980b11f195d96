"""The sentences that are marked: whole, neighbours, and the ones that answer."""

import datetime

import pytest

from conftest import WordEncoder
from qa.answer import ranking
from qa.answer.quotes import quotes
from qa.answer.searches.registry import Searches
from qa.index.snapshot import open_snapshot


def marked(make_index, text, question):
    snapshot = open_snapshot(make_index({"a": text}))
    searches = Searches(snapshot, WordEncoder())
    asked = searches.asked(question, datetime.date(2022, 3, 15))
    (hit,) = ranking.hits(snapshot, searches.evidence(asked))
    found = quotes(snapshot, hit.row, snapshot.passages[hit.row], asked)
    assert all(text[quote.start : quote.end] == quote.text for quote in found)
    return [quote.text for quote in found]


def test_the_sentence_that_answers_is_marked_alone(make_index):
    text = "Rain fell. Tea is hot. Milk came."
    assert marked(make_index, text, "is tea hot") == ["Tea is hot."]


def test_neighbours_that_share_the_answer_are_marked_together(make_index):
    text = "Rain fell. Tea is grown. Milk is bought. Roads are wet."
    question = "where is tea grown and milk bought"
    assert marked(make_index, text, question) == ["Tea is grown.", "Milk is bought."]


def test_no_more_than_three_sentences_are_marked(make_index):
    text = "Tea grew. Milk grew. Corn grew. Rice grew. Rain fell."
    assert len(marked(make_index, text, "tea milk corn rice grew")) == 3


@pytest.mark.parametrize("start", ["They", "So this", "But it", "Well, because they"])
def test_a_sentence_that_leans_brings_the_one_before_it(make_index, start):
    text = f"Rain fell. The farmers met. {start} planted corn."
    found = marked(make_index, text, "who planted corn")
    assert found == ["The farmers met.", f"{start} planted corn."]


def test_the_first_sentence_of_a_passage_has_none_to_lean_on(make_index):
    assert marked(make_index, "They planted corn. Rain fell.", "planted corn") == [
        "They planted corn."
    ]


def test_without_vectors_the_words_decide(make_index):
    text = "Rain fell. Tea is hot. Milk came."
    snapshot = open_snapshot(make_index({"a": text}))
    searches = Searches(snapshot, WordEncoder(), ["words"])
    asked = searches.asked("is tea hot", datetime.date(2022, 3, 15))
    (hit,) = ranking.hits(snapshot, searches.evidence(asked))
    found = quotes(snapshot, hit.row, snapshot.passages[hit.row], asked)
    assert [quote.text for quote in found] == ["Tea is hot."]
