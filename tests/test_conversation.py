"""Context-dependent questions, and small talk."""

import pytest

from qa.answer.conversation import is_context_dependent, is_short, joined, small_talk


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Hi there, how are you today?", "greeting"),
        ("你好！", "greeting"),
        ("Thank you!", "thanks"),
        ("thanks a lot for your help", "thanks"),
        ("ok, thanks. Bye!", "thanks"),
        ("谢谢", "thanks"),
        ("goodbye.", "farewell"),
        ("what can you do?", "help"),
        ("fuck off!", "abuse"),
        ("You are a useless heap of junk", "abuse"),
        ("this bot is stupid", "abuse"),
        ("你是笨蛋", "abuse"),
        ("hello, who is the spokesperson?", None),
        ("what did the minister say to thank you volunteers?", None),
        ("garbage collection", None),
        ("What garbage collection day is it?", None),
        ("what useless spending was cut?", None),
        ("垃圾", None),
        ("Thanks for the answer but who signed the treaty", None),
        ("what is this", None),
        ("what a useless bot", "abuse"),
        ("Did he say the policy was stupid?", None),
        ("垃圾分类", None),
        ("", None),
        ("...", None),
    ],
)
def test_small_talk_is_recognised_by_all_of_its_words(said, expected):
    assert small_talk(said) == expected


@pytest.mark.parametrize("said", ["shit" * 25_000, "-" * 100_000, "thanks " * 15_000])
def test_a_very_long_remark_is_no_small_talk(said):
    assert small_talk(said) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("and in 2015?", True),
        ("why was that delayed?", True),
        ("which survey caught his eye?", True),
        ("那出口呢？", True),
        ("how many tasks are there", False),
        ("what are the main considerations behind the Opinions", False),
        ("which factory was Obama touring in Michigan?", False),
        ("What is the deficit this year?", False),
        ("What is the law that bans torture?", False),
        ("Is it true that Iran enriched uranium?", False),
        ("How many people lost their homes in Texas?", False),
        ("what was behind that?", True),
        ("how many were there of these?", True),
        ("did he say that inflation, growth, wages and trade would fall in Japan?", False),
    ],
)
def test_a_question_is_context_dependent_by_its_words_unless_it_has_many(question, expected):
    assert is_context_dependent(question) == expected


def test_few_words_of_substance_are_short():
    assert is_short("what does Florida need?")
    assert not is_short("could rating agencies still mark the country down?")


def test_the_question_before_comes_in_front_and_the_one_that_it_depends_on():
    assert joined("and tea?", ["what of milk?", "how much coffee?"]) == "how much coffee? and tea?"
    assert joined("and tea?", ["what of milk?", "and coffee?"]) == (
        "what of milk? and coffee? and tea?"
    )


@pytest.mark.parametrize("question", ["Why?", "And?", "how so"])
def test_a_question_without_a_word_of_its_own_is_context_dependent(question):
    assert is_context_dependent(question)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How tall is the Eiffel Tower?", False),
        ("What did Bernanke say about unemployment?", False),
        ("In Ohio?", True),
        ("import duty on soybeans", True),
    ],
)
def test_what_names_something_is_short_with_fewer_words(question, expected):
    assert is_short(question) is expected
