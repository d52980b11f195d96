"""The batch's journey: a file of questions becomes a file of answers, in the same order.

While it is being made, the file of answers bears another name, which holds a hash of the
questions and of all that answers depend on (``QA.answer_settings``). A run that was cut off is
taken up where it ended when all of these are the same still; otherwise it begins anew. The file
gets its own name when it is complete.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Any

import filelock

from qa.answer.ask import QA
from qa.answer.table import CITATION_COLUMNS, columns, harmless, head
from qa.errors import BusyError, QuestionError
from qa.evaluation.questions import BadRow, Format, QuestionRow, format_of, read
from qa.records import Answer, Citation, Question, to_json

__all__ = ["STANDARD", "Tally", "batch"]

# Names standard input and standard output.
STANDARD = "-"
# Told how many rows are done, and how many there are.
OnDone = Callable[[int, int], None]

_BYTE_ORDER_MARK = "\ufeff"
# How answers begin: a row of JSON, the head of a table. What begins otherwise is not replaced.
_ANSWERS = re.compile(rb'\{"line": \d+, "id": |\xef\xbb\xbf"line","id","error","question",')
_BEGINNING = 64


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the rows. ``asked`` were asked by this run, others by one cut off."""

    rows: int
    asked: int
    answered: int
    bad: tuple[BadRow, ...]


def batch(  # noqa: PLR0913 - each is an option of "qa batch"
    qa: QA,
    questions: Path | str,
    answers: Path | str,
    *,
    read_as: Format | None = None,
    write_as: Format | None = None,
    timing: bool = True,
    on_done: OnDone | None = None,
) -> Tally:
    """Ask every question of a file and write every answer, in the same order.

    A row that is no question has its error in the place of an answer. JSON lines hold answers as
    ``qa ask --json`` prints them, CSV their citations in columns, its cells made harmless to
    spreadsheets. ``-`` is standard input or output. The same questions, snapshot and options
    give the same bytes, apart from ``elapsed_ms``, which ``timing=False`` leaves out.

    Raises:
        QuestionError: the questions cannot be read, or the answers cannot be written.
        BusyError: another run is writing the same answers.
    """
    read_as = read_as or format_of(str(questions))
    write_as = write_as or _written_as(str(answers))
    _check_formats(read_as, write_as)
    target = _target(questions, answers)
    options = {"read_as": read_as, "write_as": write_as, "timing": timing}
    with _opened(questions) as file:

        def rows() -> Generator[QuestionRow | BadRow]:
            return read(file, read_as, max_question_chars=qa.max_question_chars)

        total = sum(1 for _ in rows())
        if target is None:
            sink = _Sink(sys.stdout.buffer, write_as, qa.top_k)
            sink.head()
            with closing(rows()) as asked_for:
                return _ask(qa, asked_for, sink, total, done=0, timing=timing, on_done=on_done)
        key = hashlib.sha256(json.dumps(options | qa.answer_settings, sort_keys=True).encode())
        file.seek(0)
        for block in iter(lambda: file.read(1 << 20), b""):
            key.update(block)
        unfinished = target.with_name(f"{target.name}.{key.hexdigest()[:12]}.unfinished")
        with _only_one(unfinished), unfinished.open("ab+") as output:
            sink = _Sink(output, write_as, qa.top_k)
            done = sink.resume()
            with closing(rows()) as asked_for:
                tally = _ask(qa, asked_for, sink, total, done=done, timing=timing, on_done=on_done)
            output.flush()
            os.fsync(output.fileno())
        unfinished.replace(target)
    return tally


def _check_formats(read_as: Format | None, write_as: Format) -> None:
    if read_as not in (None, "jsonl", "csv", "tsv") or write_as not in ("jsonl", "csv"):
        raise QuestionError(
            f"Questions are read as jsonl, csv or tsv, answers written as jsonl or csv; "
            f"asked for {read_as} and {write_as}."
        )


def _written_as(answers: str) -> Format:
    """The format that the name of the answers tells; JSON lines where it has no ending."""
    told = format_of(answers)
    if told is None and PurePath(answers).suffix:
        raise QuestionError(
            f"{answers} does not tell a format that answers are written in: end it in .jsonl or "
            ".csv, or choose with --to."
        )
    return told or "jsonl"


def _target(questions: Path | str, answers: Path | str) -> Path | None:
    """The file to write; None for standard output. Links are followed.

    Raises:
        QuestionError: something else than answers stands there.
    """
    if str(answers) == STANDARD:
        return None
    target = Path(answers).resolve()
    if str(questions) != STANDARD and target == Path(questions).resolve():
        raise QuestionError(f"{answers} holds the questions: name another file for the answers.")
    if target.exists() and not target.is_file():
        raise QuestionError(f"{answers or '(nothing)'} is no file: name a file, or - for stdout.")
    if target.exists() and not _are_answers(target):
        raise QuestionError(
            f"{answers} is there already and holds no answers of qa batch: name another file, or "
            "move it away."
        )
    return target


