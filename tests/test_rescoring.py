"""The best hits are rescored, and the reranker's scores join those before."""

import datetime

import numpy as np
import pytest

from conftest import WordEncoder, corpus_file
from qa import QA
from qa.answer import quotes, rescoring
from qa.answer.reranker import PairScores
from qa.answer.rescoring import Rescored
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document, Hit

TODAY = datetime.date(2022, 3, 15)
COEFFICIENTS = {
    "order": {"before": 1.0, "reranker": 2.0},
    "confidence": {"intercept": -1.0, "before": 0.5, "reranker": 1.0},
    "answer_floor": 0.5,
    "reach": {"hits": 3, "behind": 2.0, "least_confidence": 0.1},
    "quote": {"behind": 1.0, "least": -1.0},
}


@pytest.fixture(autouse=True)
def _coefficients(monkeypatch):
    for module in (rescoring, quotes):
        monkeypatch.setattr(module, "coefficients", lambda: {"reranker": COEFFICIENTS})


class Fixed:
    """Gives each window the scores of a word in it; keeps its input."""

    name, sha256 = "fixed", "0" * 64

    def __init__(self, scores, languages=("en",), most_hits=None):
        self.scores, self.languages, self.most_hits, self.inputs = scores, languages, most_hits, []

    def score(self, question, windows):
        self.inputs.append((question, windows))
        return [
            next(scores for word, scores in self.scores.items() if word in w.text) for w in windows
        ]


RERANKER = Fixed({})


def hit(row, score, confidence=0.5, *, is_answer=True):
    return Hit(row, f"d{row}", score, confidence, is_answer=is_answer)


def rescored(hit, order, answer=0.0, *sentences):
    return Rescored(hit, range(len(sentences)), PairScores(order, answer, sentences))


@pytest.fixture
def snapshot(make_index):
    """Ten passages of a document each."""
    return open_snapshot(make_index({f"d{n}": f"This is number{n}." for n in range(10)}))


def test_hits_far_behind_or_beyond_reach_are_not_rescored():
    hits = [hit(0, 5.0), hit(1, 3.0), hit(2, 2.9), hit(3, 2.8), hit(4, 1.0)]
    assert rescoring.to_rescore(RERANKER, hits) == hits[:2]
    near = [hit(row, 5.0 - row / 10) for row in range(5)]
    assert rescoring.to_rescore(RERANKER, near) == near[:3]
    assert rescoring.to_rescore(RERANKER, []) == []


def test_of_few_hits_none_is_rescored():
    near = [hit(row, 5.0 - row / 10) for row in range(5)]
    assert rescoring.to_rescore(RERANKER, near[:4]) == []


def test_nothing_is_rescored_where_no_hit_can_be_an_answer():
    unlikely = [hit(row, 5.0, 0.09) for row in range(5)]
    assert rescoring.to_rescore(RERANKER, unlikely) == []
    assert len(rescoring.to_rescore(RERANKER, [*unlikely[:4], hit(4, 5.0, 0.1)])) == 3


def test_a_reranker_that_only_orders_may_be_given_more():
    hits = [hit(row, 50.0 - 3 * row, 0.01) for row in range(9)]
    assert rescoring.to_rescore(Fixed({}, most_hits=5), hits) == hits[:5]


def test_both_stages_order_and_the_other_hits_follow(snapshot):
    hits = [hit(row, 5.0 - row) for row in range(9)]
    # 5 + 2 * 0, 4 + 2 * 1, 3 + 2 * 1.8
    new = [rescored(hits[0], 0.0), rescored(hits[1], 1.0), rescored(hits[2], 1.8)]
    found = rescoring.joined(snapshot, hits, new)
    assert [h.row for h in found] == [2, 1, 0, 3, 4, 5, 6, 7, 8]
    assert [h.score for h in found[:3]] == pytest.approx([6.6, 6.0, 5.0])
    scores = [h.score for h in found]
    assert scores == sorted(scores, reverse=True)
    assert [h.confidence for h in found[3:]] == [found[2].confidence] * 6


def test_the_confidence_is_logistic_in_both_scores(snapshot):
    hits = [hit(row, 5.0 - row, 0.2) for row in range(8)]
    new = [rescored(hits[0], 0.0, 2.0), rescored(hits[1], 0.0, -2.0)]
    first, second, *_ = rescoring.joined(snapshot, hits, new)
    before = np.log(0.2 / 0.8)
    assert first.confidence == pytest.approx(1 / (1 + np.exp(-(-1 + before / 2 + 2))))
    assert second.confidence == pytest.approx(1 / (1 + np.exp(-(-1 + before / 2 - 2))))
    assert first.is_answer
    assert not second.is_answer


def test_hits_stay_as_they_are_where_none_is_rescored(snapshot):
    hits = [hit(row, 5.0 - row) for row in range(9)]
    assert rescoring.joined(snapshot, hits, []) == hits


def test_of_a_single_score_only_the_order_is_taken(snapshot):
    hits = [hit(0, 3.0, 0.3), hit(1, 2.0, 0.2), hit(2, 1.0, 0.1)]
    new = [Rescored(hits[n], range(1), PairScores(float(n))) for n in range(2)]
    found = rescoring.joined(snapshot, hits, new)
    assert [h.row for h in found] == [1, 0, 2]
    assert [h.score for h in found] == [3.0, 2.0, 1.0]
    assert [h.confidence for h in found] == [0.2, 0.3, 0.1]


