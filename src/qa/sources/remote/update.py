"""Ingest of pages on the web, and updates of everything that was ingested.

Only a server that says 404 or 410, or a file that is missing from a folder which is there,
withdraws a document. A timeout, a server error, a folder that is empty and a listing that names
nothing are failures, and change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import httpx

from qa.errors import CorpusError, GoneError, SourceError, UnreachableError
from qa.sources import duplicates
from qa.sources.files import source_name
from qa.sources.ingest import (
    Ingested,
    OnProgress,
    Received,
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
from qa.sources.remote.crawl import Link, ListingError, WebSource, hosts_of, listed
from qa.sources.remote.fetch import Fetched, Fetcher, FetchPolicy
from qa.sources.state import SourceState, State, now

__all__ = ["Options", "ingest_sources", "update"]


class Options(TypedDict, total=False):
    """Options of a run; each may be left out."""

    cache: Path | None
    policy: FetchPolicy | None
    overwrite: bool
    on_progress: OnProgress | None


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over sources: its number, and what all of its steps need."""

    number: int
    state: State
    fetcher: Fetcher
    policy: FetchPolicy
    overwrite: bool
    on_progress: OnProgress | None
    # Hosts with a listing that failed: pages that it no longer names may well be there.
    failed_hosts: set[str] = field(default_factory=set)
    # Pages that could not be had: the next run is soon enough to try again.
    failed_pages: set[str] = field(default_factory=set)

    def listed(self, url: str) -> str | None:
        """Return the listing as this run has read it before it was interrupted."""
        return self.state.listing(self.number, url)

    def keep(self, url: str, links: str) -> None:
        """Keep a listing until the run is over."""
        self.state.save_listing(self.number, url, links)


@contextmanager
def _run(what: str, corpus: Path, options: Options) -> Iterator[_Run]:
    """Begin a run, or resume the one that was interrupted; end it unless it fails."""
    policy = options.get("policy") or FetchPolicy()
    with closing(Fetcher(policy)) as fetcher, State.open(corpus, options.get("cache")) as state:
        overwrite, on_progress = options.get("overwrite", False), options.get("on_progress")
        number = state.begin_run(what)
        yield _Run(number, state, fetcher, policy, overwrite, on_progress)
        state.end_run(number)


def ingest_sources(
    sources: Sequence[Source], corpus: Path, **options: Unpack[Options]
) -> Iterator[Ingested]:
    """Turn files, folders and addresses into documents, and yield the outcome of each.

    An interrupted run is resumed when it is started again within twelve hours: no address is
    fetched twice.

    Raises:
        BusyError: another process is ingesting into the same folder.
        CorpusError: a file already in the corpus folder is not a document.
    """
    with _run(f"ingest {sources}", corpus, options) as run:
        yield from _ingest(sources, run)


def update(
    sources: Sequence[Source], corpus: Path, *, rechecks: int, **options: Unpack[Options]
) -> Iterator[Ingested]:
    """Ingest every source again, and check the addresses and files that they no longer name.

    Of the addresses that no listing names any more, the ``rechecks`` that were not fetched for
    longest are fetched.

    Raises:
        BusyError: another process is ingesting into the same folder.
        CorpusError: a file in the corpus folder is not a document.
    """
    with _run("update", corpus, options) as run:
        # A file that is gone is not read, but withdrawn below.
        yield from _ingest([source for source in sources if not _was_file(source, run)], run)
        for source in sources:
            if isinstance(source, Path):
                yield from _guarded(str(source), _missing_files(source, run))
        yield from _rechecked(rechecks, run)


def _ingest(sources: Sequence[Source], run: _Run) -> Iterator[Ingested]:
    paths = [source for source in sources if isinstance(source, Path)]
    on_progress = run.on_progress if paths else None
    yield from take_files(paths, run.state, overwrite=run.overwrite, on_progress=on_progress)
    for source in sources:
        if isinstance(source, WebSource):
            yield from _guarded(source.url, _ingest_web(source, run))


def _guarded(name: str, outcomes: Iterator[Ingested]) -> Iterator[Ingested]:
    """Yield the outcomes of one source; an error that nobody foresaw ends it, not the run."""
    try:
        yield from outcomes
    except Exception as error:  # noqa: BLE001 - whatever it is, the next source is taken
        yield unforeseen(name, error)


