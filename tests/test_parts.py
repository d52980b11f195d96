"""Days of a log and numbered questions are parts: nothing crosses them, each has its own date."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.records import Document
from qa.sources.ingest import document
from qa.sources.layouts.numbers import asked_numbers, asks_by_number, number_headings
from qa.sources.layouts.parts import day_of, days, parted_turns, parts

LOG = """Log of the county

Monday, 2 February 2026

MS. TARN: The mines in Holm go on working, and there is salt for two winters.

Friday, 6 March 2026

The ferry to Holm was held for an hour, and then it went on to Orsk.

Friday, 8 May 2026

MS. TARN: The summit takes place in Orsk, and the list of guests is public.
"""


def dated(text):
    return [(part.date and part.date.isoformat(), part.heading) for part in parts(text)]


def in_log(heading):
    return LOG.replace("Friday, 6 March 2026", heading)


@pytest.mark.parametrize(
    "heading",
    [
        "Friday, 6 March 2026",
        "## March 6, 2026",
        "**2026-03-06**",
        "[6 March 2026]",
        "2026年3月6日",
        "二〇二六年三月六日 星期五",
    ],
)
def test_a_log_has_a_part_per_day(heading):
    text = in_log(heading)
    found = parts(text)
    assert [part.date and part.date.isoformat() for part in found] == [
        None,
        "2026-02-02",
        "2026-03-06",
        "2026-05-08",
    ]
    assert found[2].heading.of(text) == heading
    assert "".join(part.span.of(text) for part in found) == text


def test_the_newest_day_may_come_first_and_a_page_head_repeats_a_day():
    newest = "8 May 2026\n\nThe summit takes place in Orsk.\n\n"
    older = "6 March 2026\n\nThe ferry to Holm was held for an hour.\n\n"
    head = "8 May 2026\n\nThe list of guests is public.\n\n"
    assert [part.date.day for part in parts(newest + head + older)] == [8, 6]


@pytest.mark.parametrize(
    "text",
    [
        "3 April 2025\n\nThe council repairs four roads in the valley.",
        "3 April 2025\n\nThe mill.\n\n3 April 2025\n\nThe harbour of Holm is open.",
        (
            "6 June 2025\n\nThe office was founded early on.\n\n5 May 2024\n\nIt moved to the town."
            "\n\n1 July 2025\n\nIt moved to the town of Orsk."
        ),
        "Dates: \n\n3 April 2025\n\n4 April 2025\n\n5 April 2025\n",
        "The mayor came to Holm on\n3 April 2025\nand Orsk on\n5 April 2025\nwith me.\n\nEnd.",
    ],
)
def test_other_dates_make_no_log(text):
    assert days(text) == frozenset()
    assert len(parts(text)) == 1


def test_a_log_is_dated_by_its_parts_alone():
    log = document(LOG.encode(), "log.txt")
    assert log.date is None
    # Where only the first day stands near the top, it is not the document's either.
    salt = "MS. TARN: The mines in Holm go on working, and there is salt for two winters.\n\n"
    assert document(LOG.replace(salt, 20 * salt).encode(), "log.txt").date is None
    found = [day_of(log, log.text.index(word)) for word in ("Log", "salt", "ferry", "summit")]
    assert [day and day.isoformat() for day in found] == [
        None,
        "2026-02-02",
        "2026-03-06",
        "2026-05-08",
    ]


def test_a_log_filed_under_one_of_its_days_has_the_others_too():
    first = Document(id="d", title="D", text=LOG, date=datetime.date(2026, 2, 2))
    assert day_of(first, LOG.index("summit")) == datetime.date(2026, 5, 8)
    paper = Document(id="d", title="D", text=LOG, date=datetime.date(2026, 12, 1))
    assert day_of(paper, LOG.index("summit")) == datetime.date(2026, 12, 1)


ANSWERS = """Written answers

Question No. 2040/2025

Member A. Halvor to ask the Minister for Roads what was spent. [NO1234E]

Reply: It was 3 million crowns.

Question No. 043/2025

Member B. Halvor to ask the Minister for Health what was spent.

NW77E

