"""Bytes to characters, where the encoding is certain.

A byte-order mark, valid UTF-8 and a page's declaration decide, in this order. Otherwise every
supported encoding is tried, and the only one that gives plausible text is used. The detector
charset-normalizer is not: of 233 pieces of 10 and 30 characters of the record, in these very
encodings, it silently decoded 9 to text that nobody wrote.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from qa.errors import SourceError

__all__ = ["decoded", "text_codec"]

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# As browsers read what pages declare (WHATWG Encoding Standard): the wider encoding of its family.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
}
# The encodings of text on the web, by Python's names. Python has others, which are not of text
# ("hex", "undefined"), or take quadratic time ("punycode", "idna").
_TEXT_CODECS = (
    frozenset(
        """
    ascii utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be gb2312 gbk gb18030
    big5 big5hkscs cp950 euc_jp shift_jis cp932 iso2022_jp euc_kr cp949 johab koi8-r koi8-u
    mac-roman mac-cyrillic cp437 cp850 cp852 cp855 cp858 cp866 cp874 tis-620 viscii
    """.split()
    )
    | {f"iso8859-{part}" for part in range(1, 17)}
    | {f"cp{page}" for page in range(1250, 1259)}
)
# The commonest characters of Chinese, simplified and traditional: about half of any text, and one
# in forty of what the wrong encoding makes of it.
_COMMON = frozenset(
    "的一是不了在人有我他这這中大来來上国國个個到说說们們为為子和你地出道也时時年得就那要下以生会會"
    "自着著去之过過家学學对對可里裡后後小心多天而能好都然没沒日于於起还還发發成事只作当當想看文无無"
    "开開手十用主行方又如前所本见見经經头頭面公同三已老从從动動两兩长長知民现現分将將外但身些与與高"
    "意进進把法此实實回二理点點月明其全工己者向情部正名定女问問力机機给給等几幾很业業最间間新什便位"
    "因重被四第相次政使教再平信少关關并並内內加化由代产產入先五万萬市体體别別处處总總场場书書比员員"
    "性通目报報立命件安表应應路期提更反合系計计利受光及今务務制各任至共接特服建度统統请請交认認论論"
    "社结結资資管条條院变變联聯权權展该該领領治保达達办辦运運必强強区區求品济濟革改议議组組"
)
# The share of common characters that makes text Chinese: lower in long text, where the share varies
# less. Measured on pieces of the record: with a lower share, Japanese passes.
_LEAST_COMMON = 0.35
_LEAST_COMMON_IN_MANY = 0.2
_MANY = 50
# The least share of ASCII of Western text in UTF-16 without a mark.
_LEAST_ASCII = 0.8
# Fewer characters are plausible in either byte order.
_LEAST_WIDE = 8
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3040-\u30ff]")
# The accented letters of one language each: no text mixes those of all.
_ACCENTS = [
    frozenset(letters + letters.replace("ß", "").upper())
    for letters in (
        "àâæçéèêëîïôœùûüÿ",  # French, Dutch
        "áàçéèíïñóòúü·",  # Spanish, Catalan
        "àáâãçéêíóôõúü",  # Portuguese
        "àèéìíîòóùú",  # Italian
        "äöüßéè",  # German
        "åäöæøéü",  # Nordic
    )
]
_ACCENTED = "".join(sorted(frozenset.union(*_ACCENTS) - {"·"}))
_QUOTES = "‘’“”–—…«»‹›\xa0"
_SIGNS = "€‚„‰•™§°©®±²³µ·¿¡¼½¾£¥ªº†"
_NO_WESTERN_TEXT = re.compile(
    rf"[^\t\n\r\x20-\x7e{_ACCENTED}{_QUOTES}{_SIGNS}]"  # anything else
    rf"|[{_ACCENTED}]{{3}}"  # accented letters in a heap
    r"|[a-zà-öø-ÿœ][À-ÖØ-ÞŒŸ]"  # a capital after a small letter
    rf"|[{_SIGNS}](?![ÁÉÍÓÚ])[^\x00-\x7f]|[^\x00-\x7f\xa0][{_SIGNS}]"  # signs in a heap
    rf"|[A-Za-z{_ACCENTED}][{_SIGNS.replace('·', '')}][a-z{_ACCENTED}]"  # a sign within a word
    rf"|[a-ln-z{_ACCENTED}][²³¹]"  # a power of no metre
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")


def decoded(data: bytes, name: str, declared: str | None = None) -> str:
    """Return the bytes as text with line feeds at line ends, without byte-order mark.

    Raises:
        SourceError: they are not text, or the encoding is uncertain.
    """
    mark = next((mark for mark in _BYTE_ORDER_MARKS if data.startswith(mark)), b"")
    text = _certain(data[len(mark) :], name, _BYTE_ORDER_MARKS.get(mark), declared)
    if "\0" in text:
        raise SourceError(f"{name}: binary, not text (it holds NUL characters).")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _certain(data: bytes, name: str, marked: str | None, declared: str | None) -> str:
    if marked:
        text = _strictly(data, marked)
        if text is None:
            raise SourceError(f"{name}: marked as {marked} and is not: save it as UTF-8.")
        return text
    # Valid UTF-8 is nothing else; a declaration that the bytes do not fit is ignored.
    for encoding in ("utf-8", text_codec(declared) if declared else None):
        text = _strictly(data, encoding) if encoding else None
        if text is not None and "\0" not in text:
            return text
    return _only_plausible(data, name)


def text_codec(label: str) -> str | None:
    """Return Python's name of the text encoding with that label; None where there is none."""
    try:
        codec = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):  # ValueError: a NUL, or a surrogate
        return None
    return codec if codec in _TEXT_CODECS else None


