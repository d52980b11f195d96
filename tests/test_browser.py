"""The web chat in Chromium, with the real encoder and the seed's record."""

import urllib.error
import urllib.request

import pytest

from conftest import SEED
from patience import HANG_S
from qa.feedback import FeedbackStore
from qa.web.wording import Wording
from serving import ask, indexed, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.server]

QUESTION = "what are the main considerations behind the Opinions"


@pytest.fixture
def page(chromium, server):
    """The open chat. Afterwards: every request went to the server, and none failed."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    requested, failed, errors = [], [], []
    page.on("request", lambda request: requested.append(request.url))
    page.on("response", lambda r: failed.append((r.status, r.url)) if r.status >= 400 else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server)
    page.wait_for_selector("#qa-question textarea")
    yield page
    page.close()
    assert requested
    assert [url for url in requested if not url.startswith((server, "data:", "blob:"))] == []
    assert failed == []
    assert errors == []


def test_the_question_is_answered_with_its_citation(page):
    ask(page, QUESTION)
    first = page.locator("#qa-chat .qa-citation").first
    seed = SEED.read_text("utf-8")
    quote = first.locator(".qa-quote").inner_text()
    assert "The Opinions aims at supporting" in quote
    assert quote in seed
    assert not first.locator(".qa-passage").is_visible()
    first.get_by_text("Show the full passage").click()
    passage = first.locator(".qa-passage").inner_text()
    assert passage.startswith("As a new round of technological revolution")
    assert passage in seed
    marked = first.locator(".qa-passage mark").all_inner_texts()
    assert "".join("".join(marked).split()) == "".join(quote.split())
    assert first.locator("time").inner_text() == "21 July 2022"
    facts = first.locator(".qa-facts").inner_text()
    assert "Service Trade" in facts
    assert "paragraph 3" in facts
    assert "main considerations behind the issue" in first.locator(".qa-asked").first.inner_text()


def test_the_citation_opens_the_document_at_the_marked_passage(page):
    ask(page, QUESTION)
    with page.context.expect_page() as opened:
        page.locator("#qa-chat .qa-links a").first.click()
    document = opened.value
    document.wait_for_load_state()
    mark = document.locator("mark#passage")
    assert mark.inner_text().startswith("The Opinions puts forward 28 tasks")
    around = document.locator("mark.around").first.inner_text()
    assert around.startswith("As a new round of technological revolution")
    assert document.evaluate("document.getElementById('passage').matches(':target')")
    box = mark.bounding_box()
    height = document.viewport_size["height"]
    assert 0 <= box["y"] < height / 2
    assert document.locator("h1").inner_text().startswith("Recently, 27 government departments")
    document.close()


def test_a_question_without_answer_shows_not_in_the_record(page):
    ask(page, "import duty on soybeans")
    assert page.locator(".qa-verdict").inner_text() == "No clear answer found"
    assert "1 document, dated 21 July 2022" in page.locator(".qa-answer").inner_text()
    assert page.locator(".qa-answer > .qa-citation").count() == 0


def test_a_follow_up_shows_the_question_searched_for(page):
    ask(page, "what did the State Council do in 2014?")
    page.fill("#qa-question textarea", "and what did it export?")
    page.keyboard.press("Enter")
    page.locator("#qa-chat .qa-answer").nth(1).wait_for()
    searched = page.locator("#qa-chat .qa-searched").last.inner_text()
    assert "what did the State Council do in 2014? and what did it export?" in searched


def test_a_greeting_is_greeted_and_gets_no_passage(page):
    ask(page, "Hello!")
    answer = page.locator("#qa-chat .qa-courtesy")
    assert answer.inner_text().startswith("Hello.")
    assert "1 document, dated 21 July 2022" in answer.inner_text()
    assert page.locator(".qa-citation").count() == 0


def test_the_welcome_describes_the_record_and_offers_examples(page):
    assert "Covers 1 document, dated 21 July 2022." in page.inner_text("#qa-chat")
    page.locator("button.qa-example").first.click()
    page.wait_for_selector("#qa-chat .qa-citation")


def test_a_hostile_question_is_shown_as_text_and_an_empty_one_gets_no_answer(page):
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog), dialog.dismiss()))
    hostile = "<img src=x onerror=alert(1)> **bold** [a](javascript:alert(1))"
    ask(page, hostile)
    assert page.locator("#qa-chat .user").last.inner_text().strip() == hostile
    assert page.locator("#qa-chat .user img, #qa-chat .user strong, #qa-chat .user a").count() == 0
    page.fill("#qa-question textarea", "   ")
    page.keyboard.press("Enter")
    page.get_by_text("Enter a question.").wait_for()
    assert dialogs == []


def test_the_chat_is_in_the_visitors_language_and_declares_it(chromium, server):
    context = chromium.new_context(locale="zh-TW")
    page = context.new_page()
    page.goto(server)
    assert page.url == f"{server}/zh-Hant/"
    ask(page, "import duty on soybeans")
    assert page.locator(".qa-verdict").inner_text() == Wording("zh-Hant")("answer.not_in_record")
    assert page.evaluate("document.documentElement.lang") == "zh-Hant"
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"{server}/en/")
    page.locator("#qa-question textarea").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"
    context.close()


def test_a_cleared_conversation_gives_no_context(page):
    ask(page, "what did the State Council do in 2014?")
    page.locator("#qa-chat").hover()
    page.get_by_label("Clear").click()
    ask(page, "and what did it export?")
    assert page.locator("#qa-chat .qa-searched").count() == 0


def test_a_phone_does_not_scroll_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})
    ask(page, QUESTION)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    assert page.locator(".qa-quote").first.bounding_box()["width"] > 280


def test_another_origin_may_read_nothing_and_what_gradio_tells_of_itself_is_closed(server):
    def status_of(path):
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{server}{path}", headers={"Origin": "https://evil.example"}
        )
        try:
            with urllib.request.urlopen(request, timeout=HANG_S) as answer:  # noqa: S310
                return answer.status, answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.headers

    for path, expected in [("/en/", 200), ("/en/config", 404), ("/en/gradio_api/info", 404)]:
        status, headers = status_of(path)
        assert status == expected
        assert headers.get("Access-Control-Allow-Origin") is None
        assert headers["X-Frame-Options"] == "DENY"


def test_a_citation_is_copied_as_people_paste_it(chromium, server):
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(server)
    page.wait_for_selector("#qa-question textarea")
    ask(page, "how many tasks does the document contain?")
    page.get_by_text("Copy quote and citation").first.click()
    page.locator(".qa-copy-it").first.click()
    page.locator("#qa-state", has_text="Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert copied[0].startswith("“The Opinions puts forward 28 tasks")
    assert copied[2].startswith(f"{server}/documents/2022-07-21-recently-27-")
    page.evaluate("document.querySelector('#qa-state').textContent = ''")
    link = page.get_by_role("link", name="Copy link to this answer")
    link.click()
    page.locator("#qa-state", has_text="Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == server + link.get_attribute("href")
    assert len(context.pages) == 1
    context.close()


def test_the_question_searched_for_can_be_edited_and_sent_again(page):
    ask(page, "what did the State Council do in 2014?")
    page.fill("#qa-question textarea", "and what did it export?")
    page.keyboard.press("Enter")
    page.locator("#qa-chat .qa-edit").click()
    box = page.locator("#qa-question textarea")
    searched = "what did the State Council do in 2014? and what did it export?"
    assert box.input_value() == searched
    page.keyboard.press("End")
    page.keyboard.type(" In 2021?")
    page.keyboard.press("Enter")
    page.locator("#qa-chat .qa-answer").nth(2).wait_for()
    assert page.locator("#qa-chat .user").last.inner_text() == f"{searched} In 2021?"


def test_feedback_is_asked_for_only_if_the_server_keeps_it(page, chromium, tmp_path):
    ask(page, "how many tasks does the document contain?")
    assert page.locator(".qa-thought").count() == 0
    path = tmp_path / "feedback.sqlite"
    with serving(indexed(tmp_path), feedback=str(path)) as address:
        visitor = chromium.new_page()
        visitor.goto(address)
        visitor.wait_for_selector("#qa-question textarea")
        ask(visitor, "import duty on soybeans")
        visitor.get_by_role("button", name="No", exact=True).click()
        pressed = visitor.locator(".qa-helped[aria-pressed=true]")
        assert pressed.inner_text() == "No"
        visitor.keyboard.type("wrong year")
        thanked = visitor.locator(
            ".qa-thought [role=status]", has_text="Thank you for your feedback."
        )
        assert thanked.count() == 0
        with visitor.expect_response("**/feedback"):
            visitor.get_by_role("button", name="Send", exact=True).click()
        thanked.wait_for()
        visitor.close()
    kept = FeedbackStore(path, days=1)
    (row,) = kept.all()
    assert (row.question, row.status, row.helpful) == (
        "import duty on soybeans",
        "not_in_record",
        False,
    )
    kept.close()
