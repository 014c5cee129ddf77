"""Transposes that follow each other become one, or none; what can do without one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from specc.backends.onnx.ops import Array, Op, Tensor
from specc.dims import Shape, Size

from .rewriter import Rewriter, Rewrites, copy

REDUCTIONS = ("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum")


def join(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """One for two, and none for one that leaves every axis where it is."""
    (x,) = op.inputs
    before = rewriter.makers.get(x) if x else None
    perm = tuple(op.attributes["perm"])
    if before and before.kind == "Transpose":
        (x,) = before.inputs
        perm = tuple(before.attributes["perm"][axis] for axis in perm)
    if x is not None and perm == tuple(range(len(perm))):
        return (copy(op, x),)
    is_new = x is not op.inputs[0]
    return (replace(op, inputs=(x,), attributes={"perm": perm}),) if is_new else ()


def encode(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Put the classes of a one-hot encoding where they are wanted, if no other axis moves."""
    before = rewriter.maker(op.inputs[0], "OneHot")
    if before is None:
        return ()
    perm = op.attributes["perm"]
    classes = before.attributes["axis"] % len(perm)
    others = [axis for axis in perm if axis != classes]
    if others != sorted(others):
        return ()
    return (replace(before, outputs=op.outputs, attributes={"axis": perm.index(classes)}),)


def reduce(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Reduce axes where they lie, if the others are in the same order there."""
    x, axes = (*op.inputs, None)[:2]
    before, places = rewriter.maker(x, "Transpose"), rewriter.constant(axes)
    if before is None or places is None or op.attributes["keepdims"]:
        return ()
    perm = before.attributes["perm"]
    reduced = {perm[place] for place in places.tolist()}
    left = [axis for axis in perm if axis not in reduced]
    if left != sorted(left):
        return ()
    found = rewriter.store(rewriter.graph.names[axes] if axes else "axes", sorted(reduced))
    return (replace(op, inputs=(before.inputs[0], found)),)


def reorder(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Take what is flattened as it lies: the rows of a kernel may have another order."""
    x, kernel, *bias = op.inputs
    flat = rewriter.maker(x, "Flatten", "Reshape")
    before = rewriter.maker(flat.inputs[0], "Transpose") if flat else None
    if flat is None or before is None or x is None or kernel is None:
        return ()
    batch, *axes = before.attributes["perm"]
    sizes = _known(before.outputs[0].type.shape[1:])
    if batch != 0 or sizes is None or np.prod(sizes) != x.type.shape[1]:
        return ()
    if not rewriter.is_stored(kernel):
        return ()
    graph = rewriter.graph
    ordered = graph.derive(
        graph.names[kernel],
        kernel.type,
        (kernel,),
        _ordered,
        axis=1 if op.attributes.get("transB") else 0,
        sizes=sizes,
        places=tuple(np.argsort(axes).tolist()),
    )
    flattened = rewriter.like(x)
    return (
        replace(flat, inputs=(before.inputs[0], *flat.inputs[1:]), outputs=(flattened,)),
        replace(op, inputs=(flattened, ordered, *bias)),
    )


def split(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Transpose once what is split, where each of the parts is transposed alike."""
    users = [rewriter.user(output, "Transpose") for output in op.outputs]
    perms = {tuple(user.attributes["perm"]) if user else () for user in users}
    x = op.inputs[0]
    if len(perms) > 1 or len(users) < 2 or x is None or not (perm := perms.pop()):
        return ()
    back = tuple(np.argsort(perm).tolist())
    moved, *parts = (rewriter.like(tensor, _moved(tensor, perm)) for tensor in (x, *op.outputs))
    axis = op.attributes["axis"] % len(perm)
    return (
        Op("Transpose", f"{op.name}.transpose", (x,), (moved,), {"perm": perm}),
        replace(
            op,
            inputs=(moved, *op.inputs[1:]),
            outputs=tuple(parts),
            attributes={**op.attributes, "axis": perm.index(axis)},
        ),
        *(
            Op("Transpose", f"{op.name}.transpose", (part,), (output,), {"perm": back})
            for part, output in zip(parts, op.outputs, strict=True)
        ),
    )


def _moved(tensor: Tensor, perm: Sequence[int]) -> Shape:
    return tuple(tensor.type.shape[axis] for axis in perm)


def _known(sizes: Sequence[Size]) -> tuple[int, ...] | None:
    found = tuple(size for size in sizes if isinstance(size, int))
    return found if len(found) == len(sizes) else None


def _ordered(kernel: Array, *, axis: int, sizes: tuple[int, ...], places: tuple[int, ...]) -> Array:
    """The kernel with what lies along an axis, of these sizes, in another order; no copy."""
    apart = kernel.reshape(*kernel.shape[:axis], *sizes, *kernel.shape[axis + 1 :])
    perm = [*range(apart.ndim)]
    perm[axis : axis + len(places)] = [axis + place for place in places]
    return apart.transpose(perm)


TRANSPOSES: Rewrites = {
    "Transpose": (join, encode),
    "Gemm": (reorder,),
    "Split": (split,),
    **dict.fromkeys(REDUCTIONS, (reduce,)),
}
