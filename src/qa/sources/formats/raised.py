"""Raised and lowered characters, such as the marks of notes, as characters of their own.

Unicode has small raised and lowered digits and letters, so that the mark behind "41" never makes
"411". Endings of ordinals ("20th") are raised only for looks, and stay letters.
"""

from __future__ import annotations

import re

__all__ = ["lowered", "raised"]

_RAISED = dict(
    zip(
        "0123456789+-−–=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
        strict=True,
    )
)
_LOWERED = dict(zip("0123456789+-−–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎", strict=True))
# Numbers and letters that name notes, and exponents; words are raised for looks.
_MARK = re.compile(
    r"\s*(?:[\d+\-−–=()*†‡§¶#.,;:/⁄\s]|(?<![a-z])(?:[a-z]|[ivx]{2,5})(?![a-z]))+", re.IGNORECASE
)
_DIGITS = re.compile(r"\d")
_SYMBOLS = {"TM": "™", "SM": "℠", "MC": "ᴹᶜ", "MD": "ᴹᴰ"}


def raised(text: str) -> str:
    """``text`` that stands above the line: digits and single letters in raised characters.

    What stands in square brackets, and words, are given as they are.
    """
    if text.strip() in _SYMBOLS:
        return _SYMBOLS[text.strip()]
    return _small(text, _RAISED) if _MARK.fullmatch(text) else text


def lowered(text: str) -> str:
    """``text`` that stands below the line: digits in lowered characters, letters as they are."""
    return _small(text, _LOWERED) if _DIGITS.search(text) else text


def _small(text: str, characters: dict[str, str]) -> str:
    return "".join(characters.get(char, char) for char in text)
