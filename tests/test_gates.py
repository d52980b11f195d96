"""A gate holds or is reported; a measure that is missing does not pass."""

import pytest

from qa.errors import SettingsError
from qa.evaluation import gates
from qa.evaluation.gates import Gate

METRICS = {
    "ranking": {"nDCG@10": {"mean": 0.7, "low": 0.6, "high": 0.8}, "Success@1": None},
    "quotes": {"Success@1": 0.4},
    "abstention": {"answered_near_scope": 0.1, "auroc_near_scope": None},
    "followups": {"Success@1": 0.2},
    "latency_ms": {"p95": 30.0},
}


def missed(text):
    return [*gates.missed(gates.parse(text), METRICS)]


def test_gates_are_read_as_floors_and_ceilings():
    assert gates.parse("nDCG@10=0.70, abstention.answered_near_scope <= .1,RR@10>=1") == [
        Gate("", "nDCG@10", 0.7, is_ceiling=False),
        Gate("abstention", "answered_near_scope", 0.1, is_ceiling=True),
        Gate("", "RR@10", 1.0, is_ceiling=False),
    ]


def test_a_limit_reached_exactly_holds():
    assert missed("nDCG@10=0.70,answered_near_scope<=0.10,latency_ms.p95<=30") == []


def test_a_missed_gate_is_named_with_value_and_limit():
    assert missed("nDCG@10=0.71,answered_near_scope<=0.09") == [
        "ranking.nDCG@10 is 0.700000, the gate is at least 0.71.",
        "abstention.answered_near_scope is 0.100000, the gate is at most 0.09.",
    ]


def test_a_bare_name_means_the_first_block_that_measures_it():
    assert missed("Success@1=0.4") == []
    assert missed("Success@1=0.41") == ["quotes.Success@1 is 0.400000, the gate is at least 0.41."]
    assert missed("followups.Success@1=0.3")[0].startswith("followups.Success@1 is 0.200000")


def test_a_measure_that_the_set_lacks_is_missed():
    assert missed("auroc_near_scope=0.1") == [
        "auroc_near_scope is not measured by this set, the gate is at least 0.1."
    ]
    assert missed("ranking.Success@1<=1") == [
        "ranking.Success@1 is not measured by this set, the gate is at most 1."
    ]


@pytest.mark.parametrize("text", ["", "nDCG@10", "nDCG@10<0.7", "nDCG@10=high", "R@5=1,,R@20=1"])
def test_text_that_is_no_gate_is_refused(text):
    with pytest.raises(SettingsError, match="is not a gate"):
        gates.parse(text)


@pytest.mark.parametrize("name", ["nDCG@11", "quotes.nDCG@10", "nothing.Success@1"])
def test_an_unknown_measure_is_refused_with_the_known_ones(name):
    with pytest.raises(SettingsError, match=r"is not a measure; known: quotes\.Success@1"):
        gates.parse(f"{name}=1")
