"""Logs of many days: what was said, told, and announced, one after the other.

In a log, what an editor tells stands between the turns of different occasions, without a label.
Nobody said it, though it stands below somebody's words.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.sources.layouts.headings import days, paragraphs
from qa.sources.layouts.labels import Label

__all__ = ["Log"]

# "Deputy Minister of Ports Ann Bell met ...": a name, and a verb that tells what somebody did. A
# speaker may begin so too; then nobody is named for the rest, which is the lesser harm.
_TELLS = re.compile(
    r"[A-Z][\w.’'-]*(?:,[^,\n]{1,80},)?[ ](?:[a-z]+ly[ ])?"
    r"(?:(?:re-?)?posted|spoke|met|held|said|stated|told|wrote|answered|announced|delivered|testified"
    r"|published|released|issued|designated|visited|hosted|attended|signed|led|called|gave)\b"
)
_TELLS_WITHIN = 200
_TELLING_CHARS = 600
_NAME_CHARS = 3
# Whoever speaks next is named above; so is who answers the first question.
_NEXT_LABELS = 2


@dataclass(frozen=True, slots=True)
class Log:
    """A document of many days: where they begin, and who speaks on them."""

    days: tuple[int, ...]
    labels: tuple[Label, ...]
    names: re.Pattern[str]

    @classmethod
    def of(cls, text: str, labels: Sequence[Label]) -> Log | None:
        """The log that a document is; None where it has fewer days."""
        begins = days(text)
        if not begins:
            return None
        names = {label.name.speaker for label in labels if " " in (label.name.speaker or "")}
        told = "|".join(sorted((re.escape(name) for name in names if name), reverse=True))
        # "Ilse Tarn spoke with the mayor": a name and a word in small letters.
        return cls(tuple(begins), tuple(labels), re.compile(rf"(?:{told or '(?!)'})[ ][a-z]"))

    def close(self, text: str, number: int, start: int, end: int) -> int:
        """Where the words of a label end: before the next day, or what the editor tells.

        ``number`` is the label's among all; its words and what follows go from ``start`` to
        ``end``.
        """
        following = bisect.bisect_right(self.days, start)
        if following < len(self.days):
            end = min(end, self.days[following])
        blocks = list(paragraphs(text, start, end))[1:]
        for begins, ends in blocks:
            is_last = (begins, ends) == blocks[-1]
            is_telling = self.names.match(text, begins, ends) or _TELLS.search(
                text, begins, min(ends, begins + _TELLS_WITHIN)
            )
            if is_telling or (is_last and self._introduces(text[begins:ends], number)):
                return begins
        return end

    def _introduces(self, paragraph: str, number: int) -> bool:
        """Return whether a paragraph tells who speaks next."""
        if len(paragraph) > _TELLING_CHARS:
            return False
        said = paragraph.lower()
        upcoming = self.labels[number + 1 : number + 1 + _NEXT_LABELS]
        names = [label.name.key.split()[-1] for label in upcoming if label.name.speaker]
        return any(len(name) >= _NAME_CHARS and name in said for name in names)
