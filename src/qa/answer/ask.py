"""The question's journey: from a visitor's words to an answer with citations."""

from __future__ import annotations

import time
from pathlib import Path

from qa.answer import relevance
from qa.answer.cite import citation
from qa.answer.quote import quotes
from qa.answer.retrieve import Searches
from qa.errors import EncoderError, QuestionError
from qa.index.encoder import QUESTION_THREADS, Encoder, open_encoder
from qa.index.snapshot import Snapshot, open_snapshot
from qa.records import Answer, Citation, Hit

__all__ = ["QA"]

_TOP_K = 3
_MAX_QUESTION_CHARS = 2_000


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
        self._top_k = top_k
        self._max_question_chars = max_question_chars

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

    def ask(self, question: str) -> Answer:
        """The record's answer, or the nearest passages where it holds none.

        Raises:
            QuestionError: the question is too long.
        """
        started = time.perf_counter()
        question = _clean(question)
        if len(question) > self._max_question_chars:
            raise QuestionError(
                f"The question has {len(question):,} characters, at most "
                f"{self._max_question_chars:,} are taken: ask something shorter."
            )
        searched_for = self._searched_for(question)
        hits, cited = self._hits_and_citations(searched_for) if searched_for else ([], ())
        confidence = hits[0].confidence if hits else 0.0
        is_answered = confidence >= relevance.ANSWER_FLOOR
        return Answer(
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

    def _searched_for(self, question: str) -> str:
        """The question with white space made plain and slips of the keyboard mended."""
        plain = " ".join(question.split())
        # A word that is one token to the encoder is a word of the language, not a slip.
        return self.snapshot.lexical.correct(plain, lambda w: self.encoder.count_tokens(w) == 1)

    def _hits_and_citations(self, searched_for: str) -> tuple[list[Hit], tuple[Citation, ...]]:
        snapshot, searches = self.snapshot, self._searches
        vector = self.encoder.encode([searched_for])[0]
        candidates = searches.candidates(searched_for, vector)
        hits = relevance.hits(snapshot, searched_for, candidates)
        cited = tuple(
            citation(
                snapshot.documents[hit.passage.document],
                hit,
                quotes(snapshot, searches, hit, searched_for, vector),
                number,
            )
            for number, hit in enumerate(relevance.leading(hits, self._top_k), start=1)
        )
        return hits, cited


def _clean(question: str) -> str:
    """The question as text that can be stored and shown: no lone surrogates, no NUL."""
    return question.encode("utf-8", "replace").decode().replace("\0", " ").strip()
