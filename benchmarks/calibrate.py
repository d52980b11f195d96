"""Fit the coefficients of relevance on judged sets: ``make calibrate``.

    python benchmarks/calibrate.py FOLDER[:QUERIES:QRELS][@K/N] ... [-o FILE]

Every answerable question is asked twice, the second time while what answers it is hidden; some
questions of the next sets are asked of each, which are out of its scope; unanswerable ones of
its own are asked too. All sets weigh the same, and all kinds within a set as in KIND_SHARES.
With ``@0/2`` only the documents in the first of two parts (by title, else by id) are asked about,
so that the others are left to judge by.

- The order is fitted by the softmax over a question's passages, so that the right ones lead
  (Cao et al. 2007, ListNet's top-one probability, with a set of right ones).
- The confidence is logistic regression over the first passages: the share that is right.
- Follow-ups are fitted like the order, on the scores of their two readings.
- Small records, in which no passage can stand out among others, are made of FEW passages in a
  row: with an answer, with the answer left out, of elsewhere.
- The floors answer ANSWERED_GOALS of the answerable questions of all sets.

What the sets cannot tell (BY_HAND) is set by hand. A set whose right answers are only some of
those there are (``--order-only NAME``) tells of the order, not of the confidence. What is written
says what it was fitted on.
For every set the figures are given twice: fitted with it, and on the other sets only.
"""

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import say
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from qa.answer import ranking
from qa.answer.ask import QA
from qa.answer.features import Features
from qa.answer.follow_ups import follow_up_features
from qa.answer.searches.registry import SEARCH_FEATURES, VECTOR_FEATURES
from qa.evaluation.datasets import JudgedQuestion, JudgedSet, hiding_gold, open_set
from qa.evaluation.measure import covers_half
from qa.evaluation.run import hidden_rows, indexed
from qa.records import Passage
from qa.settings import Settings

# The features of the searches, and of the others those that pay.
OTHERS = ("near_coverage", "names_missing", "dated")
WORDS = tuple(name for name in SEARCH_FEATURES if name not in VECTOR_FEATURES)
ORDER = {"vectors": (*SEARCH_FEATURES, *OTHERS), "words": (*WORDS, *OTHERS)}
CONFIDENCE = {
    "vectors": ("passage", "likeness", "coverage", "record_coverage", "lead"),
    "words": ("coverage", "record_coverage", "lead"),
    "few_vectors": ("likeness", "near_coverage", "names_missing", "record_coverage"),
    "few_words": ("near_coverage", "names_missing", "record_coverage"),
}
# No set asks for the latest often enough to tell what that is worth.
BY_HAND = {"recent": 1.0}
KIND_SHARES = {"answerable": 0.5, "near_scope": 0.25, "out_of_scope": 0.15, "unanswerable": 0.1}
FOREIGN = 60  # questions of each of the next two sets
NOBODYS = Path(__file__).parent / "out_of_scope.txt"  # questions for no record
MOST = 1_000  # questions of each kind and set
DEPTH = 80  # passages of each question that are looked at
SMOOTHING = 1e-3
FEW = 4  # passages of a small record
FEW_QUESTIONS = 250  # of each set, asked of small records
# Of the answerable questions, over all sets. Whoever asks a record of one page asks about that
# page; there the goal was set by hand, and so that the seed's questions are answered.
ANSWERED_GOALS = {"vectors": 0.8, "words": 0.8, "few_vectors": 0.975, "few_words": 0.975}


@dataclass(frozen=True)
class Row:
    """A question with its candidates, and which of them are right."""

    kind: str
    features: Features
    right: np.ndarray


@dataclass(frozen=True)
class FollowUp:
    """A follow-up with the features of its candidates, and which of these are right."""

    columns: np.ndarray
    right: np.ndarray


