"""The ONNX graph has no op that could be known before a run, and computes what it did."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnxruntime import InferenceSession
from structures import spec_graph
from zoo import network

from specc.backend import load_backend
from specc.backends.onnx import model, wire
from specc.ir import Graph
from specc.verification import example_sizes, random_inputs
from specc.weights import varied_weights

ONNX = load_backend("onnx")
IMAGES = 'inputs: {x: "float32[N, 8, 8, 3]"}'


def ops(graph: Graph, *, with_weights: bool = True) -> Counter[str]:
    """How many ops of each kind the file of a network has."""
    file = exported(graph, with_weights=with_weights)
    onnx.checker.check_model(file, full_check=True)
    names = Counter(node.name for node in file.graph.node)
    assert max(names.values()) == 1, names
    return Counter(node.op_type for node in file.graph.node)


def exported(graph: Graph, *, with_weights: bool = True) -> onnx.ModelProto:
    """The file of a network."""
    weights = varied_weights(graph.weights) if with_weights else None
    return onnx.load_from_string(ONNX.compile(graph, weights, None))


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


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("[ReLU, Flatten, {Dense: 4}]", 0),
        ("[ReLU, {Reshape: [192]}, {Dense: {units: 4, use_bias: false}}]", 0),
        ("[ReLU, {Reshape: [64, 3]}, {Dense: 4}]", 1),
        ("[ReLU, Flatten, ReLU, {Dense: 4}]", 1),
        ("[{Conv2D: {filters: 4, kernel_size: 3}}, LayerNormalization, GlobalAveragePooling2D]", 1),
        ("[LayerNormalization, {GlobalAveragePooling2D: {keepdims: true}}]", 2),
        ("[ReLU, {Permute: [2, 1, 3]}, {ReduceSum: {axis: 3, keepdims: false}}]", 1),
        ("[{GlobalAveragePooling2D: {keepdims: true}}, {Reshape: [3]}]", 0),
    ],
)
def test_a_transpose_goes_where_another_order_does_as_well(
    layers: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers: {layers}\n", tmp_path)
    assert ops(graph)["Transpose"] == expected
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize(
    ("after", "transposes", "axis"),
    [
        ("{ReduceMax: {axis: 3}}", 0, 3),
        ("{Permute: [3, 2, 1]}", 0, 2),  # the output lies channels first
        ("{Permute: [3, 1, 2]}", 1, 1),
        ("{Permute: [2, 1, 3]}", 1, 3),
        ("{Conv2D: {filters: 4, kernel_size: 2}}", 0, 1),
    ],
)
def test_classes_are_encoded_where_they_are_wanted(
    after: str, transposes: int, axis: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding = "{Discretization: {bin_boundaries: [0, 0.5], output_mode: one_hot}}"
    spec = f'name: net\ninputs: {{x: "float32[N, 3, 4]"}}\nlayers: [{encoding}, {after}]\n'
    graph = spec_graph(spec, tmp_path)
    nodes = exported(graph).graph.node
    assert [node.op_type for node in nodes].count("Transpose") == transposes
    (encoder,) = [node for node in nodes if node.op_type == "OneHot"]
    assert encoder.attribute[0].i % 4 == axis
    assert_unchanged(graph, monkeypatch)


SHUFFLE = "{Reshape: [8, 8, 3, 2]}, {Permute: [1, 2, 4, 3]}, {Reshape: [8, 8, 6]}"


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (f"[{{Conv2D: {{filters: 6, kernel_size: 1}}}}, {SHUFFLE}, AveragePooling2D]", (2, 1)),
        ("[{Reshape: [8, 24]}, {Permute: [2, 1]}, {Reshape: [4, 6, 8]}]", (1, 2)),
        ("[ReLU, {Permute: [2, 1, 3]}, {Reshape: [64, 3]}, {Permute: [2, 1]}]", (1, 1)),
        ("[{Permute: [2, 1, 3]}, ReLU, {Reshape: [64, 3]}, ReLU, {Permute: [2, 1]}]", (1, 3)),
    ],
)
def test_reshapes_and_transposes_are_as_few_as_can_do_it(
    layers: str, expected: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers: {layers}\n", tmp_path)
    found = ops(graph)
    assert (found["Reshape"], found["Transpose"]) == expected
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize(("second", "expected"), [("DepthwiseConv2D: 1", 2), ("Dense: 4", 4)])
def test_what_is_split_is_transposed_once(
    second: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = f"""
  - LayerNormalization
  - Split: 3
    outputs: [a, b, c]
  - Conv2D: {{filters: 4, kernel_size: 1}}
    inputs: a
  - {second}
    inputs: b
    name: other
  - Conv2D: {{filters: 4, kernel_size: 1}}
    inputs: c
