"""Measures of a judged set, compared with values computed by hand."""

import csv
import json
import math

import pytest

from independent_quotes import figures
from qa.errors import EvaluationError
from qa.evaluation import evaluate, write
from qa.settings import Settings
from test_datasets import lines

DOCUMENTS = [
    {"_id": "d1", "title": "", "text": "Tea is hot."},
    {"_id": "d2", "title": "", "text": "Tea is hot."},
    {"_id": "d3", "title": "", "text": "Milk is cold."},
    {"_id": "d4", "title": "", "text": "Rain fell on roads."},
    {"_id": "d5", "title": "", "text": "Snow fell on hills."},
]
QUERIES = [
    {"_id": "q1", "text": "hot tea"},
    {"_id": "q2", "text": "cold milk"},
    {"_id": "q3", "text": "zebra quagga"},
    {"_id": "q4", "text": "zebra gnu", "answerable": False},
    {"_id": "q5", "text": "never judged"},
]
QRELS = "q1\td2\t1\nq2\td3\t1\nq3\td4\t1\n"


pytestmark = pytest.mark.usefixtures("word_encoder")


@pytest.fixture
def settings(tmp_path):
    return Settings.load(cache=tmp_path / "cache", index=tmp_path / "index")


@pytest.fixture
def beir(tmp_path):
    folder = tmp_path / "five"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(lines(DOCUMENTS), "utf-8")
    (folder / "queries.jsonl").write_text(lines(QUERIES), "utf-8")
    (folder / "qrels.tsv").write_text(QRELS, "utf-8")
    return folder


@pytest.fixture
def press(tmp_path):
    """Two documents that say the same, so that the wrong one can be found; one quote is long."""
    folder = tmp_path / "press"
    (folder / "documents").mkdir(parents=True)
    texts = {
        "a.txt": "Tea is hot. Cups hold it.\n\nMilk is cold and white.",
        "b.txt": "Tea is hot. Cups hold it.\n\nRain fell on roads.",
    }
    for name, text in texts.items():
        (folder / "documents" / name).write_text(f"{name}\n2020-01-01\n\n{text}\n", "utf-8")

    def row(number, question, kind, *gold, **more):
        quotes = [{"document": d, "quote": q} for d, q in gold]
        return {"id": f"p{number}", "question": question, "kind": kind, "gold": quotes, **more}

    questions = [
        row(1, "is tea hot", "answerable", ("b.txt", "Tea is hot.")),
        row(2, "is milk cold and white", "answerable", ("a.txt", "Milk is cold and white.")),
        row(3, "rain on roads", "answerable", ("b.txt", "Tea is hot. Cups hold it.")),
        row(4, "zebra quagga", "near_scope"),
        row(5, "and white", "followup", ("a.txt", "Milk is cold"), previous=["is milk cold"]),
    ]
    (folder / "questions.jsonl").write_text(lines(questions), "utf-8")
    return folder


def test_five_documents_and_five_questions_exactly(beir, settings):
    """q1 ties d1 and d2, and d1 comes first; q3 shares no word, so that d4 is the fourth."""
    evaluation = evaluate(beir, settings=settings)
    metrics = evaluation.metrics
    assert metrics["set"] == "five"
    assert metrics["questions"] == {"answerable": 3, "unanswerable": 1}
    means = {name: value["mean"] for name, value in metrics["ranking"].items()}
    assert means == pytest.approx(
        {
            "nDCG@10": (1 / math.log2(3) + 1 + 1 / math.log2(5)) / 3,
            "R@5": 1.0,
            "R@20": 1.0,
            "Success@1": 1 / 3,
            "Success@3": 2 / 3,
            "Success@10": 1.0,
            "RR@10": (1 / 2 + 1 + 1 / 4) / 3,
        }
    )
    assert metrics["quotes"] == {"Success@1": None, "Success@3": None, "highlight@1": None}
    # q1 and q2 share all their words (confidence 1 and above the floor), q3 and q4 none.
    assert metrics["abstention"] == pytest.approx(
        {
            "auroc_out_of_scope": None,
            "auroc_near_scope": None,
            "auroc_unanswerable": (1 + 1 + 0.5) / 3,
            "answered_answerable": 2 / 3,
            "answered_out_of_scope": None,
            "answered_near_scope": None,
            "answered_unanswerable": 0.0,
        }
    )
    assert metrics["build"].items() >= {"documents": 5, "passages": 5, "sentences": 5}.items()
    assert metrics["build"]["seconds"] > 0
    assert metrics["snapshot"] == evaluation.snapshot.digest
    assert [q.question.id for q in evaluation.answers] == ["q1", "q2", "q3", "q4"]
    assert [d for d, _ in evaluation.answers[0].documents] == ["d1", "d2", "d3", "d4", "d5"]


