"""Every change of a saved answer is a fault, but for the parts that nobody can check."""

import copy
import csv
import datetime
import io
import json

import pytest

from conftest import WordEncoder
from qa import QA
from qa.answer.answer_checks import Record, faults
from qa.answer.verify import verify_answers
from qa.errors import InputError
from qa.evaluation import batch
from qa.index.build import build
from qa.index.snapshot import live_digest, open_snapshot
from qa.records import Document, to_json
from qa.sources import corpus_folder

TALK = """MR. FOX: Welcome to this talk on tea and on milk.

Q Why is tea hot when it is served in the north?

MR. FOX: Fire heats the tea. Tea is hot in the north. Leaves float.

Q How cold is the milk that comes from the south?

MR. FOX: The milk from the south is cold. It is not warm."""
LATER = """Q Why is tea hot when it is served in the north?

MR. FOX: Fire heats the tea. Tea is hot in the north. Leaves sink."""
# What the record cannot prove; the type of each is checked all the same.
UNCHECKED = {
    ("question",),
    ("searched_for",),
    ("confidence",),
    ("elapsed_ms",),
    ("citations", 0, "confidence"),
    ("nearest", 0, "confidence"),
}


def write(corpus, name, text, year, **fields):
    document = Document(
        id=name,
        title=f"On {name}",
        text=text,
        date=datetime.date(year, 1, 1),
        section="Trade",
        source=f"https://example.org/{name}",
        layout="transcript",
        also=("https://example.org/other",),
        **fields,
    )
    corpus_folder.write(corpus, name, corpus_folder.render(document, f"seeds/{name}.txt", "1" * 64))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    home = tmp_path_factory.mktemp("project")
    recording = "https://youtu.be/talk"
    times = ((0, 1.5), (60, 63), (150, 3671.25))
    write(home / "corpus", "talk", TALK, 2020, pages=(0, 60), times=times, recording=recording)
    write(home / "corpus", "later", LATER, 2021)
    files = corpus_folder.read_all(home / "corpus")
    build(files, home / "index", WordEncoder(), passage_chars=1250)
    return home


@pytest.fixture(scope="module")
def qa(project):
    return QA(open_snapshot(project / "index"), WordEncoder())


@pytest.fixture(scope="module")
def answered(qa):
    answer = to_json(qa.ask("is tea hot in the north"))
    (talk,) = [c for c in answer["citations"] if c["document"]["id"] == "talk"]
    answer["citations"] = [{**talk, "number": 1}]
    assert answer["citations"][0]["passage"]["asked"]
    assert answer["citations"][0]["passage"]["page"] == 2
    assert answer["citations"][0]["links"]["recording"]
    assert answer["citations"][0]["later"]["document"]["id"] == "later"
    assert answer["related"]
    return answer


@pytest.fixture(scope="module")
def refused(qa):
    answer = to_json(qa.ask("zebra soap milk"))
    assert (answer["status"], bool(answer["nearest"])) == ("not_in_record", True)
    return answer


def proof(project, answer, *, with_index=True):
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return verify_answers(content, project / "corpus", project / "index" if with_index else None)


@pytest.fixture(scope="module")
def records(project, qa):
    """Return the records that answers are checked against, with and without a snapshot."""
    documents = {
        file.document.id: file.document for file in corpus_folder.read_all(project / "corpus")
    }
    return {True: Record(documents, {qa.snapshot.digest: qa.snapshot}), False: Record(documents)}


