"""Zeros around an image become the pads of the convolution that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from specc.backends.onnx.ops import Array, Op

from .rewriter import Rewriter, Rewrites


def merge(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Let a convolution pad what a `Pad` before it pads with zeros.

    A pooling is left alone: it does not count its pads as zeros, and onnxruntime takes them for it.
    """
    pad = rewriter.maker(op.inputs[0], "Pad")
    if (
        pad is None
        or "auto_pad" in op.attributes
        or pad.attributes.get("mode", "constant") != "constant"
    ):
        return ()
    pads = _pads(rewriter, pad)
    if pads is None or pads[:, :2].any() or (pads < 0).any():
        return ()
    own = np.reshape(op.attributes["pads"], (2, -1))
    attributes = {**op.attributes, "pads": (own + pads[:, 2:]).reshape(-1).tolist()}
    return (replace(op, inputs=(pad.inputs[0], *op.inputs[1:]), attributes=attributes),)


def _pads(rewriter: Rewriter, pad: Op) -> Array | None:
    """What is added before and after each axis, [2, rank], if that is known and it is zeros."""
    x, given, value, axes = (*pad.inputs, None, None)[:4]
    known, number, places = map(rewriter.constant, (given, value, axes))
    if x is None or known is None or (value and (number is None or number != 0)):
        return None
    if axes and places is None:
        return None
    pads = np.zeros((2, x.type.rank), np.int64)
    pads[:, slice(None) if places is None else places] = known.reshape(2, -1)
    return pads


PADS: Rewrites = {"Conv": (merge,)}
