"""Every search puts its finds forward; a question found stands for its answer."""

import datetime

import numpy as np
import pytest

from conftest import WordEncoder
from qa.answer.searches.registry import Searches
from qa.index.snapshot import open_snapshot
from qa.index.visible import Visible

TODAY = datetime.date(2022, 3, 15)


def found(snapshot, question, on=("passages", "sentences", "words"), visible=None):
    searches = Searches(snapshot, WordEncoder(), on)
    return searches.rows(searches.asked(question, TODAY), visible).tolist()


@pytest.mark.parametrize("on", ["passages", "sentences", "words"])
def test_each_search_finds_the_passage_by_itself(make_index, monkeypatch, on):
    texts = {f"d{n}": f"Filler number{n} here." for n in range(5)} | {"tea": "Tea is hot."}
    snapshot = open_snapshot(make_index(texts))
    monkeypatch.setattr("qa.answer.searches.registry._DEPTH", 1)
    assert found(snapshot, "tea hot", [on]) == [snapshot.documents.rows("tea").start]


def test_what_one_search_alone_finds_is_a_candidate(make_index, monkeypatch):
    # By passage "long" is the less like, since it says much else; its sentence is the question.
    texts = {
        "long": "Tea is hot. " + " ".join(f"Filler{n} says thing{n}." for n in range(20)),
        "short": "Tea is a hot drink.",
    }
    snapshot = open_snapshot(make_index(texts))
    rows = {
        name: rows.start for name in snapshot.documents for rows in [snapshot.documents.rows(name)]
    }
    monkeypatch.setattr("qa.answer.searches.registry._DEPTH", 1)
    assert found(snapshot, "tea is hot", ["passages"]) == [rows["short"]]
    assert found(snapshot, "tea is hot", ["sentences"]) == [rows["long"]]
    assert found(snapshot, "tea is hot", ["passages", "sentences"]) == sorted(rows.values())


def test_without_vectors_nothing_is_encoded_and_no_vector_counts(make_index):
    snapshot, encoder = open_snapshot(make_index({"a": "Tea is hot."})), WordEncoder()
    searches = Searches(snapshot, encoder, ["words"])
    evidence = searches.evidence(searches.asked("hot tea", TODAY))
    assert encoder.encoded == []
    assert evidence.has_vector.tolist() == [False]
    assert (evidence.columns["passage"].tolist(), evidence.columns["coverage"].tolist()) == (
        [0],
        [1],
    )


def test_without_words_bm25_is_silent(make_index):
    snapshot = open_snapshot(make_index({"a": "Tea is hot."}))
    searches = Searches(snapshot, WordEncoder(), ["passages", "sentences"])
    asked = searches.asked("hot tea", TODAY)
    assert searches.evidence(asked).columns["words"].tolist() == [0]
    assert asked.words == ()


def test_a_question_found_stands_for_its_answer_and_never_comes_back_itself(make_index):
    page = "Why is tea hot?(2020-01-01)\n\nBecause of fire.\n\nThank you."
    index = make_index({"p": page}, passage_chars=30, layout="question-answer")
    snapshot = open_snapshot(index)
    (row,) = found(snapshot, "why is tea hot")
    assert snapshot.passages[row].text == "Because of fire.\n\nThank you."
    assert snapshot.passages[row].asked.of(page) == "Why is tea hot?"


def test_what_is_not_visible_is_found_by_no_search(make_index):
    texts = {"a": "Tea is hot.", "b": "Tea is hot.", "c": "Milk is cold."}
    snapshot = open_snapshot(make_index(texts))
    visible = Visible(np.array([False, True, True]))
    for on in ("passages", "sentences", "words"):
        assert 0 not in found(snapshot, "hot tea", [on], visible)
        assert 1 in found(snapshot, "hot tea", [on], visible)


def test_a_question_does_not_stand_for_an_answer_that_is_not_visible(make_index):
    page = "Why is tea hot?(2020-01-01)\n\nBecause of fire."
    snapshot = open_snapshot(make_index({"p": page}, passage_chars=30, layout="question-answer"))
    visible = Visible(np.array([p.role == "question" for p in snapshot.passages]))
    assert found(snapshot, "why is tea hot", visible=visible) == []


def test_names_and_numbers_of_a_question_are_known_by_their_looks(make_index):
    snapshot = open_snapshot(make_index({"a": "Tea."}))
    asked = Searches(snapshot, WordEncoder()).asked(
        "What did Yellen say on 28 rates? Some Europeans heard.", TODAY
    )
    named = {t.text for t, is_named in zip(asked.terms, asked.named, strict=True) if is_named}
    assert named == {"yellen", "28", "europeans"}
