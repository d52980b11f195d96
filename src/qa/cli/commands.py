"""The commands. Only here are errors turned into one line and an exit code.

Exit codes: 0 done; 1 the work failed; 2 wrong usage.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import gc
import hashlib
import json
import os
import re
import secrets
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from qa import __version__
from qa.cli.terminal import (
    SHOWN_SOURCES,
    err,
    out,
    print_answer,
    print_comparison,
    print_feedback,
    print_ingested,
    print_json,
    print_json_line,
    print_metrics,
    print_preview,
    print_status,
    printable,
    progress,
)
from qa.errors import QAError, SettingsError
from qa.records import to_json
from qa.settings import Settings
from qa.storage import write_whole

if TYPE_CHECKING:  # read when they are used
    from qa.index.encoder import Encoder
    from qa.sources.corpus_folder import CorpusFile
    from qa.sources.ingest import Ingested
    from qa.sources.known_sources import Source

__all__ = ["app", "main"]

_OBJECTS_BEFORE_COLLECTION = 50_000

# What shells take for the exit code of a process that a signal ended.
_SIGNALLED = 128


class _Stopped(BaseException):
    """Whoever started the process wants it to end: what to say, and the exit ``code``."""

    def __init__(self, told: str, code: int) -> None:
        super().__init__(told)
        self.code = code


app = typer.Typer(
    name="qa",
    help="Questions answered from a public record: passages, verbatim, with citations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

CorpusFolder = Annotated[
    str | None, typer.Option("--corpus", help="Folder of the record.", show_default="corpus")
]
CorpusPlace = Annotated[
    str | None,
    typer.Option(
        "--corpus",
        help="Folder of the record, or its address, as s3://bucket/folder.",
        show_default="corpus",
    ),
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
    # Starting makes many objects and few that go again: looking for those takes time for nothing.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    # numpy's own threads, which wait for each other awake, help none of our small products.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app(args=[arg for arg in sys.argv[1:] if arg != "--debug"])
    except QAError as error:
        if debug:
            raise
        err.print(f"qa: {error}")
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except KeyboardInterrupt:
        err.print("qa: interrupted.")
        sys.exit(130)
    except _Stopped as stopped:
        err.print(f"qa: {stopped}")
        sys.exit(stopped.code)
    except BrokenPipeError:
        # Whoever read our output has had enough; Python must not complain on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if debug:
            raise
        err.print(f"qa: {error}")
        sys.exit(1)


def _version(*, wanted: bool) -> None:
    if wanted:
        out.print(__version__)
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
def ingest(  # noqa: PLR0913 - the options
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders and addresses on the web.", metavar="[SOURCE...]"),
    ] = None,
    corpus: CorpusFolder = None,
    config: ConfigFile = None,
    *,
    follow: Annotated[
        list[str] | None,
        typer.Option(
            help="Take the pages that a page links to, by a pattern of their addresses: "
            '"/news/*", or a regular expression; may be repeated.',
            metavar="PATTERN",
        ),
    ] = None,
    follow_host: Annotated[
        list[str] | None,
        typer.Option(help="Another host that links may lead to; may be repeated.", metavar="HOST"),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Look again at all that was ingested before.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Drop corrections made by hand.")
    ] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from addresses that are not public.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what each would become: title, turns. Write nothing."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Turn sources into documents of the record; or look again at those ingested before.

    Files are text, Markdown, HTML, PDF or Word. An address is a page, a feed, a sitemap, or with
    --follow a page of links.

    Example: qa ingest seeds/
    """
    from qa.sources.remote import update as journeys  # noqa: PLC0415
    from qa.sources.remote.fetch import FetchPolicy  # noqa: PLC0415

    if update == bool(sources):
        raise typer.BadParameter("name sources, or say --update to look again at those of before.")
    settings = Settings.load(config, corpus=corpus)
    folder = _writable(settings)
    if dry_run:
        _preview(sources or (), folder, as_json=as_json)
        return
    names = [
        field.name for field in dataclasses.fields(FetchPolicy) if field.name != "allow_private"
    ]
    policy = FetchPolicy(
        **{name: getattr(settings, name) for name in names}, allow_private=allow_private
    )
    given = _remembered(folder) if update else []
    given += [_source(name, follow or (), follow_host or ()) for name in sources or ()]
    outcomes: Counter[str] = Counter()
    told: list[Ingested] = []
    with _stoppable(), progress() as tell:
        shared: dict[str, Any] = {
            "cache": settings.cache,
            "policy": policy,
            "overwrite": overwrite,
            "on_progress": lambda done, total: tell("ingesting", done, total),
        }
        if update:
            rechecks = settings.rechecks_per_update
            found = journeys.update(given, folder, rechecks=rechecks, **shared)
        else:
            found = journeys.ingest_sources(given, folder, **shared)
        for done in found:
            outcomes[done.outcome] += 1
            if done.outcome != "unchanged" and (
                as_json or done.is_trouble or outcomes[done.outcome] <= SHOWN_SOURCES
            ):
                told.append(done)
    if not update:
        _remember(given, {done.source for done in told if done.outcome == "failed"}, folder)
    if as_json:
        documents = [dataclasses.asdict(done) for done in told]
        print_json({"counts": dict(sorted(outcomes.items())), "documents": documents})
    else:
        print_ingested(told, outcomes, folder.name, as_table=update)
    if any(done.is_trouble for done in told) or not outcomes:
        raise typer.Exit(1)


