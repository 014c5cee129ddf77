"""Blocks as functions of the file: nodes to be opened, which compute what their ops do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto
from onnxruntime import InferenceSession
from structures import STRUCTURES, spec_graph, structure
from zoo import network

from specc.backend import load_backend
from specc.backends.onnx import model as making
from specc.backends.onnx.ops import OpGraph
from specc.ir import Graph
from specc.passes.layout import boundary_orders
from specc.verification import example_sizes, random_inputs
from specc.weights import varied_weights

ONNX = load_backend("onnx")

DENSE = """name: net
inputs: {x: "float32[N, 4]"}
blocks:
  pair:
    params: {units: 4, activation: relu}
    layers: [{Dense: {units: "${units}", activation: "${activation}"}}, {Dense: 4, name: out}]
layers:
"""


def compiled(graph: Graph, **options: Any) -> ModelProto:
    weights = varied_weights(graph.weights)
    model = onnx.load_from_string(ONNX.compile(graph, weights, None, **options))
    onnx.checker.check_model(model, full_check=True)
    return model


def assert_same(graph: Graph, **options: Any) -> ModelProto:
    """The file with functions is valid and computes what the one without does."""
    inputs = random_inputs(graph, example_sizes(graph, batch=2))
    orders = boundary_orders(graph, "channels_first")
    for name, value in graph.inputs.items():
        inputs[name] = inputs[name].transpose(orders[value] or range(value.type.rank))
    model = compiled(graph, functions=True, **options)
    flat = compiled(graph, **options)
    found, expected = (
        InferenceSession(each.SerializeToString(), providers=["CPUExecutionProvider"]).run(
            None, inputs
        )
        for each in (model, flat)
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert flattened(model) == [node.op_type for node in flat.graph.node]
    return model


def flattened(model: ModelProto) -> list[str]:
    """The kinds of the nodes, those of functions in the place of their calls."""
    functions = {(each.domain, each.name): each for each in model.functions}

    def kinds(nodes: Any) -> list[str]:
        return [
            kind
            for node in nodes
            for kind in (
                kinds(functions[node.domain, node.op_type].node) if node.domain else [node.op_type]
            )
            if kind != "Constant"
        ]

    return kinds(model.graph.node)


def calls(model: ModelProto) -> list[tuple[str, str]]:
    return [(node.op_type, node.name) for node in model.graph.node]


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures(name: str, tmp_path: Path) -> None:
    assert_same(structure(name, tmp_path))


@pytest.mark.parametrize("name", ["squeezenet", "mobilenet_v3", "efficientnet", "shufflenet_v2"])
def test_networks_of_the_zoo(name: str) -> None:
    model = assert_same(network(name))
    assert len(model.graph.node) < len(flattened(model))


def test_equal_bodies_share_a_function(tmp_path: Path) -> None:
    layers = "  - pair\n  - pair: {units: 6}\n  - pair: {activation: tanh}\n"
    model = assert_same(spec_graph(DENSE + layers, tmp_path))
    assert calls(model) == [("Pair", "pair"), ("Pair", "pair_1"), ("Pair_1", "pair_2")]
    assert {
        (node.domain, function.name) for node in model.graph.node for function in model.functions
    } == {("specc.net", "Pair"), ("specc.net", "Pair_1")}


def test_names_inside_are_relative(tmp_path: Path) -> None:
    (function,) = assert_same(spec_graph(DENSE + "  - pair\n", tmp_path)).functions
    assert [(node.name, *node.input, *node.output) for node in function.node] == [
        ("dense", "x", "dense.weight", "dense.bias", "dense.gemm"),
        ("dense.relu", "dense.gemm", "dense"),
        ("out", "dense", "out.weight", "out.bias", "out"),
    ]
    assert list(function.input) == ["x", "dense.weight", "dense.bias", "out.weight", "out.bias"]
    assert list(function.output) == ["out"]


def test_types_stand_where_all_calls_agree(tmp_path: Path) -> None:
    graph = spec_graph(DENSE + "  - pair\n  - pair: {units: 6}\n", tmp_path)
    (function,) = compiled(graph, functions=True).functions
    assert [edge.name for edge in function.value_info] == ["out"]
    (function,) = compiled(graph, functions=True, opset=17).functions
    assert not function.value_info  # its format has none there


def test_a_reused_block_calls_its_function_with_the_same_weights(tmp_path: Path) -> None:
    graph = spec_graph(DENSE + "  - pair: {}\n    name: first\n  - reuse: first\n", tmp_path)
    first, second = assert_same(graph).graph.node
    assert first.op_type == second.op_type
    assert first.input[1:] == second.input[1:]


def test_blocks_in_iterations_in_blocks(tmp_path: Path) -> None:
    spec = """name: net
