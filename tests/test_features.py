"""Every feature is exact, and about the right passage."""

import datetime

import numpy as np
import pytest

from conftest import WordEncoder, corpus_file
from qa import QA
from qa.answer.features import FEATURES
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.index.visible import Visible
from qa.records import Document

TODAY = datetime.date(2022, 3, 15)
TEXTS = {"a": "Tea is hot. Tea leaves float.\n\nMilk is cold.", "b": "Rain fell on roads."}


def extracted(index, question, visible=None):
    """Return the snapshot, the features, and for each passage's text the features by name."""
    snapshot = open_snapshot(index)
    qa = QA(snapshot, WordEncoder(), today=TODAY)
    features = qa.extractor.features(qa.parse(question), visible)
    texts = [snapshot.passages[row].text for row in features.rows]
    columns = {
        text: {name: float(values[place]) for name, values in features.columns.items()}
        for place, text in enumerate(texts)
    }
    return snapshot, features, columns


def test_the_list_of_features_is_complete(make_index):
    _, features, _ = extracted(make_index(TEXTS), "tea")
    assert set(features.columns) == set(FEATURES)
    assert features.matrix(tuple(FEATURES)).shape == (len(features.rows), len(FEATURES))


def test_cosines_are_those_of_passage_best_sentence_and_best_pair(make_index):
    _, _, columns = extracted(make_index(TEXTS, passage_chars=30), "tea hot")
    tea = columns["Tea is hot. Tea leaves float."]
    # tea twice, four words once: length sqrt(4 + 4); tea and hot asked for.
    assert tea["passage"] == pytest.approx(3 / np.sqrt(2) / np.sqrt(8), abs=1e-3)
    assert tea["sentence"] == pytest.approx(2 / np.sqrt(2) / np.sqrt(3), abs=1e-3)
    # Both sentences have length sqrt(3) and share tea: together sqrt(2 + 2 / 3).
    both = (2 / np.sqrt(6) + 1 / np.sqrt(6)) / np.sqrt(2 + 2 / 3)
    assert tea["pair"] == pytest.approx(max(both, tea["sentence"]), abs=1e-3)
    rain = columns["Rain fell on roads."]
    assert (rain["passage"], rain["sentence"], rain["pair"], rain["words"]) == (0, 0, 0, 0)


def test_a_pair_never_reaches_into_the_next_passage(make_index):
    texts = {"a": "Tea leaves float.\n\nTea is hot."}
    _, _, columns = extracted(make_index(texts, passage_chars=20), "leaves float tea is hot")
    for of_passage in columns.values():
        assert of_passage["pair"] == of_passage["sentence"]


def test_coverage_counts_rare_words_more_and_takes_any_form(make_index):
    texts = {"a": "Tea grew.", "b": "Tea is hot.", "c": "Rain fell."}
    snapshot, features, columns = extracted(make_index(texts), "does tea grow into soybeans")
    idf = snapshot.lexical.idf
    total = idf("tea") + idf("grow") + idf("soybean")
    assert columns["Tea is hot."]["coverage"] == pytest.approx(idf("tea") / total)
    assert columns["Tea grew."]["coverage"] == pytest.approx(idf("tea") / total)  # grew is no form
    assert features.record_coverage == pytest.approx(idf("tea") / total)
    _, _, columns = extracted(make_index({"a": "Tea growth.", "b": "Milk."}), "grow")
    assert columns["Tea growth."]["coverage"] == 1


def test_near_coverage_takes_in_neighbours_heading_and_the_question_answered(make_index):
    page = "Does rain fall?(2020-01-01)\n\nTea is hot.\n\nMilk is cold.\n\nRoads are wet."
    index = make_index({"Survey": page}, passage_chars=17, layout="question-answer")
    snapshot, _, columns = extracted(index, "tea milk roads rain survey")
    assert columns["Milk is cold."]["coverage"] == pytest.approx(
        snapshot.lexical.idf("milk")
        / sum(map(snapshot.lexical.idf, "tea milk road rain survey".split()))
    )
    assert columns["Milk is cold."]["near_coverage"] == pytest.approx(1)
    # Roads are two passages on: no neighbour.
    assert 0 < columns["Tea is hot."]["near_coverage"] < 1
    visible = Visible(np.array([p.text != "Milk is cold." for p in snapshot.passages]))
    _, _, without = extracted(index, "tea milk roads rain survey", visible)
    assert without["Tea is hot."]["near_coverage"] < columns["Tea is hot."]["near_coverage"]


