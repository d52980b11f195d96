"""Questions and answers of HTML pages: closed, hidden or stated as data, they become text."""

import itertools
import json

import pytest

from qa.sources.formats.html import html
from qa.sources.ingest import document_of
from qa.sources.layouts.registry import turns

INTRO = "The water office of Brenna repairs pipes, reads meters, and answers letters within a week."


def read(body):
    page = f"<html><head><title>Water</title></head><body><h1>Water</h1>{body}</body></html>"
    return html(page.encode(), "x.html")


def asked(body):
    """The paragraphs behind the introduction, which is long and lies in an element of its own."""
    intro, *others = read(f"<div><p>{INTRO}</p><p>{INTRO}</p></div>{body}").text.split("\n\n")[1:]
    assert intro == INTRO
    return others


def data(content):
    return f"<script type='application/ld+json'>{json.dumps(content)}</script>"


def question(name, *answers, **fields):
    stated = [{"@type": "Answer", "text": answer} for answer in answers]
    return {"@type": "Question", "name": name, "acceptedAnswer": stated, **fields}


BOTH = ["Who pays?", "The town.", "When are meters read?", "In May."]


@pytest.mark.parametrize(
    "body",
    [
        (
            "<details><summary>Who pays?</summary>The town.</details>"
            "<details><summary>When are meters read?</summary><p>In May.</p></details>"
        ),
        "<dl><dt>Who pays?<dd>The town.<dt>When are meters read?<dd>In May.</dl>",
        (
            "<dl><dt><button aria-expanded=false>Who pays?</button><dd hidden>The town."
            "<dt><button>When are meters read?</button><dd style='display:none'>In May.</dl>"
        ),
        (
            "<section><h3>Who pays?</h3><p>The town.</p>"
            "<h3>When are meters read?</h3><p>In May.</p></section>"
        ),
        (
            "<section><h3><button aria-expanded=false aria-controls=a>Who pays?</button></h3>"
            "<div id=a aria-hidden=true hidden>The town.</div>"
            "<h3><button aria-expanded=false aria-controls=b>When are meters read?</button></h3>"
            "<div id=b style='display: none'>In May.</div></section>"
        ),
        (
            "<ul><li><a href='#'>Who pays?</a><div style='display:none'>The town.</div>"
            "<li><a href='#'>When are meters read?</a><div hidden>In May.</div></ul>"
        ),
        (
            "<div><div role=button aria-controls=a>Who pays?</div></div><div>"
            "<div id=a hidden>The town.</div></div><div class=faq-q>When are meters read?</div>"
            "<div hidden=until-found>In May.</div>"
        ),
        (
            "<div itemscope itemtype='https://schema.org/Question'><h3 itemprop=name>Who pays?</h3>"
            "<div hidden><p itemprop=text>The town.</p></div></div>"
            "<div typeof='schema:Question'><meta property=name content='When are meters read?'>"
            "<p property=acceptedAnswer><meta property='schema:text' content='In May.'></p></div>"
        ),
        (
            "<x-list><x-item header='Who pays?'>The town.</x-item>"
            "<x-item heading='When are meters read?'><p>In May.</p></x-item></x-list>"
        ),
        (
            "<div hidden><h3>Who pays?</h3><p>The town.</p>"
            "<h4>When are meters read?</h4><p>In May.</p></div>"
        ),
        data({"@type": "FAQPage", "mainEntity": [question(*BOTH[:2]), question(*BOTH[2:])]}),
        data([question(*BOTH[:2])]) + data({"@type": "QAPage", "mainEntity": question(*BOTH[2:])}),
    ],
)
def test_questions_and_answers_become_paragraphs_in_order(body):
    assert asked(body) == BOTH
    assert not read(body).remark


def test_short_answers_beside_a_long_introduction_are_of_the_main_part():
    shown = "".join(
        f"<h3><button aria-expanded=false>Who pays for part {n}?</button></h3>"
        f"<div style='display:none'>The town pays for part {n}.</div>"
        for n in range(20)
    )
    long = " ".join([INTRO] * 6)
    body = f"<main><div><h1>Water</h1>{f'<p>{long}</p>' * 5}</div><div>{shown}</div></main>"
    text = html(f"<html><body>{body}</body></html>".encode(), "x.html").text
    pairs = [(f"Who pays for part {n}?", f"The town pays for part {n}.") for n in range(20)]
    assert text.split("\n\n") == [*[long] * 5, *itertools.chain(*pairs)]


def test_a_part_that_a_title_or_a_tab_opens_follows_it():
    body = (
        "<h2><button aria-expanded=false data-bs-target='#m'>Meters</button></h2>"
        "<div id=m hidden>The town pays.</div>"
        "<div><button class=faq-question>Pipes</button><div class=faq-answer>Iron.</div></div>"
        "<div role=tablist><a role=tab href='#p'>Prices</a><button role=tab aria-controls=h>"
        "Hours</button></div><div role=tabpanel id=p>Two crowns.</div>"
        "<div role=tabpanel id=h hidden>Until noon.</div>"
    )
    paragraphs = [
        "Meters",
        "The town pays.",
        "Pipes",
        "Iron.",
        "Prices",
        "Two crowns.",
        "Hours",
        "Until noon.",
    ]
    assert asked(body) == paragraphs


def test_a_hidden_copy_of_what_is_shown_is_not_said_twice():
    answer = "The town pays for meters and pipes, but not for what the frost has broken."
    shown = f"<div class=wide><h3>Who pays?</h3><p>{answer}</p></div>"
    copy = shown.replace("class=wide", "class='faq narrow' hidden")
    assert asked(shown + copy) == ["Who pays?", answer]
    assert asked(copy + shown) == ["Who pays?", answer]
    other = copy.replace("frost", "ice").replace("meters", "wells").replace("town", "county")
    assert len(asked(shown + other)) == 4


