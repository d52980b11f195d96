"""Text folded to plain characters for search; the text shown keeps its characters.

Records hold ligatures, soft hyphens, letters that a visitor's keyboard lacks, and note marks behind
figures. Record and question are both folded here and nowhere else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["readable", "searchable", "without_breaks"]

# Letters that Unicode does not take apart: strokes, hooks and joined letters.
_LETTERS = dict(
    zip(
        "ŁłØøĐđĦħŦŧıİßẞÆæŒœÐðÞþſĸŊŋƁɓƊɗƘƙƀƵƶƗɨɆɇªº\u2010\u2011",
        "L l O o D d H h T t i I ss SS AE ae OE oe D d TH th s k N n B b D d K k b Z z I i E e a o "
        "- -".split(),
        strict=True,
    )
)
# Soft hyphens, zero-width characters, marks of the direction of writing, variation selectors.
_INVISIBLE = (
    "\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
)
_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
# Ligatures, Chinese radicals and compatibility characters as PDF writes them, full-width letters
# and digits. Full-width punctuation stays: it is how Chinese is written.
_COMPATIBLE = (
    "\ufb00-\ufb06\ufb13-\ufb17\u0132\u0133\u01c4-\u01cc\u01f1-\u01f3\u2e80-\u2fdf\uf900-\ufaff"
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
)
# A raised digit is the mark of a note or an exponent, and no digit of the figure before it.
_RAISED = "\u00b2\u00b3\u00b9\u2070\u2074-\u207e"
_LOWERED = "\u2080-\u208e"
_RAISED_LETTERS = "\u02b0-\u02b8\u02e0-\u02e3\u1d2c-\u1d6a\u1d9b-\u1dbf\u2071\u207f"
_SQUARE = re.compile("(?<![^\\W\\d_])([kcdm]?m)([²³])(?![\u00b9²³\u2070-\u2079])", re.IGNORECASE)
_RAISED_WORD = re.compile(f"[{_RAISED_LETTERS}]{{2,}}")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")


def _expanded(ranges: str) -> Iterator[str]:
    """Yield the characters of a class such as ``a-cx``."""
    for first, last in re.findall("(.)(?:-(.))?", ranges, re.DOTALL):
        yield from map(chr, range(ord(first), ord(last or first) + 1))


def _plain(char: str) -> str:
    return unicodedata.normalize("NFKC", char)


_TABLE: dict[str, str] = {
    **dict.fromkeys(_expanded(_INVISIBLE), ""),
    **dict.fromkeys(_expanded(_SPACES + _RAISED + _RAISED_LETTERS), " "),
    **{char: _plain(char) for char in _expanded(_COMPATIBLE + _LOWERED)},
    **_LETTERS,
}
_FOLDED = re.compile(
    f"[{_INVISIBLE}{_SPACES}{_RAISED}{_RAISED_LETTERS}{_COMPATIBLE}{_LOWERED}{''.join(_LETTERS)}]"
)
# Where a word may be broken at a line's end.
_BREAKS = re.compile("[\u00ad\u200b\u2060\ufeff]+")
# Letters of Latin and Greek without their accents; elsewhere marks make other letters.
_ACCENTED = re.compile("[\u00c0-\u024f\u0370-\u03ff\u0401\u0451\u1e00-\u1fff\u0300-\u036f]")


def readable(text: str) -> str:
    """Return ``text`` in plain characters for a model; case and accents stay.

    Note marks and exponents become spaces, except in square and cubic metres. Folding the parts of
    a text cut between words gives the same as folding the whole.
    """
    if text.isascii():
        return text
    text = _SQUARE.sub(lambda match: match[1] + _plain(match[2]), text)
    text = _RAISED_WORD.sub(lambda match: _plain(match[0]), text)
    text = _FOLDED.sub(lambda match: _TABLE[match[0]], text)
    return _OTHER_DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), text)


def searchable(text: str) -> str:
    """Return ``text`` for comparing words: plain characters, lower case, no accents."""
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFC", readable(text))
    return _ACCENTED.sub(_bare, composed).lower()


def without_breaks(text: str) -> str:
    """Return ``text`` without soft hyphens and zero-width spaces."""
    return _BREAKS.sub("", text)


def _bare(match: re.Match[str]) -> str:
    """Return a letter without its accents; nothing for an accent by itself."""
    first = unicodedata.normalize("NFD", match[0])[0]
    return "" if unicodedata.combining(first) else first
