"""Five hundred hostile texts, asked and recorded: everywhere they are shown, and nothing runs.

In Chromium the pages are opened without the policies that would stop a script: what is tested
is that there is none to stop.
"""

import contextlib
import csv
import datetime
import html
import itertools
import json
import re
import subprocess
import sys
import urllib.request
from urllib.parse import urlsplit

import pytest

from conftest import WordEncoder, corpus_file
from hostile import HOST, KINDS, MARK, PAYLOADS, batches, query
from patience import HANG_MS, HANG_S
from qa import QA
from qa.answer.answer_checks import faults
from qa.evaluation import batch, evaluate, write
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document
from qa.settings import Settings
from qa.sources import corpus_folder
from qa.sources.ingest import ingest
from qa.sources.layouts.registry import turns
from qa.web.server.live import Live
from qa.web.ui.chat import example_questions
from qa.web.wording import Wording
from serving import serving


def on_a_served_page(test):
    """Mark a test that opens pages of a server over the hostile record."""
    return pytest.mark.slow(pytest.mark.browser(pytest.mark.server(test)))


# Shorter than the longest question taken.
QUESTIONS = list(batches(PAYLOADS, most_chars=1_900))
# A word for each document, which stands in no other.
TOWNS = ["".join(four).title() for four in itertools.product(("ba", "ke", "do", "lu"), repeat=4)]
# What a press conference may be asked, and who may answer.
SPEAKER = "MR. O'ONLOAD'ALERT"


def test_there_are_five_hundred_of_every_kind():
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 500
    assert len(KINDS) == 24
    assert all(len(payloads) >= 8 for payloads in KINDS.values())
    assert all(len(question) < 2_000 for question in QUESTIONS)
    assert [line for q in QUESTIONS for line in q.split("\n")] == "\n".join(PAYLOADS).split("\n")


def stored(text):
    """The text as a source file gives it: without NUL, which no source may hold."""
    return text.replace("\0", " ").replace("\r\n", "\n")


def flat(text):
    """The text without white space, which pages show as they like, and NUL, which they cannot."""
    return "".join(text.replace("\0", " ").split())


def hostile_documents():
    """Documents whose every part is a payload; each payload stands in some text."""
    for number, four in enumerate(zip(*[map(stored, PAYLOADS)] * 4, strict=True)):
        title, section, source, asked = four
        date = datetime.date(2020, 1, 1) + datetime.timedelta(days=number)
        is_one_paragraph = len(re.split(r"\n[ \t]*\n", asked)) == 1
        yield Document(
            id=f"hostile-{number}",
            title=title,
            text="\n\n".join(
                [f"What of {asked}?({date})", f"Tea was hot in {TOWNS[number]}.", *four]
            ),
            date=date,
            section=section,
            source=source if number % 2 else f"https://{HOST}/{source}",
            layout="question-answer" if is_one_paragraph else "statement",
        )
    # The newest, whose questions the chat offers.
    offered = [f"Q What of {payload}?\n\n{SPEAKER}: {payload}" for payload in KINDS["breakouts"]]
    yield Document(
        id="transcript",
        title="Questions",
        text="\n\n".join(offered),
        date=datetime.date(2022, 1, 1),
        layout="transcript",
    )


RECORD = {document.id: document for document in hostile_documents()}


