"""Fit the weight of the reranker's scores beside the scores before: ``make reranker-weights``.

    python benchmarks/reranker/combine.py FOLDER[:QUERIES:QRELS][@K/N] ...

The sets are named as for ``benchmarks/calibrate.py``, whose coefficients stay as they are, and
hold no question that the reranker was fitted on. The questions are those of the calibration:
answerable ones a second time with the answer hidden, some of other sets. The best hits of each are
rescored.

- The order is fitted by the softmax over the rescored hits, so that the right ones come first.
- The confidence is logistic regression over the first hit.
- The floor answers as many of the answerable questions, over all sets, as without the reranker.
- Hits further behind the best, or less likely, are not rescored where that loses at most LOSS of
  the right ones.
- Sentences of right passages are quoted so as to agree best with the gold quote (F1 over
  characters).

Prints the figures of every set before and after, fitted with it and on the other sets only. Writes
the part ``reranker`` of ``coefficients.json``.
"""

import argparse
import json
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parent.parent))

from calibrate import (
    KIND_SHARES,
    NOBODYS,
    chosen,
    foreign_questions,
    label,
    named,
    opened,
    part,
    right,
    say,
    softmax_weights,
    weighted_quantile,
)

from qa.answer import ranking, rescoring
from qa.answer.ask import QA
from qa.answer.quotes import best_scored_stretch
from qa.answer.reranker import Reranker, open_reranker
from qa.evaluation.datasets import JudgedQuestion
from qa.evaluation.run import hidden_rows, indexed
from qa.records import Hit
from qa.settings import Settings

DEEP = 2  # rescored hits of each question
ORDER = CONFIDENCE = ("before", "reranker")
# The share of answerable questions that may be lost by not rescoring a hit.
LOSS = 0.005
COEFFICIENTS = Path("src/qa/answer/coefficients.json")


@dataclass(frozen=True)
class Row:
    """A question: its hits before, the rescored hits, and which of these are right.

    ``marks`` are the sentences of the first right hit: logit, length, answering characters.
    """

    kind: str
    hits: list[Hit]
    read: list[rescoring.Rescored]
    right: np.ndarray
    marks: list[tuple[float, int, int]]


def main() -> None:
    """Ask, read, fit, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--reranker", default="bundled")
    parser.add_argument("--deep", type=int, default=DEEP)
    parser.add_argument("--most", type=int, default=400, help="questions of each kind and set")
    parser.add_argument("--kept", type=Path, help="cache of the rescored questions")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--ablate", action="store_true", help="print the figures without each part")
    options = parser.parse_args()
    if options.kept and options.kept.exists():
        rows = pickle.loads(options.kept.read_bytes())  # noqa: S301 - our own, for trials
    else:
        rows = ask(options)
        if options.kept:
            options.kept.write_bytes(pickle.dumps(rows))
    if options.ablate:
        ablate(rows, options.deep)
        return
    rows = shallow(rows, options.deep)
    for name in rows:
        others = {other: of for other, of in rows.items() if other != name}
        say(f"{name} before: {before(rows[name])}")
        if others:
            fitted = fit(others, options.deep)
            say(f"{name} by the others: {figures(rows[name], fitted)}")
    fitted = fit(rows, options.deep)
    for name in rows:
        say(f"{name} by all: {figures(rows[name], fitted)}")
    say(json.dumps(fitted, indent=1))
    if not options.dry_run:
        stated = json.loads(COEFFICIENTS.read_text("utf-8"))
        counts = {name: len(of) for name, of in rows.items()}
        reranker = open_reranker(options.reranker)
        stated["reranker"] = {
            "sha256": reranker.sha256,
            **fitted,
            "from": {"command": "make reranker-weights", "questions": counts},
        }
        stated["from"] = stated.pop("from")  # it stays the last
        COEFFICIENTS.write_text(json.dumps(stated, indent=2) + "\n", "utf-8")


def ask(options: argparse.Namespace) -> dict[str, list[Row]]:
    """Return every set's questions with their rescored hits."""
    settings = Settings.load(reranker="off")
    reranker = open_reranker(options.reranker)
    sets = {name: opened(name) for name in options.sets}
    nobodys = [
        JudgedQuestion(id=f"nobody/{n}", question=line, kind="out_of_scope")
        for n, line in enumerate(NOBODYS.read_text("utf-8").splitlines(), 1)
    ]
    rows: dict[str, list[Row]] = {}
    for place, (name, judged) in enumerate(sets.items()):
        others = [*sets.values()][place + 1 :] + [*sets.values()][:place]
        foreign = [q for other in others[:2] for q in foreign_questions(other)] + nobodys
        qa, _ = indexed(judged.documents, settings, lambda *_: None)
        questions = chosen(judged, foreign, part(name))
        some = [
            q
            for kind in KIND_SHARES
            for q in [q for q in questions if q.kind == kind][: options.most]
        ]
        rows[label(name)] = [row for q in some if (row := asked(qa, reranker, q, options.deep))]
        say(f"{label(name)}: {len(rows[label(name)])} questions asked")
    return rows


