"""Which language a text is in."""

from __future__ import annotations

__all__ = ["language"]


def language(text: str) -> str:
    """Chinese ("zh") where most letters are Chinese characters, else English ("en")."""
    letters = sum(c.isalpha() for c in text)
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return "zh" if han * 2 > letters else "en"