def test_metrics_have_the_blocks_of_the_contract(beir, settings):
    metrics = evaluate(beir, settings=settings).metrics
    assert list(metrics)[:8] == [
        "set",
        "snapshot",
        "questions",
        "ranking",
        "quotes",
        "abstention",
        "latency_ms",
        "build",
    ]
    assert set(metrics["latency_ms"]) == {"p50", "p95", "p99"}
    assert set(metrics["build"]) == {"documents", "passages", "sentences", "seconds"}
    for value in metrics["ranking"].values():
        assert set(value) == {"mean", "low", "high"}


def test_quotes_are_found_in_their_own_document_only(press, settings, tmp_path):
    """p1: a.txt says the same and comes first. p3: another sentence of the passage is marked."""
    evaluation = evaluate(press, settings=settings.model_copy(update={"passage_chars": 100}))
    write(evaluation, tmp_path / "out")
    p1, p2, p3, _, p5 = evaluation.answers
    assert [a.quote_rank for a in (p1, p2, p3, p5)] == [2, 1, 1, 1]
    assert [hit.document for hit in p1.hits[:2]] == ["a.txt", "b.txt"]
    assert evaluation.metrics["quotes"] == pytest.approx(
        {"Success@1": 2 / 3, "Success@3": 1.0, "highlight@1": 1 / 3}
    )
    assert evaluation.metrics["followups"] == {
        "Success@1": 1.0,
        "Success@3": 1.0,
        "highlight@1": 1.0,
    }
    assert p5.answer.searched_for == "is milk cold and white"
    assert evaluation.metrics["questions"] == {"answerable": 3, "followup": 1, "near_scope": 1}
    assert figures(press, tmp_path / "out") == pytest.approx(evaluation.metrics["quotes"])


def test_written_files_give_the_same_measures_to_other_tools(beir, settings, tmp_path):
    import ir_measures

    evaluation = evaluate(beir, settings=settings)
    write(evaluation, tmp_path / "out")
    written = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert written == evaluation.metrics
    written_rows = (tmp_path / "out" / "questions.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(row) for row in written_rows]
    assert [row["id"] for row in rows] == ["q1", "q2", "q3", "q4"]
    assert rows[0]["relevant"] == [{"document": "d2", "grade": 1, "rank": 2}]
    assert rows[0]["citations"][0].items() >= {"document": "d1", "start": 0, "end": 11}.items()
    assert rows[0]["measures"]["ranking.Success@1"] == 0
    assert "ranking.Success@1" not in rows[3]["measures"]
    assert {row["status"] for row in rows} == {"answered", "not_in_record"}
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "out" / "qrels.trec")))
    run = list(ir_measures.read_trec_run(str(tmp_path / "out" / "run.trec")))
    wanted = [ir_measures.parse_measure(name) for name in written["ranking"]]
    found = ir_measures.calc_aggregate(wanted, qrels, run)
    assert {str(m): v for m, v in found.items()} == pytest.approx(
        {name: value["mean"] for name, value in written["ranking"].items()}
    )
    with (tmp_path / "out" / "run.trec").open(encoding="utf-8") as file:
        first = next(csv.reader(file, delimiter=" "))
    assert [first[0], first[1], first[2], first[3], first[5]] == ["q1", "Q0", "d1", "1", "press-qa"]


