"""Inputs that took minutes, hours or the process, and are read now.

All in one process of its own, which may take as much processor time as the reader may; on the code
before, the first of them takes far longer. ``benchmarks/parsers.py`` measures how times grow.
"""

import subprocess
import sys
from unittest import mock

import nupunkt
import pytest

from qa.records import Span
from qa.sources.formats import limits
from qa.sources.layouts.transcript import transcript
from qa.text.sentences import sentence_spans

SCRIPT = """
import re, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
from qa.sources import corpus_folder
from qa.sources.remote.follow import fits
from qa.sources.formats.encodings import decoded
from qa.sources.formats.reflow import _BROKEN_WORD
from qa.sources.formats.text import markdown
from qa.sources.layouts.registry import turns
from qa.text.sentences import sentence_spans
from qa.errors import QAError
def refused(read, *given):
    try: read(*given)
    except QAError: return
    sys.exit('taken')
merged = "x0: &m0 {k: v}\\n" + "".join(
    f"x{n}: &m{n}\\n  <<: [{','.join([f'*m{n - 1}'] * 9)}]\\n" for n in range(1, 12))
steps = {
    "exclamation marks": lambda: sentence_spans("!" * 300_000 + "x"),
    "question marks": lambda: sentence_spans("?" * 300_000 + "x"),
    "brackets": lambda: sentence_spans("a.)" * 100_000),
    "quotation marks": lambda: sentence_spans('."' * 150_000),
    "sittings": lambda: turns("質詢的口頭答覆\\n王議員：a\\n法案\\n" * 60_000, "transcript"),
    "opened questions": lambda: decoded(("¿a " * 300_000 + "é?").encode("cp1252"), "a.txt"),
    "stars": lambda: fits("/*-*-*-*-*-*.html", "/" + "-" * 20_000),
    "a word without end": lambda: _BROKEN_WORD.search("a" * 400_000 + " "),
    "merge keys": lambda: refused(markdown, f"---\\n{merged}---\\nx".encode(), "a.md"),
    "nesting": lambda: refused(corpus_folder.read, Path(sys.argv[2])),
}
for name, step in steps.items():
    try: step()
    except QAError: pass
    print(name, flush=True)
"""
STEPS = (
    "exclamation marks",
    "question marks",
    "brackets",
    "quotation marks",
    "sittings",
    "opened questions",
    "stars",
    "a word without end",
    "merge keys",
    "nesting",
)


def shown_to_nupunkt(text):
    """Return the lines that ``sentence_spans`` hands to nupunkt."""
    seen = []
    real = nupunkt.sent_spans
    with mock.patch.object(nupunkt, "sent_spans", lambda line: seen.append(line) or real(line)):
        sentence_spans(text)
    return seen


@pytest.mark.parametrize("mark", ["!", "?", ".", "…", '."', "a.)"])
def test_of_a_stretch_without_spaces_nupunkt_sees_few_marks(mark):
    """Its time is the product of the marks of a stretch and the stretch's length."""
    text = f"It rained{mark * 2_000} It snowed."
    (seen,) = shown_to_nupunkt(text)
    assert len(seen) == len(text)
    assert sum(seen.count(one) for one in ".!?…") <= 2 * 50 + 2
    assert (seen[:40], seen[-40:]) == (text[:40], text[-40:])


@pytest.mark.parametrize("dots", [5, 60, 99])
def test_a_line_of_leaders_is_seen_as_it_is(dots):
    text = f"1. Introduction{'.' * dots}7 It rained. {'a' * 500} It snowed."
    assert shown_to_nupunkt(text) == [text]


@pytest.mark.parametrize("count", [1, 50, 200, 5_000])
def test_sentences_end_at_the_last_of_many_marks(count):
    text = f"It rained{'!' * count} It snowed."
    assert [span.of(text) for span in sentence_spans(text)] == [
        f"It rained{'!' * count}",
        "It snowed.",
    ]


def test_many_sittings_each_have_their_questions_and_speeches():
    """A member's label asks in question time, and leads to nothing outside of it."""
    text = "主席：甲\n質詢的口頭答覆\n王議員：乙\n法案\n李議員：丙\n質詢的口頭答覆\n陳議員：丁\n"
    found = [(turn.role, turn.speaker) for turn in transcript(text)]
    assert found == [
        ("statement", "主席"),
        ("question", "王議員"),
        ("statement", "李議員"),
        ("question", "陳議員"),
    ]


def test_spans_of_a_hidden_stretch_are_of_the_text_itself():
    text = "!" * 1_000
    assert sentence_spans(text) == [Span(0, 1_000)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_the_worst_known_inputs_are_read_within_the_readers_time(tmp_path):
    nested = tmp_path / "a.md"
    nested.write_text("---\ntitle: " + "[" * 100_000 + "\n---\n\nText.\n", "utf-8")
    command = [sys.executable, "-c", SCRIPT, f"{limits.READING_S:.0f}", str(nested)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tuple(done.stdout.split("\n")[:-1]) == STEPS, done.stderr
    assert done.returncode == 0
