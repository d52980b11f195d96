"""The journey of an evaluation: index a judged set, answer its questions, measure."""

from __future__ import annotations

import datetime
import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from qa import __version__
from qa.answer.ask import QA
from qa.answer.ranking import answer_floors
from qa.errors import EvaluationError
from qa.evaluation import measure
from qa.evaluation.datasets import (
    GoldQuote,
    JudgedQuestion,
    JudgedSet,
    hiding_documents,
    hiding_gold,
    open_questions,
    open_set,
)
from qa.evaluation.metrics import metrics_of, values_of
from qa.evaluation.outcome import Evaluation, JudgedAnswer
from qa.index.build import build
from qa.index.engine import engine_of
from qa.index.export import exported_encoder
from qa.index.snapshot import Snapshot
from qa.records import Hit, Question, Span
from qa.settings import Settings
from qa.sources.corpus_folder import CorpusFile
from qa.storage import own_cache

__all__ = ["evaluate", "hidden_rows", "indexed"]

# Called with the task, how many of its steps are done, and how many there are.
OnProgress = Callable[[str, int, int], None]
# The report shows the first hit, questions.jsonl as many as the largest quote cutoff.
_KEPT_HITS = max(measure.QUOTE_CUTOFFS)


def evaluate(  # noqa: PLR0913 - each is an option of "qa eval"
    path: Path | str,
    *,
    settings: Settings | None = None,
    queries: str | None = None,
    qrels: str | None = None,
    hide_gold: bool = False,
    hide_documents: float | None = None,
    on_progress: OnProgress | None = None,
) -> Evaluation:
    """Answer every question of a judged set and measure the answers.

    A set with documents is indexed in the cache folder of the settings, by the same code as the
    record, and never touches the record's index. ``hide_gold`` repeats every answerable question
    with its answer hidden; ``hide_documents``, a share in (0, 1), hides so many of the documents
    and repeats the questions about them.

    Raises:
        EvaluationError: the set cannot be used as it is.
    """
    settings = settings or Settings.load()
    on_progress = on_progress or (lambda *_: None)
    path = Path(path)
    live = None
    if path.is_file() and not (queries or qrels):
        live = QA.configured(settings)
        judged = open_questions(path, live.snapshot.documents)
    else:
        judged = open_set(path, queries=queries, qrels=qrels)
    _check_lengths(judged, settings.max_question_chars)
    if hide_gold:
        judged = hiding_gold(judged)
    if hide_documents is not None:
        judged = hiding_documents(judged, hide_documents)
    qa, seconds = (live, None) if live else indexed(judged.documents, settings, on_progress)
    answers = tuple(_answers(qa, judged.questions, on_progress))
    values = values_of(answers)
    return Evaluation(
        metrics=metrics_of(judged, answers, values, qa.snapshot, seconds),
        settings=_settings_of(path, settings, qa, queries, qrels),
        answers=answers,
        values=values,
        left_out=judged.left_out,
        snapshot=qa.snapshot,
    )


def _check_lengths(judged: JudgedSet, max_chars: int) -> None:
    for question in judged.questions:
        if len(question.question) > max_chars:
            raise EvaluationError(
                f"{judged.name}: question {question.id!r} has {len(question.question):,} "
                f"characters, at most {max_chars:,} are allowed (setting max_question_chars)."
            )


