"""Printed lines become flowing text; breaks are undone only where that is certain."""

import itertools
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.sources.formats.page import Line, Page
from qa.sources.formats.reflow import reflowed

WIDTH = 6.0
FULL = 60
HEIGHT = 792.0


def page(*lines, top=650.0):
    """Lines in a fixed pitch, set in by what stands before them as spaces."""
    placed = []
    for number, text in enumerate(lines):
        indent = len(text) - len(text.lstrip())
        left = 72 + indent * WIDTH
        said = text.strip()
        right = left + len(said) * WIDTH
        if said:
            placed.append(Line(said, left, right, top - 14 * number, 12.0))
    return Page(tuple(placed), HEIGHT)


def full(words, end=""):
    """A line as long as lines are."""
    return (words + " " + "x" * FULL)[: FULL - len(end)] + end


def test_a_line_break_where_the_next_word_had_no_room_is_undone():
    a, b = full("one"), full("two")
    assert reflowed([page(a, b, "three.")]) == (f"{a} {b} three.", (0,))


def test_a_line_that_ends_early_with_its_sentence_ends_a_paragraph():
    a = full("one")
    assert reflowed([page(a, "It rained.", "Then it", a)])[0] == f"{a} It rained.\n\nThen it\n{a}"


def test_a_first_line_set_in_begins_a_paragraph():
    a = full("one", end=".")
    assert reflowed([page(a, "    " + a[4:], a)])[0] == f"{a}\n\n{a[4:]} {a}"


def test_a_wide_gap_and_another_size_begin_a_paragraph():
    a = full("one")
    assert reflowed([page(a, a, a, "", a)])[0] == f"{a} {a} {a}\n\n{a}"
    large = Line("Title", 72, 300, 740, 20.0)
    assert reflowed([Page((large, *page(a).lines), HEIGHT)])[0] == f"Title\n\n{a}"


def test_a_page_break_within_a_sentence_is_undone_and_one_after_it_is_not():
    a, end = full("one"), full("two", end=".")
    assert reflowed([page(a), page("goes on", a)])[0] == f"{a} goes on\n{a}"
    next_one = full("Then")
    text, begins = reflowed([page(a, end), page(next_one)])
    assert text == f"{a} {end}\n\n{next_one}"
    assert begins == (0, len(text) - len(next_one))


def test_a_hyphen_goes_only_where_the_joined_word_stands_elsewhere():
    known = full("nation and", end=" inter-")
    assert reflowed([page("nation international", known, full("national"))])[0].endswith(
        known[:-1] + full("national")
    )
    assert "inter-national" in reflowed([page(full("an", end=" inter-"), full("national"))])[0]
    kept = reflowed([page("long-term longterm", full("a", end=" long-"), full("term"))])[0]
    assert "long-term x" in kept


def test_chinese_lines_are_joined_without_a_space():
    a = Line("今年的贸易情况", 72, 372, 700, 12.0)
    b = Line("如何？", 72, 120, 686, 12.0)
    assert reflowed([Page((a, b), HEIGHT)])[0] == "今年的贸易情况如何？"


def test_cells_at_one_level_are_parted_by_tabs():
    cells = tuple(Line(t, x, x + 20, 700, 12.0) for t, x in (("2011", 72), ("4", 200)))
    assert reflowed([Page(cells, HEIGHT)])[0] == "2011\t4"


def test_a_page_without_text_begins_where_the_next_does():
    assert reflowed(
        [Page((), HEIGHT), page("One."), Page((), HEIGHT), page("Two."), Page((), HEIGHT)]
    ) == (
        "One.\n\nTwo.",
        (0, 0, 6, 6, 10),
    )


def outdented(*paragraphs, step=4, width=FULL):
    """Paragraphs by turns at the margin and set in, their lines filled as far as words go."""
    lines = []
    for number, paragraph in enumerate(paragraphs):
        indent = step * (number % 2)
        lines += [" " * indent + line for line in textwrap.wrap(paragraph, width - indent)]
    return page(*lines)


ASKED = [
    "1. When will the bridge be opened?",
    "What did it cost?",
    "3. Who may cross it, and when?",
]
ANSWERS = [
    (
        "The bridge is opened on the second of June, once the lamps have been tested by the county "
        "and the inspectors have looked at each of the four piers on the northern side."
    ),
    (
        "It cost 41 million crowns. The county paid two thirds of it, and the state paid the rest "
        "from the fund for roads."
    ),
    (
        "No lorries of more than twelve tons. They take the road by the mill until the council has "
        "heard what the piers can bear. Everybody else may cross it, by day and by night."
    ),
]


