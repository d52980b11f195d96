"""Every error this package raises on purpose.

    QAError
    ├── SettingsError     a setting is unknown or out of range
    ├── SourceError       a source cannot become a document
    │   ├── GoneError         its server says that it is there no more
    │   └── UnreachableError  its server does not give it now; it may later
    ├── CorpusError       a file in corpus/ is not a document
    ├── EncoderError      the encoder is missing, altered, or not the index's
    ├── SnapshotError     there is no whole snapshot to answer from
    ├── QuestionError     a question cannot be taken as it is
    ├── BusyError         somebody else is writing the same files
    ├── UnavailableError  what searches, or what is shared, cannot be reached now
    ├── OverloadError     more is asked at once than can be answered in time
    ├── CitationError     a citation does not match the record
    ├── FeedbackError     what visitors ask cannot be kept, or read
    └── EvaluationError   a judged set, or an evaluation, cannot be taken as it is

A message says what is wrong, both sides where two things disagree, and the remedy.
Library code raises; only the command line and the web translate.
"""

from __future__ import annotations

__all__ = [
    "BusyError",
    "CitationError",
    "CorpusError",
    "EncoderError",
    "EvaluationError",
    "FeedbackError",
    "GoneError",
    "OverloadError",
    "QAError",
    "QuestionError",
    "SettingsError",
    "SnapshotError",
    "SourceError",
    "UnavailableError",
    "UnreachableError",
]


class QAError(Exception):
    """Base of every error raised on purpose; its text is fit to show to a person."""


class SettingsError(QAError):
    """A setting is unknown or out of range."""


class SourceError(QAError):
    """A source cannot become a document."""


class GoneError(SourceError):
    """The server of a source says that it is there no more (404, 410)."""


class UnreachableError(SourceError):
    """The server of a source does not give it now: that says nothing of the source."""


class CorpusError(QAError):
    """A file in the corpus folder is not a document."""


class EncoderError(QAError):
    """The encoder is missing, altered, or not the one the index was built with."""


class SnapshotError(QAError):
    """There is no snapshot, or the one there is not whole."""


class QuestionError(QAError):
    """A question cannot be taken as it is.

    Where a visitor's question is meant, ``reason`` says why in a word, and ``facts`` what a
    sentence about it holds, so that it can be said in the visitor's language.
    """

    def __init__(self, message: str, reason: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.reason = reason
        self.facts = facts


class BusyError(QAError):
    """Another process is writing the same index, or the same answers."""


class UnavailableError(QAError):
    """A server that this one needs cannot be reached now, or does not do what it should."""


class OverloadError(QAError):
    """More questions are asked at once than can be answered in time."""


class CitationError(QAError):
    """A citation does not match the record."""


class EvaluationError(QAError):
    """A judged set, or an evaluation, cannot be taken as it is."""


class FeedbackError(QAError):
    """What visitors ask cannot be kept, or read."""
