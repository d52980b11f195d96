"""Sentences are whole, in order, and slices of the text."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.text.sentences import sentence_spans


def cut(text):
    return [span.of(text) for span in sentence_spans(text)]


def test_abbreviations_and_decimals_do_not_end_a_sentence():
    text = "Mr. Smith said U.S. output grew 3.5 percent. He left."
    assert cut(text) == ["Mr. Smith said U.S. output grew 3.5 percent.", "He left."]


def test_a_question_mark_ends_a_sentence():
    assert cut("Why is that? We do not know!") == ["Why is that?", "We do not know!"]


def test_chinese_sentences_end_at_wide_marks_with_their_closing_quotes():
    assert cut("我们会。他说：“好！”他们来吗？来") == [
        "我们会。",
        "他说：“好！”",
        "他们来吗？",
        "来",
    ]


def test_a_line_break_ends_a_sentence():
    assert cut("A heading\n\nA sentence\nanother one.") == [
        "A heading",
        "A sentence",
        "another one.",
    ]


def test_nothing_but_white_space_has_no_sentence():
    assert sentence_spans(" \n\t\n ") == []


@given(st.text(alphabet=string.ascii_letters + " .?!\n\t。！？”)文́🎉\u200fא", max_size=200))
def test_sentences_are_ordered_slices_with_only_white_space_between(text):
    """Whatever the text."""
    at = 0
    for span in sentence_spans(text):
        assert text[at : span.start].strip() == ""
        assert span.of(text) == span.of(text).strip()
        at = span.end
    assert text[at:].strip() == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "Holm-U.S. trade in salt is of use to both.",
        "The U.S. Envoy Ada Lund met the U.K. Minister and the U.N. Council.",
        "The letter went to Lt. Col. Ines Faro, to Gen. Amos Tarn and to Gov. Ada Lund.",
        "Sen. Moe, Rep. Lund and Prof. Dr. Faro spoke of St. Holm.",
        "See No. 12, Art. 5, p. 3 and Sec. IV, cf. Annex 2.",
        "Some metals, e.g. Tin, and some woods, i.e. Oak, are dear.",
        "J. R. Halvor came at 9 a.m. and left at 5 p.m. on Monday.",
        "It rose by 3.5 million in approx. 2 years.",
        "It was ... well, late.",
        '"Why so soon?" she asked.',
        "“Really?” she asked, and left.",
        "Mme. Faro a cité l'art. 5 et le núm. 4.",
        "La Sra. Lund y el Dr. Faro hablaron.",
        "Am 3. April 2025 galt z. B. Abs. 2 Nr. 3 des Gesetzes.",
        "They met at 9 a.m. EST.",
        "1234. Ms Lund asked why.",
    ],
)
def test_an_abbreviation_does_not_end_a_sentence(sentence):
    assert cut(sentence) == [sentence]


@pytest.mark.parametrize(
    "sentences",
    [
        ["They met in the U.S.", "The minister left."],
        ["It rained in the U.K.", "However, it stopped."],
        ["This is plan B.", "We like it."],
        ["He was back at 6 p.m.", "The meeting went on."],
        ["The board met.", "Smith & Co. left."],
        ["That was the last week.", "Halvor left on that day.", "Tarn stayed."],
        ["He left.”", "“Really?” she asked."],
        ["He said “we go.”", "Then he left.", "(It rained.)", "[Laughter.]", "We go."],
        ["La Sra. Ruiz no vino.", "¿Quién es?", "No se sabe."],
        ["भारत ने कहा।", "यह सच है।"],
        ["هل جاء؟", "نعم جاء۔"],
        ["Τι είναι;", "Δεν ξέρω."],
        ["他說：「好！」", "他們來嗎？", "（完。）", "《法》。"],
        ["これは本です。", "はい。"],
    ],
)
def test_what_follows_tells_that_a_sentence_ended(sentences):
    assert cut(" ".join(sentences)) == sentences


WRAPPED = [
    (
        "The office said on Monday that the road to the mill of Orsk will be\n"
        "repaired before the winter, and that the Ministry\nof Roads pays for it."
    ),
    (
        "Nach dem Bericht des Amtes wird die Strasse nach Orsk im Sommer von der\n"
        "Gemeinde erneuert, und die Kosten trägt das Land zu zwei Dritteln, wie\n"
        "Frau Lund sagte."
    ),
    (
        "主席，我們認為現行的架構已能有效處理有關殘疾人士的議題，因此沒有能力租住私人樓\n"
        "宇的人士可以申請公共房屋，當局亦會積極跟進有關事宜，並會向各位議員匯報工作進\n"
        "度。"
    ),
    (
        "    The council of Holm met on Tuesday to speak of the harbour and of the\n"
        "ferry, which was held for an hour."
    ),
]


@pytest.mark.parametrize("text", WRAPPED)
def test_a_full_line_goes_on_in_the_next(text):
    assert cut(text) == [text.strip()]


@pytest.mark.parametrize(
    "text",
    [
        "Office of the County\n12 Harbour Road\nHolm",
        (
            "Repair of the road to the mill of Orsk, phase 2\n"
            "Repair of the bridge over the river at Holm now\n"
            "Purchase of two boats for the harbour of Orsk, A"
        ),
        "The tide comes in and the boats go out,\nthe gulls are loud.\nWe wait for rain.",
        (
            "- the road to the mill of Orsk, which is long and narrow, and\n"
            "- the bridge over the river at Holm, which is old and narrow"
        ),
        "床前明月光\n疑是地上霜\n舉頭望明月",
        "市長 林大文\n主任 陳小明",
        "二〇一九年政府工作報告\nhttps://example.org/wiki/" + "%E5%B9%B4" * 20,
        (
            "委員會討論在政府場地提升無障礙設施的大型改善工程計劃以及找出進一\n"
            "議會  ─  2012年 10月 31日"
        ),
        "Name of the office\tYear\nHarbour\t2020\nRoads\t2021",
        (
            "The office said on Monday that the road to the mill of Orsk will be\n\n"
            "repaired before the winter."
        ),
    ],
)
def test_lines_of_lists_verses_addresses_and_tables_stay_apart(text):
    assert cut(text) == [line.strip() for line in text.split("\n") if line.strip()]


def test_an_indented_line_begins_a_paragraph():
    first = "The harbour of Holm gets a new crane, and the fishermen asked for\nit for years"
    second = "   the road to the mill is repaired after the harvest, in which all help"
    assert cut(f"{first}\n{second}") == [first, second.strip()]


PIECES = st.sampled_from(
    "U.S.|Lt.|No.|12|the|The|minister|A.|J.|p.m.|e.g.|.|?|!|…|”|“|)|(|\n|\n\n| | |。|「|」|漢字"
    "|;|word|Word|3.|[|]|:|, ".split("|")
)


@given(st.lists(PIECES, max_size=80).map("".join))
def test_sentences_of_abbreviations_and_marks_are_ordered_slices_too(text):
    """Whatever is joined or cut, nothing but white space is between two sentences."""
    at = 0
    for span in sentence_spans(text):
        assert text[at : span.start].strip() == ""
        assert span.of(text) == span.of(text).strip() != ""
        at = span.end
    assert text[at:].strip() == ""
