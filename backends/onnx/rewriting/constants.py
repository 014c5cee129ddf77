"""What is known before a run is computed before it."""

from __future__ import annotations

from collections.abc import Sequence

from specc.backends.onnx.graph import numpy_dtype
from specc.backends.onnx.ops import Array, Op, OpGraph, Tensor
from specc.dims import known, product
from specc.tensor import TensorType

from .rewriter import Rewriter, Rewrites, copy

COMPUTED = ("Cast", "Gather", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
"""The ops that are computed where what they read is stored."""

LARGE = 2**12
"""The elements from which a tensor is not stored again in another form."""

LARGEST = 2**18
"""The elements of the largest tensor that is stored instead of a smaller one."""


def compute(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Store what an op makes of what is stored, unless that must be stored as it is, too."""
    source, (output,) = op.inputs[0], op.outputs
    if source is None or not rewriter.is_stored(*op.inputs):
        return ()
    size, made = (known(product(tensor.type.shape)) for tensor in (source, output))
    is_shared = rewriter.readers[source] > 1
    if (is_shared and size >= LARGE) or made > max(size, LARGEST):
        return ()
    name = rewriter.graph.names[output if is_shared else source]
    return (copy(op, _stored(rewriter.graph, op, source, name)),)


def _stored(graph: OpGraph, op: Op, source: Tensor, name: str) -> Tensor:
    type = op.outputs[0].type
    if op.kind == "Transpose":
        perm = tuple(op.attributes["perm"])
        return graph.derive(name, type, (source,), _transposed, perm=perm)
    if op.kind == "Gather" and op.inputs[1]:
        sources = (source, op.inputs[1])
        return graph.derive(name, type, sources, _gathered, axis=op.attributes["axis"])
    return graph.derive(name, type, (source,), _as_type, to=type)


def _gathered(array: Array, indices: Array, *, axis: int) -> Array:
    return array.take(indices, axis)


def _transposed(array: Array, *, perm: tuple[int, ...]) -> Array:
    return array.transpose(perm)


def _as_type(array: Array, *, to: TensorType) -> Array:
    shape = [known(size) for size in to.shape]
    return array.astype(numpy_dtype(to.dtype), copy=False).reshape(shape)


CONSTANTS: Rewrites = dict.fromkeys(COMPUTED, (compute,))
