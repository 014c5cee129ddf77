"""Batch normalizations become part of the convolution or the product before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from specc.backends.onnx.ops import Array, Op

from .rewriter import Rewriter, Rewrites


def fold(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Take the normalization into the kernel and the bias of what comes before it.

    Source: Jacob et al., 2018, "Quantization and Training of Neural Networks", section 3.2.
    """
    x, scale, shift, mean, variance = op.inputs
    linear = rewriter.maker(x, "Conv", "ConvTranspose", "Gemm")
    if linear is None or not rewriter.is_stored(*linear.inputs[1:], *op.inputs[1:]):
        return ()
    _, kernel, *bias = linear.inputs
    axis = _output_axis(linear)
    if axis is None or kernel is None:
        return ()
    epsilon = op.attributes["epsilon"]

    def folded_kernel(kernel: Array, scale: Array, variance: Array) -> Array:
        shape = [-1 if each == axis else 1 for each in range(kernel.ndim)]
        return (kernel * _factor(scale, variance, epsilon).reshape(shape)).astype(kernel.dtype)

    def folded_bias(
        scale: Array, shift: Array, mean: Array, variance: Array, bias: Array | float = 0.0
    ) -> Array:
        return (shift + (bias - mean) * _factor(scale, variance, epsilon)).astype(shift.dtype)

    graph = rewriter.graph
    derived = (
        graph.derive(graph.names[kernel], kernel.type, (kernel, scale, variance), folded_kernel),
        graph.derive(
            f"{graph.names[kernel].rpartition('.')[0]}.bias",
            shift.type,
            (scale, shift, mean, variance, *bias),
            folded_bias,
        ),
    )
    return (replace(linear, inputs=(linear.inputs[0], *derived), outputs=op.outputs),)


def _factor(scale: Array, variance: Array, epsilon: float) -> Array:
    return scale / np.sqrt(variance.astype(np.float64) + epsilon)


def _output_axis(linear: Op) -> int | None:
    """The axis of the kernel along which the channels of the output lie, if there is one."""
    match linear.kind:
        case "Conv":
            return 0
        case "ConvTranspose":
            return 1 if linear.attributes.get("group", 1) == 1 else None
        case _:
            return 0 if linear.attributes.get("transB") else 1


NORMALIZATIONS: Rewrites = {"BatchNormalization": (fold,)}
