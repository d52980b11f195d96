"""A question becomes an answer whose every word is the record's."""

import dataclasses
import datetime
import json
import sys
from pathlib import Path

import pytest

from conftest import WordEncoder, corpus_file
from qa import QA
from qa.answer import ask
from qa.answer.reranker import PairScores
from qa.errors import EncoderError, QuestionError
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document, Question, to_json

PAGE = (
    "Rain fell on roads. Why is tea always hot?(2020-01-01)\n\n"
    "Fire heats water. Tea leaves float. Cups hold it.\n\n"
    "Milk comes from cows. It is white."
)


@pytest.fixture
def qa(make_index):
    index = make_index({"page": PAGE}, passage_chars=60, layout="question-answer")
    return QA(open_snapshot(index), WordEncoder())


def test_the_answer_is_a_slice_of_the_record_with_its_sentence_quoted(qa):
    answer = qa.ask("what do tea leaves do?")
    assert answer.status == "answered"
    first = answer.citations[0]
    assert first.passage.text == "Fire heats water. Tea leaves float. Cups hold it."
    assert first.passage.text == PAGE[first.passage.start : first.passage.end]
    (quote,) = first.quotes
    assert quote.text == "Tea leaves float." == PAGE[quote.start : quote.end]
    assert first.passage.role == "answer"
    assert first.passage.paragraph == 2
    assert first.passage.asked == "Rain fell on roads. Why is tea always hot?"
    assert first.prefix == PAGE[first.passage.start - 32 : first.passage.start]
    assert first.suffix == PAGE[first.passage.end : first.passage.end + 32]
    assert (first.number, first.sha256) == (1, qa.snapshot.documents["page"].sha256)


class Orders:
    """A reranker that finds all windows alike."""

    sha256, languages, most_hits = "", None, 2

    def score(self, _, windows):
        return [PairScores(1.0) for _ in windows]


def test_the_journey_enters_each_module_once(make_index):
    texts = {f"d{n}": f"Tea number{n} is hot." for n in range(6)}
    qa = QA(open_snapshot(make_index(texts)), WordEncoder(), reranker=Orders())
    answer_room = Path(ask.__file__).parent
    entered = []

    def note(frame, event, _):
        if event == "call" and frame.f_back and frame.f_back.f_code.co_filename == ask.__file__:
            module = Path(frame.f_code.co_filename)
            is_step = module.parent == answer_room and module.stem not in {"ask", "result"}
            if is_step and module.stem not in entered[-1:]:
                entered.append(module.stem)

    sys.setprofile(note)
    try:
        qa.explain("is tea number3 hot")
    finally:
        sys.setprofile(None)
    assert entered == [
        "filters",
        "conversation",
        "question",
        "features",
        "ranking",
        "lookup",
        "rescoring",
        "named",
        "citations",
        "related",
    ]


def test_the_quote_is_from_the_cited_passage_for_every_citation(qa):
    for citation in qa.ask("tea water milk white cows").citations:
        for quote in citation.quotes:
            assert citation.passage.start <= quote.start < quote.end <= citation.passage.end
            assert quote.text in citation.passage.text


def test_a_question_like_the_journalists_gets_the_answer_that_followed(qa):
    answer = qa.ask("why is tea always hot?")
    assert answer.status == "answered"
    assert {c.passage.role for c in answer.citations} == {"answer"}
    assert answer.citations[0].passage.asked.endswith("Why is tea always hot?")


def test_a_subject_that_the_record_lacks_is_not_answered(qa):
    answer = qa.ask("import duty on soybeans")
    assert (answer.status, answer.citations) == ("not_in_record", ())
    assert answer.confidence < 0.5
    assert len(answer.nearest) >= 1


@pytest.mark.parametrize("question", ["", "  \n ", "\0", "\ud800"])
def test_an_empty_or_unreadable_question_gets_no_answer(qa, question):
    answer = qa.ask(question)
    assert answer.status == "not_in_record"
    assert answer.citations == ()
    json.dumps(to_json(answer), ensure_ascii=False).encode()


def test_a_typo_is_mended_and_shown(make_index):
    class Pieces(WordEncoder):
        def count_tokens(self, text):
            return len(text)

    qa = QA(open_snapshot(make_index({"a": "Cultural trade grew."})), Pieces())
    answer = qa.ask("cultral  trde")
    assert (answer.question, answer.searched_for) == ("cultral  trde", "cultural trade")
    assert answer.status == "answered"


