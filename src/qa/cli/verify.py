"""``qa verify``: proof that a snapshot, or an answer, is the corpus word for word."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qa.cli.options import ConfigFile, CorpusPlace, IndexFolder
from qa.cli.terminal import err, out, printable
from qa.errors import InputError
from qa.settings import Settings

__all__ = ["verify"]


def verify(
    corpus: CorpusPlace = None,
    index: IndexFolder = None,
    config: ConfigFile = None,
    answer: Annotated[
        Path | None,
        typer.Option(help="File of answers: JSON, JSON lines or a batch's CSV; - for stdin."),
    ] = None,
) -> None:
    """Verify the live snapshot, or answers, against the corpus.

    Fails for documents that differ from what ingest wrote until "qa accept" accepts them. The
    questions, confidences and times of answers are not verified.

    Example: qa ask "who issued it?" --json | qa verify --answer -
    """
    from qa.answer.verify import verify_answers, verify_snapshot
    from qa.index.engine import engine_of
    from qa.sources.corpus_folder import place

    settings = Settings.load(config, corpus=corpus, index=index)
    record = place(settings.corpus)
    if answer is None:
        proof = verify_snapshot(settings.index, record, engine_of(settings))
    else:
        content = sys.stdin.read() if str(answer) == "-" else _read(answer)
        proof = verify_answers(content, record, settings.index if settings.index.is_dir() else None)
    for fault in proof.faults:
        err.print(f"qa: {printable(fault)}")
    if not proof.faults:
        out.print(proof.summary)
    for note in proof.notes:
        out.print(printable(note), soft_wrap=True)
    if proof.faults:
        raise typer.Exit(1)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