def test_every_payload_stands_in_the_record():
    texts = "\n".join(document.text for document in RECORD.values())
    assert [payload for payload in PAYLOADS if stored(payload) not in texts] == []
    speakers = {turn.speaker for turn in turns(RECORD["transcript"].text, "transcript")}
    assert speakers == {None, SPEAKER}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the hostile record."""
    home = tmp_path_factory.mktemp("hostile")
    for document in RECORD.values():
        content = corpus_folder.render(document, "source.txt", "0" * 64)
        corpus_folder.write(home / "corpus", document.id, content)
    return home


@pytest.mark.parametrize("field", ["title", "section", "source", "text", "layout"])
def test_the_corpus_folder_keeps_every_character(home, field):
    kept = {file.document.id: file.document for file in corpus_folder.read_all(home / "corpus")}
    told = {id_: getattr(document, field) for id_, document in kept.items()}
    assert told == {id_: getattr(document, field) for id_, document in RECORD.items()}


@pytest.fixture(scope="module")
def kept(home):
    """The documents as the corpus folder holds them, by id."""
    return {file.document.id: file.document for file in corpus_folder.read_all(home / "corpus")}


@pytest.fixture(scope="module")
def server(home):
    """``qa serve`` over the hostile record; its address."""
    subprocess.run([sys.executable, "-m", "qa", "index"], cwd=home, check=True, capture_output=True)
    unlimited = {"questions_per_minute": 100_000, "requests_per_minute": 100_000}
    # Many citations for a question: every document is shown in the end.
    with serving(home, top_k=20, **unlimited) as address:
        yield address


# Tells of the mark being set, in whatever frame.
TELL = f"Object.defineProperty(window, '{MARK}', {{set() {{ console.log('{MARK}'); }}}});"


def watched(page, is_expected):
    """A list that grows with everything the page does that ``is_expected`` does not know."""
    seen = []

    def requested(request):
        parts = urlsplit(request.url)
        is_asked_for = request.is_navigation_request() and request.frame == page.main_frame
        is_named = MARK in request.url and not is_asked_for
        if is_named or not is_expected(parts):
            seen.append(("request", request.url[:200]))

    def said(message):
        if MARK in message.text:
            seen.append(("ran", message.text[:200]))

    page.context.add_init_script(TELL)
    page.context.on("request", requested)
    page.context.on("page", lambda opened: seen.append(("opened", opened.url)))
    page.on("console", said)
    page.on("pageerror", lambda error: seen.append(("error", str(error)[:200])))
    page.on("dialog", lambda d: (seen.append(("dialog", d.message)), d.dismiss()))
    return seen


@contextlib.contextmanager
def nothing_runs(chromium, address, paths):
    """A page that may ask the server at ``address`` for these paths; at the end nothing else was.

    No policy forbids anything on it.
    """
    ours = urlsplit(address)

    def is_expected(parts):
        if parts.scheme in {"data", "blob"}:
            return parts.path.startswith(("image/", "font/", f"{address}/"))
        return parts[:2] == ours[:2] and re.fullmatch(paths, parts.path) is not None

    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    seen = watched(page, is_expected)
    try:
        yield page
    finally:
        context.close()
    assert seen == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(
    "kind",
    ["script tags", "breakouts", "event handlers", "links", "styles", "frames and forms", "chat"],
)
def test_where_nothing_is_escaped_they_do_run(chromium, kind):
    """Otherwise the tests below would see nothing whatever happened."""
    context = chromium.new_context()
    page = context.new_page()
    seen = watched(page, lambda parts: parts.path == "/shown")
    shown = iter(KINDS[kind][::4])
    context.route(
        "**/*",
        lambda route: (
            route.fulfill(body=f"<p>{next(shown)}</p>", content_type="text/html; charset=utf-8")
            if urlsplit(route.request.url).path == "/shown"
            else route.abort()
        ),
    )
    for _ in KINDS[kind][::4]:
        page.goto(f"http://{HOST}/shown")
    context.close()
    assert seen


SHOWN = """(root, names) => [...root.querySelectorAll(names.citation)].map((one) => {
  const texts = (name) => [...one.querySelectorAll(name)].map((element) => element.textContent);
  const [reader, source] = one.querySelectorAll(names.links);
  return {
    reader: reader.getAttribute("href"),
    source: source && [source.getAttribute("href"), source.textContent],
    title: texts("cite"), passage: texts("blockquote"), facts: texts(names.facts),
    asked: texts(names.asked), later: texts(names.later), copies: texts(names.copies),
  };
})"""
CHAT = {
    "citation": ".qa-citation",
    "links": ".qa-links > :is(a, span)",
    "facts": ".qa-facts > *",
    "asked": ".qa-asked bdi, .qa-asked > p",
    "later": ".qa-later a",
    "copies": ".qa-copy pre",
}
WIDGET = {
    "citation": "article",
    "links": ".links > *",
    "facts": ".facts > *",
    "asked": ".soft bdi, .soft > p",
    "later": ".soft > a",
    "copies": "pre",
}


def check_citations(shown, record):
    """Every citation on a page says what the record does, part by part; the documents' ids."""
    assert shown
    ids = set()
    for one in shown:
        place = re.search(r"documents/([^?]+)\?start=(\d+)&end=(\d+)", one["reader"])
        id_, start, end = place.groups()
        document = record[id_]
        ids.add(id_)
        start, end = int(start), int(end)
        assert flat("".join(one["title"])) == flat(document.title)
        *quoted, passage = one["passage"]
        assert flat(passage) == flat(document.text[start:end])
        assert all(flat(quote) in flat(passage) for quote in quoted)
        assert all(flat(document.title) in flat(copy) for copy in one["copies"][:1])
        facts = {flat(fact) for fact in one["facts"]}
        assert document.section is None or flat(document.section) in facts
        turn = next(
            t for t in turns(document.text, document.layout) if t.span.start <= start < t.span.end
        )
        assert turn.speaker is None or flat(turn.speaker) in facts
        if turn.asked:
            asked = {flat(text) for text in one["asked"]}
            assert flat(turn.asked.of(document.text)) in asked
        href, text = one["source"] or (None, "")
        if href:
            assert flat(href).startswith(flat(document.source))
            assert document.source.startswith(f"https://{HOST}/")
        elif document.source:
            names = {document.source, document.source.rsplit("/", 1)[-1]}
            assert flat(text) in {flat(f"Source file: {name}") for name in names}
        for later in one["later"]:
            known = {flat(f"{d.title}, {SAY.date(d.date)}") for d in record.values()}
            assert flat(later).removesuffix(flat(SAY("answer.new_tab"))) in known
    return ids


