"""Judged sets are read completely, or refused with the fault and its line."""

import json

import pytest

from qa.errors import EvaluationError
from qa.evaluation.datasets import hiding_documents, hiding_gold, open_questions, open_set
from qa.records import Document, Span

DOCUMENTS = [
    {"_id": "d1", "title": "Tea", "text": "Tea is hot."},
    {"_id": "d2", "title": "Tea", "text": "Tea is hot."},
    {"_id": "d3", "title": "Milk", "text": "Milk is cold."},
]
QUERIES = [
    {"_id": "q1", "text": "hot tea"},
    {"_id": "q2", "text": "cold milk"},
    {"_id": "q3", "text": "who knows", "answerable": False},
    {"_id": "q4", "text": "not judged"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td2\t2\nq1\td1\t0\nq2\td3\t1\n"


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def beir(tmp_path):
    def make(documents=DOCUMENTS, queries=QUERIES, qrels=QRELS):
        folder = tmp_path / "beir"
        folder.mkdir(exist_ok=True)
        for name, content in {
            "corpus.jsonl": lines(documents),
            "queries.jsonl": lines(queries),
            "qrels.tsv": qrels,
        }.items():
            (folder / name).write_text(content, "utf-8")
        return folder

    return make


@pytest.fixture
def press(tmp_path):
    def make(*questions, text="Tea is hot. Milk is\ncold. Tea is hot."):
        folder = tmp_path / "press"
        (folder / "documents").mkdir(parents=True, exist_ok=True)
        head = "A day\n2020-01-02\nhttps://example.org/a\n\n"
        (folder / "documents" / "a.txt").write_text(head + text + "\n", "utf-8")
        (folder / "questions.jsonl").write_text(lines(questions), "utf-8")
        return folder

    return make


def asked(**fields):
    gold = [{"document": "a.txt", "quote": "Tea is hot."}]
    return {"id": "p1", "question": "tea?", "kind": "answerable", "gold": gold, **fields}


def test_a_beir_folder_gives_documents_questions_and_names_what_is_left_out(beir):
    judged = open_set(beir())
    assert judged.name == "beir"
    assert [(f.document.id, f.document.title) for f in judged.documents] == [
        ("d1", "Tea"),
        ("d2", "Tea"),
        ("d3", "Milk"),
    ]
    assert [(q.id, q.kind, dict(q.relevant)) for q in judged.questions] == [
        ("q1", "answerable", {"d2": 2}),
        ("q2", "answerable", {"d3": 1}),
        ("q3", "unanswerable", {}),
    ]
    assert judged.left_out == (
        '1 questions of queries.jsonl have no qrel above 0 and are not marked "answerable": false.',
    )


def test_qrels_may_be_in_their_own_folder_and_other_files_may_be_named(beir, tmp_path):
    folder = beir()
    (folder / "qrels").mkdir()
    (folder / "qrels.tsv").rename(folder / "qrels" / "test.tsv")
    assert len(open_set(folder).questions) == 3
    (folder / "mine.tsv").write_text("q1\td1\t1\nq9\td1\t1\n", "utf-8")
    (tmp_path / "few.jsonl").write_text(lines(QUERIES[:1]), "utf-8")
    judged = open_set(folder, queries=str(tmp_path / "few.jsonl"), qrels="mine.tsv")
    assert [(q.id, dict(q.relevant)) for q in judged.questions] == [("q1", {"d1": 1})]
    assert judged.left_out == (f"1 questions of the qrels are not in {tmp_path / 'few.jsonl'}.",)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"documents": []}, r"corpus\.jsonl holds no document"),
        ({"documents": DOCUMENTS + DOCUMENTS[:1]}, r"line 4: _id 'd1' is already on line 1"),
        ({"documents": [{"_id": "d1", "title": " ", "text": ""}]}, "line 1: document 'd1' has no"),
        ({"documents": [{"_id": "a b", "text": "x"}]}, "line 1: '_id' is 'a b', expected a name"),
        (
            {"queries": QUERIES + QUERIES[1:2]},
            r"queries\.jsonl, line 5: _id 'q2' is already on line 2",
        ),
        ({"queries": [{"_id": "q1", "text": " "}]}, "line 1: 'text' is missing or empty"),
        ({"queries": QUERIES[3:]}, "holds no judged question"),
        (
            {"queries": [{"_id": "q1", "text": "x", "answerable": False}]},
            "'q1' is marked unanswerable, yet a qrel says that 'd2' answers it",
        ),
        ({"queries": [{"_id": "q1", "text": "x", "answerable": "no"}]}, "\"answerable\" is 'no'"),
        ({"qrels": QRELS + "q2\td7\t1\n"}, "the qrel of question 'q2' names document 'd7'"),
        ({"qrels": QRELS + "q2\td3\t2\n"}, "line 5: question 'q2' and document 'd3' have grade 1"),
        ({"qrels": "q1 d1 1\n"}, "line 1: expected question, document and a whole number"),
        ({"qrels": "q1\td1\tyes\n"}, "line 1: expected question"),
    ],
)
def test_a_wrong_beir_folder_is_refused_by_name(beir, changed, message):
    with pytest.raises(EvaluationError, match=message):
        open_set(beir(**changed))


