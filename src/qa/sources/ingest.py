"""The document's journey, first half: a source becomes a file in the corpus folder."""

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
from qa.sources.state import FileState, SourceState, State, reader
from qa.text.dates import stated_date
from qa.text.language import language

__all__ = [
    "Ingested",
    "OnProgress",
    "Outcome",
    "Received",
    "amend",
    "document",
    "document_of",
    "ingest",
    "join",
    "language",
    "take",
    "take_files",
    "unchanged",
    "unforeseen",
]

Outcome = Literal[
    "new", "unchanged", "updated", "kept", "duplicate", "withdrawn", "conflict", "failed"
]
# Told how many sources are done, and how many there are.
OnProgress = Callable[[int, int], None]

_SLUG_CHARS = 60
_ERROR_CHARS = 300


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one source.

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
        """Return whether a person has to look at it."""
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
    """Turn every source into a document, one after the other, and say what became of each.

    A folder stands for all files below it, hidden ones aside; links that lead out of it are not
    followed. ``overwrite`` lets a source win over corrections made by hand. What is known of
    sources is kept below ``cache``, so that those that are as they were are not read again.

    Raises:
        BusyError: another process is ingesting into the same folder.
        CorpusError: a file already in the corpus folder is not a document.
    """
    with State.open(corpus, cache) as state:
        yield from take_files(sources, corpus, state, overwrite=overwrite, on_progress=on_progress)


