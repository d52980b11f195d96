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
from qa.corpus.dates import stated_date
from qa.corpus.folder import CorpusFile
from qa.corpus.formats import Extracted, check_size, extract
from qa.corpus.language import language
from qa.corpus.layout import recognise, turns
from qa.errors import CorpusError, SourceError
from qa.records import Document, Turn

__all__ = ["Ingested", "Outcome", "Preview", "document", "ingest", "language", "preview"]

Outcome = Literal["new", "unchanged", "updated", "kept", "conflict", "failed"]

_SLUG_CHARS = 60
_SHOWN_CHARS = 80


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

    A folder stands for all files below it, hidden ones aside; links that lead out of it are not
    followed. ``overwrite`` lets a source win over corrections made by hand.

    Raises:
        CorpusError: a file already in the corpus folder is not a document.
    """
    known = _by_source(corpus)
    taken = {file.document.id for file in known.values()} | {p.stem for p in folder.paths(corpus)}
    for path, home in _files(sources):
        name = _source_name(path, corpus)
        try:
            data = _bytes(path, home, name)
            done = _ingest_one(data, name, corpus, known.get(name), taken, overwrite=overwrite)
        except (SourceError, CorpusError, OSError) as error:
            done = Ingested(name, "failed", why=str(error))
        if done.document:
            taken.add(done.document)
        yield done


@dataclass(frozen=True, slots=True)
class Preview:
    """What one source would become; without a document, why it would not.

    With one, ``why`` says what of the source is not in it.
    """

    source: str
    document: Document | None = None
    why: str = ""

    def stated(self) -> dict[str, object]:
        """It as JSON values: what is known of the document, and its turns in order."""
        document = self.document
        if document is None:
            return {"source": self.source, "error": self.why}
        return {
            "source": self.source,
            "title": document.title,
            "date": document.date and document.date.isoformat(),
            "language": document.language,
            "layout": document.layout,
            "section": document.section,
            "pages": len(document.pages),
            "remark": self.why,
            "turns": [
                _stated_turn(turn, document.text) for turn in turns(document.text, document.layout)
            ],
        }


def _stated_turn(turn: Turn, text: str) -> dict[str, object]:
    said = text[turn.label.end if turn.label else turn.span.start : turn.span.end]
    return {
        "role": turn.role,
        "speaker": turn.speaker,
        "first_words": " ".join(said[:_SHOWN_CHARS].split()),
        "start": turn.span.start,
        "end": turn.span.end,
    }


def preview(sources: Sequence[Path], corpus: Path) -> Iterator[Preview]:
    """What every source would become; nothing is written."""
    for path, home in _files(sources):
        name = _source_name(path, corpus)
        try:
            extracted = extract(_bytes(path, home, name), name)
            yield Preview(name, _document(extracted, name), extracted.remark)
        except (SourceError, OSError) as error:
            yield Preview(name, why=str(error))


def _bytes(path: Path, home: Path | None, name: str) -> bytes:
    """What a file holds, if it may be read: no link that leads out, nothing that never ends.

    Raises:
        SourceError: it may not.
    """
    if not path.exists():
        raise SourceError(f"{path}: there is no such file or folder.")
    if home and not path.resolve().is_relative_to(home.resolve()):
        raise SourceError(f"{path}: a link out of {home}, not followed: name what it leads to.")
    if path.is_dir():
        raise SourceError(f"{path}: a link to a folder, not followed: name that folder.")
    if not path.is_file():
        raise SourceError(f"{path}: no file, but a pipe, a socket or a device.")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise SourceError(f"{path}: its name is not text: give it another.") from error
    check_size(path.stat().st_size, name)
    return path.read_bytes()


def _ingest_one(  # noqa: PLR0913 - one step of the journey, told in full
    data: bytes,
    name: str,
    corpus: Path,
    existing: CorpusFile | None,
    taken: set[str],
    *,
    overwrite: bool,
) -> Ingested:
    source_sha256 = hashlib.sha256(data).hexdigest()
    extracted = extract(data, name)
    stated = _document(extracted, name)
    # One that is known keeps its id, so that links hold.
    document_id = existing.document.id if existing else _free_id(stated.id, name, taken)
    ingested = dataclasses.replace(stated, id=document_id)
    content = folder.render(ingested, name, source_sha256)
    if existing is None:
        folder.write(corpus, ingested, content)
        return Ingested(name, "new", ingested.id, extracted.remark)
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
    return Ingested(name, "updated", ingested.id, "; ".join(filter(None, [why, extracted.remark])))


def document(data: bytes, name: str) -> Document:
    """The document that the bytes of a source state; ``name`` tells the format by its ending.

    Raises:
        SourceError: the source cannot become a document.
    """
    return _document(extract(data, name), name)


def _document(extracted: Extracted, name: str) -> Document:
    page = recognise(extracted.text)
    title = " ".join((extracted.title or page.title).split())
    date = extracted.date or page.date or stated_date(title, page.text)
    # Furniture leaves the text at its beginning only.
    cut = len(extracted.text) - len(page.text)
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
        pages=tuple(max(0, begins - cut) for begins in extracted.pages),
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


def _files(sources: Iterable[Path]) -> Iterator[tuple[Path, Path | None]]:
    """Every file named, and every one below a folder named with that folder; each once."""
    seen: set[Path] = set()
    for source in sources:
        below = sorted(source.rglob("*")) if source.is_dir() else [source]
        for path in below:
            hidden = any(part.startswith(".") for part in path.relative_to(source).parts)
            is_folder = path.is_dir() and not path.is_symlink()
            if is_folder or (hidden and path != source) or path.absolute() in seen:
                continue
            seen.add(path.absolute())
            yield path, source if path != source else None


def _source_name(path: Path, corpus: Path) -> str:
    """The source's name for good: its path from the folder that holds the corpus folder."""
    home = corpus.absolute().parent
    return Path(os.path.relpath(path.absolute(), home)).as_posix()
