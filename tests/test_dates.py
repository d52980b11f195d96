"""The period that a question names."""

import datetime

import pytest

from qa.text.question_dates import Period, period, wants_latest

TODAY = datetime.date(2022, 3, 15)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("what was decided in 2014?", "2014-01-01", "2014-12-31"),
        ("growth between 2014 and 2016", "2014-01-01", "2016-12-31"),
        ("exports 2014-2016", "2014-01-01", "2016-12-31"),
        ("the cut of March 2020", "2020-03-01", "2020-03-31"),
        ("in Feb. 2020", "2020-02-01", "2020-02-29"),
        ("in spring 2011", "2011-03-01", "2011-05-31"),
        ("in the winter of 2011", "2010-12-01", "2011-02-28"),
        ("In 2014, what was said?", "2014-01-01", "2014-12-31"),
        ("in 2014-15", "2014-01-01", "2014-12-31"),
        ("on July 21, 2022", "2022-07-21", "2022-07-21"),
        ("on 21 July 2022", "2022-07-21", "2022-07-21"),
        ("on 2022-07-21", "2022-07-21", "2022-07-21"),
        ("what was said last year", "2021-01-01", "2021-12-31"),
        ("what was said this year", "2022-01-01", "2022-12-31"),
        ("what was said last month", "2022-02-01", "2022-02-28"),
        ("2014年的出口", "2014-01-01", "2014-12-31"),
        ("2020年3月的决定", "2020-03-01", "2020-03-31"),
        ("去年说了什么", "2021-01-01", "2021-12-31"),
    ],
)
def test_a_time_is_read_as_its_days(question, first, last):
    expected = Period(datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))
    assert period(question, TODAY) == expected


@pytest.mark.parametrize(
    "question",
    [
        "what may happen?",
        "how did she march on?",
        "spend $2014 on it",
        "about 12,2014 people",
        "growth of 2014%",
        "February 30, 2020 or 2020-02-30"[:17].replace("2020", "20"),
        "the last of these years",
        "which five-year plan?",
    ],
)
def test_what_is_no_time_is_not_read_as_one(question):
    assert period(question, TODAY) is None


def test_a_day_that_does_not_exist_leaves_the_rest_of_the_question():
    assert period("on February 30, 2020", TODAY) == Period(
        datetime.date(2020, 1, 1), datetime.date(2020, 12, 31)
    )


def test_both_ends_of_a_period_are_in_it_and_an_unknown_day_is_not():
    march = Period(datetime.date(2020, 3, 1), datetime.date(2020, 3, 31))
    days = [(2020, 2, 29), (2020, 3, 1), (2020, 3, 31), (2020, 4, 1)]
    assert [march.holds(datetime.date(*day)) for day in days] == [False, True, True, False]
    assert not march.holds(None)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what is the latest forecast?", True),
        ("fed bond holdings what are they doing now", True),
        ("最新的预测", True),
        ("what did he say?", False),
        ("who knows about it now and then", False),
    ],
)
def test_the_latest_is_asked_for_by_its_words(question, expected):
    assert wants_latest(question) == expected