def _writable(settings: Settings) -> Path:
    """The corpus folder, to be written."""
    if isinstance(settings.corpus, str):
        raise SettingsError(
            f"{settings.corpus} is an address, and can only be read: ingest into a folder of this "
            "machine (--corpus FOLDER), then copy it there."
        )
    return settings.corpus


def _remembered(corpus: Path) -> list[Source]:
    """What was ingested before."""
    from qa.sources import known_sources  # noqa: PLC0415

    given = known_sources.read(corpus)
    if not given:
        raise QAError(f'{corpus} remembers no sources: run "qa ingest SOURCE" first.')
    return given


def _remember(given: Sequence[Source], failed: set[str], corpus: Path) -> None:
    """Keep sources for the next update, those that are there."""
    from qa.sources import known_sources  # noqa: PLC0415

    good = [s for s in given if (s.exists() if isinstance(s, Path) else s.url not in failed)]
    known_sources.remember(corpus, good)


def _source(name: str, follow: Sequence[str], hosts: Sequence[str]) -> Source:
    """A source as it is given on the command line."""
    from qa.sources.known_sources import is_url  # noqa: PLC0415
    from qa.sources.remote.crawl import WebSource  # noqa: PLC0415

    return WebSource(name, tuple(follow), tuple(hosts)) if is_url(name) else Path(name)


