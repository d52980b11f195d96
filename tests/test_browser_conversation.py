"""A conversation in Chromium: by keyboard alone, limited, kept, and when things go wrong."""

import pytest

from qa.web.wording import Wording
from serving import ask, free_port, indexed, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.server]

QUESTION = "what are the main considerations behind the Opinions"
SAY = Wording()
BOX = "#qa-question textarea"


@pytest.fixture
def context(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context, server):
    return opened(context, server)


def opened(context, address):
    page = context.new_page()
    page.goto(f"{address}/en/")
    page.locator(BOX).wait_for()
    # Gradio takes no note of what is typed before it is ready, which it does not say.
    page.locator("#qa-chat .qa-message").first.wait_for()
    page.wait_for_timeout(500)
    return page


def focused(page):
    """Return class or id of the focused element, and its text."""
    return page.evaluate(
        "() => [document.activeElement.className || document.activeElement.parentNode.className, "
        "document.activeElement.textContent.trim()]"
    )


def is_in_sight(page):
    """Return whether the top of the focused element is visible and not covered."""
    return page.evaluate(
        """() => {
          const [box] = document.activeElement.getClientRects();
          const [x, y] = [box.left + 4, box.top + 4];
          const seen = document.elementFromPoint(x, y);
          return Boolean(seen) && document.activeElement.contains(seen);
        }"""
    )


def tab_to(page, words, most=20):
    """Press Tab until the focused element begins with ``words``; each stop is visible."""
    for _ in range(most):
        page.keyboard.press("Tab")
        assert is_in_sight(page), focused(page)
        if focused(page)[1].startswith(words):
            return
    raise AssertionError(f"{words!r} is not reached by Tab")


def test_by_keyboard_alone_ask_read_open_the_citation_come_back_and_ask_on(page, context):
    assert page.evaluate("document.activeElement.matches('#qa-question textarea')")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    answer = page.locator("#qa-chat .qa-answer:focus")
    answer.wait_for()
    assert answer.get_attribute("aria-label") == SAY("widget.answered.many", number=3)
    assert is_in_sight(page)
    tab_to(page, SAY("answer.passage"))
    page.keyboard.press("Enter")
    page.locator(".qa-passage").first.wait_for()
    tab_to(page, SAY("answer.open"))
    with context.expect_page() as opening:
        page.keyboard.press("Enter")
    document = opening.value
    document.locator("mark#passage:focus").wait_for()
    assert is_in_sight(document)
    document.close()
    assert focused(page)[1].startswith(SAY("answer.open"))
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('#qa-question textarea')")
    page.keyboard.type("and how many tasks does it contain?")
    page.keyboard.press("Enter")
    page.locator("#qa-chat .qa-answer").nth(1).wait_for()
    page.locator("#qa-chat .qa-answer:focus").wait_for()
    page.keyboard.type("t")  # where an answer has the focus, letters go to the box
    assert page.locator(BOX).input_value() == "t"


def test_progress_is_announced_at_once_and_the_outcome_once(page):
    page.evaluate(
        """() => {
          window.said = [];
          const state = document.querySelector("#qa-state");
          new MutationObserver(() => window.said.push(state.textContent))
            .observe(state, { childList: true });
        }"""
    )
    page.locator(BOX).fill(QUESTION)
    shown = page.evaluate(
        """() => {
          document.querySelector("#qa-question textarea").dispatchEvent(
            new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
          return document.querySelector("#qa-state").textContent;
        }"""
    )
    assert shown == SAY("widget.searching")
    page.wait_for_timeout(400)  # Gradio has not heard of it
    page.locator(BOX).press("Enter")
    page.locator("#qa-chat .qa-answer:focus").wait_for()
    assert page.evaluate("window.said.filter(Boolean)") == [SAY("widget.searching")] * 2
    assert page.locator("#qa-chat [aria-live]").count() == 0
    assert page.locator("#qa-chat [aria-label*='<div']").count() == 0


def first_held(page):
    """Hold the first question sent from the page; return the list with its route."""
    held = []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    return held


def test_typing_is_not_interrupted_and_the_outcome_is_announced(page):
    held = first_held(page)
    page.locator(BOX).fill("import duty on soybeans")
    with page.expect_request("**/queue/join*"):
        page.keyboard.press("Enter")
        page.keyboard.type("and then")
    page.wait_for_timeout(100)
    held[0].continue_()
    state = page.locator("#qa-state", has_text=SAY("answer.not_in_record"))
    state.wait_for(state="attached")
    assert page.locator("#qa-chat .user").inner_text() == "import duty on soybeans"
    assert page.evaluate("document.activeElement.matches('#qa-question textarea')")
    assert page.locator(BOX).input_value() == "and then"