SAY = Wording()
CHAT_PATHS = r"/|/en/.*|/style/.*|/look/.*|/theme\.css|/favicon\.ico"
PAGE_PATHS = r"/answer|/documents/[^/]+|/style/.*|/look/.*|/favicon\.ico"
WIDGET_PATHS = r"/widget|/widget\.js|/api/v1/(ask|status)|/style/.*|/look/.*|/favicon\.ico"


def parts(items, size):
    """The items, so many at a time."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def shown_in_the_chat(chromium, server, kept, questions):
    """Ask a few questions in the chat, as many as it keeps; the documents that it shows."""
    with nothing_runs(chromium, server, CHAT_PATHS) as page:
        page.goto(server)
        page.wait_for_selector("#qa-question textarea")
        answers = page.locator("#qa-chat .bot .qa-answer")
        for number, question in enumerate(questions):
            page.fill("#qa-question textarea", question)
            page.keyboard.press("Enter")
            answers.nth(number).wait_for(state="attached", timeout=HANG_MS)
        asked = page.locator("#qa-chat .user").all_text_contents()
        assert [flat(text) for text in asked] == [flat(question) for question in questions]
        assert page.locator("#qa-chat .user .qa-message *:not(br)").count() == 0
        assert answers.count() == len(questions)
        return set().union(*(check_citations(a.evaluate(SHOWN, CHAT), kept) for a in answers.all()))


@on_a_served_page
def test_the_chat_shows_questions_and_passages_as_text(chromium, server, kept):
    ids = set()
    for some in parts(QUESTIONS, 4):
        ids |= shown_in_the_chat(chromium, server, kept, some)
    # Then what was not shown for those, by what no other document says.
    for at_a_time in (7, 1):
        towns = [town for town, id_ in zip(TOWNS, RECORD, strict=False) if id_ not in ids]
        questions = [f"Was tea hot in {' '.join(some)}?" for some in parts(towns, at_a_time)]
        for some in parts(questions, 4):
            ids |= shown_in_the_chat(chromium, server, kept, some)
    assert ids == set(kept)


@on_a_served_page
def test_the_chat_offers_hostile_questions_as_text(chromium, server, home):
    offered = example_questions(open_snapshot(home / "index"))
    assert len(offered) == 4
    assert all("<" in question for question in offered)
    with nothing_runs(chromium, server, CHAT_PATHS) as page:
        page.goto(server)
        page.wait_for_selector("#qa-question textarea")
        buttons = page.locator("button.qa-example")
        assert [flat(b) for b in buttons.all_text_contents()] == [flat(q) for q in offered]
        buttons.first.click()
        page.locator("#qa-chat .qa-answer").wait_for(state="attached", timeout=HANG_MS)
        assert flat(page.locator("#qa-chat .user").text_content()) == flat(offered[0])


@on_a_served_page
def test_the_chat_takes_halves_of_characters(chromium, server):
    """A script may put what is no text into the box; it is shown with a mark in its place."""
    with nothing_runs(chromium, server, CHAT_PATHS) as page:
        page.goto(server)
        page.wait_for_selector("#qa-question textarea")
        page.evaluate(
            """() => {
              const box = document.querySelector("#qa-question textarea");
              box.value = "is tea " + String.fromCharCode(0xd800) + " hot";
              box.dispatchEvent(new Event("input", { bubbles: true }));
            }"""
        )
        page.focus("#qa-question textarea")
        page.keyboard.press("Enter")
        page.locator("#qa-chat .qa-answer").wait_for(state="attached", timeout=HANG_MS)
        assert page.locator("#qa-chat .user").text_content().strip() == "is tea ? hot"


PARTS = """() => {
  const all = (name) => [...document.querySelectorAll(name)];
  const texts = (name) => all(name).map((element) => element.textContent);
  return {
    titles: texts("title, h1"), facts: texts(".facts > *"), text: texts("section > p"),
    links: all(".facts a").map((link) => link.getAttribute("href")),
    speakers: texts("section h2"), marked: texts("mark"),
  };
}"""


@on_a_served_page
def test_the_reader_shows_documents_as_text(chromium, server, kept):
    with nothing_runs(chromium, server, PAGE_PATHS) as page:
        for document in kept.values():
            marked = document.text.split("\n\n")[2]
            start = document.text.index(marked)
            place = f"start={start}&end={start + len(marked)}"
            page.goto(f"{server}/documents/{document.id}?{place}#passage")
            shown = page.evaluate(PARTS)
            source = document.source or ""
            is_link = source.startswith("https://")
            facts = [SAY.date(document.date), document.section]
            name = source.rsplit("/", 1)[-1]
            facts.append(source if is_link or not source else f"Source file: {name}")
            assert [flat(text) for text in shown["titles"]] == [flat(document.title)] * 2
            assert [flat(text) for text in shown["facts"]] == [flat(f) for f in facts if f]
            assert [flat(text) for text in shown["links"]] == [flat(source)] * is_link
            assert flat("".join(shown["text"])) == flat(document.text)
            assert flat("".join(shown["marked"])) == flat(marked)
            if document.id == "transcript":
                assert set(shown["speakers"]) == {"Question"}


def told(server, question):
    """The API's answer to a question."""
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server}/api/v1/ask", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=HANG_S) as answer:  # noqa: S310
        return json.load(answer)