def test_neighbours_are_of_the_same_document(make_index):
    _, _, columns = extracted(make_index({"a": "Tea is hot.", "b": "Milk is cold."}), "tea milk")
    assert columns["Tea is hot."]["near_coverage"] == columns["Tea is hot."]["coverage"] < 1


def test_names_and_numbers_that_are_missing_are_counted(make_index):
    texts = {"a": "Yellen spoke of 28 tasks.", "b": "Tasks were many."}
    index = make_index(texts)
    _, _, columns = extracted(index, "Did Yellen and Powell speak of 28 tasks")
    # Two of three stand in the one, none in the other.
    assert columns["Yellen spoke of 28 tasks."]["names_missing"] == pytest.approx(1 / 3)
    assert columns["Tasks were many."]["names_missing"] == pytest.approx(1)
    _, _, columns = extracted(index, "what of tasks")
    assert {of["names_missing"] for of in columns.values()} == {0}


def test_the_question_answered_speaks_for_every_passage_of_its_answer(make_index):
    page = "Why is tea hot?(2020-01-01)\n\nBecause of fire.\n\nThank you."
    index = make_index({"p": page}, passage_chars=18, layout="question-answer")
    _, _, columns = extracted(index, "why is tea hot")
    assert set(columns) == {"Because of fire.", "Thank you."}
    assert [of["asked"] for of in columns.values()] == pytest.approx([1, 1])
    assert [of["words"] for of in columns.values()] == [0, 0]
    snapshot = open_snapshot(index)
    hidden = np.array([p.role != "question" for p in snapshot.passages])
    _, _, columns = extracted(index, "why is tea hot by fire", Visible(hidden))
    assert columns["Because of fire."]["asked"] == 0


@pytest.fixture
def dated(tmp_path, encoder):
    days = {"old": (2014, 5, 1), "near": (2015, 2, 1), "new": (2016, 5, 1), "undated": None}
    documents = [
        Document(id=name, title=name, text=f"Tea is hot, {name}.", date=d and datetime.date(*d))
        for name, d in days.items()
    ]
    build([corpus_file(d) for d in documents], tmp_path / "i", encoder, passage_chars=100)
    return tmp_path / "i"


def test_documents_of_the_time_in_the_question_have_a_feature(dated):
    _, _, columns = extracted(dated, "was tea hot in 2014")
    assert {text: of["dated"] for text, of in columns.items()} == {
        "Tea is hot, old.": 1.0,
        "Tea is hot, near.": 0.5,
        "Tea is hot, new.": 0.0,
        "Tea is hot, undated.": 0.0,
    }
    _, _, columns = extracted(dated, "was tea hot")
    assert {of["dated"] for of in columns.values()} == {0.0}


def test_newer_documents_have_a_feature_where_the_latest_is_wanted(dated):
    _, _, columns = extracted(dated, "the latest on hot tea")
    recent = {text: of["recent"] for text, of in columns.items()}
    assert recent == pytest.approx(
        {
            "Tea is hot, old.": 0,
            "Tea is hot, near.": 1 / 3,
            "Tea is hot, new.": 2 / 3,
            "Tea is hot, undated.": 0,
        }
    )
    _, _, columns = extracted(dated, "hot tea")
    assert {of["recent"] for of in columns.values()} == {0.0}


def test_vectors_of_a_language_the_encoder_does_not_know_do_not_count(tmp_path):
    class English(WordEncoder):
        languages = ("en",)

    encoder = English()
    documents = [
        Document(id="en", title="en", text="Tea is hot.", language="en-GB"),
        Document(id="zh", title="zh", text="茶很热，出口增长。", language="zh"),
    ]
    build([corpus_file(d) for d in documents], tmp_path / "i", encoder, passage_chars=100)
    assert not any("茶" in text for text in encoder.encoded)
    snapshot = open_snapshot(tmp_path / "i")
    qa = QA(snapshot, encoder, today=TODAY)
    chinese = qa.features("茶叶出口增长")
    assert chinese.rows.tolist() == [1]
    assert chinese.has_vector.tolist() == [False]
    assert chinese.columns["coverage"][0] > 0
    assert qa.parse("茶叶出口增长").vector is None
    english = qa.features("tea")
    assert (english.rows.tolist(), english.has_vector.tolist()) == ([0], [True])
