"""The records: document, turn, passage, question, hit, citation, answer.

All are frozen. Offsets are characters of ``Document.text`` from 0, end excluded.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "Answer",
    "Citation",
    "CitedDocument",
    "CitedPassage",
    "Document",
    "Hit",
    "Later",
    "Links",
    "Passage",
    "Question",
    "Quote",
    "Role",
    "SmallTalk",
    "Span",
    "Status",
    "Turn",
    "clock",
    "page_of",
    "seconds",
    "time_of",
    "to_json",
]

Role = Literal["question", "answer", "statement"]
Status = Literal["answered", "not_in_record"]
SmallTalk = Literal["greeting", "thanks", "farewell", "abuse", "help"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a document's text, never empty: ``0 <= start < end``."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"A span needs 0 <= start < end, got {self.start} and {self.end}.")

    def of(self, text: str) -> str:
        """The characters of ``text`` this span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Document:
    """One published item.

    ``text`` is verbatim; only line endings are normalised to line feeds.
    Always ``sha256 == sha256(text in UTF-8)``, in hexadecimal. ``withdrawn`` is the day on which
    its source was found gone: it is kept, and is no answer any more. ``also`` are the other
    places that published the same text. ``pages`` holds the offset of every page's first
    character, ascending, where the source has pages. ``times`` pairs offsets, strictly ascending,
    with seconds from the start of the recording, never descending: what stands from an offset on
    was said from that second on. ``recording`` is the recording's address on the web.
    """

    id: str
    title: str
    text: str
    date: datetime.date | None = None
    section: str | None = None
    source: str | None = None
    language: str = "en"
    layout: str = "statement"
    withdrawn: datetime.date | None = None
    also: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    times: tuple[tuple[int, float], ...] = ()
    recording: str | None = None
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.text.encode()).hexdigest())


def page_of(document: Document, offset: int) -> int | None:
    """The page of the source, counted from 1, with the character at ``offset``."""
    return bisect.bisect_right(document.pages, offset) or None


def time_of(document: Document, offset: int) -> float | None:
    """The second of the recording at which the caption with the character at ``offset`` begins."""
    before = bisect.bisect_right(document.times, offset, key=lambda pair: pair[0])
    return document.times[before - 1][1] if before else None


def seconds(milliseconds: int) -> float:
    """Milliseconds in seconds; an int where they are whole, as JavaScript writes them too."""
    whole, rest = divmod(milliseconds, 1000)
    return milliseconds / 1000 if rest else whole


