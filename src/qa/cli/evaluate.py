"""``qa eval`` and ``qa compare``: measures of the answers to judged questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from qa.cli.options import AsJson, ConfigFile, IndexFolder
from qa.cli.progress import progress
from qa.cli.terminal import SHOWN_QUESTIONS, err, new_table, out, print_json
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.evaluation import Evaluation
    from qa.evaluation.comparison import Comparison

__all__ = ["compare", "evaluate"]

JudgedSet = Annotated[
    Path, typer.Argument(help="BEIR folder, press folder or questions file.", metavar="SET")
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Folder for metrics, rows per question and a report."),
]
Queries = Annotated[str | None, typer.Option(help="Questions file to use instead of the set's.")]
Qrels = Annotated[str | None, typer.Option(help="Qrels file to use instead of the set's.")]
HideDocuments = Annotated[
    float | None,
    typer.Option(
        help="Hide this share of the documents and ask about them again, as out of scope.",
        metavar="SHARE",
        min=0,
        max=1,
    ),
]
FailUnder = Annotated[
    str | None,
    typer.Option(
        help='Fail unless these gates hold, such as "nDCG@10=0.70,answered_near_scope<=0.10".'
    ),
]
HideGold = Annotated[
    bool,
    typer.Option(
        "--hide-gold", help="Hide each question's answer and ask it again, as near scope."
    ),
]


def evaluate(
    judged_set: JudgedSet,
    output: Output = None,
    index: IndexFolder = None,
    config: ConfigFile = None,
    queries: Queries = None,
    qrels: Qrels = None,
    hide_documents: HideDocuments = None,
    fail_under: FailUnder = None,
    *,
    hide_gold: HideGold = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate the answers to questions whose right answers are known.

    Example: qa eval judged/ -o figures --fail-under "nDCG@10=0.70"
    """
    from qa.evaluation import evaluate as evaluate_set
    from qa.evaluation import gates, write
    from qa.evaluation.report import check_target

    wanted = [] if fail_under is None else gates.parse(fail_under)
    if output:
        check_target(output)
    settings = Settings.load(config, index=index)
    with progress() as advance:
        evaluation = evaluate_set(
            judged_set,
            settings=settings,
            queries=queries,
            qrels=qrels,
            hide_gold=hide_gold,
            hide_documents=hide_documents,
            on_progress=advance,
        )
    for line in evaluation.left_out:
        err.print(f"Left out: {line}")
    if output:
        write(evaluation, output)
    if as_json:
        print_json(evaluation.metrics)
    else:
        _print_evaluation(evaluation, output)
    missed = [*gates.missed(wanted, evaluation.metrics)]
    for line in missed:
        err.print(f"qa: gate missed: {line}")
    if missed:
        raise typer.Exit(1)


def _print_evaluation(evaluation: Evaluation, output: Path | None) -> None:
    metrics = evaluation.metrics
    kinds = ", ".join(f"{count} {kind}" for kind, count in metrics["questions"].items())
    out.print(f"{metrics['set']}: {kinds} questions")
    _print_metrics(metrics)
    if output:
        out.print(f"Report: {output / 'report.html'}")
    else:
        out.print("Use -o FOLDER to keep the metrics, a row per question and a report.")


def _print_metrics(metrics: Mapping[str, Any]) -> None:
    """Print every measure that the set has, with its interval."""
    table = new_table("measure", right=("value", "95 % interval"))
    for name, value in metrics["ranking"].items():
        if value:
            table.add_row(f"ranking.{name}", *_with_interval(value["mean"], value))
    for block in ("quotes", "followups", "abstention"):
        for name, value in metrics[block].items():
            if value is not None:
                interval = metrics["intervals"].get(block, {}).get(name)
                table.add_row(f"{block}.{name}", *_with_interval(value, interval))
    for name, value in metrics["latency_ms"].items():
        table.add_row(f"latency_ms.{name}", f"{value:.1f}", "")
    out.print(table)


def _with_interval(value: float, interval: Mapping[str, Any] | None) -> tuple[str, str]:
    if not interval or interval["low"] is None:
        return f"{value:.4f}", ""
    return f"{value:.4f}", f"{interval['low']:.4f} to {interval['high']:.4f}"


def compare(
    a: Annotated[Path, typer.Argument(help="Folder that qa eval -o wrote.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="Another one, of the same set.", metavar="B")],
    measures: Annotated[
        list[str] | None,
        typer.Option("--measure", help="Compare this measure only. Repeatable."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare two evaluations; fail if B is significantly worse.

    Example: qa compare before after
    """
    from qa.evaluation import compare as compare_folders

    comparison = compare_folders(a, b, measures=measures or ())
    if as_json:
        print_json(dataclasses.asdict(comparison))
    else:
        _print_comparison(comparison)
    if comparison.worse:
        err.print(f"qa: B is significantly worse: {', '.join(comparison.worse)}.")
        raise typer.Exit(1)


def _print_comparison(comparison: Comparison) -> None:
    """Print every measure side by side, then the questions that only one answers well."""
    table = new_table("measure", right=("A", "B", "B - A", "95 % interval", "p", "questions"))
    table.add_column("B is")
    for d in comparison.differences:
        table.add_row(
            d.name,
            f"{d.a:.4f}",
            f"{d.b:.4f}",
            f"{d.difference:+.4f}",
            f"{d.low:+.4f} to {d.high:+.4f}",
            f"{d.p:.4f}",
            str(d.questions),
            Text(d.verdict, style={"worse": "bold red", "better": "green"}.get(d.verdict, "")),
        )
    out.print(f"A: {comparison.a}")
    out.print(f"B: {comparison.b}")
    out.print(table)
    for name, changed in (("won", comparison.won), ("lost", comparison.lost)):
        out.print(f"Questions {name} by B: {len(changed)}")
        for question in changed[:SHOWN_QUESTIONS]:
            out.print(f"    {question.id}  {question.kind}  {question.question}")
        if len(changed) > SHOWN_QUESTIONS:
            out.print(f"    and {len(changed) - SHOWN_QUESTIONS} more, all in --json")
