"""Every sample of every layer, as a graph of that one node: the tests of the backends walk them.

A layer that is added with its samples is tested by each of them, with no list to edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from specc.dims import evaluate, symbols
from specc.ir import Graph, Node, Region, Value
from specc.layer import LAYERS, Layer, Sample
from specc.names import snake_case
from specc.tensor import TensorType, parse_tensor_type

SMALL_SIZES = {"N": 2, "h": 3, "w": 5, "T": 4}
LARGE_SIZES = {"N": 3, "h": 4, "w": 8, "T": 7}
"""What the samples' symbols stand for when a backend runs them; one not named here is 3 or 4."""


def all_samples() -> list[Any]:
    """`(layer_type, sample)` as pytest parameters, with ids such as `Conv2D-3-padding=same`."""
    return [
        pytest.param(layer, sample, id=f"{name}-{index}-{_params_text(sample)}")
        for name, layer in LAYERS.items()
        for index, sample in enumerate(layer.samples)
    ]


def sized_samples() -> list[Any]:
    """`(layer_type, sample, large)` as pytest parameters: with symbols, a sample has two sizes."""
    return [
        pytest.param(*item.values, large, id=f"{item.id}-{'large' if large else 'small'}")
        for item in all_samples()
        for large in ((False, True) if sample_sizes(item.values[1]) else (False,))
    ]


def sample_graph(
    layer_type: type[Layer], sample: Sample, bindings: Mapping[str, int] | None = None
) -> Graph:
    """The model of one layer: `conv2d` between inputs `x`, `x_1`, … and outputs `y`, `y_1`, ….

    bindings: sizes for the symbols; None leaves them.
    """
    layer, path = layer_type(**sample.params), snake_case(layer_type.__name__)
    types = tuple(bound(parse_tensor_type(text), bindings) for text in sample.inputs)
    inputs = tuple(Value(_numbered("x", index), type) for index, type in enumerate(types))
    outputs = tuple(
        Value(_numbered(path, index), type) for index, type in enumerate(layer.infer(*types))
    )
    node = Node(path, layer, inputs, outputs, path, layer.weights(*types))
    by_name = {_numbered("y", index): value for index, value in enumerate(outputs)}
    return make_graph(layer_type.__name__, inputs, (node,), by_name)


def make_graph(
    name: str, inputs: tuple[Value, ...], nodes: tuple[Node, ...], outputs: Mapping[str, Value]
) -> Graph:
    """A graph without blocks or loops: its nodes in sequence."""
    given = {value.name: value for value in inputs}
    body = Region("", "model", name, nodes, tuple(given.items()), tuple(outputs.items()), "")
    return Graph(name, given, outputs, body, description=f"A network of {name}.")


def sample_sizes(sample: Sample, large: bool = False) -> dict[str, int]:
    """Small sizes for all symbols of a sample; `large` gives other sizes for each."""
    return _sizes(map(parse_tensor_type, sample.inputs), large)


def graph_sizes(graph: Graph, large: bool = False) -> dict[str, int]:
    """The same for the symbols of a network's inputs."""
    return _sizes((value.type for value in graph.inputs.values()), large)


def _sizes(types: Iterable[TensorType], large: bool) -> dict[str, int]:
    sizes = LARGE_SIZES if large else SMALL_SIZES
    names = {name for type in types for size in type.shape for name in symbols(size)}
    return {name: sizes.get(name, 4 if large else 3) for name in sorted(names)}


def bound(type: TensorType, bindings: Mapping[str, int] | None) -> TensorType:
    """The type with its symbols replaced by the sizes in `bindings`."""
    if bindings is None:
        return type
    return type.with_shape(evaluate(size, bindings) for size in type.shape)


def random_inputs(graph: Graph, seed: int = 0) -> dict[str, Any]:
    """Arrays for the inputs of a graph without symbols: normal floats, or integers from 0 to 9."""
    import numpy as np

    generator = np.random.default_rng(seed)
    arrays: dict[str, Any] = {}
    for name, value in graph.inputs.items():
        shape = tuple(int(str(size)) for size in value.type.shape)
        floating = "float" in value.type.dtype
        draw = generator.standard_normal(shape) if floating else generator.integers(0, 10, shape)
        arrays[name] = draw.astype(value.type.dtype)
    return arrays


def _numbered(name: str, index: int) -> str:
    return f"{name}_{index}" if index else name


def _params_text(sample: Sample) -> str:
    text = ",".join(f"{name}={value}" for name, value in sample.params.items())
    return re.sub(r"[^\w=.,@-]+", "_", text)[:60] or "default"