def _ingest_web(source: WebSource, run: _Run) -> Iterator[Ingested]:
    """Ingest the pages at an address, one after the other."""
    try:
        # Normalized as everywhere else, so that it is known again.
        url = str(checked_url(source.url, allow_private=run.policy.allow_private))
    except SourceError as error:
        yield Ingested(source.url, "failed", why=str(error))
        return
    if run.state.source_of_run(run.number, url):
        yield from _ingest_page(Link(url), run)
        return
    given, source = source.url, replace(source, url=url)
    named = 0

    def count(pages: int) -> None:
        nonlocal named
        named = pages

    results = listed(
        source,
        run.fetcher,
        run,
        limit=run.policy.max_source_bytes,
        on_named=count,
        **_fetch_options(url, run),
    )
    for done, result in enumerate(results, start=1):
        if isinstance(result, ListingError):
            yield from _failed_listing(result, given if result.url == url else result.url, run)
        elif isinstance(result, Fetched):
            yield from _ingest_page(Link(url), run, fetched=result)
        else:
            yield from _ingest_page(result, run, source=source)
        if run.on_progress:
            run.on_progress(done, max(done, named))


def _failed_listing(failure: ListingError, name: str, run: _Run) -> Iterator[Ingested]:
    """Note a listing that cannot be read; withdraw a page that is gone."""
    was_page = bool(run.state.documents_from(failure.url))
    if was_page and isinstance(failure.error, GoneError):
        yield from _gone(failure.url, str(failure.error), run)
        return
    if was_page:
        run.failed_pages.add(failure.url)
    else:
        run.failed_hosts.add(httpx.URL(failure.url).host)
    yield Ingested(name, "failed", why=str(failure.error))


def _ingest_page(
    link: Link, run: _Run, *, fetched: Fetched | None = None, source: WebSource | None = None
) -> Iterator[Ingested]:
    """Yield the outcomes of one page; nothing where this run has done so before.

    ``source`` is the one whose listing named the page, ``fetched`` its content if it is known.
    """
    state, url = run.state, link.url
    last = state.source(url)
    if last and last.run == run.number:
        if last.failure:
            yield Ingested(url, "failed", why=last.failure)
        return
    try:
        same = state.source_of_run(run.number, url)
        if same:
            yield _join(url, same, run)
        else:
            done = _unchanged_by_date(link, last, run)
            if not done:
                fetched = fetched or run.fetcher.fetch(url, **_fetch_options(url, run, source))
                done = _ingest_fetched(url, fetched, run)
            yield done
    except GoneError as error:
        yield from _gone(url, str(error), run)
    except UnreachableError as error:
        run.failed_pages.add(url)
        yield Ingested(url, "failed", why=str(error))
    except (SourceError, CorpusError) as error:
        _save_visit(url, run, failure=str(error))
        yield Ingested(url, "failed", why=str(error))
    except Exception as error:  # noqa: BLE001 - the next page of the listing is taken
        run.failed_pages.add(url)
        yield unforeseen(url, error)


def _unchanged_by_date(link: Link, last: SourceState | None, run: _Run) -> Ingested | None:
    """Return the outcome of a page that has not changed, as its listing says, since it was fetched.

    Listings give days, so that the day itself does not count.
    """
    if link.changed and last and last.checked and link.changed[:10] < last.checked[:10]:
        return unchanged(link.url, None, run.state, overwrite=run.overwrite)
    return None


def _fetch_options(url: str, run: _Run, source: WebSource | None = None) -> dict[str, Any]:
    """Return the tags of a page, if "not modified" would be enough, and limits of redirects.

    A page that a listing named may be redirected to the listing's hosts only.
    """
    last = run.state.source(url)
    options: dict[str, Any] = {
        "is_known": lambda target: run.state.source_of_run(run.number, target) is not None
    }
    if last and unchanged(url, None, run.state, overwrite=run.overwrite):
        options |= {"etag": last.etag, "modified": last.modified}
    if source:
        options["may_go_to"] = hosts_of(source)
    return options


def _ingest_fetched(url: str, fetched: Fetched, run: _Run) -> Ingested:
    """Make a document of the server's answer."""
    if fetched.is_known:
        same = run.state.source_of_run(run.number, fetched.final)
        return _join(url, same or SourceState(fetched.final), run)
    if fetched.data is None:
        done = unchanged(url, None, run.state)
        if done is None:
            raise SourceError(f"{url}: its server says it has not changed, but was not asked that.")
        _save_visit(url, run)
        return done
    data, file_name = as_file(fetched)
    sha256 = hashlib.sha256(fetched.data).hexdigest()
    retrieved = f"{now():%Y-%m-%dT%H:%M:%SZ}"
    received = Received(url, data, file_name, sha256, fetched.final, retrieved)
    _check_same_page(received, run)
    done = take(received, run.state, overwrite=run.overwrite)
    _save_visit(url, run, final=fetched.final, etag=fetched.etag, modified=fetched.modified)
    return done


