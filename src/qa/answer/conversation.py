"""A follow-up becomes searchable: what it leaves unsaid stands in the question before it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["searchable"]


def searchable(question: str, previous: Sequence[str]) -> str:
    """The question as it is searched: the one asked before it, if any, put in front.

    The plainest way there is; a change of subject is not noticed.
    """
    return " ".join([*previous[-1:], question]) if question else ""
