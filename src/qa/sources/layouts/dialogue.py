"""Which candidates are labels: those that recur, alternate, and have questions answered.

Every form of label (a colon, brackets, a line of its own ...) is tried by itself, at the
beginnings of paragraphs and at those of all lines; a form counts where its labels make a
conversation. Names decide nothing here, so that other names give the same turns.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from qa.sources.layouts.cut_ins import cut_ins
from qa.sources.layouts.doubts import are_in_capitals, in_capitals, look_alikes
from qa.sources.layouts.label_words import is_note
from qa.sources.layouts.labels import Form, Label, candidates

__all__ = ["Found", "asks", "ends_of", "found_labels", "has_question"]

# Marks of a question; か before the end of a Japanese sentence; the Greek semicolon.
_QUESTION_MARKS = "?？؟⸮՞\u037e"
_ASKS = re.compile(r"か[。」）]|か\s*\Z|[\u0370-\u03ff\u1f00-\u1fff];(?=\s|\Z)")
# Where a turn asks, it does so towards its end.
_END_CHARS = 400
# So many exchanges, a question and an answer each, make a conversation; more where the form is
# that of headings and lists too.
_LEAST_PAIRS: dict[Form, int] = {
    "colon": 2,
    "stop": 2,
    "bracket": 2,
    "dash": 2,
    "line": 3,
}
# These are the forms of headings and lists too: they count where no other form does.
_RISKY = frozenset({"dash", "line"})
# Of the labels in a form of headings and lists, so many must recur or stand beside an answer.
_LEAST_SUPPORTED = 0.7
# Where nearly every label has such support, one more that looks alike is believed without it.
_TRUSTED = 0.9
_LEAST_TURNS = 3
_LEAST_SENTENCES = 0.8
_SENTENCE_WORDS = 8
_SENTENCE_CHARS = 12
# Entries of lists have so many words, and stand beside others.
_ENTRY_WORDS = 3
# Where so many labels end in brackets, one more that does is believed.
_LEAST_IN_BRACKETS = 0.6
_ENDS_SENTENCE = re.compile(r"[.!?…。！？۔।:;\-—][\"'”’»）)\]】」』*_]*\s*\Z")
_SENTENCE_WITHIN = re.compile(r"[^\W\d_]{3}[.?!][ ]+\S")
# Lines count as paragraphs do where they make so many times more exchanges.
_LINES_ARE_BETTER = 1.25
_CLEARLY_MORE = 1.25
_FORMS: tuple[Form, ...] = ("colon", "stop", "bracket", "dash", "line")


@dataclass(frozen=True, slots=True)
class Found:
    """A label of the document, or, without ``is_label``, one that may be none.

    Where it may be none, nobody knows who speaks from there on.
    """

    label: Label
    is_label: bool = True


@dataclass(slots=True)
class _Reading:
    """The candidates of one form in order, and what their sequence tells."""

    text: str
    labels: list[Label]
    counts: Counter[str] = field(default_factory=Counter)
    asking: list[bool] = field(default_factory=list)
    pairs: set[int] = field(default_factory=set)
    answering: Counter[str] = field(default_factory=Counter)
    sentences: list[bool] = field(default_factory=list)
    between: set[int] = field(default_factory=set)
    has_asides: bool = False
    talking: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.counts = Counter(label.name.key for label in self.labels)
        ends = ends_of(self.labels, self.text)
        self.asking = [
            asks(self.text, label, end) for label, end in zip(self.labels, ends, strict=True)
        ]
        pairs = [i for i in range(len(self.labels) - 1) if self._is_pair(i)]
        self.answering = Counter(self.labels[i + 1].name.key for i in pairs)
        self.pairs = {i for i in pairs if self._is_sure(i)}
        self.sentences = [
            _is_sentence(self.text, label.span.end, end)
            for label, end in zip(self.labels, ends, strict=True)
        ]
        self.between = {i for i in range(len(self.labels)) if self._is_between(i)}
        self.talking = self._talking()
        asides = sum(self._ends_in_brackets(label) for label in self.labels)
        self.has_asides = asides >= len(self.labels) * _LEAST_IN_BRACKETS

    def _ends_in_brackets(self, label: Label) -> bool:
        return self.text[label.span.start : label.span.end].rstrip(" \t\n:*_")[-1:] == ")"

    def is_alike(self, label: Label) -> bool:
        """Return whether a name has brackets behind it, as most have here ("Lord Tarn (Con)")."""
        return self.has_asides and label.name.is_person and self._ends_in_brackets(label)

    def _is_pair(self, i: int) -> bool:
        asker, answerer = self.labels[i].name, self.labels[i + 1].name
        return (
            asker.key != answerer.key
            and self.asking[i]
            and asker.kind != "answerer"
            and answerer.kind != "asker"
            and (answerer.has_office or not (self.asking[i + 1] and self.counts[answerer.key] == 1))
        )

    def _is_sure(self, i: int) -> bool:
        """Return whether a label itself asks or answers, or whoever answers here answers again."""
        asker, answerer = self.labels[i].name, self.labels[i + 1].name
        is_told = asker.kind == "asker" or self.labels[i].puts or answerer.has_office
        return is_told or self.answering[answerer.key] > 1

    def _is_between(self, i: int) -> bool:
        """Tell if a label stands between two of one other speaker, or first before who answers.

        Without it, that speaker would take turns with nobody.
        """
        following = self.labels[i + 1].name.key if i + 1 < len(self.labels) else None
        before = self.labels[i - 1].name.key if i else following
        if following is None or before != following or not self.labels[i].name.is_strong:
            return False
        is_begun = i > 0 or (following in self.answering and self.sentences[0])
        return is_begun and following != self.labels[i].name.key

    def _talking(self) -> set[str]:
        """The speakers who say a sentence, and take part in an exchange or have a full name.

        The entries of a list recur too; "Remember: ..." recurs within the words of others.
        """
        places = {*self.pairs, *(i + 1 for i in self.pairs), *self.between}
        part_taking = {self.labels[i].name.key for i in places}
        return {
            label.name.key
            for label, is_sentence in zip(self.labels, self.sentences, strict=True)
            if label.is_timed
            or (is_sentence and (label.name.is_person or label.name.key in part_taking))
        }

    def is_supported(self, i: int) -> bool:
        """Tell if a label recurs, stands in an exchange, or between two of one other speaker."""
        name = self.labels[i].name
        is_talking = name.key in self.talking
        return (
            name.kind is not None
            or self.labels[i].is_timed
            or self.labels[i].puts
            or i in self.pairs
            or (i - 1) in self.pairs
            or (is_talking and self.counts[name.key] > 1)
            or (i in self.between and (is_talking or name.is_person))
        )

    @property
    def supported_share(self) -> float:
        """The share of labels that recur or stand in an exchange; of strong ones only."""
        strong = [i for i, label in enumerate(self.labels) if label.name.is_strong]
        return sum(map(self.is_supported, strong)) / len(strong) if strong else 0.0


def ends_of(labels: Sequence[Label], text: str) -> list[int]:
    """Where the turn of every label ends: before the next label, or at the text's end."""
    return [*(label.span.start for label in labels[1:]), len(text)] if labels else []