outputs: [conv2d, other, conv2d_1]
"""
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers:{layers}", tmp_path)
    assert ops(graph)["Transpose"] == expected
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize(
    ("second", "expected"),
    [("0.5", {"MatMul": 1, "Add": 1}), ("0.25", {"MatMul": 1, "Mul": 2, "Add": 1})],
)
def test_a_product_that_is_shared_is_scaled_for_both(
    second: str, expected: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that a kernel took in was shared after that: it was there twice, under one name."""
    layers = f"""
  - Dense: {{units: 4, use_bias: false}}
    name: dense
  - Rescaling: 0.5
    name: first
  - reuse: dense
    inputs: x
  - Rescaling: {second}
  - Add:
    inputs: [first, prev]
"""
    text = f'name: net\ninputs: {{x: "float32[N, T, 8]"}}\nlayers:{layers}'
    graph = spec_graph(text, tmp_path)
    assert ops(graph) == expected
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


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (f"{IMAGES}\nlayers: [{{Conv2D: {{filters: 4, kernel_size: 3}}}}, LayerScale]", {"Conv"}),
        (f"{IMAGES}\nlayers: [{{Conv2D: {{filters: 4, kernel_size: 3}}}}, Rescaling: 2]", {"Conv"}),
        (
            f"{IMAGES}\nlayers: [{{DepthwiseConv2D: 3}}, {{Rescaling: {{scale: 2, offset: 1}}}}]",
            {"Conv"},
        ),
        (
            """inputs: {x: "float32[N, 3]"}
layers: [{Dense: 4}, {Normalization: {mean: [1, 2, 3, 4], variance: [4, 3, 2, 1]}}]""",
            {"Gemm"},
        ),
        (
            'inputs: {x: "float32[N, 5, 3]"}\nlayers: [{Dense: 4}, LayerScale]',
            {"MatMul", "Add"},
        ),
        (
            """inputs: {x: "float32[N, 5, 3]"}
layers: [{Dense: 4}, {Reshape: [5, 2, 2]}, {Permute: [2, 1, 3]}, {Rescaling: 2}]""",
            {"MatMul", "Add", "Reshape", "Transpose"},
        ),
    ],
)
def test_a_scale_becomes_part_of_what_is_before_it(
    spec: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = spec_graph(f"name: net\n{spec}\n", tmp_path)
    assert set(ops(graph)) - {"Transpose"} == expected - {"Transpose"}
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize(
    "layers",
    [
        "[{Dense: 4}, ReLU, LayerScale]",
        "[{Dense: 4, name: dense}, LayerScale, {Add: , inputs: [dense, prev]}]",
        "[{Dense: 4}, {Reshape: [4, 5]}, LayerScale]",
        "[LayerScale, {Dense: 4}]",
    ],
)
def test_a_scale_stays_where_nothing_before_it_can_take_it(
    layers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f'inputs: {{x: "float32[N, 5, 3]"}}\nlayers: {layers}'
    graph = spec_graph(f"name: net\n{spec}\n", tmp_path)
    assert ops(graph)["Mul"] == 1
    assert_unchanged(graph, monkeypatch)


def test_a_scale_without_weights_is_there_to_be_looked_at(tmp_path: Path) -> None:
    layers = "[{Conv2D: {filters: 3, kernel_size: 3}}, LayerScale]"
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers: {layers}\n", tmp_path)
    assert ops(graph, with_weights=False)["Mul"] == 1


@pytest.mark.parametrize(
    ("inputs", "zeros"), [("[x, x]", 0), ("[x, x, x, mask]", 1)], ids=["causal", "given"]
)
def test_scores_are_scaled_by_the_projection_of_the_queries(
    inputs: str, zeros: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only a mask that is given can leave a query without a key, for which there are zeros."""
    given = '{x: "float32[N, T, 4]", mask: "bool[N, T, T]"}'
    options = "{num_heads: 2, key_dim: 3, use_causal_mask: true, dropout: 0.1}"
    attend = f"  - MultiHeadAttention: {options}\n    inputs: {inputs}\n"
    graph = spec_graph(f"name: net\ninputs: {given}\nlayers:\n{attend}", tmp_path)
    found = ops(graph)
    assert found["Mul"] == zeros
    assert found["Where"] == 1
    assert_unchanged(graph, monkeypatch)


def test_layers_with_one_mask_share_what_it_adds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = '{x: "float32[N, T, 4]", mask: "bool[N, T, T]"}'
    attend = "  - MultiHeadAttention: {num_heads: 2, key_dim: 3}\n    inputs: [%s, x, x, mask]\n"
    layers = attend % "x" + attend % "prev" + attend % "prev"
    graph = spec_graph(f"name: net\ninputs: {given}\nlayers:\n{layers}", tmp_path)
    assert ops(graph)["Where"] == 1
    assert_unchanged(graph, monkeypatch)


def test_a_weight_that_two_layers_share_is_stored_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = """
  - ReversibleEmbedding: {input_dim: 500, output_dim: 16}
    name: tokens
  - reuse: tokens
"""
    graph = spec_graph(f'name: net\ninputs: {{x: "int32[N, T]"}}\nlayers:{layers}', tmp_path)
    weights = varied_weights(graph.weights)
    assert len(ONNX.compile(graph, weights, None)) < 1.2 * 4 * 500 * 16
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize(
    "spec",
    [
        # A kernel whose rows are reordered, and one that is transposed.
        f"{IMAGES}\nlayers: [{{Conv2D: {{filters: 9, kernel_size: 1}}}}, Flatten, {{Dense: 700}}]",
        'inputs: {x: "float32[N, T, 600]"}\nlayers: [{Dense: 700}]',
    ],
)
def test_a_kernel_is_never_copied_whole(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = spec_graph(f"name: net\n{spec}\n", tmp_path)
    weights = varied_weights(graph.weights)
    whole = ONNX.compile(graph, weights, None)
    monkeypatch.setattr(wire, "BLOCK", 1 << 14)
    file = model.model_file(graph, weights, None)
    tracemalloc.start()
    size = sum(map(len, file.parts()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == len(whole) > 1_000_000
    assert peak < 0.1 * size
    assert b"".join(file.parts()) == whole


@pytest.mark.parametrize(("rows", "columns"), [(600, 700), (256, 513), (1, 300), (2000, 3)])
def test_a_kernel_is_transposed_to_its_last_tile(rows: int, columns: int, tmp_path: Path) -> None:
    layers = f"layers: [{{Dense: {{units: {columns}, use_bias: false}}}}]"
    graph = spec_graph(f'name: net\ninputs: {{x: "float32[N, T, {rows}]"}}\n{layers}\n', tmp_path)
    weights = varied_weights(graph.weights)
    (kernel,) = onnx.load_from_string(ONNX.compile(graph, weights, None)).graph.initializer
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(kernel), weights["dense.weight"].T)


@pytest.mark.parametrize("name", ["mnist_cnn", "text_lstm", "wide_and_deep"])
def test_a_file_without_large_tensors_points_to_them_in_another(name: str, tmp_path: Path) -> None:
    """Wherever they are, it is the same model."""
    graph = network(name)
    file = model.model_file(graph, varied_weights(graph.weights), None)
    for path, parts in {
        "whole": file.parts(),
        "inside": file.parts_pointing("whole"),
        "data": file.large_tensors(),
        "beside": file.parts_beside("data"),
    }.items():
        (tmp_path / path).write_bytes(b"".join(parts))
    whole = onnx.load(tmp_path / "whole")
    for each in ("inside", "beside"):
        assert (tmp_path / each).stat().st_size < 0.1 * file.size
        found = onnx.load(tmp_path / each)
        for tensor in found.graph.initializer:
            tensor.ClearField("data_location")  # onnx says that it is here now
        assert found == whole


def test_a_normalized_convolution_that_is_used_twice_is_stored_once(tmp_path: Path) -> None:
    blocks = """
blocks:
  both:
    layers: [{Conv2D: {filters: 3, kernel_size: 3, padding: same}}, BatchNormalization]
layers:
  - both:
    name: both
  - reuse: both
"""
    graph = spec_graph(f"name: net\n{IMAGES}{blocks}", tmp_path)
    file = exported(graph)
    stored = [tensor.name for tensor in file.graph.initializer]
    assert stored == ["both.conv2d.weight", "both.conv2d.bias"]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("[{WindowPositionBias: {num_heads: 2, window_size: 3}}]", 0),
        ("[{Roll: {shift: 2, axis: 2}}]", 1),
    ],
)
def test_what_is_looked_up_in_what_is_stored_is_stored(
    layers: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f'inputs: {{x: "float32[N, 2, 9, 4]"}}\nlayers: {layers}'
    graph = spec_graph(f"name: net\n{spec}\n", tmp_path)
    assert ops(graph)["Gather"] == expected
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize(("axes", "expected"), [((-1, -1), 1), ((-1, 1), 2)])
def test_concatenations_along_one_axis_join(
    axes: tuple[int, int], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = axes
    other = "[x, prev]" if first == second else "[prev, prev]"
    layers = f"""
  - Concatenate: {{axis: {first}}}
    inputs: [x, x]
  - Concatenate: {{axis: {second}}}
    inputs: {other}
"""
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers:{layers}", tmp_path)
    assert ops(graph)["Concat"] == expected
    assert_unchanged(graph, monkeypatch)


def test_a_concatenation_that_is_needed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    join = "  - Concatenate:\n    inputs: [x, prev]\n    name: join_{}\n"
    layers = join.format(0) + join.format(1)
    outputs = "outputs: [join_0, join_1]"
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers:\n{layers}{outputs}\n", tmp_path)
    assert ops(graph)["Concat"] == 2
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("[{Reshape: [4, 3]}, {Reshape: [3, 4]}]", {"Reshape": 1}),
        ("[{Reshape: [4, 3]}, {Reshape: [12]}]", {"Identity": 1}),
        ("[{Reshape: [4, 3]}, Flatten, {Reshape: [2, 6]}]", {"Reshape": 1}),
        ("[{Reshape: [4, 3]}, ReLU, {Reshape: [3, 4]}]", {"Reshape": 2, "Relu": 1}),
    ],
)
def test_reshapes_that_follow_each_other_are_one(
    layers: str, expected: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f'inputs: {{x: "float32[N, 12]"}}\nlayers: {layers}'
    graph = spec_graph(f"name: net\n{spec}\n", tmp_path)
    assert ops(graph) == expected
    assert_unchanged(graph, monkeypatch)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("kind", ["Average", "Max"])
def test_a_pooling_over_all_cells_is_one_op(
    kind: str, keepdims: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = f"[{{Global{kind}Pooling2D: {{keepdims: {str(keepdims).lower()}}}}}]"
    graph = spec_graph(f"name: net\n{IMAGES}\nlayers: {layers}\n", tmp_path)
    assert ops(graph).total() == 1
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


def test_nothing_goes_beside_a_model_without_large_tensors(tmp_path: Path) -> None:
    """A file that stands there already may be another's: it stays as it is."""
    graph = spec_graph(NETWORK.replace("64", "6"), tmp_path)
    weights = varied_weights(graph.weights)
    path, beside = tmp_path / "net.onnx", tmp_path / "net.onnx.data"
    ONNX.write(path, graph, weights, external_data=True)
    assert not beside.exists()
    beside.write_bytes(b"another's")
    ONNX.write(path, graph, weights, external_data=True)
    assert beside.read_bytes() == b"another's"
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
