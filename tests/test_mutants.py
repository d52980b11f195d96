"""The faults of ``make mutants`` can be planted: the text they replace stands once in its file."""

import pytest

from mutants import ROOT, faults

FAULTS, TESTS = faults()


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_changes_one_place(fault):
    text = (ROOT / "src" / "qa" / fault.file).read_text("utf-8")
    assert (text.count(fault.text), fault.text == fault.replacement) == (1, False)


def test_each_fault_has_a_name_of_its_own():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_faults_stand_in_order_of_their_file():
    files = [fault.file for fault in FAULTS]
    assert files == sorted(files)


def test_each_file_with_faults_names_tests_that_exist():
    assert {fault.file for fault in FAULTS} == TESTS.keys()
    named = {name for names in TESTS.values() for name in names}
    assert [name for name in sorted(named) if not (ROOT / "tests" / name).is_file()] == []
