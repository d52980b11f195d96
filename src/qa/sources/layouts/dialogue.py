"""Labels of a document: candidates that recur, alternate, and have questions answered.

Every form of label (a colon, brackets, a line of its own ...) is tried by itself, at the
beginnings of paragraphs and at those of all lines; a form counts where its labels make a
conversation. Names decide nothing here, so that other names give the same turns.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from qa.sources.layouts.cut_ins import cut_ins
from qa.sources.layouts.doubts import are_in_capitals, in_capitals, look_alikes
from qa.sources.layouts.labels import Form, Label, candidates
from qa.sources.layouts.sequence import LabelSequence
from qa.sources.layouts.speech import ends_sentence, first_line, has_question, is_sentence

__all__ = ["accepted_labels"]

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
# If nearly every label has such support, one more that looks alike is accepted without it.
_TRUSTED = 0.9
_LEAST_TURNS = 3
_LEAST_SENTENCES = 0.8
# Entries of lists have so many words, and stand beside others.
_ENTRY_WORDS = 3
# Lines count as paragraphs do where they make so many times more exchanges.
_LINES_ARE_BETTER = 1.25
_CLEARLY_MORE = 1.25


def accepted_labels(text: str) -> list[Label]:
    """Return the labels of a document in order; none where the evidence is thin.

    Those that are not certain may be no labels: nobody knows who speaks from there on.
    """
    known = _without_entries(text, candidates(text))
    accepted: dict[int, Label] = {}
    for form, sequence in _conversations(text, known).items():
        accepted |= {label.span.start: label for label in _accepted(sequence, form)}
    recurring = Counter(label.name.key for label in accepted.values() if label.is_certain)
    for label in known:
        if recurring[label.name.key] <= 1:
            continue
        # The same speakers in another form ("CHAIR FOX:" once among many "CHAIR FOX.").
        is_asker = label.name.kind == "asker"
        if label.starts_paragraph and (label.form not in _RISKY or is_asker):
            accepted.setdefault(label.span.start, label)
        elif label.form == "line" and label.name.speaker:
            accepted.setdefault(label.span.start, replace(label, is_certain=False))
    for label in look_alikes(text, [label for label in accepted.values() if label.is_certain]):
        accepted.setdefault(label.span.start, label)
    if accepted:
        for label in cut_ins(text, sorted(label.span for label in accepted.values()), recurring):
            accepted.setdefault(label.span.start, label)
    return [accepted[start] for start in sorted(accepted)]


def _without_entries(text: str, known: Sequence[Label]) -> list[Label]:
    """Return the candidates without those that head entries of lists ("Lamps: 40 crowns.")."""
    short = [_is_entry(text, label) for label in known]
    # One that stands next to no other is no entry.
    kept = {
        label.name.key
        for i, label in enumerate(known)
        if not (short[i] and any([*short[max(0, i - 1) : i], *short[i + 1 : i + 2]]))
    }
    return [label for label in known if label.name.key in kept]


def _is_entry(text: str, label: Label) -> bool:
    """Return whether few words that do not ask follow what names neither part nor person."""
    name = label.name
    if name.kind or name.is_person or name.has_office or label.is_timed or label.form != "colon":
        return False
    words = first_line(text, label.span.end, len(text))
    return len(words.split(None, _ENTRY_WORDS)) <= _ENTRY_WORDS and not has_question(
        words, 0, len(words)
    )


def _conversations(text: str, known: Sequence[Label]) -> dict[Form, LabelSequence]:
    """Return the forms whose candidates make a conversation, with these candidates."""
    conversations: dict[Form, LabelSequence] = {}
    for form in _LEAST_PAIRS:
        labels = [label for label in known if _belongs(label, form)]
        sequence = _conversation(text, labels, form)
        if sequence and are_in_capitals(sequence.recurring_labels()):
            labels = [label for label in labels if _may_be_in_capitals(label)]
            sequence = _conversation(text, labels, form)
        if sequence:
            conversations[form] = sequence
    certain = max(
        (len(conversations[form].pairs) for form in conversations if form not in _RISKY), default=0
    )
    return {
        form: sequence
        for form, sequence in conversations.items()
        if form not in _RISKY or len(sequence.pairs) > certain * _CLEARLY_MORE
    }


def _may_be_in_capitals(label: Label) -> bool:
    """Return whether a label may be one among those in capitals ("MR. TARN", "Question")."""
    name = label.name.speaker
    return bool(label.name.kind) or not name or name.split()[-1].isupper() or in_capitals(name)


def _belongs(label: Label, form: Form) -> bool:
    """Return whether a candidate is of a form; askers without a name go with every certain one."""
    is_plain_asker = label.name.kind == "asker" and label.form in ("colon", "stop", "space", "dash")
    return label.form == form or (form not in _RISKY and is_plain_asker)


def _conversation(text: str, labels: list[Label], form: Form) -> LabelSequence | None:
    """Return those of a form's candidates that make a conversation; None where none do."""
    by_line = LabelSequence(text, labels)
    if all(label.starts_paragraph for label in labels):
        return by_line if _is_conversation(by_line, form) else None
    by_paragraph = LabelSequence(text, [label for label in labels if label.starts_paragraph])
    has_more_pairs = len(by_line.pairs) > len(by_paragraph.pairs) * _LINES_ARE_BETTER
    if has_more_pairs and _is_conversation(by_line, form):
        return by_line
    if not _is_conversation(by_paragraph, form):
        return by_line if _is_conversation(by_line, form) else None
    return LabelSequence(
        text,
        [
            label
            for label in labels
            if label.starts_paragraph
            or label.is_timed
            or by_paragraph.counts[label.name.key] > 1
            or _is_sure_in_line(text, label)
        ],
    )


