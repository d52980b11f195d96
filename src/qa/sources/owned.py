"""The check that a folder is a corpus: ``qa ingest`` writes into no other one."""

from __future__ import annotations

from pathlib import Path

from qa.errors import CorpusError
from qa.sources import corpus_folder
from qa.storage import LOCK, is_marked

__all__ = ["MARK", "check"]

MARK = 'A corpus folder of press-qa: "qa ingest" writes one file per document here.\n'
_HARMLESS = ("README.md", "sources.yaml", "lost+found")
_SHOWN = 3


def check(corpus: Path) -> None:
    """Refuse a folder that holds something else than documents; change nothing.

    A folder with a document that ``qa ingest`` made is a corpus, whatever else is there. In any
    other one everything has to be a document, a README, or hidden.

    Raises:
        CorpusError: it is no folder, cannot be read, or is somebody else's.
    """
    if not corpus.exists() and not corpus.is_symlink():
        return
    if not corpus.is_dir():
        raise CorpusError(f"{corpus} is not a folder: name another one for the record (--corpus).")
    if is_marked(corpus, MARK):
        return
    try:
        names = sorted(path.name for path in corpus.iterdir())
    except OSError as error:
        raise CorpusError(
            f"{corpus} cannot be read ({error.strerror}): make it readable for this user, or name "
            "another folder for the record (--corpus)."
        ) from error
    lock = corpus / LOCK
    if lock.is_file() and lock.stat().st_size:
        raise CorpusError(f'{lock} was not made by "qa ingest": name another folder (--corpus).')
    foreign = [
        name
        for name in names
        if not (name.startswith(".") or name in _HARMLESS or corpus_folder.is_document(name))
    ]
    is_made_by_us = any(
        corpus_folder.read(path).ingested_from for path in corpus_folder.paths(corpus)
    )
    if foreign and not is_made_by_us:
        named = ", ".join(foreign[:_SHOWN]) + (", ..." if len(foreign) > _SHOWN else "")
        raise CorpusError(
            f"{corpus} holds files that are no documents of a record ({named}), so that nothing "
            "was written: name an empty or a new folder (--corpus)."
        )
