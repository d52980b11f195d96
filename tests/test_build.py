"""Corpus to snapshot: the same in, the same out; only what is new is embedded."""

import dataclasses
import datetime
import json
import os
import shutil

import numpy as np
import pytest

from conftest import HalfEncoder, WordEncoder, corpus_file
from qa.answer.ask import QA
from qa.errors import BusyError, CorpusError, ModelError
from qa.index import snapshot as snapshots
from qa.index.build import EXACT_ROWS, build
from qa.index.snapshot import open_snapshot
from qa.index.vectors import half
from qa.records import Document

TEA = Document(id="tea", title="Tea", text="Tea is hot. Milk is cold.\n\nCake is sweet.")
RAIN = Document(
    id="rain", title="Rain", text="Why?(2020-01-01)\n\nIt rains.", layout="question-answer"
)


def run(index, *documents, encoder=None, passage_chars=30):
    encoder = encoder or WordEncoder()
    built = build(map(corpus_file, documents), index, encoder, passage_chars=passage_chars)
    return built, encoder.encoded


def content(index):
    return {
        p.relative_to(index).as_posix(): p.read_bytes()
        for p in index.rglob("*")
        if p.is_file() and not p.name.startswith(".")
    }


def test_a_snapshot_holds_the_documents_their_passages_and_their_vectors(tmp_path):
    built, _ = run(tmp_path / "index", TEA, RAIN)
    live = open_snapshot(tmp_path / "index")
    assert (built.documents, built.passages, built.sentences) == (2, 4, 6)
    assert live.documents == {"rain": RAIN, "tea": TEA}
    assert [p.text for p in live.passages] == [
        "Why?(2020-01-01)",
        "It rains.",
        "Tea is hot. Milk is cold.",
        "Cake is sweet.",
    ]
    assert [live.documents.rows(name) for name in ("rain", "tea")] == [range(2), range(2, 4)]
    assert [live.passages.document(row) for row in range(4)] == ["rain", "rain", "tea", "tea"]
    assert live.passages.is_question.tolist() == [True, False, False, False]
    assert live.passages[1].asked.of(RAIN.text) == "Why?"
    for row, passage in enumerate(live.passages):
        expected = half(WordEncoder().encode([passage.text]))
        assert np.array_equal(live.passage_vectors.vectors(np.array([row])), expected)
        assert live.passages.span(row) == passage.span
        start, end = live.passages.sentence_starts[row : row + 2]
        texts = [s.of(live.documents[passage.document].text) for s in passage.sentences]
        rows = np.arange(start, end)
        assert live.passages.of_sentences(rows).tolist() == [row] * len(rows)
        assert [live.passages.sentence_text(n) for n in rows] == texts
        vectors = half(WordEncoder().encode(texts))
        assert np.array_equal(live.sentence_vectors.vectors(rows), vectors)
        for n, cosine in enumerate(live.sentence_pairs[start : end - 1]):
            assert cosine == pytest.approx(float(vectors[n] @ vectors[n + 1]), abs=1e-3)
    assert live.answered.tolist() == [[0], [1]]
    assert live.answering.tolist() == [[1], [0]]


def test_the_same_record_gives_the_same_bytes_and_digest_whatever_came_before(tmp_path):
    first, _ = run(tmp_path / "a", TEA, RAIN)
    run(tmp_path / "b", TEA)
    second, _ = run(tmp_path / "b", RAIN, TEA)
    assert first.digest == second.digest
    ours = {name: data for name, data in content(tmp_path / "b").items() if first.digest in name}
    theirs = {name: data for name, data in content(tmp_path / "a").items() if first.digest in name}
    assert ours == theirs


def test_nothing_is_embedded_again_and_the_digest_stays(tmp_path):
    first, encoded = run(tmp_path, TEA, RAIN)
    assert first.embedded == len(encoded) == len(set(encoded)) == 8
    again, encoded = run(tmp_path, TEA, RAIN)
    assert (again.digest, again.embedded, again.reused, encoded) == (first.digest, 0, 8, [])


