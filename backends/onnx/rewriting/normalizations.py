"""Batch normalizations become part of the convolution or the product before them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specc.backends.onnx.ops import Array, Op

from .linear import linear
from .rewriter import Rewriter, Rewrites


def fold(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Take the normalization into the kernel and the bias of what comes before it.

    Source: Jacob et al., 2018, "Quantization and Training of Neural Networks", section 3.2.
    """
    x, scale, shift, mean, variance = op.inputs
    before, graph = linear(rewriter, x), rewriter.graph
    if scale is None or shift is None or mean is None or variance is None:
        return ()
    if before is None or before.axis != 1 or not before.has_place_for_bias:
        return ()
    if not rewriter.is_stored(*op.inputs[1:]):
        return ()
    name, epsilon = graph.names[shift], op.attributes["epsilon"]
    factor = graph.derive(name, scale.type, (scale, variance), _factor, epsilon=epsilon)
    offset = graph.derive(name, shift.type, (shift, mean, factor), _offset)
    return (before.changed(graph, op.outputs, factor=factor, shift=offset, name=name),)


def _factor(scale: Array, variance: Array, *, epsilon: float) -> Array:
    return scale / np.sqrt(variance.astype(np.float64) + epsilon)


def _offset(shift: Array, mean: Array, factor: Array) -> Array:
    return shift - mean * factor


NORMALIZATIONS: Rewrites = {"BatchNormalization": (fold,)}