def asked(qa: QA, reranker: Reranker, question: JudgedQuestion, deep: int) -> Row | None:
    """Return a question with its rescored hits, None if it has no hits."""
    parsed = qa.parse(question.question)
    features = qa.features(question.question, hidden=hidden_rows(qa.snapshot, question))
    hits = ranking.ranked(qa.snapshot, features)
    read = rescoring.window_scores(qa.snapshot, reranker, parsed, hits[:deep])
    if not read:
        return None
    is_right = right(qa, question, np.array([one.hit.row for one in read]))
    marks = marked(qa, question, read[int(is_right.argmax())]) if is_right.any() else []
    return Row(question.kind, hits[: deep + 5], read, is_right, marks)


def marked(
    qa: QA, question: JudgedQuestion, one: rescoring.Rescored
) -> list[tuple[float, int, int]]:
    """Return logit, length and answering characters of each sentence of a passage."""
    passage = qa.snapshot.passages[one.hit.row]
    places = [p for g in question.gold if g.document == passage.document for p in g.places]
    found = []
    for number, logit in one.sentence_scores.items():
        span = passage.sentences[number]
        shared = sum(max(0, min(span.end, p.end) - max(span.start, p.start)) for p in places[:1])
        found.append((logit, span.end - span.start, shared))
    return found if any(shared for *_, shared in found) else []


def ablate(rows: dict[str, list[Row]], deep: int) -> None:
    """Print each set's figures, fitted on the others, without a part or with fewer hits."""
    ways: dict[str, tuple[int, Sequence[str], Sequence[str]]] = {
        "as shipped": (deep, ORDER, CONFIDENCE),
        **{f"{n} hits read": (n, ORDER, CONFIDENCE) for n in (2, 4, 8) if n < deep},
        **{f"order without {n}": (deep, [m for m in ORDER if m != n], CONFIDENCE) for n in ORDER},
        **{
            f"confidence without {n}": (deep, ORDER, [m for m in CONFIDENCE if m != n])
            for n in CONFIDENCE
        },
    }
    for way, (most, order, confidence) in ways.items():
        of_set = shallow(rows, most)
        for name in rows:
            others = {other: of for other, of in of_set.items() if other != name}
            fitted = fit(others, most, order, confidence)
            say(f"{way} | {name} | {figures(of_set[name], fitted)}")


def shallow(sets: dict[str, list[Row]], deep: int) -> dict[str, list[Row]]:
    """Return the questions with the first `deep` of their rescored hits."""
    return {
        name: [replace(row, read=row.read[:deep], right=row.right[:deep]) for row in rows]
        for name, rows in sets.items()
    }


def fit(
    sets: dict[str, list[Row]],
    deep: int,
    of_order: Sequence[str] = ORDER,
    of_confidence: Sequence[str] = CONFIDENCE,
) -> dict:
    """Return the coefficients of the reranker."""
    taken = iter(order_weights([*sets.values()], [n in of_order for n in ORDER]))
    order = named(ORDER, [next(taken) if n in of_order else 0.0 for n in ORDER])
    x, is_right, weights = [], [], []
    for rows in sets.values():
        count = {k: sum(row.kind == k for row in rows) for k in KIND_SHARES}
        present = sum(share for k, share in KIND_SHARES.items() if count[k])
        for row in rows:
            first, known = leader(row, order)
            x.append([known[name][first] for name in of_confidence])
            is_right.append(bool(row.right[first]))
            weights.append(KIND_SHARES[row.kind] / present / count[row.kind] / len(sets))
    model = LogisticRegression(C=100.0, max_iter=5_000)
    model.fit(x, is_right, sample_weight=np.array(weights) * len(x))
    fitted: dict = {
        "order": order,
        "confidence": named(("intercept", *of_confidence), [model.intercept_[0], *model.coef_[0]]),
    }
    values, shares, before = [], [], []
    for rows in sets.values():
        answerable = [row for row in rows if row.kind == "answerable"]
        values += [likely(row, fitted)[1] for row in answerable]
        shares += [1 / len(answerable)] * len(answerable)
        before += [row.hits[0].is_answer for row in answerable]
    answered = float(np.average(before, weights=shares))
    floor = weighted_quantile(np.array(values), np.array(shares), 1 - answered)
    fitted["answer_floor"] = round(floor, 3)
    fitted["reach"] = {"hits": deep, **reach([*sets.values()], order)}
    fitted["quote"] = quote([*sets.values()])
    return fitted


