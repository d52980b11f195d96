"""The language of a text; the only user of py3langid."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any

__all__ = ["is_known", "language", "script_language"]

# Characters read, and characters needed to recognise anything but English.
_CHARS, _LEAST_CHARS = 4_000, 200
# English is recognised by the share of its commonest words, in a hundredth of the time.
_ENGLISH = frozenset("the of and to that was with this are have".split())
_ENGLISH_SHARE = 0.1
_SURE = 0.9


def language(text: str) -> str:
    """Return the language (ISO 639-1) of a text by its beginning; "en" if it is uncertain."""
    written = script_language(text)
    beginning = text[:_CHARS]
    if written != "en" or len(beginning) < _LEAST_CHARS:
        return written
    words = re.findall(r"[^\W\d_]+", beginning.lower())
    if sum(word in _ENGLISH for word in words) >= _ENGLISH_SHARE * len(words):
        return "en"
    code, confidence = _identifier().classify(beginning)
    return str(code) if confidence >= _SURE else "en"


def script_language(text: str) -> str:
    """Return "zh" if most letters are Chinese characters, else "en"."""
    letters = sum(c.isalpha() for c in text)
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return "zh" if han * 2 > letters else "en"


def is_known(language: str, languages: Collection[str] | None) -> bool:
    """Tell if a language is one of `languages`, whatever its country ("en-GB"); None is any."""
    return languages is None or language.lower().split("-")[0] in languages


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - takes a second

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
