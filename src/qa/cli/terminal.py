"""How things look in a terminal, or in the file or pipe that stands in its place."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from qa.records import Answer, Citation, Document

if TYPE_CHECKING:  # what few commands need stays away until it is used
    from rich.table import Table

    from qa.evaluation.comparison import Comparison
    from qa.feedback import Group, LoggedQuestion
    from qa.sources.ingest import Ingested

__all__ = [
    "SHOWN_SOURCES",
    "err",
    "out",
    "print_answer",
    "print_comparison",
    "print_feedback",
    "print_ingested",
    "print_json",
    "print_json_line",
    "print_metrics",
    "print_preview",
    "print_status",
    "printable",
    "progress",
]

# Text for a terminal is wrapped; text for a file or a pipe is not.
_UNWRAPPED = 1_000_000
_PLAIN_PROGRESS_S = 10.0
_SHOWN_QUESTIONS = 20
# Of each outcome, where there are many; of trouble all are shown.
SHOWN_SOURCES = 1_000
# Controls, formats such as the marks of right-to-left, halves of characters, line separators.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

out = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _UNWRAPPED)
err = Console(
    stderr=True, highlight=False, markup=False, width=None if sys.stderr.isatty() else _UNWRAPPED
)


def print_ingested(
    told: Sequence[Ingested], outcomes: Mapping[str, int], corpus: str, *, as_table: bool
) -> None:
    """What became of every source that was not as before, trouble on stderr, and the counts."""
    fine = [done for done in told if not done.needs_attention]
    if as_table and fine:
        _print_ingested_table(fine, corpus)
    for done in told:
        if done.needs_attention or not as_table:
            line = f"{done.outcome:9}  {done.source}"
            line += f" -> {corpus}/{done.document}.md" if done.document else ""
            line += f": {done.why}" if done.why else ""
            (err if done.needs_attention else out).print(printable(line))
    shown: Counter[str] = Counter(done.outcome for done in told)
    for outcome, count in outcomes.items():
        if 0 < shown[outcome] < count:
            out.print(f"and {count - shown[outcome]} more {outcome}, all in --json")
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    out.print(f"{sum(outcomes.values())} sources: {counts or 'none found'}.")


def _print_ingested_table(told: Sequence[Ingested], corpus: str) -> None:
    table = _table()
    for head in ("outcome", "document", "source", "why"):
        table.add_column(head, overflow="fold")
    for done in told:
        file = f"{corpus}/{done.document}.md" if done.document else ""
        table.add_row(done.outcome, *(Text(printable(t)) for t in (file, done.source, done.why)))
    out.print(table)


def print_json(value: dict[str, Any]) -> None:
    """The value as JSON on stdout, untouched by the terminal's width."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_json_line(value: Mapping[str, Any]) -> None:
    """The value as one line of JSON on stdout."""
    # ASCII, since a name of a file need not be text.
    sys.stdout.write(json.dumps(value) + "\n")


def printable(text: str) -> str:
    """Text on one line, with what would steer a terminal or turn the writing round escaped."""
    return "".join(
        c if unicodedata.category(c) not in _STEERING else c.encode("unicode_escape").decode()
        for c in text
    )


def print_preview(stated: Mapping[str, Any]) -> None:
    """What a source would become: what is known of it, then a line per turn."""
    out.print(Text(printable(stated["source"]), style="bold"))
    for name in ("title", "date", "language", "layout", "section", "pages", "remark"):
        if stated[name]:
            out.print(_indented(Text(f"{name:10}{printable(str(stated[name]))}")))
    for turn in stated["turns"]:
        speaker = f" ({turn['speaker']})" if turn["speaker"] else ""
        out.print(_indented(Text(f"{turn['role']}{speaker}: {printable(turn['first_words'])}")))


def print_answer(answer: Answer, documents: dict[str, Document]) -> None:
    """The answer for a person at a terminal; quotes stand out, nothing is cut."""
    if answer.searched_for != answer.question and answer.searched_for:
        out.print(Text(f"Searched for: {answer.searched_for}", style="italic"))
    if answer.courtesy:
        out.print("That asks nothing of the record. Ask about what was said.")
        return
    if not answer.is_answered:
        out.print(Text("Not in the record.", style="bold"))
        if answer.nearest:
            out.print("The nearest passages, which are not an answer:")
    for citation in answer.citations or answer.nearest:
        if citation.number > 1 or not answer.is_answered:
            out.print()
        _print_citation(citation, documents[citation.document.id])
    if answer.related:
        out.print()
        out.print(Text("Also asked in the record:", style="bold"))
    for question in answer.related:
        out.print(_indented(Text(question)))


