"""The commands: their output, their errors and their exit codes."""

import json
import os
import re
import shutil
import signal
import sys

import pytest
import typer
from typer.testing import CliRunner

import qa.cli.index
import qa.cli.ingest
from conftest import ROOT, SEED, contents
from qa import cli
from qa.errors import QAError


@pytest.fixture
def project(tmp_path, monkeypatch, word_encoder):
    """An empty project with the seed, as the current folder, and the test encoder."""
    (tmp_path / "seeds").mkdir()
    shutil.copy(SEED, tmp_path / "seeds" / "seed.txt")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def run(capsys, monkeypatch):
    def run(*args):
        monkeypatch.setattr(sys, "argv", ["qa", *args])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, printed.err

    return run


def indexed(run):
    assert run("ingest", "seeds")[0] == 0
    code, out, err = run("index")
    assert code == 0
    return out, err


def test_from_source_to_proved_answer(project, run):
    code, out, _ = run("ingest", "seeds")
    assert code == 0
    assert out == (
        "new        seeds/seed.txt -> corpus/2022-07-21-recently-27-government-departments-"
        "including-mofcom-issued.md\n1 sources: 1 new.\n"
    )
    code, out, err = run("index")
    assert out.startswith("1 documents, 4 passages, 14 sentences; 18 texts embedded, 0 reused")
    assert err == "embedding: 18 of 18\n"
    code, out, _ = run("ask", "The Opinions puts forward 28 tasks", "--json")
    assert code == 0
    answer = json.loads(out)
    assert answer["citations"][0]["passage"]["text"].startswith("As a new round")
    (project / "answer.json").write_text(out, "utf-8")
    code, out, err = run("verify", "--answer", "answer.json")
    assert (code, err) == (0, "")
    assert out == (
        f"Proved: {len(answer['citations'])} citations of 1 answers against corpus.\n"
        "Not checked: the question and the words searched for, confidences, times taken, and the "
        "line and id of a row.\n"
    )
    code, out, _ = run("verify")
    assert (code, out[:40]) == (0, "Proved: 4 passages and 14 sentences of 1")


def test_an_answer_reads_well_in_a_file(project, run):
    indexed(run)
    code, out, _ = run("ask", "how many tasks and measures does the Opinions put forward?")
    assert code == 0
    head, asked, passage, quote = out.split("\n")[:4]
    assert head.startswith("[1] Recently, 27 government departments including MOFCOM issued")
    assert "| 2022-07-21 | Service Trade | paragraph 3 | characters 1281-2498 | seeds/seed" in head
    assert asked.startswith("    In reply to: Recently, 27 government")
    assert passage.startswith("    As a new round of technological revolution")
    assert quote.startswith("    Quote: The Opinions puts forward 28 tasks and measures")
    assert all(line == line.rstrip() for line in out.split("\n"))


def test_an_unanswered_question_is_no_failure(project, run):
    indexed(run)
    code, out, _ = run("ask", "import duty on soybeans")
    assert (code, out.split("\n")[0]) == (0, "No clear answer found.")


def test_a_second_index_embeds_nothing_new(project, run):
    first, _ = indexed(run)
    _, out, err = run("index")
    assert "0 texts embedded, 18 reused from the last snapshot" in out
    assert out.split("\n")[1] == first.split("\n")[1]
    assert err == ""


def test_a_changed_corpus_file_is_named_and_fails_verify(project, run):
    indexed(run)
    (path,) = (project / "corpus").glob("*.md")
    path.write_text(path.read_text("utf-8").replace("28 tasks", "29 tasks"), "utf-8")
    code, out, err = run("verify")
    assert (code, out) == (1, "")
    assert all(line.startswith(f"qa: corpus/{path.name}") for line in err.strip().split("\n"))


@pytest.mark.parametrize("command", [["ask", "tea"], ["serve"], ["status"], ["verify"]])
def test_every_command_refuses_a_damaged_snapshot_and_names_the_file(project, run, command):
    indexed(run)
    (path,) = (project / "index").rglob("documents.jsonl")
    path.write_bytes(path.read_bytes().replace(b"e", b"i", 1))
    code, out, err = run(*command)
    assert (code, out) == (1, "")
    assert err.startswith("qa: ")
    assert f"{path.parent.name}/documents.jsonl has sha256" in err
    if command != ["verify"]:
        assert 'run "qa index" to build it anew' in err