@contextlib.contextmanager
def _stoppable(
    told: str = "interrupted; the same command goes on where it was.",
) -> Iterator[None]:
    """Ctrl+C and SIGTERM end the work at its next step, with nothing half-written."""

    def stop(number: int, _: object) -> None:
        raise _Stopped(told, _SIGNALLED + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _preview(sources: Sequence[str], corpus: Path, *, as_json: bool) -> None:
    from qa.sources.known_sources import is_url  # noqa: PLC0415
    from qa.sources.preview import preview  # noqa: PLC0415

    if not sources or any(map(is_url, sources)):
        raise typer.BadParameter("--dry-run takes files and folders.")
    trouble = count = 0
    for shown in preview([*map(Path, sources)], corpus):
        count += 1
        if shown.document is None:
            trouble += 1
            err.print(printable(f"failed     {shown.source}: {shown.why}"))
        if as_json:
            print_json_line(shown.stated())
        elif shown.document:
            print_preview(shown.stated())
    if trouble or not count:
        raise typer.Exit(1)


@app.command()
def accept(
    documents: Annotated[
        list[str], typer.Argument(help="Ids of documents that were corrected.", metavar="ID...")
    ],
    corpus: CorpusFolder = None,
    config: ConfigFile = None,
) -> None:
    """Accept documents as they are now, after correcting them by hand.

    "qa verify" fails while a document differs from what ingest wrote and nobody has accepted it:
    it may be damaged.

    Example: qa accept 2022-07-21-trade-in-culture
    """
    from qa.sources.corrections import accept as accept_all  # noqa: PLC0415

    folder = _writable(Settings.load(config, corpus=corpus))
    for name, is_new in accept_all(folder, documents):
        what = 'accepted; run "qa index"' if is_new else "nothing to accept"
        out.print(f"{folder.name}/{name}: {what}.", soft_wrap=True)


@app.command()
def index(  # noqa: PLR0913 - the options
    corpus: CorpusPlace = None,
    index: IndexFolder = None,
    config: ConfigFile = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Embed in so many processes, with Ray; a run that is cut off goes on.",
            min=0,
            show_default="0, this process alone",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            help="Embed in the Ray cluster at this address, ray://HOST:PORT.",
            metavar="ADDRESS",
            show_default="one started here",
        ),
    ] = None,
    *,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Replace what Milvus has live, though it is not of this folder."
        ),
    ] = False,
) -> None:
    """Build a snapshot of the record and make it the live one.

    Example: qa index
    """
    settings = Settings.load(config, corpus=corpus, index=index, workers=workers, ray=ray)
    kept = " What was embedded is kept." if settings.workers or settings.ray else ""
    with _stoppable(f'interrupted.{kept} "qa status" tells which snapshot is live.'):
        _index(settings, take_over=take_over)


def _index(settings: Settings, *, take_over: bool) -> None:
    """Build a snapshot and say what it is."""
    from qa.index.build import build  # noqa: PLC0415
    from qa.index.engine import engine_of  # noqa: PLC0415
    from qa.index.export import exported_encoder  # noqa: PLC0415
    from qa.index.owned import check  # noqa: PLC0415
    from qa.sources import corpus_folder  # noqa: PLC0415

    if isinstance(settings.corpus, Path) and settings.corpus.resolve() == settings.index.resolve():
        raise SettingsError(
            f"{settings.index} is the corpus folder: name another one for the index (--index)."
        )
    files = list(corpus_folder.read_all(corpus_folder.place(settings.corpus)))
    check(settings.index)
    encoder = exported_encoder(
        settings.encoder,
        settings.cache,
        precision=settings.encoder_precision,
        languages=settings.encoder_languages,
        on_export=lambda: err.print("Taking in the encoder, once ..."),
    )
    with _spread(encoder, settings) as embedding, progress() as tell:
        built = build(
            files,
            settings.index,
            embedding,
            passage_chars=settings.passage_chars,
            exact_rows=settings.exact_rows,
            on_embedded=lambda done, total: tell("embedding", done, total),
            engine=engine_of(settings),
            take_over=take_over,
        )
    _tell_corrected(files)
    kept = getattr(embedding, "kept", 0)
    out.print(
        f"{built.documents} documents, {built.passages} passages, {built.sentences} sentences; "
        f"{built.embedded - kept} texts embedded, {built.reused} taken from the last snapshot"
        + (f", {kept} from a run that was cut off." if kept else ".")
    )
    out.print(f"Live snapshot: {settings.index}/{built.digest}")


def _tell_corrected(files: Sequence[CorpusFile]) -> None:
    """Say which documents are not as ingest wrote them."""
    accepted = sum(file.is_accepted for file in files)
    if accepted:
        out.print(f"{accepted} documents are corrected by hand.")
    altered = [file.document.id for file in files if file.is_altered]
    if altered:
        named = " ".join(altered[:SHOWN_SOURCES])
        err.print(
            f"qa: {len(altered)} documents differ from what ingest wrote, corrected by hand or "
            f'damaged ({named}): look at them, then run "qa accept ID" and index again.',
            soft_wrap=True,
        )


