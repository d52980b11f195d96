"""The widget in Chromium, in a page of another origin with the policy of the snippet.

The page is as strict as a ministry's may be, and every visit ends with the same questions: was
its policy ever violated, did a script fail, was anybody asked but its server and ours.
"""

import datetime
import hashlib
import json
import re
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from conftest import SEED
from patience import HANG_MS, HANG_S
from qa.web.ui.widget import integrity, snippet
from qa.web.wording import Wording
from serving import indexed, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.server]

QUESTION = "what are the main considerations behind the Opinions"
ELSEWHERE = "import duty on soybeans"
COVERAGE = "Covers 1 document, dated 21 July 2022."
SAY = Wording("en")
ASK = "**/api/v1/ask"
DESKTOP = (1280, 900)
PHONE = (320, 640)
ZOOMED = (320, 256)  # 1280 by 1024 at 400 %

# What a page has around the widget. Nothing of it may look or be any different for it.
CONTENT = f"""
<header><a href="#main">Skip to the content</a> <button>Menu</button></header>
<main id="main"><h1>Ministry of Commerce</h1>
<p class="lead">Notices, <em>figures</em> and <a href="/figures">press conferences</a>.</p>
<form><label for="s">Search this site</label> <input id="s"><button>Search</button></form>
<blockquote>A quote of the page's own.</blockquote>
<pre>{"Long." + chr(10) * 100}</pre></main>
"""
HOSTILE = """
* { all: unset !important; font-size: 40px; color: red !important; display: inline !important }
"""

expect.set_options(timeout=HANG_MS)


class Ministry(ThreadingHTTPServer):
    """A site whose pages each have a policy of their own."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Shown)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.published = {}

    def publish(self, content, policy, kind="text/html"):
        """Publish a page; return its address."""
        shown = (content.encode(), policy, kind)
        path = f"/{hashlib.sha256(repr(shown).encode()).hexdigest()[:16]}"
        self.published[path] = shown
        return f"{self.origin}{path}"


class _Shown(BaseHTTPRequestHandler):
    def do_GET(self):
        content, policy, kind = self.server.published.get(self.path, (b"", "", "text/plain"))
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Log nothing."""


class Visits:
    """Visits to pages of the ministry, each with a fresh browser profile."""

    def __init__(self, chromium, ministry, address):
        self._chromium = chromium
        self._ministry = ministry
        self._address = address
        self._contexts = []
        self._origins = {ministry.origin}
        self.asked = []
        self.violations = []
        self.errors = []

    def __call__(  # noqa: PLR0913 - a page may be made in so many ways
        self,
        attributes="",
        *,
        address=None,
        language=None,
        written=None,
        lang="en",
        sheet=None,
        content=CONTENT,
        size=DESKTOP,
        **options,
    ):
        """Open a page with the widget.

        ``written`` is what the page has in place of the snippet; ``sheet`` is its style sheet.
        """
        address = address or self._address
        self._origins.add(address)
        if written is None:
            written = snippet(address, language)
        written = written.replace("<press-qa", f"<press-qa {attributes}", 1)
        policy = f"default-src 'none'; script-src {address}; connect-src {address}"
        link = ""
        if sheet is not None:
            policy += "; style-src 'self'"
            link = f'<link rel="stylesheet" href="{self._ministry.publish(sheet, "", "text/css")}">'
        html = (
            f'<!DOCTYPE html><html lang="{lang}"><head><title>Ministry</title>'
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"{link}</head><body>{content}{written}</body></html>"
        )
        width, height = size
        context = self._chromium.new_context(viewport={"width": width, "height": height}, **options)
        self._contexts.append(context)
        context.set_default_timeout(HANG_MS)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', (e) =>"
            " console.error('Content Security Policy', e.violatedDirective, e.blockedURI))"
        )
        page = context.new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.goto(self._ministry.publish(html, policy))
        return page

    def _heard(self, message):
        if "Content Security Policy" in message.text:
            self.violations.append(message.text)

    def end(self):
        for context in self._contexts:
            for page in context.pages:
                page.unroute_all(behavior="ignoreErrors")
            context.close()
        strangers = [
            url for url in self.asked if not any(url.startswith(f"{o}/") for o in self._origins)
        ]
        assert (strangers, self.violations, self.errors) == ([], [], [])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return indexed(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def ministry():
    with Ministry() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(home, ministry):
    """The address of a server that allows pages of the ministry to ask."""
    settings = {"allowed_origins": [ministry.origin], "questions_per_minute": 100_000}
    with serving(home, **settings) as address:
        yield address


@pytest.fixture
def visit(chromium, ministry, server):
    """Visits to the ministry. Afterwards: none violated the page's policy."""
    visits = Visits(chromium, ministry, server)
    yield visits
    visits.end()


def launch(page):
    return page.locator("press-qa button.launch")


def panel(page):
    return page.locator("press-qa .panel")


def box(page):
    return page.locator("press-qa textarea")


def turns(page):
    return page.locator("press-qa .turn")


def heard(page):
    """Return the text announced to screen readers."""
    return page.locator("press-qa [role=status]")


def error_message(page):
    return page.locator("press-qa .trouble")


def opened(page):
    """A page with its panel open."""
    launch(page).click()
    expect(panel(page)).to_be_visible()
    return page


def ask(page, question):
    """Ask as a visitor does; return the element with the answer or the error."""
    before = turns(page).count() - error_message(page).count()
    box(page).fill(question)
    box(page).press("Enter")
    come = turns(page).nth(before).locator("article, .verdict, .trouble").first
    come.wait_for(state="visible")
    return turns(page).nth(before)


def api_answer(server, question, **more):
    """Return the API's answer."""
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server}/api/v1/ask",
        json.dumps({"question": question, **more}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=HANG_S) as answer:  # noqa: S310
        return json.load(answer)


def widget_does(page, script, argument=None):
    """Evaluate a script of the page with the element as ``e``."""
    return page.locator("press-qa").evaluate(f"(e, given) => {script}", argument)


# The page around it


def test_the_widget_asks_the_server_for_its_script_and_nothing_else_until_it_is_used(visit, server):
    page = visit()
    page.wait_for_load_state("networkidle")
    assert [url for url in visit.asked if url.startswith(server)] == [f"{server}/widget.js?v=1"]
    opened(page)
    page.wait_for_load_state("networkidle")
    assert len(visit.asked) == 2


def test_a_question_costs_one_request_and_violates_no_policy(visit, server):
    page = opened(visit())
    assert ask(page, QUESTION).locator("article").count() > 0
    assert visit.asked[1:] == [f"{server}/widget.js?v=1", f"{server}/api/v1/ask"]
    assert (visit.violations, visit.errors) == ([], [])


def test_the_server_learns_neither_the_page_nor_its_visitor(visit, ministry):
    page = opened(visit())
    page.context.add_cookies([{"name": "who", "value": "me", "url": ministry.origin}])
    with page.expect_request(ASK) as request:
        ask(page, QUESTION)
    headers = request.value.all_headers()
    assert headers["origin"] == ministry.origin
    assert not {"referer", "cookie", "authorization"} & set(headers)


def test_a_policy_the_page_has_is_violated_where_it_is_violated(visit):
    """Otherwise the absence of violations would prove nothing."""
    page = visit(content=f'{CONTENT}<img src="/picture.png"><script>let x = 1</script>')
    page.wait_for_load_state("networkidle")
    assert any("img-src" in violation for violation in visit.violations)
    assert any("script-src" in violation for violation in visit.violations)
    visit.violations.clear()


