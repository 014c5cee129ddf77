"""Recurrent layers: masks of any kind, states, the ops they become, and how their weights start."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import onnx
import pytest
from parity import Arrays, Case, Keras, Torch, assert_agree, onnx_outputs, sample_case
from samples import sample_graph

from specc.backend import load_backend
from specc.initializers import Constant, UnitForgetBias
from specc.layer import LAYERS, Sample
from specc.layers.recurrent import LSTM
from specc.weights import initial_weights

MASK = np.array(
    [[1, 1, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]], bool
)
"""Steps left out at the end, at the start and between; all of them, and none."""

INPUTS = ("float32[6, 4, 2]", "bool[6, 4]")
STATE = "float32[6, 3]"


def masked(name: str, params: dict[str, Any], states: int) -> tuple[Case, Arrays]:
    """The case of a layer on `MASK`, and its inputs."""
    case = sample_case(LAYERS[name], Sample(params, (*INPUTS, *(STATE,) * states), ()))
    return case, {**case.inputs, "x_1": MASK}


def assert_masks_agree(case: Case, inputs: Arrays) -> None:
    expected = Keras(case.graph, case.weights).outputs(inputs)
    assert_agree(Torch(case.graph, case.weights).outputs(inputs), expected, "PyTorch")
    assert_agree(onnx_outputs(case.graph, case.weights, inputs), expected, "ONNX")


@pytest.mark.parametrize("activation", ["tanh", "gelu"])
@pytest.mark.parametrize(("name", "states"), [("LSTM", 2), ("GRU", 1), ("SimpleRNN", 1)])
def test_any_step_may_be_masked(name: str, states: int, activation: str) -> None:
    for sequences, backwards, given in product((False, True), (False, True), (0, states)):
        params = {
            "units": 3,
            "activation": activation,
            "return_sequences": sequences,
            "go_backwards": backwards,
            "return_state": given > 0,
        }
        assert_masks_agree(*masked(name, params, given))


@pytest.mark.parametrize("activation", ["tanh", "gelu"])
@pytest.mark.parametrize("sequences", [False, True])
def test_any_step_may_be_masked_in_both_directions(sequences: bool, activation: str) -> None:
    params = {"units": 3, "activation": activation, "return_sequences": sequences}
    for given in (0, 4):
        layer = {"LSTM": {**params, "return_state": given > 0}}
        assert_masks_agree(*masked("Bidirectional", {"layer": layer}, given))


@pytest.mark.parametrize(
    ("name", "params", "inputs", "ops"),
    [
        ("LSTM", {}, 1, ["Transpose", "LSTM", "Squeeze"]),
        ("GRU", {"go_backwards": True}, 1, ["Transpose", "GRU", "Squeeze"]),
        (
            "SimpleRNN",
            {"activation": "relu", "return_sequences": True},
            1,
            ["Transpose", "RNN", "Transpose", "Squeeze"],
        ),
        (
            "LSTM",
            {},
            2,
            [
                *("Cast", "CumSum", "ReduceSum", "TopK", "Unsqueeze", "GatherND", "Squeeze"),
                *("Cast", "Transpose", "LSTM", "Squeeze"),
            ],
        ),
    ],
)
def test_they_are_ops_of_onnx(
    name: str, params: dict[str, Any], inputs: int, ops: list[str]
) -> None:
    graph = sample_graph(LAYERS[name], Sample({"units": 3, **params}, INPUTS[:inputs], ()))
    model = onnx.load_from_string(load_backend("onnx").compile(graph, None, None))
    found = [node.op_type for node in model.graph.node if node.op_type != "Constant"]
    assert found == ops


def test_the_weights_of_an_onnx_op_are_arranged() -> None:
    graph = sample_graph(LSTM, Sample({"units": 3}, INPUTS[:1], ()))
    weights = initial_weights(graph.weights)
    model = onnx.load_from_string(load_backend("onnx").compile(graph, weights, None))
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    i, f, g, o = np.split(weights["lstm.weight_ih_l0"], 4)
    np.testing.assert_array_equal(arrays["lstm.W"], np.concatenate([i, o, f, g])[None])
    assert arrays["lstm.B"].tolist() == [[*[0] * 6, *[1] * 3, *[0] * 15]]


def test_pytorch_trains_one_bias() -> None:
    case = sample_case(LSTM, Sample({"units": 3}, INPUTS[:1], ()))
    model = Torch(case.graph, case.weights).model
    assert [name for name, _ in model.named_parameters()] == list(case.graph.weights)
    assert not model.lstm.bias_hh_l0.any()


def test_the_forget_gate_starts_open() -> None:
    drawn = UnitForgetBias(others=Constant(value=0.5)).draw((8,), (8, 8), np.random.default_rng(0))
    assert drawn.tolist() == [0.5, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.5]


def test_the_recurrent_kernel_is_orthogonal_as_a_whole() -> None:
    graph = sample_graph(LAYERS["GRU"], Sample({"units": 3}, INPUTS[:1], ()))
    kernel = initial_weights(graph.weights)["gru.weight_hh_l0"]
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(3), atol=1e-5)
