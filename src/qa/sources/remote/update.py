"""The journeys of many sources: the web's pages, and everything that was ingested, once more.

What is gone is told from what cannot be had: only a server that says 404 or 410, or a file that
is missing from a folder which is there, withdraws a document. A time-out, a server in trouble,
a folder that is empty and a listing that names nothing are trouble, and change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from qa.errors import CorpusError, GoneError, SourceError, UnreachableError
from qa.sources import corpus_folder, duplicates
from qa.sources.files import source_name
from qa.sources.ingest import (
    Ingested,
    OnProgress,
    Received,
    amend,
    document,
    join,
    take,
    take_files,
    unchanged,
    unforeseen,
)
from qa.sources.known_sources import SOURCES, Source, is_url
from qa.sources.remote.addresses import checked_url
from qa.sources.remote.content_type import as_file
from qa.sources.remote.crawl import Link, ListingError, Page, WebSource, hosts_of, listed
from qa.sources.remote.fetch import Fetched, Fetcher, FetchPolicy
from qa.sources.state import SourceState, State, now

__all__ = ["ingest_sources", "update"]


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over sources: its number, and what all of its steps need."""

    number: int
    corpus: Path
    state: State
    fetcher: Fetcher
    policy: FetchPolicy
    overwrite: bool = False
    on_progress: OnProgress | None = None
    # Hosts with a listing in trouble: what it no longer names may well be there.
    troubled_hosts: set[str] = field(default_factory=set)
    # Pages that could not be had: the next run is soon enough to try again.
    troubled_pages: set[str] = field(default_factory=set)

    def listed(self, url: str) -> str | None:
        """The listing as this run has read it before it was interrupted."""
        return self.state.listed(self.number, url)

    def keep(self, url: str, links: str) -> None:
        """Keep a listing until the run is over."""
        self.state.list_links(self.number, url, links)


