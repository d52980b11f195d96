"""A file of questions becomes a file of answers: complete, in order, the same every time."""

import csv
import dataclasses
import datetime
import inspect
import io
import json
import os
import sys
import threading
from types import SimpleNamespace

import pytest

import qa.evaluation.batches
from conftest import WordEncoder, contents
from qa import QA
from qa.errors import BusyError, InputError, OutputError
from qa.evaluation import batch
from qa.evaluation.questions import BadRow
from qa.index.snapshot import open_snapshot
from qa.settings import ANSWER_SETTINGS

PAGE = "=Tea is hot. Cups hold it.\n\nMilk is cold."


@pytest.fixture
def qa_over(make_index):
    def make(**options):
        index = make_index({"page": PAGE, "rain": "Rain fell."}, passage_chars=100)
        return QA(open_snapshot(index), WordEncoder(), **options)

    return make


def answered(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_answers_come_in_order_and_bad_rows_in_their_place(qa_over, tmp_path):
    qa = qa_over()
    (tmp_path / "q.csv").write_text("id,question\n1,hot tea\n2,\n3,zebra\n", "utf-8")
    tally = batch(qa, tmp_path / "q.csv", tmp_path / "a.jsonl", timing=False)
    first, second, third = answered(tmp_path / "a.jsonl")
    assert (first["line"], first["id"], first["status"]) == (2, "1", "answered")
    assert first["citations"][0]["passage"]["text"] == PAGE
    assert second == {"line": 3, "id": "2", "error": "there is no question"}
    assert (third["status"], third["citations"]) == ("not_in_record", [])
    assert (tally.rows, tally.questions, tally.answered) == (3, 2, 1)
    assert tally.bad == (BadRow(3, "2", "there is no question"),)
    assert "elapsed_ms" not in first
    batch(qa, tmp_path / "q.csv", tmp_path / "timed.jsonl")
    assert answered(tmp_path / "timed.jsonl")[0]["elapsed_ms"] > 0


def test_previous_since_and_until_reach_the_answer(qa_over, tmp_path):
    rows = [
        {"question": "and hot?", "previous": ["is tea"]},
        {"question": "hot tea", "since": "2020-01-01"},
    ]
    (tmp_path / "q").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    batch(qa_over(), tmp_path / "q", tmp_path / "a")
    joined, undated = answered(tmp_path / "a")
    assert joined["searched_for"] == "is tea and hot?"
    assert (undated["status"], undated["nearest"]) == ("not_in_record", [])


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(qa_over, tmp_path):
    rows = ["=1+1", "+1", "-1", "@tea", "\t=tea", " =tea", "＝tea", "hot tea", "a=b"]
    (tmp_path / "q.jsonl").write_text(
        "".join(json.dumps({"question": q, "id": q}) + "\n" for q in rows), "utf-8"
    )
    batch(qa_over(top_k=1), tmp_path / "q.jsonl", tmp_path / "a.csv", timing=False)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["id"] for row in found] == [f"'{q}" for q in rows[:7]] + rows[7:]
    assert found[7]["passage_1"] == f"'{PAGE}"
    assert found[7]["quote_1"] == "'=Tea is hot."
    assert (found[7]["start_1"], found[7]["end_1"]) == ("0", str(len(PAGE)))
    cells = [cell for row in found for cell in row.values()]
    assert [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝＋－＠") and cell] == []
    assert found[7]["elapsed_ms"] == ""
    assert "document_2" not in found[7]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
@pytest.mark.parametrize("kept", [0, 0.02, 0.31, 0.5, 0.97, 1])
def test_a_run_interrupted_anywhere_resumes_to_the_same_bytes(
    qa_over, tmp_path, name, kept, capsys
):
    questions = [f'"hot tea\n{n} ""x"""\n' for n in range(20)] + ["a,b\n"]
    (tmp_path / "q.csv").write_text("question\n" + "".join(questions), "utf-8")
    qa = qa_over()
    batch(qa, tmp_path / "q.csv", tmp_path / name, timing=False)
    whole = (tmp_path / name).read_bytes()
    asked = []
    qa_asks = qa.ask

    def stop(question, **_):
        raise KeyboardInterrupt

    qa.ask = stop
    with pytest.raises(KeyboardInterrupt):
        batch(qa, tmp_path / "q.csv", tmp_path / name, timing=False)
    assert (tmp_path / name).read_bytes() == whole
    (unfinished,) = tmp_path.glob("*.unfinished")
    unfinished.write_bytes(whole[: round(len(whole) * kept)])
    asked.clear()
    qa.ask = lambda question, **more: asked.append(question) or qa_asks(question, **more)
    (tmp_path / name).unlink()
    tally = batch(qa, tmp_path / "q.csv", tmp_path / name, timing=False)
    assert (tmp_path / name).read_bytes() == whole
    ends = whole[: round(len(whole) * kept)].count(b"}\n" if name == "a.jsonl" else b'"\r\n')
    there = ends if name == "a.jsonl" else max(0, ends - 1)
    assert tally.questions == len(asked) == max(0, 20 - there)
    assert len(tally.bad) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["index", name, "q.csv"])


