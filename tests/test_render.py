"""HTML of answers and documents is verbatim when read and inert when hostile."""

import dataclasses
import datetime
import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import WordEncoder
from qa import QA
from qa.index.snapshot import open_snapshot
from qa.records import Later, Span
from qa.settings import Settings
from qa.web.ui.chat import example_questions
from qa.web.ui.marking import MARK, marked_html
from qa.web.ui.render import Pages, coverage, is_answer, message_html, message_text
from qa.web.wording import Wording

SAY = Wording()
QA_COURTESIES = {
    "hello": "greeting",
    "thanks": "thanks",
    "bye": "farewell",
    "you suck": "abuse",
    "help": "help",
}
HOSTILE = (
    'Tea <script>alert(1)</script> is **hot** & "strong" <img src=x onerror=alert(1)>.\n\n'
    "    [link](javascript:alert(1)) {{ 7 * 7 }} $x$ Milk\u2028\x0b is cold."
)


def answer_page(index, question):
    qa = QA(open_snapshot(index), WordEncoder())
    return qa, Pages(SAY, Settings()).answer(qa.ask(question), qa.snapshot)


def texts(page, tag):
    """Return the visible text of every element of a class."""
    elements = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", page, re.DOTALL)
    return [html.unescape(re.sub("<[^>]*>", "", text)) for text in elements]


def test_the_passage_reads_verbatim_with_its_quote_marked(make_index):
    _, page = answer_page(make_index({"a": "Rain fell. Tea is hot.\n\nEnd."}), "is tea hot")
    assert texts(page, "blockquote") == ["Tea is hot.", "Rain fell. Tea is hot.End."]
    assert texts(page, "mark") == ["Tea is hot."]


def test_hostile_text_is_shown_as_text(make_index):
    index = make_index({"a": HOSTILE}, section="<b>S</b>", source="javascript:alert(1)")
    _, page = answer_page(index, "is tea hot and milk cold <i>")
    tags = set(re.findall(r"<\s*/?\s*([a-z]+)", page))
    known = "div article header span cite p blockquote mark footer a details summary br time bdi "
    known += "button pre h"
    assert tags <= set(known.split())
    assert "<script" not in page
    assert 'href="javascript' not in page
    (passage, *_) = texts(page, "blockquote")
    assert passage.replace("\u2028", "") == HOSTILE.replace("\n\n    ", "").replace("\u2028", "")


def test_a_quote_that_is_the_whole_passage_is_shown_once(make_index):
    _, page = answer_page(make_index({"a": "Tea is hot."}), "is tea hot")
    assert texts(page, "blockquote") == ["Tea is hot."]
    assert 'class="qa-quote"' in page
    assert 'class="qa-context"' not in page


@given(st.text())
def test_a_message_gives_its_words_back(text):
    plain = text.replace("\r", "\n")
    lines = [line for line in plain.split("\n") if line.strip()]
    text_shown = message_text(message_html(text))
    assert [line for line in text_shown.split("\n") if line.strip()] == lines


def test_html_of_no_message_gives_no_text():
    assert message_text('<div class="qa-answer qa-answered">tea</div>') == ""


def test_an_answer_is_distinguished_from_small_talk_and_errors(make_index):
    index = make_index({"a": "Tea is hot."})
    for question, expected in [("is tea hot", True), ("import duty", True), ("hello", False)]:
        assert is_answer(answer_page(index, question)[1]) is expected
    assert not is_answer(message_html("The server failed."))


def test_html_for_the_chat_has_no_blank_line_at_which_markdown_would_begin(make_index):
    _, page = answer_page(make_index({"a": HOSTILE}), "is tea hot")
    assert all(line.strip() for line in page.split("\n"))
    assert all(line.strip() for line in message_html("a\n\n# b\n\n\n<c>").split("\n"))
    assert "&lt;c&gt;" in message_html("<c>")
    assert "a\n# b" in message_html("a\r\r# b")


