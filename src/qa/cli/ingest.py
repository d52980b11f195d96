"""``qa ingest`` and ``qa accept``: sources become documents of the corpus folder."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from qa.cli.interrupts import interruptible
from qa.cli.options import AsJson, ConfigFile, CorpusFolder
from qa.cli.progress import progress
from qa.cli.terminal import (
    SHOWN_DOCUMENTS,
    err,
    indented,
    new_table,
    out,
    print_json,
    printable,
)
from qa.errors import CorpusError, SettingsError
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.sources.ingest import Ingested
    from qa.sources.known_sources import Source
    from qa.sources.remote.fetch import FetchPolicy

__all__ = ["accept", "ingest"]

# Shown of a document above its turns.
_PREVIEWED = "title date language layout section pages times recording remark".split()

Sources = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders and web addresses.", metavar="[SOURCE...]"),
]
Follow = Annotated[
    list[str] | None,
    typer.Option(
        help='Ingest linked pages whose address matches this pattern, such as "/news/*" or a '
        "regular expression. Repeatable.",
        metavar="PATTERN",
    ),
]
FollowHost = Annotated[
    list[str] | None,
    typer.Option(help="Also follow links to this host. Repeatable.", metavar="HOST"),
]
Update = Annotated[
    bool, typer.Option("--update", help="Re-check all sources that were ingested before.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Discard corrections made by hand.")]
AllowPrivate = Annotated[
    bool, typer.Option("--allow-private", help="Fetch from addresses that are not public.")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print each document's metadata and turns; write nothing."),
]


def ingest(
    sources: Sources = None,
    corpus: CorpusFolder = None,
    config: ConfigFile = None,
    *,
    follow: Follow = None,
    follow_host: FollowHost = None,
    update: Update = False,
    overwrite: Overwrite = False,
    allow_private: AllowPrivate = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Turn sources into documents, or re-check known sources.

    Files are text, Markdown, HTML, PDF, Word, OpenDocument, RTF, EPUB, e-mail, captions, or
    tables of questions and answers. A web address is a page, a feed, a sitemap or, with --follow,
    a page of links.

    Example: qa ingest seeds/
    """
    if update == bool(sources):
        raise typer.BadParameter(
            "Give one or more sources, or use --update to re-check known ones."
        )
    settings = Settings.load(config, corpus=corpus)
    folder = _writable_corpus(settings)
    if dry_run:
        _preview(sources or (), folder, as_json=as_json)
        return
    if update:
        chosen = _known_sources(folder)
    else:
        chosen = [_source(name, follow or (), follow_host or ()) for name in sources or ()]
    run = _journey(settings, update=update)
    with interruptible("interrupted. Run the same command again to resume."), progress() as advance:
        results = run(
            chosen,
            folder,
            cache=settings.cache,
            policy=_policy(settings, allow_private=allow_private),
            overwrite=overwrite,
            on_progress=lambda done, total: advance("ingesting", done, total),
        )
        counts, shown = _count(results, keep_all=as_json)
    if not update:
        _remember(chosen, {done.source for done in shown if done.outcome == "failed"}, folder)
    if as_json:
        documents = [dataclasses.asdict(done) for done in shown]
        print_json({"counts": dict(sorted(counts.items())), "documents": documents})
    else:
        _print_results(shown, counts, folder.name, as_table=update)
    if not counts or any(done.needs_attention for done in shown):
        raise typer.Exit(1)


def _writable_corpus(settings: Settings) -> Path:
    if isinstance(settings.corpus, str):
        raise SettingsError(
            f"{settings.corpus} is an address and can only be read: ingest into a local folder "
            "(--corpus FOLDER), then copy it there."
        )
    return settings.corpus


def _known_sources(corpus: Path) -> list[Source]:
    """Return the sources ingested before."""
    from qa.sources import known_sources

    sources = known_sources.read(corpus)
    if not sources:
        raise CorpusError(f'{corpus} has no known sources. Run "qa ingest SOURCE" first.')
    return sources


def _source(name: str, follow: Sequence[str], hosts: Sequence[str]) -> Source:
    from qa.sources.known_sources import is_url
    from qa.sources.remote.crawl import WebSource

    return WebSource(name, tuple(follow), tuple(hosts)) if is_url(name) else Path(name)


def _policy(settings: Settings, *, allow_private: bool) -> FetchPolicy:
    from qa.sources.remote.fetch import FetchPolicy

    names = {field.name for field in dataclasses.fields(FetchPolicy)} - {"allow_private"}
    options = {name: getattr(settings, name) for name in names}
    return FetchPolicy(**options, allow_private=allow_private)


