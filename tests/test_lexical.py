"""Words: what is a term, who scores higher, what is a typo."""

import math

import numpy as np
import pytest

from qa.index.lexical import LexicalIndex
from qa.index.visible import Visible
from qa.text.terms import terms

TEXTS = [
    "The council discussed cultural trade.",
    "Cultural trade grew, and trade in tea grew faster.",
    "Growth of tea exports in 2021.",
]
WORDS = "tea milk road rain survey trade ferri hors coal wheat".split()


@pytest.fixture
def index():
    return LexicalIndex.build(TEXTS)


def stems(text):
    return [term.stem for term in terms(text)]


def scored(index, question, count=3):
    return index.scores(stems(question), np.arange(count))


def test_terms_are_stems_without_function_words():
    assert stems("What did the Councils do about trading?") == ["council", "trade"]


def test_words_that_speak_of_the_record_itself_are_known():
    spoken = {t.text: t.is_about_the_record for t in terms("what does the document say on tea")}
    assert spoken == {"document": True, "say": True, "tea": False}


def test_chinese_gives_overlapping_pairs():
    assert stems("文化贸易, 茶") == ["文化", "化贸", "贸易", "茶"]


def test_chinese_is_cut_at_words_without_a_subject():
    assert stems("文化和贸易是什么？") == ["文化", "贸易"]


def test_traditional_characters_meet_their_simplified_forms():
    assert stems("文化貿易") == stems("文化贸易")


def test_letters_and_digits_among_chinese_are_words_of_their_own():
    assert stems("和GDP增长3月") == ["gdp", "增长", "3", "月"]


def test_a_range_of_numbers_is_one_word():
    assert stems("the plan (2021-2025) of 2021") == ["plan", "2021-2025", "2021"]


def test_the_text_with_more_of_the_words_scores_higher_and_without_any_zero(index):
    scores = scored(index, "cultural trade of faster councils")
    assert scores.argmax() == 0
    assert scores[0] > scores[1] > scores[2] == 0


def test_a_question_the_record_shares_no_word_with_scores_zero(index):
    assert scored(index, "what is the weather").tolist() == [0, 0, 0]
    assert index.highest(stems("what is the weather"), 3).tolist() == []


def test_a_word_asked_for_twice_counts_twice_and_rows_come_as_they_are_asked_for(index):
    once, twice = (index.scores(words, np.arange(3)) for words in (["tea", "trade"], ["tea"] * 2))
    assert (once[0] > 0, twice[0]) == (True, 0)
    assert index.scores(["tea"] * 2, np.array([2, 0, 2])).tolist() == twice[[2, 0, 2]].tolist()
    tea = twice * 2 * index.idf("tea")
    trade = once * (index.idf("tea") + index.idf("trade")) - tea / 2
    assert index.scores(["tea", "tea", "trade"], np.arange(3)) == pytest.approx(
        (tea + trade) / (2 * index.idf("tea") + index.idf("trade"))
    )


def test_the_highest_are_those_that_scoring_every_row_would_give():
    chance = np.random.default_rng(5)
    index = LexicalIndex.build(" ".join(chance.choice(WORDS, 5)) for _ in range(300))
    for _ in range(20):
        asked = [*chance.choice(WORDS, 3), "absent"]
        rows = chance.random(300) < chance.choice([0.02, 0.5, 1])
        scores = np.where(rows, index.scores(asked, np.arange(300)), 0)
        best = sorted(np.flatnonzero(scores), key=lambda row: (-scores[row], row))
        assert index.highest(asked, 40, Visible(rows)).tolist() == best[:40]
        if rows.all():
            assert index.highest(asked, 40).tolist() == best[:40]


