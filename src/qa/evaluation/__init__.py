"""Evaluations and batches: measure answers, compare evaluations, answer files of questions.

>>> from qa.evaluation import evaluate, write
>>> evaluation = evaluate("SET")                                       # doctest: +SKIP
>>> evaluation.metrics["ranking"]["nDCG@10"]["mean"]                   # doctest: +SKIP
>>> write(evaluation, "FOLDER")                                        # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qa.evaluation.batches import batch
    from qa.evaluation.comparison import compare
    from qa.evaluation.outcome import Evaluation
    from qa.evaluation.report import write
    from qa.evaluation.retriever import RecordRetriever
    from qa.evaluation.run import evaluate

__all__ = ["Evaluation", "RecordRetriever", "batch", "compare", "evaluate", "write"]

_HOMES = {
    "Evaluation": "outcome",
    "RecordRetriever": "retriever",
    "batch": "batches",
    "compare": "comparison",
    "evaluate": "run",
    "write": "report",
}


def __getattr__(name: str) -> Any:
    """Import on first use: each name brings libraries that the others do not need."""
    if name in _HOMES:
        return getattr(import_module(f"qa.evaluation.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'qa.evaluation' has no attribute {name!r}")
