"""Measures, compared with values computed by hand and with other libraries."""

import math
import random

import numpy as np
import pytest

from qa.evaluation import measure
from qa.evaluation.measure import Operating
from qa.records import Span


def spans(*pairs):
    return [Span(*pair) for pair in pairs]


def test_ranking_measures_of_a_worked_example():
    qrels = {"q1": {"a": 2, "b": 1}, "q2": {"c": 1}, "q3": {"z": 1}}
    run = {"q1": [("x", 0.9), ("b", 0.8), ("a", 0.7)], "q2": [("c", 0.1)], "q3": []}
    values = measure.ranking(qrels, run)
    ideal = 2 + 1 / math.log2(3)
    gained = 1 / math.log2(3) + 2 / math.log2(4)
    assert values["nDCG@10"] == pytest.approx({"q1": gained / ideal, "q2": 1, "q3": 0})
    assert values["RR@10"] == {"q1": 0.5, "q2": 1, "q3": 0}
    assert values["Success@1"] == {"q1": 0, "q2": 1, "q3": 0}
    assert values["Success@3"] == {"q1": 1, "q2": 1, "q3": 0}
    assert values["R@5"] == {"q1": 1, "q2": 1, "q3": 0}


def test_a_question_the_run_lacks_counts_as_nothing_found():
    values = measure.ranking({"q1": {"a": 1}, "q2": {"b": 1}}, {"q1": [("a", 1.0)]})
    assert all(value == {"q1": 1, "q2": 0} for value in values.values())


def test_equal_scores_keep_the_order_in_which_they_were_shown():
    run = [("a", 0.5), ("z", 0.5), ("b", 0.5)]
    shown = list(zip("azb", measure.falling([score for _, score in run]), strict=True))
    for document, rank in {"a": 1, "z": 2, "b": 3}.items():
        values = measure.ranking({"q": {document: 1}}, {"q": shown})
        assert values["RR@10"]["q"] == pytest.approx(1 / rank)
        assert values["nDCG@10"]["q"] == pytest.approx(1 / math.log2(rank + 1))


def test_falling_scores_fall_as_32_bit_numbers_and_stay_what_they_are():
    scores = [0.7, 0.7, 0.7 - 1e-12, 0.3, 0.0, 0.0, -0.1, -0.1]
    lowered = measure.falling(scores)
    as_read = np.array([float(f"{s:.9g}") for s in lowered], np.float32)
    assert (np.diff(as_read) < 0).all()
    assert np.allclose(lowered, scores, atol=1e-6)


def test_ranking_agrees_with_pytrec_eval_on_random_runs():
    import pytrec_eval

    chance = random.Random(3)  # noqa: S311 - no secret
    qrels, run = {}, {}
    for q in range(60):
        documents = [f"d{n}" for n in range(30)]
        qrels[f"q{q}"] = {d: chance.randint(0, 2) for d in chance.sample(documents, 5)}
        qrels[f"q{q}"]["d0"] = 1
        found = chance.sample(documents, chance.randint(0, 25))
        scores = sorted((round(chance.random(), 1) for _ in found), reverse=True)
        run[f"q{q}"] = list(zip(found, measure.falling(scores), strict=True))
    names = {"nDCG@10": "ndcg_cut_10", "R@5": "recall_5", "Success@1": "success_1"}
    judge = pytrec_eval.RelevanceEvaluator(qrels, {*names.values(), "recip_rank"})
    theirs = judge.evaluate({q: dict(found) for q, found in run.items()})
    ours = measure.ranking(qrels, run)
    for mine, name in names.items():
        expected = {q: theirs.get(q, {}).get(name, 0.0) for q in qrels}
        assert ours[mine] == pytest.approx(expected, abs=1e-9)
    cut = judge.evaluate({q: dict(found[:10]) for q, found in run.items()})
    expected = {q: cut.get(q, {}).get("recip_rank", 0.0) for q in qrels}
    assert ours["RR@10"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("taken", "places", "expected"),
    [
        (spans((0, 5)), spans((0, 10)), True),
        (spans((0, 4)), spans((0, 10)), False),
        (spans((5, 9)), spans((0, 9)), False),
        (spans((4, 9)), spans((0, 9)), True),
        (spans((0, 3), (6, 8)), spans((0, 10)), True),
        (spans((0, 3)), spans((90, 99), (0, 6)), True),
        (spans((10, 20)), spans((0, 10)), False),
        ([], spans((0, 10)), False),
    ],
)
def test_half_of_the_characters_is_enough(taken, places, expected):
    assert measure.covers_half(taken, places) is expected


