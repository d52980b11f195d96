"""Logs of many days: transcripts, and reports of an editor, one after the other.

In a log, an editor's report stands between the turns of different occasions, without a label.
Nobody said it, though it stands below somebody's words.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.sources.layouts.headings import days, paragraphs
from qa.sources.layouts.label_words import alternatives
from qa.sources.layouts.labels import Label

__all__ = ["Log"]

# "Deputy Minister of Ports Ann Bell met ...": a name, and a verb that reports an act. A speaker
# may begin so too; then nobody is named for the rest, which is the lesser harm.
_REPORT = re.compile(
    rf"[A-Z][\w.’'-]*(?:,[^,\n]{{1,80}},)?[ ](?:[a-z]+ly[ ])?{alternatives('acts')}\b"
)
_REPORT_WITHIN = 200
_INTRODUCTION_CHARS = 600
_NAME_CHARS = 3
# Whoever speaks next is named above; so is who answers the first question.
_NEXT_LABELS = 2


@dataclass(frozen=True, slots=True)
class Log:
    """A document of many days: their beginnings, and the labels of those who speak on them."""

    days: tuple[int, ...]
    labels: tuple[Label, ...]
    acts: re.Pattern[str]

    @classmethod
    def of(cls, text: str, labels: Sequence[Label]) -> Log | None:
        """Return the log that a document is; None where it has too few days."""
        begins = days(text)
        if not begins:
            return None
        speakers = {label.name.speaker or "" for label in labels}
        names = sorted((re.escape(name) for name in speakers if " " in name), reverse=True)
        # "Ilse Tarn spoke with the mayor": a name and a word in small letters.
        acts = re.compile(rf"(?:{'|'.join(names) or '(?!)'})[ ][a-z]")
        return cls(tuple(begins), tuple(labels), acts)

    def close(self, text: str, number: int, start: int, end: int) -> int:
        """Return the end of a label's words: before the next day, or an editor's report.

        ``number`` is the label's among all; its words and what follows go from ``start`` to
        ``end``.
        """
        following = bisect.bisect_right(self.days, start)
        if following < len(self.days):
            end = min(end, self.days[following])
        blocks = list(paragraphs(text, start, end))[1:]
        for begins, ends in blocks:
            is_last = (begins, ends) == blocks[-1]
            is_report = self.acts.match(text, begins, ends) or _REPORT.search(
                text, begins, min(ends, begins + _REPORT_WITHIN)
            )
            if is_report or (is_last and self._introduces(text[begins:ends], number)):
                return begins
        return end

    def _introduces(self, paragraph: str, number: int) -> bool:
        """Return whether a paragraph introduces whoever speaks next."""
        if len(paragraph) > _INTRODUCTION_CHARS:
            return False
        words = paragraph.lower()
        upcoming = self.labels[number + 1 : number + 1 + _NEXT_LABELS]
        names = [label.name.key.split()[-1] for label in upcoming if label.name.speaker]
        return any(len(name) >= _NAME_CHARS and name in words for name in names)
