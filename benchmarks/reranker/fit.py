"""Fit the reranker: ``make reranker``. Takes some hours on two cores; uses a GPU if there is one.

    python benchmarks/reranker/fit.py ROWS -o FOLDER [--seed N] [--further BUNDLED]

``ROWS`` is the folder that ``rows.py`` wrote. The reranker starts from all-MiniLM-L6-v2 and reads a
question and a window of a passage together. It learns in one pass

- which window of a question answers it (softmax over one that does and some that do not),
- whether a window answers at all (logistic loss), and
- which of its tokens belong to the sentences that answer (logistic loss on each).

It sees the general questions first, then those near to press conferences with some general ones
again. With ``--further`` it starts from a reranker that ``export.py`` wrote, and sees the near
questions again, with general ones that are new to it. In the last part weights are rounded as
``export.py`` does, so that the rounding loses nothing. Some words that a question shares with its
answer are dropped, so that shared words are not all it looks for. ``FOLDER`` receives a checkpoint
every CHECKPOINT steps, from which an interrupted fit resumes; ``curve.jsonl``, the measures on the
held-out questions; and ``reranker.pt``.
"""

import argparse
import contextlib
import gzip
import json
import os
import platform
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import transformers
from model import Reranker, batch_of, tokenizer_of
from sklearn.metrics import roc_auc_score
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent.parent))

from common import hashed, say, sha256

from qa.answer.reranker import GRAPH, INFO

CHECKPOINT = 100
ROUNDED = "rounded"  # the part that ends every fit
HELD_OUT = 400  # questions that are asked for the curve
EVERY = 400  # steps from one point of the curve to the next


@dataclass(frozen=True)
class Plan:
    """Settings of a fit, all of them written beside the result."""

    seed: int = 1
    groups: int = 8  # questions in a step
    windows: int = 4  # of each question
    general: int = 6_000  # questions in the first part
    again: int = 1_000  # of them that come again in the second
    passes: dict[str, float] | None = None  # over each near source
    further: int = 2_000  # general questions not seen before, where a reranker is fitted further
    passes_further: dict[str, float] | None = None
    rounded: int = 200  # general questions in the last part, in which weights are rounded
    passes_rounded: dict[str, float] | None = None
    rate_general: float = 1e-4
    rate_near: float = 6e-5
    rate_further: float = 5e-5
    rate_rounded: float = 4e-5
    warm_up: int = 100
    layers: int = 4
    dropped: float = 0.3  # share of questions that lose words
    drop_shared: float = 0.5  # chance of a word the answer shares
    drop_other: float = 0.1


PASSES = {"written": 3.0, "squad2": 1.5, "scifact": 1.0, "journalists": 0.6}
PASSES_ROUNDED = {"written": 0.5, "squad2": 0.2}
PASSES_FURTHER = {"written": 1.5, "squad2": 0.75, "scifact": 0.2, "journalists": 0.2}