def _are_answers(path: Path) -> bool:
    """Return whether a file is empty, or begins as the answers of a batch do."""
    try:
        with path.open("rb") as file:
            begins = file.read(_BEGINNING)
    except OSError as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}.") from error
    return not begins or _ANSWERS.match(begins) is not None


def _ask(  # noqa: PLR0913 - one step of the journey, told in full
    qa: QA,
    rows: Iterator[QuestionRow | BadRow],
    sink: _Sink,
    total: int,
    *,
    done: int,
    timing: bool,
    on_done: OnDone | None,
) -> Tally:
    asked = answered = 0
    bad = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, BadRow):
            bad.append(row)
        if number <= done:
            continue
        if isinstance(row, BadRow):
            sink.write({"line": row.line, "id": row.id, "error": row.error}, ())
        else:
            answer = qa.ask(Question(row.question, row.previous, row.since, row.until))
            asked += 1
            answered += answer.is_answered
            sink.write(
                {"line": row.line, "id": row.id, **_plain(answer, timing=timing)},
                answer.citations,
            )
        if on_done:
            on_done(number, total)
    return Tally(total, asked, answered, tuple(bad))


def _plain(answer: Answer, *, timing: bool) -> dict[str, Any]:
    stated = to_json(answer)
    if not timing:
        del stated["elapsed_ms"]
    return stated


class _Sink:
    """Where answers go: one whole row at a time, so that what is cut off can be told."""

    def __init__(self, output: IO[bytes], write_as: Format, top_k: int) -> None:
        self._output = output
        self._write_as = write_as
        self._top_k = top_k

    def resume(self) -> int:
        """Drop what a run that was cut off left half-written; how many rows are there."""
        self._output.seek(0)
        records, end = _whole_records(self._output, self._write_as)
        self._output.truncate(end)
        self._output.seek(end)
        if not records:
            self.head()
        return max(0, records - self._heads())

    def head(self) -> None:
        """Begin the file."""
        if self._write_as == "csv":
            self._cells(head(self._top_k), _BYTE_ORDER_MARK)

    def write(self, row: dict[str, Any], citations: Sequence[Citation]) -> None:
        """One row, with its citations where they are columns; it is handed over at once."""
        if self._write_as == "jsonl":
            self._bytes(json.dumps(row, ensure_ascii=False) + "\n")
            return
        cells = [row.get(name) for name in head(0)]
        by_number = {citation.number: columns(citation) for citation in citations}
        for number in self._numbers():
            cited = by_number.get(number, {})
            cells += [cited.get(name) for name in CITATION_COLUMNS]
        self._cells(cells)

    def _numbers(self) -> range:
        return range(1, self._top_k + 1)

    def _heads(self) -> int:
        return 1 if self._write_as == "csv" else 0

    def _cells(self, cells: Sequence[Any], mark: str = "") -> None:
        line = io.StringIO()
        csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(cell) for cell in cells])
        self._bytes(mark + line.getvalue())

    def _bytes(self, text: str) -> None:
        self._output.write(text.encode())
        self._output.flush()


def _whole_records(file: IO[bytes], write_as: Format) -> tuple[int, int]:
    """Return how many records of the file are whole, and where the last of them ends.

    A line feed ends a record, in CSV only outside of quotation marks.
    """
    records = end = at = marks = 0
    for line in file:
        at += len(line)
        if write_as == "csv":
            marks += line.count(b'"')
        if line.endswith(b"\n") and marks % 2 == 0:
            records, end = records + 1, at
    return records, end


@contextmanager
def _opened(questions: Path | str) -> Iterator[IO[bytes]]:
    """The file of questions, to be read more than once."""
    if str(questions) == STANDARD:
        with _kept(sys.stdin.buffer) as kept:
            yield kept
        return
    try:
        file = Path(questions).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise QuestionError(f"{questions} cannot be read: {error.strerror}.") from error
    with file:
        if file.seekable():
            yield file
        else:  # a pipe
            with _kept(file) as kept:
                yield kept


@contextmanager
def _kept(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """All of a stream in a file that can be read more than once."""
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(stream, kept)
        yield kept


@contextmanager
def _only_one(unfinished: Path) -> Iterator[None]:
    """This run alone writes the file.

    Raises:
        BusyError: another one does.
        QuestionError: nothing can be written there.
    """
    lock = filelock.FileLock(f"{unfinished}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise BusyError(f'Another "qa batch" is writing {unfinished}: wait for it.') from error
    except OSError as error:
        raise QuestionError(f"{unfinished} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()
        Path(f"{unfinished}.lock").unlink(missing_ok=True)