def test_lines_that_are_not_json_are_refused_with_their_number(beir):
    folder = beir()
    for content in ('{"_id": "q1"', "[1]", "3"):
        (folder / "queries.jsonl").write_text("\n" + content, "utf-8")
        with pytest.raises(EvaluationError, match="line 2"):
            open_set(folder)


def test_a_press_folder_gives_documents_by_file_name_and_gold_at_every_place(press):
    previous = ["what of milk?"]
    judged = open_set(
        press(
            asked(gold=[{"document": "a.txt", "quote": "Tea is hot."}]),
            asked(
                id="p2",
                kind="followup",
                previous=previous,
                gold=[{"document": "a.txt", "quote": "Milk is cold."}],
            ),
            asked(id="p3", kind="near_scope", gold=[]),
        )
    )
    (file,) = judged.documents
    assert (file.document.id, file.document.title, str(file.document.date)) == (
        "a.txt",
        "A day",
        "2020-01-02",
    )
    text = file.document.text
    assert text == "Tea is hot. Milk is\ncold. Tea is hot."
    first, second, third = judged.questions
    assert first.gold[0].places == (Span(0, 11), Span(26, 37))
    assert [place.of(text) for place in second.gold[0].places] == ["Milk is\ncold."]
    assert (second.previous, dict(second.relevant)) == (tuple(previous), {"a.txt": 1})
    assert (third.kind, third.gold, third.has_answer) == ("near_scope", (), False)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (asked(gold=[]), "'p1' is answerable and has 0 gold quotes"),
        (asked(kind="near_scope"), "'p1' is near_scope and has 1 gold quotes"),
        (asked(kind="odd"), "\"kind\" is 'odd', expected one of answerable"),
        ({"id": "p1", "question": "tea?"}, '"kind" is None'),
        (asked(gold=[{"document": "b.txt", "quote": "Tea"}]), "no document 'b.txt'"),
        (asked(gold=[{"document": "a.txt", "quote": "Tea is cold."}]), "does not hold the gold"),
        (asked(gold=[{"document": "a.txt"}]), 'needs "document" and "quote"'),
        (asked(gold="Tea"), '"gold" is not a list'),
        (asked(previous="x"), '"previous" is not a list'),
        (asked(question=""), "'question' is missing or empty"),
    ],
)
def test_a_wrong_press_folder_is_refused_by_name(press, question, message):
    with pytest.raises(EvaluationError, match=message):
        open_set(press(question))


def test_a_questions_file_is_judged_against_the_live_documents(press):
    live = {"a": Document(id="a", title="a", text="Tea is hot.")}
    path = press(asked(gold=[{"document": "a", "quote": "hot"}])) / "questions.jsonl"
    judged = open_questions(path, live)
    assert judged.questions[0].gold[0].places == (Span(7, 10),)
    assert (judged.name, [f.document for f in judged.documents]) == ("questions", [live["a"]])
    with pytest.raises(EvaluationError, match="no document 'a'"):
        open_questions(path, {})


