"""Layers that give the same elements another shape, or repeat them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from specc.dims import Shape, Size, product
from specc.layer import Fault, Layer, Layout, Sample
from specc.proofs import Proof, compare, hint
from specc.shapes import Axes, Positive, feature_axes, require_min_rank, require_rank
from specc.tensor import MAX_RANK, TensorType, shape_text


class Flatten(Layer):
    """All axes but the batch become one, in the order of the spec: channels vary fastest.

    Source: `keras.layers.Flatten`.
    """

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 1, "[N, …]")
        return (x.with_shape((x.shape[0], product(x.shape[1:]))),)

    def layout_for(self, *inputs: TensorType) -> Layout:
        """With one axis that is not 1 there is only one order of the elements."""
        (x,) = inputs
        return "any" if sum(size != 1 for size in x.shape[1:]) <= 1 else self.layout

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 60]",)),
        Sample({}, ("float32[2, 1, 1, 4]",), ("float32[2, 4]",)),
        Sample({}, ("float32[2, 3, 4]",), ("float32[2, 12]",)),
        Sample({}, ("float32[2, 3]",), ("float32[2, 3]",)),
        Sample({}, ("float32[2]",), ("float32[2, 1]",)),
        Sample({}, ("float32[N, 3, 5, 4]",), ("float32[N, 60]",)),
        Sample({}, ("float32[N, h, w, 4]",), ("float32[N, 4*h*w]",)),
    )


def _checked_target(target: tuple[int, ...]) -> tuple[int, ...]:
    if 0 in target:
        raise ValueError(f"expected sizes of at least 1, or one -1, received {list(target)}")
    if target.count(-1) > 1:
        raise ValueError(f"expected at most one -1, received {list(target)}")
    return target


TargetShape = Annotated[
    tuple[Annotated[int, Field(ge=-1, lt=2**31)], ...],
    Field(max_length=MAX_RANK - 1),
    AfterValidator(_checked_target),
]


class Reshape(Layer):
    """The same elements in the same order (channels vary fastest) under another shape.

    Source: `keras.layers.Reshape`.
    """

    primary = "target_shape"

    target_shape: TargetShape = Field(
        description="The new sizes without the batch; one may be -1, which takes what is left."
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 1, "[N, …]")
        return (x.with_shape((x.shape[0], *self._resolved(product(x.shape[1:])))),)

    def _resolved(self, elements: Size) -> Shape:
        """The target with its -1 replaced by what is left of `elements`."""
        known = product(size for size in self.target_shape if size != -1)
        rest = elements // known if -1 in self.target_shape else 1
        self._require_all(elements, known * rest)
        return tuple(rest if size == -1 else size for size in self.target_shape)

    def _require_all(self, elements: Size, received: Size) -> None:
        """Refuse a target that does not hold exactly the `elements` of one item of the batch."""
        proof = compare(elements, received)
        if proof is Proof.EQUAL:
            return
        target = shape_text(self.target_shape)
        if proof is Proof.UNKNOWN:
            raise Fault(
                "unprovable",
                f"{elements} elements cannot be shown to fill {target}",
                parameter="target_shape",
                help=hint(elements, received),
            )
        raise Fault(
            "shape-mismatch",
            f"expected a shape of {elements} elements, received {target}",
            parameter="target_shape",
            help="write -1 for the size that follows from the others",
        )

    samples = (
        Sample({"target_shape": (4, 15)}, ("float32[2, 3, 5, 4]",), ("float32[2, 4, 15]",)),
        Sample({"target_shape": (-1,)}, ("float32[2, 3, 5, 4]",), ("float32[2, 60]",)),
        Sample({"target_shape": (3, 5, -1)}, ("float32[2, 60]",), ("float32[2, 3, 5, 4]",)),
        Sample({"target_shape": (7, 7, 2)}, ("float32[N, 98]",), ("float32[N, 7, 7, 2]",)),
        Sample({"target_shape": (-1, 4)}, ("float32[N, h, w, 8]",), ("float32[N, 2*h*w, 4]",)),
        Sample({"target_shape": ()}, ("float32[2, 1]",), ("float32[2]",)),
        Sample(
            {"target_shape": (2, 7, 2, 7, 3)},
            ("float32[N, 14, 14, 3]",),
            ("float32[N, 2, 7, 2, 7, 3]",),
        ),
        Sample(
            {"target_shape": (4, 49, 3)}, ("float32[N, 2, 2, 7, 7, 3]",), ("float32[N, 4, 49, 3]",)
        ),
        Sample({"target_shape": (-1, 7, 3)}, ("float32[N, 7*T, 3]",), ("float32[N, T, 7, 3]",)),
    )


class Permute(Layer):
    """The axes in another order; the batch stays the first.

    Source: `keras.layers.Permute`.
    """

    primary = "dims"
    layout = "any"

    dims: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=MAX_RANK - 1)] = Field(
        description="The axes beside the batch, counted from 1, in their new order."
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        expected = list(range(1, x.rank))
        if sorted(self.dims) != expected:
            raise Fault(
                "invalid-parameter",
                f"expected each of the axes {expected} of {shape_text(x.shape)} once, "
                f"received {list(self.dims)}",
                parameter="dims",
                help="axes are counted from 1, without the batch, which stays the first",
            )
        return (x.with_shape((x.shape[0], *(x.shape[axis] for axis in self.dims))),)

    samples = (
        Sample({"dims": (2, 1)}, ("float32[2, 3, 4]",), ("float32[2, 4, 3]",)),
        Sample({"dims": (3, 1, 2)}, ("float32[N, h, w, 3]",), ("float32[N, 3, h, w]",)),
        Sample({"dims": (1, 3, 2)}, ("int32[N, h, w, 3]",), ("int32[N, h, 3, w]",)),
        Sample(
            {"dims": (1, 3, 2, 4, 5)},
            ("float32[N, 2, 7, 3, 7, 4]",),
            ("float32[N, 2, 3, 7, 7, 4]",),
        ),
        Sample({"dims": (1,)}, ("float32[2, 3]",), ("float32[2, 3]",)),
    )


class RepeatVector(Layer):
    """Each vector of `[N, C]` as a sequence `[N, n, C]` in which it stands n times.

    Source: `keras.layers.RepeatVector`.
    """

    primary = "n"

    n: Positive = Field(description="How many times.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 2, "[N, C]")
        return (x.with_shape((x.shape[0], self.n, x.shape[1])),)

    samples = (
        Sample({"n": 3}, ("float32[2, 4]",), ("float32[2, 3, 4]",)),
        Sample({"n": 1}, ("float32[N, T]",), ("float32[N, 1, T]",)),
        Sample({"n": 2}, ("int32[N, 3]",), ("int32[N, 2, 3]",)),
    )


class Tile(Layer):
    """The tensor repeated as a whole along each axis.

    Source: `keras.ops.tile`, ONNX's operator `Tile`.
    """

    primary = "repeats"
    layout = "any"

    repeats: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=MAX_RANK - 1)] = Field(
        description="How many times, for each axis beside the batch."
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        if len(self.repeats) != x.rank - 1:
            raise Fault(
                "invalid-parameter",
                f"expected a number for each axis of {shape_text(x.shape)} beside the batch, "
                f"received {len(self.repeats)}",
                parameter="repeats",
                help="write 1 for an axis that stays as it is",
            )
        repeated = zip(x.shape[1:], self.repeats, strict=True)
        return (x.with_shape((x.shape[0], *(size * times for size, times in repeated))),)

    samples = (
        Sample({"repeats": (3,)}, ("float32[2, 4]",), ("float32[2, 12]",)),
        Sample({"repeats": (2, 1)}, ("int32[N, T, 3]",), ("int32[N, 2*T, 3]",)),
        Sample({"repeats": (1, 3, 2)}, ("float32[N, h, w, 3]",), ("float32[N, h, 3*w, 6]",)),
    )


class ExpandDims(Layer):
    """New axes of size 1, at the places that `axis` gives in the result.

    Source: `keras.ops.expand_dims`.
    """

    primary = "axis"

    axis: Axes = Field(
        description="The place of the new axis, or several, counted with the batch, which is 0."
    )

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The places in the result, counted from the front, in order."""
        new = len(self.axis) if isinstance(self.axis, tuple) else 1
        return feature_axes(self.axis, x.rank + new)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        shape = [*x.shape]
        for axis in self.axes(x):
            shape.insert(axis, 1)
        return (x.with_shape(shape),)

    samples = (
        Sample({"axis": -1}, ("float32[N, T]",), ("float32[N, T, 1]",)),
        Sample({"axis": 1}, ("float32[N, h, w, 3]",), ("float32[N, 1, h, w, 3]",)),
        Sample({"axis": (1, 2)}, ("float32[N, 3]",), ("float32[N, 1, 1, 3]",)),
        Sample({"axis": 1}, ("int32[N]",), ("int32[N, 1]",)),
    )