def main() -> None:
    """Fit, or resume an interrupted fit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, default=Plan.layers)
    parser.add_argument("--until", choices=["general", "near"], default="near")
    parser.add_argument("--further", type=Path, help="a folder that export.py wrote")
    options = parser.parse_args()
    plan = Plan(
        options.seed,
        layers=options.layers,
        passes=PASSES,
        passes_further=PASSES_FURTHER,
        passes_rounded=PASSES_ROUNDED,
    )
    options.output.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(plan.seed)
    tokenizer = tokenizer_of()
    every = shuffled(read(options.rows / "general.jsonl.gz"), plan.seed)
    general, unseen = every[: plan.general], every[plan.general :]
    if options.until == "near":
        near = read(options.rows / "near.jsonl.gz")
        held_out = shuffled(read(options.rows / "held_out.jsonl.gz"), 0)
    else:
        near, held_out = [], unseen
    held_out = evenly(held_out, HELD_OUT)
    begun = None
    if options.further:
        reranker = Reranker.bundled(options.further / GRAPH)
        begun = json.loads((options.further / INFO).read_text("utf-8"))["fit"]
        rows = unseen[: plan.further] + times(near, plan.passes_further, plan.seed)
        parts = [("further", rows, plan.rate_further)]
    else:
        reranker = Reranker.fresh(plan.layers)
        again = shuffled(every, plan.seed + 1)[: plan.again]
        parts = [("general", general, plan.rate_general)]
        if near:
            rows = again + times(near, plan.passes, plan.seed)
            parts.append(("near", rows, plan.rate_near))
    if near:
        rows = unseen[-plan.rounded :] + times(near, plan.passes_rounded, plan.seed)
        parts.append((ROUNDED, rows, plan.rate_rounded))
    reranker.to(device)
    for name, rows, rate in parts:
        if name == ROUNDED:
            reranker.round_weights()
        steps = steps_of(rows, plan, name)
        fit(reranker, tokenizer, name, steps, rate, plan, held_out, options.output, device)
    if near:
        reranker.unround_weights()
    torch.save(reranker.state_dict(), options.output / "reranker.pt")
    record = {
        "plan": asdict(plan),
        "rows": {p.name: sha256(p) for p in sorted(options.rows.glob("*.gz"))},
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {device}",
        "weights": sha256(options.output / "reranker.pt"),
        "begun_as": begun,
    }
    (options.output / "fit.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def times(rows: Sequence[dict], passes: dict[str, float] | None, seed: int) -> list[dict]:
    """Return the questions of each source as many times as `passes` says."""
    found = []
    for source, many in (passes or {}).items():
        own = shuffled([row for row in rows if row["source"] == source], seed)
        found += own * int(many) + own[: int(len(own) * (many % 1))]
    return found


def steps_of(rows: Sequence[dict], plan: Plan, name: str) -> list[list[dict]]:
    """Return the rows in steps of like length (little padding), shuffled."""
    chance = random.Random(f"{plan.seed} {name}")
    rows = [*rows]
    chance.shuffle(rows)
    steps = []
    reach = plan.groups * 24
    for start in range(0, len(rows), reach):
        alike = sorted(rows[start : start + reach], key=length)
        some = [alike[n : n + plan.groups] for n in range(0, len(alike), plan.groups)]
        chance.shuffle(some)
        steps += some
    return steps


def fit(  # noqa: PLR0913, PLR0917 - one part
    reranker: Reranker,
    tokenizer: object,
    name: str,
    steps: Sequence[Sequence[dict]],
    rate: float,
    plan: Plan,
    held_out: Sequence[dict],
    folder: Path,
    device: str,
) -> None:
    """Fit one part, from its checkpoint if there is one."""
    optimizer = torch.optim.AdamW(reranker.groups(rate), weight_decay=0.01)
    kept = folder / f"{name}.pt"
    first = 0
    if kept.exists():
        state = torch.load(kept, map_location=device, weights_only=True)
        reranker.load_state_dict(state["reranker"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
        say(f"{name}: on from step {first} of {len(steps)}")
    total, count, started = np.zeros(3), 0, time.monotonic()
    for number in range(first, len(steps)):
        chance = random.Random(f"{plan.seed} {name} {number}")
        pairs, groups = drawn(steps[number], plan, chance)
        share = min(1.0, (number + 1) / plan.warm_up) * max(0.02, 1 - number / len(steps))
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * share
        losses = losses_of(reranker, tokenizer, pairs, groups, device)
        sum(losses).backward()
        torch.nn.utils.clip_grad_norm_(reranker.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        total += [float(loss.detach()) for loss in losses]
        count += len(pairs)
        if (number + 1) % 50 == 0:
            speed = count / (time.monotonic() - started)
            told = " ".join(f"{x:.3f}" for x in total / 50)
            say(f"{name} {number + 1}/{len(steps)} loss {told}, {speed:.1f} pairs/s")
            total[:] = 0
        is_last = number + 1 == len(steps)
        if (number + 1) % EVERY == 0 or is_last:
            told = judged(reranker, tokenizer, held_out, device)
            point = {"part": name, "step": number + 1, "steps": len(steps), **told}
            with (folder / "curve.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(point) + "\n")
            say(json.dumps(point))
        if (number + 1) % CHECKPOINT == 0 or is_last:
            state = {
                "reranker": reranker.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": number + 1,
            }
            torch.save(state, folder / f"{name}.new")
            (folder / f"{name}.new").replace(kept)


def drawn(
    rows: Sequence[dict], plan: Plan, chance: random.Random
) -> tuple[list[tuple[str, dict, bool]], list[range]]:
    """Return the pairs of a step, each marked if it answers, and the range of each question."""
    pairs: list[tuple[str, dict, bool]] = []
    groups = []
    for row in rows:
        start = len(pairs)
        right = chance.sample(row["answering"], min(1, len(row["answering"])))
        question = row["question"]
        if right and chance.random() < plan.dropped:
            question = thinned(question, right[0]["text"], plan, chance)
        wanted = plan.windows - len(right)
        far = [*row["far"]]
        # Harder ones oftener; now and then one from elsewhere.
        others = []
        pool = [*row["others"]]
        while pool and len(others) < wanted - (chance.random() < 0.5):  # noqa: PLR2004
            others.append(pool.pop(min(int(chance.expovariate(0.4)), len(pool) - 1)))
        while far and len(others) < wanted:
            others.append(far.pop())
        pairs += [(question, w, True) for w in right] + [(question, w, False) for w in others]
        groups.append(range(start, len(pairs)))
    return pairs, groups


def thinned(question: str, answer: str, plan: Plan, chance: random.Random) -> str:
    """Return the question without some of its words, sooner those that the answer shares."""
    shared = set(re.findall(r"\w{4,}", answer.lower()))
    kept = [
        word
        for word in question.split()
        if chance.random()
        >= (
            plan.drop_shared
            if set(re.findall(r"\w{4,}", word.lower())) & shared
            else plan.drop_other
        )
    ]
    return " ".join(kept) if len(kept) > 2 else question  # noqa: PLR2004


def losses_of(
    reranker: Reranker,
    tokenizer: object,
    pairs: Sequence[tuple[str, dict, bool]],
    groups: Sequence[range],
    device: str,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the losses for the best window, the window that answers, and its tokens."""
    inputs, in_text, answering = batch_of(tokenizer, [(q, w) for q, w, _ in pairs], device)
    with halved(device):
        told, words = reranker(**inputs)
    told, words = told.float(), words.float()
    is_right = torch.tensor([answers for *_, answers in pairs], device=device)
    leads = [
        functional.cross_entropy(
            told[g.start : g.stop, 0][None], torch.zeros(1, dtype=torch.long, device=device)
        )
        for g in groups
        if bool(is_right[g.start]) and len(g) > 1
    ]
    lead = torch.stack(leads).mean() if leads else told.sum() * 0
    # Of four windows one answers: the ones that do weigh more, so that neither is the rule.
    weight = torch.where(is_right, 2.0, 1.0)
    whether = functional.binary_cross_entropy_with_logits(told[:, 1], is_right.float(), weight)
    marked = answering.any(dim=1)
    known = in_text & (marked | ~is_right)[:, None]
    which = functional.binary_cross_entropy_with_logits(words[known], answering[known].float())
    return lead, whether, which


