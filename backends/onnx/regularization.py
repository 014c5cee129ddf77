"""Regularization in ONNX: absent, since the file is for inference."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("Dropout")
def dropout(build: Builder, x: Tensor) -> Tensor:
    return x
