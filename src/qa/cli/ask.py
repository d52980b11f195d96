"""``qa ask`` and ``qa batch``: one question, or a file of them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from qa.cli.options import AsJson, ConfigFile, IndexFolder, warn_switched_off
from qa.cli.progress import progress
from qa.cli.terminal import err, indented, out, print_json
from qa.records import Answer, Citation, Document, Question, clock, to_json
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.answer.ask import QA

__all__ = ["ask", "batch"]

_DAY = ["%Y-%m-%d"]


def ask(
    question: Annotated[str, typer.Argument(help="Question to answer.")],
    index: IndexFolder = None,
    config: ConfigFile = None,
    previous: Annotated[
        list[str] | None,
        typer.Option(help="An earlier question of the conversation. Repeatable, oldest first."),
    ] = None,
    since: Annotated[
        datetime.datetime | None,
        typer.Option(help="Search only what was published on or after this day.", formats=_DAY),
    ] = None,
    until: Annotated[
        datetime.datetime | None,
        typer.Option(help="Search only what was published on or before this day.", formats=_DAY),
    ] = None,
    section: Annotated[
        str | None,
        typer.Option(help="Search only documents of this section.", show_default="all"),
    ] = None,
    speaker: Annotated[
        str | None,
        typer.Option(
            help="Search only what this speaker said, named as in citations.", show_default="all"
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Answer one question.

    Example: qa ask "what are the main considerations behind the Opinions"
    """
    qa = _open(Settings.load(config, index=index))
    answer = qa.ask(
        Question(
            question,
            previous=tuple(previous or ()),
            since=since.date() if since else None,
            until=until.date() if until else None,
            section=section,
            speaker=speaker,
        )
    )
    if as_json:
        print_json(to_json(answer))
    else:
        _print_answer(answer, qa.snapshot.documents)


def _open(settings: Settings) -> QA:
    """Open the live snapshot for questions."""
    from qa.answer.ask import QA

    qa = QA.configured(settings)
    warn_switched_off(settings)
    return qa


def _print_answer(answer: Answer, documents: Mapping[str, Document]) -> None:
    """Print the answer with its quotes marked; nothing is cut."""
    if answer.searched_for != answer.question and answer.searched_for:
        out.print(Text(f"Showing results for: {answer.searched_for}", style="italic"))
    if answer.courtesy:
        out.print("We could not find a question in that. Ask about something that was said.")
        return
    if not answer.is_answered:
        out.print(Text("No clear answer found.", style="bold"))
        if answer.nearest:
            out.print("Closest passages (they may not answer your question):")
    for citation in answer.citations or answer.nearest:
        if citation.number > 1 or not answer.is_answered:
            out.print()
        _print_citation(citation, documents[citation.document.id])
    if answer.related:
        out.print()
        out.print(Text("Related questions from the record:", style="bold"))
    for question in answer.related:
        out.print(indented(Text(question)))


def _print_citation(citation: Citation, document: Document) -> None:
    passage = citation.passage
    facts = [
        citation.document.title,
        str(citation.document.date or "no date"),
        citation.document.section,
        passage.speaker,
        f"page {passage.page}" if passage.page else None,
        f"at {clock(passage.time)}" if passage.time is not None else None,
        f"paragraph {passage.paragraph}",
        f"characters {passage.start}-{passage.end}",
        document.source,
        citation.links.recording,
    ]
    text = Text(passage.text)
    for quote in citation.quotes:
        text.stylize("bold reverse", quote.start - passage.start, quote.end - passage.start)
    out.print(Text(f"[{citation.number}] ", style="bold") + Text(" | ".join(filter(None, facts))))
    if passage.asked:
        out.print(indented(Text(f"In reply to: {passage.asked}", style="dim")))
    out.print(indented(text))
    if not out.is_terminal:  # bold type would be lost
        for quote in citation.quotes:
            out.print(indented(Text(f"Quote: {quote.text}")))
    if later := citation.later:
        place = f"{later.document.date} | characters {later.start}-{later.end}"
        more_recent = f"There is a more recent statement: {later.document.title} | {place}"
        out.print(indented(Text(more_recent)))


def batch(
    questions: Annotated[
        str,
        typer.Argument(
            help="File of questions: JSON lines, CSV or TSV; - for stdin.", metavar="QUESTIONS"
        ),
    ],
    answers: Annotated[
        str,
        typer.Option("-o", "--output", help="File of answers: JSON lines or CSV; - for stdout."),
    ],
    index: IndexFolder = None,
    config: ConfigFile = None,
    read_as: Annotated[
        Literal["jsonl", "csv", "tsv"] | None,
        typer.Option("--from", help="Format of the questions.", show_default="by name or content"),
    ] = None,
    write_as: Annotated[
        Literal["jsonl", "csv"] | None,
        typer.Option("--to", help="Format of the answers.", show_default="by name"),
    ] = None,
    *,
    timing: Annotated[
        bool, typer.Option("--timing/--no-timing", help="Write the time that each answer took.")
    ] = True,
) -> None:
    """Answer a file of questions.

    Columns: question, and optionally id, previous, since and until. An interrupted run resumes
    when you start it again. Bad rows are listed at the end and do not stop the rest.

    Example: qa batch questions.csv -o answers.jsonl
    """
    from qa.evaluation import batch as answer_all

    settings = Settings.load(config, index=index)
    # One day for the whole file, even if midnight passes.
    today = settings.today or datetime.date.today()  # noqa: DTZ011 - the user's day
    qa = _open(settings.model_copy(update={"today": today}))
    with progress() as advance:
        tally = answer_all(
            qa,
            questions,
            answers,
            read_as=read_as,
            write_as=write_as,
            timing=timing,
            on_done=lambda done, total: advance("answering", done, total),
        )
    for row in tally.bad:
        err.print(f"qa: {questions}, line {row.line}: {row.error}.")
    earlier = tally.rows - len(tally.bad) - tally.questions
    (err if answers == "-" else out).print(
        f"{tally.rows} rows: {tally.answered} answered, {tally.questions - tally.answered} not in "
        f"the record, {len(tally.bad)} bad rows"
        + (f", {earlier} answered by an earlier run." if earlier > 0 else ".")
    )
    if tally.bad:
        raise typer.Exit(1)
