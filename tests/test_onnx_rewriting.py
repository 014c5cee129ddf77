"""The ONNX graph has no op that could be known before a run, and computes what it did."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnxruntime import InferenceSession
from structures import spec_graph

from specc.backend import load_backend
from specc.backends.onnx import model
from specc.ir import Graph
from specc.verification import example_sizes, random_inputs
from specc.weights import varied_weights

ONNX = load_backend("onnx")
IMAGES = 'inputs: {x: "float32[N, 8, 8, 3]"}'


def ops(graph: Graph, *, with_weights: bool = True) -> Counter[str]:
    """How many ops of each kind the file of a network has."""
    weights = varied_weights(graph.weights) if with_weights else None
    file = onnx.load_from_string(ONNX.compile(graph, weights, None))
    onnx.checker.check_model(file, full_check=True)
    return Counter(node.op_type for node in file.graph.node)


def assert_unchanged(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network computes the same as without any rewriting."""
    weights = varied_weights(graph.weights)
    inputs = random_inputs(graph, example_sizes(graph, batch=2))
    found = ONNX.run(graph, weights, inputs)
    with monkeypatch.context() as patch:
        patch.setattr(model, "rewritten", lambda ops, **_: ops)
        expected = ONNX.run(graph, weights, inputs)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("before", "inputs"),
    [
        ("Conv2D: {filters: 4, kernel_size: 3}", IMAGES),
        ("Conv2D: {filters: 4, kernel_size: 3, use_bias: false}", IMAGES),
        ("DepthwiseConv2D: {kernel_size: 3, depth_multiplier: 2}", IMAGES),
        ("Conv2DTranspose: {filters: 4, kernel_size: 3}", IMAGES),
        ("Conv1D: {filters: 4, kernel_size: 3}", 'inputs: {x: "float32[N, T + 2, 3]"}'),
        ("Dense: 4", 'inputs: {x: "float32[N, 3]"}'),
    ],
)
@pytest.mark.parametrize("options", ["{epsilon: 0.01}", "{scale: false}", "{center: false}"])
def test_a_normalization_becomes_part_of_what_is_before_it(
    before: str, inputs: str, options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f"{inputs}\nlayers:\n  - {before}\n  - BatchNormalization: {options}\n"
    graph = spec_graph(f"name: net\n{spec}", tmp_path)
    found = ops(graph)
    assert found["BatchNormalization"] == 0
    assert found.total() - found["Transpose"] == 1
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize(
    "rest",
    [
        "- BatchNormalization\n  - Add:\n    inputs: [conv, prev]",
        "- BatchNormalization\noutputs: [conv, batch_normalization]",
        "- ReLU\n  - BatchNormalization",
    ],
)
def test_a_normalization_stays_where_what_is_before_it_is_needed(
    rest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conv = "- Conv2D: {filters: 4, kernel_size: 3}\n    name: conv"
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers:\n  {conv}\n  {rest}\n", tmp_path)
    assert ops(graph)["BatchNormalization"] == 1
    assert_unchanged(graph, monkeypatch)


def test_weights_that_are_shared_are_folded_for_each_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = """
  - Conv2D: {filters: 3, kernel_size: 3, padding: same}
    name: conv
  - BatchNormalization
  - reuse: conv
  - BatchNormalization
"""
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers:{layers}", tmp_path)
    assert ops(graph) == {"Conv": 2}
    assert_unchanged(graph, monkeypatch)


def test_without_weights_normalizations_are_there_to_be_looked_at(tmp_path: Path) -> None:
    layers = "  - Conv2D: {filters: 3, kernel_size: 3}\n  - BatchNormalization\n"
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers:\n{layers}", tmp_path)
    assert ops(graph, with_weights=False)["BatchNormalization"] == 1


def test_a_kernel_is_stored_as_the_product_wants_it(tmp_path: Path) -> None:
    graph = spec_graph('name: net\ninputs: {x: "float32[N, 5, 3]"}\nlayers: [Dense: 4]\n', tmp_path)
    assert ops(graph) == {"MatMul": 1, "Add": 1}


@pytest.mark.parametrize(
    ("pad", "after", "expected"),
    [
        ("ZeroPadding2D: [[1, 2], [0, 1]]", "Conv2D: {filters: 2, kernel_size: 3}", {"Conv"}),
        ("ZeroPadding2D: 1", "Conv2D: {filters: 2, kernel_size: 3, padding: same}", {"Conv"}),
        ("ZeroPadding2D: 1", "MaxPooling2D: {padding: 1, pool_size: 3}", {"Pad", "MaxPool"}),
        (
            "Pad: {pad_width: [[1, 1], [1, 1], [0, 0]], mode: reflect}",
            "Conv2D: {filters: 2, kernel_size: 3}",
            {"Pad", "Conv"},
        ),
        (
            "Pad: {pad_width: [[0, 0], [0, 0], [1, 0]]}",
            "Conv2D: {filters: 2, kernel_size: 3}",
            {"Pad", "Conv"},
        ),
    ],
)
def test_zeros_around_an_image_become_pads_of_a_convolution(
    pad: str, after: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers:\n  - {pad}\n  - {after}\n", tmp_path)
    assert set(ops(graph)) == expected
    assert_unchanged(graph, monkeypatch)


def test_transposes_cancel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = "  - Permute: [2, 3, 1]\n  - Permute: [3, 1, 2]\n  - Permute: [2, 1, 3]\n"
    graph = spec_graph(
        f'name: net\ninputs: {{x: "float32[N, 4, 5]"}}\nlayers:\n  - Reshape: [4, 5, 1]\n{layers}',
        tmp_path,
    )
    assert ops(graph)["Transpose"] == 1
    assert_unchanged(graph, monkeypatch)


def test_what_is_computed_twice_is_computed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attend = """
  - MultiHeadAttention: {num_heads: 2, key_dim: 2, use_causal_mask: true}
    inputs: [prev, prev]
"""
    graph = spec_graph(
        f'name: net\ninputs: {{x: "float32[N, T, 4]"}}\nlayers:{attend * 3}', tmp_path
    )
    found = ops(graph)
    assert found["Shape"] == found["Range"] == 1
    assert_unchanged(graph, monkeypatch)


NETWORK = """name: net
inputs: {x: "float32[N, 64]"}
layers: [{Dense: 32}, ReLU, {Dense: 7}]
"""


def test_large_tensors_go_beside_the_model_if_asked(tmp_path: Path) -> None:
    graph = spec_graph(NETWORK, tmp_path)
    weights = varied_weights(graph.weights)
    path = tmp_path / "anything.onnx"
    ONNX.write(path, graph, weights, external_data=True)
    assert path.stat().st_size < 2000
    assert (tmp_path / "anything.onnx.data").stat().st_size >= 4 * 64 * 32
    onnx.checker.check_model(path, full_check=True)
    assert_runs_as(path, graph, weights)


def test_large_tensors_go_beside_the_model_where_one_file_cannot_hold_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specc.backends.onnx.MAX_BYTES", 5000)
    graph = spec_graph(NETWORK, tmp_path)
    weights = varied_weights(graph.weights)
    ONNX.write(tmp_path / "net.onnx", graph, weights)
    assert (tmp_path / "net.onnx.data").exists()
    assert_runs_as(tmp_path / "net.onnx", graph, weights)


def assert_runs_as(path: Path, graph: Graph, weights: Any) -> None:
    inputs = random_inputs(graph, {"N": 3})
    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, dict(inputs))
    (expected,) = ONNX.run(graph, weights, inputs).values()
    np.testing.assert_array_equal(found, expected)
