"""Who speaks in a transcript, and in which part: who asks, who answers, who leads through it.

A turn begins with a paragraph that begins with who speaks; paragraphs without, notes such as
"(Laughter.)" among them, belong to the turn above. Where askers have no name ("Q "), whoever has
one answers. Where they have, those who hold an office answer, and those do not ask who give the
floor to the next one, or whom nobody answers.
"""

from __future__ import annotations

import bisect
import difflib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qa.corpus.paragraphs import paragraph_spans
from qa.errors import CorpusError
from qa.records import Span, Turn

__all__ = ["is_transcript", "transcript"]

_Part = Literal["asks", "answers", "leads"]

# Who speaks, at the beginning of a paragraph. An asker without a name: "Q ", "QUESTION.", "记者：".
_ASKER = re.compile(
    r"""(?:
        Q(?=\s+\S | -- | [—–(])
      | (?: Q | (?i:question | (?:unidentified\ )?(?:reporter | journaliste?)) | PRESS | MEDIA
          | INTERVIEWER ) (?:\ ?\d{1,3})? [ \t\xa0]* [.:]
      | (?:记者 | 記者 | 问 | 問 | 提问 | 提問 | 媒体 | 媒體) \d{0,3} [：:]
    )\s*""",
    re.VERBOSE,
)
_CAPITALS = r"(?:[A-Z][A-Z'’-]+|[A-Z]\b\.?|(?:Ma?c|O['’])[A-Z]+)"
_BETWEEN_NAMES = r"(?:D[aei]|[Dd]e|[Vv]an|of|OF|for|FOR|the|THE)"
_HONORIFIC = (
    r"(?:Mr|Ms|Mrs|Dr|Mme|M)\.?|(?:Prime |Vice |Deputy |Press )?(?:President|Minister|Premier|Chair"
    r"(?:man|woman)?|Secretary|Senator|Governor|Commissioner|Director|Spokesperson|Ambassador)"
)
# Anybody with a name: words in capitals ("CHAIR POWELL.", "MR. CARNEY:", "VICTORIA McGRANE."), a
# title and a name before a colon ("Prime Minister Wong:"), or a few Chinese characters before one,
# which a question's number may precede and "(译文)" follow.
_NAMED = re.compile(
    rf"(?P<name>(?:MR|MS|MRS|DR|{_CAPITALS})\.?(?:\ +(?:{_CAPITALS}|{_BETWEEN_NAMES})){{0,9}})"
    r"(?P<end>[ \t\xa0]*(?::\s*(?=[^\s/])|\.\s+(?=\S)))"
    rf"|(?P<titled>(?:{_HONORIFIC})(?:\ [A-Z][\w'’-]+){{0,4}})[ \t\xa0]*:\s+(?=\S)"
    r"|(?:\d{1,3}[.．、]\s*)?(?P<han>[\u3400-\u9fff·]{1,20})\s*(?:[(（]\s*[译譯]文\s*[)）]\s*)?"
    r"：\s*(?=\S)"
)
# Those who hold an office answer; in a transcript that names its askers, these have none.
_OFFICES = frozenset(
    """
    mr ms mrs dr mme chair chairman chairwoman chairperson president minister secretary governor
    general admiral ambassador senator official officials director commissioner spokesperson
    spokesman spokeswoman administrator chancellor premier deputy vice answer answers a
    """.split()
)
# Misspelt by a letter or two in the record ("CHAIRIMAN POWELL"), and too long to be a name.
_MISSPELT_CHARS = 7
_MISSPELT_LIKENESS = 0.87
_HONORIFICS = frozenset({"MR", "MS", "MRS", "DR"})
_LEADERS = frozenset("moderator operator host facilitator announcer".split())
_HAN_OFFICES = re.compile(
    "答|发言人|發言人|主席|部长|部長|局长|局長|司长|司長|署長|秘書長|总理|總理|先生|女士|议员|議員"
)
_HAN_ASKERS = re.compile("(?:记者|記者)$")
_HAN_LEADERS = frozenset({"主持人", "主持"})
_LEAST_QUESTIONS = 2
_LINE = re.compile(r"^[^\S\n]*(?=\S)", re.MULTILINE)
_NAME_CHARS = 3
# So many turns, two thirds of them before an asker's, are those of who leads.
_LEAST_BETWEEN = 3
# Question time in a council's record: from a heading like this one to the next of another matter.
_COUNCIL_HEADING = re.compile(
    r"^[ \t]*(?:(?P<questions>(?:議員)?質詢的(?:口頭|書面)答覆)"
    r"|(?:政府|議員)?(?:法案|議案|聲明))[ \t]*$",
    re.MULTILINE,
)
_COUNCIL_CHAIR = frozenset({"主席", "秘書"})
_COUNCIL_MEMBER = "議員"
_COUNCIL_LABEL = re.compile(
    r"^[ \t]*(?P<label>(?:\d{1,3}\.[ \t]*)?"
    r"(?P<name>(?!出席|缺席|列席)[\u3400-\u9fff\ue000-\ufaff]{0,16}"
    r"(?P<office>議員|主席|局長|司長|署長|專員|長官|秘書))"
    r"[ \t]*(?:[(（][ \t]*譯文[ \t]*[)）][ \t]*)?：[ \t]*(?=\S))",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Where a labelled paragraph begins, its label, who that names, and the speaker's part."""

    label: Span
    speaker: str | None
    part: _Part = "asks"


def is_transcript(text: str) -> bool:
    """Whether several labelled questions are each followed by a labelled answer."""
    parts = [turn.part for turn in _labelled(text)]
    pairs = itertools.pairwise(parts)
    return sum(pair == ("asks", "answers") for pair in pairs) >= _LEAST_QUESTIONS


def transcript(text: str) -> tuple[Turn, ...]:
    """A turn per labelled paragraph, with the paragraphs below it; first what has no label.

    Raises:
        CorpusError: nobody asks.
    """
    labelled = _labelled(text)
    if not any(turn.part == "asks" for turn in labelled):
        raise CorpusError(
            'Layout transcript needs paragraphs that begin with who speaks, as in "Q " or '
            '"MR. CARNEY:": correct the text or set "layout: statement".'
        )
    starts = [turn.label.start for turn in labelled]
    ends = [*starts[1:], len(text)]
    found = [Turn("statement", Span(0, starts[0]))] if starts[0] else []
    asked: Span | None = None
    for turn, start, end in zip(labelled, starts, ends, strict=True):
        span = Span(start, end)
        if turn.part == "asks":
            speech = text[turn.label.end : end].rstrip()
            asked = Span(turn.label.end, turn.label.end + len(speech)) if speech else asked
            found.append(Turn("question", span, turn.speaker, label=turn.label))
        elif turn.part == "answers" and asked:
            found.append(Turn("answer", span, turn.speaker, asked, turn.label))
        else:
            found.append(Turn("statement", span, turn.speaker, label=turn.label))
    return tuple(found)


def _labelled(text: str) -> list[_Labelled]:
    """Every paragraph that begins with a speaker's label, and that speaker's part."""
    sittings = _question_times(text)
    if sittings:
        return list(_in_council(text, sittings))
    found = list(_labels(text))
    if any(turn.speaker is None for turn in found):
        return [replace(turn, part=_part_beside_nameless(turn.speaker)) for turn in found]
    return _by_office(found, text)


def _labels(text: str) -> list[_Labelled]:
    """Labels at the beginning of paragraphs; and of lines, of who also begins paragraphs."""
    paragraphs = {span.start for span in paragraph_spans(text)}
    starts = [match.end() for match in _LINE.finditer(text)]
    found = [label for start in starts if (label := _label_at(text, start))]
    begins = Counter(label.speaker for label in found if label.label.start in paragraphs)
    return [
        label
        for label in found
        if label.label.start in paragraphs or begins[label.speaker] >= _LEAST_QUESTIONS
    ]


def _label_at(text: str, start: int) -> _Labelled | None:
    asker = _ASKER.match(text, start)
    if asker:
        return _Labelled(Span(*asker.span()), None)
    named = _NAMED.match(text, start)
    if not named or _is_abbreviation(named):
        return None
    return _Labelled(Span(*named.span()), named["name"] or named["titled"] or named["han"])


def _is_abbreviation(named: re.Match[str]) -> bool:
    """Whether a word and a full stop name nobody ("GDP.", "MR.")."""
    name = named["name"] or ""
    is_one_word = bool(name) and " " not in name and named["end"].strip() == "."
    return is_one_word and (name in _HONORIFICS or not _holds_office(name))


def _part_beside_nameless(name: str | None) -> _Part:
    if name is None or _HAN_ASKERS.search(name):
        return "asks"
    return "leads" if _leads(name) else "answers"


def _by_office(found: Sequence[_Labelled], text: str) -> list[_Labelled]:
    """The parts where every asker has a name."""
    names = [turn.speaker or "" for turn in found]
    answering = {name for name in names if _holds_office(name) and not _HAN_ASKERS.search(name)}
    turns_of = Counter(names)
    hands_over: Counter[str] = Counter()
    followed_by_asker: Counter[str] = Counter()
    is_answered = set()
    asks_in: Counter[str] = Counter()
    for turn, following in itertools.pairwise(found):
        name, next_name = turn.speaker or "", following.speaker or ""
        speech = text[turn.label.end : following.label.start]
        asks_in[name] += "?" in speech or "？" in speech
        if next_name in answering:
            is_answered.add(name)
        elif name != next_name:
            followed_by_asker[name] += 1
            hands_over[name] += _calls(speech, next_name)

    def part(name: str) -> _Part:
        if name in answering:
            return "answers"
        seldom_asks = asks_in[name] * 3 <= turns_of[name]
        passes_on = hands_over[name] * 2 >= turns_of[name]
        stands_between = (
            turns_of[name] >= _LEAST_BETWEEN and followed_by_asker[name] * 3 >= turns_of[name] * 2
        )
        is_idle = name not in is_answered and not asks_in[name]
        is_leader = is_idle or (seldom_asks and (passes_on or stands_between))
        return "leads" if _leads(name) or is_leader else "asks"

    return [replace(turn, part=part(turn.speaker or "")) for turn in found]


def _calls(speech: str, name: str) -> bool:
    """Whether somebody is called by a part of their name."""
    words = set(re.findall(r"\w+", speech.lower()))
    return any(len(w) >= _NAME_CHARS and w in words for w in re.findall(r"\w+", name.lower()))


def _holds_office(name: str) -> bool:
    words = re.findall(r"\w+", name.lower())
    return (
        not _OFFICES.isdisjoint(words)
        or bool(_HAN_OFFICES.search(name))
        or any(
            len(word) >= _MISSPELT_CHARS
            and difflib.get_close_matches(word, _OFFICES, 1, _MISSPELT_LIKENESS)
            for word in words
        )
    )


def _leads(name: str) -> bool:
    return not _LEADERS.isdisjoint(name.lower().split()) or name in _HAN_LEADERS


def _question_times(text: str) -> list[Span]:
    """Where a council's members put questions, by the headings of its record."""
    found: list[Span] = []
    start = None
    for heading in _COUNCIL_HEADING.finditer(text):
        if heading["questions"]:
            start = heading.end() if start is None else start
        elif start is not None:
            found.append(Span(start, heading.start()))
            start = None
    return found if start is None or start == len(text) else [*found, Span(start, len(text))]


def _in_council(text: str, sittings: Sequence[Span]) -> Iterator[_Labelled]:
    """In question time members ask, others answer, and the chair leads; the rest are speeches.

    The record's pages end within paragraphs, so that a label is looked for in every line.
    """
    begins = [sitting.start for sitting in sittings]
    for match in _COUNCIL_LABEL.finditer(text):
        start = match.start("label")
        last = bisect.bisect_right(begins, start) - 1
        is_question_time = last >= 0 and start < sittings[last].end
        part: _Part = "leads"
        if is_question_time and match["office"] not in _COUNCIL_CHAIR:
            part = "asks" if match["office"] in _COUNCIL_MEMBER else "answers"
        yield _Labelled(Span(start, match.end()), match["name"], part)
