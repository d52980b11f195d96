"""Passages are slices of their document, whole sentences, within both limits."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from qa.index.passages import Splitter
from qa.records import Document

PAGE = "It rained. Why?(2020-02-03)\n\nBecause of clouds. They came.\n\nThank you all."


def words(text):
    return len(re.findall(r"\w+", text))


def cut(text, chars=1000, tokens=200, layout="statement"):
    document = Document(id="d", title="D", text=text, layout=layout)
    return list(Splitter(chars, tokens, words).passages(document))


def test_a_paragraph_that_fits_stays_whole_and_short_neighbours_share_a_passage():
    text = "One two.\n\nThree four.\n\nFive six seven eight."
    assert [p.text for p in cut(text, chars=25)] == [
        "One two.\n\nThree four.",
        "Five six seven eight.",
    ]


def test_a_long_paragraph_is_cut_between_sentences():
    text = "One two. Three four. Five six. Seven."
    assert [p.text for p in cut(text, chars=20)] == [
        "One two.",
        "Three four.",
        "Five six. Seven.",
    ]


def test_the_token_limit_holds_beside_the_character_limit():
    text = "a b c d. e f g h. i j k l."
    assert [p.text for p in cut(text, chars=1000, tokens=4)] == ["a b c d.", "e f g h.", "i j k l."]


def test_a_sentence_that_is_too_long_is_cut_at_a_space():
    assert [p.text for p in cut("aaaa bbbb cccc", chars=10)] == ["aaaa bbbb", "cccc"]


def test_a_word_that_is_too_long_is_cut_anywhere():
    assert [p.text for p in cut("a" * 25, chars=10)] == ["a" * 10, "a" * 10, "a" * 5]


def test_passages_know_role_question_and_paragraph_and_never_cross_a_turn():
    found = cut(PAGE, layout="question-answer")
    assert [(p.role, p.text, p.paragraph) for p in found] == [
        ("question", "It rained. Why?(2020-02-03)", 1),
        ("answer", "Because of clouds. They came.\n\nThank you all.", 2),
    ]
    assert found[0].asked is None
    assert found[1].asked.of(PAGE) == "It rained. Why?"


def test_sentences_are_slices_of_the_document():
    text = "Intro here.\n\nBecause of clouds. They came."
    (passage,) = cut(text)
    assert [s.of(text) for s in passage.sentences] == [
        "Intro here.",
        "Because of clouds.",
        "They came.",
    ]


ANY = st.text(
    st.one_of(
        st.sampled_from(" \n.?!。！？-—\t\u00a0\u2028\u200f́🎉אבв文字"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\r"),
    ),
    min_size=1,
    max_size=400,
).filter(str.strip)


@settings(max_examples=200, deadline=None)
@given(text=ANY, chars=st.integers(5, 120), tokens=st.integers(2, 40))
def test_whatever_the_text_passages_are_ordered_slices_within_the_limit_that_hold_all_of_it(
    text, chars, tokens
):
    at = 0
    for passage in cut(text, chars, tokens):
        span = passage.span
        assert passage.text == text[span.start : span.end] == passage.text.strip()
        assert text[at : span.start].strip() == ""
        assert len(passage.text) <= chars
        at = span.end
        inner = span.start
        for sentence in passage.sentences:
            assert text[inner : sentence.start].strip() == ""
            inner = sentence.end
        assert inner == span.end
    assert text[at:].strip() == ""


def test_the_label_of_a_speaker_is_shown_and_never_quoted():
    text = (
        "Q Is tea hot?\n\nMR. GIBBS: Tea is hot. Milk is cold.\n\n"
        "Q Is rain wet?\n\nMR. GIBBS: Rain is wet."
    )
    found = cut(text, chars=100, layout="transcript")
    assert [p.text for p in found][1] == "MR. GIBBS: Tea is hot. Milk is cold."
    assert [[s.of(text) for s in p.sentences] for p in found] == [
        ["Is tea hot?"],
        ["Tea is hot.", "Milk is cold."],
        ["Is rain wet?"],
        ["Rain is wet."],
    ]
    assert [p.speaker for p in found] == [None, "MR. GIBBS", None, "MR. GIBBS"]