@on_a_served_page
def test_the_page_that_answers_shows_questions_and_passages_as_text(chromium, server, kept):
    with nothing_runs(chromium, server, PAGE_PATHS) as page:
        for question in batches(PAYLOADS, most_chars=250):
            page.goto(f"{server}/answer?q={query(question)}")
            boxes, titles, searched = page.evaluate(
                """() => [
                  [...document.querySelectorAll("#q")].map((e) => e.value),
                  [...document.querySelectorAll("title")].map((e) => e.textContent),
                  [...document.querySelectorAll(".qa-words")].map((e) => e.textContent),
                ]"""
            )
            assert [flat(text) for text in [*boxes, *titles]] == [flat(question)] * 2
            answer = told(server, question)
            searched_for = answer["searched_for"]
            is_told = searched_for not in {"", answer["question"]}
            assert searched == ([searched_for] if is_told else [])
            check_citations(page.locator("body").evaluate(SHOWN, CHAT), kept)


@on_a_served_page
def test_the_widget_shows_questions_and_passages_as_text(chromium, server, kept):
    with nothing_runs(chromium, server, WIDGET_PATHS) as page:
        page.goto(f"{server}/widget")
        page.wait_for_function("document.querySelector('press-qa').shadowRoot")
        page.evaluate("document.querySelector('press-qa').open()")
        for question in QUESTIONS:
            answer = page.evaluate("(q) => document.querySelector('press-qa').ask(q)", question)
            assert flat(answer["question"]) == flat(question)
        root = page.evaluate_handle("document.querySelector('press-qa').shadowRoot")
        headings = "(root) => [...root.querySelectorAll('h3')].map((e) => e.textContent)"
        asked = root.evaluate(headings)
        assert [flat(text) for text in asked] == [flat(question) for question in QUESTIONS]
        check_citations(root.evaluate(SHOWN, WIDGET), kept)
        # What is kept on the device is shown the same when the visitor comes back.
        root.evaluate("(root) => root.querySelector('input[type=checkbox]').click()")
        page.reload()
        page.wait_for_function("document.querySelector('press-qa').shadowRoot")
        root = page.evaluate_handle("document.querySelector('press-qa').shadowRoot")
        assert root.evaluate(headings) == asked
        check_citations(root.evaluate(SHOWN, WIDGET), kept)


