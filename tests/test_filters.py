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
        "Looked only at what was published from 2020-01-02, in section A & B."
    )


@pytest.mark.parametrize("text", ["yesterday", "2020-13-01", "02/01/2020"])
def test_an_invalid_day_is_refused_in_the_visitors_language(text):
    with pytest.raises(QuestionError, match="is not a day as YYYY-MM-DD") as caught:
        Filters.parse(text, "", "")
    for language in LANGUAGES:
        assert text in visitor_message(caught.value, Wording(language))


def test_errors_are_in_the_visitors_language_where_possible():
    chinese = Wording("zh-Hans")
    known = QuestionError("too long", "long", characters="3,000", most="2,000")
    assert visitor_message(known, chinese) == "问题有3,000个字符，最多接受2,000个。请缩短问题。"
    assert visitor_message(OverloadError("late"), chinese) == "当前提问过多，请稍后再试。"
    assert "damaged" in visitor_message(QAError("damaged"), chinese)


def test_the_page_searches_within_the_filters_and_states_them(make_live, make_client):
    live = make_live({"a": "Tea is hot."}, section="Tea & milk", date=DAY)
    client = make_client(live)
    page = client.get("/answer", params={"q": "is tea hot", "until": "2019-12-31"}).text
    assert SAY("answer.not_in_record") in page
    assert "Looked only at what was published until 2019-12-31." in page
    assert 'name="until" value="2019-12-31"' in page
    page = client.get("/answer", params={"q": "is tea hot", "section": "Tea & milk"}).text
    assert "<option selected>Tea &amp; milk</option>" in page
    assert "Tea is hot." in page
    assert "&amp;section=Tea+%26+milk&amp;snapshot=" in page
    refused = client.get("/answer", params={"q": "is tea hot", "since": "soon", "language": "zh"})
    assert refused.status_code == 422
    assert "“soon”不是日期" in refused.text