def test_a_missing_index_is_reported_with_the_remedy(project, run):
    code, out, err = run("ask", "tea")
    assert (code, out) == (1, "")
    assert err == 'qa: There is no snapshot in index: run "qa index" first.\n'


def test_a_bad_source_is_listed_and_fails_ingest(project, run):
    (project / "seeds" / "a.pdf").write_bytes(b"%PDF")
    code, out, err = run("ingest", "seeds")
    assert code == 1
    assert out.endswith("2 sources: 1 failed, 1 new.\n")
    assert err.startswith(
        "ingesting: 2 of 2\nfailed     seeds/a.pdf: seeds/a.pdf: not a PDF that can be read"
    )


def test_wrong_usage_exits_with_2(project, run, monkeypatch):
    assert run("ask")[0] == 2
    assert run("nonsense")[0] == 2
    assert run("index", "--config", "none.toml")[0] == 2
    monkeypatch.setenv("QA_PORT", "many")
    code, _, err = run("index")
    assert (code, err[:24]) == (2, "qa: Settings are wrong (")


def test_status_shows_the_live_snapshot(project, run):
    indexed(run)
    code, out, _ = run("status", "--json")
    stated = json.loads(out)
    assert code == 0
    assert (stated["documents"], stated["passages"], stated["sentences"]) == (1, 4, 14)
    assert (stated["first_date"], stated["last_date"]) == ("2022-07-21", "2022-07-21")
    assert stated["encoder"]["name"] == "words"
    assert (stated["reader"], stated["reader_sha256"]) == ("off", None)
    code, out, _ = run("status")
    assert stated["snapshot"] in out


def test_status_names_the_reranker(project, run, monkeypatch):
    from qa.answer.reranker import open_reranker

    indexed(run)
    monkeypatch.setenv("QA_RERANKER", "bundled")
    _, out, _ = run("status", "--json")
    stated = json.loads(out)
    assert stated["reader"] == "bundled"
    assert stated["reader_sha256"] == open_reranker("bundled").sha256


def test_a_port_in_use_is_reported_before_anything_is_loaded(project, run):
    import socket

    indexed(run)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, err = run("serve", "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert re.match(r"qa: Cannot listen on 127.0.0.1:\d+: .*Choose another with --port", err)


@pytest.mark.parametrize(
    ("number", "workers", "kept"),
    [
        (signal.SIGINT, "0", ""),
        (signal.SIGTERM, "2", " Embedded texts are kept."),
    ],
)
def test_an_interrupted_index_says_what_is_kept(run, monkeypatch, number, workers, kept):
    monkeypatch.setattr(qa.cli.index, "_index", lambda *_, **__: os.kill(os.getpid(), number))
    code, out, err = run("index", "--workers", workers)
    assert (code, out) == (128 + number, "")
    assert err == f'qa: interrupted.{kept} "qa status" shows which snapshot is live.\n'


def test_debug_shows_the_traceback(project, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["qa", "--debug", "ask", "tea"])
    with pytest.raises(QAError):
        cli.main()


COMMANDS = [command.name for command in cli.app.registered_commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    done = CliRunner().invoke(cli.app, [command, "--help"])
    assert done.exit_code == 0
    assert f"qa {command}" in re.search(r"Example: (.*)", done.output)[1]


def test_help_lists_every_command_with_a_whole_sentence():
    listed = CliRunner().invoke(cli.app, ["--help"]).output.split("Commands:\n")[1]
    lines = [line.split(maxsplit=1) for line in listed.splitlines()]
    assert [name for name, _ in lines] == COMMANDS
    assert all(sentence.endswith(".") for _, sentence in lines)
    assert "..." not in listed


@pytest.mark.parametrize(
    "document", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name
)
def test_commands_and_options_named_in_the_documentation_exist(document):
    """Every command in the text is known, and so is every option that follows it."""
    written = re.findall(r"`(?:\$ )?qa ([a-z]+)([^`|]*)", document.read_text("utf-8"))
    written += re.findall(r"^(?:\$ )?qa ([a-z]+)(.*)", document.read_text("utf-8"), re.MULTILINE)
    known = typer.main.get_command(cli.app).commands
    for name, rest in written:
        options = {"--help", *(o for p in known[name].params for o in (*p.opts, *p.secondary_opts))}
        used = re.findall(r"(?<![\w-])-{1,2}[a-z][a-z-]*", re.sub(r'"[^"]*"', "", rest))
        assert [o for o in used if o not in options] == [], (name, rest)


def judged(project):
    folder = project / "judged"
    folder.mkdir()
    documents = [{"_id": "d1", "text": "Tea is hot."}, {"_id": "d2", "text": "Milk is cold."}]
    queries = [{"_id": "q1", "text": "hot tea"}, {"_id": "q2", "text": "cold milk"}]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)), "utf-8")
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), "utf-8")
    (folder / "qrels.tsv").write_text("q1\td1\t1\nq2\td2\t1\n", "utf-8")
    return folder


