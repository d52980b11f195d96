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


def test_no_passage_ends_with_a_question_that_the_next_one_answers():
    text = "Rain fell on the roads. Who pays for it? The county pays. The work begins now."
    assert [p.text for p in cut(text, chars=48)] == [
        "Rain fell on the roads.",
        "Who pays for it? The county pays.",
        "The work begins now.",
    ]


def test_a_heading_and_a_question_above_a_paragraph_go_with_it():
    text = "It rained all day.\n\nTHE ROADS\n\nWho pays?\n\nThe county pays for it.\n\nIt is late."
    assert [p.text for p in cut(text, chars=50)] == [
        "It rained all day.",
        "THE ROADS\n\nWho pays?\n\nThe county pays for it.",
        "It is late.",
    ]


def test_a_list_of_headings_is_cut_where_it_is_full():
    text = "\n\n".join(f"Road {n}" for n in range(10, 30))
    found = cut(text, chars=40)
    assert max(len(p.text) for p in found) <= 40
    assert len(found) <= 8


def test_a_passage_is_not_cut_where_only_the_line_is_full():
    lines = [
        "The office said on Monday that the road to the mill of Orsk will be",
        "repaired before the winter, and that the Ministry of Roads pays for it.",
        "The bridge over the river is repaired in spring, and the work costs",
        "forty crowns in all.",
    ]
    found = cut("\n".join(lines), chars=150)
    assert [p.text for p in found] == ["\n".join(lines[:2]), "\n".join(lines[2:])]
    assert [len(p.sentences) for p in found] == [1, 1]


LOG = (
    "2 February 2026\n\nThe mines in Holm go on working.\n\n"
    "6 March 2026\n\nThe ferry to Holm was held for an hour.\n"
)
ANSWERS = (
    "Answers\n\nQuestion No. 40/2025\n\nMr Tarn asked what was spent.\n\nReply: It was 3 crowns."
    "\n\nQuestion No. 41/2025\n\nMs Lund asked what was spent.\n\nReply: It was 4 crowns."
)


def test_a_passage_has_the_day_of_its_part_and_does_not_cross_it():
    found = cut(LOG)
    assert [(p.date.isoformat(), [s.of(LOG) for s in p.sentences]) for p in found] == [
        ("2026-02-02", ["The mines in Holm go on working."]),
        ("2026-03-06", ["The ferry to Holm was held for an hour."]),
    ]
    assert found[1].text == "6 March 2026\n\nThe ferry to Holm was held for an hour."


def test_a_numbered_question_and_its_reply_are_a_passage_of_their_own():
    found = cut(ANSWERS)
    assert [(p.numbers, [s.of(ANSWERS) for s in p.sentences]) for p in found] == [
        ((), ["Answers"]),
        (("40/2025", "40"), ["Mr Tarn asked what was spent.", "Reply: It was 3 crowns."]),
        (("41/2025", "41"), ["Ms Lund asked what was spent.", "Reply: It was 4 crowns."]),
    ]


LINE = st.sampled_from(
    "2 February 2026|6 March 2026|Question No. 40/2025|Why is it so?|THE ROADS|It was 3 crowns.|"
    "The U.S. Envoy met Lt. Tarn. He left.|「好！」他們來嗎？完。|aaaa bbbb cccc dddd|a) b|".split(
        "|"
    )
)


@settings(max_examples=200, deadline=None)
@given(st.lists(LINE, max_size=25), st.sampled_from(["\n", "\n\n"]), st.integers(8, 90))
def test_whatever_the_lines_passages_hold_all_text_and_their_sentences_are_slices(
    lines, between, chars
):
    text = between.join(lines)
    at = 0
    for passage in cut(text, chars) if text.strip() else ():
        assert passage.text == passage.span.of(text) == passage.text.strip()
        assert text[at : passage.span.start].strip() == ""
        assert len(passage.text) <= chars
        at = passage.span.end
        assert passage.sentences
        inner = passage.span.start
        for sentence in passage.sentences:
            assert inner <= sentence.start < sentence.end <= passage.span.end
            inner = sentence.end
    assert text[at:].strip() == ""