def test_a_folder_that_is_no_set_is_refused(tmp_path, press):
    with pytest.raises(EvaluationError, match="is not a judged set"):
        open_set(tmp_path)
    with pytest.raises(EvaluationError, match=r"lacks nowhere\.jsonl"):
        open_set(press(asked()), queries="nowhere.jsonl")
    with pytest.raises(EvaluationError, match="drop --qrels"):
        open_set(press(asked()), qrels="q.tsv")
    (tmp_path / "press" / "documents" / "a.txt").unlink()
    with pytest.raises(EvaluationError, match="holds no document"):
        open_set(tmp_path / "press")


def test_hiding_gold_repeats_every_answerable_question(beir, press):
    judged = hiding_gold(open_set(beir()))
    assert judged.name == "beir --hide-gold"
    assert [(q.id, q.kind, set(q.hidden_documents)) for q in judged.questions[3:]] == [
        ("q1~hide-gold", "near_scope", {"d2"}),
        ("q2~hide-gold", "near_scope", {"d3"}),
    ]
    *_, again = hiding_gold(open_set(press(asked()))).questions
    assert (again.relevant, again.gold, again.hidden_documents) == ({}, (), frozenset())
    assert again.hidden_quotes[0].places == (Span(0, 11), Span(26, 37))


def test_documents_are_hidden_by_title_and_their_questions_become_out_of_scope(beir):
    judged = open_set(beir())
    half = hiding_documents(judged, 0.5)
    (again,) = half.questions[3:]
    expected = {"q1": {"d1", "d2"}, "q2": {"d3"}}
    plain = again.id.removesuffix("~hide-documents")
    assert (again.kind, set(again.hidden_documents)) == ("out_of_scope", expected[plain])
    assert half == hiding_documents(judged, 0.5)
    with pytest.raises(
        EvaluationError, match=r"--hide-documents 0\.1 hides the answer of no question"
    ):
        hiding_documents(judged, 0.1)
    for share in (0, 1, -1, 2):
        with pytest.raises(EvaluationError, match=r"not in \(0, 1\)"):
            hiding_documents(judged, share)


def test_hidden_kinds_do_not_mix_with_a_sets_own(press):
    judged = open_set(press(asked(), asked(id="p2", kind="near_scope", gold=[])))
    with pytest.raises(EvaluationError, match="press has near_scope questions of its own"):
        hiding_gold(judged)
    with pytest.raises(EvaluationError, match="press --hide-documents 0.9 has out_of_scope"):
        hiding_documents(hiding_documents(judged, 0.9), 0.9)


@pytest.mark.parametrize(
    "line",
    ['{"_id": "q1", "text": "\\ud800"}', '{"_id": 1' + "1" * 5000 + "}", "[" * 100_000],
)
def test_text_that_utf8_cannot_encode_is_refused_before_any_question_is_answered(beir, line):
    folder = beir()
    (folder / "queries.jsonl").write_text(line, "utf-8")
    with pytest.raises(EvaluationError, match="line 1 is not JSON text"):
        open_set(folder)


def test_invalid_marks_and_grades_are_refused(beir):
    with pytest.raises(EvaluationError, match='"answerable" is 0, not true or false'):
        open_set(beir(queries=[{"_id": "q1", "text": "x", "answerable": 0}]))
    with pytest.raises(EvaluationError, match="line 5: expected question, document and a whole"):
        open_set(beir(qrels=QRELS + "q2\td1\t99999999999999999999\n"))


def test_a_question_with_the_id_of_a_repeated_one_is_refused(beir):
    odd = {"_id": "q2~hide-gold", "text": "zzz", "answerable": False}
    with pytest.raises(EvaluationError, match="'q2~hide-gold', an id that --hide-gold needs"):
        hiding_gold(open_set(beir(queries=[*QUERIES, odd])))
