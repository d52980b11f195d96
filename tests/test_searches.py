"""Every search supplies candidates; the answer to a question found stands in for it."""

import datetime

import numpy as np
import pytest

from conftest import WordEncoder
from qa import QA
from qa.answer.features import FEATURES
from qa.answer.searches.registry import NAMES, SEARCHES
from qa.errors import SettingsError
from qa.index.snapshot import open_snapshot
from qa.index.visible import Visible

TODAY = datetime.date(2022, 3, 15)


def opened(snapshot, on=NAMES, encoder=None):
    return QA(snapshot, encoder or WordEncoder(), searches=on, today=TODAY)


def candidates(snapshot, question, on=NAMES, visible=None):
    qa = opened(snapshot, on)
    return qa.extractor.candidates(qa.parse(question), visible).tolist()


@pytest.mark.parametrize("on", NAMES)
def test_each_search_finds_the_passage_by_itself(make_index, monkeypatch, on):
    texts = {f"d{n}": f"Filler number{n} here." for n in range(5)} | {"tea": "Tea is hot."}
    snapshot = open_snapshot(make_index(texts))
    monkeypatch.setattr("qa.answer.features._DEPTH", 1)
    assert candidates(snapshot, "tea hot", [on]) == [snapshot.documents.rows("tea").start]


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
    monkeypatch.setattr("qa.answer.features._DEPTH", 1)
    assert candidates(snapshot, "tea is hot", ["passages"]) == [rows["short"]]
    assert candidates(snapshot, "tea is hot", ["sentences"]) == [rows["long"]]
    assert candidates(snapshot, "tea is hot", ["passages", "sentences"]) == sorted(rows.values())


def test_without_vectors_nothing_is_encoded_and_no_vector_counts(make_index):
    snapshot, encoder = open_snapshot(make_index({"a": "Tea is hot."})), WordEncoder()
    features = opened(snapshot, ["words"], encoder).features("hot tea")
    assert encoder.encoded == []
    assert features.has_vector.tolist() == [False]
    assert {n: features.columns[n].tolist() for n in ("passage", "asked", "coverage")} == {
        "passage": [0],
        "asked": [0],
        "coverage": [1],
    }


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_that_is_off_supplies_no_feature(make_index, search):
    page = "Why is tea hot?(2020-01-01)\n\nTea is hot."
    index = make_index({"hot tea": page}, passage_chars=30, layout="question-answer")
    others = [other for other in SEARCHES if other is not search]
    off = opened(open_snapshot(index), [other.name for other in others]).features("hot tea")
    on = opened(open_snapshot(index)).features("hot tea")
    its_own = {*search.features} - {name for other in others for name in other.features}
    assert {name: off.columns[name].tolist() for name in its_own} == {n: [0] for n in its_own}
    assert all(on.columns[name][0] > 0 for name in search.features)
    assert off.columns.keys() == FEATURES.keys()


@pytest.mark.parametrize(
    ("question", "greater"),
    [("why is tea hot", "sentences"), ("rain fell on roads why is tea always hot", "passages")],
)
def test_a_feature_of_two_searches_is_the_greater_of_both(make_index, question, greater):
    page = "Rain fell on roads. Why is tea always hot?(2020-01-01)\n\nBecause of fire."
    snapshot = open_snapshot(make_index({"p": page}, layout="question-answer"))
    asked = {
        name: opened(snapshot, [name]).features(question).columns["asked"][0]
        for name in ("passages", "sentences")
    }
    assert max(asked, key=asked.get) == greater
    both = opened(snapshot).features(question).columns["asked"][0]
    assert both == asked[greater] > min(asked.values())


def test_an_unknown_search_is_refused_with_those_there_are(make_index):
    snapshot = open_snapshot(make_index({"a": "Tea is hot."}))
    known = f"set searches to some of {', '.join(NAMES)}"
    with pytest.raises(SettingsError, match=f"There is no search 'guesses': {known}"):
        opened(snapshot, ["words", "guesses"])
    assert opened(snapshot, ["words", "passages"]).searches == ("passages", "words")


def test_a_question_found_stands_for_its_answer_and_never_comes_back_itself(make_index):
    page = "Why is tea hot?(2020-01-01)\n\nBecause of fire.\n\nThank you."
    index = make_index({"p": page}, passage_chars=30, layout="question-answer")
    snapshot = open_snapshot(index)
    (row,) = candidates(snapshot, "why is tea hot")
    assert snapshot.passages[row].text == "Because of fire.\n\nThank you."
    assert snapshot.passages[row].asked.of(page) == "Why is tea hot?"


def test_what_is_not_visible_is_found_by_no_search(make_index):
    texts = {"a tea": "Tea is hot.", "b tea": "Tea is hot.", "c milk": "Milk is cold."}
    snapshot = open_snapshot(make_index(texts))
    visible = Visible(np.array([False, True, True]))
    for on in NAMES:
        assert 0 not in candidates(snapshot, "hot tea", [on], visible)
        assert 1 in candidates(snapshot, "hot tea", [on], visible)


def test_a_question_does_not_stand_for_an_answer_that_is_not_visible(make_index):
    page = "Why is tea hot?(2020-01-01)\n\nBecause of fire."
    snapshot = open_snapshot(make_index({"p": page}, passage_chars=30, layout="question-answer"))
    visible = Visible(np.array([p.role == "question" for p in snapshot.passages]))
    assert candidates(snapshot, "why is tea hot", visible=visible) == []


def test_names_and_numbers_of_a_question_are_known_by_their_looks(make_index):
    snapshot = open_snapshot(make_index({"a": "Tea."}))
    question = opened(snapshot).parse("What did Yellen say on 28 rates? Some Europeans heard.")
    terms = zip(question.terms, question.is_named, strict=True)
    named = {term.text for term, is_named in terms if is_named}
    assert named == {"yellen", "28", "europeans"}