inputs: {x: "float32[N, 4]"}
blocks:
  inner: {layers: [{Dense: 4}, ReLU]}
  outer:
    layers:
      - repeat: 2
        name: turn
        layers: [inner, LayerNormalization]
layers: [outer, Softmax]
"""
    model = assert_same(spec_graph(spec, tmp_path))
    assert calls(model) == [("Outer", "outer"), ("Softmax", "softmax")]
    functions = {each.name: [node.op_type for node in each.node] for each in model.functions}
    assert functions == {
        "Inner": ["Gemm", "Relu"],
        "Turn": ["Inner", "LayerNormalization"],
        "Outer": ["Turn", "Turn"],
    }


def test_a_normalization_after_a_block_is_folded_into_it(tmp_path: Path) -> None:
    """The op that both became stands in the block, under the name that was the convolution's."""
    spec = """name: net
inputs: {x: "float32[N, 8, 8, 3]"}
blocks:
  stem: {layers: [ReLU, {Conv2D: {filters: 4, kernel_size: 3}}]}
layers: [stem, BatchNormalization, ReLU]
"""
    model = assert_same(spec_graph(spec, tmp_path))
    assert calls(model) == [("Stem", "stem"), ("Relu", "re_lu")]


def test_what_is_shared_by_blocks_becomes_an_output(tmp_path: Path) -> None:
    """The causal mask is made once, in the first block that needs it."""
    spec = """name: net
inputs: {x: "float32[N, T, 4]"}
blocks:
  attend:
    layers:
      - MultiHeadAttention: {num_heads: 2, key_dim: 2, use_causal_mask: true}
        inputs: [x, x]
layers: [attend, attend]
"""
    model = assert_same(spec_graph(spec, tmp_path))
    first, second = model.graph.node
    assert len(first.output) > 1
    assert set(first.output) <= set(second.input)


def test_a_block_that_others_stand_between_is_two_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = """name: net
inputs: {x: "float32[N, 4]"}
blocks:
  fork:
    layers: [{Dense: 4, name: left}, {Dense: 4, name: right, inputs: x}]
    outputs: [left, right]
layers:
  - {fork: null, name: fork}
  - {ReLU: null, inputs: fork.left, name: middle}
  - {Add: null, inputs: [middle, fork.right]}
"""
    graph = spec_graph(spec, tmp_path)
    rewritten = making.rewritten

    def moved(*arguments: Any, **options: Any) -> OpGraph:
        ops = rewritten(*arguments, **options)
        left, right, *rest = ops.ops
        ops.ops = [left, rest[0], right, *rest[1:]]
        return ops

    monkeypatch.setattr(making, "rewritten", moved)
    names = [name for _, name in calls(assert_same(graph))]
    assert names == ["fork", "middle", "fork_1", "add"]


def test_without_weights_it_is_there_to_be_looked_at() -> None:
    model = onnx.load_from_string(ONNX.compile(network("densenet"), None, None, functions=True))
    onnx.checker.check_model(model, full_check=True)
    assert {node.op_type for node in model.graph.node} >= {"Stage", "Conv", "Gemm"}