@contextlib.contextmanager
def _spread(encoder: Encoder, settings: Settings) -> Iterator[Encoder]:
    """The encoder as the settings want it run; what it kept of a build goes when that is done."""
    if not settings.workers and not settings.ray:
        yield encoder
        return
    from qa.cluster.workers import Workers, shards_folder  # noqa: PLC0415

    shards = shards_folder(settings.cache, settings.index, encoder)
    with Workers(encoder, shards, settings.workers or None, settings.ray) as workers:
        yield workers
        workers.forget()


@app.command(name="rollback")
def roll_back(index: IndexFolder = None, config: ConfigFile = None) -> None:
    """Make the snapshot before the live one the live one; again, and they change back.

    Example: qa rollback
    """
    from qa.index import snapshot  # noqa: PLC0415
    from qa.index.engine import engine_of  # noqa: PLC0415

    settings = Settings.load(config, index=index)
    digest = snapshot.roll_back(settings.index, engine_of(settings))
    out.print(f"Live snapshot: {settings.index}/{digest}")


@app.command()
def ask(  # noqa: PLR0913, PLR0917 - the options
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    index: IndexFolder = None,
    config: ConfigFile = None,
    previous: Annotated[
        list[str] | None,
        typer.Option(help="A question asked before it; repeat for more, oldest first."),
    ] = None,
    since: Annotated[
        datetime.datetime | None,
        typer.Option(help="Only what was published on this day or later.", formats=["%Y-%m-%d"]),
    ] = None,
    until: Annotated[
        datetime.datetime | None,
        typer.Option(help="Only what was published until this day.", formats=["%Y-%m-%d"]),
    ] = None,
    section: Annotated[
        str | None, typer.Option(help="Only documents of this section.", show_default="all")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Answer one question.

    Example: qa ask "what are the main considerations behind the Opinions"
    """
    settings = Settings.load(config, index=index)
    qa = _open(settings)
    answer = qa.ask(
        question,
        previous=previous or (),
        since=since.date() if since else None,
        until=until.date() if until else None,
        section=section,
    )
    if as_json:
        print_json(to_json(answer))
    else:
        print_answer(answer, qa.snapshot.documents)


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
    _tell_switched_off(settings)
    from qa.web.app import serve as serve_web  # noqa: PLC0415 - gradio takes seconds

    serve_web(settings, lambda: out.print(f"Web chat on {settings.address} (Ctrl+C stops it)."))


@app.command()
def widget(
    config: ConfigFile = None,
    address: Annotated[
        str | None, typer.Option(help="Address of the server.", show_default="public_url")
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Language of the widget, such as en or zh-Hant.", show_default="the page's"
        ),
    ] = None,
) -> None:
    """Print the lines that bring the widget into a page, and what the page's policy must allow.

    Example: qa widget --address https://ask.example.org
    """
    from qa.web.ui.widget import page_policy, snippet  # noqa: PLC0415

    settings = Settings.load(config, public_url=address)
    out.print("Paste this where the widget should appear:\n")
    out.print(snippet(settings.address, language), soft_wrap=True)
    out.print("\nIf the page has a Content-Security-Policy, add these directives:\n")
    for directive in page_policy(settings.address):
        out.print(directive, soft_wrap=True)
    if settings.allowed_origins:
        out.print(f"\nPages that may ask: {', '.join(settings.allowed_origins)}.")
    else:
        out.print(
            "\nNo other origin may use the widget yet. Add yours to qa.toml and restart:"
            '\n\nallowed_origins = ["https://www.example.org"]'
        )


@app.command()
def key() -> None:
    """Make a key for asking in batches over HTTP; only its hash is kept, and by you.

    Example: qa key
    """
    secret = secrets.token_urlsafe(32)
    out.print(f"The key, shown this once: {secret}")
    digest = hashlib.sha256(secret.encode()).hexdigest()
    out.print(f'For qa.toml: api_keys = ["{digest}"]', soft_wrap=True)


@app.command()
def feedback(
    index: IndexFolder = None,
    config: ConfigFile = None,
    questions: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write them to, for qa eval.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what visitors asked and got no answer to, or none that helped, by likeness.

    With -o they are written as a questions file for qa eval, marked as having no answer: give
    those that the record does answer their kind and gold.

    Example: qa feedback -o unanswered.jsonl
    """
    from qa.feedback import FeedbackStore, grouped  # noqa: PLC0415
    from qa.index.encoder import open_encoder  # noqa: PLC0415
    from qa.index.engine import engine_of  # noqa: PLC0415
    from qa.index.snapshot import open_snapshot  # noqa: PLC0415

    if questions:
        _check_replaceable(questions)
    settings = Settings.load(config, index=index)
    where = settings.feedback
    if where is None or (isinstance(where, Path) and not where.exists()):
        raise QAError(
            "Nothing is kept of what visitors ask: name a file in the setting feedback, as in "
            'feedback = "feedback.sqlite", and serve.'
        )
    with contextlib.closing(FeedbackStore(where, settings.feedback_days)) as opened:
        kept = opened.all()
    unanswered = [a for a in kept if a.status == "not_in_record" or a.helpful is False]
    encoder = open_encoder(open_snapshot(settings.index, engine_of(settings)).encoder)
    groups = grouped([asked.question for asked in unanswered], encoder)
    if questions:
        lines = [
            json.dumps(
                {"id": f"asked-{n}", "question": group.questions[0], "kind": "unanswerable"},
                ensure_ascii=False,
            )
            for n, group in enumerate(groups, start=1)
        ]
        write_whole(questions.resolve(), "".join(f"{line}\n" for line in lines).encode())
    if as_json:
        print_json({"asked": len(kept), "groups": [dataclasses.asdict(g) for g in groups]})
        return
    print_feedback(kept, groups)


def _check_replaceable(questions: Path) -> None:
    """Refuse to write questions over anything but questions that nobody has worked on.

    Raises:
        QAError: something else is there.
    """
    written = re.compile(r'\{"id": "asked-\d+", "question": ".*", "kind": "unanswerable"\}')
    if not questions.exists():
        return
    try:
        lines = questions.read_text("utf-8").splitlines() if questions.is_file() else [""]
    except (OSError, UnicodeDecodeError):
        lines = [""]
    if not all(map(written.fullmatch, lines)):
        raise QAError(
            f"{questions} is not a file that qa feedback wrote, or was edited since: "
            "name another file with -o."
        )


@app.command()
def batch(  # noqa: PLR0913, PLR0917 - the options
    questions: Annotated[
        str, typer.Argument(help="JSON lines, CSV or TSV; - for stdin.", metavar="QUESTIONS")
    ],
    answers: Annotated[
        str, typer.Option("-o", "--output", help="JSON lines or CSV; - for stdout.")
    ],
    index: IndexFolder = None,
    config: ConfigFile = None,
    read_as: Annotated[
        Literal["jsonl", "csv", "tsv"] | None,
        typer.Option("--from", help="Its format.", show_default="told by name or content"),
    ] = None,
    write_as: Annotated[
        Literal["jsonl", "csv"] | None,
        typer.Option("--to", help="Their format.", show_default="told by the name"),
    ] = None,
    *,
    timing: Annotated[
        bool, typer.Option("--timing/--no-timing", help="Say how long each answer took.")
    ] = True,
) -> None:
    """Answer a file of questions: column question, and id, previous, since, until if you like.

    A run that was cut off goes on where it ended when it is started again. Rows that are no
    question are listed at the end and do not stop the rest.

    Example: qa batch questions.csv -o answers.jsonl
    """
    from qa.evaluation import batch as answer_all  # noqa: PLC0415

    # One day for the whole file, even if midnight passes.
    settings = Settings.load(config, index=index)
    settings = settings.model_copy(update={"today": settings.today or _today()})
    qa = _open(settings)
    with progress() as tell:
        tally = answer_all(
            qa,
            questions,
            answers,
            read_as=read_as,
            write_as=write_as,
            timing=timing,
            on_done=lambda done, total: tell("asking", done, total),
        )
    for row in tally.bad:
        err.print(f"qa: {questions}, line {row.line}: {row.error}.")
    before = tally.rows - len(tally.bad) - tally.asked
    (err if answers == "-" else out).print(
        f"{tally.rows} rows: {tally.answered} answered, {tally.asked - tally.answered} not in "
        f"the record, {len(tally.bad)} no question"
        + (f", {before} asked by a run before this." if before > 0 else ".")
    )
    if tally.bad:
        raise typer.Exit(1)


@app.command(name="eval")
def evaluate(  # noqa: PLR0913, PLR0917 - the options
    judged_set: Annotated[
        Path, typer.Argument(help="BEIR folder, press folder or questions file.", metavar="SET")
    ],
    folder: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for metrics, rows and report.")
    ] = None,
    index: IndexFolder = None,
    config: ConfigFile = None,
    queries: Annotated[
        str | None, typer.Option(help="Another file of questions than the set's usual one.")
    ] = None,
    qrels: Annotated[
        str | None, typer.Option(help="Another file of qrels than the set's usual one.")
    ] = None,
    hide_documents: Annotated[
        float | None,
        typer.Option(
            help="Hide this share of the documents, and ask about them as out of scope.",
            metavar="SHARE",
            min=0,
            max=1,
        ),
    ] = None,
    fail_under: Annotated[
        str | None,
        typer.Option(help='Gates, as in "nDCG@10=0.70,answered_near_scope<=0.10".'),
    ] = None,
    *,
    hide_gold: Annotated[
        bool,
        typer.Option("--hide-gold", help="Ask again with the answer hidden, as near scope."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge the answers to questions whose right answers are known.

    Example: qa eval judged/ -o figures --fail-under "nDCG@10=0.70"
    """
    from qa.evaluation import evaluate as judge  # noqa: PLC0415
    from qa.evaluation import gates, write  # noqa: PLC0415
    from qa.evaluation.report import check_target  # noqa: PLC0415

    wanted = [] if fail_under is None else gates.parse(fail_under)
    if folder:
        check_target(folder)
    settings = Settings.load(config, index=index)
    with progress() as tell:
        evaluation = judge(
            judged_set,
            settings=settings,
            queries=queries,
            qrels=qrels,
            hide_gold=hide_gold,
            hide_documents=hide_documents,
            on_progress=tell,
        )
    for line in evaluation.left_out:
        err.print(f"Left out: {line}")
    if folder:
        write(evaluation, folder)
    if as_json:
        print_json(evaluation.metrics)
    else:
        counts = evaluation.metrics["questions"].items()
        asked = ", ".join(f"{count} {kind}" for kind, count in counts)
        out.print(f"{evaluation.metrics['set']}: {asked} questions")
        print_metrics(evaluation.metrics)
        out.print(
            f"Report: {folder / 'report.html'}"
            if folder
            else "Name a folder with -o to keep metrics, every question's row and a report."
        )
    missed = [*gates.missed(wanted, evaluation.metrics)]
    for line in missed:
        err.print(f"qa: gate missed: {line}")
    if missed:
        raise typer.Exit(1)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="Folder that qa eval -o wrote.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="Another, of the same set.", metavar="B")],
    measures: Annotated[
        list[str] | None,
        typer.Option("--measure", help="Look at this measure only; may be repeated."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Set two evaluations of one set side by side; fails when B is significantly worse.

    Example: qa compare before after
    """
    from qa.evaluation import compare as compared  # noqa: PLC0415

    comparison = compared(a, b, measures=measures or ())
    if as_json:
        print_json(dataclasses.asdict(comparison))
    else:
        print_comparison(comparison)
    if comparison.worse:
        err.print(f"qa: B is significantly worse: {', '.join(comparison.worse)}.")
        raise typer.Exit(1)


@app.command()
def verify(
    corpus: CorpusPlace = None,
    index: IndexFolder = None,
    config: ConfigFile = None,
    answer: Annotated[
        Path | None,
        typer.Option(help="A file of answers: JSON, JSON lines or a batch's CSV; - for stdin."),
    ] = None,
) -> None:
    """Prove the live snapshot against the record, or an answer against it.

    Documents that differ from what ingest wrote are named until "qa accept" accepts them. Of an
    answer the question, confidences and times are not checked.

    Example: qa ask "who issued it?" --json | qa verify --answer -
    """
    from qa.answer import verification  # noqa: PLC0415
    from qa.index.engine import engine_of  # noqa: PLC0415
    from qa.sources.corpus_folder import place  # noqa: PLC0415

    settings = Settings.load(config, corpus=corpus, index=index)
    record = place(settings.corpus)
    if answer is None:
        proof = verification.snapshot(settings.index, record, engine_of(settings))
    else:
        content = sys.stdin.read() if str(answer) == "-" else _read(answer)
        proof = verification.answers(
            content, record, settings.index if settings.index.is_dir() else None
        )
    for fault in proof.faults:
        err.print(f"qa: {printable(fault)}")
    if not proof.faults:
        out.print(proof.summary)
    for note in proof.notes:
        out.print(printable(note), soft_wrap=True)
    if proof.faults:
        raise typer.Exit(1)


@app.command()
def status(
    index: IndexFolder = None, config: ConfigFile = None, *, as_json: AsJson = False
) -> None:
    """Tell what is live: snapshot, counts, dates, encoder; and what is switched off.

    Example: qa status --json
    """
    from qa.answer.reranker import BUNDLED, bundled_sha256  # noqa: PLC0415
    from qa.index.engine import engine_of  # noqa: PLC0415
    from qa.index.snapshot import open_snapshot  # noqa: PLC0415

    settings = Settings.load(config, index=index)
    snapshot = open_snapshot(settings.index, engine_of(settings))
    period = snapshot.documents.period
    stated = {
        "version": __version__,
        "snapshot": snapshot.digest,
        **snapshot.manifest["counts"],
        "first_date": str(period[0]) if period else None,
        "last_date": str(period[1]) if period else None,
        "encoder": snapshot.manifest["inputs"]["encoder"],
        "settings": snapshot.manifest["inputs"]["settings"],
        "engine": settings.engine,
        **(
            {"milvus_uri": settings.milvus_uri, "milvus_name": settings.milvus_name}
            if settings.engine == "milvus"
            else {}
        ),
        "searches": list(settings.searches),
        "switched_off": _switched_off(settings),
        "reader": settings.reader,
        "reader_sha256": bundled_sha256() if settings.reader == BUNDLED else None,
    }
    if as_json:
        print_json(stated)
        return
    print_status(stated)


def _today() -> datetime.date:
    return datetime.date.today()  # noqa: DTZ011 - the user's day


def _open(settings: Settings) -> Any:
    """What answers, with a word on what is switched off."""
    from qa.answer.ask import QA  # noqa: PLC0415

    qa = QA.configured(settings)
    _tell_switched_off(settings)
    return qa


def _tell_switched_off(settings: Settings) -> None:
    off = _switched_off(settings)
    if off:
        err.print(f"qa: switched off: {', '.join(off)}.")


def _switched_off(settings: Settings) -> list[str]:
    every = get_args(get_args(Settings.model_fields["searches"].annotation)[0])
    return [f"search by {name}" for name in every if name not in settings.searches]


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
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise QAError(f"{path} cannot be read: {error}") from error