def test_soft_hyphens_and_ligatures_of_record_and_question_do_not_part_them(make_index):
    text = "From this day co\ufb00ee may be imp\u00adorted."
    qa = QA(open_snapshot(make_index({"a": text, "b": "From this day tea."})), WordEncoder())
    asked = "may co\u00adffee be im\u00adported?"
    answer = qa.ask(asked)
    assert (answer.question, answer.searched_for) == (asked, "may coffee be imported?")
    assert answer.citations[0].passage.text == text


def test_a_question_that_is_too_long_is_refused_with_both_lengths(qa):
    with pytest.raises(QuestionError, match=r"has 2,001 characters\. Shorten it to 2,000 or fewer"):
        qa.ask("x" * 2001)


def test_another_encoder_than_the_snapshots_is_refused_with_both(make_index):
    other = WordEncoder()
    other.name, other.sha256 = "other", "f" * 64
    with pytest.raises(EncoderError, match=r'encoder words .* this is other .*run "qa index"'):
        QA(open_snapshot(make_index({"a": "Tea."})), other)


def test_top_k_bounds_what_is_cited(make_index):
    index = make_index({f"d{n}": f"Tea number{n} is hot." for n in range(9)})

    def cited(**settings):
        answer = QA(open_snapshot(index), WordEncoder(), **settings).ask("tea hot")
        return len(answer.citations or answer.nearest)

    assert (cited(), cited(top_k=5)) == (3, 5)


def test_the_answer_names_the_snapshot_and_the_json_names_are_the_contracts(qa):
    answer = to_json(qa.ask("tea leaves"))
    assert answer["snapshot"] == qa.snapshot.digest
    assert list(answer) == [
        "question",
        "searched_for",
        "status",
        "citations",
        "nearest",
        "related",
        "confidence",
        "snapshot",
        "elapsed_ms",
        "courtesy",
    ]
    (citation, *_) = answer["citations"]
    assert list(citation) == [
        "number",
        "document",
        "passage",
        "quotes",
        "confidence",
        "sha256",
        "prefix",
        "suffix",
        "links",
        "later",
    ]
    names = ["id", "title", "date", "section", "source", "language", "also"]
    assert list(citation["document"]) == names
    assert list(citation["passage"]) == [
        "text",
        "start",
        "end",
        "paragraph",
        "role",
        "speaker",
        "asked",
        "page",
        "time",
    ]
    assert list(citation["quotes"][0]) == ["text", "start", "end"]
    assert list(citation["links"]) == ["reader", "source", "recording"]


@pytest.fixture
def dated(tmp_path, encoder):
    """The same statement in three years and once undated."""
    years = {"old": 2019, "mid": 2020, "new": 2021, "undated": None}
    documents = [
        Document(
            id=name,
            title="tea",
            text=f"Tea is hot, {name}.",
            date=year and datetime.date(year, 5, 1),
        )
        for name, year in years.items()
    ]
    index = tmp_path / "dated"
    build([corpus_file(d) for d in documents], index, encoder, passage_chars=100)
    return QA(open_snapshot(index), WordEncoder(), top_k=9)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, {"old", "mid", "new", "undated"}),
        ("2020-05-01", None, {"mid", "new"}),
        (None, "2020-05-01", {"old", "mid"}),
        ("2020-05-01", "2020-05-01", {"mid"}),
        ("2020-05-02", "2021-04-30", set()),
    ],
)
def test_since_and_until_leave_out_what_was_published_at_other_times(dated, since, until, expected):
    dates = [value and datetime.date.fromisoformat(value) for value in (since, until)]
    answer = dated.ask("hot tea", since=dates[0], until=dates[1])
    assert {c.document.id for c in answer.citations} == expected
    assert answer.is_answered == bool(expected)


@pytest.fixture
def sectioned(tmp_path, encoder):
    of = {"a": "Trade", "b": None, "c": "Tea", "d": "Trade"}
    documents = [Document(id=i, title=i, text=f"Tea is hot {i}.", section=s) for i, s in of.items()]
    build(map(corpus_file, documents), tmp_path, encoder, passage_chars=100)
    return QA(open_snapshot(tmp_path), encoder)


