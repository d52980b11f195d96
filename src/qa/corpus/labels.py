"""Candidates for labels: short beginnings of lines that may name who speaks.

``candidates`` judges every line by its looks alone. Which candidates are labels, the document as
a whole decides (``dialogue``). At most ``_LABEL_CHARS`` of a line are read, so that the time is
linear in the text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from qa.corpus.label_words import (
    Kind,
    has_honorific,
    holds_office,
    is_connector,
    is_field,
    is_known_word,
    is_note,
    is_outlet,
    is_verb,
    kind_of,
    opens_a_sentence,
    presides,
    words_of,
)
from qa.records import Span

__all__ = ["Form", "Label", "Name", "candidates", "label_at", "line_starts"]

# What ends a label: a colon ("A:"), a full stop ("CHAIR YELLEN."), both a full stop and a dash
# ("HON. X.-"), white space after a bare "Q", brackets around it ("【记者】"), a dash, or nothing but
# the line's end.
Form = Literal["colon", "stop", "space", "bracket", "dash", "line"]

# The longest label seen in a parliament's record, an office with a name in brackets, has 190.
_LABEL_CHARS = 260
_NAME_WORDS = 8
# Titles are longer ("Director of the Federal Bureau of Roads Ilse Tarn").
_TITLE_WORDS = 24
_FULL_NAME_WORDS = 4
_HAN_CHARS = 20
# So many words in small letters that are no speaker's may be in a label ("Audience member"), of
# so many words.
_UNKNOWN_WORDS = 2
_UNKNOWN_AMONG = 4
# Names on a line of their own, and before a dash: longer ones are headings and sentences.
_LINE_WORDS = 6
_ABBREVIATION_CHARS = 5

_LINE = re.compile(r"^[^\S\n]*(?=\S)", re.MULTILINE)
_SPACE = re.compile(r"\s*")
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
# Marks of Markdown, a time, and a number before the label's words.
_LEAD = re.compile(
    rf"""[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]{{0,3}}(?:\#{{1,6}}[ ]|[>*•·–-][ ])?[*_]{{0,3}}
    (?P<time>(?:[\[(（]{_TIME}[\])）]|{_TIME})[ \t]*(?:[-–—|][ \t]*)?)?
    (?:[(（]?(?:\d{{1,3}}|[一二三四五六七八九十]{{1,3}})[.)．、）][ \t]*)?
    [*_]{{0,3}}""",
    re.VERBOSE,
)
# Marks of Markdown and a time behind the label's words.
_BEHIND = rf"[*_]{{0,3}}(?P<time>[ \t]*[\[(（]{_TIME}[\])）]|[ \t]+{_TIME}(?=[ \t]*\n))?[*_]{{0,3}}"
_SPACED_Q = re.compile(
    r"(?P<name>Q)(?![ \t]*[-–—][ \t])(?=[ \t\xa0]+[^\s:.]|[ ]?--|[—–(])(?![ ]?\([^()\n]{1,60}\)[ ]?[:：])"
)
_GENERIC = re.compile(
    rf"(?P<name>[^\W\d_]{{1,16}}(?:[ ][^\W\d_]{{3,12}})?(?:[ \t]?[\#.-]?\d{{1,4}})?)"
    rf"[ \t\xa0]*(?:\.(?=\s)|(?<=\d)[)）]|[ \t]?[—–](?=\s)|[ \t]--?(?=[ \t])){_BEHIND}"
)
# What stands in brackets may hold other brackets, and go on in the next line.
_INSIDE = r"(?:[^()（）\[\]]|\([^()\n]{0,20}\)){0,180}"
# Brackets within a label may hold a colon ("Governor Hale (00:12):").
_COLON = re.compile(
    rf"""(?P<name>(?:[^:：﹕()（）\[\]【】\n]|[(（\[]{_INSIDE}[)）\]]){{1,160}})
    (?P<sep>[:：﹕][-–—]{{0,2}}){_BEHIND}""",
    re.VERBOSE,
)
_DOTS = re.compile(r"\.[ ]?[-–—]")
_STOP_DASH = re.compile(
    rf"(?P<name>(?:[^()\[\]\n:：?!]|[(\[]{_INSIDE}[)\]]){{1,160}}?(?:(?<=[^\W\d_][^\W\d_])|(?<=[)\]])))\.(?:[-–—]{{1,2}}(?=[\s\w\"“(])|[ ][-–—]{{1,2}}(?=\s)){_BEHIND}"
)
_DASH = re.compile(
    rf"(?P<name>[^\n:：?!—–]{{1,60}}?)(?:[ \t]*[—–](?![—–])|[ \t]+--?(?=\s)){_BEHIND}"
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
    r"[○◯●◎](?P<name>[^\s○◯●◎:：。、]{2,20}(?:（[^（）\n]{1,20}）)?)(?:[　 ]+(?=\S)|[ \t]*(?=\n))"
)
# "問）..." and "記者）..." of Japanese ministries.
_HALF_BRACKET = re.compile(r"(?P<name>[\u3040-\u30ff\u3400-\u9fff]{1,10})[）)]")
_UPPER = r"[^\W\d_a-zß-öø-ÿа-яά-ώ]"
_CAPITALS = rf"(?:{_UPPER}(?:{_UPPER}|['’-])+|{_UPPER}\b\.?|(?:Ma?c|O['’]){_UPPER}+)"
_BETWEEN = r"(?:D[aei]|[Dd]e|[Vv]an|of|OF|for|FOR|the|THE)"
_STOP = re.compile(
    rf"(?P<name>(?:M[RrSs]|M[Rr][Ss]|D[Rr]|The|{_CAPITALS})\.?(?:[ ]+(?:{_CAPITALS}|{_BETWEEN})){{0,9}})"
    rf"[ \t\xa0]*\.(?=\s){_BEHIND}"
)
_ABBREVIATED = frozenset({"MR", "MS", "MRS", "DR"})
# "Mr. Okello asked the Minister for Roads:-" puts a question and is no words of his.
_PUT = re.compile(
    r"(?P<name>[^\n:：?!,]{2,60}?)(?:,[^\n:：?!]{0,60}?,)?[ ]asked[ ][^\n:：?!]{3,140}?"
    r"(?:[:：][-–—]{0,2}|\.[-–—])"
)
_LONE = re.compile(rf"(?P<name>[^\n]{{1,80}}?)(?P<time>[ \t]+{_TIME})?[ \t]*[*_]{{0,3}}(?=\n)")
_ASIDE = re.compile(rf"[ \t]*[(（\[](?P<aside>{_INSIDE})[)）\]][ \t*_]*\Z")
_TIME_ALONE = re.compile(rf"[ \t]*{_TIME}[ \t]*\Z")
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\ue000-\ufaff\uac00-\ud7af]")
_FULL_STOP = re.compile(r"(?<=[^\W\d_]{4})\.$")
_SPACED_HAN = re.compile(r"(?<=[\u3400-\u9fff])[ \u3000](?=[\u3400-\u9fff](?:[ \u3000]|$))")
_NEVER_IN_NAMES = re.compile(r"[?？!！;；。…，、“”\"=|{}<>\\/@#%$€£+~]")
# Where another label may follow in the same line: behind a sentence, a few letters and a colon.
_SENTENCE_END = re.compile(r"[.?!。？！][\"”’」]?[ \t]*(?=[^\s:：]{1,12}(?: ?\d{1,3})? ?[:：])")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Name:
    """What the words of a label name.

    ``speaker`` is None where they name nobody ("Q"). ``is_strong``: every word is written as
    those of names are. The rest is evidence for the speaker's part.
    """

    speaker: str | None
    key: str
    kind: Kind | None = None
    is_strong: bool = True
    is_person: bool = False
    has_office: bool = False
    has_honorific: bool = False
    has_outlet: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A beginning of a line that may be a label, up to the first word said.

    ``is_timed``: a time stands beside it, as machine transcripts have it. ``puts``: it says
    itself that its speaker asks ("Mr. Okello asked the Minister for Roads:-").
    """

    span: Span
    name: Name
    form: Form
    starts_paragraph: bool
    is_timed: bool = False
    puts: bool = False


def line_starts(text: str) -> Iterator[tuple[int, bool]]:
    """The first character of every line that has one, and whether it begins a paragraph."""
    before = None
    for match in _LINE.finditer(text):
        start = match.end()
        yield start, before is None or text.count("\n", before, start) > 1
        before = start


def candidates(text: str) -> list[Label]:
    """Every beginning of a line that may be a label, in order."""
    found = []
    for start, starts_paragraph in line_starts(text):
        label = _label_at(text, start, starts_paragraph=starts_paragraph)
        if label:
            found.append(label)
            if label.name.kind == "asker" and label.form != "line":
                found += _in_line(text, label)
    return found


def label_at(text: str, start: int) -> Label | None:
    """The candidate within a line that ends with a colon, or None."""
    found = _read_colon(text, start, min(len(text), start + _LABEL_CHARS))
    space = _SPACE.match(text, found[0].end()) if found else None
    if not found or not space or space.end() >= len(text):
        return None
    return Label(Span(start, space.end()), found[1], "colon", starts_paragraph=False)


def _in_line(text: str, asker: Label) -> Iterator[Label]:
    """Further labels in the line of a question, as in "Q: Why? A: Because."."""
    end = text.find("\n", asker.span.end)
    for match in _SENTENCE_END.finditer(text, asker.span.end, end if end >= 0 else len(text)):
        label = label_at(text, match.end())
        if label and label.name.kind in ("asker", "answerer"):
            yield replace(label, starts_paragraph=asker.starts_paragraph)


def _label_at(text: str, start: int, *, starts_paragraph: bool) -> Label | None:
    limit = min(len(text), start + _LABEL_CHARS)
    lead = _LEAD.match(text, start, limit)
    begins = lead.end() if lead else start
    for read in _READERS:
        found = read(text, begins, limit)
        if found is None:
            continue
        match, name, form = found
        space = _SPACE.match(text, match.end())
        end = space.end() if space else match.end()
        if end >= len(text):
            return None
        is_timed = bool(lead and lead["time"]) or bool(match.groupdict().get("time"))
        is_timed = is_timed or _has_timed_aside(match["name"])
        return Label(
            Span(start, end), name, form, starts_paragraph, is_timed, puts=match.re is _PUT
        )
    return None


_Read = tuple[re.Match[str], Name, Form]


def _read_generic(text: str, begins: int, limit: int) -> _Read | None:
    """ "Q", "Q1.", "QUESTION —": words that name no person, ended by more than a colon."""
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


def _read_bracketed(text: str, begins: int, limit: int) -> _Read | None:
    circle = _CIRCLE.match(text, begins, limit)
    name = circle and name_of(circle["name"])
    if circle and name and _HAN.search(circle["name"]):
        return circle, name, "bracket"
    if text[begins : begins + 1] not in _CLOSED_BY and not _HAN.match(text, begins, limit):
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
    return bool(_HAN.search(name)) and (
        kind_of(name) is not None or holds_office(name) or is_outlet(name)
    )


def _read_put(text: str, begins: int, limit: int) -> _Read | None:
    if text.find(" asked ", begins, limit) < 0:
        return None
    match = _PUT.match(text, begins, limit)
    name = match and name_of(match["name"])
    if match and name and name.is_strong and (name.is_person or name.has_honorific):
        return match, name, "colon"
    return None


def _read_colon(text: str, begins: int, limit: int) -> _Read | None:
    if not any(text.find(colon, begins, limit) >= 0 for colon in ":：﹕"):
        return None
    match = _COLON.match(text, begins, limit)
    name = match and name_of(match["name"])
    if not match or not name:
        return None
    following = text[match.end() : match.end() + 1]
    is_wide = match["sep"][0] != ":" or bool(_HAN.search(match["name"]))
    if following and not following.isspace() and not is_wide:
        # "MR RHODES:Yes" is a label, "http://", "10:30" and "Mark:2" are not.
        is_label = match["name"].isupper() and name.is_strong and following.isalpha()
        return (match, name, "colon") if is_label else None
    return match, name, "colon"


def _read_stop_dash(text: str, begins: int, limit: int) -> _Read | None:
    """ "HON. X.-" of some parliaments, "Pregunta.-" of some governments."""
    if not _DOTS.search(text, begins, limit):
        return None
    match = _STOP_DASH.match(text, begins, limit)
    name = match and name_of(match["name"])
    return (match, name, "colon") if match and name and name.is_strong else None


def _read_stop(text: str, begins: int, limit: int) -> _Read | None:
    """ "CHAIR YELLEN."; a word and a full stop alone name nobody ("GDP.")."""
    match = _STOP.match(text, begins, limit) if text.find(".", begins, limit) >= 0 else None
    if not match:
        return None
    words = match["name"]
    is_one = " " not in words
    if is_one and (words.rstrip(".").upper() in _ABBREVIATED or not holds_office(words)):
        return None
    name = name_of(words)
    return (match, name, "stop") if name and name.is_strong else None


def _read_dash(text: str, begins: int, limit: int) -> _Read | None:
    match = _DASH.match(text, begins, limit)
    name = match and name_of(match["name"])
    if match and name and name.is_strong and len(match["name"].split()) <= _LINE_WORDS:
        return match, name, "dash"
    return None


def _read_line(text: str, begins: int, limit: int) -> _Read | None:
    """A name, or a word such as "Answer", alone on its line."""
    if text.find("\n", begins, limit) < 0:
        return None
    match = _LONE.match(text, begins, limit)
    name = match and name_of(match["name"])
    if not match or not name or not name.is_strong or match["name"].endswith("."):
        return None
    if len(match["name"].split()) <= _LINE_WORDS:
        return match, name, "line"
    return None


_READERS = (
    _read_generic,
    _read_bracketed,
    _read_put,
    _read_stop_dash,
    _read_colon,
    _read_stop,
    _read_dash,
    _read_line,
)


def _has_timed_aside(words: str) -> bool:
    aside = _ASIDE.search(words)
    return bool(aside and _TIME_ALONE.match(aside["aside"]))


@functools.lru_cache(maxsize=8192)
def name_of(written: str) -> Name | None:
    """Whom the words before a separator name; None where they are no name."""
    bare, asides = _without_asides(written.strip(" \t\xa0*_"))
    bare = _FULL_STOP.sub("", bare.strip(" \t\xa0*_,"))
    # Japanese ministries set "(記 者)".
    bare = _SPACED_HAN.sub("", bare)
    head, comma, title = bare.partition(",")
    if comma and _is_written_as_name(head, is_title=False) and _is_title(title):
        bare, asides = head, [*asides, title.strip()]
    person = next((aside for aside in asides if has_honorific(aside)), None)
    if person is None and bare.startswith("The ") and holds_office(bare):
        person = next(filter(_is_full_name, asides), None)
    is_strong = _is_written_as_name(bare, is_title=person is not None)
    if is_strong is None or is_field(bare) or opens_a_sentence(bare):
        return None
    kind = kind_of(bare)
    if kind in ("asker", "answerer"):
        return Name(None, "?" if kind == "asker" else "!", kind, is_strong=True)
    speaker = " ".join((person or bare).split())
    words = [word for word in bare.split() if word[0].isupper() and not word.isnumeric()]
    return Name(
        # A letter says which side speaks and not who.
        None if len(speaker) == 1 else speaker,
        " ".join(words_of(speaker)) or speaker,
        kind,
        is_strong,
        is_person=is_strong
        and (len(words) > 1 or bool(asides) or has_honorific(bare) or kind == "leader"),
        has_office=holds_office(bare) or presides(bare) or any(map(holds_office, asides)),
        has_honorific=has_honorific(speaker),
        has_outlet=is_outlet(bare) or any(map(is_outlet, asides)),
    )


def _is_full_name(words: str) -> bool:
    """Whether brackets behind an office hold somebody's name ("Piet Dorn")."""
    tokens = words.split()
    return (
        1 < len(tokens) <= _FULL_NAME_WORDS
        and all(token[0].isupper() and token[1:].islower() for token in tokens)
        and not holds_office(words)
        and "Office" not in tokens
    )


def _is_title(words: str) -> bool:
    """Whether what follows a name and a comma is an office or an outlet ("Reuters")."""
    return len(words.split()) <= _TITLE_WORDS and (holds_office(words) or is_outlet(words))


def _without_asides(words: str) -> tuple[str, list[str]]:
    """A label without the brackets at its end, and what stands in these, times left out."""
    asides = []
    while aside := _ASIDE.search(words):
        words = words[: aside.start()]
        if not _TIME_ALONE.match(aside["aside"]):
            asides.append(aside["aside"].strip())
    return words, asides


def _is_written_as_name(words: str, *, is_title: bool) -> bool | None:
    """Whether all words are written as names are; None where too many are not."""
    is_small_letter = len(words) == 1 and words.islower()
    is_torn = words.count("(") != words.count(")")
    if is_small_letter or is_torn or not _LETTER.search(words) or _NEVER_IN_NAMES.search(words):
        return None
    if _HAN.search(words):
        return True if len(_HAN.findall(words)) <= _HAN_CHARS else None
    tokens = words.split()
    if len(tokens) > (_TITLE_WORDS if is_title or holds_office(words) else _NAME_WORDS):
        return None
    unknown = 0
    for place, token in enumerate(tokens):
        token_kind = _token_kind(token, is_first=place == 0, is_last=place == len(tokens) - 1)
        if token_kind is None:
            return None
        unknown += not token_kind
    if not unknown:
        return True
    few = unknown <= _UNKNOWN_WORDS and len(tokens) <= _UNKNOWN_AMONG and not is_title
    return False if few else None


def _token_kind(token: str, *, is_first: bool, is_last: bool) -> bool | None:
    """Whether one word is written as in a name; None where it cannot be part of one."""
    letter = _LETTER.search(token)
    if letter is None:
        # "Speaker 1", "Smith & Sons", a dash between two names.
        return True if (token.isnumeric() and not is_first) or token in "&–—-·" else None
    if token.endswith(".") and len(token.rstrip(".")) > _ABBREVIATION_CHARS:
        return None
    if any(map(str.isnumeric, token)) and not is_last and not letter[0].isupper():
        return None
    first = letter[0]
    if first.isupper() or not first.islower():
        return True
    if is_verb(token):
        return None
    if is_known_word(token) or (is_connector(token) and not is_first and not is_last):
        return True
    if token[:2].lower() in ("d'", "d’", "l'", "l’", "al"):
        return True
    return None if is_first else False