def test_eval_prints_writes_and_gates(project, run):
    judged(project)
    gates = "nDCG@10=0.9,answered_answerable>=1"
    code, out, _ = run("eval", "judged", "-o", "figures", "--fail-under", gates)
    assert code == 0
    assert out.startswith("judged: 2 answerable questions\nmeasure")
    assert "ranking.nDCG@10                 1.0000  1.0000 to 1.0000\n" in out
    assert out.endswith("Report: figures/report.html\n")
    names = {"metrics.json", "questions.jsonl", "run.trec", "qrels.trec", "settings.json"}
    assert {p.name for p in (project / "figures").iterdir()} == {*names, "report.html"}
    code, out, err = run("eval", "judged", "--json", "--fail-under", "RR@10=1,R@5<=0.5")
    assert code == 1
    assert json.loads(out)["ranking"]["RR@10"]["mean"] == 1.0
    assert err.endswith("qa: gate missed: ranking.R@5 is 1.000000, the gate is at most 0.5.\n")
    assert run("eval", "judged", "--fail-under", "")[0] == 2
    assert run("eval", "judged", "--hide-documents", "2")[0] == 2
    code, out, err = run("eval", "judged", "-o", "judged")
    assert (code, out) == (1, "")
    assert err == (
        "qa: judged holds other files than an evaluation's: name an empty or a new folder.\n"
    )
    assert "is a file" in run("eval", "judged", "-o", "seeds/seed.txt")[2]
    code, out, err = run("eval", "judged", "--fail-under", "nonsense=1")
    assert (code, out) == (2, "")
    assert "'nonsense' is not a measure" in err
    assert run("eval", "nowhere")[0] == 1


def test_compare_prints_and_fails_when_worse(project, run):
    judged(project)
    assert run("eval", "judged", "-o", "a")[0] == 0
    code, out, err = run("compare", "a", "a")
    assert (code, err) == (0, "")
    assert out.startswith("A: a\nB: a\nmeasure")
    assert out.endswith("Questions won by B: 0\nQuestions lost by B: 0\n")
    written = (project / "a" / "questions.jsonl").read_text("utf-8").splitlines()
    harmed = [json.loads(line) for line in written]
    shutil.copytree("a", "b")
    many = [{**row, "id": f"{row['id']}-{n}"} for n in range(20) for row in harmed]
    (project / "a" / "questions.jsonl").write_text("\n".join(map(json.dumps, many)))
    for row in many:
        row["measures"] = {**row["measures"], "ranking.RR@10": 0.5}
        row["right"] = False
    (project / "b" / "questions.jsonl").write_text("\n".join(map(json.dumps, many)))
    code, out, err = run("compare", "a", "b")
    assert (code, err) == (1, "qa: B is significantly worse: ranking.RR@10.\n")
    assert "Questions lost by B: 40\n" in out
    assert "and 20 more, all in --json" in out
    code, out, _ = run("compare", "a", "b", "--json", "--measure", "ranking.nDCG@10")
    assert code == 0
    assert [d["name"] for d in json.loads(out)["differences"]] == ["ranking.nDCG@10"]


def test_batch_answers_lists_bad_rows_and_its_answers_can_be_proved(project, run):
    indexed(run)
    (project / "q.csv").write_text(
        "question,id\nThe Opinions puts forward 28 tasks and measures,1\n,2\n", "utf-8"
    )
    code, out, err = run("batch", "q.csv", "-o", "a.jsonl", "--no-timing")
    assert (code, out) == (1, "2 rows: 1 answered, 0 not in the record, 1 bad rows.\n")
    assert err == "answering: 2 of 2\nqa: q.csv, line 3: there is no question.\n"
    code, out, _ = run("verify", "--answer", "a.jsonl")
    assert code == 0
    proved, unchecked, errors = out.splitlines()
    assert re.fullmatch(r"Proved: \d+ citations of 1 answers against corpus\.", proved)
    assert unchecked.startswith("Not checked: the question")
    assert errors == "1 rows hold an error and no answer: line 2."
    assert run("batch", "q.csv", "-o", "a.csv", "--no-timing")[0] == 1
    assert run("verify", "--answer", "a.csv")[:2] == (code, out.replace("line 2", "line 3"))
    assert run("batch", "q.csv", "-o", "a.jsonl", "--to", "pdf")[0] == 2
    assert run("batch", "q.csv")[0] == 2


