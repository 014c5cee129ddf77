"""The backends compute the same function: each sample of each layer, and each kind of structure.

Forward, the gradients of all weights and inputs, and the moving averages after a pass in training.
No layer is named: a new one is compared by its samples. The tolerance stands in `parity`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from parity import (
    Case,
    Keras,
    Torch,
    assert_outputs_agree,
    assert_steps_agree,
    assert_weights_are_as_declared,
    random_weights,
    sample_cases,
)
from samples import all_samples, graph_sizes, sample_graph, sample_sizes
from structures import STRUCTURES, structure

from specc.layer import Layer, Sample

every_sample = pytest.mark.parametrize(("layer", "sample"), all_samples())
every_symbolic_sample = pytest.mark.parametrize(
    ("layer", "sample"), [item for item in all_samples() if sample_sizes(item.values[1])]
)


def has_gradient(sample: Sample) -> bool:
    """Whether something has a gradient, a weight or an input of floats, of an output of floats."""
    ends = (sample.outputs, (*sample.inputs, *["float"] * sample.parameters))
    return all(any("float" in text for text in end) for end in ends)


# Every sample of every layer --------------------------------------------------------------------


@every_sample
def test_samples_agree(layer: type[Layer], sample: Sample) -> None:
    """Models that are compiled once agree at every size of their symbols."""
    cases = sample_cases(layer, sample)
    torch, keras = (kind(cases[0].graph, cases[0].weights) for kind in (Torch, Keras))
    images_last = Torch(cases[0].graph, cases[0].weights, "channels_last")
    assert_weights_are_as_declared(torch, keras)
    assert cases[0].graph.parameters == sample.parameters
    for case in cases:
        assert_outputs_agree(case, torch, images_last, keras)
        if has_gradient(sample):
            assert_steps_agree(case, torch, keras, training=False)
        if has_gradient(sample) and sample.training:
            assert_steps_agree(case, torch, keras, training=True)


@every_symbolic_sample
def test_sizes_known_and_unknown_agree(layer: type[Layer], sample: Sample) -> None:
    """What is compiled for one size computes what is compiled for all sizes does at that one."""
    case = sample_cases(layer, sample)[0]
    fixed = sample_graph(layer, sample, case.sizes)
    torch, keras = Torch(fixed, case.weights), Keras(fixed, case.weights)
    assert_outputs_agree(case, torch, keras)


# Keras on PyTorch -------------------------------------------------------------------------------


def test_samples_agree_on_torch() -> None:
    """All of them in one process, since a process has one backend of Keras."""
    script = Path(__file__).with_name("keras_on_torch.py")
    run = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    apart: dict[str, float | str] = json.loads(run.stdout)
    assert list(apart) == [sample.id for sample in all_samples()]
    assert {id: x for id, x in apart.items() if isinstance(x, str) or not x <= 1} == {}


# Structures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_agree(name: str, tmp_path: Path) -> None:
    graph = structure(name, tmp_path)
    weights = random_weights(graph)
    torch, keras = Torch(graph, weights), Keras(graph, weights)
    others = Torch(graph, weights, "channels_last"), Keras(graph, weights, "channels_first")
    assert_weights_are_as_declared(torch, keras)
    for large in (False, True):
        case = Case(graph, weights, graph_sizes(graph, large))
        assert_outputs_agree(case, torch, keras, *others)
        assert_steps_agree(case, torch, keras, training=False)
        assert_steps_agree(case, torch, keras, training=True)


@pytest.mark.parametrize("name", STRUCTURES)
def test_weights_are_the_same_by_name(name: str, tmp_path: Path) -> None:
    """Every weight has a place of its own in both models, shared ones too."""
    graph = structure(name, tmp_path)
    weights = random_weights(graph)
    for model in (Torch(graph, weights), Keras(graph, weights)):
        assert {key: array.tobytes() for key, array in model.weights().items()} == {
            key: array.tobytes() for key, array in weights.items()
        }