def test_a_question_during_another_waits_its_turn(page):
    held = first_held(page)
    with page.expect_request("**/queue/join*"):
        page.locator(BOX).fill(QUESTION)
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")  # once too often
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert page.locator(BOX).input_value() == "hello"
    assert len(held) == 1
    held[0].continue_()
    page.locator("#qa-chat .qa-answer").nth(1).wait_for()
    shown = page.locator("#qa-chat .user").all_inner_texts()
    assert shown == [QUESTION, "hello"]
    assert page.locator(BOX).input_value() == ""
    assert page.locator("#qa-chat .bot").count() == 3
    page.locator("#qa-chat .qa-courtesy:focus").wait_for()


def test_an_example_asked_meanwhile_waits_too_and_leaves_what_is_being_typed(page):
    held = first_held(page)
    with page.expect_request("**/queue/join*"):
        page.locator(BOX).fill("hello")
        page.keyboard.press("Enter")
    page.keyboard.type("and then")
    example = page.locator("button.qa-example").first
    example.click()
    held[0].continue_()
    page.locator("#qa-chat .qa-answer").nth(1).wait_for()
    assert page.locator("#qa-chat .user").all_inner_texts() == ["hello", example.inner_text()]
    assert page.locator(BOX).input_value() == "and then"


def test_questions_asked_the_moment_the_last_is_answered_are_all_answered(page):
    """Even if Gradio is still busy with the last one."""
    questions = [
        f"how many tasks does the document contain, {number} of 15?" for number in range(15)
    ]
    page.evaluate(
        """async (asked) => {
          const box = document.querySelector("#qa-question textarea");
          for (const question of asked) {
            box.value = question;
            box.dispatchEvent(new Event("input", { bubbles: true }));
            document.querySelector("#qa-send").click();
            const isAnswered = () => {
              const said = [...document.querySelectorAll("#qa-chat :is(.user, .bot)")];
              const [last, answer] = said.slice(-2);
              return last.textContent.includes(question) && answer.querySelector(".qa-answer");
            };
            while (!isAnswered()) await new Promise((done) => setTimeout(done));
          }
        }""",
        questions,
    )
    # Of a long conversation the beginning is gone.
    assert page.locator("#qa-chat .user").all_inner_texts() == questions[-13:]


def test_filters_limit_the_search_and_the_answer_states_them(page):
    options = page.get_by_role("button", name=SAY("chat.options"))
    options.click()
    page.locator("#qa-sections option").first.wait_for(state="attached")
    page.wait_for_timeout(500)  # Gradio may still be filling in what it has just shown
    page.locator("#qa-until input[type=date]").fill("2020-12-31")
    ask(page, QUESTION)
    answer = page.locator("#qa-chat .qa-answer").last
    assert answer.locator(".qa-verdict").inner_text() == SAY("answer.not_in_record")
    limited = "Showing only documents up to 31 December 2020."
    assert answer.locator(".qa-only").inner_text().startswith(limited)
    assert "&until=2020-12-31&" in answer.locator(".qa-permalink a").get_attribute("href")
    answer.get_by_role("link", name=SAY("only.lift")).click()
    page.locator("#qa-chat .qa-answer").nth(1).wait_for()
    assert page.locator("#qa-until input").input_value() == ""
    assert page.locator("#qa-chat .qa-only").count() == 1
    assert page.locator("#qa-sections option").all_text_contents() == ["Service Trade"]
    page.locator("#qa-section input").fill("Service Trade")
    ask(page, QUESTION)
    assert page.locator("#qa-chat .qa-answer").last.locator(".qa-quote").count() > 0
    page.locator("#qa-section input").fill("Goods")
    page.locator(BOX).fill(QUESTION)
    page.locator(BOX).press("Enter")
    page.locator("#qa-chat .qa-message", has_text="no section called “Goods”").wait_for()
    assert page.locator(BOX).input_value() == QUESTION