LOOKS = """(elements) => elements.map((e) => {
    const style = getComputedStyle(e);
    const { x, y, width, height } = e.getBoundingClientRect();
    const looks = Array.from(style, (name) => `${name}: ${style[name]}`);
    return [e.localName, e.className, `at: ${[x, y, width, height]}`, ...looks].join("\\n");
})"""


def differences(looks, others):
    """Return the differences in style between elements."""
    assert len(looks) == len(others)
    pairs = zip(looks, others, strict=True)
    return [sorted(set(a.split("\n")) ^ set(b.split("\n"))) for a, b in pairs if a != b]


def widget_looks(page):
    """Return style and position of everything in the widget."""
    inside = "[e, ...e.shadowRoot.querySelectorAll('*')]"
    return widget_does(page, f"({LOOKS})({inside})")


def page_looks(page):
    """Return style and position of everything in the page but the widget."""
    script = f"({LOOKS})([...document.querySelectorAll('*:not(press-qa, press-qa *, script)')])"
    return page.evaluate(script)


def page_has(page):
    """Return globals, storage and cookies of the page."""
    return page.evaluate(
        """async () => ({
            names: Object.keys(window),
            attributes: [...document.querySelectorAll("*:not(press-qa, press-qa *, script)")]
                .map((e) => [e.localName, ...Array.from(e.attributes, (a) => [a.name, a.value])]),
            head: document.head.outerHTML,
            sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
            cookie: document.cookie,
            local: Object.entries(localStorage),
            session: Object.entries(sessionStorage),
            databases: await indexedDB.databases(),
            caches: await caches.keys(),
            workers: (await navigator.serviceWorker.getRegistrations()).length,
            title: document.title,
            history: history.length,
            scrolled: [scrollX, scrollY],
        })"""
    )


SHEETS = {
    "hostile": HOSTILE,
    "inherited": """
        html { font-size: 5px }
        * { letter-spacing: 1em !important; direction: rtl !important; visibility: hidden;
            text-transform: uppercase !important; box-sizing: content-box }
    """,
    "aimed": """
        press-qa { position: static !important; margin: 9em !important; opacity: 0 !important;
            height: 0 !important; z-index: -1 !important; pointer-events: none !important }
    """,
    "own names": """
        * { --ink: red; --soft: red; --paper: red; --line: red; --link: red; --mark: red;
            --mark-ink: red; --accent: red; --on-accent: red }
    """,
}


def looks_when_used(visit, sheet):
    """Return the style of the widget in a page with a style sheet: closed, and with an answer."""
    page = visit(sheet=sheet)
    closed = widget_looks(page)
    ask(opened(page), QUESTION)
    return closed, widget_looks(page)


def test_no_style_sheet_of_the_page_reaches_the_widget(visit):
    plain_closed, plain_shown = looks_when_used(visit, "")
    assert len(plain_shown) > 50
    looks = {}
    for name, sheet in SHEETS.items():
        closed, shown = looks_when_used(visit, sheet)
        looks[name] = differences(closed, plain_closed) + differences(shown, plain_shown)
    assert looks == {name: [] for name in SHEETS}


def test_inline_too_the_widget_keeps_its_own_looks(visit):
    styles = []
    for sheet in ("", HOSTILE):
        page = visit('mode="inline"', sheet=sheet)
        style = "(({ display, color, fontSize }) => [display, color, fontSize])"
        styles.append(widget_does(page, f"{style}(getComputedStyle(e))"))
    assert styles == [["block", "rgb(0, 0, 0)", "16px"]] * 2


def test_the_widget_changes_nothing_in_the_page(visit):
    page = visit(written="", sheet="p { color: green }")
    looks, has = page_looks(page), page_has(page)
    page = visit(sheet="p { color: green }")
    assert differences(page_looks(page), looks) == []
    assert {**page_has(page), "head": ""} == {**has, "head": ""}
    ask(opened(page), QUESTION)
    assert differences(page_looks(page), looks) == []
    box(page).press("Escape")
    assert {**page_has(page), "head": ""} == {**has, "head": ""}
    assert page.context.cookies() == []
    assert page.context.storage_state() == {"cookies": [], "origins": []}


@pytest.mark.parametrize("is_inline", [False, True], ids=["button", "inline"])
def test_the_widget_takes_no_focus_and_scrolls_no_page(visit, is_inline):
    page = visit('mode="inline"' if is_inline else "")
    assert page.evaluate("document.activeElement === document.body")
    page.mouse.wheel(0, 9999)
    expect(page.locator("h1")).not_to_be_in_viewport()
    if not is_inline:
        opened(page)
    box(page).focus()
    at = page.evaluate("scrollY")
    for question in (QUESTION, ELSEWHERE):
        widget_does(page, "e.ask(given)", question)
    assert page.evaluate("scrollY") == at


# Answers


def test_the_question_is_answered_with_its_citation(visit, server):
    first = ask(opened(visit()), QUESTION).locator("article").first
    passage = first.locator("blockquote").inner_text()
    assert passage.startswith("As a new round of technological revolution")
    assert passage in SEED.read_text("utf-8")
    expected = api_answer(server, QUESTION)["citations"][0]
    assert passage == expected["passage"]["text"]
    marks = first.locator("blockquote mark").all_inner_texts()
    assert marks == [quote["text"] for quote in expected["quotes"]]
    assert len(marks) == 2
    assert marks[1].startswith("The Opinions aims at supporting")
    assert first.locator("cite").inner_text() == expected["document"]["title"]
    facts = first.locator(".facts > *").all_inner_texts()
    assert facts == ["21 July 2022", "Service Trade", "paragraph 3"]
    summary = first.locator("details.soft summary").inner_text()
    assert summary == (
        "In reply to: What is the background of and main considerations behind the issue of the "
        "opinions by MOFCOM and relevant government departments this time?"
    )


def test_the_citation_opens_the_document_at_the_marked_passage(visit, server):
    page = opened(visit())
    link = ask(page, QUESTION).get_by_role("link", name=SAY("answer.open")).first
    document = "2022-07-21-recently-27-government-departments-including-mofcom-issued"
    address = f"{server}/documents/{document}?start=1281&end=2498#passage"
    assert link.get_attribute("href") == address
    with page.context.expect_page() as new:
        link.click()
    opened_page = new.value
    mark = opened_page.locator("mark#passage")
    expect(mark).to_be_in_viewport()
    assert mark.inner_text().startswith("As a new round of technological revolution")
    assert opened_page.evaluate("window.opener") is None
    assert opened_page.evaluate("document.referrer") == ""


def test_more_citations_are_folded_below_the_first(visit, server):
    turn = ask(opened(visit()), QUESTION)
    number = len(api_answer(server, QUESTION)["citations"])
    summary = turn.locator("summary").filter(has_text=SAY("answer.more"))
    assert summary.inner_text() == f"More passages ({number - 1})"
    assert turn.locator("article:visible").count() == 1
    summary.click()
    assert turn.locator("article:visible").count() == number
    labels = turn.locator("article").evaluate_all("all => all.map((a) => a.ariaLabel)")
    assert labels == [f"Passage {n}" for n in range(1, number + 1)]


