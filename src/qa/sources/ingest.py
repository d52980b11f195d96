"""Ingest: a source becomes a file in the corpus folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from qa.errors import CorpusError, SourceError
from qa.records import Document
from qa.sources import corpus_folder, duplicates
from qa.sources.corpus_folder import CorpusFile
from qa.sources.files import contents, files, source_name
from qa.sources.formats import Extracted, extract
from qa.sources.layouts.parts import days
from qa.sources.layouts.registry import recognise
from qa.sources.state import FileState, SourceState, State, code_digest
from qa.text.dates import stated_date
from qa.text.language import language

__all__ = [
    "Ingested",
    "OnProgress",
    "Outcome",
    "Received",
    "document",
    "document_of",
    "ingest",
    "join",
    "take",
    "take_files",
    "unchanged",
    "unforeseen",
]

Outcome = Literal[
    "new", "unchanged", "updated", "kept", "duplicate", "withdrawn", "conflict", "failed"
]
# Called with the number of sources that are done, and of all.
OnProgress = Callable[[int, int], None]

_SLUG_CHARS = 60
_ERROR_CHARS = 300


@dataclass(frozen=True, slots=True)
class Ingested:
    """The outcome of one source.

    ``kept``: a person corrected the corpus file and the source is as it was; nothing to do.
    ``duplicate``: it says what ``document`` says, which now names it as another source.
    ``withdrawn``: the source is gone; the document is kept, and is no answer any more.
    ``conflict``: both the source and the corpus file have changed; nothing was written.
    """

    source: str
    outcome: Outcome
    document: str | None = None
    why: str = ""

    @property
    def needs_attention(self) -> bool:
        """Return True where a person has to look at it."""
        return self.outcome in ("conflict", "failed")


@dataclass(frozen=True, slots=True)
class Received:
    """The bytes of a source.

    ``name`` is what it is known by for good, a path or an address; ``file_name`` tells its
    format by its ending, ``sha256`` is of the bytes as they came. ``source`` is where readers
    find it and ``retrieved`` when it was fetched, where it was.
    """

    name: str
    data: bytes
    file_name: str
    sha256: str
    source: str | None = None
    retrieved: str | None = None


def ingest(
    sources: Sequence[Path],
    corpus: Path,
    *,
    overwrite: bool = False,
    cache: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[Ingested]:
    """Turn every source into a document, one after the other, and yield the outcome of each.

    A folder stands for all files below it, hidden ones aside; links that lead out of it are not
    followed. ``overwrite`` lets a source win over corrections made by hand. The state of sources
    is kept below ``cache``, so that unchanged ones are not read again.

    Raises:
        BusyError: another process is ingesting into the same folder.
        CorpusError: a file already in the corpus folder is not a document.
    """
    with State.open(corpus, cache) as state:
        yield from take_files(sources, state, overwrite=overwrite, on_progress=on_progress)


def take_files(
    sources: Sequence[Path],
    state: State,
    *,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Iterator[Ingested]:
    """Do the work of ``ingest`` with an open state."""
    total = sum(1 for _ in files(sources)) if on_progress else 0
    for done, (path, home) in enumerate(files(sources), start=1):
        name = source_name(path, state.corpus)
        try:
            data = contents(path, home, name)
            received = Received(name, data, name, hashlib.sha256(data).hexdigest())
            yield take(received, state, overwrite=overwrite)
        except (SourceError, CorpusError, OSError) as error:
            yield Ingested(name, "failed", why=str(error))
        except Exception as error:  # noqa: BLE001 - one source never stops the others
            yield unforeseen(name, error)
        if on_progress:
            on_progress(done, max(done, total))


def unforeseen(name: str, error: Exception) -> Ingested:
    """Return the outcome of a source that met an error nobody foresaw."""
    message = " ".join(str(error).split())[:_ERROR_CHARS]
    why = f"{name}: an error in this program ({type(error).__name__}: {message}); please report it"
    return Ingested(name, "failed", why=why)


def take(received: Received, state: State, *, overwrite: bool = False) -> Ingested:
    """Make a document of a source, or bring its document up to the source.

    Raises:
        SourceError: the source cannot become a document.
        CorpusError: the document cannot be written.
    """
    known = unchanged(received.name, received.sha256, state, overwrite=overwrite)
    if known:
        return known
    extracted = extract(received.data, received.file_name)
    new = document_of(extracted, received.source or received.name)
    with state.transaction():
        done = _take(received, new, state, overwrite=overwrite)
        before = state.source(received.name) or SourceState(received.name)
        after = replace(
            before,
            sha256=received.sha256,
            document=done.document,
            key=duplicates.key(new),
            code=code_digest(),
            is_gone=False,
        )
        state.save_source(after)
    if extracted.remark and done.outcome in {"new", "updated"}:
        return replace(done, why="; ".join(filter(None, [done.why, extracted.remark])))
    return done


def unchanged(
    name: str, sha256: str | None, state: State, *, overwrite: bool = False
) -> Ingested | None:
    """Return the outcome of a source that is as it was, document included; None where not.

    ``sha256`` is of its bytes; None where its server says that they have not changed.
    """
    source = state.source(name)
    if source is None or source.code != code_digest() or sha256 not in (None, source.sha256):
        return None
    file = next((file for file in state.documents_from(name) if file.id == source.document), None)
    if file is None or file.is_withdrawn or file.key != source.key:
        return None
    is_file = "://" not in name and file.ingested_from == name
    is_put_back = is_file and file.source_sha256 != source.sha256
    if is_put_back or (file.is_corrected and overwrite):
        return None
    if file.is_corrected:
        return Ingested(name, "kept", file.id, "corrected by hand")
    return Ingested(name, "unchanged", file.id)


def _take(received: Received, new: Document, state: State, *, overwrite: bool) -> Ingested:
    name = received.name
    published = state.documents_from(name)
    own = next((file for file in published if file.ingested_from == name), None)
    if own:
        return _take_again(received, new, own, state, overwrite=overwrite)
    twin = _twin(new, state)
    for file in published:  # these say something else by now
        if file.id != twin:
            also = [place for place in state.read(file.id).document.also if place != name]
            state.amend(file.id, also=also or None)
    if twin:
        return join(name, twin, state)
    document_id = _free_id(new.id, name, state.corpus)
    ingested = replace(new, id=document_id)
    content = corpus_folder.render(ingested, name, received.sha256, received.retrieved)
    state.write(document_id, content)
    return Ingested(name, "new", document_id)


def _take_again(
    received: Received, new: Document, file: FileState, state: State, *, overwrite: bool
) -> Ingested:
    """Bring the document of a known source up to it. It keeps its id, so that links hold."""
    existing = state.read(file.id)
    is_same_text = existing.text_sha256 == new.sha256
    # A page's bytes differ every time (a token, a clock) while its statement does not.
    is_same_source = existing.source_sha256 == received.sha256 or (
        received.retrieved is not None and is_same_text
    )
    if existing.is_corrected and not overwrite:
        return _keep(received.name, existing, state, is_same_source=is_same_source)
    also = existing.document.also if is_same_text else ()
    ingested = replace(new, id=file.id, also=also)
    if is_same_source and received.retrieved:
        as_before = (str(existing.source_sha256), existing.retrieved)
    else:
        as_before = (received.sha256, received.retrieved)
    content = corpus_folder.render(ingested, received.name, *as_before)
    if hashlib.sha256(content.encode()).hexdigest() == existing.sha256:
        return Ingested(received.name, "unchanged", file.id)
    for place in existing.document.also:
        if place not in also:  # its statement may have changed likewise, or be a document now
            state.forget_source(place)
    content = corpus_folder.render(ingested, received.name, received.sha256, received.retrieved)
    state.write(file.id, content)
    if file.is_withdrawn:
        return Ingested(received.name, "updated", file.id, "published again")
    why = "read again" if is_same_source else "the source has changed"
    return Ingested(received.name, "updated", file.id, why)


def _keep(name: str, existing: CorpusFile, state: State, *, is_same_source: bool) -> Ingested:
    """Leave a correction alone; only the mark that an update made is taken away again."""
    document_id = existing.document.id
    if not is_same_source:
        why = (
            f"the source has changed and corpus/{existing.name} was corrected by hand: "
            'merge them by hand, or run "qa ingest --overwrite" to drop the corrections'
        )
        return Ingested(name, "conflict", document_id, why)
    source = state.source(name)
    if existing.document.withdrawn and source and source.is_gone:
        state.amend(document_id, withdrawn=None)
        return Ingested(name, "updated", document_id, "published again")
    return Ingested(name, "kept", document_id, "corrected by hand")


def _twin(new: Document, state: State) -> str | None:
    """Return the document of the record with the same statement and no other date."""
    date = str(new.date) if new.date else None
    for file in state.documents_like(duplicates.key(new), new.sha256):
        if date is None or file.date in (None, date):
            return file.id
    return None


def join(name: str, document_id: str, state: State) -> Ingested:
    """Name a source in the document with the same statement."""
    file = state.read(document_id)
    document = file.document
    if name in (file.ingested_from, *document.also) and not document.withdrawn:
        return Ingested(name, "unchanged", document_id)
    also = [*dict.fromkeys([*document.also, name])]
    state.amend(document_id, also=also, withdrawn=None)
    return Ingested(name, "duplicate", document_id, "it says the same")


def document(data: bytes, name: str, source: str | None = None) -> Document:
    """Return the document in the bytes of a source; ``name`` tells the format by its ending.

    ``source`` is where people find it, by default its name; its own statement comes first.

    Raises:
        SourceError: the source cannot become a document.
    """
    return document_of(extract(data, name), source or name)


def document_of(extracted: Extracted, source: str) -> Document:
    """Return the document in the text of a source; ``source`` is where people find it."""
    page = recognise(extracted.text, has_questions=extracted.has_questions)
    title = " ".join((extracted.title or page.title).split())
    date = extracted.date or page.date or stated_date(title, page.text)
    if date in days(page.text):  # a log of many days has one per part
        date = None
    # Boilerplate leaves the text at its beginning only.
    cut = len(extracted.text) - len(page.text)
    dated = f"{date}-" if date else ""
    return Document(
        id=dated + _slug(title),
        title=title,
        text=page.text,
        date=date,
        section=extracted.section or page.section,
        source=extracted.source or source,
        language=extracted.language or language(page.text),
        layout=extracted.layout or page.layout,
        pages=tuple(max(0, begins - cut) for begins in extracted.pages),
        # Of the times within what is cut off, the last holds for the first character.
        times=tuple({max(0, at - cut): time for at, time in extracted.times}.items()),
        recording=extracted.recording,
    )


def _slug(title: str) -> str:
    """Return lower-case words joined by hyphens, cut at a word; letters of any script stay."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", title).lower().replace("_", " "))
    slug = "-".join(words)
    if len(slug) > _SLUG_CHARS:
        cut = slug[: _SLUG_CHARS + 1].rsplit("-", 1)[0]
        slug = cut if 0 < len(cut) <= _SLUG_CHARS else slug[:_SLUG_CHARS]
    return slug or "untitled"


def _free_id(wanted: str, name: str, corpus: Path) -> str:
    """Return ``wanted``, with a mark of the source's name where another document has that id."""
    marked = f"{wanted}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    for free in (wanted, marked):
        if not (corpus / f"{free}.md").exists():
            return free
    raise CorpusError(
        f"corpus/{wanted}.md and corpus/{marked}.md are there already, and neither is of {name}: "
        "rename or remove one of them."
    )
