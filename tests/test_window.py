"""The input of the reranker."""

from qa.answer.window import WINDOW_CHARS, context_of, text_pair, window_around
from qa.records import Span


def sentences(*lengths):
    """Sentences of these lengths, one character between them."""
    found, start = [], 0
    for length in lengths:
        found.append(Span(start, start + length))
        start += length + 1
    return found


def test_all_of_a_short_passage_is_in_the_window():
    assert window_around(sentences(50, 60, 70), range(1, 2)) == range(3)


def test_sentences_are_added_in_turn_on_both_sides_as_long_as_they_fit():
    of_100 = sentences(*[100] * 9)
    # Four of 100 and what is between them fit in 420 characters, five do not.
    assert WINDOW_CHARS == 420
    assert window_around(of_100, range(4, 5)) == range(2, 6)
    assert window_around(of_100, range(4, 5), before=False) == range(3, 7)
    assert window_around(of_100, range(8, 9)) == range(5, 9)
    assert window_around(of_100, range(1)) == range(4)
    assert window_around(of_100, range(3, 6)) == range(2, 6)


def test_what_is_too_long_on_one_side_leaves_the_other():
    assert window_around(sentences(400, 100, 200, 400), range(1, 2)) == range(1, 3)
    assert window_around(sentences(100, 600, 100), range(1, 2)) == range(1, 2)


def test_the_context_is_the_question_else_the_title_of_a_long_one_the_end():
    assert context_of("Why  is\nthat?", "A title") == "Why is that?"
    assert context_of("", "A title") == "A title"
    long = context_of("word " * 50 + "and why is that?", "A title")
    assert long.endswith("word and why is that?")
    assert 100 < len(long) <= 120
    assert long.startswith("word")


def test_a_pair_is_the_question_and_the_text_after_its_context():
    first, second, begin = text_pair(" Why\nso? ", "The Fed", "Because.")
    assert (first, second, second[begin:]) == ("Why so?", "The Fed : Because.", "Because.")
    assert text_pair("Why?", "", "Because.") == ("Why?", "Because.", 0)
    assert len(text_pair("word " * 100, "", "x")[0]) <= 240
