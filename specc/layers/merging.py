"""Layers that make one tensor of several."""

from __future__ import annotations

from pydantic import Field

from specc.dims import Size
from specc.layer import MANY, Fault, Layer, Layout, Sample
from specc.shapes import (
    broadcast,
    feature_axes,
    require_equal_axis,
    require_float,
    require_same_dtype,
)
from specc.tensor import TensorType, shape_text


class Concatenate(Layer):
    """The inputs one after the other along `axis`; their other sizes are equal.

    Source: `keras.layers.Concatenate`.
    """

    primary = "axis"
    arity = (2, MANY)
    layout = "any"

    axis: int = Field(
        -1, description="The axis to join along, counted with the batch axis, which is 0."
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        first = inputs[0]
        require_same_dtype(inputs)
        (axis,) = feature_axes(self.axis, first.rank)
        joined: Size = first.shape[axis]
        for index, other in enumerate(inputs[1:], start=1):
            _require_joinable(first, other, axis, input=index)
            joined = joined + other.shape[axis]
        return (first.with_shape((*first.shape[:axis], joined, *first.shape[axis + 1 :])),)

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]", "float32[2, 3, 5, 2]"), ("float32[2, 3, 5, 6]",)),
        Sample(
            {"axis": 1},
            ("float32[2, 3, 5, 4]", "float32[2, 1, 5, 4]", "float32[2, 2, 5, 4]"),
            ("float32[2, 6, 5, 4]",),
        ),
        Sample({"axis": -2}, ("float32[2, 3, 4]", "float32[2, 5, 4]"), ("float32[2, 8, 4]",)),
        Sample({"axis": 1}, ("float32[N, 3]", "float32[N, 4]"), ("float32[N, 7]",)),
        Sample({}, ("float32[N, h, w, 3]", "float32[N, h, w, 2]"), ("float32[N, h, w, 5]",)),
        Sample({"axis": 1}, ("float32[N, h, 3]", "float32[N, 2, 3]"), ("float32[N, h + 2, 3]",)),
    )


def _require_joinable(first: TensorType, other: TensorType, axis: int, *, input: int) -> None:
    if other.rank != first.rank:
        raise Fault(
            "rank-mismatch",
            f"expected {first.rank} axes, as {shape_text(first.shape)} has, "
            f"received {other.rank}: {shape_text(other.shape)}",
            input=input,
            help="Concatenate joins tensors with equally many axes: insert Reshape or Flatten",
        )
    for other_axis in range(first.rank):
        if other_axis != axis:
            what = f"Concatenate needs equal sizes beside axis {axis}"
            require_equal_axis(first, other, other_axis, what, input=input)


class _Elementwise(Layer):
    """What the layers that merge element by element share.

    Batches are equal. The other axes are aligned at the last one; an axis of 1 is repeated.
    """

    arity = (2, MANY)
    layout = "any"

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        for index, x in enumerate(inputs):
            require_float(x, input=index)
        require_same_dtype(inputs)
        return (
            inputs[0].with_shape(broadcast(inputs, f"{type(self).__name__} needs equal shapes")),
        )

    def layout_for(self, *inputs: TensorType) -> Layout:
        """Axes are aligned at the last one, which is the channels only in the spec's own order."""
        same_rank = len({x.rank for x in inputs}) == 1
        return self.layout if same_rank else "channels_last"

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        return (len(inputs) - 1) * y.elements

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]", "float32[2, 3, 5, 4]"), ("float32[2, 3, 5, 4]",)),
        Sample({}, ("float32[2, 7]", "float32[2, 7]", "float32[2, 7]"), ("float32[2, 7]",)),
        Sample({}, ("float32[2, 3, 5, 4]", "float32[2, 1, 1, 4]"), ("float32[2, 3, 5, 4]",)),
        Sample({}, ("float32[2, 3, 1, 4]", "float32[2, 1, 5, 1]"), ("float32[2, 3, 5, 4]",)),
        Sample({}, ("float32[2, 4]", "float32[2, 3, 5, 4]"), ("float32[2, 3, 5, 4]",)),
        Sample({}, ("float32[N, h, 2*w, 4]", "float32[N, h, 2*w, 4]"), ("float32[N, h, 2*w, 4]",)),
        Sample({}, ("float32[N, h, w, 4]", "float32[N, 1, 1, 4]"), ("float32[N, h, w, 4]",)),
    )


class Add(_Elementwise):
    """The sum of the inputs, element by element; axes of 1 are repeated.

    Source: `keras.layers.Add`.
    """


class Multiply(_Elementwise):
    """The product of the inputs, element by element; axes of 1 are repeated.

    Source: `keras.layers.Multiply`.
    """
