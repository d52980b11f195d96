"""Metrics for Prometheus; the only user of prometheus_client."""

from __future__ import annotations

import time
from functools import partial

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from qa.records import Answer

__all__ = ["Metrics"]

# Upper ends of the buckets of a latency, in seconds.
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """Counters of one server."""

    CONTENT_TYPE = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        counter = partial(Counter, registry=self._registry)
        gauge = partial(Gauge, registry=self._registry)
        latency = partial(Histogram, buckets=_SECONDS, registry=self._registry)
        self.requests = counter("qa_requests", "Requests answered.", ["route", "status"])
        self.request_seconds = latency(
            "qa_request_seconds", "From a request's head to the end of its answer.", ["route"]
        )
        self.open_requests = gauge("qa_open_requests", "Requests open now.")
        self.refused_connections = counter(
            "qa_connections_refused", "Connections refused: too many are open."
        )
        self.waiting = gauge("qa_waiting_questions", "Questions that wait their turn.")
        self.rejected_snapshots = counter(
            "qa_snapshots_not_taken_up", "New snapshots that could not be opened."
        )
        self.unsaved_answers = counter(
            "qa_answers_not_kept", "Answers that feedback could not keep."
        )
        self.limits_alone = gauge(
            "qa_limits_alone", "1 while limits_storage cannot be reached, else 0."
        )
        self.engine_away = gauge(
            "qa_engine_away", "1 while the search engine cannot be used, else 0."
        )
        self.damaged = gauge(
            "qa_snapshot_damaged", "1 while files of the snapshot are altered, else 0."
        )
        self._watched_at = time.monotonic()
        gauge(
            "qa_watch_age_seconds", "Since the index was last looked at with success."
        ).set_function(lambda: time.monotonic() - self._watched_at)
        self._answers = counter("qa_answers", "Questions answered, by status.", ["status"])
        self._answer_seconds = latency(
            "qa_answer_seconds", "From a question to its answer, the wait for a turn included."
        )
        self._snapshot = gauge("qa_snapshot_info", "The snapshot that answers.", ["digest"])
        self._documents = gauge("qa_snapshot_documents", "Its documents.")
        self._opened_at = 0.0
        gauge("qa_snapshot_age_seconds", "Since the server switched to it.").set_function(
            lambda: time.monotonic() - self._opened_at
        )
        for status in ("answered", "not_in_record", "courtesy"):
            self._answers.labels(status)

    def set_snapshot(self, digest: str, documents: int) -> None:
        """Note which snapshot answers from now on."""
        self._snapshot.clear()
        self._snapshot.labels(digest).set(1)
        self._documents.set(documents)
        self._opened_at = time.monotonic()

    def note_watch(self) -> None:
        """Note that the index folder was just checked for a new snapshot."""
        self._watched_at = time.monotonic()

    def count_answer(self, answer: Answer, seconds: float) -> None:
        """Count an answer and its latency."""
        self._answers.labels("courtesy" if answer.courtesy else answer.status).inc()
        self._answer_seconds.observe(seconds)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
