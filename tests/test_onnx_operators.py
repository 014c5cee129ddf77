"""What the ONNX operators' own node tests expect, our layers give: in PyTorch, Keras and ONNX.

All cases of an operator are one network, with inputs, a layer and outputs for each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from operators import REASONS, TRANSLATIONS, NotExpressible, Use, node_tests, translated
from parity import Arrays, Keras, Torch, onnx_outputs

from specc.checking import check_file, require_graph
from specc.diagnostics import SpecError
from specc.ir import Graph
from specc.weights import initial_weights

ROOT = Path(__file__).parents[1]

Uses = Mapping[str, Use]
"""Uses by the names of the node tests they are translated from."""

HELD = {
    "Add": 2,
    "Attention": 37,
    "AveragePool": 11,
    "BatchNormalization": 2,
    "CausalConvWithState": 9,
    "CenterCropPad": 2,
    "Clip": 5,
    "Concat": 12,
    "Conv": 6,
    "ConvTranspose": 9,
    "DFT": 2,
    "DepthToSpace": 2,
    "Dropout": 8,
    "Einsum": 1,
    "Elu": 3,
    "Exp": 2,
    "Expand": 2,
    "Flatten": 9,
    "GRU": 6,
    "Gather": 3,
    "Gelu": 2,
    "Gemm": 10,
    "GlobalAveragePool": 2,
    "GlobalMaxPool": 2,
    "GroupNormalization": 2,
    "HardSwish": 1,
    "Identity": 1,
    "InstanceNormalization": 2,
    "LRN": 2,
    "LSTM": 5,
    "LayerNormalization": 19,
    "LeakyRelu": 3,
    "LogSoftmax": 7,
    "LpNormalization": 3,
    "MatMul": 6,
    "Max": 5,
    "MaxPool": 14,
    "Mean": 2,
    "MeanVarianceNormalization": 1,
    "Min": 5,
    "Mish": 1,
    "Mul": 3,
    "Neg": 2,
    "PRelu": 2,
    "Pad": 5,
    "RMSNormalization": 19,
    "RNN": 6,
    "ReduceMax": 8,
    "ReduceMean": 8,
    "ReduceMin": 8,
    "ReduceSum": 8,
    "Relu": 1,
    "Reshape": 9,
    "Resize": 6,
    "STFT": 2,
    "Selu": 1,
    "Sigmoid": 2,
    "Slice": 6,
    "Softmax": 7,
    "Softplus": 2,
    "Softsign": 2,
    "SpaceToDepth": 4,
    "Split": 14,
    "Squeeze": 2,
    "Sub": 3,
    "Sum": 2,
    "Swish": 1,
    "Tanh": 2,
    "ThresholdedRelu": 3,
    "Tile": 2,
    "Transpose": 7,
    "Unsqueeze": 7,
    "Upsample": 1,
    "ai.onnx.preview.FlexAttention": 6,
}
"""How many node tests of each operator are held, at least: in onnx 1.23."""

RELATIVE, ABSOLUTE = 1e-5, 1e-6
"""What an output may differ by; ONNX's own runner allows 1e-3 and 1e-7."""

RELATIVE_OF_HALF = 2**-9
"""Two units in the last place of float16: Keras rounds between an operation and the next."""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Uses]:
    """By operator, the uses of layers that its node tests are; those that are none are left out."""
    folder = tmp_path_factory.mktemp("operators")
    return {operator: uses_of(operator, folder) for operator in TRANSLATIONS}


def uses_of(operator: str, folder: Path) -> Uses:
    uses: dict[str, Use] = {}
    for node in node_tests().get(operator, ()):
        try:
            use = translated(node)
            network({node.name: use}, folder)
        except (NotExpressible, SpecError):  # either says why
            continue
        uses[node.name] = use
    return uses


def network(uses: Uses, folder: Path) -> Graph:
    """The graph of some uses side by side. Raises `SpecError` where a layer refuses one."""
    path = folder / "operator.yaml"
    path.write_text(json.dumps(spec_of(uses)), "utf-8")  # JSON is YAML
    return require_graph(check_file(path))


