"""The zoo computes the same function in PyTorch, in Keras and in ONNX: layer by layer.

It is what `specc verify` finds of a network, in which it sees every layer; the weights vary where
they start as zeros and ones. Small networks are verified as they are compiled, too.

The networks that test_applications.py holds against Keras's own are not built once more.
"""

from __future__ import annotations

from typing import Any

import pytest
from applications import first_of_each_spec
from parity import Keras, Torch, assert_weights_are_as_declared
from zoo import network

import specc.zoo
from specc.verification import expose_layers, verify
from specc.weights import varied_weights

LARGE = 1_000_000
"""Networks of more weights are compiled once, and run on one example at each size."""

COMPARED = {each.spec for each in first_of_each_spec() if each.is_the_spec_itself()}
OTHERS = [name for name in specc.zoo.names() if name not in COMPARED]

ROUNDED = {"siamese": {"subtract"}}
"""Layers that agree by rounding alone: what is left of two embeddings that are nearly the same."""


SHORTER: dict[str, dict[str, Any]] = {
    **{name: {"depth": 2} for name in ("bert", "gpt2", "mlp_mixer", "t5", "vit")},
    "swin": {"depths": (2, 2, 2, 2)},
}
"""Of many blocks in a row that are all alike, two show what twelve do."""


@pytest.mark.parametrize("name", OTHERS)
def test_every_layer_agrees(name: str) -> None:
    graph = network(name, **SHORTER.get(name, {}))
    weights, large = varied_weights(graph.weights), graph.parameters > LARGE
    shown = expose_layers(graph) if large else graph
    result = verify(shown, weights, batch=1 if large else 3)
    assert result.report().diagnostics == []
    assert {
        tensor.name
        for comparison in result.comparisons
        for tensor in comparison.tensors
        if tensor.difference.rounding
    } <= ROUNDED.get(name, set())


@pytest.mark.parametrize("name", OTHERS)
def test_weights_are_as_declared(name: str) -> None:
    graph = network(name, **SHORTER.get(name, {}))
    weights = varied_weights(graph.weights)
    assert_weights_are_as_declared(Torch(graph, weights), Keras(graph, weights))
