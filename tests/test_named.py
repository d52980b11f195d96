"""Numbers, members, months and days that a question names come first."""

import datetime

import pytest

from conftest import WordEncoder, corpus_file
from qa import QA
from qa.answer.answer_checks import faults
from qa.answer.named import by_initials
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document, Hit, to_json
from qa.text.question_dates import asks_when_said

MINISTERS = ["Roads", "Health", "Schools", "Water", "Ports", "Forests", "Rail"]


def replies(heading):
    """Numbered replies that differ in little but number, member and minister."""
    found = ["Reykvale Assembly, replies"]
    for n, minister in enumerate(MINISTERS):
        found += [
            heading.format(40 + n),
            f"Member {'ABCDEIM'[n]}. Halvor to ask the Minister for {minister}: what was spent.",
            f"10th Feb., 20{20 + n}" if n == 3 else "In reply to the member:",
            f"Reply: It was {n} crowns. The audit office checked it.",
        ]
    return "\n\n".join(found)


@pytest.fixture
def ask(tmp_path, encoder):
    def make(*documents):
        build(map(corpus_file, documents), tmp_path, encoder, passage_chars=1250)
        return QA(open_snapshot(tmp_path), WordEncoder())

    return make


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Question No. 20{}/2025", "What was Question No. 2043/2025?"),
        ("Question No. 20{}/2025", "question 2043"),
        ("QUESTION NO: 20{}", "What is the reply to question 2043?"),
        ("Written question 20{}", "Written question 2043"),
        ("PQ 120{}", "PQ 12043"),
    ],
)
def test_a_question_is_found_by_its_number_and_quoted_with_its_reply(ask, heading, question):
    text = replies(heading)
    qa = ask(Document(id="d", title="Replies", text=text))
    answer = qa.ask(question)
    assert answer.status == "answered"
    (citation,) = answer.citations
    assert [quote.text for quote in citation.quotes] == [
        "Member D. Halvor to ask the Minister for Water: what was spent.",
        "Reply: It was 3 crowns.",
        "The audit office checked it.",
    ]
    assert list(faults(to_json(answer), qa.snapshot.documents)) == []


def test_a_number_that_no_question_has_is_not_in_the_record(ask):
    qa = ask(Document(id="d", title="Replies", text=replies("Question No. 20{}/2025")))
    answer = qa.ask("What was Question No. 2099/2025?")
    assert (answer.status, answer.confidence) == ("not_in_record", 0.0)
    assert qa.ask("What was Question No. 2040/2024?").status == "not_in_record"


def test_a_number_in_running_text_is_quoted_where_it_stands(ask):
    called = "No question is a question for no one. I call 99/2025 now. Question, question, no."
    qa = ask(Document(id="d", title="Log", text=f"Question No. 40/2025\n\n{called}"))
    answer = qa.ask("Question No. 99/2025")
    shown = [q.text for c in answer.citations or answer.nearest for q in c.quotes]
    assert shown == ["I call 99/2025 now."]


def test_a_member_is_recognised_behind_a_title(ask):
    for title in ("Ms. ", "MS. ", "Hon. ", ""):
        text = (
            f"Question No. 114\n\n{title}Karua asked the Minister what was spent.\n\nReply: Much."
        )
        other = "Question No. 115\n\nMr. Tarn asked the Minister what was spent.\n\nReply: Little."
        qa = ask(Document(id="d", title="D", text=f"{text}\n\n{other}"))
        first = qa.ask("What did Ms Karua ask?").citations[0]
        assert [q.text for q in first.quotes][-1] == "Reply: Much."


def test_a_number_that_many_documents_have_names_none(ask):
    texts = [f"Question 1\n\nWhat about crane {n}?\n\nIt is broken." for n in range(5)]
    qa = ask(*(Document(id=f"d{n}", title="D", text=text) for n, text in enumerate(texts)))
    assert max(hit.confidence for hit in qa.explain("question 1").hits) < 0.97


@pytest.mark.parametrize("member", "ABCDEIM")
def test_a_question_is_found_by_the_member_who_put_it(ask, member):
    """Single letters, some of them words of no subject, are all that tells the members apart."""
    qa = ask(Document(id="d", title="Replies", text=replies("Question No. 20{}/2025")))
    for question in (f"What did Member {member}. Halvor ask?", f"question by {member}. Halvor"):
        first = qa.ask(question).citations[0]
        assert f"Member {member}. Halvor" in first.quotes[0].text
        assert len(first.quotes) >= 3


def test_a_small_number_among_other_words_is_not_looked_up(ask):
    text = "Question 5\n\nWhy is tea hot?\n\nFire heats it.\n\nQuestion 6\n\nWhy rain?\n\nClouds."
    qa = ask(Document(id="d", title="D", text=text))
    assert qa.explain("question 5").hits[0].confidence == 0.97
    found = qa.explain("What did clouds do about rain in the question 5 years ago?")
    assert "Clouds" in qa.snapshot.passages[found.hits[0].row].text


