"""An evaluation as files: figures for programs, and one page for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent_encoded

from qa.errors import EvaluationError
from qa.evaluation import measure, plots
from qa.evaluation.measure import Operating
from qa.evaluation.outcome import Evaluation, JudgedAnswer
from qa.storage import write_whole

__all__ = ["METRICS", "QUESTIONS", "check_target", "write"]

METRICS, QUESTIONS, SETTINGS = "metrics.json", "questions.jsonl", "settings.json"
_FILES = (METRICS, QUESTIONS, SETTINGS, "run.trec", "qrels.trec", "report.html")
_RUN_NAME = "press-qa"
_SHOWN_FAILURES = 12
_EXPECTED_CHARS = 1_500
_KIND_WORDS = {
    "answerable": "answerable",
    "followup": "follow-up",
    "near_scope": "near scope",
    "out_of_scope": "out of scope",
    "unanswerable": "unanswerable",
}


def check_target(folder: Path) -> None:
    """Make sure, before the work begins, that nothing of somebody else's is overwritten.

    Raises:
        EvaluationError: the folder is no folder, or holds files of another kind.
    """
    if folder.exists() and not folder.is_dir():
        raise EvaluationError(f"{folder} is a file: name a folder for the evaluation.")
    if folder.is_dir() and any(folder.iterdir()) and not _is_evaluation(folder):
        raise EvaluationError(
            f"{folder} holds other files than an evaluation's: name an empty or a new folder."
        )


def _is_evaluation(folder: Path) -> bool:
    """Return whether the settings in a folder are an evaluation's, and its files plain ones."""
    try:
        stated = json.loads((folder / SETTINGS).read_bytes())
    except (OSError, ValueError):
        return False
    is_ours = isinstance(stated, dict) and {"set", "version", "encoder_sha256"} <= stated.keys()
    places = [folder / name for name in _FILES]
    return is_ours and all(p.is_file() or not p.exists() for p in places)


def write(evaluation: Evaluation, folder: Path | str) -> None:
    """Write metrics.json, questions.jsonl, run.trec, qrels.trec, settings.json, report.html.

    ``metrics.json`` comes last: where it stands, all else is there.

    Raises:
        EvaluationError: the folder holds files of another kind.
    """
    folder = Path(folder)
    check_target(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METRICS).unlink(missing_ok=True)
    _write(folder / SETTINGS, json.dumps(evaluation.settings, indent=2) + "\n")
    _write(folder / QUESTIONS, "".join(f"{_json(row)}\n" for row in _rows(evaluation)))
    _write(folder / "run.trec", "".join(_run_lines(evaluation.asked)))
    _write(folder / "qrels.trec", "".join(_qrel_lines(evaluation.asked)))
    _write(folder / "report.html", _page(evaluation))
    _write(folder / METRICS, json.dumps(evaluation.metrics, ensure_ascii=False, indent=2) + "\n")


def _write(path: Path, content: str) -> None:
    write_whole(path, content.encode())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _rows(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """A row per question, in the order asked: what is known of it, what was found."""
    for a in evaluation.asked:
        ranks = {document: rank for rank, (document, _) in enumerate(a.documents, 1)}
        quoted = [
            {"document": quote.document, "quote": quote.quote, "rank": rank}
            for quote, rank in zip(a.question.gold, a.quote_ranks, strict=True)
        ]
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
                {"document": document, "grade": grade, "rank": ranks.get(document)}
                for document, grade in a.question.relevant.items()
            ],
            "gold": quoted,
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
                name: of_questions[a.question.id]
                for name, of_questions in evaluation.values.items()
                if a.question.id in of_questions
            },
            "latency_ms": a.answer.elapsed_ms,
        }


def _run_lines(asked: Iterable[JudgedAnswer]) -> Iterator[str]:
    """TREC's run: question, Q0, document, rank, score, name."""
    for a in asked:
        for rank, (document, score) in enumerate(a.documents, 1):
            yield f"{_word(a.question.id)} Q0 {_word(document)} {rank} {score:.9g} {_RUN_NAME}\n"


def _qrel_lines(asked: Iterable[JudgedAnswer]) -> Iterator[str]:
    """TREC's qrels: question, 0, document, grade."""
    for a in asked:
        for document, grade in a.question.relevant.items():
            yield f"{_word(a.question.id)} 0 {_word(document)} {grade}\n"


def _word(name: str) -> str:
    """A name as one word, as TREC's files part their columns by white space."""
    return re.sub(r"\s", lambda space: percent_encoded(space[0]), name)


@dataclass(frozen=True, slots=True)
class _Failure:
    """One question that went wrong: what, what was found first, and what was expected."""

    asked: JudgedAnswer
    fault: str
    found: tuple[tuple[str, bool], ...]
    found_in: str
    expected: tuple[tuple[str, str, str], ...]


