"""Strings of the interface by key; one JSON file per language in ``locales``.

Dates, names of languages and lists follow the CLDR; only this module uses babel.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Literal

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "Wording", "language_of"]

DEFAULT_LANGUAGE = "en"
_LOCALES = resources.files("qa.web") / "locales"
# The BCP 47 tags of the languages: a file LANGUAGE.json adds one.
LANGUAGES = tuple(
    sorted(f.name.removesuffix(".json") for f in _LOCALES.iterdir() if f.name.endswith(".json"))
)
# English dates put the day first: 21 July 2022.
_LOCALE_OF = {"en": "en-GB"}
# Regions where Chinese is written in traditional characters.
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


class Wording:
    """The strings of one language: ``wording("answer.paragraph", paragraph=3)``."""

    def __init__(self, language: str = DEFAULT_LANGUAGE) -> None:
        self.language = language
        self._words = _load(language)
        self._locale = _locale(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return the string of a key, with its ``{names}`` filled in and dates written out."""
        return self._words[key].format(**{n: self._written(v) for n, v in values.items()})

    def date(self, day: datetime.date) -> str:
        """Return a date as the language writes it: 21 July 2022, 2022年7月21日."""
        return format_date(day, "long", locale=self._locale)

    def names_of(self, languages: Sequence[str], style: Literal["standard", "or"]) -> str:
        """Return the names of languages, joined by "and" ("standard") or by "or".

        A language that the CLDR does not name keeps its code.
        """
        known = self._locale.languages
        names = [known.get(language.replace("-", "_"), language) for language in languages]
        return format_list(names, style=style, locale=self._locale)

    def _written(self, value: object) -> object:
        return self.date(value) if isinstance(value, datetime.date) else value


def language_of(*wanted: str | None) -> str:
    """Return the first supported language of the tags or Accept-Language headers given."""
    for header in wanted:
        for tag in _by_preference(header or ""):
            primary, *rest = tag.lower().replace("_", "-").split("-")
            name = primary
            if primary == "zh":
                name = "zh-Hant" if _TRADITIONAL & set(rest) else "zh-Hans"
            if name in LANGUAGES:
                return name
    return DEFAULT_LANGUAGE


def _by_preference(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, most preferred first."""
    ranked = []
    for part in header.split(",")[:20]:
        tag, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((-float(quality or 1), tag))
        except ValueError:
            continue
    return [tag for _, tag in sorted(ranked, key=lambda ranking: ranking[0])]


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALE_OF.get(language, language), sep="-")


@cache
def _load(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((_LOCALES / f"{language}.json").read_text("utf-8"))
    return words