def test_only_what_changed_is_embedded(tmp_path):
    run(tmp_path, TEA, RAIN)
    changed = Document(id="tea", title="Tea", text="Tea is hot. Milk is cold.\n\nCake is gone.")
    built, encoded = run(tmp_path, changed, RAIN)
    assert encoded == ["Cake is gone."]
    assert (built.embedded, built.reused) == (1, 7)


def test_another_encoder_embeds_everything_anew(tmp_path):
    run(tmp_path, TEA)
    other = WordEncoder()
    other.sha256 = "1" * 64
    built, _ = run(tmp_path, TEA, encoder=other)
    assert (built.embedded, built.reused) == (4, 0)


def test_other_settings_give_another_digest(tmp_path):
    first, _ = run(tmp_path, TEA, passage_chars=30)
    second, _ = run(tmp_path, TEA, passage_chars=60)
    assert first.digest != second.digest
    assert snapshots.live_digest(tmp_path) == second.digest


def test_the_snapshot_before_stays_and_older_ones_go(tmp_path):
    digests = [run(tmp_path, TEA, passage_chars=n)[0].digest for n in (30, 40, 60)]
    names = {p.name for p in tmp_path.iterdir()} - {".lock"}
    assert names == {"current", *digests[1:]}


def test_litter_of_a_run_that_was_cut_off_is_removed(tmp_path):
    built, _ = run(tmp_path, TEA)
    (tmp_path / ".unfinished").mkdir()
    (tmp_path / ".unfinished" / "documents.jsonl").write_text("half", "utf-8")
    (tmp_path / ".current").write_text("half", "utf-8")
    (tmp_path / "README.md").write_text("stays", "utf-8")
    run(tmp_path, TEA)
    names = {p.name for p in tmp_path.iterdir()} - {".lock"}
    assert names == {"current", "README.md", built.digest}


def test_a_damaged_snapshot_is_built_anew(tmp_path):
    built, _ = run(tmp_path, TEA)
    path = tmp_path / built.digest / "documents" / "documents.jsonl"
    path.write_bytes(path.read_bytes().replace(b"hot", b"hut"))
    again, encoded = run(tmp_path, TEA)
    assert again.digest == built.digest
    assert len(encoded) == 4
    assert snapshots.check_files(tmp_path) == []


def test_two_writers_are_kept_apart(tmp_path):
    with snapshots.writing(tmp_path), pytest.raises(BusyError, match="wait for it to end"):
        run(tmp_path, TEA)


def test_no_document_is_refused_and_leaves_the_live_snapshot(tmp_path):
    built, _ = run(tmp_path, TEA)
    with pytest.raises(CorpusError, match='run "qa ingest SOURCE" first'):
        run(tmp_path)
    assert snapshots.live_digest(tmp_path) == built.digest


