"""An evaluation as files: measures for programs, and one page for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent_encoded

import jinja2

from qa.errors import OutputError
from qa.evaluation.failures import failures
from qa.evaluation.figures import figures, headlines
from qa.evaluation.outcome import METRICS, QUESTIONS, Evaluation, JudgedAnswer
from qa.storage import write_whole

__all__ = ["check_target", "write"]

SETTINGS = "settings.json"
_FILES = (METRICS, QUESTIONS, SETTINGS, "run.trec", "qrels.trec", "report.html")
_RUN_NAME = "press-qa"
_KIND_WORDS = {
    "answerable": "answerable",
    "followup": "follow-up",
    "near_scope": "near scope",
    "out_of_scope": "out of scope",
    "unanswerable": "unanswerable",
}


def check_target(folder: Path) -> None:
    """Check that an evaluation written to the folder would replace nothing else.

    Raises:
        OutputError: it is no folder, or holds files of another kind.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a folder for the evaluation.")
    if folder.is_dir() and any(folder.iterdir()) and not _is_evaluation(folder):
        raise OutputError(
            f"{folder} holds other files than an evaluation's: name an empty or a new folder."
        )


def _is_evaluation(folder: Path) -> bool:
    """Return whether the folder holds an evaluation, as plain files."""
    try:
        settings = json.loads((folder / SETTINGS).read_bytes())
    except (OSError, ValueError):
        return False
    is_ours = isinstance(settings, dict) and {"set", "version", "encoder_sha256"} <= settings.keys()
    places = [folder / name for name in _FILES]
    return is_ours and all(p.is_file() or not p.exists() for p in places)


def write(evaluation: Evaluation, folder: Path | str) -> None:
    """Write metrics.json, questions.jsonl, run.trec, qrels.trec, settings.json, report.html.

    ``metrics.json`` is written last: where it exists, the other files are complete.

    Raises:
        OutputError: the folder holds files of another kind.
    """
    folder = Path(folder)
    check_target(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METRICS).unlink(missing_ok=True)
    rows = (json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(evaluation))
    metrics = json.dumps(evaluation.metrics, ensure_ascii=False, indent=2)
    for name, content in (
        (SETTINGS, json.dumps(evaluation.settings, indent=2) + "\n"),
        (QUESTIONS, "".join(rows)),
        ("run.trec", "".join(_run_lines(evaluation.answers))),
        ("qrels.trec", "".join(_qrel_lines(evaluation.answers))),
        ("report.html", _page(evaluation)),
        (METRICS, metrics + "\n"),
    ):
        write_whole(folder / name, content.encode())


def _rows(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Yield a row per question, in the order of the set: expected and actual answer."""
    for a in evaluation.answers:
        yield {
            "id": a.question.id,
            "kind": a.question.kind,
            "question": a.question.question,
            "previous": list(a.question.previous),
            "searched_for": a.answer.searched_for,
            "status": a.answer.status,
            "confidence": a.answer.confidence,
            "right": a.is_right,
            "relevant": [
                {"document": document, "grade": grade, "rank": a.document_ranks.get(document)}
                for document, grade in a.question.relevant.items()
            ],
            "gold": [
                {"document": quote.document, "quote": quote.quote, "rank": rank}
                for quote, rank in zip(a.question.gold, a.quote_ranks, strict=True)
            ],
            "citations": [
                {
                    "document": hit.document,
                    "start": span.start,
                    "end": span.end,
                    "score": hit.score,
                    "confidence": hit.confidence,
                }
                for hit in a.hits
                for span in [evaluation.snapshot.passages.span(hit.row)]
            ],
            "quotes": [{"start": quote.start, "end": quote.end} for quote in a.marked],
            "measures": {
                name: values[a.question.id]
                for name, values in evaluation.values.items()
                if a.question.id in values
            },
            "latency_ms": a.answer.elapsed_ms,
        }


def _run_lines(answers: Iterable[JudgedAnswer]) -> Iterator[str]:
    """Yield the lines of a TREC run: question, Q0, document, rank, score, name."""
    for a in answers:
        for rank, (document, score) in enumerate(a.documents, 1):
            yield f"{_word(a.question.id)} Q0 {_word(document)} {rank} {score:.9g} {_RUN_NAME}\n"


def _qrel_lines(answers: Iterable[JudgedAnswer]) -> Iterator[str]:
    """Yield the lines of TREC qrels: question, 0, document, grade."""
    for a in answers:
        for document, grade in a.question.relevant.items():
            yield f"{_word(a.question.id)} 0 {_word(document)} {grade}\n"


def _word(name: str) -> str:
    """Return a name without white space, which separates the columns of TREC files."""
    return re.sub(r"\s", lambda space: percent_encoded(space[0]), name)


def _page(evaluation: Evaluation) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qa.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    groups = failures(evaluation, [*_KIND_WORDS])
    shown = [failure.judged.question.kind for group in groups for failure in group.shown]
    return environment.get_template("report.html").render(
        metrics=evaluation.metrics,
        settings=evaluation.settings,
        left_out=evaluation.left_out,
        headlines=headlines(evaluation.metrics),
        figures=figures(evaluation),
        groups=groups,
        kinds={kind: shown.count(kind) for kind in _KIND_WORDS if kind in shown},
        kind_words=_KIND_WORDS,
    )
