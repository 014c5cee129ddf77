"""The zoo computes the same function in PyTorch, in Keras and in ONNX.

An untrained network may give numbers as small as 1e-4, beside which the absolute tolerance of the
promise is slack: here outputs differ by 1e-5 of the largest one at most. Measured was 2.7e-6, in
flowers; against PyTorch in float64 no backend was off by more than 2.9e-6.
"""

from __future__ import annotations

import numpy as np
import pytest
from parity import TOLERANCE, Case, Keras, Torch, disturbed_weights, onnx_outputs
from zoo import network

import specc.zoo
from specc.verification import example_sizes

LARGE = 1_000_000
"""Networks of more weights run on one image, smaller ones on three."""


@pytest.mark.parametrize("name", specc.zoo.names())
def test_outputs_agree(name: str) -> None:
    graph = network(name)
    weights = disturbed_weights(graph)
    case = Case(graph, weights, example_sizes(graph, 1 if graph.parameters > LARGE else 3))
    inputs = case.inputs
    expected = onnx_outputs(graph, weights, inputs)
    for kind in (Torch, Keras):
        received = kind(graph, weights).outputs(inputs)
        assert list(received) == list(graph.outputs)
        for output, value in graph.outputs.items():
            assert received[output].shape == expected[output].shape == case.shape(value)
            apart = np.abs(received[output] - expected[output]).max()
            assert apart <= TOLERANCE * np.abs(expected[output]).max(), kind.__name__