def test_the_last_five_questions_are_sent_along_and_small_talk_is_not(visit):
    page = visit()
    requests = []

    def answer(route):
        body = json.loads(route.request.post_data)
        requests.append(body["previous"])
        small_talk = "thanks" if body["question"] == "thanks" else None
        route.fulfill(json={**cited("Tea.", ["Tea."]), "courtesy": small_talk})

    page.route(ASK, answer)
    for question in ["1", "2", "thanks", "3", "4", "5", "6", "7"]:
        widget_does(page, "e.ask(given)", question)
    assert requests[2:4] == [["1", "2"], ["1", "2"]]
    assert requests[-1] == ["2", "3", "4", "5", "6"]


def test_a_follow_up_shows_the_question_searched_for(visit):
    page = opened(visit())
    ask(page, "what did the State Council do in 2014?")
    turn = ask(page, "and what did it export?")
    searched = "Showing results for: what did the State Council do in 2014? and what did it export?"
    assert turn.locator("p.soft").first.inner_text() == searched
    assert "Rapid development has been achieved" in turn.locator("blockquote").first.inner_text()
    assert turns(page).locator("h3").all_inner_texts() == [
        "what did the State Council do in 2014?",
        "and what did it export?",
    ]


def test_not_in_the_record_is_shown_with_the_coverage(visit, server):
    page = opened(visit())
    turn = ask(page, ELSEWHERE)
    assert turn.locator(".verdict").inner_text() == "No clear answer found"
    explained = SAY("answer.not_in_record.explained", coverage=COVERAGE)
    expect(turn.locator(".verdict + p")).to_have_text(explained)
    assert heard(page).inner_text() == "No clear answer found"
    assert turn.locator("article:visible").count() == 0
    nearest = turn.locator("details").first
    assert nearest.locator("summary").first.inner_text() == SAY("answer.nearest")
    nearest.locator("summary").first.click()
    assert turn.locator("article:visible").count() == len(api_answer(server, ELSEWHERE)["nearest"])


def test_a_greeting_is_greeted_and_gets_no_passage(visit):
    page = opened(visit())
    box(page).fill("Hello!")
    box(page).press("Enter")
    expect(heard(page)).to_have_text(SAY("courtesy.greeting"))
    assert turns(page).locator("p").all_inner_texts() == [SAY("courtesy.greeting")]
    assert page.locator("press-qa article").count() == 0


def test_a_hostile_question_is_shown_as_text_and_an_empty_one_is_not_asked(visit, server):
    page = opened(visit())
    hostile = "<img src=x onerror=alert(1)> **bold** [a](javascript:alert(1))"
    turn = ask(page, hostile)
    assert turn.locator("h3").inner_text() == hostile
    assert turn.locator("h3 *").count() == 0
    box(page).fill("  \n ")
    box(page).press("Enter")
    assert turns(page).count() == 1
    assert visit.asked.count(f"{server}/api/v1/ask") == 1


def cited(text, quotes, start=0, **links):
    """Return an answer that cites a passage with these quotes."""
    spans = [(start + text.index(quote), quote) for quote in quotes]
    citation = {
        "number": 1,
        "document": {
            "id": "tea",
            "title": "Tea 🍵",
            "date": None,
            "section": None,
            "source": "https://example.org/tea",
            "language": "en",
        },
        "passage": {
            "text": text,
            "start": start,
            "end": start + len(text),
            "paragraph": 1,
            "role": "answer",
            "speaker": "MR. FU",
            "asked": None,
        },
        "quotes": [{"text": q, "start": at, "end": at + len(q)} for at, q in spans],
        "confidence": 0.9,
        "sha256": "0" * 64,
        "prefix": "",
        "suffix": "",
        "links": {"reader": "/documents/tea#passage", "source": None, **links},
        "later": None,
    }
    return {
        "question": "tea",
        "searched_for": "tea",
        "status": "answered",
        "citations": [citation],
        "nearest": [],
        "related": [],
        "confidence": 0.9,
        "snapshot": "0" * 32,
        "elapsed_ms": 1.0,
        "courtesy": None,
    }


def answered_with(page, answer):
    """Open a page whose questions get this answer."""
    page.route(ASK, lambda route: route.fulfill(json=answer))
    return page


@pytest.mark.parametrize("start", [0, 1281])
def test_emoji_before_a_quote_do_not_shift_its_mark(visit, start):
    text = "😀👩‍👩‍👧 Tea 🍵 is hot. 茶很热。 Milk is cold 🥛. 🇨🇳 The end."
    quotes = ["Tea 🍵 is hot.", "Milk is cold 🥛."]
    page = answered_with(opened(visit()), cited(text, quotes, start))
    article = ask(page, "tea").locator("article")
    assert article.locator("mark").all_inner_texts() == quotes
    assert article.locator("blockquote").inner_text() == text


def test_quotes_out_of_order_are_each_marked_once(visit):
    answer = cited("One. Two. Three.", ["Three.", "One."])
    page = answered_with(opened(visit()), answer)
    article = ask(page, "tea").locator("article")
    assert article.locator("mark").all_inner_texts() == ["One.", "Three."]
    assert article.locator("blockquote").inner_text() == "One. Two. Three."


def test_markup_and_script_links_in_an_answer_stay_text(visit):
    text = "<img src=x onerror=alert(1)> Tea."
    script = "javascript://example.org/%0Aalert(1)"
    page = answered_with(opened(visit()), cited(text, [text], source=script))
    article = ask(page, "tea").locator("article")
    assert article.locator("blockquote").inner_text() == text
    assert article.locator("img").count() == 0
    assert article.locator("a").all_inner_texts() == [SAY("answer.open")]
    assert article.locator(".links span").inner_text() == "Source file: tea"


def test_missing_fields_of_an_answer_are_stated_or_left_out(visit):
    source = "https://example.org/tea"
    page = answered_with(opened(visit()), cited("Tea.", ["Tea."], source=source))
    article = ask(page, "tea").locator("article")
    assert article.locator(".facts > *").all_inner_texts() == ["no date", "MR. FU", "paragraph 1"]
    link = article.get_by_role("link", name=SAY("answer.source"), exact=True)
    assert link.get_attribute("href") == source


@pytest.mark.parametrize(("time", "shown"), [(0, "0:00"), (95.9, "1:35"), (3725.25, "1:02:05")])
def test_the_time_is_shown_and_the_recording_is_linked(visit, time, shown):
    recording = "https://a.example/v#t=95"
    answer = cited("Tea.", ["Tea."], recording=recording)
    answer["citations"][0]["passage"]["time"] = time
    article = ask(answered_with(opened(visit()), answer), "tea").locator("article")
    facts = ["no date", "MR. FU", f"at {shown}", "paragraph 1"]
    assert article.locator(".facts > *").all_inner_texts() == facts
    link = article.get_by_role("link", name=f"Recording at {shown}", exact=True)
    assert link.get_attribute("href") == recording


def test_a_recording_without_a_time_is_linked_and_one_that_is_a_script_is_not(visit):
    page = opened(visit())
    for recording, links in (("https://a.example/v", ["Recording"]), ("javascript:alert(1)", [])):
        answer = cited("Tea.", ["Tea."], recording=recording)
        answer["citations"][0]["passage"]["time"] = None
        article = ask(answered_with(page, answer), "tea").locator("article")
        assert article.locator("a").all_inner_texts() == [SAY("answer.open"), *links]


def test_a_short_question_of_a_journalist_is_shown_in_full(visit):
    answer = cited("Tea.", ["Tea."])
    answer["citations"][0]["passage"]["asked"] = "It is late. What do you drink?"
    page = answered_with(opened(visit()), answer)
    article = ask(page, "tea").locator("article")
    assert article.locator("p.soft").inner_text() == "In reply to: It is late. What do you drink?"
    assert article.locator("details").count() == 0


