"""``qa feedback``: visitors' questions without a helpful answer."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from qa.cli.options import AsJson, ConfigFile, IndexFolder
from qa.cli.terminal import SHOWN_QUESTIONS, new_table, out, print_json, printable
from qa.errors import FeedbackError, OutputError
from qa.settings import Settings
from qa.storage import write_whole

if TYPE_CHECKING:
    from qa.feedback import Group, LoggedQuestion

__all__ = ["feedback"]


def feedback(
    index: IndexFolder = None,
    config: ConfigFile = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the questions to this file, for qa eval."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show visitors' questions that got no helpful answer.

    Similar questions are grouped. The file that -o writes marks every question as unanswerable:
    before you run qa eval on it, give those that the record answers their kind and gold quotes.

    Example: qa feedback -o unanswered.jsonl
    """
    from qa.feedback import FeedbackStore, grouped
    from qa.index.encoder import open_encoder
    from qa.index.engine import engine_of
    from qa.index.snapshot import open_snapshot

    if output:
        _check_replaceable(output)
    settings = Settings.load(config, index=index)
    where = settings.feedback
    if where is None or (isinstance(where, Path) and not where.exists()):
        raise FeedbackError(
            "No questions of visitors are kept: name a file in the setting feedback, such as "
            'feedback = "feedback.sqlite", and serve.'
        )
    with contextlib.closing(FeedbackStore(where, settings.feedback_days)) as store:
        logged = store.all()
    unhelpful = [q.question for q in logged if q.status == "not_in_record" or q.helpful is False]
    encoder = open_encoder(open_snapshot(settings.index, engine_of(settings)).encoder)
    groups = grouped(unhelpful, encoder)
    if output:
        _write_questions(groups, output)
    if as_json:
        print_json({"asked": len(logged), "groups": [dataclasses.asdict(g) for g in groups]})
    else:
        _print_feedback(logged, groups)


def _check_replaceable(output: Path) -> None:
    """Check that the file is new, or is one that ``_write_questions`` wrote and nobody edited.

    Raises:
        OutputError: it is neither.
    """
    written = re.compile(r'\{"id": "asked-\d+", "question": ".*", "kind": "unanswerable"\}')
    if not output.exists():
        return
    try:
        lines = output.read_text("utf-8").splitlines() if output.is_file() else [""]
    except (OSError, UnicodeDecodeError):
        lines = [""]
    if not all(map(written.fullmatch, lines)):
        raise OutputError(
            f"{output} is not a file that qa feedback wrote, or was edited since: "
            "name another file with -o."
        )


def _write_questions(groups: Sequence[Group], output: Path) -> None:
    rows = [
        {"id": f"asked-{n}", "question": group.questions[0], "kind": "unanswerable"}
        for n, group in enumerate(groups, 1)
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_whole(output.resolve(), lines.encode())


def _print_feedback(logged: Sequence[LoggedQuestion], groups: Sequence[Group]) -> None:
    """Print totals, the groups with the most questions first, and the visitors' reasons."""
    answered = sum(q.status == "answered" for q in logged)
    helped = sum(q.helpful is True for q in logged)
    not_helped = sum(q.helpful is False for q in logged)
    out.print(
        f"{len(logged)} questions logged: {answered} answered, {len(logged) - answered} not in "
        f"the record; {helped} answers helped, {not_helped} did not."
    )
    table = new_table(right=("asked",))
    table.add_column("question and similar ones")
    for group in groups:
        first, *others = map(_line, group.questions)
        table.add_row(str(group.count), first)
        for other in others[:SHOWN_QUESTIONS]:
            table.add_row("", Text("  ") + other)
    out.print(table)
    for q in logged:
        if q.reason:
            verdict = "helped" if q.helpful else "did not help"
            out.print(_line(f"{q.question}: {verdict}, {q.reason}"))


def _line(text: str) -> Text:
    """Return a visitor's words on one line, safe for a terminal."""
    return Text(printable(" ".join(text.split())))
