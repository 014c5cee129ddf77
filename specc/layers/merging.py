"""Layers that make one tensor of several."""

from __future__ import annotations

from pydantic import Field

from specc.dims import Size
from specc.layer import MANY, Fault, Layer, Layout, Sample
from specc.proofs import Proof, compare, hint
from specc.shapes import (
    broadcast,
    feature_axes,
    require_equal_axis,
    require_float,
    require_min_rank,
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
        return (first.with_size(axis, joined),)

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


class Average(_Elementwise):
    """The mean of the inputs, element by element; axes of 1 are repeated.

    Source: `keras.layers.Average`.
    """

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        return len(inputs) * y.elements


class Subtract(_Elementwise):
    """The first input less the second, element by element; axes of 1 are repeated.

    Source: `keras.layers.Subtract`.
    """

    arity = (2, 2)
    samples = tuple(sample for sample in _Elementwise.samples if len(sample.inputs) == 2)


class Maximum(_Elementwise):
    """The greatest of the inputs, element by element; axes of 1 are repeated.

    Source: `keras.layers.Maximum`.
    """


class Minimum(_Elementwise):
    """The least of the inputs, element by element; axes of 1 are repeated.

    Source: `keras.layers.Minimum`.
    """


class Dot(Layer):
    """The dot product of two inputs along one axis of each, for each item of the batch.

    The output has the other axes of the first input, then those of the second: `[N, T, C]` and
    `[N, S, C]` give `[N, T, S]` with `axes: -1`. Two vectors for each item give `[N, 1]`.
    Source: `keras.layers.Dot`.
    """

    primary = "axes"
    arity = (2, 2)

    axes: int | tuple[int, int] = Field(
        description="The axis of both inputs, or of each, counted with the batch axis, which is 0."
    )
    normalize: bool = Field(
        False,
        description="Whether vectors are divided by their lengths first: the cosine of the angle.",
    )

    def axes_of(self, a: TensorType, b: TensorType) -> tuple[int, int]:
        """The axis of each input, counted from the front."""
        first, second = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        (axis,) = feature_axes(first, a.rank, parameter="axes")
        (other,) = feature_axes(second, b.rank, parameter="axes")
        return axis, other

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        a, b = inputs
        for index, x in enumerate(inputs):
            require_float(x, input=index)
        require_same_dtype(inputs)
        axis, other = self.axes_of(a, b)
        require_equal_axis(a, b, 0, "Dot needs equal batches", input=1)
        _require_equal_sizes(a, axis, b, other)
        shape = (
            *(size for index, size in enumerate(a.shape) if index != axis),
            *(size for index, size in enumerate(b.shape) if index not in (0, other)),
        )
        return (a.with_shape(shape if len(shape) > 1 else (*shape, 1)),)

    def flops(self, *inputs: TensorType) -> Size:
        a, b = inputs
        (y,) = self.infer(a, b)
        lengths = 3 * (a.elements + b.elements) if self.normalize else 0
        return 2 * y.elements * a.shape[self.axes_of(a, b)[0]] + lengths

    samples = (
        Sample({"axes": 1}, ("float32[2, 5]", "float32[2, 5]"), ("float32[2, 1]",)),
        Sample(
            {"axes": -1, "normalize": True}, ("float32[N, 5]", "float32[N, 5]"), ("float32[N, 1]",)
        ),
        Sample({"axes": -1}, ("float32[N, T, 4]", "float32[N, S, 4]"), ("float32[N, T, S]",)),
        Sample(
            {"axes": (1, 2), "normalize": True},
            ("float32[2, 3, 5]", "float32[2, 4, 3]"),
            ("float32[2, 5, 4]",),
        ),
        Sample({"axes": (1, 2)}, ("float32[2, 3]", "float32[2, 4, 3]"), ("float32[2, 4]",)),
        Sample({"axes": (-1, 1)}, ("float32[N, T, 3]", "float32[N, 3]"), ("float32[N, T]",)),
        Sample(
            {"axes": (3, 2)},
            ("float32[2, 3, 5, 4]", "float32[2, 6, 4, 2]"),
            ("float32[2, 3, 5, 6, 2]",),
        ),
    )


class MatMul(Layer):
    """The matrix product of `[N, …, T, K]` and `[N, …, K, S]`: `[N, …, T, S]`.

    Axes before the last two are equal, or 1 in one of them and repeated; the batches are equal.
    Source: the ONNX operator `MatMul`, `keras.ops.matmul`.
    """

    arity = (2, 2)

    transpose_a: bool = Field(False, description="Whether the last two axes of the first swap.")
    transpose_b: bool = Field(False, description="Whether the last two axes of the second swap.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        for index, x in enumerate(inputs):
            require_float(x, input=index)
            require_min_rank(x, 3, "[N, …, T, K]", input=index)
        require_same_dtype(inputs)
        a, b = inputs
        if a.rank != b.rank:
            raise Fault(
                "rank-mismatch",
                f"expected {a.rank} axes, as the first input has, received {b.rank}",
                input=1,
                help="insert Reshape to give both equally many axes",
            )
        rows, inner = (-1, -2) if self.transpose_a else (-2, -1)
        other, columns = (-1, -2) if self.transpose_b else (-2, -1)
        _require_equal_sizes(a, inner % a.rank, b, other % b.rank)
        ahead = tuple(x.with_shape((*x.shape[:-2], 1, 1)) for x in inputs)
        shape = broadcast(ahead, "MatMul needs equal axes before the last two")
        return (a.with_shape((*shape[:-2], a.shape[rows], b.shape[columns])),)

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        return 2 * y.elements * inputs[0].shape[-2 if self.transpose_a else -1]

    samples = (
        Sample({}, ("float32[2, 3, 5]", "float32[2, 5, 4]"), ("float32[2, 3, 4]",)),
        Sample(
            {"transpose_b": True},
            ("float32[N, 2, T, 4]", "float32[N, 2, S, 4]"),
            ("float32[N, 2, T, S]",),
        ),
        Sample(
            {"transpose_a": True},
            ("float32[N, 1, 5, 3]", "float32[N, 2, 5, 4]"),
            ("float32[N, 2, 3, 4]",),
        ),
        Sample(
            {"transpose_a": True, "transpose_b": True},
            ("float32[2, 5, 3]", "float32[2, 4, 5]"),
            ("float32[2, 3, 4]",),
        ),
    )


def _require_equal_sizes(a: TensorType, axis: int, b: TensorType, other: int) -> None:
    """Refuse two tensors that cannot be multiplied along these axes."""
    size, wanted = b.shape[other], a.shape[axis]
    proof = compare(size, wanted)
    if proof is Proof.EQUAL:
        return
    different = proof is Proof.DIFFERENT
    raise Fault(
        "shape-mismatch" if different else "unprovable",
        f"axis {axis} of the first input is {wanted}, axis {other} of the second is {size}"
        + ("" if different else ", which cannot be shown to be equal"),
        input=1,
        help="give both the same size" if different else hint(size, wanted),
    )