def main() -> None:
    """Ask, fit, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--order-only", action="append", default=[])
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("-o", "--output", default="src/qa/answer/coefficients.json")
    options = parser.parse_args()
    settings = Settings.load()
    sets = {name: opened(name) for name in options.sets}
    systems, rows, few = {}, {}, {}
    nobodys = [
        JudgedQuestion(id=f"nobody/{n}", question=line, kind="out_of_scope")
        for n, line in enumerate(NOBODYS.read_text("utf-8").splitlines(), 1)
    ]
    for place, (name, judged) in enumerate(sets.items()):
        others = [*sets.values()][place + 1 :] + [*sets.values()][:place]
        foreign = [q for other in others[:2] for q in foreign_questions(other)] + nobodys
        systems[name], _ = indexed(judged.documents, settings, lambda *_: None)
        questions = chosen(judged, foreign, part(name))
        rows[name] = [row for q in questions if (row := asked(systems[name], q))]
        answerable = [q for q in questions if q.kind == "answerable"][:FEW_QUESTIONS]
        few[name] = [row for q in answerable for row in of_small_records(systems[name], q)]
        say(f"{label(name)}: {len(rows[name])} and {len(few[name])} questions asked")
    if options.ablate:
        ablate(rows)
        return
    vague = {name for name in rows if label(name) in options.order_only}
    for name in rows if len(rows) > 1 else ():
        others = {other: of for other, of in rows.items() if other != name}
        fitted = fit(others, few, vague)
        say(f"{label(name)}, fitted on the others: {figures(rows[name], fitted)}")
    fitted = fit(rows, few, vague)
    for name, of_set in rows.items():
        say(f"{label(name)}, fitted on all: {figures(of_set, fitted)}")
    write(options, fitted, sets, rows)
    ranking.coefficients.cache_clear()
    follow_ups = [f for name, s in sets.items() for f in follow_ups_of(systems[name], s)]
    fitted["follow_up"] = fit_follow_ups(follow_ups)
    write(options, fitted, sets, rows)
    say(Path(options.output).read_text("utf-8"))


def opened(name: str) -> JudgedSet:
    """The set of one argument; without near misses of its own, every answer is hidden once too."""
    folder, *files = name.partition("@")[0].split(":")
    queries, qrels = files or (None, None)
    judged = open_set(Path(folder), queries=queries, qrels=qrels)
    has_own = any(q.kind == "near_scope" for q in judged.questions)
    return judged if has_own else hiding_gold(judged)


def label(name: str) -> str:
    """A set's name without the machine's folders."""
    folder, at, which = name.partition("@")
    first, *files = folder.split(":")
    return ":".join([Path(first).name, *files]) + at + which


def part(name: str) -> tuple[int, int]:
    """Return the number of the part of a set to ask about, and of parts."""
    wanted, _, parts = (name.partition("@")[2] or "0/1").partition("/")
    return int(wanted), int(parts)


def foreign_questions(judged: JudgedSet) -> list[JudgedQuestion]:
    """Some questions that another set's record does not answer."""
    own = sorted((q for q in judged.questions if q.kind == "answerable"), key=hashed)[:FOREIGN]
    nothing = {"relevant": {}, "gold": ()}
    return [
        dataclasses.replace(q, id=f"{judged.name}/{q.id}", kind="out_of_scope", **nothing)
        for q in own
    ]


def chosen(
    judged: JudgedSet, foreign: Sequence[JudgedQuestion], of: tuple[int, int]
) -> list[JudgedQuestion]:
    """Up to MOST questions of each kind, about the documents of one part."""
    own = sorted(of_part(judged, of), key=hashed)
    return [
        q for kind in KIND_SHARES for q in [q for q in (*own, *foreign) if q.kind == kind][:MOST]
    ]


