"""A worker that hangs or dies harms one file, and another reads the next."""

import sys
import threading

import pytest

from badfiles import GOOD
from qa.errors import SourceError
from qa.sources.formats import limits, worker
from qa.sources.formats.format import Format

HANGS = "import sys, time; sys.stdin.buffer.readline(); time.sleep(60)"
DIES = "import os, sys; sys.stdin.buffer.readline(); os.abort()"


@pytest.fixture
def reader():
    """A reader of a process that does what it is told."""
    started = []

    def start(script):
        started.append(worker._Worker([sys.executable, "-c", script]))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_a_reader_that_hangs_is_ended_and_named(reader, monkeypatch):
    monkeypatch.setattr(limits, "READING_S", 0.3)
    with pytest.raises(SourceError, match="x.pdf: reading it took longer than 0 seconds"):
        reader(HANGS).request(b"x" * 1_000_000, "x.pdf")


def test_a_reader_that_dies_is_named_and_replaced(reader):
    dying = reader(DIES)
    for _ in range(2):
        with pytest.raises(SourceError, match="its reader ended in the middle"):
            dying.request(b"x", "x.pdf")
    dying._command[-1] = "from qa.sources.formats.worker import serve; serve()"
    assert dying.request(GOOD["page.pdf"], "x.pdf")["text"] == "It rained."


def test_every_format_comes_through_whole():
    found = worker.extract_in_worker(GOOD["page.pdf"], "x.pdf")
    assert (found.text, found.pages, found.date) == ("It rained.", (0,), None)
    assert worker.extract_in_worker(GOOD["letter.docx"], "x.docx").text == "It rained."


def test_a_refusal_comes_through_as_one():
    with pytest.raises(SourceError, match="not a PDF that can be read"):
        worker.extract_in_worker(b"%PDF", "x.pdf")


def test_a_reader_that_is_not_installed_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    answer = worker._answer(GOOD["page.pdf"], "x.pdf")
    assert answer["refused"].startswith("x.pdf: what reads it is not installed (pypdfium2): pip")


def test_any_exception_of_a_parser_is_a_refusal(monkeypatch):
    def fails(data, name):
        raise KeyError("odd")

    monkeypatch.setitem(worker.BY_ENDING, ".pdf", Format(fails, {".pdf": ()}, ""))
    assert worker._answer(b"", "x.pdf") == {
        "refused": "x.pdf: it cannot be read, it is broken (KeyError: 'odd')."
    }


def test_threads_take_turns():
    texts = []
    threads = [
        threading.Thread(
            target=lambda n=n: texts.append(
                worker.extract_in_worker(b"<p>Said %d times over." % n, "x.html").text
            )
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts) == [f"Said {n} times over." for n in range(8)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_reader_can_take_no_more_memory_and_write_no_file(tmp_path):
    import json
    import subprocess

    script = (
        "import json; from qa.sources.formats import worker; worker._limit_resources(); done = {}\n"
        "try: bytearray(3 << 30)\n"
        "except MemoryError: done['memory'] = True\n"
        f"try: open({str(tmp_path / 'x')!r}, 'wb', 0).write(b'x' * 10); done['written'] = True\n"
        "except OSError: done['written'] = False\n"
        "print(json.dumps(done))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert json.loads(done.stdout) == {"memory": True, "written": False}
