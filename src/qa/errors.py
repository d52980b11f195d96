"""Every error this package raises on purpose.

    QAError
    ├── SettingsError      a setting is unknown or out of range
    ├── SourceError        a source cannot become a document
    │   ├── GoneError         its server says that it no longer exists
    │   └── UnreachableError  its server does not deliver it now, and may later
    ├── CorpusError        the corpus folder, or a document in it, cannot be used
    ├── EncoderError       a model is missing, altered, or not the one of the index
    ├── SnapshotError      the index folder holds no complete snapshot, or is not an index
    ├── QuestionError      a question cannot be answered as it is
    ├── InputError         a file of questions or answers cannot be read
    ├── OutputError        an output cannot be written, or would replace something else
    ├── BusyError          another process is writing the same files
    ├── ListenError        the server cannot listen on its address
    ├── UnavailableError   a service that answering or sharing needs cannot be used now
    ├── OverloadError      more is asked at once than can be answered in time
    ├── FeedbackError      visitors' questions cannot be stored or read
    └── EvaluationError    a judged set or an evaluation cannot be used as it is

A message says what happened, the value (both sides where two things disagree), and the remedy.
Library code raises; only the command line and the web translate.
"""

from __future__ import annotations

__all__ = [
    "BusyError",
    "CorpusError",
    "EncoderError",
    "EvaluationError",
    "FeedbackError",
    "GoneError",
    "InputError",
    "ListenError",
    "OutputError",
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
    """Its server says that it no longer exists (404, 410)."""


class UnreachableError(SourceError):
    """Its server does not deliver it now, and may later: says nothing about the source."""


class CorpusError(QAError):
    """The corpus folder, or a document in it, cannot be used."""


class EncoderError(QAError):
    """A model is missing, altered, or not the one of the index: encoder or reranker."""


class SnapshotError(QAError):
    """The index folder holds no complete snapshot, or is not an index."""


class QuestionError(QAError):
    """A question cannot be answered as it is.

    Of a visitor's question, ``reason`` names the cause in a word, and ``facts`` holds the values
    for a sentence about it in the visitor's language.
    """

    def __init__(self, message: str, reason: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.reason = reason
        self.facts = facts


class InputError(QAError):
    """A file of questions or answers cannot be read."""


class OutputError(QAError):
    """An output cannot be written, or would replace something else."""


class BusyError(QAError):
    """Another process is writing the same files."""


class ListenError(QAError):
    """The server cannot listen on its address."""


class UnavailableError(QAError):
    """A service that answering or sharing needs cannot be used now."""


class OverloadError(QAError):
    """More is asked at once than can be answered in time."""


class FeedbackError(QAError):
    """Visitors' questions cannot be stored or read."""


class EvaluationError(QAError):
    """A judged set or an evaluation cannot be used as it is."""