def _journey(settings: Settings, *, update: bool) -> Callable[..., Iterator[Ingested]]:
    from qa.sources.remote import update as journeys

    if update:
        return partial(journeys.update, rechecks=settings.rechecks_per_update)
    return journeys.ingest_sources


def _count(results: Iterable[Ingested], *, keep_all: bool) -> tuple[Counter[str], list[Ingested]]:
    """Count the outcomes, and keep the results to show: changes and trouble.

    Of each outcome that is no trouble, only the first are kept unless ``keep_all``.
    """
    counts: Counter[str] = Counter()
    shown: list[Ingested] = []
    for done in results:
        counts[done.outcome] += 1
        if done.outcome != "unchanged" and (
            keep_all or done.needs_attention or counts[done.outcome] <= SHOWN_DOCUMENTS
        ):
            shown.append(done)
    return counts, shown


def _remember(sources: Sequence[Source], failed: set[str], corpus: Path) -> None:
    """Keep the sources that exist for the next update."""
    from qa.sources import known_sources

    good = [s for s in sources if (s.exists() if isinstance(s, Path) else s.url not in failed)]
    known_sources.remember(corpus, good)


def _print_results(
    shown: Sequence[Ingested], counts: Mapping[str, int], corpus: str, *, as_table: bool
) -> None:
    """Print every result to show, trouble on stderr, then the counts."""

    def file_of(done: Ingested) -> str:
        return f"{corpus}/{done.document}.md" if done.document else ""

    if as_table and not all(done.needs_attention for done in shown):
        table = new_table("outcome", "document", "source", "reason")
        for done in shown:
            if not done.needs_attention:
                cells = (file_of(done), done.source, done.why)
                table.add_row(done.outcome, *(Text(printable(cell)) for cell in cells))
        out.print(table)
    for done in shown:
        if done.needs_attention or not as_table:
            line = f"{done.outcome:9}  {done.source}"
            line += f" -> {file_of(done)}" if done.document else ""
            line += f": {done.why}" if done.why else ""
            (err if done.needs_attention else out).print(printable(line))
    printed: Counter[str] = Counter(done.outcome for done in shown)
    for outcome, count in counts.items():
        if 0 < printed[outcome] < count:
            out.print(f"and {count - printed[outcome]} more {outcome}, all in --json")
    totals = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    out.print(f"{sum(counts.values())} sources: {totals or 'none found'}.")


def _preview(sources: Sequence[str], corpus: Path, *, as_json: bool) -> None:
    """Print the document that each source would become."""
    from qa.sources.known_sources import is_url
    from qa.sources.preview import preview

    if not sources or any(map(is_url, sources)):
        raise typer.BadParameter("--dry-run works for files and folders only.")
    failed = total = 0
    for previewed in preview([*map(Path, sources)], corpus):
        total += 1
        if previewed.document is None:
            failed += 1
            err.print(printable(f"failed     {previewed.source}: {previewed.why}"))
        if as_json:
            # ASCII, because a file name need not be valid text.
            print_json(previewed.to_json(), as_line=True)
        elif previewed.document:
            _print_preview(previewed.to_json())
    if failed or not total:
        raise typer.Exit(1)


def _print_preview(preview: Mapping[str, Any]) -> None:
    """Print the metadata of a document, then a line per turn."""
    out.print(Text(printable(preview["source"]), style="bold"))
    for name in _PREVIEWED:
        if preview[name]:
            out.print(indented(Text(f"{name:10}{printable(str(preview[name]))}")))
    for turn in preview["turns"]:
        speaker = f" ({turn['speaker']})" if turn["speaker"] else ""
        out.print(indented(Text(f"{turn['role']}{speaker}: {printable(turn['first_words'])}")))


def accept(
    documents: Annotated[
        list[str], typer.Argument(help="Ids of the corrected documents.", metavar="ID...")
    ],
    corpus: CorpusFolder = None,
    config: ConfigFile = None,
) -> None:
    """Accept documents that were corrected by hand.

    "qa verify" fails while a document differs from the one that ingest wrote and nobody has
    accepted it, because it may be damaged.

    Example: qa accept 2022-07-21-trade-in-culture
    """
    from qa.sources.corrections import accept as accept_all

    folder = _writable_corpus(Settings.load(config, corpus=corpus))
    for name, is_new in accept_all(folder, documents):
        result = 'accepted; run "qa index"' if is_new else "nothing to accept"
        out.print(f"{folder.name}/{name}: {result}.", soft_wrap=True)