def test_update_lists_the_outcome_of_every_source_and_only_new_texts_are_embedded(project, run):
    for name in ("tea", "milk"):
        (project / "seeds" / f"{name}.txt").write_text(f"On {name}.\n\nThe {name} is hot.", "utf-8")
    indexed(run)
    assert (project / "corpus" / "sources.yaml").read_text("utf-8").endswith("- path: seeds/\n")
    assert run("ingest", "--update")[:2] == (0, "3 sources: 3 unchanged.\n")
    (project / "seeds" / "milk.txt").unlink()
    (project / "seeds" / "cake.txt").write_text("On cake.\n\nThe cake is sweet.", "utf-8")
    code, out, err = run("ingest", "--update")
    assert (code, err) == (0, "ingesting: 3 of 3\n")
    rows = [re.split(r"  +", line.strip()) for line in out.split("\n")[:3]]
    assert rows == [
        ["outcome", "document", "source", "reason"],
        ["new", "corpus/on-cake.md", "seeds/cake.txt"],
        ["withdrawn", "corpus/on-milk.md", "seeds/milk.txt", "seeds/milk.txt: the file is gone."],
    ]
    assert out.endswith("4 sources: 1 new, 2 unchanged, 1 withdrawn.\n")
    _, out, _ = run("index")
    assert out.startswith("4 documents, ")
    assert " 3 texts embedded" in out
    assert run("verify")[0] == 0
    _, out, _ = run("ask", "is the milk hot?", "--json")
    answer = json.loads(out)
    cited = {c["document"]["id"] for c in answer["citations"] + answer["nearest"]}
    assert "on-tea" in cited
    assert "on-milk" not in cited
    (project / "seeds" / "milk.txt").write_text("On milk.\n\nThe milk is hot.", "utf-8")
    code, out, _ = run("ingest", "--update", "--json")
    assert (code, json.loads(out)) == (
        0,
        {
            "counts": {"unchanged": 3, "updated": 1},
            "documents": [
                {
                    "source": "seeds/milk.txt",
                    "outcome": "updated",
                    "document": "on-milk",
                    "why": "published again",
                }
            ],
        },
    )


def test_commands_refuse_a_folder_with_foreign_files_and_change_nothing(project, run, monkeypatch):
    indexed(run)
    (project / "q.csv").write_text("question\nhow many tasks?\n", "utf-8")
    (project / "notes.jsonl").write_text('{"mine": 1}\n', "utf-8")
    (project / "mine").mkdir()
    (project / "mine" / "settings.json").write_text('{"editor.tabSize": 4}', "utf-8")
    (project / "mine" / "thesis.txt").write_text("mine", "utf-8")
    before = contents(project)
    for command, named in (
        (["index", "--index", "."], "holds files that"),
        (["index", "--index", "seeds"], "holds files that"),
        (["index", "--index", "mine"], "holds files that"),
        (["index", "--index", "q.csv"], "is not a folder"),
        (["index", "--index", "corpus"], "is the corpus folder"),
        (["rollback", "--index", "mine"], "no snapshot in mine"),
        (["ingest", "seeds", "--corpus", "."], "holds files that"),
        (["ingest", "seeds", "--corpus", "mine"], "holds files that"),
        (["ingest", "seeds", "--corpus", "q.csv"], "is not a folder"),
        (["accept", "x", "--corpus", "mine"], "holds files that"),
        (["batch", "q.csv", "-o", "notes.jsonl"], "does not hold answers of qa batch"),
        (["batch", "q.csv", "-o", "mine"], "is not a file"),
        (["eval", "q.csv", "-o", "mine"], "holds other files than an evaluation's"),
        (["feedback", "-o", "notes.jsonl"], "is not a file that qa feedback wrote"),
    ):
        code, out, err = run(*command)
        assert (code in (1, 2), out, named in err) == (True, "", True), (command, code, out, err)
        assert err.count("\n") == 1
        assert contents(project) == before, command
    monkeypatch.setenv("QA_CACHE", "mine")
    code, _, err = run("ingest", "seeds")
    assert (code, "mine holds foreign files" in err) == (2, True)
    assert contents(project) == before


