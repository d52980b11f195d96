"""The document's journey, first half: a source becomes a file in the corpus folder."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qa.corpus import folder
from qa.corpus.folder import CorpusFile
from qa.corpus.formats import extract
from qa.corpus.language import language
from qa.corpus.layout import recognise
from qa.errors import CorpusError, SourceError
from qa.records import Document

__all__ = ["Ingested", "Outcome", "document", "ingest", "language"]

Outcome = Literal["new", "unchanged", "updated", "kept", "conflict", "failed"]

_SLUG_CHARS = 60


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one source.

    ``kept``: a person corrected the corpus file and the source is as it was; nothing to do.
    ``conflict``: both the source and the corpus file have changed; nothing was written.
    """

    source: str
    outcome: Outcome
    document: str | None = None
    why: str = ""

    @property
    def is_trouble(self) -> bool:
        """Whether a person has to look at it."""
        return self.outcome in ("conflict", "failed")


def ingest(sources: Sequence[Path], corpus: Path, *, overwrite: bool = False) -> Iterator[Ingested]:
    """Turn every source into a document, one after the other, and say what became of each.

    A folder stands for all files below it, hidden ones aside. ``overwrite`` lets a source win
    over corrections made by hand.

    Raises:
        CorpusError: a file already in the corpus folder is not a document.
    """
    known = _by_source(corpus)
    taken = {file.document.id for file in known.values()} | {p.stem for p in folder.paths(corpus)}
    for path in _files(sources):
        name = _source_name(path, corpus)
        try:
            done = _ingest_one(path, name, corpus, known.get(name), taken, overwrite=overwrite)
        except (SourceError, CorpusError, OSError) as error:
            done = Ingested(name, "failed", why=str(error))
        if done.document:
            taken.add(done.document)
        yield done


def _ingest_one(  # noqa: PLR0913 - one step of the journey, told in full
    path: Path,
    name: str,
    corpus: Path,
    existing: CorpusFile | None,
    taken: set[str],
    *,
    overwrite: bool,
) -> Ingested:
    if not path.exists():
        raise SourceError(f"{path}: there is no such file or folder.")
    data = path.read_bytes()
    source_sha256 = hashlib.sha256(data).hexdigest()
    stated = document(data, name)
    # One that is known keeps its id, so that links hold.
    document_id = existing.document.id if existing else _free_id(stated.id, name, taken)
    ingested = dataclasses.replace(stated, id=document_id)
    content = folder.render(ingested, name, source_sha256)
    if existing is None:
        folder.write(corpus, ingested, content)
        return Ingested(name, "new", ingested.id)
    is_same_source = existing.source_sha256 == source_sha256
    if existing.is_corrected and not overwrite:
        if is_same_source:
            return Ingested(name, "kept", ingested.id, "corrected by hand")
        why = (
            f"the source has changed and corpus/{existing.name} was corrected by hand: "
            'merge them by hand, or run "qa ingest --overwrite" to drop the corrections'
        )
        return Ingested(name, "conflict", ingested.id, why)
    if hashlib.sha256(content.encode()).hexdigest() == existing.sha256:
        return Ingested(name, "unchanged", ingested.id)
    folder.write(corpus, ingested, content)
    why = "read anew" if is_same_source else "the source has changed"
    return Ingested(name, "updated", ingested.id, why)


def document(data: bytes, name: str) -> Document:
    """The document that the bytes of a source state; ``name`` tells the format by its ending.

    Raises:
        SourceError: the source cannot become a document.
    """
    extracted = extract(data, name)
    page = recognise(extracted.text)
    title = " ".join((extracted.title or page.title).split())
    date = extracted.date or page.date
    dated = f"{date}-" if date else ""
    return Document(
        id=dated + _slug(title),
        title=title,
        text=page.text,
        date=date,
        section=extracted.section or page.section,
        source=extracted.source or name,
        language=extracted.language or language(page.text),
        layout=page.layout,
    )


def _slug(title: str) -> str:
    """Lower-case words joined by hyphens, cut at a word; letters of any script stay."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", title).lower().replace("_", " "))
    slug = "-".join(words)
    if len(slug) > _SLUG_CHARS:
        cut = slug[: _SLUG_CHARS + 1].rsplit("-", 1)[0]
        slug = cut if 0 < len(cut) <= _SLUG_CHARS else slug[:_SLUG_CHARS]
    return slug or "untitled"


def _free_id(wanted: str, name: str, taken: set[str]) -> str:
    """``wanted``, or with a mark of the source's name where another document has that id."""
    if wanted not in taken:
        return wanted
    return f"{wanted}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _by_source(corpus: Path) -> dict[str, CorpusFile]:
    """The record's files by the source they came from."""
    if not corpus.is_dir():
        return {}
    return {file.ingested_from: file for file in folder.read_all(corpus) if file.ingested_from}


def _files(sources: Iterable[Path]) -> Iterator[Path]:
    """Every file named, and every one below a folder named, by name; each once."""
    seen: set[Path] = set()
    for source in sources:
        below = sorted(source.rglob("*")) if source.is_dir() else [source]
        for path in below:
            hidden = any(part.startswith(".") for part in path.relative_to(source).parts)
            if path.is_dir() or (hidden and path != source) or path.absolute() in seen:
                continue
            seen.add(path.absolute())
            yield path


def _source_name(path: Path, corpus: Path) -> str:
    """The source's name for good: its path from the folder that holds the corpus folder."""
    home = corpus.absolute().parent
    return Path(os.path.relpath(path.absolute(), home)).as_posix()
