"""Faults planted one at a time: the fast tests must notice each (``make mutants``).

A survivor is a hole in the tests; the exit code is the number of survivors.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

# name, file below src/qa, what stands there, what is put in its place
MUTANTS = [
    (
        "similarity inverted",
        "answer/retrieve.py",
        "vectors(row, 1)[0] @ vector",
        "vectors(row, 1)[0] @ -vector",
    ),
    (
        "sentence similarity inverted",
        "answer/retrieve.py",
        "int(end - start)) @ vector",
        "int(end - start)) @ -vector",
    ),
    ("worst hit first", "answer/relevance.py", "(-pair[0], pair[1].row)", "(pair[0], pair[1].row)"),
    (
        "passage offsets shifted by one",
        "index/passages.py",
        "yield Span(start + lead, start + lead + len(body))",
        "yield Span(start + lead + 1, start + lead + 1 + len(body))",
    ),
    (
        "sentence offsets shifted by one",
        "index/passages.py",
        "Span(span.start + s.start, span.start + s.end)",
        "Span(span.start + s.start + 1, span.start + s.end + 1)",
    ),
    (
        "quote taken from another passage",
        "answer/ask.py",
        "quotes(snapshot, searches, hit, searched_for, vector)",
        "quotes(snapshot, searches, hits[-1], searched_for, vector)",
    ),
    ("least likely quote", "answer/quote.py", "np.argmax(scores)", "np.argmin(scores)"),
    (
        "tie order reversed in the vector search",
        "index/vectors.py",
        "np.lexsort((rows[0], -scores[0]))",
        "np.lexsort((-rows[0], -scores[0]))",
    ),
    (
        "tie order reversed among hits",
        "answer/relevance.py",
        "(-pair[0], pair[1].row)",
        "(-pair[0], -pair[1].row)",
    ),
    (
        "hash check of files skipped",
        "index/snapshot.py",
        'elif _sha256(path) != expected[name]["sha256"]:',
        "elif False:",
    ),
    (
        "hash check of the manifest skipped",
        "index/snapshot.py",
        "if actual != folder.name:",
        "if False:",
    ),
    ("passage search dropped", "answer/retrieve.py", "{*by_passage, *by_", "{*by_"),
    ("sentence search dropped", "answer/retrieve.py", "*by_sentence.tolist(), ", ""),
    (
        "word search dropped",
        "answer/retrieve.py",
        "*by_words[words[by_words] > 0].tolist()",
        "",
    ),
    (
        "questions cited as answers",
        "answer/retrieve.py",
        'self._answers[row] if snapshot.passages[row].role == "question" else [row]',
        "[row]",
    ),
    (
        "words not weighed",
        "answer/relevance.py",
        '"words": 0.6',
        '"words": 0.0',
    ),
    ("everything answered", "answer/ask.py", "confidence >= relevance.ANSWER_FLOOR", "True"),
    (
        "published before it is whole",
        "index/snapshot.py",
        "        following.replace(index / _CURRENT)\n",
        "        following.replace(index / _CURRENT)\n        (target / _MANIFEST).unlink()\n",
    ),
    (
        "hand corrections overwritten",
        "corpus/ingest.py",
        "if existing.is_corrected and not overwrite:",
        "if False:",
    ),
    ("vectors not reused", "index/build.py", "if text not in known", "if True"),
    (
        "a measure over answered questions only",
        "evaluation/metrics.py",
        'if a.question.kind == "answerable"]\n    quoted',
        'if a.question.kind == "answerable" and a.answer.is_answered]\n    quoted',
    ),
    (
        "questions that find nothing dropped from the mean",
        "evaluation/measure.py",
        "iter_calc(wanted, qrels, scored)",
        "iter_calc(wanted, {q: r for q, r in qrels.items() if run.get(q)}, scored)",
    ),
    ("ranks off by one", "evaluation/run.py", "enumerate(hits, 1)", "enumerate(hits, 0)"),
    (
        "gold quotes matched in the wrong document",
        "evaluation/run.py",
        "if hit.passage.document == quote.document\n            and ",
        "if ",
    ),
    (
        "marked sentences matched in the wrong document",
        "evaluation/run.py",
        "quote.document == hits[0].passage.document\n            and ",
        "",
    ),
    (
        "intervals over the wrong axis",
        "evaluation/measure.py",
        "dtype=float),), np.mean, RESAMPLES",
        "dtype=float),), lambda x, axis: np.mean(x, axis=0), RESAMPLES",
    ),
    (
        "half of the quote not needed",
        "evaluation/measure.py",
        "2 * sum(",
        "20 * sum(",
    ),
    ("ties not lowered", "evaluation/measure.py", "if value >= bound:", "if False:"),
    (
        "ties count as won in the area",
        "evaluation/measure.py",
        "rankdata(np.concatenate([positive, negative], axis=axis), axis=axis)",
        'rankdata(np.concatenate([positive, negative], axis=axis), "max", axis=axis)',
    ),
    (
        "hidden passages still found",
        "answer/retrieve.py",
        "            if visible is None or visible[found]\n",
        "",
    ),
    (
        "a gate turned round",
        "evaluation/gates.py",
        "value < gate.limit if gate.is_ceiling",
        "value > gate.limit if gate.is_ceiling",
    ),
    (
        "worse called better",
        "evaluation/comparison.py",
        "(difference.difference > 0) == (",
        "(difference.difference > 0) != (",
    ),
    (
        "a half-written row kept",
        "evaluation/batches.py",
        "self._output.truncate(end)",
        "self._output.truncate()",
    ),
    (
        "formulas left alive",
        "evaluation/batches.py",
        "if is_formula else cell",
        "if False else cell",
    ),
    ("answers not escaped", "web/render.py", "autoescape=True", "autoescape=False"),
    ("marks shifted by one", "web/render.py", "q.start - offset", "q.start - offset + 1"),
]


def survives(file, before, after):
    """Whether the fast tests pass with the fault in place."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "index", ".*_cache")
        )
        (copy / "index").mkdir()
        shutil.copytree(ROOT / "src" / "qa" / "index", copy / "src" / "qa" / "index")
        path = copy / "src" / "qa" / file
        text = path.read_text("utf-8")
        if text.count(before) != 1:
            sys.exit(f"{file} has {before!r} {text.count(before)} times, should have it once.")
        path.write_text(text.replace(before, after), "utf-8")
        environment = {**os.environ, "PYTHONPATH": str(copy / "src")}
        run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*run, "-m", "not slow", "--deselect", "tests/test_readme.py"],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1, 2):
            sys.exit(done.stdout + done.stderr)
        return done.returncode == 0


def main():
    """Plant the faults in files named on the command line (all), and say who survives."""
    chosen = [m for m in MUTANTS if m[1].startswith(tuple(sys.argv[1:]) or "")]
    survivors = 0
    for name, *fault in chosen:
        alive = survives(*fault)
        survivors += alive
        sys.stdout.write(f"{'SURVIVES' if alive else 'dies':9} {name}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} faults, {survivors} survivors\n")
    sys.exit(survivors)


if __name__ == "__main__":
    main()