def test_texts_in_a_language_it_was_not_fitted_on_are_not_rescored(snapshot, tmp_path):
    reranker = Fixed({"": PairScores(0.0, 0.0, (0.0,))})
    asked = QA(snapshot, WordEncoder()).parse("what is number1")
    assert len(rescoring.window_scores(snapshot, reranker, asked, [hit(1, 1.0)])) == 1
    chinese = QA(snapshot, WordEncoder()).parse("這是什麼問題")
    assert rescoring.window_scores(snapshot, reranker, chinese, [hit(1, 1.0)]) == []
    english = Document(id="en", title="en", text="This is number1.")
    german = Document(id="de", title="de", text="Dies ist Nummer eins.", language="de")
    build(
        [corpus_file(d) for d in (english, german)],
        tmp_path / "both",
        WordEncoder(),
        passage_chars=1250,
    )
    both = open_snapshot(tmp_path / "both")
    rows = {both.passages[row].document: row for row in range(2)}
    hits = {name: Hit(row, name, 1.0, 0.5, is_answer=True) for name, row in rows.items()}
    assert len(rescoring.window_scores(both, reranker, asked, [hits["en"]])) == 1
    assert rescoring.window_scores(both, reranker, asked, [hits["de"]]) == []
    assert rescoring.window_scores(both, reranker, asked, [hits["de"], hits["en"]]) == []
    every = Fixed({"": PairScores(0.0)}, languages=None)
    assert len(rescoring.window_scores(both, every, asked, [hits["de"], hits["en"]])) == 2


def test_a_window_is_the_best_sentence_with_those_around_it(make_index):
    about = "The weather was fair and mild in all of the provinces on that day of the whole week."
    text = " ".join([about] * 8 + ["Milk is sold in litres."] + [about] * 8)
    snapshot = open_snapshot(make_index({"a": text}, passage_chars=2000))
    asked = QA(snapshot, WordEncoder()).parse("how is milk sold")
    sentences, window = rescoring.best_window(snapshot, 0, asked)
    assert sentences == range(6, 11)
    assert window.context == "a"
    assert len(window.text) <= 420
    assert window.text in text
    start, end = window.sentences[2]
    assert window.text[start:end] == "Milk is sold in litres."
    assert [window.text[s:e] for s, e in window.sentences] == [about] * 2 + [
        "Milk is sold in litres."
    ] + [about] * 2


def test_the_answer_cites_and_quotes_by_the_rerankers_scores(make_index):
    others = {f"o{n}": f"Word{n} and others." for n in range(5)}
    texts = {"a": "Tea is hot. It is from China.", "b": "Tea is hot and milk is cold."}
    snapshot = open_snapshot(make_index(texts | others))
    first = QA(snapshot, WordEncoder(), today=TODAY).ask("is tea hot")
    assert first.citations[0].document.id == "a"
    assert first.citations[0].quotes[0].text == "Tea is hot."
    sure = {"China": PairScores(1.0, 5.0, (-3.0, 3.0)), "": PairScores(-5.0, 0.0, (0.0,))}
    read = QA(snapshot, WordEncoder(), reranker=Fixed(sure), today=TODAY).ask("is tea hot")
    assert read.citations[0].document.id == "a"
    # "It" depends on the sentence before, which is shown with it.
    assert [q.text for q in read.citations[0].quotes] == ["Tea is hot.", "It is from China."]
    turned = {"milk": PairScores(9.0, 9.0, (9.0,)), "": PairScores(-9.0, -9.0, (0.0, 0.0))}
    read = QA(snapshot, WordEncoder(), reranker=Fixed(turned), today=TODAY).ask("is tea hot")
    assert read.citations[0].document.id == "b"
    no = {"": PairScores(0.0, -9.0, (-9.0, -9.0))}
    refused = QA(snapshot, WordEncoder(), reranker=Fixed(no), today=TODAY).ask("is tea hot")
    assert refused.status == "not_in_record"
    assert refused.nearest


def test_all_windows_of_a_question_are_scored_in_one_call(snapshot):
    reranker = Fixed({"": PairScores(0.0, 0.0, (0.0,))})
    QA(snapshot, WordEncoder(), reranker=reranker).ask("this is number1")
    ((question, windows),) = reranker.inputs
    assert question == "this is number1"
    assert 1 <= len(windows) <= 3


def test_sentences_that_score_nearly_as_high_as_the_best_are_quoted_with_it():
    of = {4: 0.0, 5: 3.0, 6: 2.5, 7: 2.2, 8: 9.0}
    assert quotes.best_scored_stretch(of, behind=1.0, least=-1.0) == range(8, 9)
    del of[8]
    assert quotes.best_scored_stretch(of, behind=1.0, least=-1.0) == range(5, 8)
    assert quotes.best_scored_stretch(of, behind=0.6, least=-1.0) == range(5, 7)
    assert quotes.best_scored_stretch(of, behind=9.0, least=2.4) == range(5, 7)
    assert quotes.best_scored_stretch(of, behind=9.0, least=-9.0) == range(5, 8)  # three at most
    assert quotes.best_scored_stretch({4: 0.0}, behind=9.0, least=1.0) == range(4, 5)


def test_a_question_joined_with_the_one_before_is_not_rescored(make_index):
    others = {f"o{n}": f"Word{n} and others." for n in range(5)}
    texts = {"a": "Tea is hot.", "b": "Milk is cold."}
    snapshot = open_snapshot(make_index(texts | others))
    reranker = Fixed({"": PairScores(0.0, 0.0, (0.0,))})
    qa = QA(snapshot, WordEncoder(), reranker=reranker)
    answer = qa.ask("and is it cold?", previous=["what is milk"])
    assert answer.searched_for != answer.question
    assert reranker.inputs == []
    qa.ask("is milk cold")
    assert len(reranker.inputs) == 1
