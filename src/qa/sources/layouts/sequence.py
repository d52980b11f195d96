"""Candidates of one form in order, and the support that their order gives to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from qa.sources.layouts.labels import Label
from qa.sources.layouts.speech import asks, ends_of, is_sentence

__all__ = ["LabelSequence"]

# If so many labels end in brackets, one more that does is accepted.
_LEAST_IN_BRACKETS = 0.6


class LabelSequence:
    """Candidates of one form in order.

    By their places: ``pairs`` are those that ask and are answered, ``between`` those that stand
    between two of one other speaker, ``sentences`` tells which head a sentence, ``ends`` where
    their turns end. By the keys of their names: ``counts``, and those ``talking``.
    """

    def __init__(self, text: str, labels: Sequence[Label]) -> None:
        self.text = text
        self.labels = labels
        self.ends = ends_of(labels, text)
        self.counts = Counter(label.name.key for label in labels)
        ended = list(zip(labels, self.ends, strict=True))
        self._asking = [asks(text, label, end) for label, end in ended]
        pairs = [i for i in range(len(labels) - 1) if self._is_pair(i)]
        self._answering = Counter(labels[i + 1].name.key for i in pairs)
        self.pairs = {i for i in pairs if self._is_sure(i)}
        self.sentences = [is_sentence(text, label.span.end, end) for label, end in ended]
        self.between = {i for i in range(len(labels)) if self._is_between(i)}
        self.talking = self._talking()
        in_brackets = sum(map(self._ends_in_brackets, labels))
        self._has_brackets = in_brackets >= len(labels) * _LEAST_IN_BRACKETS

    @property
    def supported_share(self) -> float:
        """The share of labels that recur or stand in an exchange; of strong ones only."""
        strong = [i for i, label in enumerate(self.labels) if label.name.is_strong]
        return sum(map(self.is_supported, strong)) / len(strong) if strong else 0.0

    def is_supported(self, i: int) -> bool:
        """Return whether a label recurs, stands in an exchange, or between two of another."""
        label = self.labels[i]
        is_talking = label.name.key in self.talking
        return (
            label.name.kind is not None
            or label.is_timed
            or label.puts
            or i in self.pairs
            or (i - 1) in self.pairs
            or (is_talking and self.counts[label.name.key] > 1)
            or (i in self.between and (is_talking or label.name.is_person))
        )

    def recurring_labels(self) -> list[Label]:
        """Return the supported labels of those who speak more than once."""
        return [
            label
            for i, label in enumerate(self.labels)
            if self.counts[label.name.key] > 1 and self.is_supported(i)
        ]

    def is_alike(self, label: Label) -> bool:
        """Return whether a name has brackets behind it, as most have here ("Lord Tarn (Con)")."""
        return self._has_brackets and label.name.is_person and self._ends_in_brackets(label)

    def _ends_in_brackets(self, label: Label) -> bool:
        return label.span.of(self.text).rstrip(" \t\n:*_")[-1:] == ")"

    def _is_pair(self, i: int) -> bool:
        asker, answerer = self.labels[i].name, self.labels[i + 1].name
        return (
            asker.key != answerer.key
            and self._asking[i]
            and asker.kind != "answerer"
            and answerer.kind != "asker"
            and (
                answerer.has_office or not (self._asking[i + 1] and self.counts[answerer.key] == 1)
            )
        )

    def _is_sure(self, i: int) -> bool:
        """Return whether a label itself asks or answers, or whoever answers does so again."""
        asker, answerer = self.labels[i], self.labels[i + 1].name
        states_part = asker.name.kind == "asker" or asker.puts or answerer.has_office
        return states_part or self._answering[answerer.key] > 1

    def _is_between(self, i: int) -> bool:
        """Return whether a label stands between two of one other speaker, or before an answer.

        Without it, that speaker would take turns with nobody.
        """
        if i + 1 == len(self.labels):
            return False
        name, following = self.labels[i].name, self.labels[i + 1].name.key
        before = self.labels[i - 1].name.key if i else following
        is_begun = i > 0 or (following in self._answering and self.sentences[0])
        return before == following != name.key and name.is_strong and is_begun

    def _talking(self) -> set[str]:
        """Return the speakers who say a sentence, and take part in an exchange or have a full name.

        The entries of a list recur too; "Remember: ..." recurs within the words of others.
        """
        places = {*self.pairs, *(i + 1 for i in self.pairs), *self.between}
        part_taking = {self.labels[i].name.key for i in places}
        return {
            label.name.key
            for label, heads_sentence in zip(self.labels, self.sentences, strict=True)
            if label.is_timed
            or (heads_sentence and (label.name.is_person or label.name.key in part_taking))
        }