def test_a_later_statement_and_related_questions_can_be_opened(visit, server):
    answer = cited("Tea.", ["Tea."])
    document = {**answer["citations"][0]["document"], "title": "Tea again", "date": "2024-05-01"}
    later = {"document": document, "start": 0, "end": 4, "reader": "/documents/again#passage"}
    answer["citations"][0]["later"] = later
    answer["related"] = ["Is milk cold?"]
    page = answered_with(opened(visit()), answer)
    link = ask(page, "tea").get_by_role("link", name="Tea again, 1 May 2024")
    assert link.get_attribute("href") == f"{server}/documents/again#passage"
    page.unroute(ASK)
    page.get_by_role("button", name="Is milk cold?").click()
    expect(turns(page).nth(1).locator("h3")).to_have_text("Is milk cold?")
    expect(turns(page).nth(1).locator(".verdict, article").first).to_be_visible()


# Trouble


def is_told(page, words, question=QUESTION, *, address):
    """Check that after an error the reason, the question and a way on are shown."""
    expect(error_message(page).locator("p")).to_have_text(words)
    assert heard(page).inner_text() == words
    assert box(page).input_value() == question
    link = error_message(page).get_by_role("link", name=SAY("widget.page"))
    query = urllib.parse.urlencode({"q": question, "language": "en"})
    assert link.get_attribute("href") == f"{address}/answer?{query}"
    return True


def is_answered_then(page):
    """Check that the question still in the box gets its answer now."""
    box(page).press("Enter")
    expect(turns(page).locator("article").first).to_be_visible()
    assert error_message(page).count() == 0
    assert turns(page).count() == 1
    return box(page).input_value() == ""


def answered_by(page, server):
    """Open a page whose questions another server answers."""
    there = f"{server}/api/v1/ask"
    page.route(ASK, lambda route: route.fulfill(response=route.fetch(url=there)))
    return page


def test_an_unreachable_server_is_reported(visit, home, ministry, server):
    with serving(home, allowed_origins=[ministry.origin]) as address:
        page = opened(visit(address=address))
    ask(page, QUESTION)
    assert is_told(page, SAY("widget.unreachable"), address=address)
    assert is_answered_then(answered_by(page, server))


def test_a_rate_limit_states_how_long_to_wait(visit, home, ministry, server):
    settings = {"allowed_origins": [ministry.origin], "questions_per_minute": 1}
    with serving(home, **settings) as address:
        page = opened(visit(address=address))
        ask(page, QUESTION)
        page.get_by_role("button", name=SAY("widget.clear")).click()
        with page.expect_response(ASK) as refused:
            ask(page, QUESTION)
        assert refused.value.status == 429
        seconds = int(refused.value.headers["retry-after"])
        assert 1 <= seconds <= 120
        assert is_told(page, SAY("widget.wait", seconds=seconds), address=address)
        assert is_answered_then(answered_by(page, server))


def test_a_busy_server_is_reported(visit, server):
    page = opened(visit())
    page.route(ASK, lambda route: route.fulfill(status=503, json={"detail": "Full."}), times=1)
    ask(page, QUESTION)
    assert is_told(page, SAY("widget.busy"), address=server)
    assert is_answered_then(page)


def test_an_error_is_shown_below_earlier_answers(visit):
    page = opened(visit())
    ask(page, QUESTION)
    ask(page, ELSEWHERE)
    page.route(ASK, lambda route: route.abort())
    ask(page, QUESTION)
    expect(error_message(page).get_by_role("link")).to_be_in_viewport(ratio=1)
    expect(error_message(page).locator("p")).to_be_in_viewport(ratio=1)


def test_a_widget_that_is_out_of_date_sends_its_visitor_to_the_page(visit, server):
    def as_another_version(route):
        body = json.loads(route.request.post_data)
        assert body == {"question": QUESTION, "previous": [], "language": "en", "widget": 1}
        route.continue_(post_data=json.dumps({**body, "widget": 99}))

    page = opened(visit())
    page.route(ASK, as_another_version, times=1)
    ask(page, QUESTION)
    assert is_told(page, SAY("widget.gone"), address=server)
    assert is_answered_then(page)


def test_a_refused_question_shows_the_reason(visit, server):
    page = opened(visit())
    long = "tea " * 700 + "milk"
    assert widget_does(page, "e.ask(given)", long) is None
    why = "The question has 2,804 characters. Shorten it to 2,000 or fewer."
    assert is_told(page, SAY("answer.failed", why=why), long, address=server)
    ask(page, QUESTION)
    assert error_message(page).count() == 0


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", "", "[1]", "null"])
def test_a_proxy_that_answers_for_the_server_is_no_answer(visit, server, body):
    page = opened(visit())
    page.route(ASK, lambda route: route.fulfill(status=502, body=body), times=1)
    ask(page, QUESTION)
    assert is_told(page, SAY("answer.failed", why="HTTP 502"), address=server)
    assert is_answered_then(page)


@pytest.mark.parametrize("body", ["<html>Log in to the network</html>", "{}", "null"])
def test_foreign_responses_are_not_shown_as_answers(visit, server, body):
    page = opened(visit())
    page.route(ASK, lambda route: route.fulfill(status=200, body=body), times=1)
    ask(page, QUESTION)
    assert is_told(page, SAY("widget.unreachable"), address=server)
    assert widget_does(page, "e.conversation") == []
    assert is_answered_then(page)


def held(page, pattern=ASK):
    """Hold requests without a response."""
    waiting = []
    page.route(pattern, lambda route: waiting.append(route))  # noqa: PLW0108 - a plain function
    return waiting


def stopped(page):
    """Open a page whose clock the test moves."""
    page.clock.install()
    page.clock.pause_at("2100-01-01")
    return page


def test_a_slow_answer_is_announced_and_then_shown(visit):
    page = stopped(opened(visit()))
    waiting = held(page)
    box(page).fill(QUESTION)
    box(page).press("Enter")
    expect(turns(page).locator("p")).to_have_text(SAY("widget.searching"))
    page.clock.run_for(3_900)
    assert heard(page).inner_text() == SAY("widget.searching")
    page.clock.run_for(200)
    assert turns(page).locator("p").inner_text() == SAY("widget.slow")
    assert heard(page).inner_text() == SAY("widget.slow")
    waiting[0].continue_()
    expect(turns(page).locator("article").first).to_be_visible()
    assert page.get_by_text(SAY("widget.slow")).count() == 0


def test_an_answer_that_does_not_come_is_waited_for_half_a_minute(visit, server):
    page = stopped(opened(visit()))
    held(page)
    box(page).fill(QUESTION)
    box(page).press("Enter")
    expect(turns(page).locator("p")).to_have_text(SAY("widget.searching"))
    page.clock.run_for(29_900)
    assert heard(page).inner_text() == SAY("widget.slow")
    page.clock.run_for(200)
    assert is_told(page, SAY("widget.unreachable"), address=server)
    page.unroute(ASK)
    assert is_answered_then(page)


def test_the_verdict_does_not_wait_for_what_the_record_holds(visit):
    page = stopped(opened(visit()))
    waiting = held(page, "**/api/v1/status")
    box(page).fill(ELSEWHERE)
    with page.expect_request("**/api/v1/status"):
        box(page).press("Enter")
    page.clock.run_for(30_100)
    expect(turns(page).locator(".verdict")).to_have_text("No clear answer found")
    assert len(waiting) == 1


