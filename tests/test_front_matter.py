"""Front matter is text, lists and mappings; anything that expands is refused."""

import datetime

import pytest

from qa.errors import CorpusError, SourceError
from qa.sources import corpus_folder, known_sources
from qa.sources.formats.front_matter import day, fields_of
from qa.sources.formats.text import markdown

NESTED = {
    "lists": "a: " + "[" * 30_000,
    "mappings": "a: " + "{a: " * 20_000,
    "items": "- " * 30_000,
    "keys": "? " * 30_000,
    "indented": "".join(f"{' ' * n}a:\n" for n in range(200)),
}
REFUSED = {
    "a: &x b": "an anchor \\('x'\\)",
    "a: [&x b, *x]": "an anchor",
    "a: *x": "an alias \\('x'\\)",
    "a: {b: c}\nd:\n  <<: {e: f}": 'a merge key \\("<<"\\)',
    "<<: [{a: b}]": "a merge key",
    '"<<": {a: b}': "a merge key",
    "a: !!python/object/apply:os.getcwd []": "a tag",
    "a: !!int 3": "a tag",
    "a: !local b": "a tag",
    "[a, b]: c": "a list or mapping as a key",
    "a: b\n--- \nc: d": "more than one YAML document",
    "- a": "is a list",
    "a b": "is a text",
    "a: [": "is not YAML",
    "a: b: c": "is not YAML",
    "a: \x00": "is not YAML",
}


@pytest.mark.parametrize("front", REFUSED)
def test_aliases_anchors_merge_keys_and_tags_are_refused(front):
    with pytest.raises(ValueError, match=REFUSED[front]) as refused:
        fields_of(front)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", NESTED)
def test_deep_nesting_is_refused_in_a_source_and_in_the_record(tmp_path, kind):
    """Of nesting, the C parser's own way to values makes a recursion that kills the process."""
    written = f"---\n{NESTED[kind]}\n---\n\nText.\n"
    with pytest.raises(SourceError, match="a.md: its front matter is nested more than 20 levels"):
        markdown(written.encode(), "a.md")
    (tmp_path / "a.md").write_text(written, "utf-8")
    with pytest.raises(CorpusError, match="its front matter is nested more than 20 levels"):
        corpus_folder.read(tmp_path / "a.md")


@pytest.mark.parametrize("front", ["a: &x b", "a: *x", "<<: {a: b}"])
def test_files_of_the_record_and_the_list_of_sources_are_held_to_the_same(tmp_path, front):
    (tmp_path / "a.md").write_text(f"---\n{front}\n---\nText.", "utf-8")
    with pytest.raises(CorpusError, match="which is not read"):
        corpus_folder.read(tmp_path / "a.md")
    (tmp_path / "sources.yaml").write_text(f"- {front}\n", "utf-8")
    with pytest.raises(CorpusError, match="which is not read"):
        known_sources.read(tmp_path)


def test_values_stay_as_written():
    assert fields_of(
        "a: 007\nb: yes\nc: 1_000\nd: 2022-01-05\ne: ~\nf:\ng: 'null'\nh: [1, x]\n"
        "i: {j: k}\nl: 1:20\nm: 'R&D * <<'\nn: |\n  two\n  lines\no: !!str 7\n"
    ) == {
        "a": "007",
        "b": "yes",
        "c": "1_000",
        "d": "2022-01-05",
        "e": None,
        "f": None,
        "g": "null",
        "h": ["1", "x"],
        "i": {"j": "k"},
        "l": "1:20",
        "m": "R&D * <<",
        "n": "two\nlines\n",
        "o": "7",
    }
    assert fields_of("") == fields_of("# nothing") == {}


@pytest.mark.parametrize("title", ["0x" + "f" * 50_000, "1:" * 20_000 + "1", "9" * 9_000])
def test_a_number_without_end_is_text(title):
    written = f"---\ntitle: {title}\n---\n\nText.\n"
    assert markdown(written.encode(), "a.md").title == title


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2022-01-05", datetime.date(2022, 1, 5)),
        ("2022-1-5", datetime.date(2022, 1, 5)),
        ("2022-01-05T10:00:00Z", datetime.date(2022, 1, 5)),
        ("2022-01-05 10:00", datetime.date(2022, 1, 5)),
    ],
)
def test_a_day_is_read_as_it_is_written(stated, expected):
    assert day(stated) == expected
    found = markdown(f"---\ntitle: t\ndate: {stated}\n---\nText.".encode(), "a.md")
    assert found.date == expected


@pytest.mark.parametrize("stated", ["2020-13-45", "2022-01-051", "soon", "", "٢٠٢٢-01-05"])
def test_an_invalid_day_is_refused(stated):
    with pytest.raises(ValueError, match=r"."):
        day(stated)
