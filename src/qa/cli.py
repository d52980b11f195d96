"""The commands. Only here are errors turned into one line and an exit code.

Exit codes: 0 done; 1 the work failed; 2 wrong usage.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from qa import __version__
from qa.errors import QAError, SettingsError
from qa.records import Answer, Citation, Document, to_json
from qa.settings import Settings

__all__ = ["app", "main"]

app = typer.Typer(
    name="qa",
    help="Questions answered from a public record: passages, verbatim, with citations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# Text for a terminal is wrapped; text for a file or a pipe is not.
_UNWRAPPED = 1_000_000
_out = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _UNWRAPPED)
_err = Console(
    stderr=True, highlight=False, markup=False, width=None if sys.stderr.isatty() else _UNWRAPPED
)

_PLAIN_PROGRESS_S = 10.0

CorpusFolder = Annotated[
    Path | None, typer.Option("--corpus", help="Folder of the record.", show_default="corpus")
]
IndexFolder = Annotated[
    Path | None, typer.Option("--index", help="Folder of the snapshots.", show_default="index")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings file.", show_default="qa.toml")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run one command; errors raised on purpose become one line on stderr."""
    debug = "--debug" in sys.argv[1:]
    try:
        app(args=[arg for arg in sys.argv[1:] if arg != "--debug"])
    except QAError as error:
        if debug:
            raise
        _err.print(f"qa: {error}")
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except KeyboardInterrupt:
        _err.print("qa: interrupted.")
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has had enough; Python must not complain on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _version(*, wanted: bool) -> None:
    if wanted:
        _out.print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Questions answered from a public record: passages, verbatim, with citations."""


@app.command()
def ingest(
    sources: Annotated[list[Path], typer.Argument(help="Files and folders.", metavar="SOURCE...")],
    corpus: CorpusFolder = None,
    config: ConfigFile = None,
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Drop corrections made by hand.")
    ] = False,
) -> None:
    """Turn sources into documents of the record.

    Example: qa ingest seeds/
    """
    from qa.corpus.ingest import ingest as ingest_sources  # noqa: PLC0415

    settings = Settings.load(config, corpus=corpus)
    outcomes: Counter[str] = Counter()
    trouble = 0
    for done in ingest_sources(sources, settings.corpus, overwrite=overwrite):
        outcomes[done.outcome] += 1
        trouble += done.is_trouble
        line = f"{done.outcome:9}  {done.source}"
        line += f" -> {settings.corpus.name}/{done.document}.md" if done.document else ""
        line += f": {done.why}" if done.why else ""
        (_err if done.is_trouble else _out).print(line)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    _out.print(f"{sum(outcomes.values())} sources: {counts or 'none found'}.")
    if trouble or not outcomes:
        raise typer.Exit(1)


@app.command()
def index(
    corpus: CorpusFolder = None, index: IndexFolder = None, config: ConfigFile = None
) -> None:
    """Build a snapshot of the record and make it the live one.

    Example: qa index
    """
    from qa.corpus.folder import read_all  # noqa: PLC0415
    from qa.index.build import build  # noqa: PLC0415
    from qa.index.encoder import BUILD_THREADS, open_encoder  # noqa: PLC0415

    settings = Settings.load(config, corpus=corpus, index=index)
    files = list(read_all(settings.corpus))
    with _progress("embedding") as on_embedded:
        built = build(
            files,
            settings.index,
            open_encoder(settings.encoder, BUILD_THREADS),
            passage_chars=settings.passage_chars,
            on_embedded=on_embedded,
        )
    corrected = sum(file.is_corrected and file.ingested_from is not None for file in files)
    if corrected:
        _out.print(f"{corrected} documents are corrected by hand.")
    _out.print(
        f"{built.documents} documents, {built.passages} passages, {built.sentences} sentences; "
        f"{built.embedded} texts embedded, {built.reused} taken from the last snapshot."
    )
    _out.print(f"Live snapshot: {settings.index}/{built.digest}")


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    index: IndexFolder = None,
    config: ConfigFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Answer one question.

    Example: qa ask "what are the main considerations behind the Opinions"
    """
    settings = Settings.load(config, index=index)
    qa = _open(settings)
    answer = qa.ask(question)
    if as_json:
        _print_json(to_json(answer))
    else:
        _print_answer(answer, qa.snapshot.documents)


@app.command()
def serve(
    index: IndexFolder = None,
    config: ConfigFile = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on.", show_default="7860")
    ] = None,
) -> None:
    """Serve the web chat.

    Example: qa serve --port 8080
    """
    settings = Settings.load(config, index=index, host=host, port=port)
    _check_port(settings.host, settings.port)
    qa = _open(settings)
    from qa.web.app import serve as serve_web  # noqa: PLC0415 - gradio takes seconds

    _out.print(f"Web chat on http://{settings.host}:{settings.port} (Ctrl+C stops it).")
    serve_web(qa, settings)


