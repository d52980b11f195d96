"""The faults of ``make mutants`` can be planted: what they change is there, once."""

import pytest

from mutants import MUTANTS, ROOT, TRIED_BY


@pytest.mark.parametrize(
    ("file", "before", "after"), [m[1:] for m in MUTANTS], ids=[m[0] for m in MUTANTS]
)
def test_a_fault_changes_one_place(file, before, after):
    text = (ROOT / "src" / "qa" / file).read_text("utf-8")
    assert (text.count(before), before == after) == (1, False)


def test_each_fault_has_a_name_of_its_own_and_those_who_try_it():
    assert len({name for name, *_ in MUTANTS}) == len(MUTANTS)
    for files in TRIED_BY.values():
        assert all((ROOT / file).is_file() for file in files)