def of_part(judged: JudgedSet, of: tuple[int, int]) -> list[JudgedQuestion]:
    """The questions about the documents of one part; those about none by their id."""
    titles = {file.document.id: file.document.title for file in judged.documents}
    answers = {q.id: next(iter(q.relevant), "") for q in judged.questions}

    def belongs(question: JudgedQuestion) -> bool:
        document = answers[question.id.partition("~")[0]]
        key = titles.get(document) or document or question.id
        return int(hashlib.sha256(key.encode()).hexdigest(), 16) % of[1] == of[0]

    return [question for question in judged.questions if belongs(question)]


def asked(qa: QA, question: JudgedQuestion) -> Row | None:
    """One question with the features of its candidates; None where there is none."""
    features = qa.features(question.question, hidden=hidden_rows(qa.snapshot, question))
    if not len(features.rows):
        return None
    return Row(question.kind, features, right(qa, question, features.rows))


def right(qa: QA, question: JudgedQuestion, rows: np.ndarray) -> np.ndarray:
    """Return a mask of the passages that answer the question."""

    def answers(passage: Passage) -> bool:
        if not question.gold:
            return passage.document in question.relevant
        return any(
            gold.document == passage.document and covers_half([passage.span], gold.places)
            for gold in question.gold
        )

    return np.array([answers(qa.snapshot.passages[row]) for row in rows], dtype=bool)


def of_small_records(qa: QA, question: JudgedQuestion) -> Iterator[Row]:
    """An answerable question asked of a few passages: with its answer, without, of elsewhere."""
    snapshot = qa.snapshot
    rows = qa.features(question.question).rows
    answering = set(rows[right(qa, question, rows)].tolist())
    cited = [row for row, p in enumerate(snapshot.passages) if p.role != "question"]
    if not answering or len(cited) <= FEW:
        return
    place = int.from_bytes(hashed(question)[:8], "big")
    start = max(0, min(cited.index(min(answering)) - place % FEW, len(cited) - FEW))
    here, elsewhere = start, place % (len(cited) - FEW)
    for kind, at in (("answerable", here), ("near_scope", here), ("out_of_scope", elsewhere)):
        shown = set(cited[at : at + FEW])
        if kind != "answerable":
            shown -= answering
        hidden = [row for row in range(len(snapshot.passages)) if row not in shown]
        features = qa.features(question.question, hidden=hidden)
        if len(features.rows):
            yield Row(kind, features, right(qa, question, features.rows))


def fit(sets: dict[str, list[Row]], few: dict[str, list[Row]], vague: Collection[str]) -> dict:
    """All coefficients but those of follow-ups; ``vague`` sets tell of the order only.

    ``few`` are the questions asked of small records.
    """
    ranking = {
        kind: {**order_weights([*sets.values()], names), **BY_HAND} for kind, names in ORDER.items()
    }
    fitted: dict = {"ranking": ranking, "confidence": {}, "answer_floors": {}}
    for kind, names in CONFIDENCE.items():
        known = {name: few[name] for name in sets} if kind.startswith("few_") else sets
        telling = [rows for name, rows in known.items() if name not in vague]
        x, is_right, weights = [], [], []
        for rows in telling:
            count = {k: sum(row.kind == k for row in rows) for k in KIND_SHARES}
            present = sum(share for k, share in KIND_SHARES.items() if count[k])
            for row in rows:
                first, told = leader(row, ranking, kind)
                x.append([told[name][first] for name in names])
                is_right.append(bool(row.right[first]))
                weights.append(KIND_SHARES[row.kind] / present / count[row.kind] / len(telling))
        model = LogisticRegression(C=100.0, max_iter=5_000)
        model.fit(x, is_right, sample_weight=np.array(weights) * len(x))
        values = [model.intercept_[0], *model.coef_[0]]
        fitted["confidence"][kind] = named(("intercept", *names), values)
        fitted["answer_floors"][kind] = round(floor([*known.values()], fitted, kind), 3)
    return fitted


