"""A conversation that a browser sends back is shown unchanged, or escaped."""

import datetime

import pytest

from hostile import PAYLOADS
from qa.settings import Settings
from qa.web.server.payloads import MOST_MESSAGES, Message
from qa.web.ui.filters import Filters
from qa.web.ui.history import is_own_html, message, previous_questions, sanitized
from qa.web.ui.render import Pages, message_html
from qa.web.wording import Wording


def sent(role, content):
    return Message(role=role, content=content)


def shown(role, content):
    (only,) = sanitized([sent(role, content)])
    assert only["role"] == role
    return only["content"]


@pytest.fixture
def pages():
    return Pages(Wording(), Settings(public_url="https://ask.example.org/record"))


@pytest.fixture
def answers(make_live, pages):
    """Answers as HTML that together have every part of the template."""
    live = make_live(
        {"tea": 'Q Why is tea hot? <b>\n\nMR. O\'BREW: Tea is hot "here".\n\nIt is hot & wet.'},
        date=datetime.date(2020, 1, 2),
        section="Drinks & food",
        source="https://example.org/tea?a=1&b=2",
        layout="transcript",
        also=("https://example.org/also", "a letter"),
    )
    only = Filters(datetime.date(2020, 1, 1), None, "Drinks & food")
    questions = ["why is tea hot", "is tea hot here", "and zebras?", "hello", "thanks"]
    answers = [live.qa.ask(q, previous=["why is tea hot"]) for q in questions]
    return [pages.answer(a, live.snapshot, only, "0123456789abcdef" * 2) for a in answers]


def test_answers_and_messages_are_shown_again_as_they_were(answers):
    assert {html[:40].split('"')[1].split("qa-")[-1] for html in answers} >= {"courtesy"}
    assert sum("qa-citation" in html for html in answers) >= 2
    for html in [*answers, message_html("a <b>\nc & d"), message_html("x")]:
        assert is_own_html(html)
        assert shown("assistant", html) == html


@pytest.mark.parametrize("question", ["a <b>\nc & \"d\" 'e'", "<br>", "&lt;br&gt;", "  x\n\n\ny "])
def test_a_question_is_shown_again_as_it_was(question):
    html = message_html(question.strip())
    assert shown("user", html) == html


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_html_that_is_not_ours_is_shown_as_text(role):
    for payload in PAYLOADS:
        for html in (payload, f'<div class="qa-message">{payload}</div>'):
            again = shown(role, html)
            text = html.replace("\0", " ").strip()
            if again != text:
                assert again == message_html(text)
            else:
                assert role == "assistant"
                assert "<" not in payload or 'class="qa-' in payload


@pytest.mark.parametrize(
    "html",
    [
        "{} onclick=alert(1)>",
        '{} onclick="alert(1)">',
        '{} style="position:fixed">',
        "{} class='qa-message'>",
        '{}><a href="javascript:alert(1)">x</a>',
        '{}><a href="//evil.example/">x</a>',
        '{}><a href="/\\evil.example/">x</a>',
        '{}><a href=" javascript:alert(1)">x</a>',
        '{}><a href="data:text/html,x">x</a>',
        '{}><a href="https://example.org"onclick="alert(1)">x</a>',
        '{}><p id="qa-question">x</p>',
        '{}><p name="x">x</p>',
        '{}><p data-x="x">x</p>',
        '{}><img src="/x">',
        '{}><input type="image">',
        "{}><script>alert(1)</script>",
        "{}><form>x</form>",
        "{}><p",
        "{}><p >x</p>x<",
        "{}><!-- x -->",
        "{}></div><svg/onload=alert(1)>",
        "{}>x\n\n![x](/y)",
        "{}>x\n \u2028\n# y",
        "{}>x\r\ry",
        " {}>x<b>y</b>",
        "# heading",
        "[x](https://example.org)",
        "",
    ],
)
def test_an_answer_that_no_template_makes_is_text(html):
    html = html.format('<div class="qa-answer qa-answered"').strip()
    assert not is_own_html(html)
    assert shown("assistant", html) == message_html(html)


def test_unterminated_html_is_rejected_quickly():
    for part in ('<p class="qa-x" ', "<p ", "</p>", '<a href="/', "<p>", " hidden", "&#", "\n"):
        html = '<div class="qa-answer">' + part * (500_000 // len(part)) + "<x"
        assert not is_own_html(html)


def test_the_last_messages_are_kept_and_questions_that_were_answered_are_known():
    talk = []
    for number in range(MOST_MESSAGES // 2):
        talk += [
            sent("user", message_html(f"question {number}?")),
            sent("assistant", '<div class="qa-answer qa-answered">x</div>'),
        ]
    kept = sanitized(talk)
    assert len(kept) == 24
    assert previous_questions(kept) == ["question 10?", "question 11?", "question 12?"]
    unanswered = [message("user", message_html("q")), message("assistant", message_html("no"))]
    assert previous_questions(unanswered) == []


def test_parts_of_a_message_are_one_text():
    parts = [{"type": "text", "text": "a <b>"}, {"type": "text", "text": " c\0"}]
    assert shown("user", parts) == message_html("a <b> c")


@pytest.mark.parametrize(
    "question", ["a\n\nb", "a[^1]\n\n[^1]: <img src=x>\n***", "\\u003c\n\r\n&lt;"]
)
def test_a_question_of_several_paragraphs_stays_as_it_was(question):
    html = message_html(question)
    (shown,) = sanitized([Message(role="user", content=html)])
    assert shown == {"role": "user", "content": html}
