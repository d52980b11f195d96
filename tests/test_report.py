"""The report: one file, everything escaped, without an accessibility error."""

import re
from types import SimpleNamespace

import pytest

from qa.evaluation import evaluate, write
from qa.evaluation.failures import failures
from qa.settings import Settings
from test_datasets import lines

ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path, word_encoder):
    """An evaluation with failures of every fault, and markup where text should be."""
    judged = tmp_path / "odd & <b>"
    judged.mkdir()
    documents = [
        {"_id": "d1", "title": "", "text": f"Tea is hot. {ATTACK}"},
        {"_id": "d2", "title": "", "text": "Tea is hot. " + "Very hot. " * 300},
        {"_id": "d3", "title": "", "text": "Milk is cold."},
    ]
    queries = [
        {"_id": "q1", "text": f"hot tea {ATTACK}"},
        {"_id": "q2", "text": "cold milk", "answerable": False},
        {"_id": "q3", "text": "zebra"},
    ]
    (judged / "corpus.jsonl").write_text(lines(documents), "utf-8")
    (judged / "queries.jsonl").write_text(lines(queries), "utf-8")
    (judged / "qrels.tsv").write_text("q1\td2\t1\nq3\td1\t1\n", "utf-8")
    settings = Settings.load(cache=tmp_path / "cache")
    write(evaluate(judged, settings=settings, hide_gold=True), tmp_path / "out")
    return tmp_path / "out"


def test_the_page_is_one_file_that_fetches_nothing_and_runs_nothing(folder):
    page = (folder / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert ATTACK.replace("<", "&lt;").replace(">", "&gt;") in page
    assert re.findall(r"<(?:link|img|iframe|object|embed)\b", page) == []
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "url(http" not in page
    assert len(page) < 400_000
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_failures_are_shown_beside_the_expected_answer(folder):
    page = " ".join((folder / "report.html").read_text("utf-8").split())
    assert "Answered, though the record holds no answer: 2 of 2" in page
    assert "The first passage found is not the answer: 1 of 1" in page
    assert "Found first, yet said to be not in the record: 1 of 1" in page
    assert "d2, found at rank 2" in page
    assert "No answer: the passages that hold it were hidden." in page
    assert "No answer: the record holds none." in page
    assert "<mark>Milk is cold.</mark>" in page
    for title in ("Ranking by k", "Risk and coverage", "Reliability", "Time to answer"):
        assert f'aria-label="{title}' in page


def test_a_headline_says_which_direction_is_better(folder):
    page = " ".join((folder / "report.html").read_text("utf-8").split())
    tiles = re.findall(r"<li.*?</li>", page)
    directions = {
        re.search("<span>(.*?)</span>", tile)[1]: re.search("(more|less) is better", tile)[1]
        for tile in tiles
        if "is better" in tile
    }
    assert {words for words, direction in directions.items() if direction == "less"} == {
        "of the near scope are answered",
        "median time to answer",
    }
    assert directions["right document first"] == "more"


def test_the_most_confident_mistakes_come_first_and_twelve_of_a_kind_are_shown():
    def judged(number, *, right):
        return SimpleNamespace(
            question=SimpleNamespace(
                id=f"q{number}",
                kind="answerable" if right else "near_scope",
                has_answer=right,
                gold=(),
                relevant={},
            ),
            answer=SimpleNamespace(confidence=number / 20, is_answered=not right),
            hits=(),
            is_right=right,
        )

    answers = [judged(n, right=right) for n in range(13) for right in (False, True)]
    groups = failures(SimpleNamespace(answers=answers), ["answerable", "near_scope"])
    assert [(group.title.split()[0], group.count) for group in groups] == [
        ("Answered,", 13),
        ("Found", 13),
    ]
    answered, refused = ([f.judged.question.id for f in group.shown] for group in groups)
    assert answered == [f"q{n}" for n in range(12, 0, -1)]
    assert refused == [f"q{n}" for n in range(12)]


def test_a_run_in_which_nothing_fails_says_so(folder, tmp_path):
    queries = [{"_id": "q1", "text": "hot tea"}]
    judged = tmp_path / "odd & <b>"
    (judged / "queries.jsonl").write_text(lines(queries), "utf-8")
    (judged / "qrels.tsv").write_text("q1\td1\t1\n", "utf-8")
    write(evaluate(judged, settings=Settings.load(cache=tmp_path / "cache")), folder)
    assert "None: every question was judged right." in (folder / "report.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_has_no_accessibility_error_and_filters_by_kind(folder, chromium):
    from axe_playwright_python.sync_playwright import Axe

    for width in (1280, 390):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.goto((folder / "report.html").as_uri())
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(".failure:visible").count() == 4
    page.check("#kind-unanswerable")
    assert page.locator(".failure:visible").count() == 1
    assert page.locator(".failure:visible h4").inner_text() == "cold milk"
    assert page.locator(".group:visible").count() == 1
    page.close()
