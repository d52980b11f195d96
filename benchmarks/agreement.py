"""The figures of an evaluation, worked out again by other people's code.

    python benchmarks/agreement.py SET FOLDER

``FOLDER`` is what ``qa eval SET -o FOLDER`` wrote. nDCG@10, R@5, RR@10 and Success@1 come from
pytrec-eval-terrier over ``run.trec`` and ``qrels.trec``, areas under the ROC curve from
scikit-learn, and a press folder's quote measures from ``tests/independent_quotes.py``, which was
written without sight of the code it checks. Exit code 1 when anything differs by more than 1e-6.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytrec_eval
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from independent_quotes import figures

TOLERANCE = 1e-6
NAMES = {"nDCG@10": "ndcg_cut_10", "R@5": "recall_5", "Success@1": "success_1"}


def main() -> None:
    """Print every figure, ours and theirs, and whether they agree."""
    judged_set, folder = Path(sys.argv[1]), Path(sys.argv[2])
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    lines = (folder / "questions.jsonl").read_text("utf-8").removesuffix("\n").split("\n")
    rows = [json.loads(line) for line in lines]
    apart = 0
    for name, ours, theirs in (
        *ranking(metrics, rows, folder),
        *areas(metrics, rows),
        *quotes(metrics, judged_set, folder),
    ):
        differs = abs(ours - theirs) > TOLERANCE
        apart += differs
        sys.stdout.write(f"{'DIFFERS' if differs else 'agrees':8} {name:24} {ours!r} {theirs!r}\n")
    sys.exit(1 if apart else 0)


def ranking(metrics: dict, rows: list[dict], folder: Path) -> Iterator[tuple[str, float, float]]:
    """Means over the answerable questions, those that find nothing counted as 0."""
    wanted = {row["id"] for row in rows if row["kind"] == "answerable"}
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.trec").read_text("utf-8").splitlines():
        question, _, document, grade = line.split(" ")
        qrels.setdefault(question, {})[document] = int(grade)
    run: dict[str, dict[str, float]] = {}
    for line in (folder / "run.trec").read_text("utf-8").splitlines():
        question, _, document, rank, score, _ = line.split(" ")
        if int(rank) <= 10:  # noqa: PLR2004 - for RR@10; the others look no deeper
            run.setdefault(question, {})[document] = float(score)
    judge = pytrec_eval.RelevanceEvaluator(qrels, {*NAMES.values(), "recip_rank"})
    found = judge.evaluate(run)
    for name, theirs in {**NAMES, "RR@10": "recip_rank"}.items():
        values = [found.get(question, {}).get(theirs, 0.0) for question in wanted]
        yield name, metrics["ranking"][name]["mean"], sum(values) / len(values)


def areas(metrics: dict, rows: list[dict]) -> Iterator[tuple[str, float, float]]:
    """Areas under the ROC curve of the confidence, answerable against each other kind."""
    for name, ours in metrics["abstention"].items():
        kind = name.removeprefix("auroc_")
        if ours is None or kind == name:
            continue
        sides = [row for row in rows if row["kind"] in ("answerable", kind)]
        labels = [row["kind"] == "answerable" for row in sides]
        yield name, ours, float(roc_auc_score(labels, [row["confidence"] for row in sides]))


def quotes(metrics: dict, judged_set: Path, folder: Path) -> Iterator[tuple[str, float, float]]:
    """Quote measures of a press folder."""
    if (judged_set / "documents").is_dir():
        for name, theirs in figures(judged_set, folder).items():
            yield f"quotes {name}", metrics["quotes"][name], theirs


if __name__ == "__main__":
    main()
