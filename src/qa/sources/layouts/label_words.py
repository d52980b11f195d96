"""Words by which labels are recognised: those of askers, offices, outlets, fields of forms.

The lists are in ``words.toml``. They are evidence beside the structure of a text (see
``dialogue`` and ``roles``): a word alone decides only where nothing but a speaker can be meant
("Q:", "MR. CARNEY:").
"""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from importlib import resources
from typing import Literal

__all__ = [
    "Kind",
    "alternatives",
    "has_honorific",
    "holds_office",
    "is_connector",
    "is_field",
    "is_known_word",
    "is_note",
    "is_outlet",
    "is_verb",
    "kind_of",
    "opens_a_sentence",
    "presides",
    "words_of",
]

Kind = Literal["asker", "answerer", "leader"]

_LISTS = {
    name: words.split()
    for name, words in tomllib.loads(
        (resources.files("qa.sources.layouts") / "words.toml").read_text("utf-8")
    ).items()
}


def alternatives(name: str) -> str:
    """Return the words of a list in ``words.toml`` as alternatives of a regular expression."""
    return f"(?:{'|'.join(_LISTS[name])})"


_REPORTERS = frozenset(_LISTS["reporters"])
_ASKERS = _REPORTERS.union(_LISTS["questions"])
_ASKER_WORDS = _ASKERS.union(_LISTS["asker_qualifiers"])
_ANSWERERS = frozenset(_LISTS["answers"])
_LEADERS = frozenset(_LISTS["leaders"])
_OFFICES = frozenset(_LISTS["offices"])
_HONORIFICS = frozenset(_LISTS["honorifics"])
_OUTLETS = frozenset(_LISTS["outlets"])
_FIELDS = frozenset(_LISTS["fields"])
_NOTES = frozenset(_LISTS["notes"])
_CONNECTORS = frozenset(_LISTS["connectors"])
_OPENERS = frozenset(_LISTS["openers"])
_FIRST_WORDS = frozenset(_LISTS["first_words"])
_VERBS = frozenset(_LISTS["verbs"])
_CHAIRS = frozenset(_LISTS["chairs"])
_PRESIDING = _CHAIRS.union(_LISTS["presiding"])
_SPEAKER_WORDS = _ASKERS | _ANSWERERS | _LEADERS | _OFFICES
_HAN_OFFICES = re.compile(alternatives("han_offices"))
_HAN_OUTLETS = re.compile(f"(?:{alternatives('han_reporters')}|{alternatives('han_outlets')})$")
_HAN_VERBS = re.compile(f"{alternatives('han_verbs')}$")
# Misspelt by a letter or two in the record ("CHAIRIMAN POWELL"), and too long to be a name.
_MISSPELT_CHARS = 7
_MISSPELT_LIKENESS = 0.87
_NEVER_MISSPELT = frozenset(_LISTS["never_misspelt"])
_OFTEN_MISSPELT = _LISTS["often_misspelt"]
# Compared only where they begin alike: there may be very many names.
_FIRST_LETTERS = 3
_BEGINNINGS = frozenset(word[:_FIRST_LETTERS] for word in _OFTEN_MISSPELT)
# Words of scripts whose vowel signs are no letters stay whole.
_WORD = re.compile(r"[^\s.,:;()（）\[\]&/《》〈〉「」『』\"“”*_–—·]+")
_NUMBER = re.compile(r"\d{1,4}|[一二三四五六七八九十]{1,3}")
_NUMBER_BEHIND = re.compile(r"[#-]?\d{1,4}$|[一二三四五六七八九十]{1,3}$")


@functools.lru_cache(maxsize=4096)
def _split(name: str) -> tuple[str, ...]:
    return tuple(words_of(name))


def words_of(text: str) -> list[str]:
    """Return the words of a name or a text in small letters, without punctuation."""
    return _WORD.findall(text.lower())


@functools.lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind | None:
    """Return the part that the words of a label state, as "Question 3" does; or None."""
    words = {_NUMBER_BEHIND.sub("", word) for word in _split(name) if not _NUMBER.fullmatch(word)}
    if not words:
        return None
    if words <= _ASKER_WORDS and words & _ASKERS:
        return "asker"
    if words <= _ANSWERERS:
        return "answerer"
    return "leader" if words & _LEADERS else None


@functools.lru_cache(maxsize=4096)
def holds_office(name: str) -> bool:
    """Return true if a name holds an office, in the languages known here."""
    words = _split(name)
    return (
        not _OFFICES.isdisjoint(words)
        or bool(_HAN_OFFICES.search(name))
        or any(map(_is_misspelt_office, words))
    )


def _is_misspelt_office(word: str) -> bool:
    return (
        len(word) >= _MISSPELT_CHARS
        and word not in _NEVER_MISSPELT
        and word[:_FIRST_LETTERS] in _BEGINNINGS
        and bool(difflib.get_close_matches(word, _OFTEN_MISSPELT, 1, _MISSPELT_LIKENESS))
    )


def is_outlet(name: str) -> bool:
    """Return true if a name is that of a news outlet, or of one of its reporters."""
    words = _split(name)
    if _HAN_OUTLETS.search(name.strip("《》〈〉「」『』 ")) or "》" in name:
        return True
    is_named = not _OUTLETS.isdisjoint(words) or not _REPORTERS.isdisjoint(words)
    return is_named and _OFFICES.isdisjoint(words)


def presides(name: str) -> bool:
    """Return true for the title of who presides over a parliament ("Mr. Deputy Speaker")."""
    words = _split(name)
    is_chair = len(words) > 1 and not _CHAIRS.isdisjoint(words)
    return ("speaker" in words or is_chair) and _PRESIDING.issuperset(words)


def has_honorific(name: str) -> bool:
    """Return true if a name begins with a form of address ("Mr. Okello", "Hon. X")."""
    words = _split(name)
    return bool(words) and words[0] in _HONORIFICS


def is_field(name: str) -> bool:
    """Return true if a label heads a field of a form or a list ("Venue", "注") or is a sentence."""
    words = _split(name)
    if not words or _HAN_VERBS.search(words[-1]):
        return True
    bare = [word for word in words if not word.isnumeric() and word not in _CONNECTORS]
    return bool(bare) and _FIELDS.issuperset(bare)


def opens_a_sentence(name: str) -> bool:
    """Return true if a label's first word begins sentences, and no name as it stands there."""
    words = name.split()
    first = words[0].lower() if words else ""
    is_name = len(words) > 1 and (
        words[1][:1].isupper() or not _HONORIFICS.isdisjoint(_split(name))
    )
    return first in _OPENERS or (first in _FIRST_WORDS and not is_name)


def is_verb(word: str) -> bool:
    """Return true if a word in small letters is part of a sentence and of no name."""
    return word in _VERBS


def is_note(name: str) -> bool:
    """Return true if bracketed words report what happened in the room ("Laughter")."""
    words = _split(name)
    return not words or not _NOTES.isdisjoint(words)


def is_connector(word: str) -> bool:
    """Return true if a word joins parts of names and titles ("of", "van")."""
    return word.lower() in _CONNECTORS


def is_known_word(word: str) -> bool:
    """Return true if a word in small letters is that of a speaker ("reporter", "porte-parole")."""
    return word.lower().strip(".,") in _SPEAKER_WORDS