def test_the_words_of_each_passage_are_its_own_with_their_scores(index):
    starts, numbers, scores = index.by_passage()
    for row, text in enumerate(TEXTS):
        own = slice(starts[row], starts[row + 1])
        held = dict(zip(numbers[own].tolist(), scores[own].tolist(), strict=True))
        assert set(held) == {index.passages.number(word) for word in stems(text)}
        for word in stems(text):
            of_word = index.scores([word], np.array([row]))[0] * index.idf(word)
            assert held[index.passages.number(word)] == pytest.approx(of_word, rel=1e-6)


def test_idf_is_robertsons(index):
    assert index.idf("tea") == pytest.approx(math.log(1 + 1.5 / 2.5))
    assert index.idf("soybean") == pytest.approx(math.log(1 + 3.5 / 0.5))


def test_a_word_is_held_by_the_rows_that_have_it_or_a_form_of_it(index):
    def held(word):
        (term,) = terms(word)
        rows = np.arange(len(TEXTS), dtype=np.int32)
        return np.flatnonzero(index.passages.holds(index.forms(term), rows)).tolist()

    assert held("grow") == [2]
    assert held("fast") == [1]
    assert held("trade") == [0, 1]
    assert held("soybeans") == []


def test_headings_hold_words_by_their_own_rows():
    index = LexicalIndex.build(["Tea."], ["Report of May", "Minutes", "Reports"])
    assert index.headings.rows("report").tolist() == [0, 2]
    assert index.headings.rows("tea").tolist() == []
    # As often as asked for, in the order asked for.
    rows = np.array([2, 1, 1, 0], dtype=np.int32)
    assert index.headings.holds(["minut"], rows).tolist() == [False, True, True, False]
    assert index.headings.holds(["report", "minut"], rows).all()
    assert not index.headings.holds(["tea"], rows).any()
    assert not index.headings.holds(["report"], rows[:0]).any()


def test_slips_of_the_keyboard_are_mended_to_words_of_the_record(index):
    assert index.correct("Cultral trde in 2021", lambda _: False) == "cultural trade in 2021"


def test_a_name_inside_a_question_is_no_slip(index):
    assert index.correct("who is Trde and cultral", lambda _: False) == "who is Trde and cultural"


def test_known_words_words_of_the_language_and_short_ones_are_left_alone(index):
    assert index.correct("trade tra 2o21 texas", lambda _: False) == "trade tra 2o21 texas"
    assert index.correct("tirade", lambda _: False) == "trade"
    assert index.correct("tirade", lambda word: word == "tirade") == "tirade"


def test_saved_and_opened_it_is_the_same(index, tmp_path):
    headings = ["Report", "Minutes"]
    for folder in ("a", "b"):
        LexicalIndex.build(TEXTS, headings).save(tmp_path / folder)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) >= 5
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    opened = LexicalIndex.open(tmp_path / "a")
    assert opened.headings.rows("minut").tolist() == [1]
    assert scored(opened, "tea trade").tolist() == scored(index, "tea trade").tolist()
    assert scored(opened, "tea trade").any()
    assert opened.correct("cultral", lambda _: False) == "cultural"


def test_texts_without_any_term_can_be_indexed_saved_and_opened(tmp_path):
    LexicalIndex.build(["the", "?"]).save(tmp_path / "a")
    opened = LexicalIndex.open(tmp_path / "a")
    assert scored(opened, "trade", 2).tolist() == [0, 0]
    assert opened.highest(["trade"], 2).tolist() == []
    assert opened.correct("trade", lambda _: False) == "trade"


def test_candidates_of_an_injected_search_are_rescored_and_ordered(tmp_path):
    """An engine may return candidates in any order; scores are those of the index's own words."""
    texts = ["Tea is hot.", "Tea, tea and more tea.", "Rain falls."]
    built = LexicalIndex.build(texts)
    built.save(tmp_path / "lexical")
    index = LexicalIndex.open(tmp_path / "lexical", lambda *_: np.array([0, 1]))
    assert index.highest(["tea"], 2).tolist() == built.highest(["tea"], 2).tolist() == [1, 0]
    assert index.highest(["tea"], 1).tolist() == [1]