def test_hidden_answers_are_in_no_search(beir, press, settings):
    evaluation = evaluate(beir, settings=settings, hide_gold=True)
    again = {a.question.id: a for a in evaluation.answers if "~" in a.question.id}
    assert list(again) == ["q1~hide-gold", "q2~hide-gold", "q3~hide-gold"]
    for plain, hidden in (("q1", "d2"), ("q2", "d3"), ("q3", "d4")):
        documents = {d for d, _ in again[f"{plain}~hide-gold"].documents}
        assert documents == {"d1", "d2", "d3", "d4", "d5"} - {hidden}
    # q1's other tea remains, so it is answered; q2 and q3 have nothing left.
    abstention = evaluation.metrics["abstention"]
    assert abstention["answered_near_scope"] == pytest.approx(1 / 3)
    plain = [a.answer.confidence for a in evaluation.answers if a.question.kind == "answerable"]
    hidden = [a.answer.confidence for a in again.values()]
    above = sum((p > h) + (p == h) / 2 for p in plain for h in hidden)
    assert abstention["auroc_near_scope"] == pytest.approx(above / 9)
    plain = evaluate(beir, settings=settings)
    assert evaluation.metrics["ranking"] == plain.metrics["ranking"]
    rows = (press / "questions.jsonl").read_text("utf-8").splitlines()
    (press / "questions.jsonl").write_text("\n".join(r for r in rows if "near" not in r), "utf-8")
    small = settings.model_copy(update={"passage_chars": 100})
    again = evaluate(press, settings=small, hide_gold=True).answers[-1]
    assert {hit.document for hit in again.hits} == {"a.txt"}


def test_hiding_documents_removes_whole_subjects(beir, settings):
    evaluation = evaluate(beir, settings=settings, hide_documents=0.9)
    again = [a for a in evaluation.answers if a.question.kind == "out_of_scope"]
    assert again
    for a in again:
        found = {document for document, _ in a.documents}
        assert found == {f"d{n}" for n in range(1, 6)} - a.question.hidden_documents
    assert evaluation.metrics["set"] == "five --hide-documents 0.9"


def test_the_cache_embeds_a_set_once_and_never_touches_the_index(beir, settings, word_encoder):
    first = evaluate(beir, settings=settings).metrics
    word_encoder.encoded.clear()
    again = evaluate(beir, settings=settings).metrics
    assert word_encoder.encoded == []
    assert (again["snapshot"], again["build"]) == (first["snapshot"], first["build"])
    assert not settings.index.exists()
    other = settings.model_copy(update={"passage_chars": 300})
    assert evaluate(beir, settings=other).metrics["build"]["seconds"] is None
    (beir / "corpus.jsonl").write_text(lines([*DOCUMENTS[:4], {"_id": "d5", "text": "Hail."}]))
    assert evaluate(beir, settings=settings).metrics["snapshot"] != first["snapshot"]
    assert len([p for p in settings.cache.iterdir() if p.is_dir()]) == 2


def test_a_question_that_is_too_long_is_refused_before_any_is_answered(beir, settings):
    long = {"_id": "q6", "text": "x" * 2001, "answerable": False}
    (beir / "queries.jsonl").write_text(lines([*QUERIES, long]), "utf-8")
    with pytest.raises(EvaluationError, match="question 'q6' has 2,001 characters, at most 2,000"):
        evaluate(beir, settings=settings)


def test_a_questions_file_is_answered_from_the_live_index(settings, make_index, tmp_path):
    make_index({"tea": "Tea is hot."}, index=settings.index)
    path = tmp_path / "mine.jsonl"
    gold = [{"document": "tea", "quote": "hot"}]
    path.write_text(lines([{"id": "q", "question": "hot tea", "gold": gold}]), "utf-8")
    metrics = evaluate(path, settings=settings).metrics
    assert (metrics["set"], metrics["questions"]) == ("mine", {"answerable": 1})
    assert metrics["quotes"]["Success@1"] == 1.0
    assert metrics["build"]["seconds"] is None
    assert not settings.cache.exists()
