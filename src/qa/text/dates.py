"""The date that a document gives as its own."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

from qa.text.written_dates import written_dates

__all__ = ["dates_in", "dates_of_heading", "only_date", "stated_date"]

# The top of a document and the foot of a letter, where they are dated.
_TOP_CHARS = 3_000
_TOP_LINES = 12
_FOOT_CHARS = 600
_FOOT_LINES = 4
# A longer line holds more than a date and what usually stands beside it.
_LINE_CHARS = 160
_Kind = Literal["published", "bare", "updated"]
_WEEKDAY = (
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?"
    r"|(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|lunes|martes|mi[eé]rcoles|jueves|viernes"
    r"|s[aá]bado|domingo|(?:segunda|ter[cç]a|quarta|quinta|sexta)-feira|luned[iì]|marted[iì]"
    r"|mercoled[iì]|gioved[iì]|venerd[iì]|sabato|domenica|(?:montag|dienstag|mittwoch|donnerstag"
    r"|freitag|samstag|sonnabend|sonntag)|(?:星期|周|週|禮拜)[一二三四五六日天]"
)
_ZONE = r"(?:[A-Z]{2,5}\b(?:[+-]\d{1,2})?|Z\b|[+-]\d\d:?\d\d|local time|Uhr)"
_TIME = (
    rf"T?\d{{1,2}}[:.h]\d\d(?::\d\d(?:\.\d+)?)?\s*(?:[ap]\.?m\b\.?)?\s*\(?{_ZONE}?\)?"
    rf"|\d{{1,2}}\s*(?:[ap]\.?m\b\.?|h\b|Uhr|noon)\s*{_ZONE}?|at\b|um\b|à\b|a las\b|noon|midnight"
)
_PUBLISHED = (
    r"for (?:immediate )?release(?: (?:at|on))?|(?:first |originally )?(?:published|posted|issued"
    r"|released|publication date|date of (?:publication|issue|release)|release date"
    r"|date (?:published|posted|issued))(?: (?:on|at|date|by))?|dated?|publi[ée]e? le|paru le"
    r"|date de publication|publicad[oa] (?:el|em)|fecha(?: de publicaci[oó]n)?|data|pubblicato il"
    r"|ver[oö]ffentlicht(?: am)?|datum|erschienen am|stand"
    r"|(?:发布|發佈|發布|公布|刊登|发表|發表)(?:时间|時間|日期|于|於)?|日期|时间|時間"
)
_UPDATED = (
    r"(?:last |page )?(?:updated?|modified|reviewed|revised|changed|edited)(?: (?:on|at|date))?"
    r"|last (?:updat|modifi)\w+(?: on)?|date modified|mise? [àa] jour(?: le)?"
    r"|actualizad[oa](?: el)?"
    r"|atualizado em|aggiornato il|(?:zuletzt )?(?:aktualisiert|ge[aä]ndert)(?: am)?"
    r"|(?:最后|最後)?(?:更新|修改)(?:时间|時間|日期|于|於)?"
)
_SAID = (
    r"(?:delivered|held|given|spoken|recorded|made|as delivered)(?: on)?|prononcée? le|gehalten am"
    r"|pronunciad[oa] el"
)
_FILLER = (
    rf"{_WEEKDAY}|{_TIME}|\b(?:on|le|el|am|den|the|this|de)\b|中[華华]"
    r"|[\s,:：;()（）\[\]【】.*_#—–-]"
)
# Possessive, so that a hostile line takes linear time.
_FILLERS = rf"(?>{_FILLER})*+"
_BESIDE = re.compile(_FILLERS, re.IGNORECASE)
_LABELS: dict[_Kind, re.Pattern[str]] = {
    "updated": re.compile(rf"{_FILLERS}(?>{_UPDATED}){_FILLERS}", re.IGNORECASE),
    "published": re.compile(rf"{_FILLERS}(?>{_PUBLISHED}){_FILLERS}", re.IGNORECASE),
    "bare": re.compile(rf"{_FILLERS}(?>{_SAID}){_FILLERS}", re.IGNORECASE),
}
# "Geneva, 3 April 2025": up to four words, each with a capital or between such, or a few Chinese
# characters, and a comma or a dash.
_NAME = r"[^\W\d_a-z][\w.'’-]*"
_SMALL = r"(?:(?:de|la|le|of|the|am|an|der|den|do|da|del|sur|y|and) )*"
_PLACE = re.compile(
    rf"\W*(?:{_NAME}(?:[ /-]+{_SMALL}{_NAME}){{0,3}}(?:, ?{_NAME}(?: {_NAME})?)?"
    r"|[\u3400-\u9fff]{2,8}"
    r"|(?i:(?:press |joint |opening )?(?:statement|speech|remarks|release|briefing|conference"
    r"|communiqu[eé]|address|transcript|news|declaration|message)\b[^.;:?!]{0,80}?))"
    r"\s*(?:[,，、]|\s[-–—]+|[–—]+)\s*(?:(?:the|le|el|den|am)\s*)?"
)
_PLACE_CHARS = 100
# Other text may stand beside a date behind these ("3 April 2025 | Press release").
_SEPARATOR = re.compile(r"\s*[|•·‖｜]\s*|\s+[-–—/]+\s+|\t+")
_BESIDE_CHARS = 60
# Beside these words a date is not that of the text.
_OF_ANOTHER = re.compile(
    r"\b(?:deadline|due|clos\w+|expir\w*|effective|embargo\w*|next|anniversar\w+|born|died|adopted"
    r"|valid|as of|period|ended?|ending|starts?|begins?|attacks?|earthquakes?|events?|floods?"
    r"|massacre|shooting|crash|elections?|referendum|votes?|hearing|apply|applications?"
    r"|consultation|register|upcoming|scheduled|archived?|downloaded|printed|accessed|retrieved"
    r"|copyright|frist)\b|截止|截至|生效|©"
    r"|(?:\b(?:until|till|since|before|after|by|from|to|bis|seit|depuis|avant|hasta|desde)|自从|自從)"
    r"\s*$",
    re.IGNORECASE,
)
# A date alone is that of the statement if it was published within a week.
_SAID_BEFORE = datetime.timedelta(days=7)
# Only letters have these.
_LETTER = re.compile(
    r"^[ \t]*(?:dear|yours|sincerely|respectfully|faithfully|excellenc|signed|done at|sehr geehrte"
    r"|mit freundlichen|monsieur|madame|estimad|atentamente|cordialement|此致|敬启|謹啟)",
    re.IGNORECASE | re.MULTILINE,
)
_RUNS_ON = re.compile(
    r"\b(?:on|of|from|until|to|by|since|the|in|and|before|after)$|,$", re.IGNORECASE
)


def stated_date(title: str | None, text: str) -> datetime.date | None:
    """Return the date in the title, else in a line near the top, else at the foot of a letter.

    A date of publication comes before a date alone, and that before one of an update. None if
    several of one kind differ. A date in running text is never taken.
    """
    in_title = _title_dates(title or "")
    if len(in_title) == 1:
        return in_title.pop()
    lines = [line.strip() for line in text[:_TOP_CHARS].split("\n")]
    top = _first_filled(lines, _TOP_LINES)
    return _best(top) if _dated(top) else _foot_date(text)


def only_date(lines: Iterable[str]) -> datetime.date | None:
    """Return the one date that lines consist of; None if there is none, or more than one."""
    return _best([*lines])


def dates_in(text: str) -> set[datetime.date]:
    """Return every date that is written out in the text."""
    return {written.date for written in written_dates(unicodedata.normalize("NFKC", text))}


def _title_dates(title: str) -> set[datetime.date]:
    """Return the dates in a title, without those of its subject."""
    title = unicodedata.normalize("NFKC", title)
    written = [*written_dates(title)]
    if any(one.is_in_range for one in written):
        return set()
    return {one.date for one in written if not _OF_ANOTHER.search(_words_before(title, one.start))}


def _words_before(title: str, start: int) -> str:
    """Return the few words before a date, which name its subject."""
    return " ".join(title[:start].split()[-3:])


def _first_filled(lines: Sequence[str], count: int) -> list[str]:
    """Return the first lines that are neither empty nor part of running text."""
    kept: list[str] = []
    filled = 0
    for number, line in enumerate(lines):
        if not line:
            continue
        filled += 1
        before = lines[number - 1] if number else ""
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if not (after[:1].islower() or _RUNS_ON.search(before)):
            kept.append(line)
        if filled == count:
            break
    return kept


def _foot_date(text: str) -> datetime.date | None:
    """Return the date of a letter, in one of its last short lines."""
    if not (_LETTER.search(text[:_TOP_CHARS]) or _LETTER.search(text[-_FOOT_CHARS:])):
        return None
    last = [line.strip() for line in text[-_FOOT_CHARS:].split("\n")[1:] if line.strip()]
    last = last[-_FOOT_LINES:]
    at = [number for number, line in enumerate(last) if _dated([line])]
    if len(at) != 1 or any(len(line) > _BESIDE_CHARS for line in last[at[0] :]):
        return None
    return _best(last)


def _best(lines: Iterable[str]) -> datetime.date | None:
    dated = _dated(lines)
    of: dict[_Kind, set[datetime.date]] = {"published": set(), "bare": set(), "updated": set()}
    for kind, date in dated:
        of[kind].add(date)
    if len(of["published"]) == len(of["bare"]) == 1:
        day, published = min(of["bare"]), min(of["published"])
        return day if published - _SAID_BEFORE <= day <= published else published
    dates = next((dates for dates in of.values() if dates), set())
    return dates.pop() if len(dates) == 1 else None


def _dated(lines: Iterable[str]) -> list[tuple[_Kind, datetime.date]]:
    """Return the dates that lines consist of, with their kinds."""
    return [one for line in lines if len(line) <= _LINE_CHARS for one in _dates_of(line)]


def _dates_of(line: str) -> list[tuple[_Kind, datetime.date]]:
    """Return the dates of a line that holds only dates and what stands beside dates."""
    line = " ".join(unicodedata.normalize("NFKC", line.replace("\t", " | ")).split())
    written = sorted(written_dates(line), key=lambda one: one.start)
    if not written or any(one.is_in_range for one in written):
        return []
    dates: list[tuple[_Kind, datetime.date]] = []
    start = 0
    for number, one in enumerate(written):
        end = written[number + 1].start if number + 1 < len(written) else len(line)
        kind = _kind(line[start : one.start], "" if number + 1 < len(written) else line[one.end :])
        if kind is None:
            return []
        dates.append((kind, one.date))
        start = one.end if end != len(line) else start
    return dates


def _kind(before: str, after: str) -> _Kind | None:
    """Return the kind of a date between two texts; None if they say more than stands beside one."""
    *others_before, before = _SEPARATOR.split(before)
    after, *others_after = _SEPARATOR.split(after)
    others = [*others_before, *others_after]
    if any(len(other) > _BESIDE_CHARS or _OF_ANOTHER.search(other) for other in others):
        return None
    if not _BESIDE.fullmatch(after):
        return None
    labels = [before, *others]
    for kind, label in _LABELS.items():
        if any(label.fullmatch(text) for text in labels):
            return kind if _BESIDE.fullmatch(before) or label.fullmatch(before) else None
    return "bare" if _BESIDE.fullmatch(before) or _is_place(before) else None


def _is_place(before: str) -> bool:
    return (
        len(before) <= _PLACE_CHARS
        and not _OF_ANOTHER.search(before)
        and bool(_PLACE.fullmatch(_without_weekday(before)))
    )


def _without_weekday(text: str) -> str:
    return re.sub(rf"(?:{_WEEKDAY})[,\s]*$", "", text, flags=re.IGNORECASE)


def dates_of_heading(line: str) -> datetime.date | None:
    """Return the date of a line that holds nothing else, as the heading of a day does."""
    dates = _dates_of(line.strip("#*_ \t"))
    return dates[0][1] if len(dates) == 1 and dates[0][0] == "bare" else None