@pytest.fixture
def judged(tmp_path):
    """A judged set of payloads in which every question fails, so that all are in the report."""
    folder = tmp_path / "<img src=x onerror=alert(1)> & '\""
    folder.mkdir()
    documents = [
        {"_id": f"<b>{number}</b>", "title": stored(payload), "text": stored(text)}
        for number, (payload, text) in enumerate(zip(PAYLOADS, QUESTIONS, strict=False))
    ]
    queries = [
        {"_id": f"<i>{number}</i>", "text": text, "answerable": number > 0}
        for number, text in enumerate(QUESTIONS)
    ]
    # What is judged to answer is another document than the one that holds the question.
    judged = [
        f"<i>{number}</i>\t<b>{(number + 1) % len(documents)}</b>\t1\n"
        for number in range(1, len(QUESTIONS))
    ]
    for name, rows in {"corpus": documents, "queries": queries}.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    (folder / "qrels.tsv").write_text("".join(judged), "utf-8")
    return folder, documents


@pytest.mark.slow
@pytest.mark.browser
def test_the_report_shows_questions_and_documents_as_text(chromium, judged, tmp_path, word_encoder):
    folder, documents = judged
    settings = Settings.load(cache=tmp_path / "cache")
    write(evaluate(folder, settings=settings), tmp_path / "out")
    report = (tmp_path / "out" / "report.html").as_uri()
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    seen = watched(page, lambda parts: parts.geturl() == report)
    page.goto(report)
    failures = page.evaluate(
        """() => [...document.querySelectorAll(".failure")].map((one) => [
          one.querySelector("h4").textContent, one.querySelector(".found h5").textContent,
          one.querySelector(".found").textContent, one.querySelector(".expected").textContent,
        ])"""
    )
    assert page.title() == page.text_content("h1") or folder.name in page.text_content("h1")
    context.close()
    assert seen == []
    assert sorted(flat(question) for question, *_ in failures) == sorted(map(flat, QUESTIONS))
    texts = {document["_id"]: flat(document["text"]) for document in documents}
    for _, where, found, expected in failures:
        assert flat(found).removeprefix(flat(where)) in texts[where.removeprefix("Found first: ")]
        assert "<b>" in expected or "the record holds none" in expected