def _print_citation(citation: Citation, document: Document) -> None:
    passage = citation.passage
    facts = [
        citation.document.title,
        str(citation.document.date or "undated"),
        citation.document.section,
        passage.speaker,
        f"page {passage.page}" if passage.page else None,
        f"paragraph {passage.paragraph}",
        f"characters {passage.start}-{passage.end}",
        document.source,
    ]
    text = Text(passage.text)
    for quote in citation.quotes:
        text.stylize("bold reverse", quote.start - passage.start, quote.end - passage.start)
    out.print(Text(f"[{citation.number}] ", style="bold") + Text(" | ".join(filter(None, facts))))
    if passage.asked:
        out.print(_indented(Text(f"Asked: {passage.asked}", style="dim")))
    out.print(_indented(text))
    if not out.is_terminal:  # where bold type is lost
        for quote in citation.quotes:
            out.print(_indented(Text(f"Quote: {quote.text}")))
    if citation.later:
        later = citation.later
        place = f"{later.document.date} | characters {later.start}-{later.end}"
        told = f"A later statement exists: {later.document.title} | {place}"
        out.print(_indented(Text(told)))


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 4), expand=False)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Told what is being done, how much of it is, and how much there is to do.

    A bar on a terminal, a plain line now and then elsewhere, both with the time left.
    """
    if err.is_terminal:
        with _bars() as move:
            yield move
        return
    began: dict[str, tuple[float, int]] = {}
    last = time.monotonic()

    def line(what: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        started, before = began.setdefault(what, (now, done))
        if done == total:
            err.print(f"{what}: {done} of {total}")
        elif now - last >= _PLAIN_PROGRESS_S and done > before:
            last = now
            per_s = (done - before) / (now - started)
            left = _duration((total - done) / per_s)
            err.print(f"{what}: {done} of {total}, {per_s:,.0f}/s, about {left} left")

    yield line


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    from rich import progress as rich_progress  # noqa: PLC0415 - few commands have bars

    class Rate(rich_progress.ProgressColumn):
        def render(self, task: rich_progress.Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        Rate(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=err) as bars:
        tasks: dict[str, rich_progress.TaskID] = {}

        def move(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield move


def _duration(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - below, seconds say more than minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def _table() -> Table:
    from rich.table import Table  # noqa: PLC0415

    return Table(box=None, pad_edge=False, header_style="bold")


def print_status(stated: Mapping[str, Any]) -> None:
    """What is live, a line each."""
    from rich.table import Table  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    for name, value in stated.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, list):
            shown = ", ".join(value) or "nothing"
        table.add_row(Text(name), Text("-" if shown is None else str(shown), overflow="fold"))
    out.print(table)


def print_metrics(metrics: Mapping[str, Any]) -> None:
    """Every measure of an evaluation with its interval, those it has."""
    table = _table()
    table.add_column("measure")
    for head in ("value", "95 % interval"):
        table.add_column(head, justify="right")
    ranking = {name: value for name, value in metrics["ranking"].items() if value}
    for name, value in ranking.items():
        table.add_row(f"ranking.{name}", *_with_interval(value["mean"], value))
    for block in ("quotes", "followups", "abstention"):
        for name, value in metrics[block].items():
            if value is not None:
                interval = metrics["intervals"].get(block, {}).get(name)
                table.add_row(f"{block}.{name}", *_with_interval(value, interval))
    for name, value in metrics["latency_ms"].items():
        table.add_row(f"latency_ms.{name}", f"{value:.1f}", "")
    out.print(table)


def _with_interval(value: float, interval: Mapping[str, Any] | None) -> tuple[str, str]:
    if not interval or interval["low"] is None:
        return f"{value:.4f}", ""
    return f"{value:.4f}", f"{interval['low']:.4f} to {interval['high']:.4f}"


def print_comparison(comparison: Comparison) -> None:
    """Both evaluations side by side, then the questions that one alone serves well."""
    table = _table()
    table.add_column("measure")
    for head in ("A", "B", "B - A", "95 % interval", "p", "questions"):
        table.add_column(head, justify="right")
    table.add_column("B is")
    for d in comparison.differences:
        table.add_row(
            d.name,
            f"{d.a:.4f}",
            f"{d.b:.4f}",
            f"{d.difference:+.4f}",
            f"{d.low:+.4f} to {d.high:+.4f}",
            f"{d.p:.4f}",
            str(d.questions),
            Text(d.verdict, style={"worse": "bold red", "better": "green"}.get(d.verdict, "")),
        )
    out.print(f"A: {comparison.a}")
    out.print(f"B: {comparison.b}")
    out.print(table)
    for name, changed in (("won", comparison.won), ("lost", comparison.lost)):
        out.print(f"Questions {name} by B: {len(changed)}")
        for question in changed[:_SHOWN_QUESTIONS]:
            out.print(f"    {question.id}  {question.kind}  {question.question}")
        if len(changed) > _SHOWN_QUESTIONS:
            out.print(f"    and {len(changed) - _SHOWN_QUESTIONS} more, all in --json")


def print_feedback(kept: Sequence[LoggedQuestion], groups: Sequence[Group]) -> None:
    """What was asked without an answer that helped, the most asked first; terminal-safe."""
    helped = sum(asked.helpful is True for asked in kept)
    not_helped = sum(asked.helpful is False for asked in kept)
    answered = sum(asked.status == "answered" for asked in kept)
    out.print(
        f"{len(kept)} questions kept: {answered} answered, {len(kept) - answered} not in the "
        f"record; {helped} answers helped, {not_helped} did not."
    )
    table = _table()
    table.add_column("asked", justify="right")
    table.add_column("question, and others like it")
    for group in groups:
        first, *others = (Text(_one_line(question)) for question in group.questions)
        table.add_row(str(group.count), first)
        for other in others[:_SHOWN_QUESTIONS]:
            table.add_row("", Text("  ") + other)
    out.print(table)
    for asked in kept:
        if asked.reason:
            verdict = "helped" if asked.helpful else "did not help"
            out.print(Text(_one_line(f"{asked.question}: {verdict}, {asked.reason}")))


def _one_line(text: str) -> str:
    """A visitor's words, without what would move the cursor or forge a line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
