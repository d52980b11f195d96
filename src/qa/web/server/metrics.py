"""What the server counts, for Prometheus; the only user of prometheus_client."""

from __future__ import annotations

import time

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
        r = self._registry
        self.requests = Counter(
            "qa_requests", "Requests answered.", ["route", "status"], registry=r
        )
        self.request_seconds = Histogram(
            "qa_request_seconds",
            "From a request's head to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=r,
        )
        self.open_requests = Gauge("qa_open_requests", "Requests open now.", registry=r)
        self.refused_connections = Counter(
            "qa_connections_refused", "Connections refused: too many are open.", registry=r
        )
        self.waiting = Gauge("qa_waiting_questions", "Questions that wait their turn.", registry=r)
        self.not_taken_up = Counter(
            "qa_snapshots_not_taken_up", "New snapshots that could not be opened.", registry=r
        )
        self.not_kept = Counter(
            "qa_answers_not_kept", "Answers that feedback could not keep.", registry=r
        )
        self.limits_alone = Gauge(
            "qa_limits_alone", "1 while limits_storage cannot be reached, else 0.", registry=r
        )
        self.engine_away = Gauge(
            "qa_engine_away", "1 while what searches cannot be used, else 0.", registry=r
        )
        self.damaged = Gauge(
            "qa_snapshot_damaged", "1 while files of the snapshot are altered, else 0.", registry=r
        )
        self._looked = time.monotonic()
        looked = Gauge(
            "qa_watch_age_seconds", "Since the index was last looked at with success.", registry=r
        )
        looked.set_function(lambda: time.monotonic() - self._looked)
        self._answers = Counter(
            "qa_answers", "Questions answered, by what was answered.", ["status"], registry=r
        )
        self._answer_seconds = Histogram(
            "qa_answer_seconds",
            "From a question to its answer, the wait for a turn included.",
            buckets=_SECONDS,
            registry=r,
        )
        self._snapshot = Gauge(
            "qa_snapshot_info", "The snapshot that answers.", ["digest"], registry=r
        )
        self._documents = Gauge("qa_snapshot_documents", "Its documents.", registry=r)
        self._taken_up = 0.0
        age = Gauge("qa_snapshot_age_seconds", "Since it was taken up.", registry=r)
        age.set_function(lambda: time.monotonic() - self._taken_up)
        for status in ("answered", "not_in_record", "courtesy"):
            self._answers.labels(status)

    def taken_up(self, digest: str, documents: int) -> None:
        """A snapshot answers from now on."""
        self._snapshot.clear()
        self._snapshot.labels(digest).set(1)
        self._documents.set(documents)
        self._taken_up = time.monotonic()

    def looked(self) -> None:
        """Note that the index folder has been looked at with success."""
        self._looked = time.monotonic()

    def answered(self, answer: Answer, seconds: float) -> None:
        """A question was answered, in so many seconds."""
        self._answers.labels("courtesy" if answer.courtesy else answer.status).inc()
        self._answer_seconds.observe(seconds)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)
