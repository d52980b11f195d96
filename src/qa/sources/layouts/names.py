"""Names in the words of a label, by the way they are written."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from qa.sources.layouts.label_words import (
    Kind,
    has_honorific,
    holds_office,
    is_connector,
    is_field,
    is_known_word,
    is_outlet,
    is_verb,
    kind_of,
    opens_a_sentence,
    presides,
    words_of,
)

__all__ = ["HAN", "INSIDE", "TIME", "Name", "has_timed_aside", "name_of"]

_NAME_WORDS = 8
# Titles are longer ("Director of the Federal Bureau of Roads Ilse Tarn").
_TITLE_WORDS = 24
_FULL_NAME_WORDS = 4
_HAN_CHARS = 20
# So many words in small letters that are no speaker's may be in a label ("Audience member"), of
# so many words.
_UNKNOWN_WORDS = 2
_UNKNOWN_AMONG = 4
_ABBREVIATION_CHARS = 5
_THE = frozenset({"the", "le", "la", "el", "o", "a", "il", "der", "die"})
_ARTICLES = ("d'", "d’", "l'", "l’", "al-")
TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
# What stands in brackets may hold other brackets, and go on in the next line.
INSIDE = r"(?:[^()（）\[\]]|\([^()\n]{0,20}\)){0,180}"
HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\ue000-\ufaff\uac00-\ud7af]")
_ASIDE = re.compile(rf"[ \t]*[(（\[](?P<aside>{INSIDE})[)）\]][ \t*_]*\Z")
_TIME_ALONE = re.compile(rf"[ \t]*{TIME}[ \t]*\Z")
_FULL_STOP = re.compile(r"(?<=[^\W\d_]{4})\.$")
# "ANN BROWN. Hi, ..." goes on after a sentence's end; "Prof. Brown" does not.
_ENDED = re.compile(r"([^\W\d_]{4,})\.[ ]")
# "Tarn, Parl. Staatssekretär" holds an abbreviation.
_ENDED_TITLE = re.compile(r"[^\W\d_]{5,}\.[ ]")
_SPACED_HAN = re.compile(r"(?<=[\u3400-\u9fff])[ \u3000](?=[\u3400-\u9fff](?:[ \u3000]|$))")
_NEVER_IN_NAMES = re.compile(r"[?？!！;；。…，、“”\"=|{}<>\\/@#%$€£+~]")
# "NW311E" is the number of a question, "Friday, 3 May 2019, page" heads a page.
_CODE_OR_YEAR = re.compile(r"^[A-Z]{1,4}\d{2,}[A-Z]?$|\b(?:19|20)\d{2}\b")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Name:
    """The speaker that the words of a label name, with evidence for this speaker's part.

    ``speaker`` is None where they name nobody ("Q"). ``is_strong``: every word is written as
    those of names are.
    """

    speaker: str | None
    key: str
    kind: Kind | None = None
    is_strong: bool = True
    is_person: bool = False
    has_office: bool = False
    has_honorific: bool = False
    has_outlet: bool = False


def has_timed_aside(words: str) -> bool:
    """Return whether brackets at the end of a label hold a time."""
    aside = _ASIDE.search(words)
    return bool(aside and _TIME_ALONE.match(aside["aside"]))


@functools.lru_cache(maxsize=8192)
def name_of(written: str) -> Name | None:
    """Return the name in the words before a separator; None where they are no name."""
    bare, asides = _without_asides(written.strip(" \t\xa0*_"))
    bare = _FULL_STOP.sub("", bare.strip(" \t\xa0*_,"))
    # Japanese ministries set "(記 者)".
    bare = _SPACED_HAN.sub("", bare)
    head, comma, title = bare.partition(",")
    is_ended = any(not has_honorific(word) for word in _ENDED.findall(head))
    if is_ended or _ENDED_TITLE.search(title):
        return None
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
    if person is None and _CODE_OR_YEAR.search(bare):
        return None
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
    """Return whether brackets behind an office hold somebody's name ("Piet Dorn")."""
    tokens = words.split()
    return (
        1 < len(tokens) <= _FULL_NAME_WORDS
        and all(token[0].isupper() and token[1:].islower() for token in tokens)
        and not holds_office(words)
        and "Office" not in tokens
    )


def _is_title(words: str) -> bool:
    """Return whether words behind a name and a comma are an office or an outlet ("Reuters")."""
    tokens = words.split()
    if not tokens or len(tokens) > _TITLE_WORDS or any(map(is_verb, tokens)):
        return False
    # "Second, this is a question" goes on as sentences do.
    is_begun = not tokens[0].islower() or is_known_word(tokens[0]) or tokens[0] in _THE
    return is_begun and (holds_office(words) or is_outlet(words))


def _without_asides(words: str) -> tuple[str, list[str]]:
    """Return a label without the brackets at its end, and the words in these, no times."""
    asides = []
    while aside := _ASIDE.search(words):
        words = words[: aside.start()]
        if not _TIME_ALONE.match(aside["aside"]):
            asides.append(aside["aside"].strip())
    return words, asides


def _is_written_as_name(words: str, *, is_title: bool) -> bool | None:
    """Return whether all words are written as names are; None where too many are not."""
    is_small_letter = len(words) == 1 and words.islower()
    is_torn = words.count("(") != words.count(")")
    if is_small_letter or is_torn or not _LETTER.search(words) or _NEVER_IN_NAMES.search(words):
        return None
    if HAN.search(words):
        return True if len(HAN.findall(words)) <= _HAN_CHARS else None
    tokens = words.split()
    if len(tokens) > (_TITLE_WORDS if is_title or holds_office(words) else _NAME_WORDS):
        return None
    unknown = 0
    for place, token in enumerate(tokens):
        is_name = _is_name_word(token, is_first=place == 0, is_last=place == len(tokens) - 1)
        if is_name is None:
            return None
        unknown += not is_name
    if not unknown:
        return True
    few = unknown <= _UNKNOWN_WORDS and len(tokens) <= _UNKNOWN_AMONG and not is_title
    return False if few else None


def _is_name_word(word: str, *, is_first: bool, is_last: bool) -> bool | None:
    """Return whether one word is written as in a name; None where it cannot be part of one."""
    letter = _LETTER.search(word)
    if letter is None:
        # "Speaker 1", "Smith & Sons", a dash between two names.
        return True if (word.isnumeric() and not is_first) or word in "&–—-·" else None
    if is_verb(word) or (word.endswith(".") and len(word.rstrip(".")) > _ABBREVIATION_CHARS):
        return None
    if not letter[0].islower():
        return True
    is_joining = is_connector(word) and not is_first and not is_last
    is_agency = is_first and is_outlet(word)
    if is_known_word(word) or is_agency or is_joining or word.lower().startswith(_ARTICLES):
        return True
    return None if is_first else False
