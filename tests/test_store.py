"""Documents and passages, read from a snapshot's tables as they are needed."""

import datetime
import json

import pytest

from conftest import corpus_file
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document, Span

TEXT = "Q Why is tea hot?\n\nMR. CARNEY: Because of fire. And água — 火.\n\nQ And milk?"


@pytest.fixture
def snapshot(tmp_path, encoder):
    documents = [
        Document(id="b", title="Béta", text=TEXT, layout="transcript", section="S", source="x.txt"),
        Document(id="a", title="Alpha", text="茶 is hot.", date=datetime.date(2021, 5, 4)),
        Document(id="c", title="Gamma", text="Rain.", date=datetime.date(2020, 1, 2)),
    ]
    build(map(corpus_file, documents), tmp_path, encoder, passage_chars=100)
    return open_snapshot(tmp_path), {d.id: d for d in documents}


def test_times_and_recordings_come_back_and_other_documents_have_no_line_for_them(
    tmp_path, encoder
):
    timed = Document(
        id="a", title="A", text=TEXT, times=((0, 1), (5, 2.5)), recording="https://a.example/v"
    )
    plain = Document(id="b", title="B", text="Rain.")
    build(map(corpus_file, [timed, plain]), tmp_path, encoder, passage_chars=100)
    documents = open_snapshot(tmp_path).documents
    assert dict(documents) == {"a": timed, "b": plain}
    (lines,) = [p.read_text("utf-8").splitlines() for p in tmp_path.rglob("documents.jsonl")]
    added = {"times", "recording"}
    assert [added & set(json.loads(line)) for line in lines] == [added, set()]


def test_documents_come_back_as_they_were_by_id(snapshot):
    live, documents = snapshot
    assert list(live.documents) == ["a", "b", "c"]
    assert dict(live.documents) == documents
    assert [live.documents.file_sha256(i) for i in "abc"] == [documents[i].sha256 for i in "abc"]
    assert live.documents.dates.tolist() == [
        datetime.date(2021, 5, 4).toordinal(),
        0,
        datetime.date(2020, 1, 2).toordinal(),
    ]
    assert live.documents.period == (datetime.date(2020, 1, 2), datetime.date(2021, 5, 4))


@pytest.mark.parametrize("unknown", ["", "ab", "d", "B"])
def test_an_unknown_document_is_none(snapshot, unknown):
    live, _ = snapshot
    assert unknown not in live.documents
    assert live.documents.get(unknown) is None
    with pytest.raises(KeyError):
        live.documents.rows(unknown)


def test_passages_come_back_whole_in_the_order_of_documents_and_texts(snapshot):
    live, documents = snapshot
    passages = list(live.passages)
    assert [p.document for p in passages] == ["a", "b", "b", "b", "c"]
    for row, passage in enumerate(passages):
        text = documents[passage.document].text
        assert passage.text == passage.span.of(text)
        assert all(s.of(text) in passage.text for s in passage.sentences)
        assert live.passages.document(row) == passage.document
        assert live.passages.span(row) == passage.span
    answer = passages[2]
    assert (answer.role, answer.speaker, answer.asked.of(TEXT)) == (
        "answer",
        "MR. CARNEY",
        "Why is tea hot?",
    )
    assert answer.sentences[0] == Span(TEXT.index("Because"), TEXT.index(" And água"))
    assert [p.speaker for p in passages if p.role != "answer"] == [None] * 4
    assert live.passages[1:3] == passages[1:3]


@pytest.mark.parametrize("row", [-1, 5, 99])
def test_there_is_no_passage_before_the_first_or_after_the_last(snapshot, row):
    with pytest.raises(IndexError):
        snapshot[0].passages[row]


def test_what_answers_what_is_known_by_row(snapshot):
    live, _ = snapshot
    assert live.passages.is_question.tolist() == [False, True, False, True, False]
    assert live.answered.tolist() == [[1], [2]]
    assert live.answering.tolist() == [[2], [1]]
    first = int(live.passages.sentence_starts[1])
    assert live.questions.tolist() == []
    assert live.passages.sentence_text(first) == "Why is tea hot?"


def test_nothing_in_a_snapshot_can_be_written_to(snapshot):
    live, _ = snapshot
    for array in (live.passages.documents, live.sentence_pairs, live.passages.sentence_starts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


LOG = (
    "2 February 2026\n\nThe mines in Holm go on working.\n\n"
    "Question No. 40/2026\n\nMr Tarn asked what was spent.\n\n"
    "6 March 2026\n\nThe ferry to Holm was held for an hour.\n"
)


def test_days_and_numbers_of_passages_come_back(tmp_path, encoder):
    documents = [
        Document(id="a", title="Log", text=LOG),
        Document(id="b", title="Note", text="Tea is hot.", date=datetime.date(2026, 2, 9)),
        Document(id="c", title="Page", text="Milk is cold."),
    ]
    build(map(corpus_file, documents), tmp_path, encoder, passage_chars=100)
    live = open_snapshot(tmp_path)
    found = [(p.date and p.date.isoformat(), p.numbers) for p in live.passages]
    assert found == [
        ("2026-02-02", ()),
        ("2026-02-02", ("40/2026", "40")),
        ("2026-03-06", ()),
        ("2026-02-09", ()),
        (None, ()),
    ]
    assert [day and datetime.date.fromordinal(day) for day in live.passages.dates.tolist()] == [
        p.date or 0 for p in live.passages
    ]
    assert live.passages.has_numbers
    assert [live.passages.numbered(n).tolist() for n in ("40", "40/2026", "4")] == [[1], [1], []]
    assert live.documents.period == (datetime.date(2026, 2, 2), datetime.date(2026, 3, 6))
