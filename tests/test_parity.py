"""The backends compute the same function: each sample of each layer, and each kind of structure.

Forward, the gradients of all weights and inputs, and the moving averages after a pass in training.
No layer is named: a new one is compared by its samples. The tolerance stands in `parity`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import pytest
from parity import (
    Case,
    Keras,
    Torch,
    assert_outputs_agree,
    assert_steps_agree,
    random_weights,
    sample_case,
    sized_samples,
    trainable,
)
from samples import all_samples, sample_graph, sample_sizes
from structures import every_structure, structure, structure_sizes

from specc.layer import Layer, Sample
from specc.passes.layout import IoLayout


def has_gradient(sample: Sample) -> bool:
    """Whether something has a gradient, a weight or an input of floats, of an output of floats."""
    ends = (sample.outputs, (*sample.inputs, *["float"] * sample.parameters))
    return all(any("float" in text for text in end) for end in ends)


every_sample = pytest.mark.parametrize(("layer", "sample"), all_samples())
every_symbolic_sample = pytest.mark.parametrize(
    ("layer", "sample"), [item for item in all_samples() if sample_sizes(item.values[1])]
)
every_sized_sample = pytest.mark.parametrize(("layer", "sample", "large"), sized_samples())
every_differentiable_sample = pytest.mark.parametrize(
    ("layer", "sample", "large"), [item for item in sized_samples() if has_gradient(item.values[1])]
)
every_training_sample = pytest.mark.parametrize(
    ("layer", "sample", "large"),
    [item for item in sized_samples() if has_gradient(item.values[1]) and item.values[1].training],
)


# Every sample of every layer --------------------------------------------------------------------


@every_sized_sample
def test_outputs_agree(layer: type[Layer], sample: Sample, large: bool) -> None:
    case = sample_case(layer, sample, large)
    torch, keras = Torch(case.graph, case.weights), Keras(case.graph, case.weights)
    assert_outputs_agree(case, torch.outputs, keras.outputs)


@every_differentiable_sample
def test_gradients_agree(layer: type[Layer], sample: Sample, large: bool) -> None:
    case = sample_case(layer, sample, large)
    torch, keras = Torch(case.graph, case.weights), Keras(case.graph, case.weights)
    assert_steps_agree(case, torch, keras, training=False)


@every_training_sample
def test_training_agrees(layer: type[Layer], sample: Sample, large: bool) -> None:
    case = sample_case(layer, sample, large)
    torch, keras = Torch(case.graph, case.weights), Keras(case.graph, case.weights)
    assert_steps_agree(case, torch, keras, training=True)


@every_symbolic_sample
def test_sizes_known_and_unknown_agree(layer: type[Layer], sample: Sample) -> None:
    """What is compiled for one size computes what is compiled for all sizes does at that one."""
    case = sample_case(layer, sample)
    fixed = sample_graph(layer, sample, case.sizes)
    torch, keras = Torch(fixed, case.weights), Keras(fixed, case.weights)
    assert_outputs_agree(case, torch.outputs, keras.outputs)


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


# Keras on PyTorch -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_torch() -> dict[str, float | str]:
    """How far Keras on its PyTorch backend is from ONNX, in tolerances, by the id of the sample."""
    script = Path(__file__).with_name("keras_on_torch.py")
    run = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("sample", [sample.id for sample in sized_samples()])
def test_keras_on_torch_agrees(sample: str, on_torch: dict[str, Any]) -> None:
    apart = on_torch[sample]
    assert isinstance(apart, float), apart
    assert apart <= 1


# Structures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", every_structure())
def test_structures_agree(name: str, training: bool, tmp_path: Path) -> None:
    graph = structure(name, tmp_path)
    weights = random_weights(graph)
    torch, keras = Torch(graph, weights), Keras(graph, weights)
    for sizes in structure_sizes(graph):
        case = Case(graph, weights, sizes)
        assert_outputs_agree(case, torch.outputs, keras.outputs)
        assert_steps_agree(case, torch, keras, training=training)
        torch, keras = Torch(graph, weights), Keras(graph, weights)


@pytest.mark.parametrize("name", every_structure())
def test_weights_are_the_same_by_name(name: str, tmp_path: Path) -> None:
    """Every weight has a place of its own in both models, shared ones too."""
    graph = structure(name, tmp_path)
    weights = random_weights(graph)
    for model in (Torch(graph, weights), Keras(graph, weights)):
        assert {key: array.tobytes() for key, array in model.weights().items()} == {
            key: array.tobytes() for key, array in weights.items()
        }
    assert Keras(graph, weights).model.count_params() == graph.parameters


@pytest.mark.parametrize("io_layout", ["channels_first", "channels_last"])
@pytest.mark.parametrize("name", every_structure())
def test_layouts_of_the_boundary_agree(name: str, io_layout: IoLayout, tmp_path: Path) -> None:
    graph = structure(name, tmp_path)
    weights = random_weights(graph)
    torch, keras = (kind(graph, weights, io_layout) for kind in (Torch, Keras))
    assert_outputs_agree(
        Case(graph, weights, structure_sizes(graph)[0]), torch.outputs, keras.outputs
    )
