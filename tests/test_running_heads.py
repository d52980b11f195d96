"""Running heads, feet and page numbers leave the text, and nothing else does."""

import pytest

from qa.sources.formats.page import Line, Page
from qa.sources.formats.running_heads import without_running_heads

HEIGHT = 792.0


def page(*lines, top=650.0):
    return Page(
        tuple(Line(text, 72, 72 + 6 * len(text), top - 14 * n, 12) for n, text in enumerate(lines)),
        HEIGHT,
    )


def headed(heads, size=9.0):
    """Pages with heads, given as (x, text) each, above a line of their own."""
    return [
        Page(
            (
                *(Line(text, x, x + 5 * len(text), 750, size) for x, text in head),
                *page(f"Page {number} says what it says.").lines,
            ),
            HEIGHT,
        )
        for number, head in enumerate(heads, start=1)
    ]


def kept(pages):
    return [line.text for page in without_running_heads(pages)[0] for line in page.lines]


def says(count):
    return [f"Page {number} says what it says." for number in range(1, count + 1)]


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


def test_lines_that_repeat_in_the_middle_or_on_few_pages_stay():
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


def test_lines_in_the_margin_of_few_pages_stay():
    head = Line("Applause.", 72, 130, 750, 12)
    said = page("Said.").lines
    pages = [Page((head, *said) if n < 2 else said, HEIGHT) for n in range(6)]
    assert without_running_heads(pages) == (pages, [])
    assert without_running_heads(pages[:2]) == (pages[:2], [])


@pytest.mark.parametrize("count", [2, 3, 4, 5, 9])
def test_heads_of_left_and_right_pages_go(count):
    left = "Annual report of Brenna"
    right = "The office for roads"
    heads = [
        [(72, f"{number}"), (400, left)] if number % 2 else [(72, right), (530, f"{number}")]
        for number in range(12, 12 + count)
    ]
    assert kept(headed(heads)) == says(count)
    joined = [[(72, " ".join(text for _, text in head))] for head in heads]
    assert kept(headed(joined)) == says(count)


def test_heads_of_left_and_right_pages_without_numbers_go():
    heads = [[(72, "Annual report")], [(300, "The office for roads")]] * 2
    assert kept(headed(heads)) == says(4)


def test_one_head_with_its_number_left_and_right_by_turns_goes():
    heads = [[(72, "1 Annual report")], [(300, "Annual report 2")], [(72, "3 Annual report")]]
    assert kept(headed(heads)) == says(3)


def test_the_page_numbers_of_two_pages_go():
    assert kept(headed([[(300, "Page 1 of 2")], [(300, "Page 2 of 2")]])) == says(2)
    assert kept(headed([[(300, "7")], [(300, "8")]])) == says(2)


def test_headings_beside_page_numbers_stay():
    titles = ["01 · Roads", "02 · Bridges", "03 · Ferries", "04 · Lamps"]
    slides = headed([[(72, title)] for title in titles])
    assert kept(slides) == [line for pair in zip(titles, says(4), strict=True) for line in pair]


def test_lines_at_the_top_of_left_pages_only_stay():
    heads = [[(72, "Applause.")], [], [(72, "Applause.")], [], [], []]
    assert kept(headed(heads)).count("Applause.") == 2


def test_numbered_items_at_the_top_of_two_pages_stay():
    heads = [[(72, "4. Whom may I ask?")], [(72, "5. What does it cost?")]]
    assert kept(headed(heads))[::2] == ["4. Whom may I ask?", "5. What does it cost?"]


def test_a_foot_that_the_file_draws_first_comes_last():
    foot = (Line("20th", 444, 470, 38, 11), Line("1", 303, 308, 38, 11))
    said = page("It rained.", "All day.").lines
    assert kept([Page((*foot, *said), HEIGHT)]) == ["It rained.", "All day.", "20th", "1"]
    column = (*foot, Line("Lower.", 72, 100, 20, 11), *said)
    assert kept([Page(column, HEIGHT)])[0] == "It rained."
    lower = Line("It goes on.", 72, 140, 30, 11)
    assert kept([Page((*foot, *said, lower), HEIGHT)])[:2] == ["20th", "1"]
