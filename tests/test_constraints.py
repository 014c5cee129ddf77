"""Constraints keep a PyTorch network's weights to what Keras keeps its own to, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import Case, Keras, Torch, assert_agree, sample_case, trainable
from samples import all_samples, sample_graph

from specc.checking import check_file, require_graph
from specc.ir import Graph
from specc.layer import LAYERS, Layer, Sample

STEPS, RATE = 3, 0.02


def constraints_of(sample: Sample) -> list[str]:
    return [name for name in sample.params if name.endswith("_constraint")]


every_constrained_sample = pytest.mark.parametrize(
    ("layer", "sample"), [item for item in all_samples() if constraints_of(item.values[1])]
)


def trained_in_pytorch(case: Case) -> dict[str, Any]:
    """The weights after some steps of SGD, each with the constraints after it."""
    import torch

    network = Torch(case.graph, case.weights)
    optimizer = torch.optim.SGD(network.model.parameters(), RATE)
    for _ in range(STEPS):
        network.step(case, training=True)
        optimizer.step()
        network.model.constrain_weights()
    return {key: network.weights()[key] for key in trainable(case.graph)}


def trained_in_keras(case: Case) -> dict[str, Any]:
    """The same by an optimizer of Keras's, which knows of the constraints."""
    import keras
    import tensorflow as tf

    network = Keras(case.graph, case.weights)
    optimizer = keras.optimizers.SGD(RATE)
    tensors = {name: tf.constant(array) for name, array in case.inputs.items()}
    variables = network.model.trainable_variables
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            functional = network.functional(network.apply(tensors, training=True), case)
        gradients = tape.gradient(
            functional,
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        optimizer.apply(gradients, variables)
    return {key: network.weights()[key] for key in trainable(case.graph)}


@every_constrained_sample
def test_steps_of_training_agree(layer: type[Layer], sample: Sample) -> None:
    case = sample_case(layer, sample)
    assert_agree(trained_in_pytorch(case), trained_in_keras(case), "weights after training")


def constrained(layer: str, params: dict[str, Any], *inputs: str) -> list[dict[str, Any]]:
    """The weights of a layer after its constraints alone, in PyTorch and in Keras."""
    graph = sample_graph(LAYERS[layer], Sample(params, inputs, ()))
    weights = {
        key: np.random.default_rng(1).normal(size=weight.shape).astype(np.float32)
        for key, weight in graph.weights.items()
    }
    pytorch, keras = Torch(graph, weights), Keras(graph, weights)
    pytorch.model.constrain_weights()
    for variable in keras.model.trainable_variables:
        if variable.constraint is not None:
            variable.assign(variable.constraint(variable))
    found = pytorch.weights()
    assert any((found[key] != weights[key]).any() for key in weights)
    return [found, keras.weights()]


AXES = [0, 2, -1, (0, 1, 2), (3, 0), (0, 1, 2, 3)]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize(
    "constraint",
    [
        {"max_norm": {"max_value": 1.5}},
        {"min_max_norm": {"min_value": 0.5, "max_value": 1.2, "rate": 0.3}},
        {"unit_norm": {}},
    ],
    ids=lambda constraint: next(iter(constraint)),
)
@pytest.mark.parametrize(
    ("layer", "role", "params"),
    [
        ("Conv2D", "kernel", {"filters": 3, "kernel_size": (2, 3)}),
        ("Conv2DTranspose", "kernel", {"filters": 3, "kernel_size": (2, 3)}),
        ("DepthwiseConv2D", "depthwise", {"kernel_size": (2, 3), "depth_multiplier": 2}),
    ],
)
def test_axes_are_those_of_keras(
    layer: str, role: str, params: dict[str, Any], constraint: dict[str, Any], axis: Any
) -> None:
    ((name, arguments),) = constraint.items()
    given = {**params, f"{role}_constraint": {name: {**arguments, "axis": axis}}}
    assert_agree(*constrained(layer, given, "float32[N, 5, 6, 4]"), f"{layer} {name} {axis}")


@pytest.mark.parametrize("axis", [0, 1, 2, -1, (0, 1), (1, 2), (0, 2)], ids=str)
def test_heads_are_an_axis_of_their_own(axis: Any) -> None:
    """Of the output's kernel, too, which has the heads first, and the output's sizes apart."""
    params = {
        "num_heads": 2,
        "key_dim": 3,
        "use_gate": True,
        "output_shape": (4, 2),
        "kernel_constraint": {"unit_norm": {"axis": axis}},
        "bias_constraint": "unit_norm",
    }
    assert_agree(*constrained("MultiHeadAttention", params, "float32[N, T, 5]"), f"axis {axis}")


@pytest.mark.parametrize("shared", [None, (1, 2), 2, (1, 2, 3)], ids=str)
@pytest.mark.parametrize("axis", [0, 1, 2, (0, 1)], ids=str)
def test_slopes_lie_as_in_keras(shared: Any, axis: Any) -> None:
    params = {"alpha_constraint": {"unit_norm": {"axis": axis}}, "shared_axes": shared}
    assert_agree(*constrained("PReLU", params, "float32[N, 3, 5, 4]"), f"axis {axis}")


@pytest.mark.parametrize("layer", ["GRU", "LSTM", "SimpleRNN"])
@pytest.mark.parametrize("axis", [0, 1, (0, 1)], ids=str)
def test_norms_of_gates(layer: str, axis: Any) -> None:
    """Their order is PyTorch's own; two layers of a kind in one keep their own weights."""
    norm = {"unit_norm": {"axis": axis}}
    inner = {"units": 3, "kernel_constraint": norm, "recurrent_constraint": norm}
    params = {"layer": {layer: {**inner, "bias_constraint": {"unit_norm": {"axis": -1}}}}}
    assert_agree(*constrained("Bidirectional", params, "float32[N, T, 4]"), layer)


# In a network


def graph_of(text: str, folder: Path) -> Graph:
    path = folder / "spec.yaml"
    path.write_text(f"specc: 1\n{text}", "utf-8")
    return require_graph(check_file(path))


def test_layers_in_blocks_are_kept_too(tmp_path: Path) -> None:
    text = """
inputs: {x: "float32[N, 4]"}
layers:
  - repeat: 3
    name: block
    layers: [{Dense: {units: 4, kernel_constraint: {max_norm: 0.1}}}]
  - reuse: block.0
  - Dense: 2
"""
    graph = graph_of(text, tmp_path)
    weights = {key: np.ones(weight.shape, np.float32) for key, weight in graph.weights.items()}
    model = Torch(graph, weights).model
    model.constrain_weights()
    for block in model.block:
        np.testing.assert_allclose(block.weight.norm(dim=1).detach(), 0.1, rtol=1e-5)
    assert (model.dense.weight == 1).all()


def test_there_is_no_such_method_without_constraints() -> None:
    case = sample_case(LAYERS["Dense"], Sample({"units": 2}, ("float32[N, 3]",), ()))
    assert not hasattr(Torch(case.graph, case.weights).model, "constrain_weights")


# Faults


def test_bounds_are_in_order() -> None:
    with pytest.raises(ValueError, match="expected min_value <= max_value, received 2"):
        LAYERS["Dense"].model_validate(
            {"units": 2, "kernel_constraint": {"min_max_norm": {"min_value": 2.0}}}
        )