def test_the_browser_keeps_a_conversation_only_on_request(context, server):
    page = opened(context, server)
    ask(page, "what did the State Council do in 2014?")
    stored = "Object.values(localStorage).join('').length"
    assert page.evaluate(stored) < 200  # an empty list, encrypted
    page.reload()
    page.locator(BOX).wait_for()
    page.wait_for_timeout(500)
    assert page.locator("#qa-chat .qa-answer").count() == 0
    ask(page, "what did the State Council do in 2014?")
    page.get_by_role("button", name=SAY("chat.options")).click()
    page.get_by_label(SAY("widget.keep")).check()
    page.wait_for_timeout(500)
    assert page.evaluate(stored) > 1_000
    page.reload()
    page.locator("#qa-chat .qa-answer").wait_for()
    ask(page, "and what did it export?")
    searched = page.locator("#qa-chat .qa-searched").inner_text()
    assert "what did the State Council do in 2014? and what did it export?" in searched
    page.locator("#qa-chat").hover()
    page.get_by_label("Clear").click()
    page.locator("#qa-chat", has_text="Covers 1 document").wait_for()
    assert page.evaluate("document.activeElement.matches('#qa-question textarea')")
    page.wait_for_timeout(500)
    page.reload()
    page.locator(BOX).wait_for()
    page.wait_for_timeout(500)
    assert page.locator("#qa-chat .qa-answer").count() == 0


def test_a_question_that_is_refused_stays_in_the_box_with_a_plain_sentence(
    chromium, tmp_path_factory
):
    home = indexed(tmp_path_factory.mktemp("refusing"))
    port = free_port()
    with serving(home, port=port, questions_per_minute=2) as address:
        page = chromium.new_page()
        page.goto(f"{address}/en/")
        page.locator(BOX).wait_for()
        ask(page, QUESTION)
        ask(page, "hello")
        page.locator(BOX).fill("how many tasks does the document contain?")
        page.locator(BOX).press("Enter")
        state = page.locator("#qa-state", has_text="You have asked many questions in a short time.")
        state.wait_for()
        assert page.locator(BOX).input_value() == "how many tasks does the document contain?"
        assert page.locator("#qa-chat .qa-citation .qa-quote").first.is_visible()
        assert page.get_by_text("Error", exact=True).filter(visible=True).count() == 0
    page.locator(BOX).press("Enter")  # the server is gone
    page.locator("#qa-state", has_text="we cannot reach the service").wait_for()
    assert page.locator(BOX).input_value() == "how many tasks does the document contain?"
    with serving(home, port=port):
        page.locator(BOX).press("Enter")
        page.locator("#qa-chat .qa-answer").nth(2).wait_for()  # the conversation goes on
    page.close()


def test_a_question_that_is_too_long_gets_an_error_and_stays_in_the_box(page):
    page.locator(BOX).fill("tea " * 600)
    page.locator(BOX).press("Enter")
    page.locator("#qa-chat .qa-message", has_text="Shorten it to 2,000 or fewer.").wait_for()
    assert page.locator(BOX).input_value().startswith("tea tea")
    ask(page, QUESTION)  # what was refused is leant on no more
    assert page.locator("#qa-chat .qa-searched").count() == 0


def test_the_answer_page_serves_the_same_without_script_and_prints_whole(chromium, server, page):
    import io

    import pypdfium2

    ask(page, QUESTION)
    quoted = page.locator("#qa-chat .qa-quote").all_text_contents()
    context = chromium.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{server}/answer?q={QUESTION}")
    assert plain.locator(".qa-quote").all_text_contents() == quoted
    printed = pypdfium2.PdfDocument(io.BytesIO(plain.pdf(format="A4")))
    text = "".join(sheet.get_textpage().get_text_range() for sheet in printed)
    words = " ".join(text.split())
    assert QUESTION in words
    assert "As a new round of technological revolution" in words  # what is folded on the page
    assert f"{server}/documents/2022-07-21-" in words.replace(" ", "")
    assert "(UTC). Version " in words
    assert SAY("answer.copy") not in words
    assert SAY("chat.send") not in words.split()
    context.close()


def test_without_script_the_chat_leads_to_the_page_that_needs_none(chromium, server):
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(server)
    page.wait_for_url(f"{server}/answer?language=zh-Hans")
    assert page.get_by_role("searchbox").is_visible()
    context.close()


def test_an_empty_question_is_not_searched_for(page):
    page.locator(BOX).press("Enter")
    page.get_by_text(SAY("answer.empty")).wait_for()
    assert page.locator("#qa-state").inner_text() == ""