def _check_same_page(received: Received, run: _Run) -> None:
    """Refuse a page that an address newly leads to, if it is another one with another text.

    A site that takes a page away often redirects its address to the front page.
    """
    last = run.state.source(received.name)
    if run.overwrite or not (last and last.document and last.final):
        return
    if last.final == received.source:
        return
    if duplicates.key(document(received.data, received.file_name)) != last.key:
        raise SourceError(
            f"{received.name} leads to {received.source} by now, which says something else: the "
            f"document stays as it was. Ingest that address, or take this one with --overwrite."
        )


def _join(url: str, same: SourceState, run: _Run) -> Ingested:
    """Name an address in the document of a page that this run has read under another name."""
    if same.document is None:
        raise SourceError(f"{url} leads to {same.name}, which gave no document.")
    state = run.state
    own = next((file for file in state.documents_from(url) if file.ingested_from == url), None)
    if own and own.id != same.document:
        raise SourceError(
            f"{url} leads to {same.name} by now, which is {same.document}; {own.id} stays as "
            "it was: withdraw it by hand if it is gone."
        )
    with state.transaction():
        done = join(url, same.document, state)
        state.save_source(replace(same, name=url, etag=None, modified=None))
    return done


def _save_visit(url: str, run: _Run, *, failure: str | None = None, **tags: str | None) -> None:
    """Save that the address was fetched in this run, and the tags its server gave."""
    last = run.state.source(url) or SourceState(url)
    changes: dict[str, Any] = {"failure": failure, **tags}
    visit = replace(last, checked=now().isoformat(), run=run.number, **changes)
    run.state.save_source(visit)


def _gone(name: str, why: str, run: _Run) -> Iterator[Ingested]:
    """Withdraw the documents of a source that is gone, unless they are published elsewhere too."""
    state = run.state
    files = state.documents_from(name)
    if not files:
        _save_visit(name, run, failure=why)
        yield Ingested(name, "failed", why=why)
        return
    with state.transaction():
        done = [_withdraw(name, file.id, why, run) for file in files]
        last = state.source(name) or SourceState(name)
        state.save_source(replace(last, is_gone=True, sha256=None, etag=None, modified=None))
        _save_visit(name, run)
    yield from done


def _withdraw(name: str, document_id: str, why: str, run: _Run) -> Ingested:
    file = run.state.read(document_id)
    others = [p for p in (file.ingested_from, *file.document.also) if p and p != name]
    alive = [place for place in others if not _is_gone(place, run)]
    if alive:
        change: dict[str, Any] = {"ingested_from": alive[0], "also": alive[1:] or None}
        if file.document.source == name:
            change["source"] = alive[0]
        run.state.amend(document_id, **change)
        return Ingested(name, "updated", document_id, f"gone here, still at {alive[0]}")
    if file.document.withdrawn:
        return Ingested(name, "unchanged", document_id, "withdrawn before")
    run.state.amend(document_id, withdrawn=now().date())
    return Ingested(name, "withdrawn", document_id, why)


def _is_gone(place: str, run: _Run) -> bool:
    """Return True if a file, or as far as is known an address, is gone."""
    if not is_url(place):
        return not (run.state.corpus.parent / place).exists()
    last = run.state.source(place)
    return last is not None and last.is_gone


def _was_file(source: Source, run: _Run) -> bool:
    """Return True for a source that is gone, was a file, and gave a document."""
    if not isinstance(source, Path) or source.exists():
        return False
    return bool(run.state.documents_from(source_name(source, run.state.corpus)))


def _missing_files(source: Path, run: _Run) -> Iterator[Ingested]:
    """Withdraw the documents whose files are gone from a place that is there."""
    name = source_name(source, run.state.corpus)
    if source.is_dir():
        yield from _missing_below(source, name, run)
    elif _was_file(source, run) and source.parent.is_dir():
        yield from _gone(name, f"{source}: the file is gone.", run)


def _missing_below(source: Path, name: str, run: _Run) -> Iterator[Ingested]:
    prefix = "" if name == "." else f"{name}/"
    present, missing = 0, []
    for place in run.state.places():
        if is_url(place) or not place.startswith(prefix):
            continue
        if _is_gone(place, run):
            missing.append(place)
        else:
            present += 1
    if missing and not present:
        why = (
            f"nothing is left of the {len(missing)} files that documents came from: look whether "
            f"the folder is the right one. If so, take it out of {SOURCES}."
        )
        yield Ingested(name, "failed", why=f"{source}: {why}")
        return
    for place in missing:
        yield from _gone(place, f"{place}: the file is gone.", run)


def _rechecked(most: int, run: _Run) -> Iterator[Ingested]:
    """Fetch pages that no listing has named, except on hosts with a failed listing."""
    for url in run.state.longest_unchecked(run.number, most):
        has_failed = httpx.URL(url).host in run.failed_hosts or url in run.failed_pages
        if not has_failed:
            yield from _ingest_page(Link(url), run)
