"""Answers from a public record, verbatim and with citations that can be checked.

>>> from qa import QA
>>> qa = QA.open("index")                                              # doctest: +SKIP
>>> qa.ask("what are the main considerations behind the Opinions")     # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qa.errors import QAError
from qa.records import Answer, Citation, Document, Passage, Question, Quote

if TYPE_CHECKING:
    from qa.answer.ask import QA

__all__ = [
    "QA",
    "Answer",
    "Citation",
    "Document",
    "Passage",
    "QAError",
    "Question",
    "Quote",
    "__version__",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import ``QA`` on first use, so that ``import qa`` stays light."""
    if name == "QA":
        from qa.answer.ask import QA  # noqa: PLC0415 - the heavy half of the package

        return QA
    raise AttributeError(f"module 'qa' has no attribute {name!r}")
