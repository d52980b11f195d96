"""Question time in a Chinese council's record, by the headings of its sittings."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

from qa.records import Span
from qa.sources.layouts.labels import Label
from qa.sources.layouts.names import Name
from qa.sources.layouts.roles import Part

__all__ = ["in_council", "question_times"]

# Question time in a council's record: from a heading like this one to the next of another matter.
_HEADING = re.compile(
    r"^[ \t]*(?:(?P<questions>(?:議員)?質詢的(?:口頭|書面)答覆)"
    r"|(?:政府|議員)?(?:法案|議案|聲明))[ \t]*$",
    re.MULTILINE,
)
_QUESTIONS = "質詢的"
_CHAIR = frozenset({"主席", "秘書"})
_MEMBER = "議員"
_LABEL = re.compile(
    r"^[ \t]*(?P<label>(?:\d{1,3}\.[ \t]*)?"
    r"(?P<name>(?!出席|缺席|列席)[\u3400-\u9fff\ue000-\ufaff]{0,16}"
    r"(?P<office>議員|主席|局長|司長|署長|專員|長官|秘書))"
    r"[ \t]*(?:[(（][ \t]*譯文[ \t]*[)）][ \t]*)?：[ \t]*(?=\S))",
    re.MULTILINE,
)


def question_times(text: str) -> list[Span]:
    """Return the stretches in which a council's members put questions."""
    if _QUESTIONS not in text:
        return []
    stretches: list[Span] = []
    start = None
    for heading in _HEADING.finditer(text):
        if heading["questions"]:
            start = heading.end() if start is None else start
        elif start is not None:
            stretches.append(Span(start, heading.start()))
            start = None
    if start is not None and start < len(text):
        stretches.append(Span(start, len(text)))
    return stretches


def in_council(text: str, sittings: Sequence[Span]) -> Iterator[tuple[Label, Part]]:
    """Yield every label with its speaker's part.

    In question time members ask, others answer, and the chair leads; the rest are speeches. The
    record's pages end within paragraphs, so that a label is looked for in every line.
    """
    begins = [sitting.start for sitting in sittings]
    for match in _LABEL.finditer(text):
        start = match.start("label")
        last = bisect.bisect_right(begins, start) - 1
        is_question_time = last >= 0 and start < sittings[last].end
        part: Part = "leads"
        if is_question_time and match["office"] not in _CHAIR:
            part = "asks" if match["office"] in _MEMBER else "answers"
        name = Name(match["name"], match["name"])
        yield Label(Span(start, match.end()), name, "colon", starts_paragraph=True), part
