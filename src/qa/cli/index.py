"""``qa index``, ``qa status`` and ``qa rollback``: snapshots of the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from qa import __version__
from qa.cli.interrupts import interruptible
from qa.cli.options import AsJson, ConfigFile, CorpusPlace, IndexFolder, switched_off
from qa.cli.progress import progress
from qa.cli.terminal import SHOWN_DOCUMENTS, err, out, print_json
from qa.errors import SettingsError
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.sources.corpus_folder import CorpusFile

__all__ = ["index", "roll_back", "status"]


def index(
    corpus: CorpusPlace = None,
    index: IndexFolder = None,
    config: ConfigFile = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Number of Ray processes that embed. An interrupted run resumes.",
            min=0,
            show_default="0, no Ray",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            help="Address of the Ray cluster that embeds, ray://HOST:PORT.",
            metavar="ADDRESS",
            show_default="a local one",
        ),
    ] = None,
    *,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Replace the live Milvus collection even if another index folder made it.",
        ),
    ] = False,
) -> None:
    """Build a snapshot of the corpus and switch to it.

    Example: qa index
    """
    settings = Settings.load(config, corpus=corpus, index=index, workers=workers, ray=ray)
    kept = " Embedded texts are kept." if settings.workers or settings.ray else ""
    with interruptible(f'interrupted.{kept} "qa status" shows which snapshot is live.'):
        _index(settings, take_over=take_over)


def _index(settings: Settings, *, take_over: bool) -> None:
    """Build a snapshot and print its size and digest."""
    from qa.index.build import build
    from qa.index.distributed import distributed
    from qa.index.engine import engine_of
    from qa.index.export import exported_encoder
    from qa.index.owned import check
    from qa.sources import corpus_folder

    if isinstance(settings.corpus, Path) and settings.corpus.resolve() == settings.index.resolve():
        raise SettingsError(
            f"{settings.index} is the corpus folder. Name another one for the index (--index)."
        )
    files = list(corpus_folder.read_all(corpus_folder.place(settings.corpus)))
    check(settings.index)
    exported = exported_encoder(
        settings.encoder,
        settings.cache,
        precision=settings.encoder_precision,
        languages=settings.encoder_languages,
        on_export=lambda: err.print("Exporting the encoder, once ..."),
    )
    with distributed(exported, settings) as encoder, progress() as advance:
        built = build(
            files,
            settings.index,
            encoder,
            passage_chars=settings.passage_chars,
            exact_rows=settings.exact_rows,
            on_embedded=lambda done, total: advance("embedding", done, total),
            engine=engine_of(settings),
            take_over=take_over,
        )
    _report_corrections(files)
    resumed = getattr(encoder, "kept", 0)
    out.print(
        f"{built.documents} documents, {built.passages} passages, {built.sentences} sentences; "
        f"{built.embedded - resumed} texts embedded, {built.reused} reused from the last snapshot"
        + (f", {resumed} from an interrupted run." if resumed else ".")
    )
    out.print(f"Live snapshot: {settings.index}/{built.digest}")


def _report_corrections(files: Sequence[CorpusFile]) -> None:
    """Name the documents that differ from the ones that ingest wrote."""
    accepted = sum(file.is_accepted for file in files)
    if accepted:
        out.print(f"{accepted} documents are corrected by hand.")
    altered = [file.document.id for file in files if file.is_altered]
    if altered:
        names = " ".join(altered[:SHOWN_DOCUMENTS])
        err.print(
            f"qa: {len(altered)} documents differ from what ingest wrote, corrected by hand or "
            f'damaged ({names}). Check them, then run "qa accept ID" and "qa index".',
            soft_wrap=True,
        )


def status(
    index: IndexFolder = None, config: ConfigFile = None, *, as_json: AsJson = False
) -> None:
    """Show the live snapshot, its counts and its settings.

    Example: qa status --json
    """
    from rich.table import Table

    from qa.answer.reranker import BUNDLED, bundled_sha256
    from qa.answer.searches.registry import chosen_searches
    from qa.index.engine import engine_of
    from qa.index.snapshot import open_snapshot

    settings = Settings.load(config, index=index)
    snapshot = open_snapshot(settings.index, engine_of(settings))
    first, last = snapshot.documents.period or (None, None)
    searches = chosen_searches(settings.searches)
    milvus = {"milvus_uri": settings.milvus_uri, "milvus_name": settings.milvus_name}
    state = {
        "version": __version__,
        "snapshot": snapshot.digest,
        **snapshot.manifest["counts"],
        "first_date": first and str(first),
        "last_date": last and str(last),
        "encoder": snapshot.manifest["inputs"]["encoder"],
        "settings": snapshot.manifest["inputs"]["settings"],
        "engine": settings.engine,
        **(milvus if settings.engine == "milvus" else {}),
        "searches": [search.name for search in searches],
        "search_methods": {search.name: search.summary for search in searches},
        "switched_off": switched_off(settings),
        "reader": settings.reranker,
        "reader_sha256": bundled_sha256() if settings.reranker == BUNDLED else None,
    }
    if as_json:
        print_json(state)
        return
    table = Table.grid(padding=(0, 2))
    for name, value in state.items():
        table.add_row(Text(name), Text(_cell(value), overflow="fold"))
    out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return "-" if value is None else str(value)


def roll_back(index: IndexFolder = None, config: ConfigFile = None) -> None:
    """Switch to the previous snapshot. Run it again to switch back.

    Example: qa rollback
    """
    from qa.index import snapshot
    from qa.index.engine import engine_of

    settings = Settings.load(config, index=index)
    digest = snapshot.roll_back(settings.index, engine_of(settings))
    out.print(f"Live snapshot: {settings.index}/{digest}")
