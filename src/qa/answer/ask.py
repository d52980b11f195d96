"""The question's journey: from a visitor's words to an answer with citations."""

from __future__ import annotations

import datetime
import hashlib
import time
import weakref
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from qa import __version__
from qa.answer import ranking, rescoring
from qa.answer.citations import citation, later_statement
from qa.answer.conversation import is_context_dependent, is_short, joined, small_talk
from qa.answer.features import Features, ParsedQuestion
from qa.answer.follow_ups import follow_up_hits
from qa.answer.lookup import NOT_LOOKED_UP, Lookup, looked_up, marked, mentioning, with_lookup
from qa.answer.named import by_initials, in_time
from qa.answer.quotes import quotes
from qa.answer.related import related_questions
from qa.answer.reranker import BUNDLED, Reranker, open_reranker
from qa.answer.searches.registry import SEARCHES, Searches
from qa.errors import EncoderError, QuestionError
from qa.index.encoder import Encoder, open_encoder
from qa.index.engine import FAISS, Engine, engine_of
from qa.index.runtime import load_libraries
from qa.index.snapshot import Snapshot, open_snapshot
from qa.index.visible import Visible
from qa.records import Answer, Citation, Hit, Passage, Quote
from qa.settings import Settings
from qa.text.folding import without_breaks

__all__ = ["QA", "Explained", "clean"]

_TOP_K = 3
# Answers kept to be given again; a visitor's three citations take about 10 kB.
_KEPT_ANSWERS = 512
# Questions before that are looked at, the last ones.
_PREVIOUS = 5
_MAX_QUESTION_CHARS = 2_000
# How much of a follow-up's own words a passage and what is around it must hold, as a share, for
# the question before to speak for it: some where it leans on that, half where it is only short.
_OWN_WORDS_LEANING, _OWN_WORDS_SHORT = 0.01, 0.5