@pytest.mark.slow
def test_the_table_of_answers_holds_no_formula_and_every_text(home, kept, tmp_path):
    encoder = WordEncoder()
    build(map(corpus_file, kept.values()), tmp_path / "index", encoder, passage_chars=500)
    qa = QA(open_snapshot(tmp_path / "index"), encoder, top_k=2)
    rows = [{"id": payload, "question": f"{payload} "} for payload in PAYLOADS]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    batch(qa, tmp_path / "q.jsonl", tmp_path / "a.csv", timing=False)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 500
    cells = [cell for row in found for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))] == []
    assert [cell for cell in cells if cell.strip().startswith(tuple("=+-@＝＋－＠"))] == []

    def told(row, name):
        """The text of a cell, without the apostrophe that makes it harmless."""
        cell = row[name]
        return cell[1:] if re.match(r"'(\s*[=+\-@＝＋－＠]|[\t\r\n])", cell) else cell

    for row, payload in zip(found, PAYLOADS, strict=True):
        # A payload that begins like one made harmless cannot be told from it.
        assert payload in {told(row, "id"), row["id"]}
        asked = payload.replace("\0", " ").strip()
        assert asked in {told(row, "question"), row["question"]}
        for number in "12":
            document = kept.get(row[f"document_{number}"])
            if document:
                start, end = (int(row[f"{name}_{number}"]) for name in ("start", "end"))
                assert told(row, f"passage_{number}") == document.text[start:end]
                for name in ("title", "section", "source"):
                    text = getattr(document, name) or ""
                    assert text in {told(row, f"{name}_{number}"), row[f"{name}_{number}"]}
    assert [row for row in found if row["document_1"]]


NESTED = {
    "quotes": "> " * 150_000,
    "brackets": "[" * 100_000 + "]" * 100_000,
    "lists": "".join(f"{'  ' * (depth % 200)}- item\n" for depth in range(5_000)),
    "emphasis": "*a **b " * 30_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NESTED)
def test_nested_markdown_becomes_a_document_like_any_other(name, tmp_path, make_client):
    """So do ten megabytes: the time goes up as the length does, and no faster."""
    (tmp_path / "nested.md").write_text(f"# Nested\n\n{NESTED[name]}", "utf-8")
    (ingested,) = ingest([tmp_path / "nested.md"], tmp_path / "corpus")
    assert ingested.outcome == "new"
    (file,) = corpus_folder.read_all(tmp_path / "corpus")
    build([file], tmp_path / "index", WordEncoder(), passage_chars=1_250)
    client = make_client(Live(QA(open_snapshot(tmp_path / "index"), WordEncoder())))
    answer = client.post("/api/v1/ask", json={"question": "nested a b item"})
    assert list(faults(answer.json(), {file.document.id: file.document})) == []
    page = client.get(f"/documents/{file.document.id}?start=2&end=8").text
    assert '<mark id="passage" tabindex="-1">Nested</mark>' in page
    texts = re.findall(r'<p dir="auto">(.*?)</p>', page, re.DOTALL)
    shown = html.unescape(re.sub("<[^>]*>", "", "".join(texts)))
    assert flat(shown) == flat(file.document.text)


TOO_LONG = {
    "quotes": "> " * 5_000_000,
    "brackets": "[" * 10_000_000,
    "lists": "\n-" * 5_000_000,
    "formulae": "$$" * 5_000_000,
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_ten_megabytes_are_no_question(name, make_live, make_client):
    client = make_client(make_live({"tea": "Tea is hot."}))
    question = TOO_LONG[name]
    assert len(question) == 10_000_000
    for asked, status in [(question, 413), (question[:20_000], 422)]:
        refused = client.post("/api/v1/ask", json={"question": asked})
        assert (refused.status_code, refused.json()["status"]) == (status, status)
    page = client.get("/answer", params={"q": question[:20_000]})
    assert page.status_code == 422
    data = [question, [], False, "", "", ""]
    joined = client.post("/en/gradio_api/queue/join", json={"data": data})
    assert joined.status_code == 413
