"""The backends compute the same function: every sample of every layer, and every kind of structure.

Forward, the gradients of all weights and inputs, and the moving averages after a pass in training. No
layer is named: a new one is compared by its samples. The tolerance stands in `parity`.
"""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
from parity import (
    Case,
    Keras,
    Torch,
    assert_outputs_agree,
    assert_steps_agree,
    random_weights,
    trainable,
)
from samples import all_samples, sample_graph, sample_sizes

from specc.layer import Layer, Sample


def sized_samples() -> list[Any]:
    """`(layer, sample, large)`: a sample with symbols runs at two sizes of each."""
    return [
        pytest.param(*sample.values, large, id=f"{sample.id}-{'large' if large else 'small'}")
        for sample in all_samples()
        for large in ((False, True) if sample_sizes(sample.values[1]) else (False,))
    ]


def sample_case(layer: type[Layer], sample: Sample, large: bool = False) -> Case:
    graph = sample_graph(layer, sample)
    return Case(graph, random_weights(graph), sample_sizes(sample, large))


every_sample = pytest.mark.parametrize(("layer", "sample"), all_samples())
every_sized_sample = pytest.mark.parametrize(("layer", "sample", "large"), sized_samples())
every_training_sample = pytest.mark.parametrize(
    ("layer", "sample", "large"),
    [sample for sample in sized_samples() if sample.values[1].training],
)


@every_sized_sample
def test_outputs_agree(layer: type[Layer], sample: Sample, large: bool) -> None:
    case = sample_case(layer, sample, large)
    torch, keras = Torch(case.graph, case.weights), Keras(case.graph, case.weights)
    assert_outputs_agree(case, torch.outputs, keras.outputs)


@every_sized_sample
def test_gradients_agree(layer: type[Layer], sample: Sample, large: bool) -> None:
    case = sample_case(layer, sample, large)
    torch, keras = Torch(case.graph, case.weights), Keras(case.graph, case.weights)
    assert_steps_agree(case, torch, keras, training=False)


@every_training_sample
def test_training_agrees(layer: type[Layer], sample: Sample, large: bool) -> None:
    case = sample_case(layer, sample, large)
    torch, keras = Torch(case.graph, case.weights), Keras(case.graph, case.weights)
    assert_steps_agree(case, torch, keras, training=True)


@every_sample
def test_models_have_the_declared_weights(layer: type[Layer], sample: Sample) -> None:
    case = sample_case(layer, sample)
    torch, keras = Torch(case.graph, case.weights).model, Keras(case.graph, case.weights).model
    state = {key: x for key, x in torch.state_dict().items() if "num_batches" not in key}
    assert list(state) == list(case.graph.weights)
    assert sum(x.numel() for x in state.values()) == sample.parameters
    assert keras.count_params() == sample.parameters
    assert [key for key, x in torch.named_parameters() if x.requires_grad] == trainable(case.graph)
    assert (
        sum(prod(variable.shape) for variable in keras.trainable_variables)
        == case.graph.trainable_parameters
    )