@pytest.mark.parametrize(
    ("section", "expected"),
    [("Trade", {"a", "d"}), ("Tea", {"c"})],
)
def test_a_section_leaves_out_the_documents_of_others(sectioned, section, expected):
    answer = sectioned.ask("is tea hot", section=section)
    assert {c.document.id for c in answer.citations} == expected
    assert len(sectioned.ask("is tea hot", top_k=4).citations) == 4


def test_an_unknown_section_is_refused_with_those_there_are(sectioned):
    assert sectioned.snapshot.documents.sections == ["Trade", "Tea"]
    with pytest.raises(QuestionError, match="has no section 'Milk'; it has: Trade, Tea") as caught:
        sectioned.ask("is tea hot", section="Milk")
    assert (caught.value.reason, caught.value.facts) == ("section", {"section": "Milk"})


SPEAKERS = "MR. CARNEY: {} is hot.\n\nMS. TARN: {} is hot too.\n\nMR. CARNEY: Good. {} is hot."


@pytest.fixture
def spoken(make_index):
    text = "\n\n".join(SPEAKERS.format(*[what] * 3) for what in ("Tea", "Milk", "Soup"))
    index = make_index({"talk": text}, layout="transcript")
    return QA(open_snapshot(index), WordEncoder(), top_k=9)


def test_a_speaker_leaves_out_what_others_said(spoken):
    everybody = {c.passage.speaker for c in spoken.ask("is tea hot").citations}
    assert {"MR. CARNEY", "MS. TARN"} <= everybody
    for name in ("MR. CARNEY", "MS. TARN"):
        answer = spoken.ask(Question("is tea hot", speaker=name))
        assert {c.passage.speaker for c in answer.citations} == {name}
        assert {
            spoken.snapshot.passages[h.row].speaker
            for h in spoken.explain("tea", speaker=name).hits
        } == {name}


def test_an_answer_of_the_speaker_is_found_by_the_question_it_answers(make_index):
    turns = [f"Q How many boats sail to port{n}?\n\nMR. CARNEY: {n}." for n in range(4)]
    index = make_index({"talk": "\n\n".join(turns)}, layout="transcript")
    qa = QA(open_snapshot(index), WordEncoder())
    first = qa.ask("How many boats sail to port2?", speaker="MR. CARNEY").citations[0]
    assert (first.passage.text, first.passage.speaker) == ("MR. CARNEY: 2.", "MR. CARNEY")
    assert first.passage.asked == "How many boats sail to port2?"


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("Carney", "MR. CARNEY"),
        ("Ms Tran", "MS. TARN"),
        ("R", "MR. CARNEY, MS. TARN"),
        ("X", "none"),
    ],
)
def test_an_unknown_speaker_is_refused_with_similar_names(spoken, name, similar):
    with pytest.raises(QuestionError) as caught:
        spoken.ask("is tea hot", speaker=name)
    assert str(caught.value) == (
        f"The record has no speaker {name!r}; similar names: {similar}. "
        "Use a name as citations show it."
    )
    assert (caught.value.reason, caught.value.facts) == ("speaker", {"speaker": name})


def test_a_question_may_be_a_record_or_a_text_with_its_fields(dated):
    day = datetime.date(2020, 5, 1)
    asked = Question("and hot?", previous=["what of tea?"], since=day, top_k=1)
    expected = dataclasses.replace(dated.ask(asked), elapsed_ms=0)
    fields = {"previous": ["what of tea?"], "since": day, "top_k": 1}
    assert dataclasses.replace(dated.ask("and hot?", **fields), elapsed_ms=0) == expected
    assert dataclasses.replace(dated.explain(asked).answer, elapsed_ms=0) == expected
    assert len(expected.citations) == 1
    with pytest.raises(TypeError, match="sinse"):
        dated.ask("and hot?", sinse=day)


def test_since_after_until_is_refused(dated):
    with pytest.raises(QuestionError, match=r"since \(2021-01-01\) is after until \(2020-01-01\)"):
        dated.ask("tea", since=datetime.date(2021, 1, 1), until=datetime.date(2020, 1, 1))


def test_an_answer_is_explained_by_all_that_was_found(dated):
    explained = dated.explain("hot tea", hidden=[0])
    assert explained.answer.is_answered
    assert sorted(hit.row for hit in explained.hits) == [1, 2, 3]
    assert explained.hits[0].document == explained.answer.citations[0].document.id
    without = dated.explain("hot tea", hidden=range(4))
    assert (without.hits, without.answer.status) == ((), "not_in_record")