def test_not_in_the_record_shows_the_coverage_and_no_citation(make_index):
    _, page = answer_page(make_index({"a": "Tea is hot."}), "import duty on soybeans")
    assert 'class="qa-answer qa-not_in_record"' in page
    assert "Covers 1 undated document." in page
    assert SAY("answer.nearest") in page


def test_the_text_names_passages_below_only_if_there_are_some(make_index):
    qa, page = answer_page(make_index({"a": "Tea is hot."}), "import duty on soybeans")
    coverage = "Covers 1 undated document."
    assert SAY("answer.not_in_record.explained", coverage=coverage) in page
    bare = dataclasses.replace(qa.ask("import duty on soybeans"), nearest=())
    page = Pages(SAY, Settings()).answer(bare, qa.snapshot)
    assert SAY("answer.not_in_record.nothing", coverage=coverage) in page
    assert "below" not in page


def test_the_link_to_an_answer_is_copied_in_the_chat_and_a_plain_link_on_the_page(make_index):
    qa, chat = answer_page(make_index({"a": "Tea is hot."}), "is tea hot")
    page = Pages(SAY, Settings()).answer(qa.ask("is tea hot"), qa.snapshot, is_page=True)
    assert [">Copy link to this answer</a>" in html for html in (chat, page)] == [True, False]
    assert [">Link to this answer</a>" in html for html in (chat, page)] == [False, True]


def test_a_question_in_a_language_the_record_lacks_gets_a_hint(make_index):
    index = make_index({"a": "Tea is hot.", "b": "Milk is cold."})
    hint = "The record is in English. Try asking in English."
    assert hint in answer_page(index, "茶是热的吗？")[1]
    assert hint not in answer_page(index, "import duty on soybeans")[1]
    chinese = make_index({"a": "茶是热的。"}, index / "zh", language="zh-Hans")
    assert hint not in answer_page(chinese, "大豆关税是多少？")[1]


def test_the_path_of_a_source_is_not_shown(make_index):
    _, page = answer_page(
        make_index({"a": "Tea is hot."}, source="/srv/seeds/tea.txt"), "is tea hot"
    )
    assert "Source file: tea.txt" in page
    assert "/srv/" not in page


@pytest.mark.parametrize("question", ["hello", "thanks", "bye", "you suck", "help"])
def test_small_talk_gets_one_sentence_and_no_passage(make_index, question):
    _, page = answer_page(make_index({"a": "Tea is hot."}), question)
    assert SAY(f"courtesy.{QA_COURTESIES[question]}") in html.unescape(page)
    assert "<blockquote" not in page
    assert SAY("answer.not_in_record") not in page


def test_a_later_statement_is_linked_and_related_questions_are_listed(make_index):
    qa, _ = answer_page(make_index({"a": "Tea is hot."}), "is tea hot")
    answer = qa.ask("is tea hot")
    first = (*answer.citations, *answer.nearest)[0]
    document = dataclasses.replace(
        first.document, title="<b>New</b>", date=datetime.date(2021, 1, 1)
    )
    later = Later(document, 0, 3, "/documents/new?start=0&end=3#passage")
    late_answer = dataclasses.replace(
        answer,
        status="answered",
        citations=(dataclasses.replace(first, later=later),),
        nearest=(),
        related=("Why <i>tea</i>?",),
    )
    page = Pages(SAY, Settings()).answer(late_answer, qa.snapshot)
    assert 'href="/documents/new?start=0&amp;end=3#passage"' in page
    assert "&lt;b&gt;New&lt;/b&gt;, 1 January 2021" in page
    assert texts(page, "li") == ["Why <i>tea</i>?"]


def test_a_long_question_is_folded_behind_its_last_sentence_that_asks(make_index):
    asking = "What is hot? " + "We saw much tea. " * 15 + "Why is tea hot? Thanks."
    index = make_index({"a": f"{asking}(2020-01-01)\n\nTea is fire."}, layout="question-answer")
    _, page = answer_page(index, "is tea hot")
    (summary, _) = texts(page, "summary")
    assert summary == "In reply to: Why is tea hot?"
    assert asking in html.unescape(page)


