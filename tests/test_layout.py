"""Who asks, who answers; what a page's furniture says."""

import datetime

import pytest

from conftest import SEED
from qa.corpus.layout import paragraph_spans, recognise, turns
from qa.errors import CorpusError

PAGE = "Home > Press>Trade\n\nIt rained. Why?(2020-02-03)\n\nBecause.\n\nThank you."


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
    with pytest.raises(CorpusError, match="no layout 'poem'; known: question-answer, statement"):
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
        ("answer", "答", "会下雨吗？"),
        ("question", None, None),
        ("answer", "答", "何时？"),
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


def test_a_layout_that_does_not_fit_is_refused_with_the_remedy():
    with pytest.raises(CorpusError, match="needs paragraphs that begin with who speaks"):
        turns("Plain text.", "transcript")