def test_a_name_with_initials_comes_before_its_like_and_is_as_sure(ask):
    texts = ["A. Halvor said that tea is hot.", "B. Halvor said that tea is hot."]
    qa = ask(*(Document(id=f"d{n}", title="D", text=text) for n, text in enumerate(texts)))
    asked = qa.parse("What did A. Halvor say about tea?")
    hits = [Hit(1, "d1", 2.0, 0.9, is_answer=True), Hit(0, "d0", 1.0, 0.1, is_answer=False)]
    assert by_initials(qa.snapshot, asked, hits) == [
        Hit(0, "d0", 2.0, 0.9, is_answer=True),
        Hit(1, "d1", 1.0, 0.9, is_answer=True),
    ]
    assert by_initials(qa.snapshot, qa.parse("What of tea?"), hits) == hits


def test_a_name_with_initials_that_holds_less_is_no_surer(ask):
    texts = ["A. Halvor said that rain fell.", "B. Halvor said that tea is hot."]
    qa = ask(*(Document(id=f"d{n}", title="D", text=text) for n, text in enumerate(texts)))
    asked = qa.parse("What did A. Halvor say about tea?")
    hits = [Hit(1, "d1", 2.0, 0.9, is_answer=True), Hit(0, "d0", 1.0, 0.1, is_answer=False)]
    assert by_initials(qa.snapshot, asked, hits)[0] == Hit(0, "d0", 2.0, 0.1, is_answer=False)


def statement(month, text):
    day = datetime.date(2025, month, 5)
    return Document(id=f"m{month}", title="Statement of the county", text=text, date=day)


MONTHS = [
    statement(2, "The harbour of Holm will get a new crane. Fishermen asked for it for years."),
    statement(3, "The county repairs the roads to the mill. Work begins after the harvest."),
    statement(5, "The strait of Tarn is closed to all ships until the autumn."),
    statement(6, "The county repairs the roads to the mill. Work begins after the harvest now."),
]


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("What was said about the strait of Tarn in May 2025?", "answered"),
        ("What was said about the strait of Tarn on 5 May 2025?", "answered"),
        ("What was said about the strait of Tarn?", "answered"),
        ("Which ships pass the strait of Tarn in February 2025?", "answered"),
        ("What was said about the strait of Tarn in February 2025?", "not_in_record"),
        ("What did they say about the strait on 5 March 2025?", "not_in_record"),
        ("Which statement was on the strait of Tarn in spring 2024?", "not_in_record"),
    ],
)
def test_a_question_about_a_month_is_answered_from_that_month_or_not_at_all(ask, question, status):
    answer = ask(*MONTHS).ask(question)
    assert answer.status == status
    assert any("strait" in c.passage.text for c in answer.citations or answer.nearest)


def test_a_passage_that_names_the_month_may_be_of_another(ask):
    for when in ("In February 2025", "In 2025年2月"):
        later = statement(7, f"{when} the strait of Tarn was open, the county said.")
        answer = ask(*MONTHS, later).ask("What was said about the strait of Tarn in February 2025?")
        assert answer.citations[0].document.id == "m7"


def test_the_time_asked_for_is_when_it_was_said():
    assert asks_when_said("What was said about tea in May 2020?")
    assert not asks_when_said("How much tea was sold in May 2020?")


LOG = "\n\n".join(
    f"{day}\n\nMS. TARN: {text}"
    for day, text in [
        ("Monday, 2 February 2026", "The mines in Holm go on working with salt."),
        ("Friday, 6 March 2026", "The duty on barley stays at four crowns."),
        ("Friday, 8 May 2026", "The duty on barley ends in the summer."),
    ]
)


def test_a_passage_of_a_log_is_cited_with_its_day(ask):
    qa = ask(Document(id="log", title="Log", text=LOG))
    answer = qa.ask("Do the mines in Holm go on working?")
    assert answer.citations[0].document.date == datetime.date(2026, 2, 2)
    assert list(faults(to_json(answer), qa.snapshot.documents)) == []
    spoilt = to_json(answer)
    spoilt["citations"][0]["document"]["date"] = "2026-03-06"
    assert any("document is" in fault for fault in faults(spoilt, qa.snapshot.documents))


def test_filters_and_questions_for_a_time_see_the_days_of_a_log(ask):
    qa = ask(Document(id="log", title="Log", text=LOG))
    march, april = datetime.date(2026, 3, 1), datetime.date(2026, 4, 1)

    def days(question, **only):
        answer = qa.ask(question, **only)
        return [c.document.date.month for c in answer.citations or answer.nearest]

    assert set(days("duty on barley", since=march, until=april)) == {3}
    assert set(days("duty on barley", since=april)) == {5}
    assert set(days("mines in Holm", until=march)) == {2}
    assert days("What was said about the duty on barley in May 2026?")[0] == 5
    assert days("What was said about the duty on barley in March 2026?")[0] == 3
    assert days("What is the latest on the duty on barley?")[0] == 5


def test_a_later_day_of_a_log_is_cited(ask):
    text = LOG.replace("ends in the summer", "stays at nine crowns")
    qa = ask(Document(id="log", title="Log", text=text))
    answer = qa.ask("Is four crowns the duty on barley that farmers, millers and bakers pay?")
    assert answer.citations[0].later.document.date == datetime.date(2026, 5, 8)
    assert list(faults(to_json(answer), qa.snapshot.documents)) == []