def spec_of(uses: Uses) -> dict[str, Any]:
    layers: list[dict[str, Any]] = []
    for name, use in uses.items():
        entry = {use.layer: use.params, "name": name, "inputs": list(inputs_of(name, use))}
        if len(use.outputs) > 1:
            entry["outputs"] = output_names(name, use)
        layers.append(entry)
    given = {key: x for name, use in uses.items() for key, x in inputs_of(name, use).items()}
    return {
        "specc": 1,
        "inputs": {key: f"{x.dtype}[{', '.join(map(str, x.shape))}]" for key, x in given.items()},
        "layers": layers,
        "outputs": [key for name, use in uses.items() for key in expected_of(name, use)],
    }


def inputs_of(name: str, use: Use) -> Arrays:
    """The inputs by their names in a network."""
    return {f"{name}_x{index}": np.ascontiguousarray(x) for index, x in enumerate(use.inputs)}


def output_names(name: str, use: Use) -> list[str]:
    several = len(use.outputs) > 1
    return [f"{name}_y{index}" if several else name for index in range(len(use.outputs))]


def expected_of(name: str, use: Use) -> Arrays:
    """The outputs that something is known of, by their names in a network."""
    named = zip(output_names(name, use), use.outputs, strict=True)
    return {key: array for key, array in named if array is not None}


def weights_of(uses: Uses, graph: Graph) -> Arrays:
    """Those of the cases; where these have none, as they start."""
    weights = initial_weights(graph.weights, 0)
    for name, use in uses.items():
        for key, array in use.weights.items():
            path = f"{name}.{key}"
            assert array.shape == weights[path].shape, path
            weights[path] = np.ascontiguousarray(array, weights[path].dtype)
    return weights


def test_every_operator_is_translated_or_has_a_reason() -> None:
    assert set(node_tests()) <= {*TRANSLATIONS, *REASONS}
    assert not {*TRANSLATIONS} & {*REASONS}


def test_no_fewer_cases_are_held(held: Mapping[str, Uses]) -> None:
    counts = {operator: len(uses) for operator, uses in held.items()}
    assert set(counts) == set(HELD)
    assert {operator: n for operator, n in counts.items() if n < HELD[operator]} == {}


def test_the_documentation_counts_them() -> None:
    text = (ROOT / "docs" / "parity.md").read_text("utf-8")
    assert f"{sum(HELD.values())} cases of {len(HELD)} operators" in text


@pytest.mark.filterwarnings("ignore:`fft_length` is recommended")  # Keras's advice
@pytest.mark.parametrize("operator", TRANSLATIONS)
def test_the_backends_give_what_is_expected(
    operator: str, held: Mapping[str, Uses], tmp_path: Path
) -> None:
    uses = held[operator]
    graph = network(uses, tmp_path)
    weights = weights_of(uses, graph)
    inputs = {key: x for name, use in uses.items() for key, x in inputs_of(name, use).items()}
    expected = {key: y for name, use in uses.items() for key, y in expected_of(name, use).items()}
    for name, value in graph.outputs.items():
        assert (value.type.shape, value.type.dtype) == (expected[name].shape, expected[name].dtype)
    assert_given(onnx_outputs(graph, weights, inputs), expected, "ONNX")
    assert_given(Torch(graph, weights).outputs(inputs), expected, "PyTorch")
    assert_given(Keras(graph, weights).outputs(inputs), expected, "Keras")


def assert_given(received: Arrays, expected: Arrays, backend: str) -> None:
    assert set(received) == set(expected)
    for name, array in expected.items():
        what = f"{name} in {backend}"
        assert (received[name].shape, received[name].dtype) == (array.shape, array.dtype), what
        relative = RELATIVE_OF_HALF if array.dtype == np.float16 else RELATIVE
        np.testing.assert_allclose(received[name], array, relative, ABSOLUTE, err_msg=what)