def test_an_unfinished_run_of_other_questions_is_not_resumed(qa_over, tmp_path):
    (tmp_path / "q.csv").write_text("question\nhot tea\ncold milk\n", "utf-8")
    qa = qa_over()
    qa_asks, calls = qa.ask, []

    def once(question, **more):
        if calls:
            raise KeyboardInterrupt
        calls.append(question)
        return qa_asks(question, **more)

    qa.ask = once
    with pytest.raises(KeyboardInterrupt):
        batch(qa, tmp_path / "q.csv", tmp_path / "a.jsonl")
    qa.ask = qa_asks
    (tmp_path / "q.csv").write_text("question\nrain\ncold milk\n", "utf-8")
    assert batch(qa, tmp_path / "q.csv", tmp_path / "a.jsonl").questions == 2
    assert answered(tmp_path / "a.jsonl")[0]["question"] == "rain"


def test_two_runs_cannot_write_the_same_answers(qa_over, tmp_path):
    (tmp_path / "q.csv").write_text("question\nhot tea\n", "utf-8")
    qa = qa_over()
    qa_asks = qa.ask

    def meanwhile(question, **more):
        qa.ask = qa_asks
        with pytest.raises(BusyError, match="wait for it"):
            batch(qa, tmp_path / "q.csv", tmp_path / "a.jsonl")
        return qa_asks(question, **more)

    qa.ask = meanwhile
    batch(qa, tmp_path / "q.csv", tmp_path / "a.jsonl")
    assert len(answered(tmp_path / "a.jsonl")) == 1


def test_standard_input_and_output(qa_over, monkeypatch, capfdbinary):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hot tea\n\nzebra\n")))
    batch(qa_over(), "-", "-")
    printed = capfdbinary.readouterr().out.decode().splitlines()
    assert [json.loads(line)["status"] for line in printed] == ["answered", "not_in_record"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hot tea\n")))
    batch(qa_over(top_k=1), "-", "-", write_as="csv")
    assert capfdbinary.readouterr().out.startswith('\ufeff"line","id","error"'.encode())


def test_unreadable_questions_and_unwritable_answers_are_refused(qa_over, tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        batch(qa_over(), tmp_path / "nowhere.csv", tmp_path / "a.jsonl")
    (tmp_path / "q.csv").write_text("hot tea\n", "utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        batch(qa_over(), tmp_path / "q.csv", tmp_path / "q.csv" / "a.jsonl")
    with pytest.raises(OutputError, match="holds the questions: name another file"):
        batch(qa_over(), tmp_path / "q.csv", tmp_path / "." / "q.csv")
    with pytest.raises(OutputError, match="written as jsonl or csv, not tsv: choose with --to"):
        batch(qa_over(), tmp_path / "q.csv", tmp_path / "a.tsv")
    with pytest.raises(InputError, match="read as jsonl, csv, tsv, not xlsx"):
        batch(qa_over(), tmp_path / "q.csv", tmp_path / "a.csv", read_as="xlsx")


def test_progress_is_reported(qa_over, tmp_path):
    (tmp_path / "q.csv").write_text("question\nhot tea\n\nrain\n", "utf-8")
    calls = []
    batch(qa_over(), tmp_path / "q.csv", tmp_path / "a", on_done=lambda *done: calls.append(done))
    assert calls == [(1, 2), (2, 2)]
    assert qa.evaluation.batches.STANDARD == "-"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("index", "is not a file"),
        ("pipe", "is not a file"),
        ("answers.xlsx", "names no format of answers"),
    ],
)
def test_nothing_but_a_file_of_answers_is_ever_replaced(qa_over, tmp_path, name, message):
    qa = qa_over()
    (tmp_path / "q.csv").write_text("hot tea\n", "utf-8")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match=message):
        batch(qa, tmp_path / "q.csv", tmp_path / name)
    assert list(tmp_path.glob("*.unfinished")) == []