def test_progress_is_told_text_by_text(tmp_path):
    told = []
    build(
        [corpus_file(TEA)],
        tmp_path,
        WordEncoder(),
        passage_chars=30,
        on_embedded=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


STEPS = ("rename", "replace", "fsync", "unlink", "rmdir", "mkdir", "open")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_dying_at_any_step_leaves_the_old_or_the_new_snapshot_whole(tmp_path, monkeypatch):
    """The process is ended at its first, second, third... call that touches the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # the machine goes on, only the process ends
    old, _ = run(tmp_path / "old", TEA)
    new, _ = run(tmp_path / "new", TEA, RAIN)
    seen = []
    for step in range(1, 2000):
        index = shutil.copytree(tmp_path / "old", tmp_path / "index")
        if not _dies_at(step, index):
            break
        live = open_snapshot(index)
        assert live.digest in (old.digest, new.digest)
        seen.append(live.digest)
        again, _ = run(index, TEA, RAIN)
        assert again.digest == new.digest
        names = {p.name for p in index.iterdir()} - {".lock"}
        assert names == {"current", old.digest, new.digest}
        shutil.rmtree(index)
    assert step > 30
    assert seen == sorted(seen, key=[old.digest, new.digest].index)
    assert set(seen) == {old.digest, new.digest}


def _dies_at(step, index):
    """Run a build in a child that ends at its ``step``-th disk call; whether it got that far."""
    child = os.fork()
    if child == 0:
        calls = 0

        def dying(call):
            def counted(*args, **kwargs):
                nonlocal calls
                calls += 1
                if calls == step:
                    os._exit(9)
                return call(*args, **kwargs)

            return counted

        for name in STEPS:
            setattr(os, name, dying(getattr(os, name)))
        try:
            run(index, TEA, RAIN)
        except BaseException:  # noqa: BLE001 - the child must not return into pytest
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 9


def test_the_manifest_says_what_the_snapshot_was_made_from(tmp_path):
    built, _ = run(tmp_path, TEA)
    manifest = json.loads((tmp_path / built.digest / "manifest.json").read_bytes())
    assert manifest["inputs"]["encoder"]["name"] == "words"
    assert manifest["inputs"]["settings"] == {"passage_chars": 30, "exact_rows": EXACT_ROWS}
    assert manifest["searches"]["sentences"] == {"search": "exact"}
    assert manifest["counts"] == {"documents": 1, "passages": 2, "sentences": 3}
    assert "documents/documents.jsonl" in manifest["files"]
    assert "lexical/words.json" in manifest["files"]


def test_a_withdrawn_document_is_kept_without_passages(tmp_path):
    gone = dataclasses.replace(TEA, withdrawn=datetime.date(2026, 1, 2), also=("x",))
    built, embedded = run(tmp_path / "index", RAIN, gone)
    live = open_snapshot(tmp_path / "index")
    assert (built.documents, built.passages) == (2, 2)
    assert live.documents["tea"] == gone
    assert live.documents.rows("tea") == range(2, 2)
    assert {passage.document for passage in live.passages} == {"rain"}
    assert not any("Tea" in text for text in embedded)
    assert live.manifest["counts"]["documents"] == 2


def test_a_document_that_is_withdrawn_and_comes_back_is_an_answer_again(tmp_path):
    run(tmp_path / "index", RAIN, TEA)
    before = open_snapshot(tmp_path / "index").digest
    gone = dataclasses.replace(TEA, withdrawn=datetime.date(2026, 1, 2))
    built, embedded = run(tmp_path / "index", RAIN, gone)
    assert embedded == []
    built, _ = run(tmp_path / "index", RAIN, TEA)
    assert (built.digest, built.passages) == (before, 4)


def test_a_record_of_withdrawn_documents_alone_is_refused(tmp_path):
    gone = dataclasses.replace(TEA, withdrawn=datetime.date(2026, 1, 2))
    with pytest.raises(CorpusError, match="Every document of the record is withdrawn"):
        run(tmp_path / "index", gone)


def build_with(index, *encoders, passage_chars=30, documents=(TEA, RAIN)):
    return build(map(corpus_file, documents), index, encoders, passage_chars=passage_chars)


def test_a_snapshot_holds_the_vectors_of_each_encoder_the_primary_first(tmp_path):
    built = build_with(tmp_path, WordEncoder(), HalfEncoder())
    live = open_snapshot(tmp_path)
    assert [e.name for e in live.embeddings] == ["words", "models/half words"]
    for embeddings, encoder in zip(live.embeddings, (WordEncoder(), HalfEncoder()), strict=True):
        assert embeddings.sha256 == encoder.sha256
        for row, passage in enumerate(live.passages):
            expected = half(encoder.encode([passage.text]))
            assert np.array_equal(embeddings.passages.vectors(np.array([row])), expected)
        texts = [text for passage in live.passages for text in passage.sentence_texts]
        expected = half(encoder.encode(texts))
        rows = np.arange(len(texts))
        assert np.array_equal(embeddings.sentences.vectors(rows), expected)
        cosines = np.einsum("ij,ij->i", expected[:-1].astype(float), expected[1:].astype(float))
        assert embeddings.sentence_pairs[:-1] == pytest.approx(cosines, abs=1e-3)
        assert len(embeddings.questions) == len(live.questions)
    assert live.passage_vectors is live.embeddings[0].passages
    folder = tmp_path / built.digest
    assert {p.name for p in (folder / "encoders").iterdir()} == {"words", "half-words"}
    assert (folder / "vectors" / "half-words" / "sentences.faiss").is_file()
    inputs = live.manifest["inputs"]
    assert inputs["encoder"]["name"] == "words"
    assert [e["dimension"] for e in inputs["further_encoders"]] == [512]
    assert live.manifest["searches"]["half-words/sentences"] == {"search": "exact"}
    assert (built.embedded, built.reused) == (16, 0)


def test_a_further_encoder_changes_no_answer_of_the_primary(tmp_path):
    build_with(tmp_path / "one", WordEncoder())
    build_with(tmp_path / "two", WordEncoder(), HalfEncoder())
    answers = [
        QA(open_snapshot(tmp_path / index), WordEncoder()).ask("is tea hot?")
        for index in ("one", "two")
    ]
    assert answers[0].citations == answers[1].citations != ()
    assert answers[0].confidence == answers[1].confidence


def test_adding_an_encoder_or_making_it_the_primary_embeds_only_what_is_missing(tmp_path):
    build_with(tmp_path, WordEncoder())
    words, halves = WordEncoder(), HalfEncoder()
    told = []
    built = build(
        map(corpus_file, (TEA, RAIN)),
        tmp_path,
        (words, halves),
        passage_chars=30,
        on_embedded=lambda done, total: told.append((done, total)),
    )
    assert (built.embedded, built.reused, words.encoded, len(halves.encoded)) == (8, 8, [], 8)
    assert told == [(n, 8) for n in range(1, 9)]
    words, halves = WordEncoder(), HalfEncoder()
    swapped = build_with(tmp_path, halves, words)
    assert (swapped.embedded, swapped.reused, words.encoded, halves.encoded) == (0, 16, [], [])
    live = open_snapshot(tmp_path)
    expected = half(HalfEncoder().encode([live.passages[0].text]))
    assert np.array_equal(live.passage_vectors.vectors(np.array([0])), expected)


def test_each_encoder_embeds_the_languages_it_knows(tmp_path):
    chinese = Document(id="zh", title="zh", text="茶很热，出口增长。", language="zh")
    words, halves = WordEncoder(), HalfEncoder()
    words.languages = ("en",)
    build_with(tmp_path, words, halves, documents=(TEA, chinese))
    live = open_snapshot(tmp_path)
    assert [e.is_embedded.tolist() for e in live.embeddings] == [[True, False], [True, True]]
    assert live.documents.is_embedded.tolist() == [True, False]
    row = live.documents.rows("zh")[0]
    zeros = [not e.passages.vectors(np.array([row])).any() for e in live.embeddings]
    assert zeros == [True, False]


def test_no_passage_is_longer_than_any_of_the_encoders_reads(tmp_path):
    text = " ".join(f"Number {n} is here." for n in range(80))
    narrow = HalfEncoder()
    narrow.max_tokens = 127
    build_with(
        tmp_path,
        WordEncoder(),
        narrow,
        passage_chars=10_000,
        documents=[Document(id="n", title="N", text=text)],
    )
    passages = open_snapshot(tmp_path).passages
    counts = [narrow.count_tokens(passage.text) for passage in passages]
    assert counts == [124, 124, 72]


def test_two_encoders_of_one_name_are_refused(tmp_path):
    other = HalfEncoder()
    other.name = "elsewhere/words"
    with pytest.raises(ModelError, match=r"share a name \(words, words\)"):
        build_with(tmp_path, WordEncoder(), other)


def test_a_damaged_file_of_a_further_encoder_is_noticed(tmp_path):
    built = build_with(tmp_path, WordEncoder(), HalfEncoder())
    path = tmp_path / built.digest / "vectors" / "half-words" / "passages.faiss"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert [str(path) in fault for fault in snapshots.check_files(tmp_path)] == [True]
