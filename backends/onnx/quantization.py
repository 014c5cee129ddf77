"""Eight-bit models: onnxruntime's static quantization, calibrated on examples.

Weights are signed and have a scale for each output channel; activations are unsigned and have one
for each tensor, which the range they have on the examples gives. The model keeps its float32 inputs
and outputs, and says by pairs of QuantizeLinear and DequantizeLinear (QDQ) what is in eight bits:
any runtime runs it, and those that can compute in integers.

Normalizations and functions that leave the range of low precision stay in float32, as do the sums
that normalizations read. They would lose much: the square of a small number is no step of the
largest square, and a softmax over many classes has no step for most of them.

Source: Jacob et al., 2018, "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference"; https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TypeProto
from onnx.helper import make_tensor_type_proto, make_value_info
from onnx.numpy_helper import to_array
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.quant_utils import QUANT_INPUT_SUFFIX

from specc.diagnostics import SpecError
from specc.ir import Graph
from specc.layer import LAYERS

from .ops import scopes
from .precision import EXACT, SENSITIVE

Feed = Mapping[str, NDArray[Any]]

QUANTIZING = ("QuantizeLinear", "DequantizeLinear")


def quantized(
    model: bytes, graph: Graph, feeds: Iterable[Feed], exclude: Sequence[str] = ()
) -> bytes:
    """The model of `graph` in eight bits.

    feeds: examples, as the model takes them. exclude: the paths of layers that stay in float32.
    Raises `SpecError` (`invalid-input`) where the examples give no ranges.
    """
    ours = onnx.load_from_string(model)
    with TemporaryDirectory(prefix="specc-") as folder, _without_advice():
        path = Path(folder) / "quantized.onnx"
        _quantize(ours, path, _Feeds(iter(feeds)), _exact(ours, graph, exclude))
        made = onnx.load(path)
    if not all(np.isfinite(scale).all() for scale in _scales(made)):
        raise _no_range()
    return _as_ours(made, ours).SerializeToString(deterministic=True)


def _quantize(model: ModelProto, path: Path, feeds: _Feeds, exact: list[str]) -> None:
    try:
        quantize_static(
            model,
            path,
            feeds,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=exact,
        )
    except AssertionError:  # so onnxruntime says that a scale is NaN
        raise _no_range() from None


def _scales(model: ModelProto) -> Iterator[NDArray[Any]]:
    """How long a step is, wherever there are steps."""
    names = {node.input[1] for node in model.graph.node if node.op_type in QUANTIZING}
    return (to_array(tensor) for tensor in model.graph.initializer if tensor.name in names)


def _no_range() -> SpecError:
    return SpecError.of(
        "invalid-input",
        "some tensor has no range on the examples: its numbers are NaN or infinite",
        help="look for them in the weights and in the data, or export in float32",
    )


def _exact(model: ModelProto, graph: Graph, exclude: Sequence[str]) -> list[str]:
    """The names of the nodes that stay in float32."""
    layers = {node.path for node in graph.nodes if _is_exact(node.type)}
    exact = [node for node in model.graph.node if not layers.isdisjoint(scopes(node.name))]
    read = {name for node in exact for name in node.input}
    layers.update(exclude)

    def stays(node: NodeProto) -> bool:
        is_read = node.op_type == "Add" and node.output[0] in read
        return is_read or node.op_type in SENSITIVE or not layers.isdisjoint(scopes(node.name))

    return [node.name for node in model.graph.node if stays(node)]


def _is_exact(layer: str) -> bool:
    """Whether layers of a type stay in float32; a BatchNormalization only scales and shifts."""
    exact = LAYERS.families.get(layer) in {*EXACT, "normalization"}
    return exact and layer != "BatchNormalization"


def _as_ours(made: ModelProto, ours: ModelProto) -> ModelProto:
    """What was made of our model, with what that says of itself, and a type on every edge."""
    made.producer_name, made.producer_version = ours.producer_name, ours.producer_version
    del made.metadata_props[:], made.graph.value_info[:]
    made.metadata_props.extend(ours.metadata_props)
    outputs = {value.name for value in made.graph.output}
    made.graph.value_info.extend(
        make_value_info(name, type)
        for name, type in _edges(made, ours).items()
        if name not in outputs
    )
    return made


def _edges(made: ModelProto, ours: ModelProto) -> dict[str, TypeProto]:
    """The types of what the nodes give: ours, or as long as what is quantized."""
    values = (*ours.graph.input, *ours.graph.value_info, *ours.graph.output)
    known = {value.name: value.type for value in values}
    known |= {
        tensor.name: make_tensor_type_proto(tensor.data_type, list(tensor.dims))
        for tensor in made.graph.initializer
    }
    edges: dict[str, TypeProto] = {}
    for node in made.graph.node:
        for name in node.output:
            known[name] = edges[name] = _type(node, name, known)
    return edges


def _type(node: NodeProto, output: str, known: Mapping[str, TypeProto]) -> TypeProto:
    if node.op_type not in QUANTIZING:
        return known[output.removesuffix(QUANT_INPUT_SUFFIX)]
    source, scale, zero = (known[name] for name in node.input)
    of = zero if node.op_type == "QuantizeLinear" else scale
    type = TypeProto()
    type.CopyFrom(source)
    type.tensor_type.elem_type = of.tensor_type.elem_type
    return type


class _Feeds(CalibrationDataReader):
    """The examples, as onnxruntime asks for them."""

    def __init__(self, feeds: Iterator[Feed]) -> None:
        self._feeds = feeds

    def get_next(self) -> Any:
        return next(self._feeds, None)


@contextmanager
def _without_advice() -> Generator[None]:
    """Keep onnxruntime from advising its own preprocessing: the graph is folded and typed.

    So are numpy's warnings of ranges that are no numbers, for which there is an error.
    """
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            yield
    finally:
        root.setLevel(level)
