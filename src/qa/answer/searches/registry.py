"""The searches there are: a new one is a line of ``SEARCHES``."""

from __future__ import annotations

from collections.abc import Collection

from qa.answer.searches.passages import PassageSearch
from qa.answer.searches.search import Search
from qa.answer.searches.sentences import SentenceSearch
from qa.answer.searches.words import WordSearch
from qa.errors import SettingsError

__all__ = ["NAMES", "SEARCHES", "SEARCH_FEATURES", "VECTOR_FEATURES", "chosen_searches"]

SEARCHES: tuple[type[Search], ...] = (
    PassageSearch,
    SentenceSearch,
    WordSearch,
)
NAMES = tuple(search.name for search in SEARCHES)
# The features of all searches with their descriptions, and the names of those that need a vector.
SEARCH_FEATURES = {name: text for search in SEARCHES for name, text in search.features.items()}
VECTOR_FEATURES = tuple(
    dict.fromkeys(name for search in SEARCHES if search.uses_vector for name in search.features)
)


def chosen_searches(names: Collection[str] | None = None) -> tuple[type[Search], ...]:
    """Return the named searches in the registry's order, all of them by default.

    Raises:
        SettingsError: there is no search of a name.
    """
    unknown = [name for name in names or () if name not in NAMES]
    if unknown:
        raise SettingsError(
            f"There is no search {', '.join(map(repr, unknown))}: set searches to some of "
            f"{', '.join(NAMES)}."
        )
    return tuple(search for search in SEARCHES if names is None or search.name in names)
