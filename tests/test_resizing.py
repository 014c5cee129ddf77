"""Filters that the frameworks do not have in common: what the samples cannot hold against Keras.

Keras on TensorFlow looks bicubic weights up in a table, at 1024 positions between two pixels: the
samples use positions that are in it, and these tests others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from parity import Keras, Torch, assert_outputs_agree, sample_case

from specc.layer import LAYERS, Sample

TABLE = 5e-3
"""How far the table is from the weights."""


def case_of(type: str, params: dict[str, Any], given: str) -> Any:
    return sample_case(LAYERS[type], Sample(params, (given,), ()))


@pytest.mark.parametrize(
    ("type", "params", "given"),
    [
        ("UpSampling2D", {"size": (3, 5), "interpolation": "bicubic"}, "float32[N, h, w, 2]"),
        ("UpSampling2D", {"size": 41}, "float32[N, 2, 3, 1]"),
        ("UpSampling3D", {"size": (1, 41, 3)}, "float32[1, 2, 2, 2, 1]"),
        (
            "Resizing",
            {"height": 5, "width": 11, "interpolation": "bicubic"},
            "float32[2, 9, 7, 2]",
        ),
        (
            "Resizing",
            {
                "height": 3,
                "width": 3,
                "interpolation": "lanczos3",
                "pad_to_aspect_ratio": True,
                "fill_value": 9,
            },
            "uint8[2, 3, 3, 1]",
        ),
        (
            "Resizing",
            {
                "height": 4,
                "width": 4,
                "interpolation": "nearest",
                "pad_to_aspect_ratio": True,
                "fill_value": 9,
            },
            "uint8[2, 8, 4, 2]",
        ),
    ],
)
def test_the_backends_agree(type: str, params: dict[str, Any], given: str) -> None:
    case = case_of(type, params, given)
    torch, keras = Torch(case.graph, {}), Keras(case.graph, {})
    assert_outputs_agree(case, torch, keras)


@pytest.mark.parametrize(("height", "width"), [(5, 11), (13, 10), (7, 3)])
def test_bicubic_is_that_of_keras_up_to_its_table(height: int, width: int) -> None:
    from keras import layers

    params = {"height": height, "width": width, "interpolation": "bicubic"}
    case = case_of("Resizing", params, "float32[2, 9, 7, 2]")
    (expected,) = Torch(case.graph, {}).outputs(case.inputs).values()
    received = layers.Resizing(height, width, interpolation="bicubic")(case.inputs["x"])
    np.testing.assert_allclose(received, expected, rtol=0, atol=TABLE)