def test_coverage_tells_how_many_and_from_when_to_when(tmp_path, encoder):
    from conftest import corpus_file
    from qa.index.build import build
    from qa.records import Document

    days = [datetime.date(2021, 2, 3), datetime.date(2020, 1, 1), None]
    documents = [Document(id=str(n), title="T", text="t", date=d) for n, d in enumerate(days)]

    def sentence(*documents):
        build(map(corpus_file, documents), tmp_path, encoder, passage_chars=100)
        return coverage(open_snapshot(tmp_path).documents, SAY)

    assert sentence(*documents) == "Covers 3 documents, from 1 January 2020 to 3 February 2021."
    assert sentence(documents[1]) == "Covers 1 document, dated 1 January 2020."
    assert sentence(documents[2]) == "Covers 1 undated document."


@pytest.fixture
def document_page(make_live, make_client):
    text = "Why tea <b>?(2020-01-01)\n\nTea is hot.\n\nMilk is cold."
    return make_client(make_live({"a": text}, layout="question-answer")), text


def test_the_document_page_marks_the_passage(document_page):
    client, text = document_page
    start = text.index("is hot")
    page = client.get(f"/documents/a?start={start}&end={text.index(' cold')}").text
    assert texts(page, "mark") == ["is hot.", "Milk is"]
    assert page.count('id="passage"') == 1
    assert '<mark id="passage" tabindex="-1">is hot.</mark>' in page
    assert texts(page, "p")[-4:-1] == ["Why tea <b>?(2020-01-01)", "Tea is hot.", "Milk is cold."]
    assert texts(page, "h2") == ["Question", "Answer"]


def test_a_document_without_a_passage_is_shown_plain(document_page):
    page = document_page[0].get("/documents/a").text
    assert "<mark" not in page
    assert SAY("page.passage_missing") not in page


@pytest.mark.parametrize("query", ["start=5&end=2", "start=0&end=9999", "start=x", "end=3"])
def test_a_missing_passage_is_reported(document_page, query):
    answer = document_page[0].get(f"/documents/a?{query}")
    assert answer.status_code == 200
    assert SAY("page.passage_missing") in answer.text
    assert "<mark" not in answer.text


def test_an_unknown_document_is_a_404_that_runs_nothing(document_page):
    answer = document_page[0].get("/documents/%3Cscript%3Ealert(1)%3Cscript%3E")
    assert answer.status_code == 404
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_pages_carry_a_policy_that_allows_no_script(document_page):
    policy = document_page[0].get("/documents/a").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")


def test_example_questions_are_the_records_own(make_index):
    text = "It rained. Why is tea hot?(2020-01-01)\n\nFire."
    snapshot = open_snapshot(make_index({"a": text}, layout="question-answer"))
    assert example_questions(snapshot) == ["Why is tea hot?"]
    assert example_questions(open_snapshot(make_index({"b": "Tea?"}))) == []


def test_spans_cannot_be_marked_twice(make_index):
    marks = [(Span(1, 4), MARK), (Span(2, 5), MARK)]
    assert marked_html("abcdef", Span(0, 6), marks) == "a<mark>bcd</mark><mark>e</mark>f"


def test_a_confidence_is_shown_in_words(make_index):
    from qa.web.ui.render import _confidence

    assert [_confidence(c) for c in (0.76, 0.75, 0.74, 0.4, 0.39, 0)] == [
        *("high", "high", "medium", "medium", "low", "low")
    ]
    qa, page = answer_page(make_index({"a": "Tea is hot."}), "is tea hot")
    percent = round(100 * qa.ask("is tea hot").citations[0].confidence)
    assert f"about {percent}%." in page
    _, none = answer_page(make_index({"a": "Tea is hot."}), "import duty on soybeans")
    assert "qa-confidence" not in none


