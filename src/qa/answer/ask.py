"""The question's journey: from a visitor's words to an answer with citations."""

from __future__ import annotations

import datetime
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa.answer import relevance
from qa.answer.cite import citation
from qa.answer.conversation import searchable
from qa.answer.quote import quotes
from qa.answer.retrieve import Searches
from qa.errors import EncoderError, QuestionError
from qa.index.encoder import QUESTION_THREADS, Encoder, open_encoder
from qa.index.snapshot import Snapshot, open_snapshot
from qa.records import Answer, Citation, Hit

__all__ = ["QA", "Explained"]

_TOP_K = 3
_MAX_QUESTION_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Explained:
    """An answer, and every passage considered for it, best first, whatever was answered."""

    answer: Answer
    hits: tuple[Hit, ...]


class QA:
    """Answers questions from one snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        encoder: Encoder,
        *,
        top_k: int = _TOP_K,
        max_question_chars: int = _MAX_QUESTION_CHARS,
    ) -> None:
        """Take finished parts.

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
        self._searches = Searches(snapshot)
        self.top_k = top_k
        self.max_question_chars = max_question_chars

    @classmethod
    def open(
        cls,
        index: Path | str = "index",
        encoder: str | None = None,
        *,
        top_k: int = _TOP_K,
        max_question_chars: int = _MAX_QUESTION_CHARS,
    ) -> QA:
        """The live snapshot of an index folder, with the encoder it names (or ``encoder``).

        Raises:
            SnapshotError: there is no whole snapshot.
            EncoderError: the encoder is missing or not the snapshot's.
        """
        snapshot = open_snapshot(Path(index))
        name = encoder or snapshot.manifest["inputs"]["encoder"]["name"]
        return cls(
            snapshot,
            open_encoder(name, QUESTION_THREADS),
            top_k=top_k,
            max_question_chars=max_question_chars,
        )

    def ask(
        self,
        question: str,
        *,
        previous: Sequence[str] = (),
        since: datetime.date | None = None,
        until: datetime.date | None = None,
    ) -> Answer:
        """The record's answer, or the nearest passages where it holds none.

        ``previous`` are the questions asked before in the same conversation, oldest first.
        ``since`` and ``until``, both included, leave out what was published at other times, and
        documents without a date.

        Raises:
            QuestionError: the question is too long, or ``since`` is after ``until``.
        """
        return self.explain(question, previous=previous, since=since, until=until).answer

    def explain(
        self,
        question: str,
        *,
        previous: Sequence[str] = (),
        since: datetime.date | None = None,
        until: datetime.date | None = None,
        hidden: Collection[int] = (),
    ) -> Explained:
        """What ``ask`` answers, with all the hits it chose from.

        ``hidden`` are rows of passages taken out of the record for this question, to see what
        would be answered without them. Word statistics stay those of the whole record.

        Raises:
            QuestionError: the question is too long, or ``since`` is after ``until``.
        """
        started = time.perf_counter()
        question = _clean(question)
        if len(question) > self.max_question_chars:
            raise QuestionError(
                f"The question has {len(question):,} characters, at most "
                f"{self.max_question_chars:,} are taken: ask something shorter."
            )
        visible = self._visible(since, until, hidden)
        searched_for = self._searched_for(question, previous)
        hits, cited = self._hits_and_citations(searched_for, visible) if searched_for else ([], ())
        confidence = hits[0].confidence if hits else 0.0
        is_answered = confidence >= relevance.ANSWER_FLOOR
        answer = Answer(
            question=question,
            searched_for=searched_for,
            status="answered" if is_answered else "not_in_record",
            citations=cited if is_answered else (),
            nearest=() if is_answered else cited,
            related=(),
            confidence=confidence,
            snapshot=self.snapshot.digest,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
        )
        return Explained(answer, tuple(hits))

    def _visible(
        self,
        since: datetime.date | None,
        until: datetime.date | None,
        hidden: Collection[int],
    ) -> np.ndarray | None:
        """A bool per passage, whether it may be found; None where all may."""
        if since and until and since > until:
            raise QuestionError(f"since ({since}) is after until ({until}): swap them.")
        if not (since or until or hidden):
            return None
        snapshot = self.snapshot
        visible = np.ones(len(snapshot.passages), dtype=bool)
        visible[list(hidden)] = False
        if since or until:
            earliest, latest = since or datetime.date.min, until or datetime.date.max
            for document, rows in snapshot.document_rows.items():
                date = snapshot.documents[document].date
                if date is None or not earliest <= date <= latest:
                    visible[rows.start : rows.stop] = False
        return visible

    def _searched_for(self, question: str, previous: Sequence[str]) -> str:
        """The question made to stand alone, its slips of the keyboard mended."""
        plain = " ".join(searchable(question, [_clean(p) for p in previous]).split())
        # A word that is one token to the encoder is a word of the language, not a slip.
        return self.snapshot.lexical.correct(plain, lambda w: self.encoder.count_tokens(w) == 1)

    def _hits_and_citations(
        self, searched_for: str, visible: np.ndarray | None
    ) -> tuple[list[Hit], tuple[Citation, ...]]:
        snapshot, searches = self.snapshot, self._searches
        vector = self.encoder.encode([searched_for])[0]
        candidates = searches.candidates(searched_for, vector, visible)
        hits = relevance.hits(snapshot, searched_for, candidates, visible)
        cited = tuple(
            citation(
                snapshot.documents[hit.passage.document],
                hit,
                quotes(snapshot, searches, hit, searched_for, vector),
                number,
            )
            for number, hit in enumerate(relevance.leading(hits, self.top_k), start=1)
        )
        return hits, cited


def _clean(question: str) -> str:
    """The question as text that can be stored and shown: no lone surrogates, no NUL."""
    return question.encode("utf-8", "replace").decode().replace("\0", " ").strip()