def _page(evaluation: Evaluation) -> str:
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qa.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    groups = _failures(evaluation)
    return environment.get_template("report.html").render(
        metrics=evaluation.metrics,
        settings=evaluation.settings,
        left_out=evaluation.left_out,
        headlines=_headlines(evaluation.metrics),
        figures=_figures(evaluation),
        groups=groups,
        kinds=_failed_kinds(groups),
        kind_words=_KIND_WORDS,
    )


def _headlines(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The figures at the top: those the set measures, with interval and what is better."""
    intervals = metrics["intervals"]
    wanted = [
        ("quotes", "Success@1", "right passage first", True),
        ("quotes", "Success@3", "right passage in the first three", True),
        ("quotes", "highlight@1", "right sentence marked", True),
        ("ranking", "nDCG@10", "right documents high up (nDCG@10)", True),
        ("ranking", "Success@1", "right document first", True),
        ("ranking", "R@5", "right documents in the first five", True),
        ("abstention", "auroc_near_scope", "told apart from near scope (AUROC)", True),
        ("abstention", "auroc_unanswerable", "told apart from unanswerable (AUROC)", True),
        ("abstention", "auroc_out_of_scope", "told apart from out of scope (AUROC)", True),
        ("abstention", "answered_answerable", "of the answerable are answered", True),
        ("abstention", "answered_near_scope", "of the near scope are answered", False),
        ("abstention", "answered_unanswerable", "of the unanswerable are answered", False),
        ("abstention", "answered_out_of_scope", "of the out of scope are answered", False),
    ]
    found = []
    for block, name, words, more_is_better in wanted:
        value = metrics[block][name]
        if value is None:
            continue
        ends = value if block == "ranking" else intervals[block][name]
        centre = value["mean"] if block == "ranking" else value
        found.append(
            {
                "name": f"{block}.{name}",
                "words": words,
                "value": centre,
                "low": ends["low"],
                "high": ends["high"],
                "more_is_better": more_is_better,
            }
        )
    return found


def _figures(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The plots, each with what it says in words and its numbers as a table."""
    asked = evaluation.asked
    confidences = [a.answer.confidence for a in asked]
    right = [a.is_right for a in asked]
    points = measure.risk_coverage(confidences, right)
    shipped = _shipped(asked)
    bins = measure.reliability(confidences, right)
    percentiles = evaluation.metrics["latency_ms"]
    figures = []
    curves = _curves(asked)
    if curves:
        figures.append(_ranking_figure(curves))
    risk_words = "No question is answered at the shipped threshold."
    if shipped:
        risk_words = (
            f"At the shipped threshold {shipped.coverage:.0%} of all questions are answered, "
            f"and {shipped.risk:.0%} of these wrongly: the record holds no answer, or the first "
            "citation is not it."
        )
    figures.append(
        {
            "title": "Risk and coverage",
            "words": risk_words,
            "svg": plots.risk_coverage(points, shipped, f"Risk and coverage. {risk_words}"),
            "head": ("share answered", "share wrong of these", "from confidence"),
            "rows": [
                (f"{p.coverage:.3f}", f"{p.risk:.3f}", f"{p.threshold:.3f}")
                for p in _spread(points)
            ],
        }
    )
    bin_words = (
        "A well calibrated confidence of .8 is right eight times in ten. Here the two are "
        f"{measure.calibration_error(bins):.2f} apart, on average over the questions."
    )
    figures.append(
        {
            "title": "Reliability of the confidence",
            "words": bin_words,
            "svg": plots.reliability(bins, f"Reliability of the confidence. {bin_words}"),
            "head": ("confidence", "questions", "mean confidence", "share right"),
            "rows": [
                (
                    f"{b.low:.1f} to {b.high:.1f}",
                    b.count,
                    f"{b.confidence:.3f}",
                    f"{b.share_right:.3f}",
                )
                for b in bins
            ],
        }
    )
    latency_words = (
        f"Half of the questions took at most {percentiles['p50']:.0f} ms, 95 of 100 at most "
        f"{percentiles['p95']:.0f} ms, 99 of 100 at most {percentiles['p99']:.0f} ms, on the "
        "machine that ran this."
    )
    latencies = [a.answer.elapsed_ms for a in asked]
    figures.append(
        {
            "title": "Time to answer",
            "words": latency_words,
            "svg": plots.latency(latencies, percentiles, f"Time to answer. {latency_words}"),
            "head": ("percentile", "milliseconds"),
            "rows": [(name, f"{value:.1f}") for name, value in percentiles.items()],
        }
    )
    return figures


def _shipped(asked: Sequence[JudgedAnswer]) -> Operating | None:
    """What was answered as the system is shipped; None where nothing was.

    Passages whose vectors count have another threshold than others: the lowest is stated.
    """
    answered = [a for a in asked if a.answer.is_answered]
    if not answered:
        return None
    return Operating(
        threshold=min(a.answer.confidence for a in answered),
        coverage=len(answered) / len(asked),
        risk=sum(not a.is_right for a in answered) / len(answered),
    )


def _spread(points: Sequence[Operating], most: int = 20) -> list[Operating]:
    """Some points, evenly spread, both ends among them."""
    if len(points) <= most:
        return [*points]
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]


