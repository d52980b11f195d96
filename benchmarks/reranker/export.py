"""Export a fitted reranker as the int8 files of the package, with a record of the fit.

    python benchmarks/reranker/export.py FITTED -o src/qa/answer/bundled [--rows ROWS.jsonl.gz]

``FITTED`` is the folder that ``fit.py`` wrote. Prints the SHA-256 that ``qa.answer.reranker`` must
state and the size; with ``--rows``, the correlation of int8 with the model.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

import numpy as np
import torch
from fit import HELD_OUT, evenly, read, shuffled
from model import MAX_TOKENS, Reranker, batch_of, tokenizer_of

from qa.answer.reranker import FILES, GRAPH, INFO, TOKENIZER
from qa.index.graph import optimize, quantize, write_graph
from qa.index.runtime import files_sha256, open_graph

LANGUAGES = ["en"]
SAMPLES = 60


def main() -> None:
    """Write graph, tokenizer and card."""
    parser = argparse.ArgumentParser()
    parser.add_argument("fitted", type=Path)
    parser.add_argument("--weights", default="reranker.pt")
    parser.add_argument("--rows", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    state = torch.load(options.fitted / options.weights, map_location="cpu", weights_only=True)
    state = state.get("reranker", state)
    layers = 1 + max(int(n.split(".")[3]) for n in state if n.startswith("encoder.encoder.layer."))
    reranker = Reranker.fresh(layers)
    reranker.load_state_dict(state)
    reranker.eval()
    tokenizer = tokenizer_of()
    folder = options.output
    folder.mkdir(parents=True, exist_ok=True)
    content = tokenizer.backend_tokenizer.to_str().encode()
    (folder / TOKENIZER).write_bytes(gzip.compress(content, mtime=0))
    sample = dict(tokenizer(["a", "b"], ["one text", "two"], padding=True, return_tensors="pt"))
    batch = torch.export.Dim("batch", min=1)
    length = torch.export.Dim("length", min=1, max=MAX_TOKENS)
    write_graph(
        reranker,
        sample,
        folder / GRAPH,
        input_names=list(sample),
        output_names=["told", "tokens"],
        dynamic_shapes={name: {0: batch, 1: length} for name in sample},
    )
    quantize(folder / GRAPH)
    optimize(folder / GRAPH)
    fitted = options.fitted / "fit.json"
    card = {
        "languages": LANGUAGES,
        "layers": layers,
        "fit": json.loads(fitted.read_text("utf-8")) if fitted.exists() else None,
    }
    (folder / INFO).write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"sha256 {files_sha256(folder, FILES)}\n")
    size = sum((folder / name).stat().st_size for name in FILES)
    sys.stdout.write(f"{size / 1e6:.1f} MB\n")
    if options.rows:
        rows = evenly(shuffled(read(options.rows), 0), HELD_OUT)[:SAMPLES]
        sys.stdout.write(f"{likeness(reranker, tokenizer, folder, rows)}\n")


@torch.no_grad()
def likeness(reranker: Reranker, tokenizer: object, folder: Path, rows: list[dict]) -> str:
    """Return the correlation of the int8 logits with the model's, as a line of text."""
    graph = open_graph(folder / GRAPH)
    theirs, ours = [], []
    for row in rows:
        for w in [*row["answering"][:1], *row["others"][:3]]:
            inputs, *_ = batch_of(tokenizer, [(row["question"], w)], "cpu")
            theirs.append(reranker(**inputs)[0][0].numpy())
            ours.append(graph.run(None, {n: v.numpy() for n, v in inputs.items()})[0][0])
    a, b = np.array(theirs), np.array(ours)
    of_each = [float(np.corrcoef(a[:, n], b[:, n])[0, 1]) for n in range(2)]
    return f"correlation of int8 with fp32: {of_each[0]:.4f} (leads), {of_each[1]:.4f} (answers)"


if __name__ == "__main__":
    main()