def take_files(
    sources: Sequence[Path],
    corpus: Path,
    state: State,
    *,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Iterator[Ingested]:
    """What ``ingest`` does, with an open state."""
    total = sum(1 for _ in files(sources)) if on_progress else 0
    for done, (path, home) in enumerate(files(sources), start=1):
        name = source_name(path, corpus)
        try:
            data = contents(path, home, name)
            received = Received(name, data, name, hashlib.sha256(data).hexdigest())
            yield take(received, corpus, state, overwrite=overwrite)
        except (SourceError, CorpusError, OSError) as error:
            yield Ingested(name, "failed", why=str(error))
        except Exception as error:  # noqa: BLE001 - one source never stops the others
            yield unforeseen(name, error)
        if on_progress:
            on_progress(done, max(done, total))


def unforeseen(name: str, error: Exception) -> Ingested:
    """Return the outcome of a source that met an error nobody foresaw."""
    said = " ".join(str(error).split())[:_ERROR_CHARS]
    why = f"{name}: an error in this program ({type(error).__name__}: {said}); please report it"
    return Ingested(name, "failed", why=why)


def take(received: Received, corpus: Path, state: State, *, overwrite: bool = False) -> Ingested:
    """Make a document of a source, or of its document what the source has become.

    Raises:
        SourceError: the source cannot become a document.
        CorpusError: the document cannot be written.
    """
    known = unchanged(received.name, received.sha256, state, overwrite=overwrite)
    if known:
        return known
    extracted = extract(received.data, received.file_name)
    stated = document_of(extracted, received.source or received.name)
    with state.at_once():
        filed = state.of_source(received.name)
        if filed:
            done = _take_again(received, stated, filed, corpus, state, overwrite=overwrite)
        else:
            done = _take_first(received, stated, corpus, state)
        before = state.seen(received.name) or SourceState(received.name)
        seen = replace(
            before,
            sha256=received.sha256,
            document=done.document,
            key=duplicates.key(stated),
            reader=reader(),
            is_gone=False,
        )
        state.remember(seen)
    if extracted.remark and done.outcome in {"new", "updated"}:
        return replace(done, why="; ".join(filter(None, [done.why, extracted.remark])))
    return done


def unchanged(
    name: str, sha256: str | None, state: State, *, overwrite: bool = False
) -> Ingested | None:
    """What there is to say of a source that is as it was, document included; None where not.

    ``sha256`` is of its bytes; None where its server says that they have not changed.
    """
    seen = state.seen(name)
    if seen is None or seen.reader != reader() or sha256 not in (None, seen.sha256):
        return None
    filed = next((one for one in state.published_at(name) if one.id == seen.document), None)
    if filed is None or filed.is_withdrawn or filed.key != seen.key:
        return None
    is_file = "://" not in name and filed.ingested_from == name
    is_put_back = is_file and filed.source_sha256 != seen.sha256
    if is_put_back or (filed.is_corrected and overwrite):
        return None
    if filed.is_corrected:
        return Ingested(name, "kept", filed.id, "corrected by hand")
    return Ingested(name, "unchanged", filed.id)


def _take_first(received: Received, stated: Document, corpus: Path, state: State) -> Ingested:
    """Write a document of its own, unless the record holds it already."""
    twin = _twin(stated, state)
    for filed in state.published_at(received.name):
        if filed.id != twin:
            _leave(received.name, filed.id, corpus, state)
    if twin:
        return join(received.name, twin, corpus, state)
    ingested = replace(stated, id=_free_id(stated.id, received.name, corpus))
    content = corpus_folder.render(ingested, received.name, received.sha256, received.retrieved)
    _write(corpus, ingested.id, content, state)
    return Ingested(received.name, "new", ingested.id)


def _take_again(  # noqa: PLR0913 - one step of the journey, told in full
    received: Received,
    stated: Document,
    filed: FileState,
    corpus: Path,
    state: State,
    *,
    overwrite: bool,
) -> Ingested:
    """Bring the document of a known source up to it. It keeps its id, so that links hold."""
    existing = corpus_folder.read(corpus / f"{filed.id}.md")
    is_same_text = existing.text_sha256 == stated.sha256
    # A page's bytes differ every time (a token, a clock) while it says what it said.
    is_same_source = existing.source_sha256 == received.sha256 or (
        received.retrieved is not None and is_same_text
    )
    if existing.is_corrected and not overwrite:
        return _keep(received, existing, corpus, state, is_same_source=is_same_source)
    also = existing.document.also if is_same_text else ()
    ingested = replace(stated, id=filed.id, also=also)
    if is_same_source and received.retrieved:
        as_before = (str(existing.source_sha256), existing.retrieved)
    else:
        as_before = (received.sha256, received.retrieved)
    content = corpus_folder.render(ingested, received.name, *as_before)
    if hashlib.sha256(content.encode()).hexdigest() == existing.sha256:
        return Ingested(received.name, "unchanged", filed.id)
    for place in existing.document.also:
        if place not in also:  # what it says may have changed likewise, or be a document now
            state.forget(place)
    content = corpus_folder.render(ingested, received.name, received.sha256, received.retrieved)
    _write(corpus, filed.id, content, state)
    if filed.is_withdrawn:
        return Ingested(received.name, "updated", filed.id, "published again")
    why = "read anew" if is_same_source else "the source has changed"
    return Ingested(received.name, "updated", filed.id, why)


def _keep(
    received: Received, existing: CorpusFile, corpus: Path, state: State, *, is_same_source: bool
) -> Ingested:
    """Leave a correction alone; only the mark that an update made is taken away again."""
    document_id = existing.document.id
    if not is_same_source:
        why = (
            f"the source has changed and corpus/{existing.name} was corrected by hand: "
            'merge them by hand, or run "qa ingest --overwrite" to drop the corrections'
        )
        return Ingested(received.name, "conflict", document_id, why)
    seen = state.seen(received.name)
    if existing.document.withdrawn and seen and seen.is_gone:
        amend(corpus, document_id, state, withdrawn=None)
        return Ingested(received.name, "updated", document_id, "published again")
    return Ingested(received.name, "kept", document_id, "corrected by hand")


def _twin(stated: Document, state: State) -> str | None:
    """The document of the record that says the same, unless both are dated and not alike."""
    date = str(stated.date) if stated.date else None
    for filed in state.alike(duplicates.key(stated), stated.sha256):
        if date is None or filed.date in (None, date):
            return filed.id
    return None


def join(name: str, document_id: str, corpus: Path, state: State) -> Ingested:
    """Name a source in the document that says the same."""
    file = corpus_folder.read(corpus / f"{document_id}.md")
    document = file.document
    if name in (file.ingested_from, *document.also) and not document.withdrawn:
        return Ingested(name, "unchanged", document_id)
    also = [*dict.fromkeys([*document.also, name])]
    amend(corpus, document_id, state, also=also, withdrawn=None)
    return Ingested(name, "duplicate", document_id, "it says the same")


def _leave(name: str, document_id: str, corpus: Path, state: State) -> None:
    """Take the source out of a document that says something else by now."""
    document = corpus_folder.read(corpus / f"{document_id}.md").document
    amend(corpus, document_id, state, also=[a for a in document.also if a != name] or None)


def amend(corpus: Path, document_id: str, state: State, **changes: object) -> None:
    """Change keys of a document's front matter, and nothing else of its file."""
    raw = (corpus / f"{document_id}.md").read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    _write(corpus, document_id, corpus_folder.amended(raw, **changes), state)


def _write(corpus: Path, document_id: str, content: str, state: State) -> None:
    corpus_folder.write(corpus, document_id, content)
    state.file(corpus_folder.read(corpus / f"{document_id}.md"))


def document(data: bytes, name: str, source: str | None = None) -> Document:
    """The document that the bytes of a source state; ``name`` tells the format by its ending.

    ``source`` is where readers find it, by default its name; what it says itself comes first.

    Raises:
        SourceError: the source cannot become a document.
    """
    return document_of(extract(data, name), source or name)


def document_of(extracted: Extracted, source: str) -> Document:
    """The document that was extracted from a source; ``source`` is where readers find it."""
    page = recognise(extracted.text, has_questions=extracted.has_questions)
    title = " ".join((extracted.title or page.title).split())
    date = extracted.date or page.date or stated_date(title, page.text)
    if date in days(page.text):  # a log of many days has one per part
        date = None
    # Furniture leaves the text at its beginning only.
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
    )


def _slug(title: str) -> str:
    """Lower-case words joined by hyphens, cut at a word; letters of any script stay."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", title).lower().replace("_", " "))
    slug = "-".join(words)
    if len(slug) > _SLUG_CHARS:
        cut = slug[: _SLUG_CHARS + 1].rsplit("-", 1)[0]
        slug = cut if 0 < len(cut) <= _SLUG_CHARS else slug[:_SLUG_CHARS]
    return slug or "untitled"


def _free_id(wanted: str, name: str, corpus: Path) -> str:
    """``wanted``, or with a mark of the source's name where another document has that id."""
    marked = f"{wanted}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    for free in (wanted, marked):
        if not (corpus / f"{free}.md").exists():
            return free
    raise CorpusError(
        f"corpus/{wanted}.md and corpus/{marked}.md are there already, and neither is of {name}: "
        "rename or remove one of them."
    )