def test_buttons_that_do_things_and_menus_and_dialogs_stay_out():
    body = (
        "<button>Print</button><h2>Meters <button>Copy link</button></h2><p>Read in May.</p>"
        "<button aria-expanded=false aria-controls=m>Topics</button>"
        "<ul id=m hidden><li><a href=/a>Pipes</a><li><a href=/b>Wells</a></ul>"
        "<button aria-expanded=false>Filter</button><div hidden>Year <input name=y></div>"
        "<div id=cookie-banner hidden>May we store cookies? <button>Yes</button></div>"
        "<div role=dialog hidden><h2>Really?</h2>Think again.</div>"
    )
    assert asked(body) == ["Meters", "Read in May."]


@pytest.mark.parametrize(
    ("body", "remark"),
    [
        ("<div hidden>Prices of 2019.</div><p style='display:none'>Draft.</p>", "2 hidden parts"),
        ("<iframe src=/faq></iframe>", "1 embedded page"),
        ("<video src=v></video><img src=a><img src=b alt=''>", None),
        ("<img src=a width=16 height=16><iframe hidden src=x></iframe>", ""),
        (f"<noscript>{INTRO}</noscript>", "1 part for browsers without scripts"),
        (f"<script type='application/json'>{json.dumps([INTRO + ' ' + BOTH[0]])}</script>", ""),
        (f"<script type='application/json'>{json.dumps([' '.join(BOTH * 3)])}</script>", "1 s"),
        ("<script type='application/ld+json'>{'@type': 'FAQPage'</script>", "1 script with data"),
        ("<aside hidden>More</aside><nav hidden>Home</nav>", ""),
    ],
)
def test_what_is_left_out_is_told(body, remark):
    expected = "1 embedded file, 1 image without a description" if remark is None else remark
    told = read(f"<p>{INTRO}</p><p>{INTRO}</p>{body}").remark
    assert told.startswith(f"left out: {expected}") if expected else not told


def test_a_page_that_scripts_write_is_told():
    found = read("<p>See below.</p><script src=app.js></script>")
    assert (found.text, found.remark) == ("See below.", "left out: 1 script that may write text")


def test_data_in_a_graph_gives_text_without_markup():
    graph = [
        {"@id": "#q", "@type": ["Question"], "name": "Who pays?", "acceptedAnswer": {"@id": "#a"}},
        {"@id": "#a", "@type": "Answer", "text": "<p>The <b>town</b> &amp; you.</p><ul><li>Half."},
        question(" When? ", "&lt;p&gt;In May.&lt;/p&gt;", suggestedAnswer=[{"text": "In June."}]),
    ]
    assert asked(data({"@graph": graph})) == [
        *("Who pays?", "The town & you.", "Half."),
        *("When?", "In May.", "In June."),
    ]


def test_data_that_ends_with_a_comma_or_stands_in_a_comment_is_read():
    script = data(question("Who pays?", "The town.")).replace("}]", "},]")
    assert asked(script) == ["Who pays?", "The town."]
    assert asked(script.replace(">{", "><!-- {").replace("</", " --></")) == BOTH[:2]


def test_data_adds_only_what_the_page_lacks():
    shown = "<h3>1. Who pays?</h3><p>The town.</p><h3>When are meters read?</h3><h3>Where?</h3>"
    stated = [question("Who pays?", "It is the town that pays."), question(*BOTH[2:])]
    assert asked(shown + data(stated)) == [
        *("1. Who pays?", "The town.", "When are meters read?", "In May.", "Where?"),
    ]


def test_a_lost_question_is_put_before_its_answer():
    answer = "The town pays for meters, pipes and wells, but not for what the frost has broken."
    assert asked(f"<p>{answer}</p><p>{INTRO}</p>" + data(question("Who pays?", answer))) == [
        *("Who pays?", answer, INTRO),
    ]


def test_data_is_read_in_time_that_grows_with_its_length():
    content = question("Who pays?", "x" * 1_000_000)
    deep = "[" * 100_000
    script = f"<script type='application/ld+json'>{deep}</script>" + data(content)
    assert asked(script)[0] == "Who pays?"


ONE_QUESTION = {
    "details": "<details><summary>Who pays for the ferry?</summary>The county pays.</details>",
    "accordion": '<h2><button aria-expanded="false" aria-controls="a">Who pays for the ferry?'
    '</button></h2><div id="a" hidden><p>The county pays.</p></div>',
    "open accordion": '<h3><button aria-expanded="true">Who pays for the ferry?</button></h3>'
    "<div>The county pays.</div>",
    "data": '<script type="application/ld+json">{"@type": "FAQPage", "mainEntity": [{'
    '"@type": "Question", "name": "Who pays for the ferry?", "acceptedAnswer": {'
    '"@type": "Answer", "text": "The county pays."}}]}</script>',
}


@pytest.mark.parametrize("part", ONE_QUESTION.values(), ids=ONE_QUESTION)
def test_one_question_that_a_page_marks_is_a_question(part):
    page = f"<html><body><h1>Ferry</h1><p>The ferry runs on all days.</p>{part}</body></html>"
    document = document_of(html(page.encode(), "page.html"), "page.html")
    told = [
        (t.role, t.span.of(document.text).strip()) for t in turns(document.text, document.layout)
    ]
    assert told[-2:] == [("question", "Who pays for the ferry?"), ("answer", "The county pays.")]


def test_a_heading_that_asks_makes_no_page_of_questions():
    page = (
        "<html><body><h1>Ferry</h1><p>It runs.</p><h2>What is new?</h2><p>A lamp.</p></body></html>"
    )
    document = document_of(html(page.encode(), "page.html"), "page.html")
    assert document.layout == "statement"