def asks(text: str, label: Label, end: int) -> bool:
    """Tell if the turn of a label asks: by its label, or with a question mark near its end."""
    if label.name.kind == "asker" or label.puts or text.startswith("To ask ", label.span.end):
        return True
    return has_question(text, max(label.span.end, end - _END_CHARS), end)


def has_question(text: str, start: int, end: int) -> bool:
    """Return whether a stretch of text holds the mark of a question, in any script."""
    if any(text.find(mark, start, end) >= 0 for mark in _QUESTION_MARKS):
        return True
    is_other = text.find("か", start, end) >= 0 or text.find(";", start, end) >= 0
    return is_other and bool(_ASKS.search(text[start:end].rstrip()))


def found_labels(text: str) -> list[Found]:
    """The labels of a document in order; none where the evidence is thin."""
    known = _without_entries(text, candidates(text))
    live = _live(text, known)
    found = {one.label.span.start: one for form in live for one in _accepted(live[form], form)}
    recurring = Counter(one.label.name.key for one in found.values() if one.is_label)
    for label in known:
        # The same speakers in another form ("CHAIR FOX:" once among many "CHAIR FOX.").
        is_known = label.starts_paragraph and recurring[label.name.key] > 1
        if is_known and (label.form not in _RISKY or label.name.kind == "asker"):
            found.setdefault(label.span.start, Found(label))
        elif recurring[label.name.key] > 1 and label.form == "line" and label.name.speaker:
            found.setdefault(label.span.start, Found(label, is_label=False))
    for doubted in look_alikes(text, [one.label for one in found.values() if one.is_label]):
        found.setdefault(doubted.span.start, Found(doubted, is_label=bool(doubted.name.speaker)))
    spans = sorted(one.label.span for one in found.values())
    for label, is_label in cut_ins(text, spans, recurring) if found else ():
        found.setdefault(label.span.start, Found(label, is_label=is_label))
    return [found[start] for start in sorted(found)]


