"""Quotes are whole neighbouring sentences, those that answer."""

import pytest

from conftest import WordEncoder
from qa import QA
from qa.answer import ranking
from qa.answer.quotes import quotes
from qa.index.snapshot import open_snapshot


def quoted(make_index, text, question, searches=None):
    snapshot = open_snapshot(make_index({"a": text}))
    qa = QA(snapshot, WordEncoder(), searches=searches)
    (hit,) = ranking.ranked(snapshot, qa.features(question))
    found = quotes(snapshot, hit.row, snapshot.passages[hit.row], qa.parse(question))
    assert all(text[quote.start : quote.end] == quote.text for quote in found)
    return [quote.text for quote in found]


def test_the_sentence_that_answers_is_quoted_alone(make_index):
    text = "Rain fell. Tea is hot. Milk came."
    assert quoted(make_index, text, "is tea hot") == ["Tea is hot."]


def test_neighbours_that_share_the_answer_are_quoted_together(make_index):
    text = "Rain fell. Tea is grown. Milk is bought. Roads are wet."
    question = "where is tea grown and milk bought"
    assert quoted(make_index, text, question) == ["Tea is grown.", "Milk is bought."]


def test_no_more_than_three_sentences_are_quoted(make_index):
    text = "Tea grew. Milk grew. Corn grew. Rice grew. Rain fell."
    assert len(quoted(make_index, text, "tea milk corn rice grew")) == 3


@pytest.mark.parametrize("start", ["They", "So this", "But it", "Well, because they"])
def test_a_sentence_that_depends_on_the_one_before_brings_it(make_index, start):
    text = f"Rain fell. The farmers met. {start} planted corn."
    found = quoted(make_index, text, "who planted corn")
    assert found == ["The farmers met.", f"{start} planted corn."]


def test_the_first_sentence_of_a_passage_has_none_before_it(make_index):
    assert quoted(make_index, "They planted corn. Rain fell.", "planted corn") == [
        "They planted corn."
    ]


def test_without_vectors_the_words_decide(make_index):
    text = "Rain fell. Tea is hot. Milk came."
    assert quoted(make_index, text, "is tea hot", ["words"]) == ["Tea is hot."]
