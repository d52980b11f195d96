"""The options that several commands share, and the searches that the settings switch off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa.cli.terminal import err
from qa.settings import Settings

__all__ = [
    "AsJson",
    "ConfigFile",
    "CorpusFolder",
    "CorpusPlace",
    "IndexFolder",
    "switched_off",
    "warn_switched_off",
]

CorpusFolder = Annotated[
    str | None, typer.Option("--corpus", help="Corpus folder.", show_default="corpus")
]
CorpusPlace = Annotated[
    str | None,
    typer.Option(
        "--corpus",
        help="Corpus folder, or its address such as s3://bucket/folder.",
        show_default="corpus",
    ),
]
IndexFolder = Annotated[
    Path | None, typer.Option("--index", help="Index folder.", show_default="index")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings file.", show_default="qa.toml")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def switched_off(settings: Settings) -> list[str]:
    """Return the searches that the settings switch off."""
    if settings.searches is None:
        return []
    from qa.answer.searches.registry import NAMES, chosen_searches

    on = [search.name for search in chosen_searches(settings.searches)]
    return [f"search by {name}" for name in NAMES if name not in on]


def warn_switched_off(settings: Settings) -> None:
    """Name the searches that are switched off, if any, on stderr."""
    if off := switched_off(settings):
        err.print(f"qa: switched off: {', '.join(off)}.")