def test_a_correction_is_reported_until_it_is_accepted(project, run):
    indexed(run)
    (path,) = (project / "corpus").glob("*.md")
    name = path.stem
    path.write_text(path.read_text("utf-8").replace("28 tasks", "29 tasks"), "utf-8")
    code, _, err = run("index")
    assert code == 0
    assert (
        f"qa: 1 documents differ from what ingest wrote, corrected by hand or damaged ({name}). "
        'Check them, then run "qa accept ID" and "qa index".\n'
    ) in err
    differs = f"qa: corpus/{name}.md differs in its text from what ingest wrote: "
    code, out, err = run("verify")
    assert (code, out, err.startswith(differs), err.count("\n")) == (1, "", True, 1)
    assert run("accept", name) == (0, f'corpus/{name}.md: accepted; run "qa index".\n', "")
    assert run("accept", name) == (0, f"corpus/{name}.md: nothing to accept.\n", "")
    assert run("index")[1].startswith("1 documents are corrected by hand.\n")
    code, out, err = run("verify")
    assert (code, err, out.splitlines()[1]) == (
        0,
        "",
        f"Corrected by hand, and accepted: {name}.",
    )
    assert run("ingest", "seeds")[:2] == (
        0,
        f"kept       seeds/seed.txt -> corpus/{name}.md: corrected by hand\n1 sources: 1 kept.\n",
    )
    path.write_text(path.read_text("utf-8").replace("29 tasks", "30 tasks"), "utf-8")
    run("index")
    assert run("verify")[2].startswith(differs)
    assert run("accept", "missing")[0] == 1
    assert run("accept", "../q")[0] == 1


def test_ingest_takes_sources_or_known_ones_and_not_both(project, run):
    assert run("ingest")[0] == 2
    assert run("ingest", "seeds", "--update")[0] == 2
    code, _, err = run("ingest", "--update")
    assert (code, err) == (
        1,
        'qa: corpus has no known sources. Run "qa ingest SOURCE" first.\n',
    )


def test_a_forbidden_address_is_refused_in_one_line(project, run):
    code, out, err = run("ingest", "http://127.0.0.1:8080/", "file:///etc/passwd")
    assert code == 1
    assert out == "2 sources: 2 failed.\n"
    assert "127.0.0.1 is not a public address: it is not fetched from without --allow-priv" in err
    assert "file:///etc/passwd: only http and https are fetched, not file." in err
    assert not (project / "corpus" / "sources.yaml").exists()


def test_of_many_new_documents_the_first_are_named_and_the_others_counted(
    project, run, monkeypatch
):
    monkeypatch.setattr(qa.cli.ingest, "SHOWN_DOCUMENTS", 2)
    for n in range(5):
        (project / "seeds" / f"{n}.txt").write_text(f"Number {n}.", "utf-8")
    _, out, _ = run("ingest", "seeds")
    assert out.count("new   ") == 2
    assert out.endswith("and 4 more new, all in --json\n6 sources: 6 new.\n")


def test_a_dry_run_shows_the_turns_and_writes_nothing(project, run):
    talk = "Talk\n2020-02-03\n\nQ Why?\n\nMR. FOX: So.\n\nQ When?\n\nMR. FOX: Now."
    (project / "seeds" / "seed.txt").write_text(talk, "utf-8")
    code, out, err = run("ingest", "--dry-run", "seeds")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "seeds/seed.txt",
        "    title     Talk",
        "    date      2020-02-03",
        "    language  en",
        "    layout    transcript",
        "    question: Why?",
        "    answer (MR. FOX): So.",
        "    question: When?",
        "    answer (MR. FOX): Now.",
    ]
    assert not (project / "corpus").exists()
    (project / "seeds" / "bad\n\x1b[31m.txt").write_text("", "utf-8")
    code, out, err = run("ingest", "--dry-run", "--json", "seeds")
    assert code == 1
    bad, good = map(json.loads, out.splitlines())
    assert bad["source"] == "seeds/bad\n\x1b[31m.txt"
    assert [turn["role"] for turn in good["turns"]] == ["question", "answer"] * 2
    assert err == (
        "failed     seeds/bad\\n\\x1b[31m.txt: seeds/bad\\n\\x1b[31m.txt: there is no text in it.\n"
    )


def test_a_dry_run_takes_files_only(project, run):
    code, _, err = run("ingest", "--dry-run", "https://example.org/")
    assert code == 2
    assert "--dry-run works for files and folders only." in err