def leaves(value, path=()):
    """Every value that holds no others, and where it is; of a list, of its first member."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value[:1]):
            yield from leaves(one, (*path, number))
    else:
        yield path, value


def changed(answer, path, value):
    spoilt = copy.deepcopy(answer)
    target = spoilt
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return spoilt


def others(value):
    """Return false values to replace a value."""
    if isinstance(value, str):
        return [f"{value} not", value[1:], value.swapcase(), "", None, 3]
    if isinstance(value, int):
        return [value + 1, value - 1, float(value), str(value), None]
    if isinstance(value, float):
        return [-0.1, str(value), None, True]
    return ["Minister Nobody", 7]


@pytest.mark.parametrize("with_index", [True, False])
@pytest.mark.parametrize("kind", ["answered", "refused"])
def test_every_value_that_is_changed_is_named(records, kind, with_index, request):
    answer = request.getfixturevalue(kind)
    assert [*faults(answer, records[with_index])] == []
    missed, seen = [], 0
    for path, value in leaves(answer):
        for other in others(value):
            is_unchecked = path in UNCHECKED and type(other) is type(value)
            if other == value and type(other) is type(value):
                continue
            seen += 1
            found = [*faults(changed(answer, path, other), records[with_index])]
            if bool(found) == (is_unchecked and other != -0.1):
                missed.append((path, value, other, found))
    assert missed == []
    assert seen > 100


@pytest.mark.parametrize("kind", ["answered", "refused"])
def test_nothing_may_be_added_or_left_out_anywhere(records, kind, request):
    answer = request.getfixturevalue(kind)
    places = {path[:n] for path, _ in leaves(answer) for n in range(len(path))}
    missed = []
    for place in places:
        target = answer
        for step in place:
            target = target[step]
        if not isinstance(target, dict):
            continue
        missed += [
            (place, name)
            for name in ("summary", "error", "answer", "Quotes")
            if not [*faults(changed(answer, (*place, name), "He resigned."), records[True])]
        ]
        for name in target:
            shorter = copy.deepcopy(answer)
            inner = shorter
            for step in place:
                inner = inner[step]
            del inner[name]
            if bool([*faults(shorter, records[True])]) == (name in OF_LATER_VERSIONS):
                missed.append((place, f"without {name}"))
    assert missed == []


# Answers that were saved before these were told are still proved.
OF_LATER_VERSIONS = {
    "elapsed_ms",
    "courtesy",
    "later",
    "page",
    "time",
    "recording",
    "language",
    "also",
}


def test_parts_that_do_not_fit_together_are_named(project, answered, refused):
    citation = answered["citations"][0]
    for spoilt in (
        {**answered, "status": "not_in_record"},
        {**answered, "citations": []},
        {**answered, "citations": [], "nearest": answered["citations"]},
        {**answered, "nearest": refused["nearest"]},
        {**answered, "citations": [citation, citation]},
        {**answered, "citations": [{**citation, "quotes": []}]},
        {**answered, "courtesy": "thanks"},
        {**refused, "status": "answered"},
        {**refused, "related": ["Did the minister resign?"]},
        {**refused, "related": ["Welcome to this talk on tea and on milk."]},
        {**refused, "related": ["?"]},
    ):
        assert proof(project, spoilt).faults
        assert proof(project, spoilt, with_index=False).faults or spoilt["related"] == ["?"]


def moved(answer, start, end, quotes=None):
    """The answer with another stretch of the talk as its passage, all else made to fit."""
    spoilt = copy.deepcopy(answer)
    citation = spoilt["citations"][0]
    citation["passage"] |= {"start": start, "end": end, "text": TALK[start:end]}
    citation["prefix"], citation["suffix"] = TALK[max(0, start - 32) : start], TALK[end : end + 32]
    citation["links"]["reader"] = f"/documents/talk?start={start}&end={end}#passage"
    if quotes:
        citation["quotes"] = [{"text": TALK[a:b], "start": a, "end": b} for a, b in quotes]
        words = TALK[slice(*quotes[0])].replace(" ", "%20")
        citation["links"]["source"] = f"https://example.org/talk#:~:text={words}"
    return spoilt


def test_a_passage_is_one_of_the_snapshot_and_its_quotes_are_whole_sentences(project, answered):
    passage = answered["citations"][0]["passage"]
    start, end = passage["start"], passage["end"]
    heat = TALK.index("Fire heats")
    hot, leaves_ = TALK.index("Tea is hot in"), TALK.index("Leaves float")
    whole = [(hot, leaves_ - 1)]
    assert proof(project, moved(answered, start, end, whole)).faults == ()
    cut = moved(answered, hot, end, whole)
    assert [f.rpartition(": ")[2] for f in proof(project, cut).faults] == [
        f"the snapshot has no passage at {hot} to {end}"
    ]
    part = moved(answered, start, end, [(hot, hot + len("Tea is hot"))])
    assert any("is not a whole sentence" in f for f in proof(project, part).faults)
    apart = moved(answered, start, end, [(heat, hot - 1), (leaves_, end)])
    assert any("do not follow one another" in f for f in proof(project, apart).faults)
    asked = TALK.index("Why is tea")
    question = moved(answered, asked, TALK.index("\n\nMR. FOX: Fire"))
    question["citations"][0]["passage"] |= {"role": "question", "speaker": None, "asked": None}
    assert any("is a question, which answers" in f for f in proof(project, question).faults)


def test_a_snapshot_that_is_not_there_is_named_once(project, answered):
    other = json.dumps({**answered, "snapshot": "0" * 32})
    found = proof(project, f"{other}\n{other}\n")
    (fault,) = found.faults
    assert fault == (
        f"{project / 'index'} has no snapshot {'0' * 32}, which 2 answers name: verify them with "
        "the index they were given by (--index)."
    )
    assert proof(project, other, with_index=False).faults == ()


def test_the_parts_that_are_not_checked_are_listed(project, answered):
    (note,) = proof(project, answered).notes
    assert note == (
        "Not checked: the question and the words searched for, confidences, times taken, and the "
        "line and id of a row."
    )
    assert proof(project, answered, with_index=False).notes[1] == (
        "Not checked, without an index: the snapshot, and where passages are cut."
    )


def test_rows_with_an_error_are_counted_and_prove_nothing(project, answered):
    error = {"line": 3, "id": None, "error": "there is no question"}
    rows = [{"line": 2, "id": "a", **answered}, error, error]
    found = proof(project, "".join(f"{json.dumps(row)}\n" for row in rows))
    assert found.faults == ()
    assert found.notes[-1] == "2 rows hold an error and no answer: line 2, line 3."
    for hidden in ({**error, "citations": answered["citations"]}, {**answered, "error": "x"}):
        assert proof(project, hidden).faults
    for nothing in (error, [], {}, [error], "x", None):
        assert proof(project, json.dumps(nothing)).faults


def test_a_key_that_is_stated_twice_is_refused(project, answered):
    text = json.dumps(answered)
    spoilt = text.replace('"status": ', '"status": "not_in_record", "status": ', 1)
    with pytest.raises(InputError, match="states something twice"):
        proof(project, spoilt)


def test_answers_of_a_batch_over_http_are_proved(project, answered, refused):
    assert proof(project, {"answers": [answered, refused]}).faults == ()
    spoilt = changed(refused, ("nearest", 0, "passage", "speaker"), "Nobody")
    (fault,) = proof(project, {"answers": [answered, spoilt]}).faults
    assert fault.startswith("answer 2: nearest 1: ")


def test_small_talk_is_proved(project, qa):
    answer = to_json(qa.ask("thank you"))
    assert answer["courtesy"] == "thanks"
    assert proof(project, answer).faults == ()
    assert proof(project, {**answer, "courtesy": "abuse"}).faults


@pytest.fixture(scope="module")
def table(project, qa):
    """A batch's answers as CSV: one row answered, one not, one with an error."""
    (project / "q.csv").write_text(
        "id,question\n1,is tea hot in the north\n2,zebra soap\n3,\n", "utf-8"
    )
    batch(qa, project / "q.csv", project / "a.csv")
    return (project / "a.csv").read_bytes().decode()


