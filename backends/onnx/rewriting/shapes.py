"""The sizes of a tensor, as far as its static type tells them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specc.backends.onnx.ops import Op, Tensor
from specc.dims import Size

from .rewriter import Rewriter, Rewrites, copy


def sizes(op: Op) -> tuple[Size, ...]:
    """What a `Shape` gives, in the arithmetic of sizes: equal ones are the same at run time."""
    (x,) = op.inputs
    return x.type.shape[op.attributes.get("start", 0) : op.attributes.get("end")] if x else ()


def known(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Store sizes that are known."""
    found, (output,) = sizes(op), op.outputs
    if not all(isinstance(size, int) for size in found):
        return ()
    stored = Tensor(output.type)
    rewriter.graph.constants[stored] = np.array(found, np.int64)
    rewriter.graph.names[stored] = rewriter.graph.names[output]
    return (copy(op, stored),)


SHAPES: Rewrites = {"Shape": (known,)}
