"""Layers that apply another one."""

from __future__ import annotations

from specc.dims import Size
from specc.ir import Value
from specc.passes.layout import inner_node, permutation
from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("TimeDistributed")
def time_distributed(build: Builder, x: Tensor) -> Tensor:
    """The steps become items of one batch, and the items steps again."""
    layer = build.layer
    node = inner_node(build.node, layer.layer, layer.step(x.type))
    (given,), (made,) = node.inputs, node.outputs
    steps = _shaped(build, x, given.type, (x, 2), "steps")
    inner = Builder(node, build.graph, build.names)
    result = LOWERINGS.find(node)(inner, _laid_out(build, steps, given))
    (y,) = result if isinstance(result, tuple) else (result,)
    y = _laid_back(build, y, made)
    return _shaped(build, y, build.output, (y, 1), "sequence", batch=x)


def _laid_out(build: Builder, x: Tensor, value: Value) -> Tensor:
    """`x` in the order in which `value` lies."""
    if value.order is None:
        return x
    return build.transpose(x, permutation(None, value.order, x.type.rank), suffix="laid_out")


def _laid_back(build: Builder, x: Tensor, value: Value) -> Tensor:
    """`x`, which lies as `value` does, in the order of the spec."""
    if value.order is None:
        return x
    return build.transpose(x, permutation(value.order, None, x.type.rank), suffix="laid_back")


def _shaped(
    build: Builder,
    x: Tensor,
    type: TensorType,
    rest: tuple[Tensor, int],
    suffix: str,
    batch: Tensor | None = None,
) -> Tensor:
    """`x` as `type`: the batch, or the batch and the steps of `batch`, then the sizes of `rest`.

    rest: a tensor, and the first of its axes that stay as they are.
    """
    if sum(not isinstance(size, int) for size in type.shape) <= 1:
        shape = build.constant([_known(size) for size in type.shape], "shape", "int64")
    else:
        first = (
            build.constant([-1], "one", "int64") if batch is None else _sizes(build, batch, 0, 2)
        )
        sizes = TensorType((type.rank,), "int64")
        parts = (first, _sizes(build, *rest, rest[0].type.rank))
        shape = build.op("Concat", *parts, type=sizes, axis=0, suffix="sizes")
    return build.op("Reshape", x, shape, type=type, suffix=suffix)


def _known(size: Size) -> int:
    return size if isinstance(size, int) else -1


def _sizes(build: Builder, x: Tensor, start: int, end: int) -> Tensor:
    """Some of the sizes of `x`."""
    type = TensorType((end - start,), "int64")
    return build.op("Shape", x, type=type, start=start, end=end, suffix="sizes")
