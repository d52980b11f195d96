"""Filters of a search: read from a form, stated on the page, and kept in links."""

import datetime

import pytest

from qa.errors import OverloadError, QAError, QuestionError
from qa.web.server.problems import visitor_message
from qa.web.ui.filters import Filters
from qa.web.wording import LANGUAGES, Wording

SAY = Wording()
DAY = datetime.date(2020, 1, 2)


def test_blank_fields_set_nothing():
    nothing = Filters.parse("", " ", "")
    assert (nothing, bool(nothing), nothing.query, nothing.sentence(SAY)) == (
        Filters(),
        False,
        "",
        "",
    )


def test_filters_reach_the_search_the_sentence_and_the_links():
    filters = Filters.parse("2020-01-02", "", " A & B ")
    assert filters.arguments == {"since": DAY, "until": None, "section": "A & B"}
    assert filters.query == "&since=2020-01-02&section=A+%26+B"
    assert filters.sentence(SAY) == (
        "Showing only documents from 2 January 2020, in the section “A & B”."
    )


@pytest.mark.parametrize(
    ("language", "fields", "limits"),
    [
        ("en", ("2020-01-02", "2021-03-04", ""), "from 2 January 2020 to 4 March 2021"),
        ("en", ("", "2021-03-04", "Trade"), "up to 4 March 2021, in the section “Trade”"),
        ("zh-Hans", ("2020-01-02", "2021-03-04", "贸易"), "2020年1月2日至2021年3月4日、“贸易”栏目"),
        ("zh-Hans", ("", "2021-03-04", ""), "截至2021年3月4日"),
        ("zh-Hant", ("2020-01-02", "", "貿易"), "2020年1月2日起、「貿易」欄目"),
    ],
)
def test_filters_read_as_one_sentence_in_the_visitors_language(language, fields, limits):
    say = Wording(language)
    assert Filters.parse(*fields).sentence(say) == say("only.told", limits=limits)


@pytest.mark.parametrize("text", ["yesterday", "2020-13-01", "02/01/2020"])
def test_an_invalid_day_is_refused_in_the_visitors_language(text):
    with pytest.raises(QuestionError, match="is not a date. Use the format YYYY-MM-DD") as caught:
        Filters.parse(text, "", "")
    for language in LANGUAGES:
        assert text in visitor_message(caught.value, Wording(language))


def test_errors_are_in_the_visitors_language_where_possible():
    chinese = Wording("zh-Hans")
    known = QuestionError("too long", "long", characters="3,000", most="2,000")
    assert visitor_message(known, chinese) == "问题共3,000字，请缩短至2,000字以内。"
    assert visitor_message(OverloadError("late"), chinese) == "当前使用人数较多，请稍后再试。"
    assert "damaged" in visitor_message(QAError("damaged"), chinese)


def test_the_page_searches_within_the_filters_and_states_them(make_live, make_client):
    live = make_live({"a": "Tea is hot."}, section="Tea & milk", date=DAY)
    client = make_client(live)
    page = client.get("/answer", params={"q": "is tea hot", "until": "2019-12-31"}).text
    assert SAY("answer.not_in_record") in page
    assert "Showing only documents up to 31 December 2019." in page
    assert 'name="until" value="2019-12-31"' in page
    page = client.get("/answer", params={"q": "is tea hot", "section": "Tea & milk"}).text
    assert "<option selected>Tea &amp; milk</option>" in page
    assert "Tea is hot." in page
    assert "&amp;section=Tea+%26+milk&amp;snapshot=" in page
    refused = client.get("/answer", params={"q": "is tea hot", "since": "soon", "language": "zh"})
    assert refused.status_code == 422
    assert "“soon”不是有效日期" in refused.text
