"""One statement published twice is one document; what differs in what it says is two."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.records import Document
from qa.sources import corpus_folder
from qa.sources.duplicates import key
from qa.sources.ingest import ingest

SAID = (
    "The ministry will promote the high-quality development of foreign trade in culture, and "
    "expects exports of 28 billion dollars by 3 May 2024. It does not plan a levy on tea. "
    "Where markets are open, companies that publish, translate or perform will find help with "
    "what they need to be seen abroad, and those that trade in what others have made likewise."
)


def keyed(text, title="T"):
    return key(Document(id="d", title=title, text=text))


@pytest.fixture
def run(tmp_path):
    """Ingest files given as name: text; outcomes by name, in order."""
    (tmp_path / "seeds").mkdir()

    def run(_folder=tmp_path, **texts):
        for name, text in texts.items():
            path = tmp_path / "seeds" / f"{name}.txt"
            path.unlink() if text is None else path.write_text(text, "utf-8")
        found = ingest([tmp_path / "seeds"], tmp_path / "corpus", cache=tmp_path / "cache")
        return {d.source.removeprefix("seeds/")[:-4]: (d.outcome, d.document) for d in found}

    run.corpus = tmp_path / "corpus"
    return run


def record(run):
    return {file.document.id: file for file in corpus_folder.read_all(run.corpus)}


@pytest.mark.parametrize(
    "other",
    [
        SAID,
        SAID.upper(),
        SAID.replace(", ", " , ").replace(" ", "  \n"),
        SAID.replace("high-quality", "high quality"),
        f"Print this page\n\n{SAID}",
        f"{SAID}\n\nSource",
    ],
)
def test_the_same_words_are_the_same_statement(other):
    assert keyed(other, "Another title") == keyed(SAID)


@pytest.mark.parametrize(
    "other",
    [
        SAID.replace("28", "29"),
        SAID.replace("28", "2.8"),
        SAID.replace("28", "-28"),
        SAID.replace("3 May", "4 May"),
        SAID.replace("May", "June"),
        SAID.replace("2024", "2025"),
        SAID.replace("does not plan", "does plan"),
        SAID.replace("The ministry", "The minister"),
        f"{SAID} Perhaps.",
        f"{SAID}\n\nIt was withdrawn.",
        f"{SAID}\n\nPage 2",
        f"{SAID}\n\nWith thanks to all who came and asked and wrote\n\nThe ministry of trade",
    ],
)
def test_one_word_or_figure_more_or_other_makes_another_statement(other):
    assert keyed(other) != keyed(SAID)


def test_a_long_text_with_one_not_more_is_another_statement():
    """Its five-word shingles are alike for 98 %."""
    words = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(500))
    assert keyed(f"{words} is allowed.") != keyed(f"{words} is not allowed.")


def test_a_short_text_is_the_same_under_its_own_title_only():
    assert keyed("No comment.", "On tea") != keyed("No comment.", "On coal")
    assert keyed("No comment.", "On tea") == keyed("No  comment", "On Tea")


def test_chinese_counts_by_characters():
    said = "商务部将推动文化贸易高质量发展，预计出口二十八亿元，不计划对茶叶征税。"
    assert keyed(said) == keyed(said.replace("，", ",").replace("。", ""))
    assert keyed(said) != keyed(said.replace("不", ""))
    assert keyed(said) != keyed(said.replace("八", "九"))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(), st.text())
def test_any_text_has_a_key_and_the_same_one_again(text, title, other):
    assert keyed(f"x{text}", title) == keyed(f"x{text}", title)


def test_the_same_statement_from_two_sources_is_one_document_that_names_both(run):
    done = run(a=f"On trade\n2024-05-03\n\n{SAID}", b=f"Trade\n2024-05-03\n\n{SAID}\n\nSource")
    assert done == {
        "a": ("new", "2024-05-03-on-trade"),
        "b": ("duplicate", "2024-05-03-on-trade"),
    }
    (file,) = record(run).values()
    assert (file.ingested_from, file.document.also) == ("seeds/a.txt", ("seeds/b.txt",))
    assert not file.is_corrected
    assert "also:\n- seeds/b.txt\n" in (run.corpus / file.name).read_text("utf-8")
    assert {outcome for outcome, _ in run().values()} == {"unchanged"}


def test_the_same_words_of_two_days_are_two_statements(run):
    done = run(a=f"On trade\n2024-05-03\n\n{SAID}", b=f"On trade\n2024-06-03\n\n{SAID}")
    assert [outcome for outcome, _ in done.values()] == ["new", "new"]
    done = run(c=f"{SAID}")  # of no day: of either
    assert done["c"] == ("duplicate", "2024-05-03-on-trade")


def test_a_source_that_says_something_else_by_now_becomes_a_document(run):
    run(a=SAID, b=SAID)
    done = run(b=SAID.replace("28", "29"))
    assert (done["a"][0], done["b"][0]) == ("unchanged", "new")
    assert [file.document.also for file in record(run).values()] == [(), ()]


def test_when_the_first_source_changes_the_other_becomes_a_document(run):
    first = run(a=SAID, b=SAID)["a"][1]
    done = run(a=SAID.replace("28", "29"))
    assert (done["a"], done["b"][0]) == (("updated", first), "new")
    assert sorted("29" in file.document.text for file in record(run).values()) == [False, True]
    assert all(file.document.also == () for file in record(run).values())


def test_a_source_that_becomes_the_same_keeps_its_document(run):
    """Its links hold."""
    run(a=SAID, b=SAID.replace("28", "29"))
    done = run(b=SAID)
    assert done["b"][0] == "updated"
    assert len(record(run)) == 2


def test_a_corrected_document_still_names_the_second_source_and_stays_corrected(run):
    document = run(a=SAID)["a"][1]
    path = run.corpus / f"{document}.md"
    path.write_text(path.read_text("utf-8").replace("levy", "tax"), "utf-8")
    before = path.read_text("utf-8")
    assert run(b=SAID)["b"] == ("duplicate", document)
    file = corpus_folder.read(path)
    assert (file.is_corrected, file.document.also) == (True, ("seeds/b.txt",))
    assert path.read_text("utf-8").replace("also:\n- seeds/b.txt\n", "") == before
    assert run() == {"a": ("kept", document), "b": ("unchanged", document)}


def test_a_withdrawn_document_is_back_when_another_source_publishes_it(run):
    document = run(a=SAID)["a"][1]
    path = run.corpus / f"{document}.md"
    raw = path.read_text("utf-8")
    path.write_text(corpus_folder.amended(raw, withdrawn=datetime.date(2026, 1, 2)), "utf-8")
    assert corpus_folder.read(path).document.withdrawn == datetime.date(2026, 1, 2)
    assert run(a=None, b=SAID)["b"] == ("duplicate", document)
    assert corpus_folder.read(path).document.withdrawn is None


def test_what_is_known_is_told_without_its_state(run, tmp_path):
    run(a=SAID, b=SAID)
    for path in (tmp_path / "cache" / "sources").iterdir():
        path.unlink()
    assert {outcome for outcome, _ in run().values()} == {"unchanged"}


def test_a_twin_is_looked_up_and_not_looked_for(run, monkeypatch):
    """However many documents there are, those with the same key alone are compared."""
    from qa.sources import ingest as journey

    run(**{f"s{n}": f"{SAID} Number {n}." for n in range(30)})
    read = []
    monkeypatch.setattr(
        journey.corpus_folder, "read", lambda p, r=corpus_folder.read: read.append(p) or r(p)
    )
    assert run(z=f"{SAID} Number 7.")["z"][0] == "duplicate"
    assert {path.name for path in read} == {next(p.name for p in read)}
