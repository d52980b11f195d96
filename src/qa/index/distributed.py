"""Embedding in several processes or on several machines, where the settings name any."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator

from qa.index.encoder import Encoder
from qa.settings import Settings

__all__ = ["WORKERS", "distributed"]

# The optional module whose ``embedding`` distributes an encoder.
WORKERS = "qa.cluster.workers"


@contextlib.contextmanager
def distributed(encoder: Encoder, settings: Settings) -> Iterator[Encoder]:
    """Give the encoder, run as the settings state; its partial results go once all is done.

    Raises:
        SettingsError: a package that it needs is missing.
    """
    if not settings.workers and not settings.ray:
        yield encoder
        return
    with importlib.import_module(WORKERS).embedding(encoder, settings) as workers:
        yield workers
