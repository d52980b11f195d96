"""The journey of a question: from a visitor's words to an answer with citations."""

from __future__ import annotations

import datetime
import hashlib
import time
import weakref
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from qa import __version__
from qa.answer import ranking, rescoring
from qa.answer.citations import citations
from qa.answer.conversation import is_context_dependent, is_short, joined, small_talk
from qa.answer.features import FeatureExtractor, Features
from qa.answer.filters import visible_passages
from qa.answer.follow_ups import follow_up_hits
from qa.answer.lookup import look_up
from qa.answer.named import named_first
from qa.answer.question import ParsedQuestion, QuestionParser
from qa.answer.related import related_questions
from qa.answer.reranker import BUNDLED, Reranker, open_reranker
from qa.answer.result import Result
from qa.answer.searches.registry import chosen_searches
from qa.errors import ModelError, QuestionError
from qa.index.encoder import Encoder, open_encoder
from qa.index.engine import FAISS, Engine, engine_of
from qa.index.runtime import load_libraries
from qa.index.snapshot import Snapshot, open_snapshot
from qa.index.visible import Visible
from qa.records import Answer, Hit, Question, SmallTalk
from qa.settings import Settings

__all__ = ["QA", "Explained", "clean"]

_TOP_K = 3
# Answers kept to be given again; a visitor's three citations take about 10 kB.
_KEPT_ANSWERS = 512
# Questions before that are looked at, the last ones.
_PREVIOUS = 5
_MAX_QUESTION_CHARS = 2_000
# The share of a follow-up's own words that a passage and its surroundings must hold for the
# question before to count: some where it depends on that, half where it is only short.
_OWN_WORDS_DEPENDENT, _OWN_WORDS_SHORT = 0.01, 0.5


@dataclass(frozen=True, slots=True)
class Explained:
    """An answer, and every passage considered for it, best first, whatever was answered."""

    answer: Answer
    hits: tuple[Hit, ...]