def test_words_of_hidden_passages_are_not_known_to_their_document(make_index):
    text = "Tea is hot.\n\n" + "Milk is very very very cold."
    index = make_index({"page": text}, passage_chars=30)
    qa = QA(open_snapshot(index), WordEncoder())
    (tea, milk) = range(2)
    assert qa.explain("milk cold", hidden=[tea]).answer.is_answered
    assert not qa.explain("milk cold", hidden=[milk]).answer.is_answered


def test_a_follow_up_is_searched_with_the_question_before_it(dated):
    answer = dated.ask("and hot?", previous=["what of milk?", "what of tea?"])
    assert (answer.question, answer.searched_for) == ("and hot?", "what of tea? and hot?")
    assert dated.ask(" ", previous=["what of tea?"]).searched_for == ""


@pytest.mark.parametrize(
    ("said", "expected"), [("Hello!", "greeting"), ("thank you", "thanks"), ("bye", "farewell")]
)
def test_small_talk_is_answered_by_no_passage(qa, said, expected):
    answer = qa.ask(said)
    assert (answer.courtesy, answer.status) == (expected, "not_in_record")
    assert (answer.citations, answer.nearest, answer.searched_for) == ((), (), "")


def test_a_question_is_no_small_talk(qa):
    assert qa.ask("hello, what do tea leaves do?").courtesy is None


def test_last_year_counts_from_the_setting_today(dated):
    asked = {
        today.year: QA(dated.snapshot, WordEncoder(), today=today).parse("tea last year").period
        for today in (datetime.date(2020, 5, 1), datetime.date(2022, 5, 1))
    }
    assert {year: period.first.year for year, period in asked.items()} == {2020: 2019, 2022: 2021}


def test_a_later_statement_on_the_same_matter_is_cited(dated):
    citations = {c.document.id: c for c in dated.ask("hot tea").citations}
    assert citations["new"].later is None
    assert citations["undated"].later is None
    for name in ("old", "mid"):
        later = citations[name].later
        assert later.document.id == "new"
        text = dated.snapshot.documents["new"].text
        assert text[later.start : later.end] == "Tea is hot, new."
        assert later.reader == "/documents/new?start=0&end=16#passage"


def test_another_matter_is_no_later_statement(tmp_path, encoder):
    said = [("old", 2019, "Tea is hot."), ("new", 2021, "Roads to tea farms were built of stone.")]
    documents = [
        Document(id=i, title="t", text=text, date=datetime.date(year, 1, 1))
        for i, year, text in said
    ]
    build([corpus_file(d) for d in documents], tmp_path / "i", encoder, passage_chars=100)
    qa = QA(open_snapshot(tmp_path / "i"), WordEncoder())
    assert [c.later for c in qa.ask("is tea hot").citations] == [None]


def test_only_a_recent_question_is_answered_from_memory(make_index):
    encoder = WordEncoder()
    qa = QA(open_snapshot(make_index({"a": "Tea is hot.", "b": "Hot tea."})), encoder)
    first = qa.ask("is tea hot")
    assert encoder.encoded == ["is tea hot"]
    again = qa.ask("is tea hot")
    assert encoder.encoded == ["is tea hot"]
    assert dataclasses.replace(again, elapsed_ms=0) == dataclasses.replace(first, elapsed_ms=0)
    others = [
        qa.ask("is tea hot", top_k=1),
        qa.ask("is tea hot", since=datetime.date(2020, 1, 1)),
        qa.ask("is tea hot", until=datetime.date(2020, 1, 1)),
        qa.ask(Question("is tea hot", previous=("milk",))),
        qa.ask("is tea Hot"),
    ]
    assert len(encoder.encoded) == 6
    assert [len(a.citations) for a in others] == [1, 0, 0, 2, 2]


def test_another_day_is_another_question(make_index, monkeypatch):
    encoder = WordEncoder()
    qa = QA(open_snapshot(make_index({"a": "Tea is hot."})), encoder)
    for day in (1, 2):
        monkeypatch.setattr(qa, "_today", datetime.date(2020, 1, day))
        qa.ask("tea last year")
    assert len(encoder.encoded) == 2


def test_only_so_many_answers_are_kept(make_index):
    qa = QA(open_snapshot(make_index({"a": "Tea is hot."})), WordEncoder())
    for number in range(600):
        qa.ask(f"tea {number}")
    assert qa._recent.cache_info().currsize == 512
