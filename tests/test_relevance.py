"""Which passage leads, by how much, and when nothing answers."""

import pytest

from conftest import WordEncoder
from qa.answer import relevance
from qa.answer.retrieve import Candidate, Searches
from qa.index.snapshot import open_snapshot


def hits(index, question):
    snapshot = open_snapshot(index)
    vector = WordEncoder().encode([question])[0]
    candidates = Searches(snapshot).candidates(question, vector)
    return relevance.hits(snapshot, question, candidates)


def test_the_passage_with_the_better_evidence_leads_with_the_higher_score(make_index):
    index = make_index({"a": "Milk is cold.", "b": "Tea is hot.", "c": "Tea and rain."})
    found = hits(index, "is tea hot")
    assert [hit.passage.document for hit in found] == ["b", "c", "a"]
    assert found[0].score > found[1].score > found[2].score


def test_every_kind_of_evidence_raises_the_score():
    nothing = Candidate(0, 0.0, 0.0, 0.0, 0.0)
    assert relevance._score(nothing) == 0
    assert relevance._score(Candidate(0, 0.4, 0.0, 0.0, 0.0)) == pytest.approx(0.2)
    assert relevance._score(Candidate(0, 0.0, 0.4, 0.0, 0.0)) == pytest.approx(0.2)
    assert relevance._score(Candidate(0, 0.0, 0.0, 0.5, 0.0)) == pytest.approx(0.3)
    assert relevance._score(Candidate(0, 0.0, 0.0, 0.0, 0.4)) == pytest.approx(0.1)


def test_equals_come_in_the_order_of_the_record(make_index):
    index = make_index({f"d{n}": "Tea is hot." for n in range(9)})
    assert [hit.row for hit in hits(index, "tea")] == list(range(9))


def test_confidence_needs_likeness_and_known_words():
    def confidence(likeness, known):
        return relevance._confidence(Candidate(0, likeness, -1, 0, -1), known)

    assert confidence(0.15, 0.5) == pytest.approx(relevance.ANSWER_FLOOR)
    assert confidence(0.14, 1.0) < relevance.ANSWER_FLOOR
    assert confidence(0.44, 0.4) < relevance.ANSWER_FLOOR
    assert confidence(0.45, 0.0) == pytest.approx(relevance.ANSWER_FLOOR)
    assert confidence(1.0, 1.0) == 1.0
    assert confidence(-0.5, 1.0) == 0.0


def test_words_are_known_to_the_document_as_a_whole(make_index):
    index = make_index({"a": "Tea is hot.\n\nMilk is cold."}, passage_chars=15)
    first = hits(index, "tea milk")[0]
    assert first.passage.text == "Tea is hot."
    assert first.confidence == 1.0


def test_words_that_speak_of_the_record_need_not_be_in_it(make_index):
    index = make_index({"a": "Tea is hot in the north of the land."})
    about_tea = hits(index, "does the document say tea is hot")[0]
    assert about_tea.confidence == 1.0


def test_only_hits_near_the_best_are_cited_and_no_more_than_asked_for(make_index):
    index = make_index({"a": "Tea is hot.", "b": "Tea is hot.", "c": "Milk is cold."})
    found = hits(index, "tea is hot")
    assert [hit.passage.document for hit in relevance.leading(found, 3)] == ["a", "b"]
    assert [hit.passage.document for hit in relevance.leading(found, 1)] == ["a"]
    assert relevance.leading([], 3) == []
