"""The date a document states of itself, or none where it could be another's."""

import datetime

import pytest

from qa.text.dates import dates_in, only_date, stated_date

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


BODY = "The council will repair four roads in the valley, beginning with the road to the mill."
THIRD = datetime.date(2025, 4, 3)


def of(line, title="Statement on roads"):
    return stated_date(title, f"{title}\n\n{line}\n\n{BODY}\n")


@pytest.mark.parametrize(
    "line",
    [
        # a place before it
        "Geneva, 3 April 2025",
        "WASHINGTON, D.C., April 3, 2025",
        "GENEVA/NEW YORK – 3 April 2025",
        "Paris, le 3 avril 2025",
        "Berlin, den 3. April 2025",
        "北京，2025年4月3日",
        # said to be the day of publication
        "Posted on 3 April 2025",
        "Published: 3 April 2025",
        "Issued on Thursday, 3 April 2025 at 10:00",
        "Publié le 3 avril 2025",
        "发布时间：2025-04-03 10:00",
        "**Date**: 3 April 2025",
        # beside something else, in brackets
        "3 April 2025 | Press release",
        "Press release • 3 April 2025",
        "London - 3 April 2025 - Statement",
        "[3 April 2025]",
        "Statement by the Minister, 3 April 2025",
        # with a time
        "2025-04-03 19:42",
        "2025-04-03T19:42:00+02:00",
        "2025-04-03T19:42:00Z",
        "Thu, 3 Apr 2025 10:00 GMT",
        "Thu, 03 Apr 2025 10:00:00 +0000",
        "Thu Apr 3 10:00:00 2025",
        "April 3, 2025, 7:42 PM ET",
        # ordinals, orders, languages
        "3rd of April, 2025",
        "April 3rd, 2025",
        "the 3rd day of April 2025",
        "2025 April 3",
        "2025/04/03",
        "2025.04.03",
        "3-Apr-2025",
        "jeudi 3 avril 2025",
        "3 de abril de 2025",
        "3. April 2025",
        "3 aprile 2025",
        # in Chinese, Japanese, Korean
        "二〇二五年四月三日",
        "二○二五年四月三日（星期四）",
        "中華民國114年4月3日",
        "民國一百一十四年四月三日",
        "令和7年4月3日",
        "2025년 4월 3일",
    ],
)
def test_a_date_with_what_usually_stands_beside_it(line):
    assert of(line) == THIRD


@pytest.mark.parametrize(
    "line",
    [
        "03/04/2025",
        "03.04.2025",
        "Deadline: 3 April 2025",
        "Consultation closes – 3 April 2025",
        "3-8 April 2025",
        "3 to 8 April 2025",
        "3 April 2025 to 8 April 2025",
        "Embargoed until 3 April 2025",
        "Next meeting: 3 April 2025",
        "The roads were closed, 3 April 2025",
        "the mayor came to Orsk\non 3 April 2025\nand left on the day after",
        "the mayor came to Orsk on\n3 April 2025",
        "© 3 April 2025",
        "April 2025",
        "1.2.2025.04.03",
    ],
)
def test_a_date_of_something_else_is_none(line):
    assert of(line) is None


def test_day_and_month_in_figures_count_where_only_one_order_is_possible():
    assert of("23/04/2025") == datetime.date(2025, 4, 23)
    assert of("04/23/2025") == datetime.date(2025, 4, 23)
    assert of("04/04/2025") == datetime.date(2025, 4, 4)


@pytest.mark.parametrize(
    ("lines", "date"),
    [
        ("Published 3 April 2025, updated 5 April 2025", THIRD),
        ("Updated: 5 April 2025\nPublished: 3 April 2025", THIRD),
        ("Published: 3 April 2025 Last updated: 9 April 2025", THIRD),
        ("Last updated: 3 April 2025", THIRD),
        ("3 April 2025\n\nLast updated: 9 April 2025", THIRD),
        ("Published 5 April 2025\n\nDelivered on 3 April 2025", THIRD),
        ("Issued on: 4 April 2025\n\nApril 3, 2025\n6:28 P.M. EDT", THIRD),
        ("1 March 2024\n\nPublished: 3 April 2025", THIRD),
        ("Published: 3 April 2025\nPublished: 4 April 2025", None),
        ("3 April 2025\n\n5 April 2025", None),
    ],
)
def test_of_several_dates_that_of_publication_counts(lines, date):
    assert of(lines) == date


@pytest.mark.parametrize(
    ("title", "date"),
    [
        ("Statement by the Minister on roads, 3 April 2025", THIRD),
        ("Briefing (2025-04-03)", THIRD),
        ("Statement on the attack of 11 September 2001", None),
        ("Twenty years since 11 September 2001", None),
        ("Visit to Orsk, 3 to 8 April 2025", None),
    ],
)
def test_a_title_with_a_date_of_its_own(title, date):
    assert stated_date(title, BODY) == date


def test_a_letter_is_dated_at_its_foot():
    letter = f"Dear Mayor,\n\n{f'{BODY} ' * 9}\n\nYours faithfully,\nA. Lund\n\nHolm, 3 April 2025"
    assert stated_date("A letter", letter) == THIRD
    page = letter.replace("Dear Mayor", "Roads").replace("Yours faithfully", "Contact")
    assert stated_date("A page", page.replace("Holm, ", "Next: Holm\n\n" * 12)) is None


@pytest.mark.parametrize(
    "line", ["1h " * 50 + "x 3 April 2025", "the " * 35 + "3 April 2025 x", "3 April 2025 - " * 10]
)
def test_a_hostile_line_is_done_with_at_once(line):
    """It takes exponential time where what stands beside a date may be read in many ways."""
    assert of(line) is None
