"""Regularization in ONNX: absent, since the file is for inference."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add(
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StochasticDepth",
)
def absent(build: Builder, x: Tensor) -> Tensor:
    return x