def clock(time: float) -> str:
    """A time in seconds as m:ss, from an hour on as h:mm:ss; fractions are dropped."""
    minutes, second = divmod(int(time), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch spoken in one role.

    The turns of a document follow one another without a gap: joined, they give its text.
    ``asked`` is the question that an answer answers, where the layout shows it. ``label`` is the
    speaker's name at the turn's beginning ("MR. CARNEY:"), which nobody said.
    """

    role: Role
    span: Span
    speaker: str | None = None
    asked: Span | None = None
    label: Span | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one turn, short enough to embed and to cite.

    Always ``text == document.text[span.start:span.end]``. ``sentences`` are spans of the
    document inside ``span``, in order, without overlap. ``paragraph`` counts from 1. ``date`` is
    the day it is of: in a log of many days that of its part, else the document's. ``numbers`` are
    those of the written question that it belongs to.
    """

    document: str
    span: Span
    text: str
    paragraph: int
    role: Role
    speaker: str | None
    asked: Span | None
    sentences: tuple[Span, ...]
    date: datetime.date | None = None
    numbers: tuple[str, ...] = ()

    @property
    def sentence_texts(self) -> list[str]:
        """The sentences as text, in order."""
        start = self.span.start
        return [self.text[s.start - start : s.end - start] for s in self.sentences]

    def quotes(self, sentences: Iterable[int]) -> tuple[Quote, ...]:
        """Return the sentences of these numbers as quotes."""
        texts = self.sentence_texts
        return tuple(
            Quote(texts[n], self.sentences[n].start, self.sentences[n].end) for n in sentences
        )


@dataclass(frozen=True, slots=True)
class Question:
    """A visitor's question, with the conversation before it and the filters of the search.

    ``previous`` are the questions asked before in the same conversation, oldest first.
    ``since`` and ``until``, both included, leave out passages of other days and those without a
    date; ``section`` and ``speaker`` leave out all others. ``top_k`` is the most citations
    wanted, by default that of the settings.
    """

    text: str
    previous: tuple[str, ...] = ()
    since: datetime.date | None = None
    until: datetime.date | None = None
    section: str | None = None
    speaker: str | None = None
    top_k: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "previous", tuple(self.previous))

    @classmethod
    def of(cls, question: str | Question, **fields: Any) -> Question:
        """Return a question, or the text of one, with these fields set."""
        question = cls(question) if isinstance(question, str) else question
        return dataclasses.replace(question, **fields) if fields else question


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage scored against one question.

    ``row`` is its place in the snapshot, ``document`` the id of its document. ``score`` orders
    hits, higher is better. ``confidence`` in [0, 1] is the probability that the passage answers,
    and ``is_answer`` says that it is high enough to show the passage as an answer.
    """

    row: int
    document: str
    score: float
    confidence: float
    is_answer: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """A whole sentence inside a passage that answers best; always a slice of the document."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CitedDocument:
    """The document of a citation; ``also`` are the other places that published it.

    ``date`` is the day of the passage cited: in a log of many days that of its part.
    """

    id: str
    title: str
    date: datetime.date | None
    section: str | None
    source: str | None
    language: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """The passage of a citation: always ``text == document.text[start:end]``.

    ``asked`` is the journalist's question this passage answers, verbatim. ``page`` is that of the
    source with the first sentence quoted, counted from 1, where the source has pages. ``time`` is
    when that sentence's caption begins, in seconds from the start of the recording, where the
    source is captions.
    """

    text: str
    start: int
    end: int
    paragraph: int
    role: Role
    speaker: str | None
    asked: str | None
    page: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """Links to our page of the document at the passage, and to the source if it is on the web.

    ``recording`` is the recording's address, at the passage's time if that is known.
    """

    reader: str
    source: str | None
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """A later statement on the same matter: its document, and the passage by its offsets."""

    document: CitedDocument
    start: int
    end: int
    reader: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage with the proof that it stands in the record.

    ``sha256`` is that of the document's text; ``prefix`` and ``suffix`` are the characters
    before and after the passage, as in the W3C Web Annotation TextQuoteSelector. ``later`` is
    the newest statement on the same matter in a later document, where there is one.
    """

    number: int
    document: CitedDocument
    passage: CitedPassage
    quotes: tuple[Quote, ...]
    confidence: float
    sha256: str
    prefix: str
    suffix: str
    links: Links
    later: Later | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question.

    ``citations`` is empty exactly when ``status`` is ``not_in_record``; then ``nearest`` holds
    the closest passages, which are not an answer. ``searched_for`` is the question as searched,
    after spelling repair, a follow-up with the question before it in front. ``related`` are
    questions of the record near to it. ``snapshot`` is the digest of the index that answered.
    ``courtesy`` is the kind of small talk said instead of a question; then nothing was searched.
    """

    question: str
    searched_for: str
    status: Status
    citations: tuple[Citation, ...]
    nearest: tuple[Citation, ...]
    related: tuple[str, ...]
    confidence: float
    snapshot: str
    elapsed_ms: float
    courtesy: SmallTalk | None = None

    @property
    def is_answered(self) -> bool:
        """Tell if the record holds an answer."""
        return self.status == "answered"


def to_json(record: Any) -> dict[str, Any]:
    """A record as plain JSON values: field names as keys, dates in ISO form."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime.date):
            return value.isoformat()
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return value

    fields: dict[str, Any] = plain(dataclasses.asdict(record))
    return fields