def _without_entries(text: str, known: Sequence[Label]) -> list[Label]:
    """The candidates without those that only head entries of lists ("Lamps: 40 crowns.")."""
    short = [_is_entry(text, label) for label in known]
    told = {label.name.key for label, is_short in zip(known, short, strict=True) if not is_short}
    alone = {
        label.name.key for i, label in enumerate(known) if short[i] and not _is_beside(short, i)
    }
    return [label for label in known if label.name.key in told | alone]


def _is_beside(short: Sequence[bool], i: int) -> bool:
    """Return whether an entry stands next to another."""
    return (i > 0 and short[i - 1]) or any(short[i + 1 : i + 2])


def _is_entry(text: str, label: Label) -> bool:
    """Tell if a few words that do not ask stand behind what names neither part nor person."""
    name = label.name
    if name.kind or name.is_person or name.has_office or label.is_timed or label.form != "colon":
        return False
    end = text.find("\n", label.span.end)
    said = text[label.span.end : len(text) if end < 0 else end]
    return len(said.split(None, _ENTRY_WORDS)) <= _ENTRY_WORDS and not has_question(
        said, 0, len(said)
    )


def _live(text: str, known: Sequence[Label]) -> dict[Form, _Reading]:
    """The forms whose candidates make a conversation."""
    live: dict[Form, _Reading] = {}
    for form in _FORMS:
        labels = [label for label in known if _belongs(label, form)]
        reading = _best(text, labels, form)
        if reading and _is_in_capitals(reading):
            reading = _best(text, [label for label in labels if _may_be_in_capitals(label)], form)
        if reading:
            live[form] = reading
    certain = max((len(live[form].pairs) for form in live if form not in _RISKY), default=0)
    return {
        form: reading
        for form, reading in live.items()
        if form not in _RISKY or len(reading.pairs) > certain * _CLEARLY_MORE
    }


def _is_in_capitals(reading: _Reading) -> bool:
    return are_in_capitals(
        [
            label
            for i, label in enumerate(reading.labels)
            if reading.counts[label.name.key] > 1 and reading.is_supported(i)
        ]
    )


def _may_be_in_capitals(label: Label) -> bool:
    """Return whether a label may be one among those in capitals ("MR. TARN", "Question")."""
    name = label.name.speaker
    return bool(label.name.kind) or not name or name.split()[-1].isupper() or in_capitals(name)


def _belongs(label: Label, form: Form) -> bool:
    """Return whether a candidate is of a form; askers without a name go with every certain one."""
    is_plain_asker = label.name.kind == "asker" and label.form in ("colon", "stop", "space", "dash")
    return label.form == form or (form not in _RISKY and is_plain_asker)


def _best(text: str, labels: list[Label], form: Form) -> _Reading | None:
    """The reading of a form's candidates that makes a conversation; None where none does."""
    at_paragraphs = [label for label in labels if label.starts_paragraph]
    by_paragraph = _Reading(text, at_paragraphs)
    by_line = _Reading(text, labels)
    if len(by_line.pairs) > len(by_paragraph.pairs) * _LINES_ARE_BETTER and _is_conversation(
        by_line, form
    ):
        return by_line
    if not _is_conversation(by_paragraph, form):
        return by_line if _is_conversation(by_line, form) else None
    begins = by_paragraph.counts
    return _Reading(
        text,
        [
            label
            for label in labels
            if label.starts_paragraph
            or label.is_timed
            or begins[label.name.key] > 1
            or _is_sure_in_line(text, label)
        ],
    )


def _is_sure_in_line(text: str, label: Label) -> bool:
    """Tell if a line that begins no paragraph names somebody behind the end of a sentence."""
    return (
        label.form == "colon"
        and label.name.is_strong
        and label.name.is_person
        and bool(_ENDS_SENTENCE.search(text[max(0, label.span.start - 20) : label.span.start]))
    )


def _is_conversation(reading: _Reading, form: Form) -> bool:
    if form in _RISKY and reading.supported_share < _LEAST_SUPPORTED:
        return False
    pairs = len(reading.pairs) + sum(reading.labels[i].puts for i in reading.pairs)
    # A paper of questions holds no replies; nobody tells a story with "to ask the Minister:".
    formal = sum(" to ask " in label.span.of(reading.text) for label in reading.labels)
    return (
        max(pairs, formal) >= _LEAST_PAIRS[form]
        or (bool(pairs) and _has_hub(reading))
        or _is_discussion(reading, form)
    )


