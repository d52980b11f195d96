"""The date a document states of itself, or none where it could be another's."""

import datetime

import pytest

from qa.corpus.dates import dates_in, only_date, stated_date

DAY = datetime.date(2011, 4, 27)


@pytest.mark.parametrize(
    "written",
    [
        "April 27, 2011",
        "Apr. 27 2011",
        "27 April 2011",
        "27th april, 2011",
        "27 avril 2011",
        "2011-04-27",
        "2011年4月27日",
        "2011年 4月 27日星期三",
        "Wednesday, April 27, 2011",
        "For Immediate Release   April 27, 2011",
        "April 27, 2011 2:15 P.M. EDT",
    ],
)
def test_a_line_that_is_a_date(written):
    assert only_date([written]) == DAY
    assert stated_date(None, f"Press briefing\n\n{written}\n\nGood afternoon.") == DAY


@pytest.mark.parametrize(
    "line",
    [
        "As I said on April 27, 2011, it rained.",
        "April 31, 2011",
        "2011-13-40",
        "Mayor 1, 2011",
        "12011-04-27",
    ],
)
def test_a_line_that_mentions_one_or_only_looks_like_one(line):
    assert only_date([line]) is None


def test_two_dates_are_none():
    assert only_date(["April 27, 2011", "April 28, 2011"]) is None
    assert only_date(["April 27, 2011", "2011-04-27"]) == DAY


def test_the_title_goes_first_and_far_down_is_not_looked():
    assert stated_date("Speech of 27 April 2011", "28 April 2011\n\nGood evening.") == DAY
    assert stated_date(None, "Line.\n" * 20 + "27 April 2011\n") is None


def test_every_date_in_a_text():
    assert dates_in("From 26 April 2011 to April 27, 2011.") == {DAY, datetime.date(2011, 4, 26)}
