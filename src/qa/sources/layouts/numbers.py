"""Numbers of written and oral questions, in records and as people ask for them."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, replace

from qa.records import Span

__all__ = ["Heading", "asked_numbers", "asks_by_number", "number_headings"]

_KIND = (
    r"(?:(?:starred|unstarred|written|oral|parliamentary|urgent|private notice|short[- ]notice"
    r"|public|priority|topical)[ -]+)*"
)
_NOUN = (
    r"(?:question|interpellation|(?:kleine |gro(?:ß|ss)e |schriftliche )?(?:an)?frage|pregunta"
    r"|pergunta|interrogazione|vraag|pq|wq|oq|uin)"
)
_MANNER = r"(?: for (?:written|oral)(?: answer| reply)?| [eé]crite| orale?| escrita| scritta)?"
_SIGN = r"(?:\b(?:number|num|nos?|nr|n)\b|núm|n[°º]|№|#)?[ .:°º#№–-]{0,4}"
# "2061/2025", "QPM 008", "E-001234/2025", "NW1234E"
_NUMBER = r"(?:[A-Z]{1,4}[ -]?)?\d{1,6}(?:[/-]\d{2,4})?[A-Z]?"
_NAMED = rf"{_KIND}{_NOUN}{_MANNER}\W{{0,3}}{_SIGN}(?P<number>{_NUMBER})"
_HAN_MANNER = "(?:[書书]面|口[頭头])?"
_HAN_NAMED = (
    rf"第 ?(?P<before>{_NUMBER}) ?[号號] ?{_HAN_MANNER}(?:質詢|质询|問題|问题|提問|提问)"
    rf"|{_HAN_MANNER}(?:質詢|质询|問題|问题|提問|提问) ?第? ?(?P<after>{_NUMBER}) ?[号號]?"
)
_MARKUP = r"[^\S\n]*+(?:[#*_>\[(]{1,6}[^\S\n]*+)?"
# A line that is such a number, or begins with one and a mark.
_HEADING = re.compile(
    rf"^{_MARKUP}(?:{_NAMED}|{_HAN_NAMED})(?=[ \t*_]*(?P<rest>$|[.:：)）\]–—|]|-\s))",
    re.IGNORECASE | re.MULTILINE,
)
# A title that ends with one in brackets.
_TITLED = re.compile(
    rf"^[^\n]{{1,160}}[(\[（][ \t]{{0,4}}(?:{_NAMED}|{_HAN_NAMED})[ \t]{{0,4}}[)\]）][ \t*_]*$",
    re.IGNORECASE | re.MULTILINE,
)
_PERSON = (
    r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Hon|The Hon|Sir|Dame|Lord|Lady|Baroness|Senator|Adv|Rev|Deputy"
    r"|Member|Mme|Prince|Princess|Chief|Shri|Smt|Datuk|Tuan|Puan)\b"
)
# "1234. Mr X asked the Minister", also where a page's head runs into it.
_PUT = re.compile(
    rf"(?<![\w.:(])\*?(?P<number>\d{{1,6}})[.)]\*?[ \t]{{0,4}}{_PERSON}[^\n:]{{0,120}}?"
    r"\b(?:asked|to ask|asks)\b"
)
_STARRED = re.compile(r"^[ \t]*\*(?P<number>\d{1,5})\.?[ \t]*$", re.MULTILINE)
# The office's code, in brackets or at the end of a question ("[NO1234E]", "CW647E").
_CODE = re.compile(
    r"[(\[](?P<bracketed>(?:PQ |UIN )?[A-Z]{0,3}-?\d{3,6}(?:/\d{2,4})?[A-Z]?)[)\]][ \t]*$"
    r"|(?:^|(?<=\s))(?P<bare>[A-Z]{2,3}\d{2,5}E)[ \t]*$",
    re.MULTILINE,
)
_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n[^\S\n]*(?=\S)")
# As people ask: with the word, as a code, or with a year.
_ASKED = re.compile(
    rf"\b{_NAMED}(?![\w/])|{_HAN_NAMED}"
    r"|(?<![\w/-])(?P<code>[A-Z]{1,4}-?\d{2,6}(?:/\d{2,4})?[A-Z]?|\d{1,6}/\d{2,4})(?![\w/-])",
    re.IGNORECASE,
)
_LEAST_STARRED = 2
# A heading is at most so long.
_LINE_CHARS = 200
# "Question 2" may be a question of anything, "question 2061" is known by its number.
_TELLING_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Heading:
    """The beginning of a numbered question or a day, with its heading line if it has one."""

    start: int
    line: Span | None
    numbers: tuple[str, ...] = ()
    date: datetime.date | None = None


def asked_numbers(question: str) -> tuple[str, ...]:
    """Return the numbers of questions that a visitor asks for, as ``number_headings`` does."""
    numbers: dict[str, None] = {}
    for match in _ASKED.finditer(question):
        number = _plain(_matched(match))
        # A code has no small letters.
        if match["code"] is None or match["code"] == match["code"].upper():
            numbers[number] = None
    return tuple(numbers)


def asks_by_number(question: str) -> bool:
    """Return whether a visitor asks for a written question by the word for it and a number."""
    for match in _ASKED.finditer(question):
        named = match["number"] or match["before"] or match["after"] or ""
        if "/" in named or sum(map(str.isdigit, named)) >= _TELLING_DIGITS:
            return True
    return False


def number_headings(text: str) -> list[Heading]:
    """Return the beginnings of numbered questions, ascending, each with all of its numbers."""
    headings: dict[int, Heading] = {}
    starred = [*_STARRED.finditer(text)]
    lines = [*_HEADING.finditer(text), *_TITLED.finditer(text)]
    for match in [*lines, *(starred if len(starred) >= _LEAST_STARRED else [])]:
        line = _line(text, match.start(), match.end())
        is_alone = match.re is not _HEADING or not text[match.end() : line.end].strip(
            " \t.:：)）]*_"
        )
        heading = line if is_alone else None
        headings[line.start] = Heading(line.start, heading, _numbers(_matched(match)))
    headed = frozenset(headings)
    for match in _PUT.finditer(text):
        if _line_start(text, match.start()) not in headed:
            headings[match.start()] = Heading(match.start(), None, _numbers(match["number"]))
    return _with_codes(text, [headings[start] for start in sorted(headings)])


def _line_start(text: str, at: int) -> int:
    """Return the beginning of a character's line, at most the length of a heading before it."""
    since = max(0, at - _LINE_CHARS)  # a whole record may be one line
    return max(since, text.rfind("\n", since, at) + 1)


