"""Which language a text is in; the only user of py3langid."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any

__all__ = ["is_known", "language", "script_language"]

# So much of a text is looked at, and so much is needed to be sure of anything but English.
_CHARS, _LEAST_CHARS = 4_000, 200
# English is known by its commonest words, at a hundredth of the time: they are so much of it.
_ENGLISH = frozenset("the of and to that was with this are have".split())
_ENGLISH_SHARE = 0.1
_SURE = 0.9


def language(text: str) -> str:
    """The language of a document's text (ISO 639-1), as its beginning tells.

    English ("en") where that is too short to tell, or cannot be told.
    """
    written = script_language(text)
    beginning = text[:_CHARS]
    if written != "en" or len(beginning) < _LEAST_CHARS:
        return written
    words = re.findall(r"[^\W\d_]+", beginning.lower())
    if sum(word in _ENGLISH for word in words) >= _ENGLISH_SHARE * len(words):
        return "en"
    told, confidence = _identifier().classify(beginning)
    return str(told) if confidence >= _SURE else "en"


def script_language(text: str) -> str:
    """Chinese ("zh") where most letters are Chinese characters, else English ("en")."""
    letters = sum(c.isalpha() for c in text)
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return "zh" if han * 2 > letters else "en"


def is_known(language: str, languages: Collection[str] | None) -> bool:
    """Tell if a language is among some, whatever its country ("en-GB"); among all, where None."""
    return languages is None or language.lower().split("-")[0] in languages


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - takes a second

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
