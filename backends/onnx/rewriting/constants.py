"""What is known before a run is computed before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from specc.backends.onnx.graph import numpy_dtype
from specc.backends.onnx.ops import Array, Op
from specc.dims import known

from .rewriter import Rewriter, Rewrites, copy

Compute = Callable[[Op, Array], Array]


def _reshape(op: Op, array: Array) -> Array:
    return array.reshape([known(size) for size in op.outputs[0].type.shape])


def _transpose(op: Op, array: Array) -> Array:
    return array.transpose(op.attributes["perm"])


def _cast(op: Op, array: Array) -> Array:
    return array.astype(numpy_dtype(op.outputs[0].type.dtype))


COMPUTED: dict[str, Compute] = {
    "Cast": _cast,
    "Reshape": _reshape,
    "Squeeze": _reshape,
    "Transpose": _transpose,
    "Unsqueeze": _reshape,
}
"""What ops make of a stored tensor, which is the first that they read."""


def compute(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Store what an op makes of what is stored."""
    if not rewriter.is_stored(*op.inputs):
        return ()
    source, (output,) = op.inputs[0], op.outputs
    names = rewriter.graph.names
    name = names[source] if rewriter.readers[source] == 1 else names[output]

    def make(array: Any) -> Any:
        return COMPUTED[op.kind](op, array)

    return (copy(op, rewriter.graph.derive(name, output.type, [source], make)),)


CONSTANTS: Rewrites = dict.fromkeys(COMPUTED, (compute,))