def quote(sets: Sequence[Sequence[Row]]) -> dict[str, float]:
    """Return the thresholds of quoted sentences that agree best with the gold quotes."""
    tried = [
        {"behind": behind, "least": least}
        for behind in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
        for least in (-4.0, -2.0, -1.0, 0.0, 1.0)
    ]
    return max(
        tried,
        key=lambda one: sum(
            np.mean([agreement(row, **one) for row in rows if row.marks] or [0.0]) for rows in sets
        ),
    )


def agreement(row: Row, behind: float, least: float) -> float:
    """Return the F1 of the quoted characters."""
    told = {n: logit for n, (logit, *_) in enumerate(row.marks)}
    chosen = [row.marks[n] for n in best_scored_stretch(told, behind, least)]
    shared = sum(s for *_, s in chosen)
    return 2 * shared / (sum(n for _, n, _ in chosen) + sum(s for *_, s in row.marks))


def reach(sets: Sequence[Sequence[Row]], order: dict[str, float]) -> dict[str, float]:
    """Return how far behind the best and how unlikely a rescored hit may be, for LOSS."""
    behind, confidences, weights, weights_led = [], [], [], []
    for rows in sets:
        answerable = [row for row in rows if row.kind == "answerable"]
        confidences += [max(hit.confidence for hit in row.hits) for row in answerable]
        weights += [1 / len(answerable)] * len(answerable)
        led = [
            row.hits[0].score - row.read[first].hit.score
            for row in answerable
            for first, _ in [leader(row, order)]
            if row.right[first]
        ]
        behind += led
        weights_led += [1 / len(led)] * len(led)
    far = weighted_quantile(np.array(behind), np.array(weights_led), 1 - LOSS)
    least = weighted_quantile(np.array(confidences), np.array(weights), LOSS)
    return {"behind": round(far, 2), "least_confidence": round(least, 3)}


def order_weights(sets: Sequence[Sequence[Row]], taken: Sequence[bool]) -> np.ndarray:
    """Return the feature weights that rank right hits first; each set weighs the same."""
    return softmax_weights(
        [
            [
                (features_of(row)[:, list(taken)], row.right)
                for row in rows
                if row.kind == "answerable" and row.right.any() and not row.right.all()
            ]
            for rows in sets
        ]
    )


def features_of(row: Row) -> np.ndarray:
    """Return the features that order the rescored hits."""
    return np.array([[one.hit.score, one.scores.order] for one in row.read])


def leader(row: Row, order: dict[str, float]) -> tuple[int, dict[str, np.ndarray]]:
    """Return the index of the first hit and the features of its confidence."""
    scores = features_of(row) @ np.array([order[name] for name in ORDER])
    return int(scores.argmax()), rescoring.join_features(row.read)


def likely(row: Row, fitted: dict) -> tuple[int, float]:
    """Return the index of the first hit and its confidence."""
    first, known = leader(row, fitted["order"])
    logit = sum(w * known[name][first] for name, w in fitted["confidence"].items())
    return first, float(1 / (1 + np.exp(-logit)))


def figures(rows: Sequence[Row], fitted: dict) -> dict[str, float]:
    """Return Success@1, AUROC and shares answered, with the reranker."""
    told = [likely(row, fitted) for row in rows]
    return summed(rows, told, fitted["answer_floor"])


def before(rows: Sequence[Row]) -> dict[str, float]:
    """Return the same figures without the reranker."""
    floor = ranking.answer_floors()["vectors"]
    return summed(rows, [(0, row.hits[0].confidence) for row in rows], floor)


def summed(
    rows: Sequence[Row], told: Sequence[tuple[int, float]], floor: float
) -> dict[str, float]:
    """Return the figures of the first hits and their confidences."""
    values: dict[str, list[float]] = {kind: [] for kind in KIND_SHARES}
    first_right, reachable = [], []
    for row, (first, confidence) in zip(rows, told, strict=True):
        values[row.kind].append(confidence)
        if row.kind == "answerable":
            first_right.append(bool(row.right[first]))
            reachable.append(bool(row.right.any()))
    found = {"Success@1": float(np.mean(first_right)), "reachable": float(np.mean(reachable))}
    for kind, of in values.items():
        if of and kind != "answerable":
            truth = [1] * len(values["answerable"]) + [0] * len(of)
            found[f"auroc_{kind}"] = float(roc_auc_score(truth, values["answerable"] + of))
        if of:
            found[f"answered_{kind}"] = float(np.mean(np.array(of) >= floor))
    return {name: round(value, 3) for name, value in found.items()}


if __name__ == "__main__":
    main()
