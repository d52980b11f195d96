"""Which language a text is in."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["is_known", "language"]


def language(text: str) -> str:
    """Chinese ("zh") where most letters are Chinese characters, else English ("en")."""
    letters = sum(c.isalpha() for c in text)
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return "zh" if han * 2 > letters else "en"


def is_known(language: str, languages: Collection[str] | None) -> bool:
    """Whether a language is among some, whatever its country ("en-GB"); among all, where None."""
    return languages is None or language.lower().split("-")[0] in languages
