"""Layers that drop or disturb in training draw from the same distribution in PyTorch and in Keras.

No layer is named: the family is walked. What is drawn alike along an axis shows in how much the
means along the other axes differ. That all are the identity at inference is compared elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from parity import Keras, Torch
from samples import sample_graph

from specc.ir import Graph
from specc.layer import LAYERS, Sample

FAMILY = [name for name, family in LAYERS.families.items() if family == "regularization"]
SHAPES = {"SpatialDropout1D": (1500, 6, 4), "SpatialDropout3D": (1500, 2, 3, 2, 4)}


def network(name: str, shape: tuple[int, ...], **options: Any) -> Graph:
    """One layer that drops 0.3 of what it gets, or disturbs as much."""
    type = f"float32[N, {', '.join(map(str, shape[1:]))}]"
    sample = Sample({str(LAYERS[name].primary): 0.3, **options}, (type,), ())
    return sample_graph(LAYERS[name], sample)


def trained(graph: Graph, x: NDArray[np.float32], start: int = 0) -> dict[str, NDArray[np.float32]]:
    """What the layer makes of `x` in training, in each framework.

    start: the seed of the frameworks, for the layers that have none of their own.
    """
    import keras
    import torch

    torch.manual_seed(start)
    keras.utils.set_random_seed(start)
    model, given = Torch(graph, {}), {"x": x}
    made = model.model.train()(*model.tensors(given).values()).detach().numpy()
    ours = np.moveaxis(made, 1, -1) if x.ndim in (4, 5) else made
    (theirs,) = Keras(graph, {}).apply(given, training=True).values()
    return {"pytorch": ours, "keras": np.asarray(theirs)}


def spreads(y: NDArray[np.float32]) -> dict[str, float]:
    """Mean, deviation and zeros; and the deviation of the means along all axes but one or two."""
    places = tuple(range(1, y.ndim - 1))
    return {
        "mean": float(y.mean()),
        "deviation": float(y.std()),
        "zeros": float((y == 0).mean()),
        "of items": float(y.mean(axis=tuple(range(1, y.ndim))).std()),
        "of items and channels": float(y.mean(axis=places).std()),
        "of items and places": float(y.mean(axis=-1).std()),
    }


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("name", FAMILY)
def test_both_draw_from_one_distribution(name: str, seed: int | None) -> None:
    x = np.random.default_rng(0).normal(1, 0.2, SHAPES.get(name, (1500, 3, 2, 4)))
    x = x.astype(np.float32)
    found = trained(network(name, x.shape, seed=seed), x)
    assert not np.array_equal(found["pytorch"], x)
    assert spreads(found["pytorch"]) == pytest.approx(spreads(found["keras"]), abs=0.025)


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("noise_shape", [(None, 1, 1, 4), (None, 3, 2, 1), (1, None, None, None)])
@pytest.mark.parametrize("name", ["AlphaDropout", "Dropout"])
def test_a_mask_is_shared_alike(
    name: str, noise_shape: tuple[int | None, ...], seed: int | None
) -> None:
    x = np.ones((1500, 3, 2, 4), np.float32)
    found = trained(network(name, x.shape, noise_shape=noise_shape, seed=seed), x)
    for y in found.values():
        for axis, size in enumerate(noise_shape):
            assert (y == y.take([0], axis)).all() == (size == 1)
    if noise_shape[0] is None:
        assert spreads(found["pytorch"]) == pytest.approx(spreads(found["keras"]), abs=0.025)


@pytest.mark.parametrize("name", FAMILY)
def test_a_seed_repeats_what_is_drawn(name: str) -> None:
    x = np.random.default_rng(0).normal(1, 0.2, SHAPES.get(name, (1500, 3, 2, 4)))
    x = x.astype(np.float32)
    graph = network(name, x.shape, seed=3)
    one, again = trained(graph, x), trained(graph, x, start=1)
    assert np.array_equal(one["pytorch"], again["pytorch"])
    assert np.array_equal(one["keras"], again["keras"])


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).standard_normal((1500, 3, 2, 4)).astype(np.float32)
    for y in trained(network("AlphaDropout", x.shape), x).values():
        assert (y.mean(), y.std()) == (pytest.approx(0, abs=0.02), pytest.approx(1, abs=0.02))
