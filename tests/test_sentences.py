"""Sentences are whole, in order, and slices of the text."""

import string

from hypothesis import given
from hypothesis import strategies as st

from qa.corpus.sentences import sentence_spans


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