def written(rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return f"\ufeff{text.getvalue()}"


def test_a_table_is_proved(project, table):
    found = proof(project, table)
    assert found.faults == ()
    assert found.summary.startswith("Proved: 2 citations of 2 answers")
    assert found.notes[-1] == "1 rows hold an error and no answer: line 4."


def test_every_cell_that_is_changed_is_named(project, table):
    rows = [*csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline=""))]
    head = rows[0]
    free = ("line", "id", "question", "searched_for", "confidence", "elapsed_ms")
    missed = []
    for number, cell in enumerate(rows[1]):
        if head[number] in free or head[number].startswith("confidence"):
            continue
        for other in {"1", f"{cell} not", cell[1:]} - {cell}:
            spoilt = copy.deepcopy(rows)
            spoilt[1][number] = other
            if not proof(project, written(spoilt)).faults:
                missed.append((head[number], cell, other))
    assert missed == []
    error = copy.deepcopy(rows)
    error[3][head.index("passage_1")] = "He resigned."
    assert proof(project, written(error)).faults


def test_a_table_with_other_columns_or_cells_is_refused(project, table):
    rows = [*csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline=""))]
    wider = [[*row, "He resigned."] for row in rows]
    wider[0][-1] = "summary"
    for spoilt in (wider, [rows[0], rows[1][:-1]], [["line", *rows[0][:0:-1]], *rows[1:]]):
        with pytest.raises(InputError):
            proof(project, written(spoilt))


def test_an_answer_from_a_document_that_nobody_accepted_is_not_proved(project, answered, tmp_path):
    (tmp_path / "corpus").mkdir()
    for path in (project / "corpus").glob("*.md"):
        (tmp_path / "corpus" / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "corpus" / "talk.md"
    path.write_text(path.read_text("utf-8").replace("layout: ", "layout:  "), "utf-8")
    found = verify_answers(json.dumps(answered), tmp_path / "corpus").faults
    assert [f.startswith(f"{path} differs in its front matter") for f in found] == [True]
    assert live_digest(project / "index")