def indexed(
    documents: Sequence[CorpusFile], settings: Settings, on_progress: OnProgress
) -> tuple[QA, float | None]:
    """Return the documents indexed in the cache, and the seconds that a new index took.

    The cache is keyed by documents and encoder. The index is updated every time, with the vectors
    it holds, so that a change in how documents are split into passages always shows.
    """
    encoder = exported_encoder(
        settings.encoder,
        settings.cache,
        precision=settings.encoder_precision,
        languages=settings.encoder_languages,
    )
    key = hashlib.sha256(encoder.sha256.encode())
    for file in sorted(documents, key=lambda file: file.name):
        key.update(f"{file.name} {file.sha256}\n".encode())
    own_cache(settings.cache)
    folder = settings.cache / key.hexdigest()[:32]
    engine = engine_of(settings, folder.name)
    started = time.perf_counter()
    built = build(
        documents,
        folder / "index",
        encoder,
        passage_chars=settings.passage_chars,
        exact_rows=settings.exact_rows,
        on_embedded=lambda done, total: on_progress("embedding", done, total),
        engine=engine,
        take_over=True,
    )
    seconds = round(time.perf_counter() - started, 3)
    record = folder / "build.json"
    if not built.reused:
        record.write_text(json.dumps({"snapshot": built.digest, "seconds": seconds}), "utf-8")
    return QA.configured(settings, folder / "index", engine), _build_seconds(record, built.digest)


def _build_seconds(record: Path, digest: str) -> float | None:
    """Return the seconds that the build took; None if it was a build of another snapshot."""
    try:
        build_record = json.loads(record.read_text("utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return build_record["seconds"] if build_record["snapshot"] == digest else None


def _answers(
    qa: QA, questions: Sequence[JudgedQuestion], on_progress: OnProgress
) -> Iterable[JudgedAnswer]:
    # The first question of a process loads what later ones find loaded; it is not timed.
    qa.explain(questions[0].question)
    for done, question in enumerate(questions, 1):
        yield _judged(qa, question)
        on_progress("answering", done, len(questions))


def _judged(qa: QA, question: JudgedQuestion) -> JudgedAnswer:
    explained = qa.explain(
        Question(question.question, question.previous),
        hidden=hidden_rows(qa.snapshot, question),
    )
    answer, hits = explained.answer, explained.hits
    cited = answer.citations or answer.nearest
    marked = cited[0].quotes if cited else ()
    best: dict[str, float] = {}
    for hit in hits:
        best.setdefault(hit.document, hit.score)
    return JudgedAnswer(
        question=question,
        answer=answer,
        hits=hits[:_KEPT_HITS],
        marked=marked,
        documents=tuple(zip(best, measure.falling([*best.values()]), strict=True)),
        quote_ranks=tuple(_quote_rank(qa.snapshot, quote, hits) for quote in question.gold),
        is_highlighted=any(
            quote.document == hits[0].document
            and measure.covers_half([Span(m.start, m.end) for m in marked], quote.places)
            for quote in question.gold
            if hits
        ),
    )


def _quote_rank(snapshot: Snapshot, quote: GoldQuote, hits: Sequence[Hit]) -> int | None:
    return next(
        (
            rank
            for rank, hit in enumerate(hits, 1)
            if hit.document == quote.document
            and measure.covers_half([snapshot.passages.span(hit.row)], quote.places)
        ),
        None,
    )


def hidden_rows(snapshot: Snapshot, question: JudgedQuestion) -> list[int]:
    """Return the rows of the passages that are hidden from the question."""
    rows = [row for name in question.hidden_documents for row in snapshot.documents.rows(name)]
    for quote in question.hidden_quotes:
        rows += [
            row
            for row in snapshot.documents.rows(quote.document)
            for span in [snapshot.passages.span(row)]
            if any(span.start < place.end and place.start < span.end for place in quote.places)
        ]
    return rows


def _settings_of(
    path: Path, settings: Settings, qa: QA, queries: str | None, qrels: str | None
) -> dict[str, Any]:
    """Return the inputs of the measures besides the set and the snapshot."""
    return {
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "set": path.resolve().name,
        "queries": queries,
        "qrels": qrels,
        "version": __version__,
        "encoder": qa.encoder.name,
        "encoder_sha256": qa.encoder.sha256,
        "encoder_precision": qa.encoder.precision,
        **qa.snapshot.manifest["inputs"]["settings"],
        "top_k": settings.top_k,
        "searches": list(qa.searches),
        "reader": settings.reranker,
        "reader_sha256": qa.reranker.sha256 if qa.reranker else None,
        "answer_floors": answer_floors(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