def test_the_question_searched_for_and_related_ones_are_links(make_index):
    text = "Why is tea hot? (2020-01-01)\n\nFire. Milk is cold."
    qa = QA(open_snapshot(make_index({"a": text}, layout="question-answer")), WordEncoder())
    answer = dataclasses.replace(qa.ask("is tea hot"), searched_for="tea & hot", related=("Why?",))
    page = Pages(SAY, Settings(public_url="https://a.example/record")).answer(answer, qa.snapshot)
    assert 'class="qa-words">tea &amp; hot</bdi>' in page
    assert 'class="qa-edit" href="/record/answer?q=tea%20%26%20hot&amp;language=en"' in page
    assert 'class="qa-ask-it" href="/record/answer?q=Why%3F&amp;language=en">Why?</a>' in page
    link = f'/record/answer?q=tea%20%26%20hot&amp;snapshot={answer.snapshot}&amp;language=en"'
    assert link in page


def test_the_page_number_and_other_sources_of_a_document_are_shown(make_index):
    places = ("https://example.org/<b>", "/srv/copy.pdf")
    index = make_index({"a": "Rain fell. Tea is hot."}, pages=(0, 11), also=places)
    _, page = answer_page(index, "is tea hot")
    assert "<span>page 2</span>" in page
    assert '<a href="https://example.org/&lt;b&gt;" target="_blank"' in page
    assert "Also published as: copy.pdf" in page


TIMED = {"times": ((0, 5), (11, 3725.5)), "recording": "https://a.example/v?a=1&b=2"}


def test_the_time_and_the_recording_at_that_time_are_shown(make_index):
    _, page = answer_page(make_index({"a": "Rain fell. Tea is hot."}, **TIMED), "is tea hot")
    assert "<span>at 1:02:05</span>" in page
    link = re.search(
        r'<a href="(https://a[.]example[^"]*)" target="_blank" rel="([^"]*)">(.*?)<', page
    )
    assert link.groups() == (
        "https://a.example/v?a=1&amp;b=2#t=3725",
        "noopener noreferrer",
        "Recording at 1:02:05",
    )


@pytest.mark.parametrize(
    ("fields", "fact", "link"),
    [
        ({"times": ((0, 0),)}, "<span>at 0:00</span>", None),
        ({"recording": "https://a.example/v"}, None, '<a href="https://a.example/v"'),
        ({"recording": "javascript:alert(1)", "times": ((0, 0),)}, "at 0:00", None),
        ({}, None, None),
    ],
)
def test_a_time_alone_and_a_recording_alone_are_shown(make_index, fields, fact, link):
    _, page = answer_page(make_index({"a": "Rain fell. Tea is hot."}, **fields), "is tea hot")
    assert ("at 0:00" in page, "Recording" in page) == (fact is not None, link is not None)
    assert (fact or "") in page
    assert (link or "") in page
    assert "javascript" not in page


def test_the_page_of_a_document_leads_to_the_recording_at_the_passage(make_live, make_client):
    live = make_live({"a": "Rain fell. Tea is hot."}, **TIMED)
    client = make_client(live)
    opened = client.get("/documents/a?start=11&end=22").text
    assert (
        '<a href="https://a.example/v?a=1&amp;b=2#t=3725" rel="noopener noreferrer">'
        "Recording at 1:02:05</a>"
    ) in opened
    plain = client.get("/documents/a").text
    assert (
        '<a href="https://a.example/v?a=1&amp;b=2" rel="noopener noreferrer">Recording</a>' in plain
    )


def test_the_page_of_a_document_without_an_address_shows_the_time(make_live, make_client):
    client = make_client(make_live({"a": "Rain fell. Tea is hot."}, times=TIMED["times"]))
    assert "<span>at 1:02:05</span>" in client.get("/documents/a?start=11&end=22").text
    assert " at " not in client.get("/documents/a").text.split("<article")[1]
