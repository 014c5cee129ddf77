"""The zoo computes the same function in PyTorch, in Keras and in ONNX.

An untrained network may give numbers as small as 1e-4, beside which the absolute tolerance of the
promise is slack: here outputs differ by 1e-5 of the largest one at most. Measured was 2.7e-6, in
flowers; against PyTorch in float64 no backend was off by more than 2.9e-6.

The networks that test_applications.py holds against Keras's own are not built once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from applications import first_of_each_spec
from parity import (
    TOLERANCE,
    Case,
    Keras,
    Torch,
    assert_weights_are_as_declared,
    disturbed_weights,
    onnx_outputs,
)
from zoo import network

import specc.zoo
from specc.verification import example_sizes

LARGE = 1_000_000
"""Networks of more weights run on one image, smaller ones on three."""


COMPARED = {each.spec for each in first_of_each_spec() if each.is_the_spec_itself()}
OTHERS = [name for name in specc.zoo.names() if name not in COMPARED]


SHORTER: dict[str, dict[str, Any]] = {
    **{name: {"depth": 2} for name in ("bert", "gpt2", "mlp_mixer", "t5", "vit")},
    "swin": {"depths": (2, 2, 2, 2)},
}
"""Of many blocks in a row that are all alike, two show what twelve do."""


@pytest.mark.parametrize("name", OTHERS)
def test_outputs_agree(name: str) -> None:
    graph = network(name, **SHORTER.get(name, {}))
    weights = disturbed_weights(graph)
    case = Case(graph, weights, example_sizes(graph, 1 if graph.parameters > LARGE else 3))
    inputs = case.inputs
    expected = onnx_outputs(graph, weights, inputs)
    torch, keras = Torch(graph, weights), Keras(graph, weights)
    assert_weights_are_as_declared(torch, keras)
    for model in (torch, keras):
        received = model.outputs(inputs)
        assert list(received) == list(graph.outputs)
        for output, value in graph.outputs.items():
            assert received[output].shape == expected[output].shape == case.shape(value)
            apart = np.abs(received[output] - expected[output]).max()
            assert apart <= TOLERANCE * np.abs(expected[output]).max(), model