def _curves(asked: Sequence[JudgedAnswer]) -> dict[str, list[tuple[int, float]]]:
    """Shares of the answerable questions by how many of the first found are looked at."""
    answerable = [a for a in asked if a.question.kind == "answerable"]
    if not answerable:
        return {}
    cutoffs = measure.CURVE_CUTOFFS
    curves: dict[str, list[tuple[int, float]]] = {}
    if all(a.question.gold for a in answerable):
        ranks = [a.quote_rank for a in answerable]
        curves["right passage found"] = [
            (k, sum(r is not None and r <= k for r in ranks) / len(ranks)) for k in cutoffs
        ]
    values = measure.ranking(
        {a.question.id: dict(a.question.relevant) for a in answerable},
        {a.question.id: a.documents for a in answerable},
        [f"{name}@{k}" for name in ("Success", "R") for k in cutoffs],
    )
    for name, words in (
        ("Success", "a right document found"),
        ("R", "share of right documents found"),
    ):
        curves[words] = [
            (k, sum(values[f"{name}@{k}"].values()) / len(answerable)) for k in cutoffs
        ]
    if curves["a right document found"] == curves["share of right documents found"]:
        del curves["share of right documents found"]  # one right document per question
    return curves


def _ranking_figure(curves: Mapping[str, Sequence[tuple[int, float]]]) -> dict[str, Any]:
    name, points = next(iter(curves.items()))
    words = f"{name.capitalize()} among the first: " + ", ".join(
        f"{k} for {value:.0%}" for k, value in points if k in (1, 3, 10)
    )
    words += " of the answerable questions."
    cutoffs = [k for k, _ in points]
    return {
        "title": "Ranking by k",
        "words": words,
        "svg": plots.ranking_by_k(curves, f"Ranking by k. {words}"),
        "head": ("first k", *curves),
        "rows": [(k, *(f"{dict(curve)[k]:.3f}" for curve in curves.values())) for k in cutoffs],
    }


def _failures(evaluation: Evaluation) -> list[dict[str, Any]]:
    """What went wrong, by fault and kind; the most confident mistakes first."""
    faults = (
        ("Answered, though the record holds no answer", _is_unfounded, -1),
        ("The first passage found is not the answer", _is_misplaced, -1),
        ("Found first, yet said to be not in the record", _is_withheld, 1),
    )
    groups = []
    for title, is_fault, direction in faults:
        failed = [a for a in evaluation.asked if is_fault(a)]
        shown = []
        for kind in _KIND_WORDS:
            of_kind = [a for a in failed if a.question.kind == kind]
            of_kind.sort(key=lambda a: (direction * a.answer.confidence, a.question.id))
            shown += [_failure(evaluation, a, title) for a in of_kind[:_SHOWN_FAILURES]]
        if failed:
            groups.append({"title": title, "count": len(failed), "shown": shown})
    return groups


def _is_unfounded(a: JudgedAnswer) -> bool:
    return not a.question.has_answer and a.answer.is_answered


def _is_misplaced(a: JudgedAnswer) -> bool:
    return a.question.has_answer and not a.is_right


def _is_withheld(a: JudgedAnswer) -> bool:
    return a.is_right and not a.answer.is_answered


def _failed_kinds(groups: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many failures are shown of each kind."""
    found = [failure.asked.question.kind for group in groups for failure in group["shown"]]
    return {kind: found.count(kind) for kind in _KIND_WORDS if kind in found}


def _failure(evaluation: Evaluation, a: JudgedAnswer, fault: str) -> _Failure:
    found: tuple[tuple[str, bool], ...] = ()
    found_in = ""
    if a.hits:
        passage = evaluation.snapshot.passages[a.hits[0].row]
        found_in = passage.document
        start = passage.span.start
        found = tuple(_parts(passage.text, [(q.start - start, q.end - start) for q in a.marked]))
    return _Failure(a, fault, found, found_in, tuple(_expected(evaluation, a)))


def _parts(text: str, marks: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is marked."""
    at = 0
    for start, end in sorted(marks):
        yield text[at:start], False
        yield text[start:end], True
        at = end
    yield text[at:], False


def _expected(evaluation: Evaluation, a: JudgedAnswer) -> Iterator[tuple[str, str, str]]:
    """Every text that answers: where it stands, the text, and at which rank it was found."""

    def at_rank(rank: int | None) -> str:
        return f"found at rank {rank}" if rank else "not found"

    if a.question.gold:
        for quote, rank in zip(a.question.gold, a.quote_ranks, strict=True):
            yield quote.document, quote.quote, at_rank(rank)
        return
    ranks = {document: rank for rank, (document, _) in enumerate(a.documents, 1)}
    for document in a.question.relevant:
        text = evaluation.snapshot.documents[document].text
        cut = text if len(text) <= _EXPECTED_CHARS else text[:_EXPECTED_CHARS] + " …"
        yield document, cut, at_rank(ranks.get(document))
