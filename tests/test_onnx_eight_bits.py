"""Files in eight bits: what stays in float32, what they say of themselves, how they are checked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from structures import spec_graph

from specc.backend import load_backend
from specc.backends.onnx import checking
from specc.backends.onnx.eight_bits import STEPS, saturates
from specc.diagnostics import SpecError
from specc.ir import Graph
from specc.verification import example_sizes, random_inputs
from specc.weights import varied_weights

ONNX = load_backend("onnx")

PICTURES = """name: net
inputs: {x: "float32[N, 8, 8, 3]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
"""

DENSE = PICTURES + "  - GlobalMaxPooling2D\n  - {Dense: 3, name: y}\n"


def quantized(graph: Graph, scale: float = 1.0, **options: Any) -> bytes:
    inputs = random_inputs(graph, example_sizes(graph, batch=4))
    calibrating = [{name: scale * array for name, array in inputs.items()}]
    return ONNX.quantized(graph, varied_weights(graph.weights), calibrating, **options)


def in_bytes(model: bytes) -> Counter[str]:
    """How many ops of each kind read or give bytes."""
    graph = onnx.load_from_string(model).graph
    around = {
        name
        for node in graph.node
        for name in (*node.input, *node.output)
        if node.op_type in ("QuantizeLinear", "DequantizeLinear")
    }
    changing = ("QuantizeLinear", "DequantizeLinear")
    nodes = (node for node in graph.node if node.op_type not in changing)
    return Counter(node.op_type for node in nodes if not around.isdisjoint(node.output))


@pytest.mark.parametrize("io_layout", ["channels_first", "channels_last"])
def test_every_edge_has_the_type_that_onnx_infers(tmp_path: Path, io_layout: Any) -> None:
    graph = spec_graph(DENSE, tmp_path)
    model = onnx.load_from_string(quantized(graph, io_layout=io_layout))
    made = [name for node in model.graph.node for name in node.output]
    typed = [value.name for value in (*model.graph.value_info, *model.graph.output)]
    assert sorted(made) == sorted(typed)
    edges, *_ = ONNX.check(model.SerializeToString(), graph, io_layout)
    assert edges == f"checked: onnx infers the types of all {len(made)} edges"


def test_it_says_of_itself_what_the_float32_file_does(tmp_path: Path) -> None:
    graph = spec_graph(DENSE, tmp_path)
    said = {"metadata": {"license": "MIT"}}
    plain = onnx.load_from_string(ONNX.compile(graph, varied_weights(graph.weights), None, **said))
    model = onnx.load_from_string(quantized(graph, **said))
    assert model.metadata_props == plain.metadata_props
    assert (model.producer_name, model.producer_version) == ("specc", plain.producer_version)


def test_the_divisor_of_a_response_normalization_stays_in_float32(tmp_path: Path) -> None:
    """Squares of wide activations have no steps for small ones: they would be divided by zero."""
    layer = "{LocalResponseNormalization: {size: 5, alpha: 1.0e-4, bias: 1.0}}"
    graph = spec_graph(f"{PICTURES}  - {layer}\n  - GlobalMaxPooling2D\n", tmp_path)
    model = quantized(graph, 3000)
    assert in_bytes(model) == {"Conv": 1}
    inputs = random_inputs(graph, example_sizes(graph, batch=4))
    inputs = {name: 3000 * array for name, array in inputs.items()}
    exact = ONNX.run(graph, varied_weights(graph.weights), inputs)
    found = ONNX.runner_of(model, graph, None)(inputs)
    for name, expected in exact.items():
        assert np.linalg.norm(found[name] - expected) < 0.05 * np.linalg.norm(expected)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("[{Dense: {units: 4, activation: softmax}}]", {"Gemm": 1}),
        ("[{Dense: 4}, {Add: {}, inputs: [x, prev]}, {Dense: 2}]", {"Gemm": 2, "Add": 1}),
        ("[{Dense: 4}, {Add: {}, inputs: [x, prev]}, LayerNormalization]", {"Gemm": 1}),
        ("[{Dense: 4}, {Add: {}, inputs: [x, prev]}, RMSNormalization]", {"Gemm": 1}),
        ("[{Dense: 4}, ReLU, BatchNormalization]", {"Gemm": 1, "BatchNormalization": 1}),
    ],
)
def test_what_stays_in_float32(layers: str, expected: dict[str, int], tmp_path: Path) -> None:
    spec = f'name: net\ninputs: {{x: "float32[N, 4]"}}\nlayers: {layers}\n'
    found = in_bytes(quantized(spec_graph(spec, tmp_path)))
    assert found == expected


@pytest.mark.parametrize(("options", "expected"), [({}, 19), ({"opset": 21}, 21)])
def test_the_opset_is_the_oldest_that_can_be_checked(
    options: dict[str, Any], expected: int, tmp_path: Path
) -> None:
    model = onnx.load_from_string(quantized(spec_graph(DENSE, tmp_path), **options))
    assert [each.version for each in model.opset_import if not each.domain] == [expected]


@pytest.mark.parametrize("scale", [np.nan, np.inf])
def test_examples_without_a_range_are_an_error(scale: float, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="some tensor has no range on the examples"):
        quantized(spec_graph(DENSE, tmp_path), scale)


def test_all_runs_agree_within_a_few_steps(tmp_path: Path) -> None:
    graph = spec_graph(DENSE, tmp_path)
    _, runs = ONNX.check(quantized(graph), graph)
    begin, _, steps = runs.partition(" agree within ")
    assert begin == "checked: 5 levels of onnxruntime and onnx's reference"
    assert int(steps.removesuffix(" of 255 steps")) <= 1


def planted(monkeypatch: pytest.MonkeyPatch, steps: float) -> None:
    """Let the third level give tensors that lie so many steps away."""
    real, calls = checking._onnxruntime, list[bytes]()

    def drifting(file: bytes, level: Any, inputs: Any) -> Any:
        calls.append(file)
        graph = onnx.load_from_string(file).graph
        (node,) = (node for node in graph.node if node.output[0] == "y")
        (scale,) = (each for each in graph.initializer if each.name == node.input[1])
        drift = steps * onnx.numpy_helper.to_array(scale) * (len(calls) == 3)
        return [each + drift for each in real(file, level, inputs)]

    monkeypatch.setattr(checking, "_onnxruntime", drifting)
    monkeypatch.setattr(
        checking, "_reference", lambda file, _, inputs: real(file, _plain(), inputs)
    )


def _plain() -> Any:
    from onnxruntime import GraphOptimizationLevel

    return GraphOptimizationLevel.ORT_DISABLE_ALL


def test_levels_that_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = spec_graph(DENSE, tmp_path)
    model = quantized(graph)
    planted(monkeypatch, STEPS - 2)
    _, runs = ONNX.check(model, graph)
    steps = int(runs.partition(" agree within ")[2].removesuffix(" of 255 steps"))
    assert abs(steps - (STEPS - 2)) <= 1
    planted(monkeypatch, STEPS + 2)
    monkeypatch.setattr(checking, "saturates", lambda: False)
    with pytest.raises(SpecError, match=r"two levels of onnxruntime differ by 1\d of 255 steps"):
        ONNX.check(model, graph)
    monkeypatch.undo()
    planted(monkeypatch, STEPS + 2)
    monkeypatch.setattr(checking, "saturates", lambda: True)
    *_, said = ONNX.check(model, graph)
    assert said.startswith("not checked: the outputs: two levels of onnxruntime differ by 1")
    assert said.endswith("of 255 steps: this processor saturates sums of products of bytes")


def test_a_choice_in_float32_is_held_by_what_it_is_made_of(tmp_path: Path) -> None:
    spec = f"{DENSE}  - Softmax\n"
    graph = spec_graph(spec, tmp_path)
    _, runs, free = ONNX.check(quantized(graph), graph)
    assert runs.endswith(" of 255 steps")
    assert free.startswith("not held: `softmax`, computed from these in float32, differs by ")


@pytest.mark.parametrize(("pair", "bounded"), [(2 * 127 * 255, False), (2**15 - 1, True)])
def test_whether_a_processor_saturates(
    pair: int, bounded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 64 products two at a time are summed to sixteen bits, where that is what it does."""

    class Session:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def run(self, *_: Any) -> Any:
            return [np.full((1, 64), 32 * pair, np.int32)]

    monkeypatch.setattr("onnxruntime.InferenceSession", Session)
    assert saturates.__wrapped__() is bounded
