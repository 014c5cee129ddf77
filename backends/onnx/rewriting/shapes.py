"""What only gives the same elements another shape, and the sizes of a tensor."""

from __future__ import annotations

from collections.abc import Sequence

from specc.backends.onnx.graph import reshape_target
from specc.backends.onnx.ops import Op
from specc.dims import Size

from .moves import RESHAPES
from .rewriter import Rewriter, Rewrites, copy


def sizes(op: Op) -> tuple[Size, ...]:
    """What a `Shape` gives, in the arithmetic of sizes: equal ones are the same at run time."""
    (x,) = op.inputs
    return x.type.shape[op.attributes.get("start", 0) : op.attributes.get("end")] if x else ()


def known(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Store sizes that are known."""
    found, (output,) = sizes(op), op.outputs
    integers = [size for size in found if isinstance(size, int)]
    if len(integers) < len(found):
        return ()
    return (copy(op, rewriter.store(rewriter.graph.names[output], integers)),)


def reshape(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """One for two that follow each other, and none for one that changes nothing."""
    x, (output,) = op.inputs[0], op.outputs
    if not _keeps_order(op):
        return ()
    if x is not None and x.type == output.type:
        return (copy(op, x),)
    before = rewriter.maker(x, *RESHAPES, "Transpose")
    if before is None or not _keeps_order(before) or (source := before.inputs[0]) is None:
        return ()
    target = reshape_target(source.type.shape, output.type.shape)
    if target.count(-1) > 1:
        return ()
    shape = rewriter.store(f"{rewriter.graph.names[output]}.shape", target)
    return (Op("Reshape", op.name, (source, shape), op.outputs, {}),)


def _keeps_order(op: Op) -> bool:
    """Whether the elements stay in their order: a transpose may move nothing but axes of size 1."""
    if op.kind != "Transpose":
        return True
    sizes = op.inputs[0].type.shape if op.inputs[0] else ()
    moved = [axis for axis in op.attributes["perm"] if sizes[axis] != 1]
    return moved == sorted(moved)


SHAPES: Rewrites = {"Shape": (known,), **dict.fromkeys((*RESHAPES, "Transpose"), (reshape,))}