def _is_sure_in_line(text: str, label: Label) -> bool:
    """Return whether a line that begins no paragraph names somebody behind a sentence's end."""
    return (
        label.form == "colon"
        and label.name.is_strong
        and label.name.is_person
        and ends_sentence(text, label.span.start)
    )


def _is_conversation(sequence: LabelSequence, form: Form) -> bool:
    if form in _RISKY and sequence.supported_share < _LEAST_SUPPORTED:
        return False
    pairs = len(sequence.pairs) + sum(sequence.labels[i].puts for i in sequence.pairs)
    # A paper of questions holds no replies; nobody tells a story with "to ask the Minister:".
    formal = sum(" to ask " in label.span.of(sequence.text) for label in sequence.labels)
    return (
        max(pairs, formal) >= _LEAST_PAIRS[form]
        or (bool(pairs) and _has_hub(sequence))
        or _is_discussion(sequence, form)
    )


def _has_hub(sequence: LabelSequence) -> bool:
    """Return whether several speakers take turns with one, though with few question marks."""
    hubs = Counter(sequence.labels[i + 1].name.key for i in sequence.between)
    hub = max(hubs, key=lambda key: hubs[key], default="")
    others = {
        sequence.labels[i].name.key
        for i in sequence.between
        if sequence.labels[i + 1].name.key == hub
    }
    return len(others & sequence.talking) > 1 and hubs[hub] >= _LEAST_TURNS


def _is_discussion(sequence: LabelSequence, form: Form) -> bool:
    """Return whether persons speak in turns, in sentences, though nobody asks."""
    labels = [label for label in sequence.labels if label.form == form]
    are_sentences = sum(sequence.sentences) >= len(sequence.sentences) * _LEAST_SENTENCES
    if len(labels) < _LEAST_TURNS or not are_sentences:
        return False
    if all(label.is_timed for label in labels):
        return True
    keys = [label.name.key for label in labels]
    alternating = sum(key != following for key, following in itertools.pairwise(keys))
    return (
        form not in _RISKY
        and sum(label.name.is_person for label in labels) >= len(labels) * _TRUSTED
        and len(set(keys)) > 1
        and max(sequence.counts[key] for key in keys) > 1
        and alternating * 2 >= len(labels)
    )


def _accepted(sequence: LabelSequence, form: Form) -> list[Label]:
    """Return the labels of a sequence, without those that surely are none."""
    accepted = []
    for i, label in enumerate(sequence.labels):
        if sequence.is_supported(i):
            accepted.append(label)
        elif not _is_entry_or_title(sequence, i):
            if _is_believed(sequence, label, form):
                accepted.append(label)
            elif _may_be_label(sequence, i, form):
                accepted.append(replace(label, is_certain=False))
    return accepted


def _is_entry_or_title(sequence: LabelSequence, i: int) -> bool:
    """Return whether a candidate heads entries of a list or the document, and no sentence."""
    label = sequence.labels[i]
    if sequence.counts[label.name.key] > 1 and not sequence.sentences[i]:
        return True
    is_on_top = not i and not sequence.text[: label.span.start].strip()
    line = first_line(sequence.text, label.span.end, sequence.ends[i])
    return is_on_top and not ends_sentence(line, len(line))


def _is_believed(sequence: LabelSequence, label: Label, form: Form) -> bool:
    """Return whether a candidate is a label by its words, or by being as others are."""
    name = label.name
    if name.has_office or name.has_honorific or name.has_outlet or sequence.is_alike(label):
        return True
    # Capitals before a full stop are rarely anything but a name.
    is_trusted = form == "stop" and sequence.supported_share >= _TRUSTED
    is_trusted = is_trusted or not sequence.pairs
    return name.is_strong and form not in _RISKY and name.is_person and is_trusted


def _may_be_label(sequence: LabelSequence, i: int, form: Form) -> bool:
    """Return whether nobody knows who speaks behind a candidate."""
    label = sequence.labels[i]
    if not label.name.is_strong:
        return False
    if form in _RISKY:
        return label.name.is_person
    return is_sentence(sequence.text, label.span.end, sequence.ends[i])
