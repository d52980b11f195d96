"""The order of the hits, their scores, and how likely each of them answers."""

import datetime
import json
import math
from importlib import resources

import numpy as np
import pytest

from conftest import WordEncoder, corpus_file
from qa import QA
from qa.answer import ranking
from qa.answer.citations import leading
from qa.answer.features import FEATURES, Features
from qa.answer.reranker import bundled_sha256
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document

TODAY = datetime.date(2022, 3, 15)


def hits(index, question):
    snapshot = open_snapshot(index)
    return ranking.ranked(snapshot, QA(snapshot, WordEncoder(), today=TODAY).features(question))


def features(count=1, *, has_vector=True, record_coverage=0.0, **columns):
    """Candidates whose features are 0 but for those given."""
    known = {name: np.zeros(count) for name in FEATURES}
    known |= {name: np.array(values, dtype=float) for name, values in columns.items()}
    return Features(np.arange(count), known, np.full(count, has_vector), record_coverage)


def test_the_passage_with_the_better_features_leads_with_the_higher_score(make_index):
    index = make_index({"a": "Milk is cold.", "b": "Tea is hot.", "c": "Tea and rain."})
    found = hits(index, "is tea hot")
    assert [hit.document for hit in found] == ["b", "c", "a"]
    assert found[0].score > found[1].score > found[2].score
    assert found[0].confidence > found[1].confidence > found[2].confidence


@pytest.mark.parametrize("kind", ["vectors", "words"])
def test_a_score_is_the_weighted_sum_of_the_features(kind):
    for name, weight in ranking.coefficients()["ranking"][kind].items():
        one = features(has_vector=kind == "vectors", **{name: [0.5]})
        assert ranking.scores(one).tolist() == pytest.approx([weight / 2])


def test_every_feature_counts_for_a_passage_and_a_missing_name_against_it():
    for weights in ranking.coefficients()["ranking"].values():
        against = {name for name, weight in weights.items() if weight < 0}
        assert against <= {"names_missing"}


def test_passages_whose_vectors_do_not_count_are_scored_by_words_alone():
    columns = {"passage": [0.9, 0.9], "words": [0.5, 0.5]}
    both = features(2, **columns)
    mixed = Features(both.rows, both.columns, np.array([True, False]), 0.0)
    words = ranking.coefficients()["ranking"]["words"]["words"]
    vectors = ranking.coefficients()["ranking"]["vectors"]
    assert ranking.scores(mixed).tolist() == pytest.approx(
        [0.9 * vectors["passage"] + 0.5 * vectors["words"], 0.5 * words]
    )


@pytest.mark.parametrize(
    ("count", "has_vector", "kind"),
    [
        (5, True, "vectors"),
        (5, False, "words"),
        (4, True, "few_vectors"),
        (1, False, "few_words"),
    ],
)
def test_confidence_is_the_logistic_of_the_features_meant_for_the_record(count, has_vector, kind):
    zeros = [0.0] * (count - 1)
    columns = {name: [0.5, *zeros] for name in ("passage", "coverage", "near_coverage", "words")}
    some = features(count, has_vector=has_vector, record_coverage=0.75, **columns)
    scored = ranking.scores(some)
    known = ranking.confidence_features(some, scored)
    weights = ranking.coefficients()["confidence"][kind]
    logit = sum(weight * known[name][0] for name, weight in weights.items())
    assert ranking.confidences(some, scored)[0] == pytest.approx(1 / (1 + math.exp(-logit)))
    assert ranking.kind(some, has_vector=has_vector) == kind


def test_a_hit_is_an_answer_from_its_floor_on(make_index):
    snapshot = open_snapshot(make_index({"a": "Tea is hot."}))
    floor = ranking.answer_floors()["few_vectors"]
    for confidence, expected in ((floor, True), (floor - 1e-9, False)):
        (hit,) = ranking.ordered(snapshot, features(1), np.zeros(1), np.array([confidence]))
        assert hit.is_answer == expected


