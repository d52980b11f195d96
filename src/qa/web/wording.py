"""Every sentence the web says, by key and language; one JSON file per language in ``locales``."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

__all__ = ["Wording"]


class Wording:
    """The words of one language: ``wording("answer.paragraph", paragraph=3)``."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._words = _load(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of that key, with its ``{names}`` filled in."""
        return self._words[key].format(**values)


@cache
def _load(language: str) -> dict[str, str]:
    path = resources.files("qa.web") / "locales" / f"{language}.json"
    words: dict[str, str] = json.loads(path.read_text("utf-8"))
    return words
