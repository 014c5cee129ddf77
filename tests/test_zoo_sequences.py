"""The zoo's networks over sequences see what those of their papers see, and nothing else.

Each is a small one of the same spec, run in ONNX Runtime, which starts fastest: test_parity_zoo.py
holds the others against it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from parity import Array, Arrays, onnx_outputs

import specc.zoo
from specc.checking import check_file, require_graph
from specc.ir import Graph
from specc.verification import expose_layers, random_inputs
from specc.weights import varied_weights

TINY_GPT2 = {"vocabulary": 50, "width": 16, "depth": 2, "heads": 2}
TINY_T5 = {**TINY_GPT2, "key_dim": 8, "units": 32}
TINY_WAVENET = {"dilations": [1, 2], "cycles": 2, "residual": 4, "skip": 8}


def small(name: str, **params: Any) -> Graph:
    return require_graph(check_file(specc.zoo.path(name), params=params))


def run(graph: Graph, inputs: Arrays) -> dict[str, Array]:
    return onnx_outputs(graph, varied_weights(graph.weights), inputs)


def with_other(ids: Array, position: int) -> Array:
    """The ids with another one at a position."""
    changed = ids.copy()
    changed[:, position] = (changed[:, position] + 1) % 50
    return changed


def moved(before: Array, after: Array) -> list[int]:
    """The positions whose vectors `[N, T, C]` differ."""
    apart = np.abs(before - after).max(axis=(0, 2))
    return np.flatnonzero(apart > 1e-6 * np.abs(before).max()).tolist()


@pytest.mark.parametrize(
    ("name", "params", "ids"),
    [
        ("gpt2", TINY_GPT2, "ids"),
        ("wavenet", TINY_WAVENET, "samples"),
        ("t5", TINY_T5, "decoder_ids"),
    ],
)
def test_a_position_sees_itself_and_what_was_before(
    name: str, params: dict[str, Any], ids: str
) -> None:
    graph = small(name, **params)
    inputs = random_inputs(graph, {"N": 2, "S": 5, "T": 6})
    inputs |= {key: np.ones_like(value) for key, value in inputs.items() if "mask" in key}
    changed = inputs | {ids: with_other(inputs[ids], 3)}
    assert moved(run(graph, inputs)["logits"], run(graph, changed)["logits"]) == [3, 4, 5]


def test_wavenet_remembers_as_far_as_its_dilations_reach() -> None:
    """The causal convolution sees one sample before, and a layer as many as its dilation."""
    graph = small("wavenet", **TINY_WAVENET)
    inputs = random_inputs(graph, {"N": 1, "T": 12})
    changed = {"samples": with_other(inputs["samples"], 0)}
    seen = moved(run(graph, inputs)["logits"], run(graph, changed)["logits"])
    assert seen == list(range(1 + 1 + 2 * (1 + 2)))


@pytest.mark.parametrize(
    ("name", "params", "output"),
    [("bert", TINY_GPT2, "sequence"), ("t5", TINY_T5, "logits")],
)
def test_padding_is_not_seen(name: str, params: dict[str, Any], output: str) -> None:
    graph = small(name, **params)
    inputs = random_inputs(graph, {"N": 2, "S": 6, "T": 6})
    inputs |= {key: np.ones_like(value) for key, value in inputs.items() if "mask" in key}
    inputs["attention_mask"][:, 4:] = 0
    before = run(graph, inputs)[output]
    padding = run(graph, inputs | {"ids": with_other(inputs["ids"], 5)})[output]
    word = run(graph, inputs | {"ids": with_other(inputs["ids"], 3)})[output]
    own = {"bert": [5], "t5": []}[name]  # what comes out at a padding is its own
    assert moved(before, padding) == own
    assert set(moved(before, word)) >= {0, 1, 2, 3}


def test_the_tags_of_a_sentence_are_those_without_its_padding() -> None:
    graph = small("tagger", words=50, units=8)
    ids = np.array([[7, 3, 9, 4]], np.int32)
    padded = np.pad(ids, ((0, 0), (0, 3)))
    alone, longer = (run(graph, {"ids": each})["logits"] for each in (ids, padded))
    np.testing.assert_allclose(longer[:, :4], alone, rtol=1e-5, atol=1e-6)


def test_gelu_of_gpt2_is_the_one_with_tanh() -> None:
    graph = small("gpt2", **TINY_GPT2)
    found = run(expose_layers(graph), random_inputs(graph, {"N": 1, "T": 4}))
    x, y = (found[f"decoder.0.mlp.{name}"] for name in ("dense", "gelu"))
    expected = x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


def test_swin_masks_what_a_shift_has_brought_together() -> None:
    """Against the mask of the authors' code, which numbers nine parts of the image."""
    graph = small("swin", width=4, depths=[2, 1, 1, 1], heads=[1, 1, 1, 1])
    found = run(expose_layers(graph), random_inputs(graph, {"N": 1}))
    (mask,) = (found[path] for path in found if path.endswith("mask.expand_dims"))
    parts = np.zeros((56, 56))
    bounds = (slice(0, -7), slice(-7, -3), slice(-3, None))
    for number, (rows, columns) in enumerate((r, c) for r in bounds for c in bounds):
        parts[rows, columns] = number
    windows = parts.reshape(8, 7, 8, 7).transpose(0, 2, 1, 3).reshape(64, 49)
    expected = windows[:, :, None] == windows[:, None, :]
    np.testing.assert_array_equal(mask[0, :, 0], expected)