class QA:
    """Answers questions from one snapshot."""

    def __init__(  # noqa: PLR0913 - the parts, and the settings of each
        self,
        snapshot: Snapshot,
        encoder: Encoder,
        *,
        top_k: int = _TOP_K,
        max_question_chars: int = _MAX_QUESTION_CHARS,
        searches: Collection[str] | None = None,
        reranker: Reranker | None = None,
        today: datetime.date | None = None,
    ) -> None:
        """Take finished parts.

        ``searches`` names those to make, by default all of the registry. ``reranker`` rescores
        the best hits, if there is one. ``today`` is the day that "last year" counts from, by
        default the day of the question.

        Raises:
            ModelError: the encoder is not the one the snapshot was built with.
            SettingsError: there is no search of a name.
        """
        built_with = snapshot.manifest["inputs"]["encoder"]
        if built_with["sha256"] != encoder.sha256:
            raise ModelError(
                f"The index was built with encoder {built_with['name']} "
                f"({built_with['dimension']} dimensions, sha256 {built_with['sha256'][:12]}...), "
                f"this is {encoder.name} ({encoder.dimension} dimensions, sha256 "
                f'{encoder.sha256[:12]}...): run "qa index".'
            )
        opened = [search(snapshot) for search in chosen_searches(searches)]
        needs_vector = any(search.uses_vector for search in opened)
        self.snapshot = snapshot
        self.encoder = encoder
        self.searches = tuple(search.name for search in opened)
        self.reranker = reranker
        self.top_k = top_k
        self.max_question_chars = max_question_chars
        self.extractor = FeatureExtractor(snapshot, opened)
        self._parser = QuestionParser(snapshot, encoder, needs_vector=needs_vector)
        self._today = today
        # Not to refer to itself: a QA that is replaced goes at once, and its snapshot with it.
        self._recent = lru_cache(_KEPT_ANSWERS)(partial(QA._answer, weakref.proxy(self)))

    @classmethod
    def open(
        cls,
        index: Path | str = "index",
        *,
        reranker: str = BUNDLED,
        engine: Engine = FAISS,
        **options: Any,
    ) -> QA:
        """Open the live snapshot of an index folder, with the encoder it carries.

        ``reranker`` is "bundled", "off", or the folder of a sentence-transformers cross-encoder.
        ``engine`` makes the searches, and says which snapshot is live. ``options`` are ``top_k``,
        ``max_question_chars``, ``searches`` and ``today``, as of the class.

        Raises:
            SnapshotError: there is no whole snapshot.
            ModelError: the encoder cannot be loaded, or there is no such reranker.
            SettingsError: there is no search of a name.
            UnavailableError: the engine cannot be reached.
        """
        # Loading libraries and checking files go well together: one waits for the other's disk.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(load_libraries)
            opening = beside.submit(open_reranker, reranker)
            snapshot = open_snapshot(Path(index), engine)
            encoder = open_encoder(snapshot.encoder)
        return cls(snapshot, encoder, reranker=opening.result(), **options)

    @classmethod
    def configured(
        cls, settings: Settings, index: Path | None = None, engine: Engine | None = None
    ) -> QA:
        """Open the live snapshot of the settings' index folder, or of ``index``, as they say.

        ``engine`` is that of ``index``, where this is not the settings' own.

        Raises:
            QAError: as ``open`` raises it.
        """
        return cls.open(
            index or settings.index,
            reranker=settings.reranker,
            engine=engine or engine_of(settings),
            top_k=settings.top_k,
            max_question_chars=settings.max_question_chars,
            searches=settings.searches,
            today=settings.today,
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
            "reranker": self.reranker.sha256 if self.reranker else None,
            "searches": list(self.searches),
            "today": self._day().isoformat(),
            "top_k": self.top_k,
        }

    def ask(self, question: str | Question, **fields: Any) -> Answer:
        """Return the record's answer, or the nearest passages where it holds none.

        ``fields`` are those of ``Question``, as ``previous`` or ``since``. The answers to the
        latest questions are kept in memory.

        Raises:
            QuestionError: the question is too long, ``since`` is after ``until``, or the record
                has no such section or speaker.
            SnapshotError: a file of the snapshot was altered since it was opened.
        """
        started = time.perf_counter()
        self.snapshot.files.check_sizes()
        question = Question.of(question, **fields)
        question = replace(question, top_k=question.top_k or self.top_k)
        return replace(self._recent(question, self._day()), elapsed_ms=_ms_since(started))

    def _answer(self, question: Question, day: datetime.date) -> Answer:
        del day  # part of the key: on another day the same words are another question
        return self.explain(question).answer

    def explain(
        self, question: str | Question, *, hidden: Collection[int] = (), **fields: Any
    ) -> Explained:
        """Return the answer that ``ask`` gives, with all the hits it was chosen from.

        ``hidden`` are rows of passages taken out of the record for this question, to see the
        answer without them. Word statistics stay those of the whole record.

        Raises:
            QuestionError: as ``ask`` raises it.
        """
        started = time.perf_counter()
        question = self._checked(Question.of(question, **fields))
        visible = visible_passages(self.snapshot, question, hidden)
        remark = small_talk(question.text)
        if remark or not question.text:
            return Explained(self._nothing_searched(question, remark, started), ())
        result = self._searched(question, visible)
        result = self._rescored(result)
        result = self._named_first(result)
        cited = citations(self.snapshot, result, question.top_k or self.top_k)
        related = related_questions(self.snapshot, result.question, cited, visible)
        answer = Answer(
            question=question.text,
            searched_for=result.question.text,
            status="answered" if result.is_answered else "not_in_record",
            citations=cited if result.is_answered else (),
            nearest=() if result.is_answered else cited,
            related=related,
            confidence=result.confidence,
            snapshot=self.snapshot.digest,
            elapsed_ms=_ms_since(started),
        )
        return Explained(answer, tuple(result.hits))

    def _nothing_searched(
        self, question: Question, remark: SmallTalk | None, started: float
    ) -> Answer:
        return Answer(
            question=question.text,
            searched_for="",
            status="not_in_record",
            citations=(),
            nearest=(),
            related=(),
            confidence=0.0,
            snapshot=self.snapshot.digest,
            elapsed_ms=_ms_since(started),
            courtesy=remark,
        )

    def _checked(self, question: Question) -> Question:
        """Return the question and the last ones before it as plain text, none of them too long."""
        text = clean(question.text)
        previous = tuple(map(clean, question.previous))[-_PREVIOUS:]
        for part in (text, *previous):
            if len(part) > self.max_question_chars:
                raise QuestionError(
                    f"The {'previous ' * (part != text)}question has {len(part):,} characters. "
                    f"Shorten it to {self.max_question_chars:,} or fewer.",
                    "long",
                    characters=f"{len(part):,}",
                    most=f"{self.max_question_chars:,}",
                )
        return replace(question, text=text, previous=previous)

    def _searched(self, question: Question, visible: Visible | None) -> Result:
        """Return the hits of a question, of a follow-up those of it and the one before together."""
        text = question.text
        previous = [t for t in question.previous if t and t != text and not small_talk(t)]
        is_dependent = is_context_dependent(text)
        alone = self.parse(text)
        if not previous or not (is_dependent or is_short(text)):
            return self._searched_alone(alone, visible)
        if not is_dependent:  # short: about another matter, if an answer to it is found
            result = self._searched_alone(alone, visible)
            if result.is_answered:
                return result
        both = self.parse(joined(text, previous))
        earlier = previous[:-1] if is_context_dependent(previous[-1]) else ()
        before = self._searched_alone(self.parse(joined(previous[-1], earlier)), visible)
        own_words = _OWN_WORDS_DEPENDENT if is_dependent else _OWN_WORDS_SHORT
        hits = follow_up_hits(self.extractor, alone, both, before.hits, own_words, visible)
        return Result(both, hits, is_joined=True)

    def _searched_alone(self, question: ParsedQuestion, visible: Visible | None) -> Result:
        hits = ranking.ranked(self.snapshot, self.extractor.features(question, visible))
        lookup, hits = look_up(self.snapshot, question, hits, visible)
        return Result(question, hits, lookup=lookup)

    def parse(self, question: str) -> ParsedQuestion:
        """Return the question as the searches take it, its typos mended."""
        return self._parser.parse(question, self._day())

    def features(self, question: str, *, hidden: Collection[int] = ()) -> Features:
        """Return the features of every candidate of a question, as in ``explain``."""
        visible = visible_passages(self.snapshot, Question(question), hidden)
        return self.extractor.features(self.parse(question), visible)

    def _day(self) -> datetime.date:
        return self._today or datetime.date.today()  # noqa: DTZ011 - the visitor's day

    def _rescored(self, result: Result) -> Result:
        """Return the hits as the reranker orders them, where there is one and it knows the kind."""
        if self.reranker is None or result.is_joined or result.lookup.rows:
            return result
        hits, rescored = rescoring.rescore(
            self.snapshot, self.reranker, result.question, result.hits
        )
        return replace(result, hits=hits, rescored=rescored)

    def _named_first(self, result: Result) -> Result:
        """Return the hits, those of the initials and the time that the question names first."""
        if result.lookup.rows:
            return result
        return replace(result, hits=named_first(self.snapshot, result.question, result.hits))


@cache
def _code_sha256() -> str:
    """Return a hash of the code, coefficients and word lists that make answers."""
    home = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for room in ("answer", "cluster", "index", "sources", "text"):
        for path in sorted((home / room).rglob("*")):
            if path.suffix in {".py", ".json", ".toml"}:
                digest.update(path.relative_to(home).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


def clean(question: str) -> str:
    """Return text that can be stored and shown: no lone surrogates, no NUL."""
    return question.encode("utf-8", "replace").decode().replace("\0", " ").strip()
