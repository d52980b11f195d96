"""Acceptance of corrections made by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qa.errors import CorpusError
from qa.sources import corpus_folder, owned
from qa.sources.signing import accepted
from qa.storage import locked

__all__ = ["accept"]


def accept(corpus: Path, documents: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Accept documents, by their ids, that are not as ingest wrote them.

    Yields:
        The file's name, and True if there was something to accept.

    Raises:
        BusyError: another process is writing the corpus.
        CorpusError: there is no such document, or it cannot be read.
    """
    owned.check(corpus)
    paths = [corpus / f"{name.removesuffix('.md')}.md" for name in documents]
    for path in paths:
        if path.parent != corpus or not path.is_file():
            raise CorpusError(f"{path} is missing: name documents by their ids.")
    with locked(corpus, owned.MARK, "qa ingest", CorpusError):
        for path in paths:
            is_altered = corpus_folder.read(path).is_altered
            if is_altered:
                corpus_folder.write(corpus, path.stem, accepted(corpus_folder.raw_text(path)))
            yield path.name, is_altered