def _has_hub(reading: _Reading) -> bool:
    """Tell if several speakers take turns with one, though they seldom use a question mark."""
    hubs = Counter(reading.labels[i + 1].name.key for i in reading.between)
    hub = max(hubs, key=lambda key: hubs[key], default=None)
    others = {
        reading.labels[i].name.key
        for i in reading.between
        if reading.labels[i + 1].name.key == hub and reading.labels[i].name.key in reading.talking
    }
    return len(others) > 1 and hubs[hub or ""] >= _LEAST_TURNS


def _is_discussion(reading: _Reading, form: Form) -> bool:
    """Return whether persons speak in turns, in sentences, though nobody asks."""
    own = [label for label in reading.labels if label.form == form]
    if len(own) < _LEAST_TURNS:
        return False
    if all(label.is_timed for label in own):
        return sum(reading.sentences) >= len(reading.sentences) * _LEAST_SENTENCES
    keys = [label.name.key for label in own]
    persons = [label for label in own if label.name.is_person]
    alternating = sum(one != other for one, other in itertools.pairwise(keys))
    return (
        form in ("colon", "bracket", "stop")
        and len(persons) >= len(own) * _TRUSTED
        and len(set(keys)) > 1
        and max(reading.counts[key] for key in keys) > 1
        and alternating * 2 >= len(own)
        and sum(reading.sentences) >= len(reading.sentences) * _LEAST_SENTENCES
    )


def _is_sentence(text: str, start: int, end: int) -> bool:
    line_end = text.find("\n", start, end)
    said = text[start : end if line_end < 0 else line_end].strip()
    if (
        _ENDS_SENTENCE.search(said[-20:])
        or len(said.split(None, _SENTENCE_WORDS)) > _SENTENCE_WORDS
    ):
        return True
    return bool(_SENTENCE_WITHIN.search(said)) or (said.startswith("(") and is_note(said))


def _accepted(reading: _Reading, form: Form) -> list[Found]:
    """The labels of a reading; those doubted, marked; without those that surely are none."""
    found = []
    for i, label in enumerate(reading.labels):
        if reading.is_supported(i) or not _is_none(reading, i):
            is_label = reading.is_supported(i) or _is_believed(reading, label, form)
            if is_label or _may_be_label(reading, i, form):
                found.append(Found(label, is_label=is_label))
    return found


def _is_none(reading: _Reading, i: int) -> bool:
    """Return whether a candidate without support is an entry of a list, or the document's title."""
    label = reading.labels[i]
    if reading.counts[label.name.key] > 1 and not reading.sentences[i]:
        return True
    return not i and _is_title(reading, label, _next(reading, i))


def _is_believed(reading: _Reading, label: Label, form: Form) -> bool:
    """Tell if a candidate without support is a label by its words, or by being as others are."""
    name = label.name
    if name.has_office or name.has_honorific or name.has_outlet or reading.is_alike(label):
        return True
    # Capitals before a full stop are rarely anything but a name.
    is_trusted = form == "stop" and reading.supported_share >= _TRUSTED
    is_trusted = is_trusted or not reading.pairs
    return name.is_strong and form not in _RISKY and name.is_person and is_trusted


def _may_be_label(reading: _Reading, i: int, form: Form) -> bool:
    """Return whether nobody knows who speaks behind a candidate."""
    label = reading.labels[i]
    if not label.name.is_strong:
        return False
    if form in _RISKY:
        return label.name.is_person
    return _is_sentence(reading.text, label.span.end, _next(reading, i))


def _is_title(reading: _Reading, label: Label, end: int) -> bool:
    """Tell if a label begins the document and heads no sentence ("Ministry of Ports: ...")."""
    line_end = reading.text.find("\n", label.span.end, end)
    said = reading.text[label.span.end : end if line_end < 0 else line_end]
    is_on_top = not reading.text[: label.span.start].strip()
    return is_on_top and not _ENDS_SENTENCE.search(said[-20:])


def _next(reading: _Reading, i: int) -> int:
    """Where the candidate after the i-th begins."""
    following: Sequence[Label] = reading.labels[i + 1 : i + 2]
    return following[0].span.start if following else len(reading.text)
