"""Superscript and subscript characters, such as the marks of notes.

Unicode has superscript digits and letters, so that the mark behind "41" never makes "411".
Endings of ordinals ("20th") are set as superscripts only for looks, and stay letters.
"""

from __future__ import annotations

import re

__all__ = ["subscript", "superscript"]

_SUPERSCRIPTS = str.maketrans(
    "0123456789+-−–=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
)
_SUBSCRIPTS = str.maketrans("0123456789+-−–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎")
# Numbers and letters that name notes, and exponents; words are superscripts for looks.
_MARK = re.compile(
    r"\s*(?:[\d+\-−–=()*†‡§¶#.,;:/⁄\s]|(?<![a-z])(?:[a-z]|[ivx]{2,5})(?![a-z]))+", re.IGNORECASE
)
_DIGIT = re.compile(r"\d")
_SYMBOLS = {"TM": "™", "SM": "℠", "MC": "ᴹᶜ", "MD": "ᴹᴰ"}


def superscript(text: str) -> str:
    """Return ``text`` with digits and single letters as superscripts.

    Words, and text in square brackets, are returned unchanged.
    """
    if text.strip() in _SYMBOLS:
        return _SYMBOLS[text.strip()]
    return text.translate(_SUPERSCRIPTS) if _MARK.fullmatch(text) else text


def subscript(text: str) -> str:
    """Return ``text`` with digits as subscripts, and letters unchanged."""
    return text.translate(_SUBSCRIPTS) if _DIGIT.search(text) else text
