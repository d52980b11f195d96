"""The types keep what their docstrings promise."""

import datetime
import hashlib

import pytest

import qa
from qa import errors, records
from qa.records import Document, Span, to_json


def test_a_span_is_never_empty_and_never_begins_before_the_text():
    assert Span(2, 4).of("abcdef") == "cd"
    for start, end in ((3, 3), (4, 3), (-1, 2)):
        with pytest.raises(ValueError):
            Span(start, end)


def test_a_documents_hash_is_of_its_text_in_utf8():
    document = Document(id="a", title="A", text="café 文化")
    assert document.sha256 == hashlib.sha256("café 文化".encode()).hexdigest()


def test_json_has_the_field_names_and_iso_dates():
    document = records.CitedDocument("a", "A", datetime.date(2022, 7, 21), None, "a.txt", "en")
    assert to_json(document) == {
        "id": "a",
        "title": "A",
        "date": "2022-07-21",
        "section": None,
        "source": "a.txt",
        "language": "en",
        "also": [],
    }


def test_every_public_name_exists_and_every_error_is_a_qa_error():
    for module in (qa, errors, records):
        for name in module.__all__:
            assert getattr(module, name) is not None
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.QAError)
    drawn = {word.strip("├└─│ ").split()[0] for word in errors.__doc__.split("\n") if "──" in word}
    assert drawn == set(errors.__all__) - {"QAError"}
