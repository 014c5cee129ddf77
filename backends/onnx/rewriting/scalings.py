"""What is multiplied with or added to something stored becomes part of the kernels before it.

So it is with the scales of a layer's channels, and with the scale of attention scores, which goes
through the product of queries and keys into the projection of the queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from specc.backends.onnx.ops import Array, Op, Tensor
from specc.dims import known, product
from specc.tensor import TensorType

from .linear import Linear, linear
from .rewriter import Rewriter, Rewrites

MOVES = ("Reshape", "Squeeze", "Transpose", "Unsqueeze")
"""Ops that give each element another place, and leave its value."""

INVERSES = {"Div": np.reciprocal, "Sub": np.negative}
"""How their second operand becomes one of the op that commutes."""


def scale(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Multiply or divide earlier."""
    x, factor = _operands(rewriter, op)
    if x is None or factor is None:
        return ()
    return _scaled(rewriter, x, factor, op.outputs[0])


def shift(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Add to a bias, or become one."""
    x, term = _operands(rewriter, op)
    before = linear(rewriter, x)
    if term is None or before is None or not before.has_place_for_bias:
        return ()
    if not _is_along_channels(term.type, before):
        return ()
    graph = rewriter.graph
    return (before.changed(graph, op.outputs, shift=term, name=graph.names[term]),)


def _operands(rewriter: Rewriter, op: Op) -> tuple[Tensor, Tensor] | tuple[None, None]:
    """What has the shape of the result, and what is stored; nothing if these are not the two."""
    pairs = [op.inputs] if op.kind in INVERSES else [op.inputs, op.inputs[::-1]]
    for x, other in pairs:
        if x and other and x.type == op.outputs[0].type and rewriter.is_stored(other):
            return x, _commuting(rewriter, op.kind, other)
    return None, None


def _commuting(rewriter: Rewriter, kind: str, stored: Tensor) -> Tensor:
    if kind not in INVERSES:
        return stored
    name = rewriter.graph.names[stored]
    return rewriter.graph.derive(name, stored.type, (stored,), _inverse, kind=kind)


def _inverse(array: Array, *, kind: str) -> Array:
    return INVERSES[kind](array.astype(np.float64))


def _scaled(rewriter: Rewriter, x: Tensor, factor: Tensor, output: Tensor) -> Sequence[Op]:
    """The ops that make `x` times the factor without a Mul; none if nothing before can do it."""
    if before := linear(rewriter, x):
        fits = _is_along_channels(factor.type, before)
        return (before.changed(rewriter.graph, (output,), factor=factor),) if fits else ()
    maker = rewriter.maker(x, "Add", "MatMul", *MOVES)
    if maker is None:
        return ()
    if maker.kind == "Add":
        return _scaled_sum(rewriter, maker, factor, output)
    if known(product(factor.type.shape)) != 1:
        return ()
    places = range(1 if maker.kind in MOVES else 2)
    ways = (_scaled_at(rewriter, maker, at, factor, output) for at in places)
    return next((ops for ops in ways if ops), ())


def _scaled_at(rewriter: Rewriter, op: Op, at: int, factor: Tensor, output: Tensor) -> Sequence[Op]:
    """The op, and before it those that make its input at a place times the factor."""
    given = op.inputs[at]
    if given is None or given not in rewriter.makers:
        return ()
    scaled = rewriter.like(given)
    inputs = (*op.inputs[:at], scaled, *op.inputs[at + 1 :])
    before = _scaled(rewriter, given, factor, scaled)
    return (*before, replace(op, inputs=inputs, outputs=(output,))) if before else ()


def _scaled_sum(rewriter: Rewriter, op: Op, factor: Tensor, output: Tensor) -> Sequence[Op]:
    """Each term of a sum times the factor, if one of them is stored."""
    x, term = _operands(rewriter, op)
    if x is None or term is None or x not in rewriter.makers:
        return ()
    graph, scaled = rewriter.graph, rewriter.like(x)
    shape = np.broadcast_shapes(*(tuple(map(known, each.type.shape)) for each in (term, factor)))
    type = term.type.with_shape(shape)
    other = graph.derive(graph.names[term], type, (term, factor), _product)
    before = _scaled(rewriter, x, factor, scaled)
    return (*before, replace(op, inputs=(scaled, other), outputs=(output,))) if before else ()


def _product(term: Array, factor: Array) -> Array:
    return (term * factor).astype(term.dtype)


def _is_along_channels(type: TensorType, before: Linear) -> bool:
    """Whether a stored tensor has a number for each channel of the output, or one for all."""
    ahead = before.op.outputs[0].type.rank - type.rank
    return all(
        size == 1 or (ahead + axis == before.axis and size == before.channels)
        for axis, size in enumerate(type.shape)
    )


SCALINGS: Rewrites = {"Add": (shift,), "Div": (scale,), "Mul": (scale,), "Sub": (shift,)}
