"""Turns are labelled by who asks and who answers; boilerplate of a page is none."""

import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import SEED
from qa.errors import CorpusError
from qa.sources.layouts.registry import recognise, turns
from qa.text.paragraphs import paragraph_spans

PAGE = "Home > Press>Trade\n\nIt rained. Why?(2020-02-03)\n\nBecause.\n\nThank you."


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_a_text_without_words_is_a_statement_without_a_title(text):
    assert (recognise(text).layout, recognise(text).title) == ("statement", "")


def test_a_question_and_answer_page_is_recognised():
    page = recognise(PAGE)
    assert page.layout == "question-answer"
    assert page.section == "Trade"
    assert page.date == datetime.date(2020, 2, 3)
    assert page.title == "It rained"
    assert page.text == "It rained. Why?(2020-02-03)\n\nBecause.\n\nThank you."


def test_its_first_paragraph_asks_and_the_rest_answers():
    text = recognise(PAGE).text
    question, answer = turns(text, "question-answer")
    assert (question.role, question.span.of(text)) == (
        "question",
        "It rained. Why?(2020-02-03)\n\n",
    )
    assert (answer.role, answer.span.of(text)) == ("answer", "Because.\n\nThank you.")
    assert answer.asked.of(text) == "It rained. Why?"


def test_the_seed_is_understood():
    text = SEED.read_text("utf-8")
    page = recognise(text)
    assert (page.layout, page.section, page.date) == (
        "question-answer",
        "Service Trade",
        datetime.date(2022, 7, 21),
    )
    assert text == "Home > Press Conference Homepage>Service Trade\n\n" + page.text
    _, answer = turns(page.text, page.layout)
    assert answer.asked.of(page.text).endswith("government departments this time?")
    assert answer.span.of(page.text).startswith("Since the State Council issued")


@pytest.mark.parametrize(
    "text",
    [
        "A plain statement.\n\nMore of it.",
        "It rained.(2020-02-03)\n\nNo question was asked.",
        "Why?(2020-02-30)\n\nThere is no such day.",
        "Why?(2020-02-03)",
        "> Home is quoted\n\nhere.",
        "One > two\n\nis a comparison.",
    ],
)
def test_what_is_not_recognised_is_a_statement_and_loses_nothing(text):
    page = recognise(text)
    assert (page.layout, page.text, page.section) == ("statement", text, None)
    (turn,) = turns(text, page.layout)
    assert (turn.role, turn.span.of(text)) == ("statement", text)


@pytest.mark.parametrize("text", [recognise(PAGE).text, "One.\n\nTwo."])
def test_turns_joined_give_the_text_back(text):
    page = recognise(text)
    assert "".join(turn.span.of(text) for turn in turns(text, page.layout)) == text


def test_a_title_from_a_very_long_sentence_is_cut_at_a_word():
    title = recognise("word " * 100).title
    assert title == "word " * 39 + "word …"


def test_paragraphs_are_parted_by_blank_lines():
    text = "\n a\nb \n \n\nc\n"
    assert [p.of(text) for p in paragraph_spans(text)] == ["a\nb", "c"]


def test_an_unknown_layout_is_refused_with_the_known_ones():
    known = "faq, labelled-faq, question-answer, statement, transcript"
    with pytest.raises(CorpusError, match=f"no layout 'poem'; known: {known}"):
        turns("text", "poem")


def test_a_text_that_lost_its_question_is_refused_with_the_remedy():
    with pytest.raises(CorpusError, match='set "layout: statement"'):
        turns("Just a statement.", "question-answer")


BRIEFING = (
    "Aboard the train\n\n11:11 A.M. EST\n\n"
    "MR. EARNEST: Good morning.\n\nIt is early.\n\n"
    "Q Will it rain?\n\nOr snow?\n\n"
    "MR. EARNEST: It will rain.\n\nAll day.\n\n"
    "Q Q is a letter. Is it?\n\n"
    "MS. PSAKI: It is.\n\nMR. EARNEST: Indeed."
)
CONFERENCE = (
    "CHAIR YELLEN. Good afternoon.\n\n"
    "JON HILSENRATH. Why wait?\n\nCHAIR YELLEN. We are patient.\n\n"
    "VICTORIA McGRANE. Hi. How long?\n\nCHAIR YELLEN. A while. Thank you.\n\n"
    "The end."
)
CHINESE = "主席：各位早安。\n\n记者：会下雨吗？\n\n答：会。\n\n记者：何时？\n\n答：明天。"


