"""Printed lines become flowing text; breaks are undone only where that is certain."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from qa.corpus.formats.page import Line, Page
from qa.corpus.formats.printed import flowing
from qa.corpus.formats.running_heads import without_running_heads

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
    assert flowing([page(a, b, "three.")]) == (f"{a} {b} three.", (0,))


def test_a_line_that_ends_early_with_its_sentence_ends_a_paragraph():
    a = full("one")
    assert flowing([page(a, "It rained.", "Then it", a)])[0] == f"{a} It rained.\n\nThen it\n{a}"


def test_a_first_line_set_in_begins_a_paragraph():
    a = full("one", end=".")
    assert flowing([page(a, "    " + a[4:], a)])[0] == f"{a}\n\n{a[4:]} {a}"


def test_a_wide_gap_and_another_size_begin_a_paragraph():
    a = full("one")
    assert flowing([page(a, a, a, "", a)])[0] == f"{a} {a} {a}\n\n{a}"
    large = Line("Title", 72, 300, 740, 20.0)
    assert flowing([Page((large, *page(a).lines), HEIGHT)])[0] == f"Title\n\n{a}"


def test_a_page_break_within_a_sentence_is_undone_and_one_after_it_is_not():
    a, end = full("one"), full("two", end=".")
    assert flowing([page(a), page("goes on", a)])[0] == f"{a} goes on\n{a}"
    next_one = full("Then")
    text, begins = flowing([page(a, end), page(next_one)])
    assert text == f"{a} {end}\n\n{next_one}"
    assert begins == (0, len(text) - len(next_one))


def test_a_hyphen_goes_only_where_the_joined_word_stands_elsewhere():
    known = full("nation and", end=" inter-")
    assert flowing([page("nation international", known, full("national"))])[0].endswith(
        known[:-1] + full("national")
    )
    assert "inter-national" in flowing([page(full("an", end=" inter-"), full("national"))])[0]
    kept = flowing([page("long-term longterm", full("a", end=" long-"), full("term"))])[0]
    assert "long-term x" in kept


def test_chinese_lines_are_joined_without_a_space():
    a = Line("今年的贸易情况", 72, 372, 700, 12.0)
    b = Line("如何？", 72, 120, 686, 12.0)
    assert flowing([Page((a, b), HEIGHT)])[0] == "今年的贸易情况如何？"


def test_cells_at_one_level_are_parted_by_tabs():
    cells = tuple(Line(t, x, x + 20, 700, 12.0) for t, x in (("2011", 72), ("4", 200)))
    assert flowing([Page(cells, HEIGHT)])[0] == "2011\t4"


def test_running_heads_and_page_numbers_go_and_nothing_else():
    pages = [
        Page(
            (
                Line("April 27 FINAL", 72, 200, 750, 12),
                *page(f"Said {n}.").lines,
                Line(f"{n} of 4", 280, 320, 40, 12),
            ),
            HEIGHT,
        )
        for n in range(1, 5)
    ]
    kept, furniture = without_running_heads(pages)
    assert [line.text for p in kept for line in p.lines] == [f"Said {n}." for n in range(1, 5)]
    assert len(furniture) == 8


def test_what_repeats_in_the_middle_or_on_few_pages_stays():
    pages = [
        page(*(f"Line {i} of page {n}, {'abcd'[n]}{i * 'z'}" for i in range(9))) for n in range(4)
    ]
    middle = [
        Page((*p.lines[:4], Line("Applause.", 72, 130, 400, 12), *p.lines[4:]), HEIGHT)
        for p in pages
    ]
    kept, furniture = without_running_heads(middle)
    assert furniture == []
    assert kept == middle


def test_what_stands_in_the_margin_of_few_pages_stays():
    head = Line("Applause.", 72, 130, 750, 12)
    said = page("Said.").lines
    pages = [Page((head, *said) if n < 2 else said, HEIGHT) for n in range(6)]
    assert without_running_heads(pages) == (pages, [])
    assert without_running_heads(pages[:2]) == (pages[:2], [])


def test_a_page_without_text_begins_where_the_next_does():
    assert flowing(
        [Page((), HEIGHT), page("One."), Page((), HEIGHT), page("Two."), Page((), HEIGHT)]
    ) == (
        "One.\n\nTwo.",
        (0, 0, 6, 6, 10),
    )


@given(
    st.lists(
        st.lists(st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1), max_size=6),
        max_size=5,
    )
)
def test_no_character_is_lost_and_pages_begin_at_theirs(pages):
    text, begins = flowing([page(*lines) for lines in pages])
    said = [line for lines in pages for line in lines]
    assert "".join(text.split()) == "".join(said)
    assert len(begins) == len(pages)
    bounds = itertools.pairwise([*begins, len(text)])
    for lines, (start, end) in zip(pages, bounds, strict=True):
        assert "".join(text[start:end].split()) == "".join(lines)