Reply: It was 4 million crowns.
"""


def test_a_numbered_question_with_its_reply_is_a_part():
    found = parts(ANSWERS)
    assert [part.numbers for part in found] == [
        (),
        ("2040/2025", "2040", "NO1234E"),
        ("43/2025", "43", "NW77E"),
    ]
    assert "".join(part.span.of(ANSWERS) for part in found) == ANSWERS
    assert [part.heading and part.heading.of(ANSWERS) for part in found] == [
        None,
        "Question No. 2040/2025",
        "Question No. 043/2025",
    ]


@pytest.mark.parametrize(
    ("heading", "numbers"),
    [
        ("QUESTION NO: 2048", ("2048",)),
        ("## Question 114", ("114",)),
        ("Written question 114", ("114",)),
        ("PQ 12345", ("12345",)),
        ("Question for written answer E-001234/2025", ("E1234/2025", "E1234")),
        ("Supply of water (Question No. 23/2021)", ("23/2021", "23")),
        ("Anfrage Nr. 114", ("114",)),
        ("第114號質詢", ("114",)),
        ("书面质询 第114号：", ("114",)),
        ("1234. Ms Ada Lund (Holm) asked the Minister why the crane is broken.", ("1234",)),
        ("*27. Mr J Tarn to ask the Minister why the crane is broken.", ("27",)),
    ],
)
def test_forms_of_numbers(heading, numbers):
    text = f"Replies\n\n{heading}\n\nREPLY\n\nThe crane will be repaired.\n"
    (found,) = number_headings(text)
    assert (text[found.start :].startswith(heading), found.numbers) == (True, numbers)


def test_two_questions_may_begin_in_one_line():
    text = "1. Mr Tarn asked why. Because. 249 [Friday 2. Ms Lund asked when. Now."
    assert [found.numbers for found in number_headings(text)] == [("1",), ("2",)]
    headed = "Question 12. Mr Tarn asked why.\n"
    assert [found.numbers for found in number_headings(headed)] == [("12",)]


def test_starred_numbers_alone_and_codes_alone_begin_questions():
    starred = "*27.\n\nMr Tarn: Why?\n\n*28.\n\nMs Lund: When is the crane repaired?\n"
    assert [found.numbers for found in number_headings(starred)] == [("27",), ("28",)]
    codes = "Mr Tarn asked why. [NO123E]\n\nREPLY\n\nSo.\n\nMs Lund asked when. [NO124E]\n\nNow."
    found = number_headings(codes)
    assert [(one.start, one.numbers) for one in found] == [
        (0, ("NO123E",)),
        (codes.index("Ms Lund"), ("NO124E",)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "10th Feb., 2021\n\nQuestions\n\n489\n\nThe pipes were repaired.",
        "With reference to his\nQuestion 133 on 28 May 2013, what was spent?",
        "The minister answered Question No. 12 in time.",
        "Trump: (00:45)\nMr. Tarn, I want to ask you about the crane.",
        "In 2021 there were (2021) boats.",
    ],
)
def test_other_numbers_are_none(text):
    assert number_headings(text) == []


@pytest.mark.parametrize(
    ("question", "numbers", "is_telling"),
    [
        ("What was Question No. 2061/2025?", ("2061/2025",), True),
        ("What is the reply to question 2076?", ("2076",), True),
        ("question 043/2025", ("43/2025",), True),
        ("NW1234E", ("NW1234E",), False),
        ("Tell me about PQ 12345.", ("12345",), True),
        ("第114號質詢說了甚麼？", ("114",), True),
        ("What about question 2?", ("2",), False),
        ("What did the G20 say?", ("G20",), False),
        ("Why is tea hot?", (), False),
        ("Was it asked in question time in 2021?", (), False),
    ],
)
def test_numbers_that_are_asked_for(question, numbers, is_telling):
    assert asked_numbers(question) == numbers
    assert asks_by_number(question) == is_telling


def test_what_stands_under_a_new_heading_is_not_the_speakers_before():
    text = (
        "2 February 2026\n\nQ Is there salt?\n\nMS. TARN: There is salt for two winters.\n\n"
        "Q Is there rain?\n\nMS. TARN: There is rain.\n\nQ And snow?\n\n"
        "6 March 2026\n\nThe ferry was held for an hour.\n\nMS. TARN: The ferry went on."
    )
    log = Document(id="d", title="D", text=text, layout="transcript")
    found = [(turn.role, turn.speaker, turn.span.of(text)) for turn, _ in parted_turns(log)]
    assert "".join(piece for *_, piece in found) == text
    assert found[-2:] == [
        ("statement", None, "6 March 2026\n\nThe ferry was held for an hour.\n\n"),
        ("statement", "MS. TARN", "MS. TARN: The ferry went on."),
    ]
    assert [turn.asked for turn, _ in parted_turns(log)][-1] is None


LINES = st.sampled_from(
    [
        "2 February 2026",
        "6 March 2026",
        "8 May 2026",
        "Question No. 12/2025",
        "1234. Mr Tarn asked the Minister why.",
        "The crane is broken, and the work costs 40 crowns.",
        "[NO123E]",
        "*27.",
        "*28.",
        "Q Why?",
        "MR. TARN: So.",
        "",
        "",
    ]
)


@given(st.lists(LINES, min_size=1, max_size=30).map("\n".join).filter(str.strip))
def test_whatever_the_lines_parts_and_turns_give_the_text_back(text):
    assert "".join(part.span.of(text) for part in parts(text)) == text
    found = [*parted_turns(Document(id="d", title="D", text=text))]
    assert "".join(turn.span.of(text) for turn, _ in found) == text
    for turn, part in found:
        assert part.span.start <= turn.span.start < turn.span.end <= part.span.end
