"""Lines written like a document's labels that are not certain to be labels.

From such a line on nobody knows who speaks: the turn above it must end there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from qa.records import Span
from qa.sources.layouts.label_words import has_honorific, is_connector
from qa.sources.layouts.labels import Form, Label, line_starts
from qa.sources.layouts.names import Name, name_of

__all__ = ["are_in_capitals", "in_capitals", "is_garbled", "look_alikes"]

# If so many of a document's names are in capitals, one in small letters is no name.
_NEARLY_ALL = 0.9
_LEAST_NAMES = 3
# The longest office behind a name ("NAME, DIRECTOR GENERAL OF ...").
_HEAD_CHARS = 200
_LEAST_LETTERS = 2
_SEPARATOR: dict[Form, re.Pattern[str]] = {
    "colon": re.compile(r"[:：](?=\s)"),
    "stop": re.compile(r"(?<=[^\W\d_]{3})\.(?=\s)"),
    "dash": re.compile(r"\s*[—–](?=\s)|\s--?(?=\s)"),
    "line": re.compile(r"[ \t]*(?=\n)"),
}
_NAME_WITH_MORE = re.compile(
    r"(?:\A|\n[ \t]*\n)[ \t]*(?P<label>[^\W\d_a-z][\w'’-]{1,30}"
    r"(?:[ ][^\W\d_a-z][\w'’-]{1,30}){1,3},[ ][^\n:.?!]{2,60}:\s+)(?=\S)"
)
_NOT_SPACE = re.compile(r"\S")
_ASIDES = re.compile(r"\([^()\n]*\)|\[[^\[\]\n]*\]")
_WORDS = re.compile(r"[^\W\d_][\w'’.-]*")
_MIXED = ("Mc", "Mac", "O'", "O’", "D'", "D’", "De", "Di", "Van", "La")
# Letters with digits, strokes, or capitals amid small ones between them, as misread scans have
# them. Of 50 scanned interviews, one had 16 in 1,000 words, all others fewer than 4.
_MISREAD = re.compile(r"\d+[a-z]|[~*^\\]+ ?[a-z]|[A-Z]{2,}[a-z]")
_MISREAD_SHARE = 0.01
_LEAST_MISREAD = 10
_SAMPLE_CHARS = 10_000
_NOBODY = Name(None, "", is_strong=False)


def in_capitals(name: str) -> bool:
    """Return whether a name is written in capitals, forms of address and joining words aside."""
    words = [
        word
        for word in _WORDS.findall(_ASIDES.sub("", name))
        if not is_connector(word) and (word.isupper() or not has_honorific(word))
    ]
    return sum(map(len, words)) >= _LEAST_LETTERS and all(
        word.isupper() or (word.startswith(_MIXED) and word[-1].isupper()) for word in words
    )


def are_in_capitals(labels: Sequence[Label]) -> bool:
    """Return whether nearly all named labels are in capitals."""
    names = [label.name.speaker for label in labels if label.name.speaker and not label.name.kind]
    return len(names) >= _LEAST_NAMES and (sum(map(in_capitals, names)) >= len(names) * _NEARLY_ALL)


def is_garbled(text: str) -> bool:
    """Return whether a text is a scan misread so often that its labels are not to be relied on."""
    sample = text[:_SAMPLE_CHARS]
    misread = sum(
        sample[match.start() - 1 : match.start()].isalpha() for match in _MISREAD.finditer(sample)
    )
    return misread >= _LEAST_MISREAD and misread >= len(sample.split()) * _MISREAD_SHARE


def look_alikes(text: str, labels: Sequence[Label]) -> Iterator[Label]:
    """Yield the lines that end as a document's labels do and begin as these.

    In a document whose labels are in capitals, those in capitals; where one does not name an
    office and its holder, it is not certain. In others, those with a full name and more.
    """
    forms = Counter(label.form for label in labels if label.name.speaker)
    form: Form = forms.most_common(1)[0][0] if forms else "line"
    if not are_in_capitals(labels):
        yield from _with_more(text) if form == "colon" else ()
        return
    separator = _SEPARATOR.get(form)
    if not separator:
        return
    by_lines = sum(not label.starts_paragraph for label in labels) * 2 > len(labels)
    taken = {label.span.start for label in labels}
    for start, starts_paragraph in line_starts(text):
        if start in taken or not (starts_paragraph or by_lines):
            continue
        end = text.find("\n", start, start + _HEAD_CHARS)
        limit = start + _HEAD_CHARS if end < 0 else end + 1
        mark = separator.search(text, start, limit)
        head = text[start : mark.start()] if mark else ""
        if mark and _is_head(head, form):
            words = _NOT_SPACE.search(text, mark.end())
            span = Span(start, words.start() if words else mark.end())
            holder = _holder(head)
            yield Label(span, holder or _NOBODY, form, starts_paragraph, is_certain=bool(holder))


def _with_more(text: str) -> Iterator[Label]:
    """Yield paragraphs that begin with a full name and a few words ("Piet Aldo, miller: ...")."""
    for match in _NAME_WITH_MORE.finditer(text):
        span = Span(match.start("label"), match.end())
        yield Label(span, _NOBODY, "colon", starts_paragraph=True, is_certain=False)


def _holder(head: str) -> Name | None:
    """Return the name before a comma and an office ("ILSE TARN, MINISTER OF PORTS")."""
    name = name_of(head)
    return name if name and "," in head and name.is_person and name.has_office else None


def _is_head(head: str, form: Form) -> bool:
    if not in_capitals(head) or head[:1] in '([“"':
        return False
    return form != "stop" or " " in head