class Squeeze(Layer):
    """The tensor without axes of size 1.

    Source: `keras.ops.squeeze`.
    """

    primary = "axis"

    axis: Axes | None = Field(
        None,
        description=(
            "The axis, or several, counted with the batch axis, which is 0; all axes of size 1 "
            "beside the batch if null."
        ),
    )

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes that go away, counted from the front, in order."""
        if self.axis is None:
            return tuple(axis for axis in range(1, x.rank) if x.shape[axis] == 1)
        return feature_axes(self.axis, x.rank)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        axes = self.axes(x)
        for axis in axes:
            if x.shape[axis] != 1:
                raise Fault(
                    "shape-mismatch",
                    f"expected a size of 1 along axis {axis}, received {x.shape[axis]}",
                    parameter="axis",
                    help="take one position of a larger axis with Take",
                )
        return (x.with_shape(size for axis, size in enumerate(x.shape) if axis not in axes),)

    def layout_for(self, *inputs: TensorType) -> Layout:
        """What is left must lie as in the spec: the one axis beside the batch always does."""
        (y,) = self.infer(*inputs)
        return "any" if y.rank <= 2 else "channels_last"

    samples = (
        Sample({"axis": 1}, ("float32[N, 1, T, 3]",), ("float32[N, T, 3]",)),
        Sample({"axis": (1, -2)}, ("float32[N, 1, 1, 3]",), ("float32[N, 3]",)),
        Sample({}, ("float32[2, 1, 3, 1]",), ("float32[2, 3]",)),
        Sample({}, ("float32[2, 3]",), ("float32[2, 3]",)),
        Sample({"axis": -1}, ("int32[N, h, w, 1]",), ("int32[N, h, w]",)),
    )
