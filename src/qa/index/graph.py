"""A module of PyTorch becomes a graph that onnxruntime runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qa.errors import EncoderError

__all__ = ["optimize", "quantize", "write_graph"]

_OPSET = 20


def write_graph(  # noqa: PLR0913 - as torch.onnx takes them
    module: Any,
    inputs: Mapping[str, Any],
    path: Path,
    *,
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_shapes: Mapping[str, Any],
) -> None:
    """Write what the module does with its ``inputs``, sample values by name, as a graph.

    Raises:
        EncoderError: it cannot be exported.
    """
    import onnx  # noqa: PLC0415
    import torch  # noqa: PLC0415

    try:
        program = torch.onnx.export(
            module.eval(),
            kwargs=dict(inputs),
            dynamo=True,
            opset_version=_OPSET,
            input_names=list(input_names),
            output_names=list(output_names),
            dynamic_shapes=dict(dynamic_shapes),
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        cause = str(error.__cause__ or error).partition("\n")[0]
        raise EncoderError(f"The model cannot be exported to ONNX: {cause}") from error
    proto: Any = program.model_proto  # type: ignore[union-attr]
    _forget_origin(proto)
    onnx.save(proto, path)


def quantize(path: Path) -> None:
    """Bring the weights of matrix products to int8, each column with a scale of its own.

    One scale for a whole matrix costs a cosine of .06, one for each column .007. Of the eight
    bits seven are used: processors without VNNI add up products of eight bits wrongly.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415

    whole = path.with_suffix(".fp32")
    path.rename(whole)
    quantize_dynamic(whole, path, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    whole.unlink()


def optimize(path: Path) -> None:
    """Merge steps of the graph now rather than each time it is opened.

    Only what is the same on every processor; opening takes a third of the time.
    """
    import onnxruntime  # noqa: PLC0415

    plain = path.with_suffix(".plain")
    path.rename(plain)
    options = onnxruntime.SessionOptions()
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(plain), options, providers=["CPUExecutionProvider"])
    plain.unlink()


def _forget_origin(proto: Any) -> None:
    """Take out of a graph the paths and stack traces of the machine that made it."""
    proto.producer_version = ""
    proto.ClearField("doc_string")
    proto.ClearField("metadata_props")
    graph = proto.graph
    graph.ClearField("doc_string")
    graph.ClearField("metadata_props")
    functions = [node for function in proto.functions for node in function.node]
    for part in (*graph.node, *functions, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    for function in proto.functions:
        function.ClearField("doc_string")
        function.ClearField("metadata_props")
