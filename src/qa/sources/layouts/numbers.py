"""Numbers by which written and oral questions are known, in records and as people ask for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from qa.records import Span

__all__ = ["NumberHeading", "asked_numbers", "asks_by_number", "number_headings"]

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
class NumberHeading:
    """Where a numbered question begins, its heading line if it has one, and its numbers."""

    start: int
    line: Span | None
    numbers: tuple[str, ...]


def asked_numbers(question: str) -> tuple[str, ...]:
    """The numbers of questions that somebody asks for, as ``number_headings`` gives them."""
    found: dict[str, None] = {}
    for match in _ASKED.finditer(question):
        number = _plain(_matched(match))
        # A code has no small letters.
        if match["code"] is None or match["code"] == match["code"].upper():
            found[number] = None
    return tuple(found)


def asks_by_number(question: str) -> bool:
    """Tell if somebody asks for a written question with the word for it and a telling number."""
    for match in _ASKED.finditer(question):
        named = match["number"] or match["before"] or match["after"] or ""
        if "/" in named or sum(map(str.isdigit, named)) >= _TELLING_DIGITS:
            return True
    return False


def number_headings(text: str) -> list[NumberHeading]:
    """The beginnings of numbered questions, ascending; with every number each is known by."""
    found: dict[int, NumberHeading] = {}
    starred = [*_STARRED.finditer(text)]
    lines = [*_HEADING.finditer(text), *_TITLED.finditer(text)]
    for match in [*lines, *(starred if len(starred) >= _LEAST_STARRED else [])]:
        line = _line(text, match.start(), match.end())
        is_alone = match.re is not _HEADING or not text[match.end() : line.end].strip(
            " \t.:：)）]*_"
        )
        heading = line if is_alone else None
        found[line.start] = NumberHeading(line.start, heading, _numbers(_matched(match)))
    headed = frozenset(found)
    for match in _PUT.finditer(text):
        if _line_start(text, match.start()) not in headed:
            found[match.start()] = NumberHeading(match.start(), None, _numbers(match["number"]))
    return _with_codes(text, [found[start] for start in sorted(found)])


def _line_start(text: str, at: int) -> int:
    """Where the line with a character begins, or so far before it as a heading is long."""
    since = max(0, at - _LINE_CHARS)  # a whole record may be one line
    return max(since, text.rfind("\n", since, at) + 1)


def _with_codes(text: str, headings: list[NumberHeading]) -> list[NumberHeading]:
    """The headings with the codes below them; a paragraph with a code of its own is one too."""
    paragraphs = [0, *(m.end() for m in _PARAGRAPH_END.finditer(text))]
    found: list[NumberHeading] = []
    waiting = iter([*headings, None])
    following = next(waiting)
    has_code = True
    at = 0
    for match in _CODE.finditer(text):
        while following and following.start <= match.start():
            found.append(following)
            following, has_code = next(waiting), False
        while at + 1 < len(paragraphs) and paragraphs[at + 1] <= match.start():
            at += 1
        numbers = _numbers(match["bracketed"] or match["bare"])
        if not has_code and found:
            found[-1] = replace(found[-1], numbers=(*found[-1].numbers, *numbers))
            has_code = True
        elif match["bracketed"] and text[paragraphs[at] : match.start()].strip():
            begins = paragraphs[at]
            if not found or found[-1].start < begins:
                found.append(NumberHeading(begins, None, numbers))
    found += [following] if following else []
    found += [heading for heading in waiting if heading]
    return found


def _matched(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return next(groups[k] for k in ("number", "before", "after", "code") if groups.get(k))


def _numbers(written: str) -> tuple[str, ...]:
    """A number as it is kept, and without its year."""
    plain = _plain(written)
    short = plain.partition("/")[0]
    return (plain,) if short == plain else (plain, short)


def _plain(written: str) -> str:
    """In capitals, without spaces, hyphens and leading zeros; a year behind a stroke."""
    marked = re.sub(r"(?<=\d)-(?=\d{2,4}\b)", "/", written.upper().removeprefix("PQ ").strip())
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[ -]", "", marked))


def _line(text: str, start: int, end: int) -> Span:
    """The line with a match, without white space around it."""
    stop = text.find("\n", end)
    line = text[start : stop if stop >= 0 else len(text)]
    begins = start + len(line) - len(line.lstrip())
    return Span(begins, begins + len(line.strip()))