def test_likeness_is_the_best_cosine_there_is():
    one = features(1, passage=[0.1], sentence=[0.2], pair=[0.3], asked=[0.4])
    assert ranking.confidence_features(one, np.zeros(1))["likeness"].tolist() == [0.4]


def test_the_lead_is_over_the_fifth_best_and_never_below_0():
    scored = np.array([7.0, 5, 6, 4, 3, 2, 1])
    assert ranking.confidence_features(features(7), scored)["lead"].tolist() == [
        4,
        2,
        3,
        1,
        0,
        0,
        0,
    ]


def test_among_fewer_than_five_passages_none_leads():
    assert (
        ranking.confidence_features(features(4), np.array([9.0, 1, 1, 1]))["lead"].tolist()
        == [0] * 4
    )


def test_equals_come_in_the_order_of_the_record(make_index):
    index = make_index({f"d{n}": "Tea is hot." for n in range(9)})
    assert [hit.row for hit in hits(index, "tea")] == list(range(9))


@pytest.fixture
def statements(tmp_path, encoder):
    """Much the same said in 2019, 2021 and 2020, and something else in 2022."""
    said = [
        ("a", 2019, "Tea is hot, north."),
        ("b", 2021, "Tea is hot, south."),
        ("c", 2020, "Tea is hot, west."),
        ("d", 2022, "Tea was cold and milk was white and rain fell on roads."),
        ("e", None, "Tea is hot, east."),
    ]
    documents = [
        Document(id=i, title="t", text=text, date=year and datetime.date(year, 1, 1))
        for i, year, text in said
    ]
    build([corpus_file(d) for d in documents], tmp_path / "i", encoder, passage_chars=100)
    return tmp_path / "i"


def test_of_near_ties_the_newest_leads_and_scores_still_fall(statements):
    found = hits(statements, "is tea hot")
    assert [hit.document for hit in found] == ["b", "c", "a", "e", "d"]
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)


def test_a_newer_passage_that_does_not_answer_takes_no_place_from_one_that_does(statements):
    snapshot = open_snapshot(statements)
    floor = ranking.answer_floors()["vectors"]
    likely = np.array([floor, floor - 0.01, floor - 0.01, floor, 0])
    found = ranking.ordered(snapshot, features(5), np.array([9.0, 8.99, 8.98, 1, 0]), likely)
    assert found[0].document == "a"
    assert found[0].is_answer


def test_only_hits_near_the_best_are_cited_no_more_than_asked_for_and_no_text_twice(make_index):
    texts = {"a": "Tea is hot.", "b": "Tea is hot.", "c": "Hot tea is.", "d": "Milk."}
    index = make_index(texts)
    snapshot, found = open_snapshot(index), hits(index, "is tea hot")
    cited = leading(snapshot, found, 3)
    assert [hit.document for hit, _ in cited] == ["a", "c"]
    assert [passage.text for _, passage in cited] == ["Tea is hot.", "Hot tea is."]
    assert cited[-1][0].score >= cited[0][0].score - math.log(10)
    assert [hit.document for hit, _ in leading(snapshot, found, 1)] == ["a"]
    assert leading(snapshot, [], 3) == []


def test_the_coefficients_say_what_they_were_fitted_on():
    text = resources.files("qa.answer").joinpath("coefficients.json").read_text("utf-8")
    stated = json.loads(text)
    every = ["ranking", "confidence", "answer_floors", "follow_up", "reranker", "from"]
    assert list(stated) == every
    assert stated["reranker"]["sha256"] == bundled_sha256()
    assert stated["from"]["command"] == "make calibrate"
    assert set(stated["from"]["sets"]) == set(stated["from"]["questions"])
    assert set(stated["confidence"]) == set(stated["answer_floors"])
    for kind in ("vectors", "words"):
        assert set(stated["ranking"][kind]) <= set(FEATURES)
    assert all(0 < floor < 1 for floor in ranking.answer_floors().values())
