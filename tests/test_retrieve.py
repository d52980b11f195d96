"""Every search puts its finds forward; a question found stands for its answer."""

import numpy as np
import pytest

from conftest import WordEncoder
from qa.answer.retrieve import Searches
from qa.index.snapshot import open_snapshot

TEXTS = {
    "a": "Tea is hot.\n\nMilk is white and cold.",
    "b": "Rain fell on roads.",
}


def searched(index, question):
    snapshot = open_snapshot(index)
    vector = WordEncoder().encode([question])[0]
    found = Searches(snapshot).candidates(question, vector)
    return snapshot, {snapshot.passages[c.row].text: c for c in found}


def test_the_evidence_of_a_passage_is_exact(make_index):
    _, found = searched(make_index(TEXTS, passage_chars=100), "tea hot")
    tea = found["Tea is hot.\n\nMilk is white and cold."]
    # 8 different words but "is" twice: length sqrt(6 * 1 + 2 * 2); two of them asked for.
    assert tea.passage_cosine == pytest.approx(2 / np.sqrt(2) / np.sqrt(10), abs=1e-6)
    assert tea.sentence_cosine == pytest.approx(2 / np.sqrt(2) / np.sqrt(3), abs=1e-6)
    assert tea.words > 0
    assert tea.asked_cosine == 0
    rain = found["Rain fell on roads."]
    assert (rain.passage_cosine, rain.sentence_cosine, rain.words) == (0, 0, 0)


@pytest.mark.parametrize("left_on", ["passages", "sentences", "words"])
def test_each_search_finds_the_passage_by_itself(make_index, monkeypatch, left_on):
    texts = {f"d{n}": f"Filler number{n} here." for n in range(5)} | {"tea": "Tea is hot."}
    snapshot = open_snapshot(make_index(texts))
    tea = snapshot.document_rows["tea"].start
    vector = WordEncoder().encode(["tea hot"])[0]
    searches = Searches(snapshot)
    if left_on != "passages":
        monkeypatch.setattr(snapshot.passage_vectors, "nearest", lambda *_: [])
    if left_on != "sentences":
        monkeypatch.setattr(snapshot.sentence_vectors, "nearest", lambda *_: [])
    if left_on != "words":
        monkeypatch.setattr(snapshot.lexical, "scores", lambda _: np.zeros(6, np.float32))
    assert tea in [c.row for c in searches.candidates("tea hot", vector)]


def test_a_question_found_stands_for_its_answer_and_never_comes_back_itself(make_index):
    page = "Why is tea hot?(2020-01-01)\n\nBecause of fire.\n\nThank you."
    index = make_index({"p": page}, passage_chars=30, layout="question-answer")
    snapshot, found = searched(index, "why is tea hot")
    assert set(found) == {"Because of fire.\n\nThank you."}
    (answer,) = found.values()
    assert answer.words == 0
    assert answer.asked_cosine == pytest.approx(1.0)
    assert snapshot.passages[answer.row].asked.of(page) == "Why is tea hot?"


def test_what_is_not_visible_is_found_by_no_search(make_index):
    texts = {"a": "Tea is hot.", "b": "Tea is hot.", "c": "Milk is cold."}
    snapshot = open_snapshot(make_index(texts))
    vector = WordEncoder().encode(["hot tea"])[0]
    visible = np.array([False, True, True])
    found = Searches(snapshot).candidates("hot tea", vector, visible)
    assert [c.row for c in found] == [1, 2]
    (plain, *_) = [c for c in Searches(snapshot).candidates("hot tea", vector) if c.row == 1]
    assert found[0] == plain


def test_a_question_does_not_stand_for_an_answer_that_is_not_visible(make_index):
    page = "Why is tea hot?(2020-01-01)\n\nBecause of fire."
    snapshot = open_snapshot(make_index({"p": page}, passage_chars=30, layout="question-answer"))
    vector = WordEncoder().encode(["why is tea hot"])[0]
    visible = np.array([p.role == "question" for p in snapshot.passages])
    assert Searches(snapshot).candidates("why is tea hot", vector, visible) == []
