"""The characters of a PDF's page: marks of notes are raised, and cells and columns separated."""

import itertools
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badfiles import pdf_of
from qa.sources.formats.pdf import pdf

SIZE = 10
# Courier's characters are that wide.
WIDTH = 0.6
FIRST = (
    "The council met on Monday to hear what the office for roads had to say about the bridge, "
    "which was closed in the winter after the flood. Nobody from the county had come, and nobody "
    "was surprised. The repair takes until the summer, and its cost is not known to anybody yet."
)
SECOND = (
    "Mrs. Adler asked when the repair of the bridge would be done, and what it would cost the "
    "county and those who live behind the mill. The office answered that it would write to her. "
    "She said that she had heard that before, and that the mill would not wait for a letter."
)


def read(*pages):
    return pdf(pdf_of(*pages, font="Courier"), "x.pdf")


def set_in_line(*stretches, x=72.0, y=700.0):
    """Stretches of text one behind the other, as (text, size, rise)."""
    for text, *how in stretches:
        size, rise = how or (SIZE, 0)
        yield x, y + rise, text, size
        x += len(text) * size * WIDTH


def column(text, x, chars, y=700.0):
    return [(x, y - 12 * n, line, SIZE) for n, line in enumerate(textwrap.wrap(text, chars))]


def row_by_row(*columns):
    """Columns as some programs draw them: the first lines of all, then the second."""
    lines = itertools.chain(*itertools.zip_longest(*columns))
    return [line for line in lines if line]


@pytest.mark.parametrize("size", [5, 6, 7, 8])
@pytest.mark.parametrize("rise", [3, 4.5])
def test_a_smaller_raised_digit_is_no_digit_of_the_figure(size, rise):
    line = set_in_line(("It cost 41",), ("1", size, rise), (" million crowns.",))
    assert read([*line]).text == "It cost 41¹ million crowns."


@pytest.mark.parametrize(
    ("before", "mark", "after", "shown"),
    [
        ("rose to 3.5", "2,3", " per cent", "rose to 3.5²,³ per cent"),
        ("the budget", "a", " fell", "the budgetᵃ fell"),
        ("the budget.", "12", "", "the budget.¹²"),
        ("the 20", "th", " of May", "the 20th of May"),
        ("it fell", "*", " again", "it fell* again"),
        ("7", "12", "", "7¹²"),
        ("10", "-6", " metres", "10⁻⁶ metres"),
    ],
)
def test_marks_exponents_and_ordinals(before, mark, after, shown):
    line = set_in_line((before,), (mark, 6, 4), *([(after,)] if after else []))
    assert read([*line]).text == shown


def test_lowered_digits_and_marks_at_the_start_of_notes():
    page = [
        *set_in_line(("CO",), ("2", 6, -2), (" fell in the town of Brenna.",)),
        *set_in_line(("1", 4, 3), (" Without bridges.", 7, 0), y=80),
    ]
    assert read(page).text == "CO₂ fell in the town of Brenna.\n\n¹ Without bridges."


def test_a_digit_of_another_size_on_the_line_stays():
    line = set_in_line(("Chapter",), (" 4", 7, 0), (" says so, and ",), ("5", 14, 0))
    assert read([*line]).text == "Chapter 4 says so, and 5"


def test_text_that_goes_back_to_the_left_is_another_piece():
    page = [*set_in_line(("20",), ("th", 7, 4), x=444, y=38), (303, 38, "1", 10), (72, 700, "Yes.")]
    assert pdf(pdf_of(page), "x.pdf").text == "Yes.\n\n20th\n\n1"


@pytest.mark.parametrize("gutter", [9, 12, 18, 36])
def test_columns_drawn_row_by_row_are_read_one_after_the_other(gutter):
    second = 72 + 36 * SIZE * WIDTH + gutter
    page = [
        (72, 730, "Minutes of the council of Brenna", SIZE),
        *row_by_row(column(FIRST, 72, 36), column(SECOND, second, 36)),
        (72, 400, "This line goes over the whole page, from one side to the other one.", SIZE),
    ]
    found = read(page)
    title, *others = found.text.split("\n\n")
    assert title == page[0][2]
    assert others == [FIRST, SECOND, page[-1][2]]
    assert not found.remark


def test_three_columns_and_one_that_is_shorter():
    third = FIRST.replace("Monday", "Friday")[:180]
    page = row_by_row(*(column(t, 50 + n * 180, 27) for n, t in enumerate([FIRST, SECOND, third])))
    assert read(page).text == f"{FIRST}\n\n{SECOND}\n\n{third}"


def test_a_line_across_separates_what_stands_above_it_from_what_stands_below():
    upper = row_by_row(column(FIRST, 72, 36), column(SECOND, 310, 36))
    across = (
        72,
        560,
        "This heading goes over the whole page, from one side to the other one",
        SIZE,
    )
    lower = row_by_row(column(SECOND, 72, 36, y=530), column(FIRST, 310, 36, y=530))
    assert read([*upper, across, *lower]).text.split("\n\n") == [
        *(FIRST, SECOND, across[2], SECOND, FIRST),
    ]


def test_columns_that_may_be_a_table_are_told():
    asked = ["When is the bridge open", "Who pays for the lamps and for the men", "Is it safe now"]
    rows = [
        (x, 700 - 12 * n, said, SIZE)
        for n, question in enumerate(asked * 3)
        for x, said in ((72, question), (330, f"It is the county that says so, in {n} days"))
    ]
    found = read(rows)
    assert found.text.split("\n")[0] == f"{asked[0]}\tIt is the county that says so, in 0 days"
    assert found.remark == "page 1 is read row by row and may be columns"


def test_rows_of_a_table_are_lines_below_its_header():
    table = [("Year", "Roads", "Cost in crowns"), ("2024", "41", "7 million"), ("2025", "8", "9")]
    page = [
        (x, 700 - 12 * n, cell, SIZE)
        for n, row in enumerate(table)
        for x, cell in zip((72, 180, 300), row, strict=True)
    ]
    assert read(page).text == "\n".join(map("\t".join, table))


def test_the_number_of_an_item_stays_with_its_text_however_far():
    page = [(72, 700, "1.", SIZE), (108, 700, "When will the bridge be opened?", SIZE)]
    assert read(page).text == "1. When will the bridge be opened?"


def test_spaced_lines_are_no_cells():
    line = "   ".join("The council met on Monday".split())
    assert read([(72, 700, line, SIZE)]).text == "The council met on Monday"


PLACES = st.integers(-50, 850)
PIECES = st.tuples(
    PLACES, PLACES, st.text("ab1. -\u00e9", min_size=1, max_size=5), st.integers(1, 40)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=12), min_size=1, max_size=3))
def test_no_page_with_text_is_refused_wherever_its_pieces_stand(pages):
    page = [(72, 400, "Some words that stand in the middle.", SIZE)]
    assert "Some words that" in read(*pages, page).text.replace("\n", " ").replace("\t", " ")
