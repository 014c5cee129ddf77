"""Concatenations of concatenations become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from specc.backends.onnx.ops import Op, Tensor

from .rewriter import Rewriter, Rewrites


def flatten(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Join the parts of a part, if they lie along the same axis."""
    inputs = tuple(part for tensor in op.inputs for part in _parts(rewriter, op, tensor))
    return () if inputs == op.inputs else (replace(op, inputs=inputs),)


def _parts(rewriter: Rewriter, op: Op, tensor: Tensor | None) -> Sequence[Tensor | None]:
    before = rewriter.maker(tensor, "Concat")
    is_alike = before is not None and _axis(before) == _axis(op)
    return before.inputs if before is not None and is_alike else (tensor,)


def _axis(op: Op) -> int:
    """Counted from the front."""
    return op.attributes["axis"] % op.outputs[0].type.rank


CONCATENATIONS: Rewrites = {"Concat": (flatten,)}