def test_the_interval_of_a_mean_is_over_questions():
    """Of two values, a quarter of the resamples gives each end: the interval is all there is."""
    assert measure.mean([0.0, 1.0]) == {"mean": 0.5, "low": 0.0, "high": 1.0}
    wide = measure.mean([0.0, 1.0] * 50)
    assert wide["mean"] == 0.5
    # The normal approximation: 1.96 * sqrt(.25 / 100) = .098
    assert wide["low"] == pytest.approx(0.402, abs=0.012)
    assert wide["high"] == pytest.approx(0.598, abs=0.012)
    narrow = measure.mean([0.0, 1.0] * 5000)
    assert narrow["high"] - narrow["low"] == pytest.approx(0.0196, abs=0.002)
    assert measure.mean([0.0, 1.0] * 50) == wide


def test_few_values_have_a_plain_mean_and_none_has_none():
    assert measure.mean([0.25]) == {"mean": 0.25, "low": None, "high": None}
    assert measure.mean([]) is None
    assert measure.mean([1.0] * 9) == {"mean": 1.0, "low": 1.0, "high": 1.0}


def test_auroc_counts_pairs_and_ties_half():
    # Of six pairs, 0.9 wins three, 0.5 ties one and wins one.
    found = measure.auroc([0.9, 0.5], [0.5, 0.1, 0.7])
    assert found["mean"] == (3 + 0.5 + 1) / 6
    assert measure.auroc([1.0], [0.0]) == {"mean": 1.0, "low": None, "high": None}
    assert measure.auroc([0.0, 0.0], [1.0])["mean"] == 0.0
    assert measure.auroc([], [1.0]) is None
    assert measure.auroc([1.0], []) is None


def test_auroc_agrees_with_scikit_learn():
    from sklearn.metrics import roc_auc_score

    chance = np.random.default_rng(5)
    positive, negative = chance.random(300).round(2), (chance.random(170) * 0.9).round(2)
    expected = roc_auc_score([1] * 300 + [0] * 170, [*positive, *negative])
    found = measure.auroc(positive, negative)
    assert found["mean"] == pytest.approx(expected, abs=1e-9)
    # Hanley and McNeil's standard error, equation 2
    q1, q2 = expected / (2 - expected), 2 * expected**2 / (1 + expected)
    spread = (q1 - expected**2) * 299 + (q2 - expected**2) * 169 + expected * (1 - expected)
    half = 1.96 * math.sqrt(spread / (300 * 170))
    assert found["low"] == pytest.approx(expected - half, abs=0.01)
    assert found["high"] == pytest.approx(expected + half, abs=0.01)


def test_risk_and_coverage_step_at_every_threshold():
    confidences = [0.5, 0.9, 0.5, 0.2]
    right = [True, True, False, False]
    assert measure.risk_coverage(confidences, right) == [
        Operating(0.9, 0.25, 0.0),
        Operating(0.5, 0.75, 1 / 3),
        Operating(0.2, 1.0, 0.5),
    ]


def test_reliability_puts_the_ends_into_the_outer_bins():
    bins = measure.reliability([0.0, 0.1, 0.15, 1.0], [False, False, True, True])
    assert [(b.low, b.high, b.count, b.share_right) for b in bins] == [
        (0.0, 0.1, 1, 0.0),
        (0.1, 0.2, 2, 0.5),
        (0.9, 1.0, 1, 1.0),
    ]
    assert bins[1].confidence == pytest.approx(0.125)
    assert measure.calibration_error(bins) == pytest.approx(2 * 0.375 / 4)


def test_percentiles_are_interpolated():
    assert measure.percentiles([1.0, 2.0, 3.0]) == {"p50": 2.0, "p95": 2.9, "p99": 2.98}


def test_chance_agrees_with_scipy_on_paired_values():
    from scipy.stats import permutation_test

    draw = np.random.default_rng(11)
    before, after = draw.random(12), draw.random(12) + 0.2
    exact = permutation_test(
        (before, after),
        lambda a, b, axis: b.mean(axis=axis) - a.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
    ).pvalue
    found = measure.chance(before, after, lambda v: v.mean(axis=-1), measure.RESAMPLES)
    assert 0.001 < exact < 0.5
    assert found == pytest.approx(exact, abs=0.01)
    same = measure.chance(before, before, lambda v: v.mean(axis=-1), 100)
    assert same == 1.0