def ingest_sources(  # noqa: PLR0913 - the settings of each step
    sources: Sequence[Source],
    corpus: Path,
    *,
    cache: Path | None = None,
    policy: FetchPolicy | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Iterator[Ingested]:
    """Turn files, folders and addresses into documents, and say what became of each.

    A run that was interrupted goes on where it ended, when it is started again within twelve
    hours: no address is asked twice.

    Raises:
        BusyError: another process is ingesting into the same folder.
        CorpusError: a file already in the corpus folder is not a document.
    """
    policy = policy or FetchPolicy()
    fetcher = Fetcher(policy)
    try:
        with State.open(corpus, cache) as state:
            number = state.begin(f"ingest {sources}")
            run = _Run(number, corpus, state, fetcher, policy, overwrite, on_progress)
            yield from _all(sources, run)
            state.end(number)
    finally:
        fetcher.close()


def update(  # noqa: PLR0913 - the settings of each step
    sources: Sequence[Source],
    corpus: Path,
    *,
    rechecks: int,
    cache: Path | None = None,
    policy: FetchPolicy | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Iterator[Ingested]:
    """Look at every source again, and at what they no longer name.

    Of the addresses that no listing names any more, the ``rechecks`` that were not asked for
    longest are asked for.

    Raises:
        BusyError: another process is ingesting into the same folder.
        CorpusError: a file in the corpus folder is not a document.
    """
    policy = policy or FetchPolicy()
    fetcher = Fetcher(policy)
    try:
        with State.open(corpus, cache) as state:
            number = state.begin("update")
            run = _Run(number, corpus, state, fetcher, policy, overwrite, on_progress)
            yield from _all(sources, run, is_update=True)
            for source in sources:
                if isinstance(source, Path):
                    yield from _alone(str(source), _missing_file(source, run))
            yield from _rechecked(rechecks, run)
            state.end(number)
    finally:
        fetcher.close()


def _all(sources: Sequence[Source], run: _Run, *, is_update: bool = False) -> Iterator[Ingested]:
    paths = [s for s in sources if isinstance(s, Path) and not (is_update and _was_file(s, run))]
    yield from take_files(
        paths,
        run.corpus,
        run.state,
        overwrite=run.overwrite,
        on_progress=run.on_progress if paths else None,
    )
    for source in sources:
        if isinstance(source, WebSource):
            yield from _alone(source.url, _take_web(source, run))


def _alone(name: str, outcomes: Iterator[Ingested]) -> Iterator[Ingested]:
    """Yield the outcomes of one source; an error that nobody foresaw ends it, not the run."""
    try:
        yield from outcomes
    except Exception as error:  # noqa: BLE001 - whatever it is, the next source is taken
        yield unforeseen(name, error)


def _take_web(source: WebSource, run: _Run) -> Iterator[Ingested]:
    """The pages at an address, one after the other."""
    try:
        # As it is written everywhere else, so that it is known again.
        url = str(checked_url(source.url, allow_private=run.policy.allow_private))
    except SourceError as error:
        yield Ingested(source.url, "failed", why=str(error))
        return
    if run.state.read_in(run.number, url):
        yield from _taken(Link(url), run)
        return
    given, source = source.url, replace(source, url=url)
    named = 0

    def count(pages: int) -> None:
        nonlocal named
        named = pages

    limit = run.policy.max_source_bytes
    asking = _asking(url, run)
    found = listed(source, run.fetcher, run, limit=limit, on_named=count, **asking)
    for done, one in enumerate(found, start=1):
        if isinstance(one, ListingError):
            yield from _in_trouble(one, given if one.url == url else one.url, run)
        elif isinstance(one, Page):
            yield from _taken(Link(url), run, one.fetched)
        else:
            yield from _taken(one, run, source=source)
        if run.on_progress:
            run.on_progress(done, max(done, named))


def _in_trouble(trouble: ListingError, name: str, run: _Run) -> Iterator[Ingested]:
    """A listing that cannot be read is trouble; a page that is gone is gone."""
    was_page = any(run.state.published_at(trouble.url))
    if was_page and isinstance(trouble.error, GoneError):
        yield from _gone(trouble.url, str(trouble.error), run)
        return
    if was_page:
        run.troubled_pages.add(trouble.url)
    else:
        run.troubled_hosts.add(httpx.URL(trouble.url).host)
    yield Ingested(name, "failed", why=str(trouble.error))


def _taken(
    link: Link, run: _Run, fetched: Fetched | None = None, source: WebSource | None = None
) -> Iterator[Ingested]:
    """What becomes of one page; nothing where this run has told it before."""
    state, url = run.state, link.url
    seen = state.seen(url)
    if seen and seen.run == run.number:
        if seen.trouble:
            yield Ingested(url, "failed", why=seen.trouble)
        return
    try:
        before = state.read_in(run.number, url)
        if before:
            yield _same_as(url, before, run)
            return
        known = _of_the_day_before(link, seen, run)
        if known:
            yield known
            return
        yield _received(url, fetched or _fetched(url, run, source), run)
    except GoneError as error:
        yield from _gone(url, str(error), run)
    except UnreachableError as error:
        run.troubled_pages.add(url)
        yield Ingested(url, "failed", why=str(error))
    except (SourceError, CorpusError) as error:
        _note(url, run, trouble=str(error))
        yield Ingested(url, "failed", why=str(error))
    except Exception as error:  # noqa: BLE001 - the next page of the listing is taken
        run.troubled_pages.add(url)
        yield unforeseen(url, error)


def _of_the_day_before(link: Link, seen: SourceState | None, run: _Run) -> Ingested | None:
    """What is known of a page that, as its listing says, has not changed since it was asked for.

    Listings tell days, so that the day itself does not count.
    """
    if link.changed and seen and seen.checked and link.changed[:10] < seen.checked[:10]:
        return unchanged(link.url, None, run.state, overwrite=run.overwrite)
    return None


def _fetched(url: str, run: _Run, source: WebSource | None) -> Fetched:
    """The page, fetched; one that a listing named may be led to the listing's hosts only."""
    asking = _asking(url, run)
    if source:
        asking["may_go_to"] = hosts_of(source)
    return run.fetcher.fetch(url, **asking)


def _asking(url: str, run: _Run) -> dict[str, Any]:
    """How a page is asked for: with its tags, where "not modified" would be all there is to say."""
    seen = run.state.seen(url)
    asking: dict[str, Any] = {
        "is_known": lambda target: run.state.read_in(run.number, target) is not None
    }
    if seen and unchanged(url, None, run.state, overwrite=run.overwrite):
        asking |= {"etag": seen.etag, "modified": seen.modified}
    return asking


def _received(url: str, fetched: Fetched, run: _Run) -> Ingested:
    """What the server gave becomes a document."""
    if fetched.is_known:
        before = run.state.read_in(run.number, fetched.final)
        return _same_as(url, before or SourceState(fetched.final), run)
    if fetched.data is None:
        done = unchanged(url, None, run.state)
        if done is None:
            raise SourceError(f"{url}: its server says it has not changed, but was not asked that.")
        _note(url, run)
        return done
    data, file_name = as_file(fetched)
    sha256 = hashlib.sha256(fetched.data).hexdigest()
    retrieved = f"{now():%Y-%m-%dT%H:%M:%SZ}"
    received = Received(url, data, file_name, sha256, fetched.final, retrieved)
    _check_still_the_same_page(received, run)
    done = take(received, run.corpus, run.state, overwrite=run.overwrite)
    _note(url, run, final=fetched.final, etag=fetched.etag, modified=fetched.modified)
    return done


def _check_still_the_same_page(received: Received, run: _Run) -> None:
    """Refuse what an address leads to by now, where that is another page with another text.

    A site that takes a page away often leads its address to the front page.
    """
    seen = run.state.seen(received.name)
    if run.overwrite or not (seen and seen.document and seen.final):
        return
    if seen.final == received.source:
        return
    if duplicates.key(document(received.data, received.file_name)) != seen.key:
        raise SourceError(
            f"{received.name} leads to {received.source} by now, which says something else: the "
            f"document stays as it was. Ingest that address, or take this one with --overwrite."
        )


def _same_as(url: str, before: SourceState, run: _Run) -> Ingested:
    """An address that leads to a page which this run has read under another name."""
    if before.document is None:
        raise SourceError(f"{url} leads to {before.name}, which gave no document.")
    own = run.state.of_source(url)
    if own and own.id != before.document:
        raise SourceError(
            f"{url} leads to {before.name} by now, which is {before.document}; {own.id} stays as "
            "it was: withdraw it by hand if it is gone."
        )
    with run.state.at_once():
        done = join(url, before.document, run.corpus, run.state)
        run.state.remember(replace(before, name=url, etag=None, modified=None))
    return done


def _note(url: str, run: _Run, **told: str | None) -> None:
    """Keep that the address was asked in this run, and what it told of itself."""
    seen = run.state.seen(url) or SourceState(url)
    asked: dict[str, Any] = {"checked": now().isoformat(), "run": run.number, "trouble": None}
    run.state.remember(replace(seen, **{**asked, **told}))


def _gone(name: str, why: str, run: _Run) -> Iterator[Ingested]:
    """Withdraw the documents of a source that is gone, unless they are published elsewhere too."""
    state = run.state
    filed = [*state.published_at(name)]
    if not filed:
        _note(name, run, trouble=why)
        yield Ingested(name, "failed", why=why)
        return
    with state.at_once():
        done = [_withdraw(name, one.id, why, run) for one in filed]
        seen = state.seen(name) or SourceState(name)
        state.remember(replace(seen, is_gone=True, sha256=None, etag=None, modified=None))
        _note(name, run)
    yield from done


def _withdraw(name: str, document_id: str, why: str, run: _Run) -> Ingested:
    file = corpus_folder.read(run.corpus / f"{document_id}.md")
    others = [p for p in (file.ingested_from, *file.document.also) if p and p != name]
    alive = [place for place in others if not _is_gone(place, run)]
    if alive:
        change: dict[str, Any] = {"ingested_from": alive[0], "also": alive[1:] or None}
        if file.document.source == name:
            change["source"] = alive[0]
        amend(run.corpus, document_id, run.state, **change)
        return Ingested(name, "updated", document_id, f"gone here, still at {alive[0]}")
    if file.document.withdrawn:
        return Ingested(name, "unchanged", document_id, "withdrawn before")
    amend(run.corpus, document_id, run.state, withdrawn=now().date())
    return Ingested(name, "withdrawn", document_id, why)


def _is_gone(place: str, run: _Run) -> bool:
    """Return whether nothing is at a place any more, as far as is known."""
    if not is_url(place):
        return not (run.corpus.parent / place).exists()
    seen = run.state.seen(place)
    return seen is not None and seen.is_gone


def _missing_file(source: Path, run: _Run) -> Iterator[Ingested]:
    """Withdraw the documents whose files are gone from a place that is there."""
    name = source_name(source, run.corpus)
    if source.is_dir():
        yield from _missing_below(source, name, run)
    elif _was_file(source, run) and source.parent.is_dir():
        yield from _gone(name, f"{source}: the file is gone.", run)


def _was_file(source: Path, run: _Run) -> bool:
    """Return whether a source is gone that was a file and gave a document."""
    return not source.exists() and any(run.state.published_at(source_name(source, run.corpus)))


def _missing_below(source: Path, name: str, run: _Run) -> Iterator[Ingested]:
    prefix = "" if name == "." else f"{name}/"
    found, missing = 0, []
    for place, _ in run.state.places():
        if is_url(place) or not place.startswith(prefix):
            continue
        if (run.corpus.parent / place).exists():
            found += 1
        else:
            missing.append(place)
    if missing and not found:
        why = (
            f"nothing is left of the {len(missing)} files that documents came from: look whether "
            f"the folder is the right one. If so, take it out of {SOURCES}."
        )
        yield Ingested(name, "failed", why=f"{source}: {why}")
        return
    for place in missing:
        yield from _gone(place, f"{place}: the file is gone.", run)


def _rechecked(most: int, run: _Run) -> Iterator[Ingested]:
    """Ask for pages that no listing has named, but on hosts whose listings are in trouble."""
    for url in run.state.longest_unchecked(run.number, most):
        is_troubled = httpx.URL(url).host in run.troubled_hosts or url in run.troubled_pages
        if not is_troubled:
            yield from _taken(Link(url), run)