def order_weights(sets: Sequence[Sequence[Row]], names: Sequence[str]) -> dict[str, float]:
    """The weights of the named features in the order."""
    asked_for = [
        [(row.features.matrix(names), row.right) for row in rows if row.kind == "answerable"]
        for rows in sets
    ]
    return named(names, softmax_weights([deep(rows) for rows in asked_for]))


def ablate(sets: dict[str, list[Row]]) -> None:
    """Print every set's figures without each feature, fitted on the other sets."""
    every = ORDER["vectors"]
    for left_out in (None, *every):
        names = [name for name in every if name != left_out]
        told = {}
        for name, rows in sets.items():
            weights = order_weights([of for other, of in sets.items() if other != name], names)
            ranking = {"vectors": weights, "words": {}}
            first = [leader(row, ranking, "vectors")[0] for row in rows]
            answerable = [
                row.right[place]
                for row, place in zip(rows, first, strict=True)
                if row.kind == "answerable"
            ]
            told[label(name)] = round(float(np.mean(answerable)), 3)
        say(f"Success@1 without {left_out or 'nothing'}: {told}")


def floor(sets: Sequence[Sequence[Row]], fitted: dict, kind: str) -> float:
    """The confidence that enough of the answerable reach, each set weighing the same."""
    values, weights = [], []
    for rows in sets:
        answerable = [row for row in rows if row.kind == "answerable"]
        values += [likely(row, fitted, kind)[1] for row in answerable]
        weights += [1 / len(answerable)] * len(answerable)
    return weighted_quantile(np.array(values), np.array(weights), 1 - ANSWERED_GOALS[kind])


def likely(row: Row, fitted: dict, kind: str) -> tuple[int, float]:
    """Return the index of the first candidate and its confidence."""
    first, known = leader(row, fitted["ranking"], kind)
    logit = sum(w * known[name][first] for name, w in fitted["confidence"][kind].items())
    return first, float(1 / (1 + np.exp(-logit)))


def leader(row: Row, weights: dict, kind: str) -> tuple[int, dict[str, np.ndarray]]:
    """Return the index of the first candidate and the features of its confidence."""
    features = of_kind(row.features, kind)
    scored = ranking.scores(features, weights)
    first = int(np.lexsort((features.rows, -scored))[0])
    return first, ranking.confidence_features(features, scored)


def of_kind(features: Features, kind: str) -> Features:
    """The features where all vectors count, or where none do."""
    has_vector = np.full(len(features.rows), kind.endswith("vectors"))
    return dataclasses.replace(features, has_vector=has_vector)