def said(text):
    page = recognise(text)
    assert page.layout == "transcript"
    found = turns(page.text, page.layout)
    assert "".join(turn.span.of(page.text) for turn in found) == text
    return [
        (
            turn.role,
            turn.speaker,
            turn.label and turn.label.of(text),
            turn.asked and turn.asked.of(text),
        )
        for turn in found
    ]


def test_a_briefing_with_nameless_askers():
    assert said(BRIEFING) == [
        ("statement", None, None, None),
        ("statement", "MR. EARNEST", "MR. EARNEST: ", None),
        ("question", None, "Q ", None),
        ("answer", "MR. EARNEST", "MR. EARNEST: ", "Will it rain?\n\nOr snow?"),
        ("question", None, "Q ", None),
        ("answer", "MS. PSAKI", "MS. PSAKI: ", "Q is a letter. Is it?"),
        ("answer", "MR. EARNEST", "MR. EARNEST: ", "Q is a letter. Is it?"),
    ]


def test_a_conference_whose_askers_have_names_and_no_office():
    assert [turn[:2] + turn[3:] for turn in said(CONFERENCE)] == [
        ("statement", "CHAIR YELLEN", None),
        ("question", "JON HILSENRATH", None),
        ("answer", "CHAIR YELLEN", "Why wait?"),
        ("question", "VICTORIA McGRANE", None),
        ("answer", "CHAIR YELLEN", "Hi. How long?"),
    ]


def test_a_chinese_conference():
    assert [turn[:2] + turn[3:] for turn in said(CHINESE)] == [
        ("statement", "主席", None),
        ("question", None, None),
        ("answer", None, "会下雨吗？"),
        ("question", None, None),
        ("answer", None, "何时？"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "NOTE: one label.\n\nNo question.",
        "Q Only one?\n\nMR. EARNEST: Yes.",
        "U.S. policy is old.\n\nUSA. It is.\n\nWHO. It said so.",
        "A. First.\n\nB. Second.\n\nC. Third.",
        "Q and A are letters.\n\nQuestions are asked.",
    ],
)
def test_few_labels_make_no_transcript(text):
    assert recognise(text).layout == "statement"


def parts(text):
    """Role and speaker of every labelled turn."""
    return [(role, speaker) for role, speaker, label, _ in said(text) if label]


def test_whoever_gives_the_floor_to_the_next_does_not_ask():
    text = (
        "CHAIR POWELL. Good afternoon.\n\nMICHELLE SMITH. Thank you. Howard.\n\n"
        "HOWARD SCHNEIDER. Why wait?\n\nCHAIR POWELL. We are patient.\n\n"
        "MICHELLE SMITH. Edward Lawrence.\n\nEDWARD LAWRENCE. How long?\n\n"
        "CHAIRIMAN POWELL. A while.\n\nMICHELLE SMITH. Thanks, everyone."
    )
    assert parts(text) == [
        ("statement", "CHAIR POWELL"),
        ("statement", "MICHELLE SMITH"),
        ("question", "HOWARD SCHNEIDER"),
        ("answer", "CHAIR POWELL"),
        ("statement", "MICHELLE SMITH"),
        ("question", "EDWARD LAWRENCE"),
        ("answer", "CHAIRIMAN POWELL"),
        ("statement", "MICHELLE SMITH"),
    ]


def test_whoever_stands_between_askers_and_seldom_asks_leads():
    ask = "MS. SMITH LEE. OK, Bloomberg.\n\n".replace("MS. ", "")
    turns_of = [f"{ask}{name}. Why?\n\nCHAIR FOX. So.\n\n" for name in ("AL BO", "CY DU", "ED FA")]
    assert [part for part in parts("".join(turns_of).strip()) if part[1] == "SMITH LEE"] == [
        ("statement", "SMITH LEE")
    ] * 3


