"""The journey of a batch: a file of questions becomes a file of answers, in the same order.

Until it is complete, the file of answers has a temporary name with a hash of the questions and of
everything that answers depend on (``QA.answer_settings``). An interrupted run resumes where all of
these are unchanged; otherwise it starts anew.
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
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Any, get_args

import filelock

from qa.answer.ask import QA
from qa.answer.table import CITATION_COLUMNS, columns, harmless, head
from qa.errors import BusyError, InputError, OutputError
from qa.evaluation.questions import BadRow, Format, QuestionRow, format_of, read
from qa.records import Answer, Question, to_json

__all__ = ["STANDARD", "Tally", "batch"]

# Names standard input and standard output.
STANDARD = "-"
# Called with the number of rows that are done, and of all rows.
OnDone = Callable[[int, int], None]

_BYTE_ORDER_MARK = "\ufeff"
# The start of a file of answers: a row of JSON, the head of a table. No other file is replaced.
_ANSWERS = re.compile(rb'\{"line": \d+, "id": |\xef\xbb\xbf"line","id","error","question",')
_START_BYTES = 64


@dataclass(frozen=True, slots=True)
class Tally:
    """The rows of a batch: ``answered`` are those of the ``questions`` that this run asked."""

    rows: int
    questions: int
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
    """Answer every question of a file and write the answers, in the same order.

    A bad row gets its error instead of an answer. JSON lines hold answers as ``qa ask --json``
    prints them; CSV holds citations in columns, with cells that spreadsheets do not run. ``-`` is
    standard input or output. The same questions, snapshot and options give the same bytes, except
    for ``elapsed_ms``, which ``timing=False`` leaves out.

    Raises:
        InputError: the questions cannot be read.
        OutputError: the answers cannot be written, or would replace something else.
        BusyError: another run is writing the same answers.
    """
    read_as = read_as or format_of(str(questions))
    write_as = write_as or _format_to_write(str(answers))
    _check_formats(read_as, write_as)
    target = _target(questions, answers)
    options = {"read_as": read_as, "write_as": write_as, "timing": timing}
    with _opened(questions) as file:

        def rows() -> Generator[QuestionRow | BadRow]:
            return read(file, read_as, max_question_chars=qa.max_question_chars)

        def answer_into(writer: _AnswerWriter) -> Tally:
            with closing(rows()) as unanswered:
                return _answer(qa, unanswered, writer, total, on_done)

        total = sum(1 for _ in rows())
        if target is None:
            writer = _AnswerWriter(sys.stdout.buffer, write_as, qa.top_k, timing=timing)
            writer.write_head()
            return answer_into(writer)
        key = hashlib.sha256(json.dumps(options | qa.answer_settings, sort_keys=True).encode())
        file.seek(0)
        for block in iter(lambda: file.read(1 << 20), b""):
            key.update(block)
        unfinished = target.with_name(f"{target.name}.{key.hexdigest()[:12]}.unfinished")
        with _exclusive(unfinished), unfinished.open("ab+") as output:
            writer = _AnswerWriter(output, write_as, qa.top_k, timing=timing)
            writer.resume()
            tally = answer_into(writer)
            os.fsync(output.fileno())
        unfinished.replace(target)
    return tally


def _check_formats(read_as: Format | None, write_as: Format) -> None:
    if read_as not in (None, *get_args(Format)):
        raise InputError(f"Questions are read as {', '.join(get_args(Format))}, not {read_as}.")
    if write_as not in ("jsonl", "csv"):
        raise OutputError(
            f"Answers are written as jsonl or csv, not {write_as}: choose with --to, or name a "
            "file that ends in .jsonl or .csv."
        )


def _format_to_write(answers: str) -> Format:
    """Return the format that the name of the answers means; JSON lines without an ending."""
    format_ = format_of(answers)
    if format_ is None and PurePath(answers).suffix:
        raise OutputError(
            f"{answers} names no format of answers: end it in .jsonl or .csv, or choose with --to."
        )
    return format_ or "jsonl"


def _target(questions: Path | str, answers: Path | str) -> Path | None:
    """Return the file to write, links followed; None for standard output.

    Raises:
        OutputError: it exists and is not a file of answers.
    """
    if str(answers) == STANDARD:
        return None
    target = Path(answers).resolve()
    if str(questions) != STANDARD and target == Path(questions).resolve():
        raise OutputError(f"{answers} holds the questions: name another file for the answers.")
    if target.exists() and not target.is_file():
        raise OutputError(f"{answers or '(nothing)'} is not a file: name a file, or - for stdout.")
    if target.exists() and not _are_answers(target):
        raise OutputError(
            f"{answers} exists and does not hold answers of qa batch: name another file, or move "
            "it away."
        )
    return target


def _are_answers(path: Path) -> bool:
    """Return whether a file is empty, or starts like the answers of a batch."""
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}.") from error
    return not start or _ANSWERS.match(start) is not None


def _answer(
    qa: QA,
    rows: Iterator[QuestionRow | BadRow],
    writer: _AnswerWriter,
    total: int,
    on_done: OnDone | None,
) -> Tally:
    """Answer the rows that the writer does not have yet."""
    questions = answered = 0
    bad = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, BadRow):
            bad.append(row)
        if number <= writer.rows:
            continue
        if isinstance(row, BadRow):
            writer.write({"line": row.line, "id": row.id, "error": row.error})
        else:
            answer = qa.ask(Question(row.question, row.previous, row.since, row.until))
            questions += 1
            answered += answer.is_answered
            writer.write({"line": row.line, "id": row.id}, answer)
        if on_done:
            on_done(number, total)
    return Tally(total, questions, answered, tuple(bad))


class _AnswerWriter:
    """Writes answers one whole row at a time, so that an interrupted run can resume.

    ``rows`` counts the rows that the output already held.
    """

    def __init__(self, output: IO[bytes], write_as: Format, top_k: int, *, timing: bool) -> None:
        self.rows = 0
        self._output = output
        self._write_as = write_as
        self._top_k = top_k
        self._timing = timing

    def resume(self) -> None:
        """Drop the half-written row of an interrupted run; begin the file if it is empty."""
        self._output.seek(0)
        records, end = _whole_records(self._output, self._write_as)
        self._output.truncate(end)
        self._output.seek(end)
        if not records:
            self.write_head()
        self.rows = max(0, records - (self._write_as == "csv"))

    def write_head(self) -> None:
        """Write the names of the columns, if the format has them."""
        if self._write_as == "csv":
            self._write_cells(head(self._top_k), _BYTE_ORDER_MARK)

    def write(self, row: dict[str, Any], answer: Answer | None = None) -> None:
        """Write one row, with an answer or with an error, and flush it."""
        if answer:
            row |= to_json(answer)
            if not self._timing:
                del row["elapsed_ms"]
        if self._write_as == "jsonl":
            self._write(json.dumps(row, ensure_ascii=False) + "\n")
            return
        citations = answer.citations if answer else ()
        by_number = {citation.number: columns(citation) for citation in citations}
        cells = [row.get(name) for name in head(0)]
        for number in range(1, self._top_k + 1):
            cells += [by_number.get(number, {}).get(name) for name in CITATION_COLUMNS]
        self._write_cells(cells)

    def _write_cells(self, cells: Sequence[Any], mark: str = "") -> None:
        line = io.StringIO()
        csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(cell) for cell in cells])
        self._write(mark + line.getvalue())

    def _write(self, text: str) -> None:
        self._output.write(text.encode())
        self._output.flush()


def _whole_records(file: IO[bytes], write_as: Format) -> tuple[int, int]:
    """Return the number of whole records, and the offset where the last of them ends.

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
    """Open the questions as a file that can be read more than once."""
    with ExitStack() as stack:
        file: IO[bytes] = sys.stdin.buffer
        if str(questions) != STANDARD:
            try:
                file = stack.enter_context(Path(questions).open("rb"))
            except OSError as error:
                raise InputError(f"{questions} cannot be read: {error.strerror}.") from error
        if file is sys.stdin.buffer or not file.seekable():
            stream, file = file, stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(stream, file)
        yield file


@contextmanager
def _exclusive(unfinished: Path) -> Iterator[None]:
    """Lock the file for this run.

    Raises:
        BusyError: another run has locked it.
        OutputError: the folder cannot be written.
    """
    lock = filelock.FileLock(f"{unfinished}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise BusyError(f'Another "qa batch" is writing {unfinished}: wait for it.') from error
    except OSError as error:
        raise OutputError(f"{unfinished} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()
        Path(f"{unfinished}.lock").unlink(missing_ok=True)