def test_without_what_the_record_holds_the_verdict_stands(visit):
    page = opened(visit())
    page.route("**/api/v1/status", lambda route: route.abort())
    turn = ask(page, ELSEWHERE)
    explained = SAY("answer.not_in_record.explained", coverage="").strip()
    expect(turn.locator(".verdict + p")).to_have_text(explained)


def test_text_typed_during_a_question_stays(visit):
    page = opened(visit())
    waiting = held(page)
    box(page).fill(QUESTION)
    box(page).press("Enter")
    expect(turns(page).locator("h3")).to_have_text(QUESTION)
    box(page).fill("and what did it export?")
    box(page).press("Enter")  # one at a time
    waiting[0].continue_()
    expect(turns(page).locator("article").first).to_be_visible()
    assert len(waiting) == turns(page).count() == 1
    assert box(page).input_value() == "and what did it export?"


def test_a_conversation_cleared_during_a_question_stays_cleared(visit):
    page = opened(visit())
    waiting = held(page)
    widget_does(page, "void (e.asked = e.ask(given))", QUESTION)
    expect(turns(page).locator("h3")).to_have_text(QUESTION)
    page.get_by_role("button", name=SAY("widget.clear")).click()
    waiting[0].continue_()
    widget_does(page, "e.asked")
    page.unroute(ASK)
    assert turns(page).count() == 0
    assert widget_does(page, "e.conversation") == []
    assert page.get_by_text(SAY("chat.welcome")).count() == 1
    ask(page, ELSEWHERE)
    assert turns(page).locator("h3").all_inner_texts() == [ELSEWHERE]
    assert [turn["question"] for turn in widget_does(page, "e.conversation")] == [ELSEWHERE]


def test_clearing_during_a_question_frees_the_box(visit):
    page = stopped(opened(visit()))
    waiting = held(page)
    box(page).fill(QUESTION)
    box(page).press("Enter")
    expect(turns(page).locator("h3")).to_have_text(QUESTION)
    page.get_by_role("button", name=SAY("widget.clear")).click()
    page.clock.run_for(5_000)
    assert heard(page).inner_text() != SAY("widget.slow")
    box(page).fill(ELSEWHERE)
    box(page).press("Enter")
    expect(turns(page).locator("h3")).to_have_text(ELSEWHERE)
    waiting[1].continue_()
    expect(turns(page).locator(".verdict")).to_be_visible()
    waiting[0].abort()
    assert turns(page).count() == 1


# What is kept


def test_a_conversation_is_kept_only_while_the_visitor_wants_it(visit):
    nothing = {"cookies": [], "origins": []}
    page = opened(visit())
    ask(page, QUESTION)
    assert page.context.storage_state() == nothing
    keep = page.get_by_label(SAY("widget.keep"))
    keep.check()
    (origin,) = page.context.storage_state()["origins"]
    (entry,) = origin["localStorage"]
    assert [turn["question"] for turn in json.loads(entry["value"])] == [QUESTION]
    ask(page, ELSEWHERE)
    expect(panel(page).locator(".log")).to_contain_text(COVERAGE)
    shown = panel(page).locator(".log").inner_text()

    page.reload()
    opened(page)
    expect(turns(page)).to_have_count(2)
    expect(turns(page).locator(".verdict")).to_be_visible()
    expect(panel(page).locator(".log")).to_contain_text(COVERAGE)
    assert panel(page).locator(".log").inner_text() == shown
    assert keep.is_checked()
    keep.uncheck()
    assert page.context.storage_state() == nothing
    page.reload()
    opened(page)
    assert turns(page).count() == 0
    assert not keep.is_checked()


def test_no_more_than_the_last_twenty_answers_are_kept(visit):
    page = answered_with(opened(visit()), cited("Tea.", ["Tea."]))
    page.get_by_label(SAY("widget.keep")).check()
    for number in range(22):
        widget_does(page, "e.ask(given)", str(number))
    page.reload()
    opened(page)
    assert turns(page).locator("h3").all_inner_texts() == [str(n) for n in range(2, 22)]


def test_clearing_deletes_the_kept_conversation(visit):
    page = opened(visit())
    ask(page, QUESTION)
    page.get_by_label(SAY("widget.keep")).check()
    page.get_by_role("button", name=SAY("widget.clear")).click()
    assert turns(page).count() == 0
    assert page.get_by_text(SAY("chat.welcome")).is_visible()
    assert QUESTION not in json.dumps(page.context.storage_state())
    assert box(page).evaluate("e => e.getRootNode().activeElement === e")


def test_a_kept_conversation_is_restored_without_announcement_or_request(visit, server):
    page = opened(visit())
    ask(page, ELSEWHERE)
    page.get_by_label(SAY("widget.keep")).check()
    visit.asked.clear()
    page.reload()
    page.wait_for_load_state("networkidle")
    opened(page)
    expect(turns(page).locator(".verdict")).to_be_visible()
    assert heard(page).inner_text() == ""
    assert f"{server}/api/v1/ask" not in visit.asked


def test_another_tab_does_not_delete_the_kept_conversation(visit, server):
    page = opened(visit())
    other = page.context.new_page()
    other.goto(page.url)
    ask(page, QUESTION)
    page.get_by_label(SAY("widget.keep")).check()
    kept = page.context.storage_state()
    ask(opened(other), ELSEWHERE)
    assert page.context.storage_state() == kept


@pytest.mark.parametrize(
    "kept",
    [
        "{",
        "7",
        "[1]",
        '[{"question": "tea"}]',
        '[{"question": "tea", "answer": {}}]',
        '[{"question": "tea", "answer": {"citations": [{}], "nearest": [], "related": []}}]',
    ],
)
def test_an_unreadable_kept_conversation_does_no_harm(visit, server, kept):
    page = opened(visit())
    page.evaluate("([key, kept]) => localStorage[key] = kept", [f"press-qa {server}/", kept])
    page.reload()
    opened(page)
    assert panel(page).get_by_text(SAY("widget.searching")).count() == 0
    widget_does(page, "e.clear()")
    ask(page, QUESTION)
    assert turns(page).locator("article").count() > 0


def test_a_browser_that_keeps_nothing_can_ask(visit):
    page = visit()
    page.evaluate(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } })"
    )
    ask(opened(page), QUESTION)
    page.get_by_label(SAY("widget.keep")).check()
    ask(page, ELSEWHERE)
    assert turns(page).count() == 2


# Everybody


def show_closed(visit, **how):
    return visit(**how)


def show_open(visit, **how):
    return opened(visit(**how))


def show_answer(visit, **how):
    page = opened(visit(**how))
    turn = ask(page, QUESTION)
    for summary in turn.locator("summary:visible").all():
        summary.click()
    return page


def show_error(visit, **how):
    page = opened(visit(**how))
    page.route(ASK, lambda route: route.abort())
    ask(page, QUESTION)
    return page


def show_not_in_record(visit, **how):
    page = opened(visit(**how))
    ask(page, ELSEWHERE)
    return page


def show_inline(visit, **how):
    page = visit('mode="inline"', **how)
    ask(page, QUESTION)
    return page


def show_chinese(visit, **how):
    page = opened(visit(language="zh-CN", lang="zh", **how))
    ask(page, QUESTION)
    return page


def show_dark(visit, **how):
    page = opened(visit('theme="dark"', **how))
    ask(page, QUESTION)
    return page