@pytest.mark.parametrize("step", [2, 3, 6])
def test_answers_below_questions_that_stand_further_left_are_one_paragraph(step):
    said = [*itertools.chain(*zip(ASKED, ANSWERS, strict=True))]
    assert reflowed([outdented(*said, step=step)])[0].split("\n\n") == said


def test_an_answer_goes_on_over_the_page_below_questions_that_stand_further_left():
    said = [*itertools.chain(*zip(ASKED, ANSWERS, strict=True))]
    lines = outdented(*said).lines
    first, second = lines[:7], lines[7:]
    assert reflowed([Page(first, HEIGHT), Page(second, HEIGHT)])[0].split("\n\n") == said


def test_a_full_line_before_a_question_further_left_ends_its_answer():
    answer = full("It cost 41 million crowns. The county paid", end=" tons.")[4:]
    said = ["    " + answer, "    " + answer, "    " + answer, "2. Who paid?", "    The county."]
    text = reflowed([page("1. What did it cost?", *said)])[0]
    asked, told, *others = text.split("\n\n")
    assert (asked, others) == ("1. What did it cost?", ["2. Who paid?", "The county."])
    assert told == " ".join([answer] * 3)


def noted(*notes, top=100.0, size=8.0):
    return tuple(
        Line(note, 72, 72 + len(note) * 4, top - 10 * n, size) for n, note in enumerate(notes)
    )


def test_a_note_at_the_foot_stands_before_the_paragraph_it_would_cut():
    a, b, end = full("one"), full("two"), "it ends."
    first = Page((*page(a, b).lines, *noted("¹ Without bridges.", "2 Preliminary.")), HEIGHT)
    text, begins = reflowed([first, page(end, a)])
    assert text == f"¹ Without bridges.\n\n2 Preliminary.\n\n{a} {b} {end}\n\n{a}"
    assert begins == (0, text.index(end))


def test_a_note_stands_behind_the_paragraph_of_an_earlier_page_that_it_would_cut():
    a, b, end = full("one"), full("two"), "it ends."
    second = Page((*page(b).lines, *noted("¹ Without bridges.")), HEIGHT)
    text, begins = reflowed([page(a), second, page(end)])
    assert text == f"{a} {b} {end}\n\n¹ Without bridges."
    assert begins == (0, text.index(b), text.index(end))


def test_a_note_of_several_lines_is_one_paragraph_and_small_print_without_a_mark_stays():
    a, end = full("One", end="."), full("Two", end=".")
    note = noted("1 Without the bridges that are", "2024 metres long.")
    text = reflowed([Page((*page(a).lines, *note), HEIGHT), page(end)])[0]
    assert text == f"{a}\n\n1 Without the bridges that are 2024 metres long.\n\n{end}"
    plain = noted("Printed by the county.")
    text = reflowed([Page((*page(full("one")).lines, *plain), HEIGHT), page("goes on")])[0]
    assert text == f"{full('one')}\n\nPrinted by the county.\n\ngoes on"


def test_rows_of_cells_are_lines():
    rows = [(("Year", 72), ("Cost", 300)), (("2024", 72), ("7", 300)), (("2025", 72), ("9", 300))]
    cells = tuple(
        Line(text, x, x + 40, 700 - 14 * n, 12.0) for n, row in enumerate(rows) for text, x in row
    )
    assert reflowed([Page(cells, HEIGHT)])[0] == "Year\tCost\n2024\t7\n2025\t9"


@given(
    st.lists(
        st.tuples(
            st.text("aB1. ?", min_size=1).filter(str.strip),
            *[st.floats(-100, 900, allow_nan=False)] * 3,
            st.sampled_from([1.0, 8.0, 12.0]),
        )
    )
)
def test_lines_that_stand_anywhere_are_all_written(lines):
    placed = tuple(Line(text.strip(), *where) for text, *where in lines)
    text, begins = reflowed([Page(placed[::2], HEIGHT), Page(placed[1::2], HEIGHT)])
    said = "".join(line.text for line in placed)
    assert sorted("".join(text.split())) == sorted("".join(said.split()))
    assert len(begins) == 2


@given(
    st.lists(
        st.lists(st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1), max_size=6),
        max_size=5,
    )
)
def test_no_character_is_lost_and_pages_begin_at_theirs(pages):
    text, begins = reflowed([page(*lines) for lines in pages])
    said = [line for lines in pages for line in lines]
    assert "".join(text.split()) == "".join(said)
    assert len(begins) == len(pages)
    bounds = itertools.pairwise([*begins, len(text)])
    for lines, (start, end) in zip(pages, bounds, strict=True):
        assert "".join(text[start:end].split()) == "".join(lines)