@pytest.mark.parametrize(
    ("asker", "answerer"),
    [
        ("Q ", "MR. CARNEY: "),
        ("Q\u00a0 ", "THE PRESIDENT: "),
        ("Q: ", "A: "),
        ("Q. ", "A. "),
        ("QUESTION: ", "PRIME MINISTER: "),
        ("JOURNALIST: ", "PRIME MINISTER: "),
        ("Journalist: ", "Prime Minister Wong: "),
        ("REPORTER: ", "GENERAL McCHRYSTAL: "),
        ("Unidentified reporter: ", "MR RHODES:"),
        ("QUESTION. ", "CHAIRMAN BERNANKE. "),
        ("记者：", "答："),
        ("记者：", "发言人："),
        ("路透社记者：", "外交部发言人毛宁："),
        ("問：", "局長："),
    ],
)
def test_labels_of_many_houses(asker, answerer):
    text = f"{asker}Why?\n\n(Laughter.)\n\n{answerer}Because.\n\nAnd so on.\n\n" * 2
    assert [turn[:1] + turn[3:] for turn in said(text)] == [
        ("question", None),
        ("statement", None),
        ("answer", "Why?"),
    ] * 2


def test_a_moderator_by_name_of_the_office_leads():
    text = "MODERATOR: Next.\n\nQ Why?\n\nMR. FOX: So.\n\n" * 2
    assert [role for role, _ in parts(text)] == ["statement", "question", "answer"] * 2


def test_a_known_speakers_label_counts_within_a_paragraph_too():
    text = "Q Why?\n\nMR. FOX: So.\n\nQ When?\nMR. FOX: Now.\n\nMR. FOX: Soon.\nNOTE: aside."
    assert [speaker for _, speaker in parts(text)] == [None, "MR. FOX", None, "MR. FOX", "MR. FOX"]


def test_question_time_of_a_council():
    text = (
        "立法會  ─  2012年 10月 31日 \n\n675 \n出席議員：\n\n主席曾鈺成議員\n\n"
        "主席：秘書，請響鐘。\n\n議員質詢的口頭答覆 \n\n"
        "1. 謝偉銓議員：主席，為何？\n\n教育局局長 (譯文 )：主席，現答覆\n如下：因為。\n\n"
        "立法會\n\n676 \n陳健波議員：何時？\n\n教育局局長：明天。\n\n主席：第二項質詢。\n\n"
        "677 \n議員議案 \n\n陳健波議員：我動議。\n\n教育局局長：多謝。"
    )
    assert parts(text) == [
        ("statement", "主席"),
        ("question", "謝偉銓議員"),
        ("answer", "教育局局長"),
        ("question", "陳健波議員"),
        ("answer", "教育局局長"),
        ("statement", "主席"),
        ("statement", "陳健波議員"),
        ("statement", "教育局局長"),
    ]


SPEECH = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60)
LABELS = ["Q ", "MR. FOX: ", "CHAIR FOX. ", "JANE ROE. ", "记者：", "答：", "主席：", "", "Q: "]
ODD = [
    "\u202eright to left\u202c",
    "e\u0301\u0302 combined",
    "\U0001f469\u200d\U0001f680 emoji",
    "\u05e9\u05dc\u05d5\u05dd",
    "議員質詢的口頭答覆",
    "議案",
    "\u2028\x85\x0b",
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(LABELS), SPEECH | st.sampled_from(ODD), st.sampled_from(["\n", "\n\n"])
        ),
        min_size=1,
        max_size=30,
    )
)
def test_turns_of_any_transcript_joined_give_the_text_back(pieces):
    text = "".join(map("".join, pieces))
    assume(text.strip())
    page = recognise(text)
    found = turns(page.text, page.layout)
    assert "".join(turn.span.of(page.text) for turn in found) == page.text
    assert text.endswith(page.text)
    for turn in found:
        assert turn.label is None or turn.label.start == turn.span.start
        assert turn.label is None or turn.label.end <= turn.span.end
        assert (turn.role == "answer") == (turn.asked is not None)
        assert turn.asked is None or turn.asked.end <= turn.span.start


@pytest.mark.parametrize(
    "unit",
    [
        "word ",
        "Q MR. FOX: ",
        "記者：",
        "A",
        "é😀",
        "\n",
        "A. ",
        "M ",
        " ",
        "\t",
        " (",
        "# ",
        "(2020-02-02",
    ],
)
def test_a_megabyte_on_one_line_is_a_statement(unit):
    text = "x" + unit * (1_000_000 // len(unit)) + "x"
    for whole in (text, f"Home > Press{text}"):
        page = recognise(whole)
        assert (page.layout, len(turns(page.text, page.layout))) == ("statement", 1)


def test_a_layout_that_does_not_fit_is_refused_with_the_remedy():
    with pytest.raises(CorpusError, match="needs paragraphs that begin with who speaks"):
        turns("Plain text.", "transcript")