STATES = [
    show_closed,
    show_open,
    show_answer,
    show_error,
    show_not_in_record,
    show_inline,
    show_chinese,
    show_dark,
]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("show", STATES, ids=[show.__name__ for show in STATES])
def test_no_state_has_an_accessibility_error(visit, show, size):
    from axe_playwright_python.sync_playwright import Axe

    page = show(visit, size=size)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


FOCUSED = """() => {
    let e = document.activeElement;
    while (e && e.shadowRoot && e.shadowRoot.activeElement) e = e.shadowRoot.activeElement;
    const name = e.getAttribute("aria-label") || e.textContent.trim();
    if (e.localName === "body") return "nothing";
    return e.localName === "textarea" ? "box" : `${e.localName}: ${name}`;
}"""


def pressed(page, key, until, most=30):
    """Return the focused elements after each press of a key, up to ``until``."""
    stops = []
    for _ in range(most):
        page.keyboard.press(key)
        stops.append(page.evaluate(FOCUSED))
        if stops[-1].startswith(until):
            return stops
    raise AssertionError(stops)


def test_the_keyboard_is_enough(visit):
    page = visit()
    stops = pressed(page, "Tab", "button: Ask a question")
    assert stops == [
        "a: Skip to the content",
        "button: Menu",
        "a: press conferences",
        "input: ",
        "button: Search",
        "button: Ask a question",
    ]
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED) == "box"
    assert launch(page).get_attribute("aria-expanded") == "true"
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(turns(page).locator("article").first).to_be_visible()
    assert page.evaluate(FOCUSED) == "box"

    summary = "summary: In reply to: What is the background"
    stops = pressed(page, "Shift+Tab", summary)
    more = [stop for stop in stops if stop.startswith("summary: More passages")]
    assert len(more) == 1
    assert "nothing" not in stops
    page.keyboard.press("Enter")
    assert turns(page).locator("details.soft p").first.is_visible()
    pressed(page, "Tab", "a: Read in context", most=1)
    with page.context.expect_page() as new:
        page.keyboard.press("Enter")
    expect(new.value.locator("mark#passage")).to_be_visible()
    new.value.close()
    page.bring_to_front()
    pressed(page, "Tab", "summary: More passages", most=1)
    page.keyboard.press("Space")
    assert turns(page).locator("article:visible").count() > 1
    pressed(page, "Tab", "box")
    assert pressed(page, "Tab", "button: Clear conversation") == [
        "button: Ask",
        "input: ",
        "button: Clear conversation",
    ]

    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(launch(page)).to_be_focused()
    expect(launch(page)).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Space")
    assert page.evaluate(FOCUSED) == "box"
    assert turns(page).count() == 1


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_close_button_gives_the_focus_back(visit, size):
    page = opened(visit(size=size))
    page.get_by_role("button", name=SAY("widget.close")).click()
    expect(panel(page)).to_be_hidden()
    expect(launch(page)).to_be_focused()


def test_the_focus_is_at_no_moment_nowhere(visit):
    """A moment without focus sends a screen reader to the top of the page."""
    page = opened(visit())
    frames = widget_does(
        page,
        """(async () => {
            const at = [];
            const look = () => at.push(document.activeElement.localName);
            e.close();
            look();
            for (let frame = 0; frame < 10; frame += 1) {
                await new Promise(requestAnimationFrame);
                look();
            }
            return at;
        })()""",
    )
    assert frames == ["press-qa"] * 11
    expect(launch(page)).to_be_focused()


def test_on_a_phone_the_focus_stays_in_the_panel(visit):
    page = opened(visit(size=PHONE))
    ask(page, QUESTION)
    stops = [*pressed(page, "Tab", "button: Close"), *pressed(page, "Tab", "box")]
    outside = ("Skip", "Menu", "press conferences", "Search", "Ask a question")
    assert [stop for stop in stops if stop.split(": ")[-1].startswith(outside)] == []


def test_nothing_that_can_have_the_focus_is_covered_by_the_panel(visit):
    """WCAG 2.2, 2.4.11: the focused element is visible."""
    page = opened(visit())
    hit = widget_does(
        page,
        """Array.from(e.shadowRoot.querySelectorAll("button, a, textarea, input"), (one) => {
            const { x, y, width, height } = one.getBoundingClientRect();
            const seen = e.shadowRoot.elementFromPoint(x + width / 2, y + height / 2);
            return [one.textContent, !width || one.contains(seen)];
        })""",
    )
    assert [name for name, is_seen in hit if not is_seen] == []


@pytest.mark.parametrize(
    ("question", "announced"),
    [(QUESTION, "3 passages found."), (ELSEWHERE, "No clear answer found")],
)
def test_an_answer_is_announced_once(visit, question, announced):
    page = opened(visit())
    heard(page).evaluate(
        """(e) => {
            e.changes = [];
            new MutationObserver(() => e.changes.push(e.textContent))
                .observe(e, { childList: true, characterData: true, subtree: true });
        }"""
    )
    ask(page, question)
    expect(heard(page)).to_have_text(announced)
    assert heard(page).evaluate("e => e.changes") == ["Searching…", announced]
    live = "[aria-live], [role=alert], [role=log], [role=status], output"
    assert page.locator("press-qa").locator(live).count() == 1


def test_keys_that_end_or_cancel_a_composition_do_no_more_than_that(visit):
    """Chinese is typed through an input method, which uses Enter and Escape itself."""
    page = opened(visit())
    box(page).fill("chá")
    for key in ("Enter", "Escape"):
        box(page).evaluate(
            """(e, key) => e.dispatchEvent(new KeyboardEvent("keydown",
                { key, isComposing: true, bubbles: true, cancelable: true, composed: true }))""",
            key,
        )
    assert turns(page).count() == 0
    assert panel(page).is_visible()


def test_shift_and_enter_make_a_new_line(visit):
    page = opened(visit())
    box(page).fill("one")
    box(page).press("End")
    box(page).press("Shift+Enter")
    page.keyboard.type("two")
    assert box(page).input_value() == "one\ntwo"
    assert turns(page).count() == 0


# What is wider than its place, or higher and cannot be scrolled.
CUT = """Array.from(e.shadowRoot.querySelectorAll("*"), (one) => {
        const { overflowX, overflowY } = getComputedStyle(one);
        const isWide = one.scrollWidth > one.clientWidth && overflowX !== "visible";
        const isHigh = one.scrollHeight > one.clientHeight && /hidden|clip/.test(overflowY);
        const isShown = one.clientWidth && one.localName !== "button";
        return isShown && (isWide || isHigh) ? one.localName : null;
    }).filter(Boolean)"""
CONTROLS = """Array.from(
    e.shadowRoot.querySelectorAll("button, a, textarea, label:has(input), summary"),
    (one) => {
        if (!one.checkVisibility() || one.matches(".launch, [for]")) return null;
        one.scrollIntoView({ block: "center" });
        const { x, y, width, height, right, bottom } = one.getBoundingClientRect();
        const isInside = x >= 0 && y >= 0 && right <= innerWidth && bottom <= innerHeight;
        const seen = e.shadowRoot.elementFromPoint(x + width / 2, y + height / 2);
        return [one.textContent || one.localName, height, isInside && one.contains(seen)];
    }).filter(Boolean)"""