def deep(rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Candidates by the plain sum of their features, to DEPTH; where some are right, some not."""
    kept = []
    for x, is_right in rows:
        first = np.argsort(-x.sum(axis=1), kind="stable")[:DEPTH]
        if is_right[first].any() and not is_right[first].all():
            kept.append((x[first], is_right[first]))
    return kept


def softmax_weights(sets: Sequence[Sequence[tuple[np.ndarray, np.ndarray]]]) -> np.ndarray:
    """The weights under which the right candidates lead, each set weighing the same."""
    blocks = []
    for rows in filter(None, sets):
        shape = len(rows), max(len(is_right) for _, is_right in rows)
        x, is_right = np.zeros((*shape, rows[0][0].shape[1])), np.zeros(shape)
        absent = np.full(shape, -1e9)
        for n, (columns, known) in enumerate(rows):
            count = len(known)
            x[n, :count], is_right[n, :count], absent[n, :count] = columns, known, 0
        blocks.append((x, is_right, absent))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = SMOOTHING * weights @ weights, 2 * SMOOTHING * weights
        for x, is_right, absent in blocks:
            z = x @ weights + absent
            share = np.exp(z - z.max(axis=1, keepdims=True))
            share /= share.sum(axis=1, keepdims=True)
            of_right = share * is_right
            sums = of_right.sum(axis=1, keepdims=True) + 1e-12
            total -= np.log(sums).mean() / len(blocks)
            gap = np.einsum("nm,nmk->k", of_right / sums - share, x)
            slope = slope - gap / len(x) / len(blocks)
        return total, slope

    return minimize(loss, np.zeros(blocks[0][0].shape[2]), jac=True, method="L-BFGS-B").x


def follow_ups_of(qa: QA, judged: JudgedSet) -> list[FollowUp]:
    """The set's follow-ups with the features of their candidates, by the order just fitted."""
    found = []
    for question in judged.questions:
        if question.kind != "followup":
            continue
        hits = ranking.ranked(qa.snapshot, qa.features(question.previous[-1]))
        alone = qa.parse(question.question)
        features, columns = follow_up_features(qa.extractor, alone, hits, None)
        x = np.column_stack(list(columns.values()))
        found.append(FollowUp(x, right(qa, question, features.rows)))
    return found


def fit_follow_ups(follow_ups: Sequence[FollowUp]) -> dict[str, float]:
    """The weights of a follow-up's features."""
    kept = [(f.columns, f.right) for f in follow_ups if f.right.any() and not f.right.all()]
    say(f"follow-ups: {len(follow_ups)} asked, {len(kept)} with an answer among the candidates")
    return named(("alone", "document", "near"), softmax_weights([kept]))


def figures(rows: Sequence[Row], fitted: dict) -> dict[str, float]:
    """Success@1 of passages, areas under the ROC curve, shares answered; rounded."""
    values: dict[str, list[float]] = {kind: [] for kind in KIND_SHARES}
    first_right = []
    for row in rows:
        first, confidence = likely(row, fitted, "vectors")
        values[row.kind].append(confidence)
        if row.kind == "answerable":
            first_right.append(row.right[first])
    told = {"Success@1": float(np.mean(first_right))}
    for kind, found in values.items():
        if found and kind != "answerable":
            truth = [1] * len(values["answerable"]) + [0] * len(found)
            told[f"auroc_{kind}"] = float(roc_auc_score(truth, values["answerable"] + found))
        if found:
            at_least = fitted["answer_floors"]["vectors"]
            told[f"answered_{kind}"] = float(np.mean(np.array(found) >= at_least))
    return {name: round(value, 3) for name, value in told.items()}


def write(
    options: argparse.Namespace,
    fitted: dict,
    sets: dict[str, JudgedSet],
    rows: dict[str, list[Row]],
) -> None:
    """Write the coefficients with where they came from; those not fitted yet stay as they are."""
    path = Path(options.output)
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    order = ("ranking", "confidence", "answer_floors", "follow_up", "reranker")
    stated = {name: fitted.get(name, before.get(name)) for name in order}
    stated["from"] = {
        "command": "make calibrate",
        "passage_chars": Settings.load().passage_chars,
        "by_hand": [*BY_HAND],
        "order_only": options.order_only,
        "sets": {label(name): digest(judged) for name, judged in sets.items()},
        "questions": {label(name): len(of_set) for name, of_set in rows.items()},
    }
    path.write_text(json.dumps(stated, indent=2) + "\n", "utf-8")


def named(names: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    """Values by name, rounded to what they can mean."""
    return {name: round(float(v), 3) for name, v in zip(names, values, strict=True)}


def weighted_quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """The value below which that share of the weight lies."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, share)])


def digest(judged: JudgedSet) -> str:
    """The set's documents and questions in one hash."""
    content = hashlib.sha256()
    for file in judged.documents:
        content.update(f"{file.name} {file.sha256}\n".encode())
    for question in judged.questions:
        content.update(f"{question.id} {question.question} {sorted(question.relevant)}\n".encode())
    return content.hexdigest()


def hashed(question: JudgedQuestion) -> bytes:
    """A question's place in an order that is the same every time and means nothing."""
    return hashlib.sha256(question.id.partition("~")[0].encode()).digest()


if __name__ == "__main__":
    main()
