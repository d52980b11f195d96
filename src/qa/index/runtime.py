"""Runs ONNX graphs and tokenizers; the only user of tokenizers."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qa.errors import EncoderError
from qa.storage import file_sha256

__all__ = ["files_sha256", "load_libraries", "open_graph", "open_tokenizer"]


def load_libraries() -> None:
    """Import the libraries that run a graph, which takes a moment."""
    import onnxruntime  # noqa: F401, PLC0415
    import tokenizers  # noqa: F401, PLC0415


def open_graph(path: Path) -> Any:
    """Return a graph that runs on one processor thread.

    Raises:
        EncoderError: there is none, or it cannot be loaded.
    """
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Plans of memory are kept per length of text, and would only add up.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's own errors share no base class
        raise EncoderError(f"{path} is not a graph that can be run: {error}.") from error


def open_tokenizer(path: Path) -> Any:
    """Return a tokenizer without padding and truncation, from its JSON, which may be gzipped.

    Raises:
        EncoderError: there is none, or it cannot be loaded.
    """
    from tokenizers import Tokenizer  # noqa: PLC0415

    try:
        content = path.read_bytes()
        tokenizer = Tokenizer.from_buffer(
            gzip.decompress(content) if path.suffix == ".gz" else content
        )
    except Exception as error:  # the library raises nothing narrower
        raise EncoderError(f"{path} is not a tokenizer: {error}.") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def files_sha256(folder: Path, names: Sequence[str]) -> str:
    """Return the sha256 of the named files in a folder, in that order.

    Raises:
        EncoderError: one of them is missing.
    """
    digest = hashlib.sha256()
    for name in names:
        try:
            digest.update(bytes.fromhex(file_sha256(folder / name)))
        except OSError as error:
            raise EncoderError(f"The model's file {name} cannot be read: {error}.") from error
    return digest.hexdigest()
