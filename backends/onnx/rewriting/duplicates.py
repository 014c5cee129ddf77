"""What is computed twice is computed once, such as the mask that each layer of a decoder makes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from onnx import TensorProto

from specc.backends.onnx.ops import Op, Tensor

from .rewriter import ANY, Rewriter, Rewrites, copy
from .shapes import sizes

Same = tuple[Hashable, ...]
"""What two ops that compute the same have in common."""


def share(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Take what an earlier op gives that does the same with the same inputs."""
    if op.kind == "Identity" or len(op.outputs) != 1 or op.bodies:
        return ()
    first = rewriter.seen.setdefault(_same(rewriter, op), op)
    return () if first is op else (copy(op, first.outputs[0]),)


def _same(rewriter: Rewriter, op: Op) -> Same:
    if op.kind == "Shape":
        return (op.kind, *sizes(op))
    inputs = (_identity(rewriter, tensor) for tensor in op.inputs)
    attributes = ((name, _hashable(value)) for name, value in sorted(op.attributes.items()))
    return (op.kind, *inputs, *attributes)


def _identity(rewriter: Rewriter, tensor: Tensor | None) -> Hashable:
    """A tensor, or what it is a copy of, or the value of a small one that is known."""
    copied = None if tensor is None else rewriter.makers.get(tensor)
    if copied and copied.kind == "Identity":
        return _identity(rewriter, copied.inputs[0])
    array = rewriter.constant(tensor)
    if array is None or array.size > 64:
        return tensor
    return array.dtype.str, array.shape, array.tobytes()


def _hashable(value: Any) -> Hashable:
    if isinstance(value, TensorProto):
        return value.SerializeToString(deterministic=True)
    return tuple(value) if isinstance(value, list | range) else value


DUPLICATES: Rewrites = {ANY: (share,)}
