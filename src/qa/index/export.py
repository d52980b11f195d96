"""Exports models of sentence-transformers to encoders.

Only building needs it: every snapshot carries its exported encoders, which run without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from qa.errors import EncoderError
from qa.index.encoder import (
    BUILD_THREADS,
    GRAPH_INPUTS,
    MODEL,
    TOKENIZER,
    EncoderInfo,
    OnnxEncoder,
    encoder_sha256,
    open_encoder,
    write_info,
)
from qa.index.graph import halve, optimize, quantize, write_graph
from qa.index.models import BUNDLED, load_model, model_folder, model_sha256
from qa.storage import own_cache

__all__ = ["Precision", "exported_encoder"]

_log = logging.getLogger(__name__)

Precision = Literal["int8", "fp32"]

_BUNDLED_LANGUAGES = ("en",)
# Increased when the same model is exported otherwise than before.
_EXPORT = 3
# Texts on which an export is compared with its model: short, long, cut off, and not English.
_SAMPLES = (
    "Why?",
    "What are the main considerations behind the Opinions?",
    "In 2021 exports grew by 28.2 percent, to 1,100,000 tonnes; imports fell (see table 4).",
    "对外文化贸易的主要考虑是什么?",
    "The minister said that the plan would be carried out step by step. " * 8,
    "Trade in services, culture and technology grew faster than trade in goods. " * 60,
)
# The precisions that are tried in turn, and the lowest cosine with the model at which an export
# is faithful. int8 all-MiniLM-L6-v2 has .98, multilingual-e5-small .99, all-mpnet-base-v2 .76:
# some of its feed-forward layers have a few values far above the others. Its attention in int8
# has .998.
_LEAST_LIKENESS = {
    "int8": 0.95,
    "int8-feed-forward": 0.95,
    "int8-attention": 0.95,
    "fp16": 0.999,
    "fp32": 0.999,
}
# A model that states no limit, or a larger one, reads so many tokens: no passage is as long.
_MOST_TOKENS = 8_192


def exported_encoder(
    name: str,
    cache: Path,
    *,
    precision: Precision = "int8",
    languages: Sequence[str] | None = None,
    on_export: Callable[[], None] | None = None,
) -> OnnxEncoder:
    """Return the bundled encoder, or the one whose model is in the folder ``name``, exported.

    A model that is not faithful in int8 is exported in the next higher precision that is. The
    export is kept in the folder ``cache`` until the model or a library it was made with changes.
    ``languages`` are those the model knows; where None, the bundled one knows its own and any
    other all. ``on_export`` is called before an export, which takes some seconds.

    Raises:
        EncoderError: there is no such model here, the bundled one's weights are not the
            published ones, a library is missing, or the export is not faithful to the model.
        SettingsError: the cache folder is somebody else's.
    """
    model = model_folder(name)
    known = languages or (_BUNDLED_LANGUAGES if name == BUNDLED else None)
    weights = model_sha256(model)
    made_from = [_EXPORT, name, weights, precision, known and sorted(known), *_versions()]
    kept = cache / "encoders" / hashlib.sha256(repr(made_from).encode()).hexdigest()[:32]
    with contextlib.suppress(EncoderError):
        encoder = open_encoder(kept, BUILD_THREADS)
        if _sha256(kept, encoder.info) == encoder.sha256:
            return encoder
    if on_export:
        on_export()
    own_cache(cache)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as unfinished:
        folder = Path(unfinished) / "encoder"
        folder.mkdir()
        make_info = partial(
            EncoderInfo,
            name=name,
            model_sha256=weights,
            languages=sorted(known) if known else None,
        )
        _export(model, folder, make_info, precision)
        if kept.exists():
            shutil.rmtree(kept)
        with contextlib.suppress(OSError):  # another process was quicker
            folder.rename(kept)
    return open_encoder(kept, BUILD_THREADS)


def _export(
    model: Path, folder: Path, make_info: Callable[..., EncoderInfo], precision: Precision
) -> None:
    """Write the model's encoder into ``folder``, in the first precision that is faithful."""
    loaded = load_model(model)
    tokenizer = getattr(loaded.tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        raise EncoderError(
            f"The encoder in {model} has no tokenizer of the tokenizers library "
            "(a tokenizer.json), which serving needs."
        )
    tokenizer.save(str(folder / TOKENIZER))
    query_prompt, document_prompt = _prompts(loaded, model)
    window = _window(loaded)
    with _quiet():
        inputs = _write_graph(loaded, folder / "whole", window)
    info = make_info(
        sha256="",
        precision=precision,
        likeness=0.0,
        dimension=int(loaded.get_embedding_dimension() or 0),
        max_tokens=_max_tokens(loaded, model, window, (query_prompt, document_prompt)),
        inputs=inputs,
        query_prompt=query_prompt,
        document_prompt=document_prompt,
    )
    expected = _model_vectors(loaded, info)
    tried = []
    precisions = list(_LEAST_LIKENESS)
    for chosen in precisions[precisions.index(precision) :]:
        likeness = _likeness(folder, replace(info, precision=chosen), expected)
        if likeness >= _LEAST_LIKENESS[chosen]:
            break
        tried.append(f"{chosen} {likeness:.4f}")
    else:
        raise EncoderError(
            f"The encoder in {model} cannot be exported: its vectors are not the model's. Lowest "
            f"cosine by precision: {', '.join(tried)}; at least {_LEAST_LIKENESS['fp32']} is "
            "needed."
        )
    (folder / "whole").unlink()
    # Four digits: the rest differs from machine to machine, and the digest rests on this file.
    info = replace(info, precision=chosen, likeness=round(likeness, 4))
    write_info(folder, replace(info, sha256=_sha256(folder, info)))
    if tried:
        _log.warning(
            "The encoder %s is exported in %s (cosine with its model %.4f), since lower precision "
            "is not faithful: %s.",
            info.name,
            chosen,
            likeness,
            ", ".join(tried),
        )


def _likeness(folder: Path, info: EncoderInfo, expected: np.ndarray) -> float:
    """Write the graph in a precision; return its lowest cosine with the model, 0 if it has none."""
    graph = folder / MODEL
    shutil.copyfile(folder / "whole", graph)
    matrices: dict[str, Any] = {
        "int8": "all",
        "int8-feed-forward": "feed-forward",
        "int8-attention": "attention",
    }
    try:
        with _quiet():
            if info.precision in matrices:
                quantize(graph, matrices[info.precision])
        optimize(graph)
        if info.precision not in {"int8", "fp32"}:
            halve(graph)
    except EncoderError:
        return 0.0
    write_info(folder, info)
    encoder = open_encoder(folder)
    vectors = np.concatenate([encoder.encode_query(_SAMPLES), encoder.encode(_SAMPLES)])
    return float(np.min(np.sum(vectors * expected, axis=1)))


def _model_vectors(model: Any, info: EncoderInfo) -> np.ndarray:
    """The model's own vectors of the samples, as questions and as documents."""
    prompts = (info.query_prompt, info.document_prompt)
    return np.stack(
        [
            model.encode(text, prompt=prompt, normalize_embeddings=True, show_progress_bar=False)
            for prompt in prompts
            for text in _SAMPLES
        ]
    )


def _prompts(model: Any, folder: Path) -> tuple[str, str]:
    """The model's prompts for questions and for documents; empty where it has none."""
    prompts = {name: prompt for name, prompt in model.prompts.items() if prompt}
    query: str = prompts.get("query", "")
    names = ("document", "passage", "corpus")
    document: str = next((prompts[name] for name in names if name in prompts), "")
    if (query or document) and any(getattr(s, "include_prompt", True) is False for s in model):
        raise EncoderError(
            f"The encoder in {folder} leaves its prompt out of pooling (include_prompt), which "
            "cannot be exported: take a model that pools all tokens."
        )
    return query, document


def _window(model: Any) -> int:
    """The most tokens that the model reads, special tokens and prompt included."""
    return min(int(model.max_seq_length or _MOST_TOKENS), _MOST_TOKENS)


def _max_tokens(model: Any, folder: Path, window: int, prompts: Sequence[str]) -> int:
    """The most tokens of a text beside special tokens and the longer prompt.

    Raises:
        EncoderError: there is no room for any.
    """
    special = len(model.tokenizer("")["input_ids"])
    prompt = max(len(model.tokenizer(p, add_special_tokens=False)["input_ids"]) for p in prompts)
    if window <= special + prompt:
        raise EncoderError(
            f"The encoder in {folder} reads {window} tokens, and {special + prompt} are its own: "
            "raise max_seq_length in its sentence_bert_config.json."
        )
    return window - special - prompt


def _sha256(folder: Path, info: EncoderInfo) -> str:
    return encoder_sha256(folder, info.max_tokens, info.query_prompt, info.document_prompt)


def _write_graph(model: Any, path: Path, window: int) -> list[str]:
    """Write the modules as one graph, from token numbers to unit vectors; return its inputs."""
    import torch  # noqa: PLC0415

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleList(list(model))

        def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
            features = dict(features)
            for step in self.steps:
                features = step(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    texts = ["a text of several words", "a"]
    sample = dict(model.tokenizer(texts, padding=True, return_tensors="pt"))
    if unknown := sample.keys() - set(GRAPH_INPUTS):
        raise EncoderError(
            f"The encoder's tokenizer gives {', '.join(sorted(unknown))}; expected only "
            f"{', '.join(GRAPH_INPUTS)}."
        )
    batch = torch.export.Dim("batch", min=1)
    length = torch.export.Dim("length", min=1, max=window)
    write_graph(
        Graph(),
        {"features": sample},
        path,
        input_names=list(sample),
        output_names=["vector"],
        dynamic_shapes={"features": {name: {0: batch, 1: length} for name in sample}},
    )
    return list(sample)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the messages of the exporting libraries."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _versions() -> list[str]:
    """Versions of the libraries that make an export; a missing one is an error when needed."""
    versions = []
    for library in ("torch", "onnxscript", "onnxruntime", "sentence-transformers"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{library} {importlib.metadata.version(library)}")
    return versions