@dataclass(frozen=True, slots=True)
class Explained:
    """An answer, and every passage considered for it, best first, whatever was answered."""

    answer: Answer
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was searched for, all hits, best first, and those that were read, by row.

    ``leans`` says that what was searched for are two questions joined, which no reader knows.
    ``lookup`` are the questions asked for by number, which need no reader.
    """

    asked: ParsedQuestion
    hits: list[Hit]
    leans: bool = False
    lookup: Lookup = NOT_LOOKED_UP
    read: Mapping[int, rescoring.Read] = field(default_factory=dict)

    @property
    def is_answered(self) -> bool:
        return bool(self.hits) and self.hits[0].is_answer

    @property
    def confidence(self) -> float:
        return self.hits[0].confidence if self.hits else 0.0

    def told(self, row: int) -> dict[int, float] | None:
        """What the reader told of the sentences of a passage, by number; None if nothing."""
        one = self.read.get(row)
        return dict(zip(one.sentences, one.reading.sentences, strict=False)) if one else None


class QA:
    """Answers questions from one snapshot."""

    def __init__(  # noqa: PLR0913 - the parts, and the settings of each
        self,
        snapshot: Snapshot,
        encoder: Encoder,
        *,
        top_k: int = _TOP_K,
        max_question_chars: int = _MAX_QUESTION_CHARS,
        searches: Collection[str] = SEARCHES,
        reader: Reranker | None = None,
        today: datetime.date | None = None,
    ) -> None:
        """Take finished parts.

        ``searches`` are those to make, of ``SEARCHES``. ``reader`` reads the best hits;
        None for none. ``today`` is what "last year" counts from; None for the day it is.

        Raises:
            EncoderError: the encoder is not the one the snapshot was built with.
        """
        built_with = snapshot.manifest["inputs"]["encoder"]
        if built_with["sha256"] != encoder.sha256:
            raise EncoderError(
                f"The index was built with encoder {built_with['name']} "
                f"({built_with['dimension']} dimensions, sha256 {built_with['sha256'][:12]}...), "
                f"this is {encoder.name} ({encoder.dimension} dimensions, sha256 "
                f'{encoder.sha256[:12]}...): run "qa index".'
            )
        self.snapshot = snapshot
        self.encoder = encoder
        self.searches = tuple(name for name in SEARCHES if name in searches)
        self.reader = reader
        self.top_k = top_k
        self.max_question_chars = max_question_chars
        self.searcher = Searches(snapshot, encoder, self.searches)
        self._today = today
        # Not to refer to itself: a QA that is replaced goes at once, and its snapshot with it.
        self._recent = lru_cache(_KEPT_ANSWERS)(partial(QA._answer, weakref.proxy(self)))

    @classmethod
    def open(  # noqa: PLR0913 - each is a setting
        cls,
        index: Path | str = "index",
        *,
        top_k: int = _TOP_K,
        max_question_chars: int = _MAX_QUESTION_CHARS,
        searches: Collection[str] = SEARCHES,
        reader: str = BUNDLED,
        today: datetime.date | None = None,
        engine: Engine = FAISS,
    ) -> QA:
        """The live snapshot of an index folder, with the encoder it carries.

        ``reader`` is "bundled", "off", or the folder of a sentence-transformers cross-encoder.
        ``engine`` searches it, and says which is live.

        Raises:
            SnapshotError: there is no whole snapshot.
            EncoderError: the encoder cannot be loaded, or there is no such reader.
            UnavailableError: the engine cannot be reached.
        """
        # Loading libraries and checking files go well together: one waits for the other's disk.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(load_libraries)
            opening = beside.submit(open_reranker, reader)
            snapshot = open_snapshot(Path(index), engine)
            encoder = open_encoder(snapshot.encoder)
        return cls(
            snapshot,
            encoder,
            top_k=top_k,
            max_question_chars=max_question_chars,
            searches=searches,
            reader=opening.result(),
            today=today,
        )

    @classmethod
    def configured(
        cls, settings: Settings, index: Path | None = None, engine: Engine | None = None
    ) -> QA:
        """The live snapshot of the settings' index folder, or of ``index``, as they say.

        ``engine`` searches ``index``, where that is not the settings' own.

        Raises:
            SnapshotError: there is no whole snapshot.
            EncoderError: the encoder cannot be loaded, or there is no such reader.
            UnavailableError: the engine cannot be reached.
        """
        return cls.open(
            index or settings.index,
            top_k=settings.top_k,
            max_question_chars=settings.max_question_chars,
            searches=settings.searches,
            reader=settings.reader,
            today=settings.today,
            engine=engine or engine_of(settings),
        )

    @property
    def answer_settings(self) -> dict[str, Any]:
        """Everything beside the question that an answer depends on, as plain JSON values.

        The same of these and the same question give the same answer.
        """
        return {
            "version": __version__,
            "code": _code_sha256(),
            "snapshot": self.snapshot.digest,
            "engine": type(self.snapshot.engine).__name__,
            "max_question_chars": self.max_question_chars,
            "reader": self.reader.sha256 if self.reader else None,
            "searches": list(self.searches),
            "today": self._day().isoformat(),
            "top_k": self.top_k,
        }

    def ask(  # noqa: PLR0913 - what is asked, and of what
        self,
        question: str,
        *,
        previous: Sequence[str] = (),
        since: datetime.date | None = None,
        until: datetime.date | None = None,
        section: str | None = None,
        top_k: int | None = None,
    ) -> Answer:
        """The record's answer, or the nearest passages where it holds none.

        ``previous`` are the questions asked before in the same conversation, oldest first.
        ``since`` and ``until``, both included, leave out what was published at other times, and
        documents without a date; ``section`` leaves out all documents but that section's.
        ``top_k`` is the most citations wanted, by default as set.

        What was asked lately is answered from memory.

        Raises:
            QuestionError: the question is too long, ``since`` is after ``until``, or the record
                has no such section.
            SnapshotError: a file of the snapshot was altered since it was opened.
        """
        started = time.perf_counter()
        self.snapshot.files.check_sizes()
        day = self._day()
        answer = self._recent(
            question, tuple(previous), since, until, section, top_k or self.top_k, day
        )
        return replace(answer, elapsed_ms=_ms_since(started))

    def _answer(  # noqa: PLR0913, PLR0917 - what an answer depends on, beside the snapshot
        self,
        question: str,
        previous: tuple[str, ...],
        since: datetime.date | None,
        until: datetime.date | None,
        section: str | None,
        top_k: int,
        day: datetime.date,
    ) -> Answer:
        del day  # it is that of today still; another day is another question
        return self.explain(
            question, previous=previous, since=since, until=until, section=section, top_k=top_k
        ).answer

    def explain(  # noqa: PLR0913 - what is asked, and of what
        self,
        question: str,
        *,
        previous: Sequence[str] = (),
        since: datetime.date | None = None,
        until: datetime.date | None = None,
        section: str | None = None,
        top_k: int | None = None,
        hidden: Collection[int] = (),
    ) -> Explained:
        """What ``ask`` answers, with all the hits it chose from.

        ``hidden`` are rows of passages taken out of the record for this question, to see what
        would be answered without them. Word statistics stay those of the whole record.

        Raises:
            QuestionError: as ``ask`` raises it.
        """
        started = time.perf_counter()
        question = clean(question)
        previous = [*map(clean, previous)][-_PREVIOUS:]
        for text in (question, *previous):
            if len(text) > self.max_question_chars:
                raise QuestionError(
                    f"The {'previous ' * (text != question)}question has {len(text):,} characters. "
                    f"Shorten it to {self.max_question_chars:,} or fewer.",
                    "long",
                    characters=f"{len(text):,}",
                    most=f"{self.max_question_chars:,}",
                )
        visible = self._visible(since, until, section, hidden)
        remark = small_talk(question)
        found = None
        if question and not remark:
            before = [t for t in previous if t and t != question and not small_talk(t)]
            found = self._as_named(self._read(self._found(question, before, visible)))
        cited = self._citations(found, top_k or self.top_k) if found else ()
        is_answered = found is not None and found.is_answered
        answer = Answer(
            question=question,
            searched_for=found.asked.text if found else "",
            status="answered" if is_answered else "not_in_record",
            citations=cited if is_answered else (),
            nearest=() if is_answered else cited,
            related=related_questions(self.snapshot, found.asked, cited, visible) if found else (),
            confidence=found.confidence if found else 0.0,
            snapshot=self.snapshot.digest,
            elapsed_ms=_ms_since(started),
            courtesy=remark,
        )
        return Explained(answer, tuple(found.hits) if found else ())

    def evidence(self, question: str, *, hidden: Collection[int] = ()) -> Features:
        """What speaks for every passage considered for a question, as in ``explain``."""
        return self.searcher.evidence(self.asked(question), self._visible(None, None, None, hidden))

    def _visible(
        self,
        since: datetime.date | None,
        until: datetime.date | None,
        section: str | None,
        hidden: Collection[int],
    ) -> Visible | None:
        """The passages that may be found; None where all may."""
        if since and until and since > until:
            raise QuestionError(
                f"since ({since}) is after until ({until}): swap them.",
                "dates",
                since=since,
                until=until,
            )
        if not (since or until or section or hidden):
            return None
        documents, passages = self.snapshot.documents, self.snapshot.passages
        rows = np.ones(len(passages), dtype=bool)
        earliest = latest = number = None
        if since or until:
            earliest = (since or datetime.date.min).toordinal()
            latest = (until or datetime.date.max).toordinal()
            dates = passages.dates
            rows &= (dates >= earliest) & (dates <= latest) & (dates > 0)
        if section:
            if section not in documents.sections:
                raise QuestionError(
                    f"The record has no section {section!r}; it has: "
                    f"{', '.join(documents.sections) or 'none'}.",
                    "section",
                    section=section,
                )
            number = documents.sections.index(section)
            rows &= (documents.section_numbers == number)[passages.documents]
        rows[list(hidden)] = False
        return Visible(rows, earliest, latest, number, tuple(sorted(hidden)))

    def _found(self, question: str, previous: Sequence[str], visible: Visible | None) -> _Found:
        """The hits of a question, where it leans on the one before it those of both together."""
        alone = self.asked(question)
        if not previous or not (is_context_dependent(question) or is_short(question)):
            return self._found_alone(alone, visible)
        if not is_context_dependent(question):  # short, and about something else if that is found
            found = self._found_alone(alone, visible)
            if found.is_answered:
                return found
        both = self.asked(joined(question, previous))
        earlier = previous[:-1] if is_context_dependent(previous[-1]) else ()
        before = self._found_alone(self.asked(joined(previous[-1], earlier)), visible)
        own = _OWN_WORDS_LEANING if is_context_dependent(question) else _OWN_WORDS_SHORT
        hits = follow_up_hits(self.snapshot, self.searcher, alone, both, before.hits, own, visible)
        return _Found(both, hits, leans=True)

    def _found_alone(self, asked: ParsedQuestion, visible: Visible | None) -> _Found:
        hits = ranking.hits(self.snapshot, self.searcher.evidence(asked, visible))
        lookup = looked_up(self.snapshot, asked, hits, visible)
        hits = with_lookup(self.snapshot, asked, lookup, hits)
        return _Found(asked, hits, lookup=lookup)

    def asked(self, question: str) -> ParsedQuestion:
        """The question, its typos mended, as the searches take it."""
        plain = " ".join(without_breaks(question).split())
        # A word that is one token to the encoder is a word of the language, not a slip.
        mended = self.snapshot.lexical.correct(
            plain, lambda word: self.encoder.count_tokens(word) == 1
        )
        return self.searcher.asked(mended, self._day())

    def _day(self) -> datetime.date:
        return self._today or datetime.date.today()  # noqa: DTZ011 - the visitor's day

    def _read(self, found: _Found) -> _Found:
        """The hits as the reader orders them, where there is one, and a question to be read."""
        if self.reader is None or found.leans or found.lookup.rows:
            return found
        hits, read = rescoring.read(self.snapshot, self.reader, found.asked, found.hits)
        return replace(found, hits=hits, read=read)

    def _as_named(self, found: _Found) -> _Found:
        """The hits of the time and with the initials that the question names first."""
        if found.lookup.rows:
            return found
        hits = by_initials(self.snapshot, found.asked, found.hits)
        return replace(found, hits=in_time(self.snapshot, found.asked, hits))

    def _quotes(self, found: _Found, hit: Hit, passage: Passage) -> tuple[Quote, ...]:
        """The sentences of a passage that answer."""
        if hit.row in found.lookup.rows:
            if found.lookup.is_whole:
                return marked(passage)
        elif named := mentioning(passage, found.asked):
            return named
        return quotes(self.snapshot, hit.row, passage, found.asked, found.told(hit.row))

    def _citations(self, found: _Found, top_k: int) -> tuple[Citation, ...]:
        snapshot = self.snapshot
        cited = ranking.leading(snapshot, found.hits, top_k)
        return tuple(
            citation(
                snapshot.documents[hit.document],
                passage,
                self._quotes(found, hit, passage),
                number,
                hit.confidence,
                later_statement(snapshot, hit, found.hits) if found.is_answered else None,
            )
            for number, (hit, passage) in enumerate(cited, start=1)
        )


@cache
def _code_sha256() -> str:
    """A hash of the code and the coefficients that make answers."""
    home = Path(__file__).parent.parent
    found = hashlib.sha256()
    for room in ("answer", "index", "sources", "text"):
        for path in sorted((home / room).rglob("*")):
            if path.suffix in {".py", ".json"}:
                found.update(path.relative_to(home).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


def clean(question: str) -> str:
    """The question as text that can be stored and shown: no lone surrogates, no NUL."""
    return question.encode("utf-8", "replace").decode().replace("\0", " ").strip()