def _strictly(data: bytes, codec: str) -> str | None:
    """Return the text in an encoding; None where the bytes are not valid in it."""
    try:
        return data.decode(_WIDER.get(codec, codec))
    except UnicodeError:
        return None


def _only_plausible(data: bytes, name: str) -> str:
    """Return the text of the only encoding that gives plausible text."""
    encodings: dict[str, str] = {}
    tests = _WIDE_TESTS if b"\0" in data else _TESTS
    for encoding, is_plausible in tests.items():
        text = _strictly(data, encoding)
        if text is not None and is_plausible(text):
            encodings.setdefault(text, encoding)
    if len(encodings) == 1:
        return next(iter(encodings))
    if b"\0" in data:
        raise SourceError(f"{name}: binary, not text (it holds NUL characters).")
    if not encodings:
        first = next((place for place, byte in enumerate(data) if byte > 0x7F), 0)  # noqa: PLR2004
        raise SourceError(
            f"{name}: in no encoding read here (byte {first} is {data[first]:#04x}; known: UTF-8, "
            "UTF-16, Windows-1252, GB18030, Big5): save it as UTF-8."
        )
    raise SourceError(
        f"{name}: could be {' or '.join(encodings.values())}, and says something else in each: "
        "save it as UTF-8."
    )


def _is_chinese(text: str) -> bool:
    han = _HAN.findall(text)
    common = sum(character in _COMMON for character in han)
    least = _LEAST_COMMON if len(han) < _MANY else _LEAST_COMMON_IN_MANY
    is_japanese = len(_KANA.findall(text)) * 10 > len(han)
    return common > 1 and common >= least * len(han) and not is_japanese and _is_printed(text)


def _is_western(text: str) -> bool:
    is_open_question = text.rfind("¿") > text.rfind("?")
    if is_open_question or _NO_WESTERN_TEXT.search(text):
        return False
    accented = [letter for letter in text if letter in _ACCENTED]
    letters = sum(letter.isascii() and letter.isalpha() for letter in text)
    is_one_language = any(language.issuperset(accented) for language in _ACCENTS)
    return is_one_language and len(accented) * 2 <= letters


def _is_printed(text: str) -> bool:
    return not _CONTROLS.search(text)


def _is_chinese_or_ascii(text: str) -> bool:
    if len(text) < _LEAST_WIDE:
        return False
    ascii_share = sum(character.isascii() for character in text) / len(text)
    is_western = ascii_share >= _LEAST_ASCII and _is_western(text)
    return "\0" not in text and (_is_chinese(text) or is_western)


_TESTS: dict[str, Callable[[str], bool]] = {
    "gb18030": _is_chinese,
    "big5hkscs": _is_chinese,
    "cp1252": _is_western,
}
# Without a mark only where there are NUL bytes: every even number of bytes is some UTF-16.
_WIDE_TESTS: dict[str, Callable[[str], bool]] = {
    "utf-16-le": _is_chinese_or_ascii,
    "utf-16-be": _is_chinese_or_ascii,
}