def test_a_link_is_followed(qa_over, tmp_path):
    (tmp_path / "q.csv").write_text("hot tea\n", "utf-8")
    (tmp_path / "real.jsonl").write_text('{"line": 1, "id": null, "error": "old"}', "utf-8")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "real.jsonl")
    batch(qa_over(), tmp_path / "q.csv", tmp_path / "link.jsonl")
    assert (tmp_path / "link.jsonl").is_symlink()
    assert len(answered(tmp_path / "real.jsonl")) == 1


def test_questions_may_come_from_a_pipe(qa_over, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("hot tea\n",))
    writer.start()
    assert batch(qa_over(), tmp_path / "pipe", tmp_path / "a.jsonl").answered == 1
    writer.join()


FOREIGN = [
    b"My thesis.\n",
    b'{"question": "mine"}\n',
    b'{"question": "is tea hot", "status": "answered"}\n',
    b"line,id,error\n1,2,3\n",
    b"\xff\xd8\xff",
    b"\n",
]


@pytest.mark.parametrize("content", FOREIGN)
@pytest.mark.parametrize("name", ["mine.jsonl", "mine.csv"])
def test_a_file_that_holds_no_answers_is_refused_and_keeps_every_byte(
    qa_over, tmp_path, content, name
):
    qa = qa_over()
    (tmp_path / "q.csv").write_text("hot tea\n", "utf-8")
    (tmp_path / name).write_bytes(content)
    before = contents(tmp_path)
    with pytest.raises(OutputError, match=f"{name} exists and does not hold answers of qa batch"):
        batch(qa, tmp_path / "q.csv", tmp_path / name)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_answers_are_replaced_by_later_ones(qa_over, tmp_path, name):
    qa = qa_over()
    (tmp_path / name).touch()
    for questions in ("hot tea\n", "rain\n,\n"):
        (tmp_path / "q.csv").write_text(f"question\n{questions}", "utf-8")
        assert batch(qa, tmp_path / "q.csv", tmp_path / name).questions == 1


OTHERWISE = {
    "top_k": 1,
    "max_question_chars": 50,
    "searches": ("words",),
    "reranker": SimpleNamespace(sha256="1" * 64),
    "today": datetime.date(2020, 1, 2),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_run_is_not_resumed_under_other_settings(qa_over, tmp_path, name):
    (tmp_path / "q.csv").write_text("question\nhot tea\ncold milk\n", "utf-8")
    first = qa_over(today=datetime.date(2020, 1, 1))
    ask, calls = first.ask, []

    def once(question, **more):
        if calls:
            raise KeyboardInterrupt
        calls.append(question)
        return ask(question, **more)

    first.ask = once
    with pytest.raises(KeyboardInterrupt):
        batch(first, tmp_path / "q.csv", tmp_path / "a.jsonl")
    other = qa_over(**{"today": datetime.date(2020, 1, 1), name: OTHERWISE[name]})
    other.ask = QA(other.snapshot, WordEncoder()).ask  # what a stand-in for a reranker cannot do
    assert batch(other, tmp_path / "q.csv", tmp_path / "a.jsonl").questions == 2


def test_a_run_is_not_resumed_with_another_snapshot_version_code_or_engine(qa_over, monkeypatch):
    qa = qa_over()
    keys = [qa.answer_settings]
    monkeypatch.setattr("qa.answer.ask.__version__", "another")
    keys.append(qa.answer_settings)
    monkeypatch.setattr("qa.answer.ask._code_sha256", lambda: "another")
    keys.append(qa.answer_settings)
    qa.snapshot = dataclasses.replace(qa.snapshot, digest="another")
    keys.append(qa.answer_settings)
    qa.snapshot = dataclasses.replace(qa.snapshot, engine=object())
    keys.append(qa.answer_settings)
    assert len({json.dumps(key) for key in keys}) == len(keys)


def test_answer_settings_hold_every_parameter_of_a_qa(qa_over):
    """A new parameter of QA must not be forgotten when a batch is resumed."""
    parameters = {*inspect.signature(QA.__init__).parameters} - {"self", "snapshot", "encoder"}
    assert parameters == {*qa_over().answer_settings} - {"snapshot", "version", "code", "engine"}
    assert parameters | {"engine"} == ANSWER_SETTINGS
