"""Exports PyTorch modules as ONNX graphs, and reduces their precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from qa.errors import EncoderError

__all__ = ["Matrices", "halve", "optimize", "quantize", "write_graph"]

# The matrices brought to int8. Attention's are square, those of feed-forward layers are not.
Matrices = Literal["all", "attention", "feed-forward"]

_OPSET = 20
# Smaller weights stay in single precision: together they are a few kB.
_LEAST_HALVED = 4_096


def write_graph(  # noqa: PLR0913 - as torch.onnx takes them
    module: Any,
    inputs: Mapping[str, Any],
    path: Path,
    *,
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_shapes: Mapping[str, Any],
) -> None:
    """Write a module as a graph, traced with ``inputs``, sample values by name.

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


def quantize(path: Path, matrices: Matrices = "all") -> None:
    """Bring the weights of matrix products to int8, each column with a scale of its own.

    One scale for a whole matrix costs a cosine of .06, one for each column .007. Of the eight
    bits seven are used: processors without VNNI add up products of eight bits wrongly. With
    "all" matrices, tables of embeddings are brought to int8, too.

    Raises:
        EncoderError: there are no such matrices.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415

    chosen = None if matrices == "all" else _products(path, is_square=matrices == "attention")
    if chosen == []:
        raise EncoderError(f"The graph has no {matrices} matrices.")
    whole = path.with_suffix(".fp32")
    path.rename(whole)
    quantize_dynamic(
        whole,
        path,
        nodes_to_quantize=chosen,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
    )
    whole.unlink()


def _products(path: Path, *, is_square: bool) -> list[str]:
    """The names of the matrix products with square weights, or with others."""
    import onnx  # noqa: PLC0415

    graph = onnx.load(path).graph
    shapes = {weight.name: tuple(weight.dims) for weight in graph.initializer}
    return [
        node.name
        for node in graph.node
        if node.op_type == "MatMul" and (shape := shapes.get(node.input[1]))
        if (shape[0] == shape[-1]) == is_square
    ]


def halve(path: Path) -> None:
    """Store the graph's weights in half precision; they are computed with in single precision.

    onnxruntime widens them when it opens the graph, tables of embeddings row by row when used.

    Raises:
        EncoderError: a weight is too large for half precision.
    """
    import onnx  # noqa: PLC0415

    proto = onnx.load(path)
    graph = proto.graph
    halved = set()
    for weight in graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT or np.prod(weight.dims) < _LEAST_HALVED:
            continue
        with np.errstate(over="ignore"):
            values = onnx.numpy_helper.to_array(weight).astype(np.float16)
        if not np.isfinite(values).all():
            raise EncoderError("A weight of the model is too large for half precision.")
        weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
        halved.add(weight.name)
    nodes: list[Any] = []
    widened = set()
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] in halved:
            (output,) = node.output
            node.output[0] = f"{output}.half"
            nodes += [node, _cast(f"{output}.half", output)]
            continue
        for number, name in enumerate(node.input):
            if name in halved:
                node.input[number] = f"{name}.single"
                if name not in widened:
                    nodes.append(_cast(name, f"{name}.single"))
                    widened.add(name)
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(proto, path)


def _cast(half: str, single: str) -> Any:
    """A node that widens a value to single precision."""
    import onnx  # noqa: PLC0415

    return onnx.helper.make_node("Cast", [half], [single], to=onnx.TensorProto.FLOAT)


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
    """Remove the paths and stack traces of the machine that made a graph."""
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