def halved(device: str) -> contextlib.AbstractContextManager[object]:
    """Return a context that computes in bfloat16 where the machine does that faster."""
    if device == "cuda" or torch.cpu._is_avx512_bf16_supported():  # noqa: SLF001 - no other way
        return torch.autocast(device, dtype=torch.bfloat16)
    return contextlib.nullcontext()


@torch.no_grad()
def judged(
    reranker: Reranker, tokenizer: object, rows: Sequence[dict], device: str
) -> dict[str, dict[str, float]]:
    """Return by source the share of answers ranked first, and their AUROC against the others."""
    reranker.eval()
    found: dict[str, dict[str, list]] = {}
    for row in rows:
        windows = [*row["answering"][:1], *row["others"][:7]]
        inputs, in_text, answering = batch_of(
            tokenizer, [(row["question"], w) for w in windows], device
        )
        with halved(device):
            told, words = reranker(**inputs)
        told = told.float().cpu().numpy()
        of = found.setdefault(row["source"], {"first": [], "yes": [], "no": [], "words": []})
        best = int(told[:, 0].argmax())
        if row["answering"]:
            of["first"].append(best == 0)
            of["yes"].append(told[best, 1])
            is_in = in_text[0].cpu()
            if answering[0].any() and not answering[0].cpu()[is_in].all():
                of["words"].append(
                    roc_auc_score(answering[0].cpu()[is_in], words[0].float().cpu()[is_in])
                )
        if not row["answering"] or len(windows) > 1:
            rest = told[len(row["answering"][:1]) :]
            of["no"].append(rest[int(rest[:, 0].argmax()), 1])
    reranker.train()
    return {
        source: {
            "first": round(float(np.mean(of["first"])), 3) if of["first"] else None,
            "auroc": round(
                float(
                    roc_auc_score([1] * len(of["yes"]) + [0] * len(of["no"]), of["yes"] + of["no"])
                ),
                3,
            )
            if of["yes"] and of["no"]
            else None,
            "words": round(float(np.mean(of["words"])), 3) if of["words"] else None,
            "questions": len(of["first"]),
        }
        for source, of in sorted(found.items())
    }


def evenly(rows: Sequence[dict], most: int) -> list[dict]:
    """Return up to `most` rows, about as many of each source."""
    by_source: dict[str, list[dict]] = {}
    for row in rows:
        by_source.setdefault(row["source"], []).append(row)
    each = most // max(1, len(by_source))
    return [row for own in by_source.values() for row in own[:each]]


def length(row: dict) -> int:
    """Return about how many characters a row's longest window has."""
    windows = [*row["answering"], *row["others"]][:4]
    return max((len(w["text"]) + len(w["context"]) for w in windows), default=0)


def shuffled(rows: Sequence[dict], seed: int) -> list[dict]:
    """Return the rows in an order that depends on the seed alone."""
    return sorted(rows, key=lambda row: hashed(f"{seed} {row['question']}"))


def read(path: Path) -> list[dict]:
    """Return the rows of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    main()
