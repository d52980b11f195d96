"""WCAG 2.2 AA and best practices by axe-core, in every state, size, scheme and language."""

from urllib.parse import quote

import pytest

from qa.web.wording import Wording
from serving import ask

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.server]

QUESTION = "what are the main considerations behind the Opinions"
LOOKS = {
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "tablet": {"viewport": {"width": 768, "height": 1024}, "color_scheme": "light"},
    "desk": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "desk, dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    # 1280 by 1024 pixels at 400 %
    "zoomed": {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
    "high contrast": {"viewport": {"width": 1280, "height": 900}, "forced_colors": "active"},
}


def check(page, state):
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(page)
    assert results.violations_count == 0, (state, results.generate_report())
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, state
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, summary")].filter(e => {
          const box = e.getBoundingClientRect();
          return e.checkVisibility() && box.width && (box.width < 24 || box.height < 24);
        }).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert small == [], state


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("look", LOOKS)
def test_chat_answer_page_and_document_page_have_no_accessibility_error(
    chromium, server, look, language
):
    context = chromium.new_context(**LOOKS[look], reduced_motion="reduce")
    page = context.new_page()
    say = Wording(language)
    page.goto(f"{server}/{language}/")
    page.locator("#qa-question textarea").wait_for()
    check(page, "empty")
    page.get_by_role("button", name=say("chat.options")).click()
    page.locator("#qa-since input[type=date]").wait_for()
    check(page, "options")
    ask(page, QUESTION)
    check(page, "answer")
    for summary in page.locator("#qa-chat summary").all():
        if summary.is_visible():
            summary.click()
    check(page, "answer, all of it open")
    link = page.locator("#qa-chat .qa-links a").first.get_attribute("href")
    ask(page, "import duty on soybeans")
    assert page.locator("#qa-chat .qa-verdict").count() == 1
    check(page, "not in the record")
    ask(page, "and what did it say about that?")
    assert page.locator("#qa-chat .qa-searched").count() >= 1
    check(page, "follow-up")
    page.locator("#qa-question textarea").fill("tea " * 600)
    page.locator("#qa-question textarea").press("Enter")
    page.locator("#qa-chat .qa-message", has_text="2,000").wait_for()
    check(page, "trouble")
    for path in [
        f"/answer?q={quote(QUESTION)}&language={language}",
        f"/answer?q=soybeans&since=2023-01-01&language={language}",
        f"/answer?q=soybeans&since=soon&language={language}",
        f"{link.replace('#', f'&language={language}#')}",
        f"/documents/none?language={language}",
    ]:
        page.goto(server + path)
        check(page, path)
    context.close()


def test_an_answer_reads_well_in_a_screen_reader(chromium, server):
    """Return the accessibility tree of an answer, in the order of a screen reader."""
    page = chromium.new_page()
    page.goto(f"{server}/en/")
    page.locator("#qa-question textarea").wait_for()
    ask(page, QUESTION)
    tree = page.locator("#qa-chat .qa-answer").aria_snapshot()
    lines = [line.strip() for line in tree.split("\n")]
    assert lines[0].startswith('- group "')
    assert lines[1:3] == ["- article:", '- heading "Passage 1" [level=2]']
    assert lines[3] == "- blockquote:"
    assert "The Opinions" in lines[4]
    assert any(line.startswith('- link "Read in context (opens in new tab)"') for line in lines)
    page.close()
