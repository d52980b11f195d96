"""Comparing evaluations: equal ones show no difference, worse ones are reported."""

import dataclasses
import json

import pytest

from qa.errors import EvaluationError
from qa.evaluation import compare


def row(number, *, right=True, answered=True, confidence=0.9, kind="answerable"):
    has_answer = kind == "answerable"
    measures = {"answered": float(answered)}
    if has_answer:
        measures |= {"ranking.Success@1": float(right), "ranking.nDCG@10": 1.0 if right else 0.5}
    return {
        "id": f"{kind}{number}",
        "kind": kind,
        "question": f"question {number}?",
        "previous": [],
        "status": "answered" if answered else "not_in_record",
        "confidence": confidence,
        "right": has_answer and right,
        "relevant": [{"document": "d", "grade": 1, "rank": 1}] if has_answer else [],
        "gold": [],
        "measures": measures,
    }


@pytest.fixture
def folder(tmp_path):
    def make(name, rows):
        path = tmp_path / name
        path.mkdir()
        (path / "questions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        (path / "metrics.json").write_text("{}")
        return path

    return make


def run(*, wrong=(), refused=(), let_through=(), area=False):
    rows = [row(n, right=n not in wrong, answered=n not in refused) for n in range(60)]
    rows += [
        row(n, answered=n in let_through, confidence=0.95 if area else 0.1, kind="near_scope")
        for n in range(40)
    ]
    return rows


def test_a_run_against_itself_differs_in_nothing(folder):
    compared = compare(folder("a", run(wrong=[1, 2])), folder("b", run(wrong=[1, 2])))
    assert [d.name for d in compared.differences] == [
        "answered_answerable",
        "ranking.Success@1",
        "ranking.nDCG@10",
        "answered_near_scope",
        "auroc_near_scope",
    ]
    for d in compared.differences:
        assert (d.difference, d.low, d.high, d.p, d.verdict) == (0, 0, 0, 1, "same")
    assert (compared.won, compared.lost, compared.worse) == ((), (), ())


def test_harm_is_worse_and_its_mirror_better(folder):
    good, harmed = folder("good", run()), folder("harmed", run(wrong=range(20)))
    compared = compare(good, harmed)
    found = {d.name: d for d in compared.differences}
    success = found["ranking.Success@1"]
    assert (success.a, success.b, success.questions) == (1.0, 40 / 60, 60)
    assert success.difference == pytest.approx(-1 / 3)
    # The normal approximation: 1.96 * sqrt(2/9 / 60) = .119
    assert success.low == pytest.approx(-1 / 3 - 0.119, abs=0.02)
    assert success.high == pytest.approx(-1 / 3 + 0.119, abs=0.02)
    assert success.p < 0.001
    assert compared.worse == ("ranking.Success@1", "ranking.nDCG@10")
    assert [q.id for q in compared.lost] == [f"answerable{n}" for n in range(20)]
    assert compared.won == ()
    mirrored = compare(harmed, good)
    assert mirrored.worse == ()
    assert {d.name for d in mirrored.differences if d.verdict == "better"} == set(compared.worse)
    assert [dataclasses.astuple(q) for q in mirrored.won] == [
        (f"answerable{n}", "answerable", f"question {n}?") for n in range(20)
    ]


def test_answering_questions_without_an_answer_is_worse(folder):
    compared = compare(folder("a", run()), folder("b", run(let_through=range(20))))
    assert compared.worse == ("answered_near_scope",)
    assert {q.kind for q in compared.lost} == {"near_scope"}


def test_confidence_that_no_longer_separates_kinds_is_worse(folder):
    compared = compare(folder("a", run()), folder("b", run(area=True)))
    (area,) = [d for d in compared.differences if d.name == "auroc_near_scope"]
    assert (area.a, area.b, area.verdict) == (1.0, 0.0, "worse")


def test_a_right_answer_withheld_is_lost(folder):
    compared = compare(folder("a", run()), folder("b", run(refused=[7])))
    assert [q.id for q in compared.lost] == ["answerable7"]


def test_few_measures_see_smaller_changes(folder):
    """Ten of sixty lost, six won: p is about .05 to .5, too much by itself and among five."""
    a, b = folder("a", run(wrong=range(50, 56))), folder("b", run(wrong=range(17)))
    several, one = compare(a, b), compare(a, b, measures=["ranking.Success@1"])
    by_name = {d.name: d for d in several.differences}
    p = by_name["ranking.Success@1"].p
    assert 0.05 / 5 < p < 0.05
    assert by_name["ranking.Success@1"].verdict == "same"
    assert one.worse == ("ranking.Success@1",)
    with pytest.raises(EvaluationError, match="R@5: not measured by these evaluations; they"):
        compare(a, b, measures=["R@5"])


def test_evaluations_of_other_questions_are_refused(folder):
    a = folder("a", run())
    with pytest.raises(EvaluationError, match="'near_scope39' is only in the first"):
        compare(a, folder("fewer", run()[:-1]))
    other = run()
    other[3] = {**other[3], "question": "another?"}
    with pytest.raises(EvaluationError, match="Question 'answerable3' is not the same"):
        compare(a, folder("other", other))
    with pytest.raises(EvaluationError, match="holds no complete evaluation"):
        compare(a, a.parent / "nowhere")


def test_one_or_two_questions_are_never_enough(folder):
    for count in (1, 2):
        rows = [row(n) for n in range(count)]
        harmed = [row(n, right=False) for n in range(count)]
        compared = compare(folder(f"a{count}", rows), folder(f"b{count}", harmed))
        assert compared.worse == ()
        (success,) = [d for d in compared.differences if d.name == "ranking.Success@1"]
        # Of the ways to swap, half (for two: two of four) are as far apart.
        assert success.p == pytest.approx(1.0 if count == 1 else 0.5, abs=0.02)


def test_follow_ups_are_measured_by_their_quotes_alone(folder):
    def followup(found):
        return {**row(1), "kind": "followup", "measures": {"quotes.Success@1": found}}

    (d,) = compare(folder("a", [followup(1.0)]), folder("b", [followup(0.0)])).differences
    assert (d.name, d.questions, d.a, d.b) == ("followups.Success@1", 1, 1.0, 0.0)


def test_unicode_line_separators_do_not_end_rows(folder):
    rows = [{**row(1), "question": "one\u2028two\u0085three"}]
    path = folder("a", rows)
    (path / "questions.jsonl").write_text(json.dumps(rows[0], ensure_ascii=False) + "\n", "utf-8")
    assert compare(path, path).worse == ()


@pytest.mark.parametrize("spoiled", ["[]", "{}", "", '{"id": "a"', "\udcff"])
def test_damaged_evaluations_are_refused(folder, spoiled):
    path = folder("a", run())
    (path / "questions.jsonl").write_text(spoiled, "utf-8", errors="surrogateescape")
    with pytest.raises(EvaluationError, match="holds no complete evaluation"):
        compare(path, path)


def test_a_measure_that_one_side_lacks_is_refused(folder):
    fewer = run()
    fewer[0] = {**fewer[0], "measures": {}}
    with pytest.raises(EvaluationError, match="Question 'answerable0' is not the same"):
        compare(folder("a", fewer), folder("b", run()))
