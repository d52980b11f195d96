"""Candidates for labels: short beginnings of lines that may name who speaks.

``candidates`` judges every line by its looks alone. Which candidates are labels, the document as
a whole decides (``dialogue``). At most ``_LABEL_CHARS`` of a line are read, so that the time is
linear in the text.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from qa.records import Span
from qa.sources.layouts.label_words import holds_office, is_note, is_outlet, kind_of
from qa.sources.layouts.names import HAN, INSIDE, TIME, Name, has_timed_aside, name_of

__all__ = ["Form", "Label", "candidates", "label_at", "line_starts"]

# What ends a label: a colon ("A:"), a full stop ("CHAIR YELLEN."), both a full stop and a dash
# ("HON. X.-"), white space after a bare "Q", brackets around it ("【记者】"), a dash, or nothing
# but the line's end.
Form = Literal["colon", "stop", "space", "bracket", "dash", "line"]

# The longest label seen in a parliament's record, an office with a name in brackets, has 190.
_LABEL_CHARS = 260
# Names on a line of their own, and before a dash: longer ones are headings and sentences.
_LINE_WORDS = 6

_LINE = re.compile(r"^[^\S\n]*(?=\S)", re.MULTILINE)
_SPACE = re.compile(r"\s*")
# So many letters are no abbreviation, nor a speaker who cries out.
_CAPITAL_CHARS = 24
# Marks of Markdown, a time, and a number before the label's words.
_LEAD = re.compile(
    rf"""[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]{{0,3}}
    (?:\#{{1,6}}[ ]|>[ ]|(?P<bullet>[*•·–-][ ]))?[*_]{{0,3}}
    (?P<time>(?:[\[(（]{TIME}[\])）]|{TIME})[ \t]*(?:[-–—|][ \t]*)?)?
    (?:[(（]?(?:\d{{1,3}}|[一二三四五六七八九十]{{1,3}})[.)．、）][ \t]*)?
    [*_]{{0,3}}""",
    re.VERBOSE,
)
# Marks of Markdown and a time behind the label's words.
_BEHIND = rf"[*_]{{0,3}}(?P<time>[ \t]*[\[(（]{TIME}[\])）]|[ \t]+{TIME}(?=[ \t]*\n))?[*_]{{0,3}}"
_SPACED_Q = re.compile(
    r"(?P<name>Q)(?![ \t]*[-–—][ \t]|[ ]\d{1,4}[:.)])(?![ ]?\([^()\n]{1,60}\)[ ]?[:：])"
    r"(?=[ \t\xa0]+[^\s:.|]|[ ]?--|[—–(])"
)
_GENERIC = re.compile(
    rf"(?P<name>[^\W\d_]{{1,16}}(?:[ ][^\W\d_]{{3,12}})?(?:\.?[ \t]?[\#.-]?\d{{1,4}})?)"
    rf"[ \t\xa0]*(?:\.(?=\s)|(?<=\d)(?:[)）]|[.]?:(?=\s))"
    rf"|[ \t]?[—–](?=\s)|(?:[ \t]--?|(?<=\b[^\W\d_])-|[ \t]\|)(?=[ \t])){_BEHIND}"
)
# Brackets within a label may hold a colon ("Governor Hale (00:12):").
_COLON = re.compile(
    rf"""(?P<name>(?:[^:：﹕()（）\[\]【】\n]|[(（\[]{INSIDE}[)）\]]){{1,160}})
    (?P<sep>[:：﹕][-–—]{{0,2}}){_BEHIND}""",
    re.VERBOSE,
)
_DOTS = re.compile(r"\.[ ]?[-–—]")
_STOP_DASH = re.compile(
    rf"(?P<name>(?:[^()\[\]\n:：?!]|[(\[]{INSIDE}[)\]]){{1,160}}?(?:(?<=[^\W\d_][^\W\d_])|(?<=[)\]])))"
    rf"\.(?:[-–—]{{1,2}}(?=[\s\w\"“(])|[ ][-–—]{{1,2}}(?=\s)){_BEHIND}"
)
_DASH = re.compile(
    r"(?P<name>(?:[^\n:：?!—–()]|\([^()\n]{0,80}\)){1,60}?)"
    rf"(?:[ \t]*[—–](?![—–])|[ \t]+--?(?=\s)|(?<=[A-Z]{{2}}|\w\))[ ]?-[ ]?(?=[A-Z][a-z])){_BEHIND}"
)
_BRACKETS = re.compile(
    r"(?P<open>[【〔［\[(（<＜〈])(?P<name>[^\n\[\](（）)【】〔〕［］<>＜＞〈〉《》「」『』:：.。!?]{1,40})"
    rf"(?P<close>[】〕］\])）>＞〉])[ \t]*[:：]?{_BEHIND}"
)
_CLOSED_BY = dict(zip("【〔［[(（<＜〈", "】〕］])）>＞〉", strict=True))
# These enclose titles, quotations and remarks: only words such as "Question" are labels there.
_LOOSE_BRACKETS = frozenset("(（")
# "○稲田国務大臣　..." of the Diet's minutes.
_CIRCLE = re.compile(
    r"[○◯●◎](?P<name>[^\s○◯●◎:：。、]{2,20}(?:（[^（）\n]{1,20}）)?)"
    r"(?:[　 ]+(?=\S)|[ \t]*(?=\n))"
)
# "問）..." and "記者）..." of Japanese ministries.
_HALF_BRACKET = re.compile(r"(?P<name>[\u3040-\u30ff\u3400-\u9fff]{1,10})[）)]")
_UPPER = r"[^\W\d_a-zß-öø-ÿа-яά-ώ]"
_CAPITALS = rf"(?:{_UPPER}(?:{_UPPER}|['’-])+|{_UPPER}\b\.?|(?:Ma?c|O['’]){_UPPER}+)"
_BETWEEN = r"(?:D[aei]|[Dd]e|[Vv]an|of|OF|for|FOR|the|THE)"
_STOP = re.compile(
    rf"(?P<name>(?:M[RrSs]|M[Rr][Ss]|D[Rr]|The|{_CAPITALS})\.?"
    rf"(?:[ ]+(?:{_CAPITALS}|{_BETWEEN})){{0,9}})"
    rf"[ \t\xa0]*\.(?=\s){_BEHIND}"
)
_ABBREVIATED = frozenset({"MR", "MS", "MRS", "DR"})
# "Mr. Okello asked the Minister for Roads:-" puts a question and is no words of his; the sentence
# may go on ("... whether the ferry is safe").
_PUT = re.compile(
    r"(?:\d{4,6}[.)][ \t]*)?[(]?(?P<name>(?:[^\n:：?!,()]|\([^()\n]{1,40}\)){2,60}?)[)]?"
    r"(?:,[^\n:：?!]{0,60}?,)?[ ](?:asked|to[ ]ask)[ ](?:[Tt]he[ ])?"
    r"(?P<addressee>[^\n:：?!]{3,140}?)"
    r"(?:[:：÷][-–—]{0,2}|\.[-–—]|(?=\s{1,3}(?:whether|if|when|what|how|why|which|who|to)\s))"
)
_IN_BRACKETS = re.compile(r"\([^()\n]*\)")
_LONE = re.compile(rf"(?P<name>[^\n]{{1,160}}?)(?P<time>[ \t]+{TIME})?[ \t]*[*_]{{0,3}}(?=\n)")
# An interjection or a note over several lines: nothing in it begins a turn.
_LONG_ASIDE = re.compile(r"\((?:[^()]|\([^()]{0,80}\)){0,600}\)")
# Where another label may follow in the same line: behind a sentence, a few letters and a colon.
_SENTENCE_END = re.compile(r"[.?!。？！][\"”’」]?[ \t]*(?=[^\s:：]{1,12}(?: ?\d{1,3})? ?[:：])")


@dataclass(frozen=True, slots=True)
class Label:
    """A beginning of a line that may be a label, up to the first word said.

    ``is_timed``: a time stands beside it, as machine transcripts have it. ``puts``: it says
    itself that its speaker asks ("Mr. Okello asked the Minister for Roads:-"); ``addressee`` is
    the office asked ("Minister for Roads"). Where it may be no label (not ``is_certain``), nobody
    knows who speaks from there on.
    """

    span: Span
    name: Name
    form: Form
    starts_paragraph: bool
    is_timed: bool = False
    puts: bool = False
    addressee: str | None = None
    is_certain: bool = True


def line_starts(text: str) -> Iterator[tuple[int, bool]]:
    """Yield the first character of every line, and whether it begins a paragraph."""
    before = None
    for match in _LINE.finditer(text):
        start = match.end()
        yield start, before is None or text.count("\n", before, start) > 1
        before = start


def candidates(text: str) -> list[Label]:
    """Return every beginning of a line that may be a label, in order."""
    labels = []
    asides = [aside.span() for aside in _LONG_ASIDE.finditer(text)]
    for start, starts_paragraph in line_starts(text):
        place = bisect.bisect_left(asides, (start, 0)) - 1
        if place >= 0 and start < asides[place][1]:
            continue
        label = _label_at(text, start, starts_paragraph=starts_paragraph)
        if label:
            labels.append(label)
            if label.name.kind == "asker" and label.form != "line":
                labels += _in_line(text, label)
    return _with_replies(text, labels)


def _with_replies(text: str, known: list[Label]) -> list[Label]:
    """Return the candidates, read as written questions where some are put to an office.

    "REPLY" alone on its line answers there, and "QUESTION NO: 12" is a heading.
    """
    if not any(label.puts for label in known):
        return known
    return [
        replace(label, form="colon") if label.name.kind == "answerer" else label
        for label in known
        if label.name.kind != "asker" or any(map(str.isalpha, _rest_of_line(text, label)))
    ]


def _rest_of_line(text: str, label: Label) -> str:
    """Return the text behind a label in its own line."""
    end = text.find("\n", label.span.start)
    return text[label.span.end : len(text) if end < 0 else end]


def label_at(text: str, start: int) -> Label | None:
    """Return the candidate within a line that ends with a colon, or None."""
    parsed = _parse_colon(text, start, min(len(text), start + _LABEL_CHARS))
    end = _after_space(text, parsed[0].end()) if parsed else len(text)
    if not parsed or end >= len(text):
        return None
    return Label(Span(start, end), parsed[1], "colon", starts_paragraph=False)


def _after_space(text: str, start: int) -> int:
    """Return the place of the next character that is no white space."""
    space = _SPACE.match(text, start)
    return space.end() if space else start


def _in_line(text: str, asker: Label) -> Iterator[Label]:
    """Yield further labels in the line of a question, as in "Q: Why? A: Because."."""
    end = text.find("\n", asker.span.end)
    for match in _SENTENCE_END.finditer(text, asker.span.end, end if end >= 0 else len(text)):
        label = label_at(text, match.end())
        if label and label.name.kind in ("asker", "answerer"):
            yield replace(label, starts_paragraph=asker.starts_paragraph)


def _label_at(text: str, start: int, *, starts_paragraph: bool) -> Label | None:
    limit = min(len(text), start + _LABEL_CHARS)
    lead = _LEAD.match(text, start, limit)
    begins = lead.end() if lead else start
    for parse in _PARSERS:
        parsed = parse(text, begins, limit)
        if parsed is None:
            continue
        match, name, form = parsed
        if name.kind not in ("asker", "answerer") and lead and lead["bullet"]:
            return None  # an entry of a list
        if text[begins].islower() and not (starts_paragraph and form == "colon"):
            return None  # the middle of a sentence
        end = _after_space(text, match.end())
        if end >= len(text):
            return None
        is_timed = bool(lead and lead["time"]) or bool(match.groupdict().get("time"))
        is_timed = is_timed or has_timed_aside(match["name"])
        addressee = match["addressee"] if match.re is _PUT else ""
        return Label(
            Span(start, end),
            name,
            form,
            starts_paragraph,
            is_timed,
            puts=match.re is _PUT,
            addressee=addressee if holds_office(addressee) else None,
        )
    return None


_Parsed = tuple[re.Match[str], Name, Form]


def _parse_generic(text: str, begins: int, limit: int) -> _Parsed | None:
    """Words that name no person, ended by more than a colon: "Q", "Q1.", "QUESTION —"."""
    spaced = _SPACED_Q.match(text, begins, limit) if text.startswith("Q", begins) else None
    if spaced:
        return spaced, Name(None, "?", "asker"), "space"
    match = _GENERIC.match(text, begins, limit)
    if match:
        name = name_of(match["name"])
        if name and name.kind in ("asker", "answerer"):
            is_dash = match[0].rstrip(" \t*_")[-1] in "-–—"
            return match, name, "dash" if is_dash else "stop"
    return None


def _parse_bracketed(text: str, begins: int, limit: int) -> _Parsed | None:
    circle = _CIRCLE.match(text, begins, limit)
    name = circle and name_of(circle["name"])
    if circle and name and HAN.search(circle["name"]):
        return circle, name, "bracket"
    if text[begins : begins + 1] not in _CLOSED_BY and not HAN.match(text, begins, limit):
        return None
    match = _BRACKETS.match(text, begins, limit)
    if match and _CLOSED_BY[match["open"]] == match["close"] and not is_note(match["name"]):
        name = name_of(match["name"])
        is_loose = match["open"] in _LOOSE_BRACKETS
        is_role = name and (name.kind or _is_han_role(name.speaker or ""))
        if name and name.is_strong and (not is_loose or is_role):
            return match, name, "bracket"
    match = _HALF_BRACKET.match(text, begins, limit)
    if match and _is_han_role(match["name"]):
        name = name_of(match["name"])
        return (match, name, "bracket") if name else None
    return None


def _is_han_role(name: str) -> bool:
    return bool(HAN.search(name)) and (
        kind_of(name) is not None or holds_office(name) or is_outlet(name)
    )


def _parse_put(text: str, begins: int, limit: int) -> _Parsed | None:
    if text.find(" asked ", begins, limit) < 0 and text.find(" to ask ", begins, limit) < 0:
        return None
    match = _PUT.match(text, begins, limit)
    name = match and name_of(match["name"])
    if match and name and name.is_strong and (name.is_person or name.has_honorific):
        return match, name, "colon"
    return None


def _parse_colon(text: str, begins: int, limit: int) -> _Parsed | None:
    if all(text.find(colon, begins, limit) < 0 for colon in ":：﹕"):
        return None
    match = _COLON.match(text, begins, limit)
    name = match and name_of(match["name"])
    if not match or not name:
        return None
    following = text[match.end() : match.end() + 1]
    is_wide = match["sep"] != ":" or bool(HAN.search(match["name"]))
    if following and not following.isspace() and not is_wide:
        # "MR RHODES:Yes" and "Mr Rhodes:…yes" are labels, "http://", "10:30" and "Mark:2" are not.
        is_cut_short = following == "…" or (match["name"].isupper() and following.isalpha())
        is_label = name.is_strong and is_cut_short
        return (match, name, "colon") if is_label else None
    return match, name, "colon"


def _parse_stop_dash(text: str, begins: int, limit: int) -> _Parsed | None:
    """A name, a full stop and a dash: "HON. X.-" of parliaments, "Pregunta.-" of governments."""
    if not _DOTS.search(text, begins, limit):
        return None
    match = _STOP_DASH.match(text, begins, limit)
    name = match and name_of(match["name"])
    return (match, name, "colon") if match and name and name.is_strong else None


def _parse_stop(text: str, begins: int, limit: int) -> _Parsed | None:
    """A name in capitals and a full stop: "CHAIR YELLEN."; one word is none ("GDP.")."""
    match = _STOP.match(text, begins, limit) if text.find(".", begins, limit) >= 0 else None
    if not match:
        return None
    words = match["name"]
    if not words[0].isupper() or _goes_on_in_capitals(text, match.end(), limit):
        return None
    is_one = " " not in words
    if is_one and (words.rstrip(".").upper() in _ABBREVIATED or not holds_office(words)):
        return None
    name = name_of(words)
    return (match, name, "stop") if name and name.is_strong else None


def _goes_on_in_capitals(text: str, start: int, limit: int) -> bool:
    """Return whether a text is wholly in capitals, so that those of a label tell nothing."""
    paragraph = text[start:limit].split("\n\n", 1)[0]
    return len(paragraph) > _CAPITAL_CHARS and paragraph.isupper()


def _parse_dash(text: str, begins: int, limit: int) -> _Parsed | None:
    match = _DASH.match(text, begins, limit)
    name = match and name_of(match["name"])
    if match and name and name.is_strong and _words(match) <= _LINE_WORDS:
        # "Mr ILSE TARN - Thank you ..." is as sure as with a colon; "Mr TARN - Chairman" is not.
        is_sure = name.has_honorific and (name.speaker or "").split()[-1].isupper()
        rest = text[match.end() : limit].split("\n", 1)[0].rstrip()
        is_speech = len(rest.split()) > _LINE_WORDS or rest.endswith((".", "?", "!"))
        return match, name, "colon" if is_sure and is_speech else "dash"
    return None


def _words(match: re.Match[str]) -> int:
    """Count the words of a label, without those in brackets."""
    return len(_IN_BRACKETS.sub("", match["name"]).split())


def _parse_line(text: str, begins: int, limit: int) -> _Parsed | None:
    """A name, or a word such as "Answer", alone on its line."""
    if text.find("\n", begins, limit) < 0:
        return None
    match = _LONE.match(text, begins, limit)
    name = match and name_of(match["name"])
    if not match or not name or not name.is_strong or match["name"].endswith("."):
        return None
    has_holder = name.has_honorific and match["name"].endswith(")")
    if _words(match) <= _LINE_WORDS or has_holder:
        return match, name, "line"
    return None


_PARSERS = (
    _parse_generic,
    _parse_bracketed,
    _parse_put,
    _parse_stop_dash,
    _parse_colon,
    _parse_stop,
    _parse_dash,
    _parse_line,
)