@app.command()
def verify(
    corpus: CorpusFolder = None,
    index: IndexFolder = None,
    config: ConfigFile = None,
    answer: Annotated[
        Path | None, typer.Option(help="A file of answers as JSON or JSON lines; - for stdin.")
    ] = None,
) -> None:
    """Prove the live snapshot against the record, or an answer against it.

    Example: qa ask "who issued it?" --json | qa verify --answer -
    """
    from qa.answer import check  # noqa: PLC0415

    settings = Settings.load(config, corpus=corpus, index=index)
    if answer is None:
        proof = check.snapshot(settings.index, settings.corpus)
    else:
        content = sys.stdin.read() if str(answer) == "-" else _read(answer)
        proof = check.answers(content, settings.corpus)
    for fault in proof.faults:
        _err.print(f"qa: {fault}")
    if proof.faults:
        raise typer.Exit(1)
    _out.print(proof.summary)


@app.command()
def status(
    index: IndexFolder = None, config: ConfigFile = None, *, as_json: AsJson = False
) -> None:
    """Tell what is live: snapshot, counts, dates, encoder.

    Example: qa status --json
    """
    from qa.index.snapshot import open_snapshot  # noqa: PLC0415

    settings = Settings.load(config, index=index)
    snapshot = open_snapshot(settings.index)
    dates = sorted(d.date for d in snapshot.documents.values() if d.date)
    stated = {
        "version": __version__,
        "snapshot": snapshot.digest,
        **snapshot.manifest["counts"],
        "first_date": str(dates[0]) if dates else None,
        "last_date": str(dates[-1]) if dates else None,
        "encoder": snapshot.manifest["inputs"]["encoder"],
        "settings": snapshot.manifest["inputs"]["settings"],
    }
    if as_json:
        _print_json(stated)
        return
    table = Table.grid(padding=(0, 2))
    for name, value in stated.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{k} {v}" for k, v in value.items())
        table.add_row(Text(name), Text("-" if shown is None else str(shown), overflow="fold"))
    _out.print(table)


def _open(settings: Settings) -> Any:
    from qa.answer.ask import QA  # noqa: PLC0415

    return QA.open(
        settings.index,
        settings.encoder,
        top_k=settings.top_k,
        max_question_chars=settings.max_question_chars,
    )


def _check_port(host: str, port: int) -> None:
    """Fail now rather than after the encoder is loaded.

    Raises:
        QAError: nothing can listen there.
    """
    import socket  # noqa: PLC0415

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise QAError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --port."
            ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QAError(f"{path} cannot be read: {error}") from error


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _print_answer(answer: Answer, documents: dict[str, Document]) -> None:
    """The answer for a person at a terminal; quotes stand out, nothing is cut."""
    if answer.searched_for != answer.question and answer.searched_for:
        _out.print(Text(f"Searched for: {answer.searched_for}", style="italic"))
    if not answer.is_answered:
        _out.print(Text("Not in the record.", style="bold"))
        if answer.nearest:
            _out.print("The nearest passages, which are not an answer:")
    for citation in answer.citations or answer.nearest:
        if citation.number > 1 or not answer.is_answered:
            _out.print()
        _print_citation(citation, documents[citation.document.id])


def _print_citation(citation: Citation, document: Document) -> None:
    passage = citation.passage
    facts = [
        citation.document.title,
        str(citation.document.date or "undated"),
        citation.document.section,
        passage.speaker,
        f"paragraph {passage.paragraph}",
        f"characters {passage.start}-{passage.end}",
        document.source,
    ]
    text = Text(passage.text)
    for quote in citation.quotes:
        text.stylize("bold reverse", quote.start - passage.start, quote.end - passage.start)
    _out.print(Text(f"[{citation.number}] ", style="bold") + Text(" | ".join(filter(None, facts))))
    if passage.asked:
        _out.print(_indented(Text(f"Asked: {passage.asked}", style="dim")))
    _out.print(_indented(text))
    if not _out.is_terminal:  # where bold type is lost
        for quote in citation.quotes:
            _out.print(_indented(Text(f"Quote: {quote.text}")))


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 4), expand=False)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, a plain line now and then elsewhere."""
    if _err.is_terminal:
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=_err) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    last = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= _PLAIN_PROGRESS_S:
            last = time.monotonic()
            _err.print(f"{what}: {done} of {total}")

    yield line