def _with_codes(text: str, headings: list[Heading]) -> list[Heading]:
    """Return the headings with the codes below them; a paragraph with its own code is one too."""
    paragraphs = [0, *(m.end() for m in _PARAGRAPH_END.finditer(text))]
    coded: list[Heading] = []
    waiting = iter([*headings, None])
    following = next(waiting)
    has_code = True
    at = 0
    for match in _CODE.finditer(text):
        while following and following.start <= match.start():
            coded.append(following)
            following, has_code = next(waiting), False
        while at + 1 < len(paragraphs) and paragraphs[at + 1] <= match.start():
            at += 1
        numbers = _numbers(match["bracketed"] or match["bare"])
        if not has_code and coded:
            coded[-1] = replace(coded[-1], numbers=(*coded[-1].numbers, *numbers))
            has_code = True
        elif match["bracketed"] and text[paragraphs[at] : match.start()].strip():
            begins = paragraphs[at]
            if not coded or coded[-1].start < begins:
                coded.append(Heading(begins, None, numbers))
    return [*coded, *(heading for heading in (following, *waiting) if heading)]


def _matched(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return next(groups[k] for k in ("number", "before", "after", "code") if groups.get(k))


def _numbers(written: str) -> tuple[str, ...]:
    """Return a number in its normal form, and without its year."""
    plain = _plain(written)
    short = plain.partition("/")[0]
    return (plain,) if short == plain else (plain, short)


def _plain(written: str) -> str:
    """Normalise to capitals, no spaces, hyphens or leading zeros, and a year behind a slash."""
    marked = re.sub(r"(?<=\d)-(?=\d{2,4}\b)", "/", written.upper().removeprefix("PQ ").strip())
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[ -]", "", marked))


def _line(text: str, start: int, end: int) -> Span:
    """Return the line with a match, without white space around it."""
    stop = text.find("\n", end)
    line = text[start : stop if stop >= 0 else len(text)]
    begins = start + len(line) - len(line.lstrip())
    return Span(begins, begins + len(line.strip()))
