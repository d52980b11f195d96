"""The options that several commands share, and the searches that the settings switch off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

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
    every = get_args(get_args(Settings.model_fields["searches"].annotation)[0])
    return [f"search by {name}" for name in every if name not in settings.searches]


def warn_switched_off(settings: Settings) -> None:
    """Name the searches that are switched off, if any, on stderr."""
    if off := switched_off(settings):
        err.print(f"qa: switched off: {', '.join(off)}.")