@pytest.mark.parametrize("mode", ["button", "inline"])
@pytest.mark.parametrize("size", [PHONE, ZOOMED], ids=["phone", "zoomed"])
def test_a_small_screen_is_enough(visit, size, mode):
    page = visit(f'mode="{mode}"', size=size)
    if mode == "button":
        opened(page)
    ask(page, f"{QUESTION} {'x' * 100}?")
    turn = ask(page, QUESTION)
    for summary in turn.locator("summary:visible").all():
        summary.click()
    wide = "x" * 200
    answer = cited(wide, [wide])
    answer["citations"][0]["passage"] |= {"asked": wide, "speaker": wide}
    answer["citations"][0]["document"] |= {"title": wide, "section": wide, "source": wide}
    answer |= {"searched_for": wide, "related": [wide]}
    page.route(ASK, lambda route: route.fulfill(json=answer), times=1)
    ask(page, "tea")
    page.route(ASK, lambda route: route.abort())
    ask(page, wide)
    heard(page).evaluate("e => e.hidden = true")  # it is out of the flow, and seen by nobody
    assert widget_does(page, CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    controls = widget_does(page, CONTROLS)
    assert len(controls) > 10
    assert [name for name, _, is_reached in controls if not is_reached] == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_targets_are_at_least_24_pixels_high(visit, size):
    """WCAG 2.2, 2.5.8."""
    page = show_answer(visit, size=size)
    answer = cited("Tea.", ["Tea."], source="https://example.org/tea")
    answer["citations"][0]["passage"]["asked"] = f"{'It is late. ' * 20}And?"
    page.route(ASK, lambda route: route.fulfill(json=answer), times=1)
    ask(page, "tea")
    page.route(ASK, lambda route: route.abort())
    ask(page, ELSEWHERE)
    controls = widget_does(page, CONTROLS)
    assert [(name, height) for name, height, _ in controls if height < 24] == []


def test_the_panel_covers_a_phone_and_leaves_room_on_a_desk(visit):
    page = opened(visit(size=PHONE))
    place = page.locator("press-qa dialog").bounding_box()
    assert place == {"x": 0, "y": 0, "width": 320, "height": 640}
    page = opened(visit())
    place = page.locator("press-qa dialog").bounding_box()
    assert place == {"x": 1280 - 16 - 448, "y": 900 - 16 - 640, "width": 448, "height": 640}


# Languages and attributes


@pytest.mark.parametrize(
    ("language", "lang", "spoken"),
    [
        ("zh-CN", "en", "zh-Hans"),
        ("zh-TW", "en", "zh-Hant"),
        (None, "zh", "zh-Hans"),
        (None, "zh-HK", "zh-Hant"),
        (None, "fr", "en"),
        ("en", "zh", "en"),
    ],
)
def test_the_widget_speaks_the_language_it_is_given_or_the_page_s(visit, language, lang, spoken):
    say = Wording(spoken)
    page = visit(language=language, lang=lang)
    page.get_by_role("button", name=say("widget.open"), exact=True).click()
    assert panel(page).locator("h2").inner_text() == say("widget.open")
    log = panel(page).get_by_role("region", name=say("chat.label"), exact=True)
    assert log.locator("p").all_inner_texts() == [say("chat.welcome")]
    assert box(page).get_attribute("placeholder") == say("chat.placeholder")
    panel(page).get_by_label(say("chat.input"), exact=True).fill(ELSEWHERE)
    with page.expect_request(ASK) as request:
        panel(page).get_by_role("button", name=say("chat.send"), exact=True).click()
    assert request.value.post_data_json["language"] == spoken
    expect(panel(page).locator(".verdict")).to_have_text(say("answer.not_in_record"))
    coverage = say("coverage.one", documents=1, first=datetime.date(2022, 7, 21))
    explained = say("answer.not_in_record.explained", coverage=coverage)
    expect(panel(page).locator(".verdict + p")).to_have_text(explained)
    assert panel(page).get_by_label(say("widget.keep")).count() == 1
    assert panel(page).get_by_role("button", name=say("widget.clear")).count() == 1
    assert panel(page).get_by_role("button", name=say("widget.close")).count() == 1
    assert widget_does(page, "e.lang") == spoken


def test_a_passage_declares_its_language(visit):
    page = opened(visit(language="zh-CN"))
    article = ask(page, QUESTION).locator("article").first
    assert article.locator("blockquote").get_attribute("lang") == "en"
    assert article.locator("cite").get_attribute("lang") == "en"


def test_the_heading_is_the_page_s(visit):
    page = visit('heading="Ask the Ministry &lt;b&gt;"')
    assert launch(page).inner_text() == "Ask the Ministry <b>"
    opened(page)
    assert panel(page).locator("h2").inner_text() == "Ask the Ministry <b>"
    assert page.get_by_role("dialog", name="Ask the Ministry <b>").count() == 1


def test_questions_of_the_page_are_buttons_that_ask(visit):
    page = opened(visit(f'questions=" {QUESTION} || {ELSEWHERE}|"'))
    offered = panel(page).locator(".log button")
    assert offered.all_inner_texts() == [QUESTION, ELSEWHERE]
    offered.nth(1).click()
    expect(turns(page).locator(".verdict")).to_have_text("No clear answer found")
    assert turns(page).locator("h3").all_inner_texts() == [ELSEWHERE]
    page.get_by_role("button", name=SAY("widget.clear")).click()
    assert offered.all_inner_texts() == [QUESTION, ELSEWHERE]


def test_the_focus_survives_a_question_that_was_pressed(visit):
    """A suggested question disappears with the welcome; the focus must not."""
    page = opened(visit(f'questions="{ELSEWHERE}"'))
    panel(page).locator(".log button").press("Enter")
    expect(turns(page).locator(".verdict")).to_be_visible()
    assert widget_does(page, "e.shadowRoot.activeElement !== null")


@pytest.mark.parametrize(("position", "x"), [("left", 16), ("right", None), ("top", None)])
def test_the_widget_stands_where_the_page_puts_it(visit, position, x):
    page = visit(f'position="{position}"')
    place = launch(page).bounding_box()
    assert place["x"] == (16 if x else 1280 - 16 - place["width"])
    assert place["y"] + place["height"] == 900 - 16
    opened(page)
    place = page.locator("press-qa dialog").bounding_box()
    assert place["x"] == (16 if x else 1280 - 16 - place["width"])


def test_inline_the_widget_is_part_of_the_page(visit):
    page = visit('mode="inline"')
    assert launch(page).count() == 0
    assert widget_does(page, "getComputedStyle(e).position") == "static"
    width = page.locator("main").bounding_box()["width"]
    assert page.locator("press-qa").bounding_box()["width"] == width
    assert page.get_by_role("button", name=SAY("widget.close")).count() == 0
    widget_does(page, "(e.open(), e.close())")
    assert page.get_by_role("region", name="Ask a question").count() == 1
    assert page.evaluate("document.activeElement === document.body")


BLUE = ["rgb(29, 78, 216)", "rgb(255, 255, 255)"]


def colours(visit, server, accents):
    """Return background and text of the button for each accent, from one page."""
    elements = "".join(f'<press-qa accent="{accent}"></press-qa>' for accent in accents)
    page = visit(written=snippet(server).replace("<press-qa></press-qa>", "") + elements)
    launches = page.locator("press-qa button.launch")
    expect(launches).to_have_count(len(accents) + 1)
    assert all(one.is_visible() for one in launches.all())
    colours_found = launches.evaluate_all(
        "all => all.map(getComputedStyle).map((style) => [style.backgroundColor, style.color])"
    )
    assert colours_found[0] == BLUE  # the snippet's
    return dict(zip(accents, colours_found[1:], strict=True))


def test_text_on_the_accent_can_be_read(visit, server):
    expected = {
        "#7f1d1d": ["rgb(127, 29, 29)", "rgb(255, 255, 255)"],
        "gold": ["rgb(255, 215, 0)", "rgb(0, 0, 0)"],
        "hsl(60 100% 90%)": ["rgb(255, 255, 204)", "rgb(0, 0, 0)"],
        "#777": ["rgb(119, 119, 119)", "rgb(0, 0, 0)"],
        "#767676": ["rgb(118, 118, 118)", "rgb(0, 0, 0)"],
        "#747474": ["rgb(116, 116, 116)", "rgb(255, 255, 255)"],
    }
    assert colours(visit, server, expected) == expected


def test_an_accent_that_is_no_plain_colour_is_ignored(visit, server):
    accents = [
        "",
        "nonsense",
        "url(https://evil.example/)",
        "red; } * { display:none",
        "red } :host { display: none",
        "red !important",
        "var(--mark)",
        "VAR(--mark)",
        "env(nothing)",
        "inherit",
        "initial",
        "transparent",
        "currentcolor",
    ]
    assert colours(visit, server, accents) == dict.fromkeys(accents, BLUE)


def test_an_accent_in_another_notation_is_ignored_or_its_text_can_be_read(visit, server):
    black, white = "rgb(0, 0, 0)", "rgb(255, 255, 255)"
    readable = {
        "gold /*": black,
        "rgb(255 255 0 / 90%)": black,
        "oklch(0.95 0.1 100)": black,
        "oklch(0.3 0.1 260)": white,
        "lab(90% 0 0)": black,
        "color(srgb 1 1 0)": black,
        "color-mix(in srgb, yellow, white)": black,
    }
    pairs = colours(visit, server, readable)
    assert {a: f for a, f in pairs.items() if f != BLUE and f[1] != readable[a]} == {}


LIGHT_PAPER, DARK_PAPER = "rgb(255, 255, 255)", "rgb(28, 25, 23)"


@pytest.mark.parametrize(
    ("theme", "scheme", "paper"),
    [
        ("", "dark", LIGHT_PAPER),
        ("light", "dark", LIGHT_PAPER),
        ("dark", "light", DARK_PAPER),
        ("auto", "light", LIGHT_PAPER),
        ("auto", "dark", DARK_PAPER),
    ],
)
def test_the_theme_is_the_page_s_or_the_visitor_s(visit, theme, scheme, paper):
    page = opened(visit(f'theme="{theme}"', color_scheme=scheme))
    dialog = page.locator("press-qa dialog")
    assert dialog.evaluate("e => getComputedStyle(e).backgroundColor") == paper


def luminance(colour):
    """Return the relative luminance of an rgb() colour (WCAG 2.2), in [0, 1], higher is lighter."""
    channels = [int(c) / 255 for c in re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", colour).groups()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_placeholder_has_enough_contrast(visit, theme):
    page = opened(visit(f'theme="{theme}"'))
    text = box(page).evaluate("e => getComputedStyle(e, '::placeholder').color")
    paper = box(page).evaluate("e => getComputedStyle(e).backgroundColor")
    dark, light = sorted([luminance(text), luminance(paper)])
    assert (light + 0.05) / (dark + 0.05) >= 4.5


# For the page's own scripts


def test_the_page_gets_the_events(visit):
    page = visit()
    page.evaluate(
        """() => {
            document.told = [];
            for (const name of ["open", "close", "answer", "error"]) {
                document.addEventListener(`press-qa-${name}`, (event) =>
                    document.told.push([event.type, event.target.localName, event.detail]));
            }
        }"""
    )
    ask(opened(page), QUESTION)
    page.route(ASK, lambda route: route.fulfill(status=503, json={}))
    ask(page, ELSEWHERE)
    box(page).press("Escape")
    expect(panel(page)).to_be_hidden()
    (answered,) = widget_does(page, "e.conversation")
    assert page.evaluate("document.told") == [
        ["press-qa-open", "press-qa", None],
        ["press-qa-answer", "press-qa", answered],
        [
            "press-qa-error",
            "press-qa",
            {"question": ELSEWHERE, "status": 503, "detail": SAY("widget.busy")},
        ],
        ["press-qa-close", "press-qa", None],
    ]
    assert set(answered) == {"question", "answer"}


def test_the_page_can_open_ask_read_clear_and_close(visit, server):
    page = visit()
    assert widget_does(page, "e.conversation") == []
    widget_does(page, "e.open()")
    assert panel(page).is_visible()
    answer = widget_does(page, "e.ask(given)", f"  {QUESTION} ")
    expected = api_answer(server, QUESTION)
    assert {**answer, "elapsed_ms": 0} == {**expected, "elapsed_ms": 0}
    assert widget_does(page, "e.conversation") == [{"question": QUESTION, "answer": answer}]
    assert widget_does(page, "e.ask('  ')") is None
    widget_does(page, "e.clear()")
    assert widget_does(page, "e.conversation") == []
    assert turns(page).count() == 0
    widget_does(page, "e.close()")
    assert panel(page).is_hidden()


def test_the_element_may_be_moved_and_made_by_script(visit):
    page = opened(visit())
    ask(page, QUESTION)
    widget_does(page, "document.querySelector('main').append(e)")
    assert turns(page).count() == 1
    page.evaluate("document.body.append(document.createElement('press-qa'))")
    assert page.locator("press-qa").last.locator("button.launch").is_visible()


def test_a_server_below_a_path_is_asked_there(visit, server):
    page = visit(f'server="{server}/record"')
    with opened(page).expect_request(ASK) as request:
        ask(page, QUESTION)
    assert request.value.url == f"{server}/record/api/v1/ask"


# Without the script


def is_led_on(page, server, language=""):
    """Check that the link inside the element leads to the page without script."""
    link = page.locator("press-qa > a")
    expect(link).to_be_visible()
    link.click()
    page.wait_for_url(f"{server}/answer{language}")
    expect(page.locator("form.ask input[type=search]")).to_be_visible()
    return True


def test_without_script_the_link_leads_to_the_page_that_needs_none(visit, server):
    assert is_led_on(visit(java_script_enabled=False), server)


def test_the_link_keeps_the_language(visit, server):
    page = visit(language="zh-TW", java_script_enabled=False)
    assert page.locator("press-qa > a").inner_text() == "我要提問"
    assert is_led_on(page, server, "?language=zh-TW")


def test_a_script_that_is_not_the_one_pinned_does_not_run(visit, server):
    pinned = integrity()
    other = f"sha384-{'A' * 64}"
    page = visit(written=snippet(server).replace(pinned, other))
    page.wait_for_load_state("networkidle")
    assert not widget_does(page, "!!e.shadowRoot")
    assert is_led_on(page, server)


def test_a_browser_too_old_for_the_widget_keeps_the_link(visit, server):
    page = visit(written="")
    page.evaluate("delete window.HTMLDialogElement")
    script = snippet(server)
    address = re.search(r'src="([^"]+)"', script)[1]
    page.evaluate(
        """([link, address]) => {
            document.body.append(Object.assign(document.createElement("press-qa")));
            document.querySelector("press-qa").append(
                Object.assign(document.createElement("a"), { href: link, textContent: "Ask" }));
            return new Promise((resolve) => document.body.append(Object.assign(
                document.createElement("script"), { src: address, onload: resolve })));
        }""",
        [f"{server}/answer", address],
    )
    assert is_led_on(page, server)
