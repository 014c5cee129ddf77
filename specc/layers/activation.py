"""Activations that take parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from specc.constraints import ConstraintField
from specc.dims import Size
from specc.initializers import InitializerField, Zeros
from specc.layer import Fault, Layer, Layout, Sample, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    Axes,
    feature_axes,
    require_equal_axis,
    require_float,
    require_min_rank,
)
from specc.tensor import TensorType, shape_text

NonNegativeFloat = Annotated[float, Field(ge=0)]


class ReLU(Layer):
    """Rectified linear unit.

    `x` where x ≥ threshold, else `negative_slope · (x − threshold)`; at most `max_value`.
    Source: `keras.layers.ReLU`.
    """

    primary = "max_value"
    layout = "any"

    max_value: NonNegativeFloat | None = Field(None, description="Upper bound; none if absent.")
    negative_slope: NonNegativeFloat = Field(0.0, description="Slope below the threshold.")
    threshold: NonNegativeFloat = Field(0.0, description="Where the identity begins.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample({}, ("float32[N, 4*h, w, 3]",), ("float32[N, 4*h, w, 3]",)),
        Sample({"max_value": 1.0}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample({"negative_slope": 0.1}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample({"threshold": 0.5}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample(
            {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.25},
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
        ),
    )


class LeakyReLU(Layer):
    """`x` where x ≥ 0, else `negative_slope · x`.

    Source: `keras.layers.LeakyReLU`.
    """

    primary = "negative_slope"
    layout = "any"

    negative_slope: NonNegativeFloat = Field(0.3, description="Slope below zero.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample({"negative_slope": 0.01}, ("float32[N, 7]",), ("float32[N, 7]",)),
    )


class ELU(Layer):
    """`x` where x > 0, else `alpha · (exp(x) − 1)`.

    Source: `keras.layers.ELU` (Clevert et al., 2016).
    """

    primary = "alpha"
    layout = "any"

    alpha: float = Field(1.0, description="Minus the limit far below zero.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        return 3 * inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample({"alpha": 0.5}, ("float32[N, 7]",), ("float32[N, 7]",)),
    )


class GELU(Layer):
    """Gaussian error linear unit: `x · (1 + erf(x / √2)) / 2`.

    With `approximate`, as in GPT-2: `x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 · x³)))`.
    Source: `keras.activations.gelu`, with its parameter; `Activation: gelu` is the exact one.
    """

    primary = "approximate"
    layout = "any"

    approximate: bool = Field(False, description="Whether to compute it with tanh.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample({"approximate": True}, ("float32[N, 4*h, w, 3]",), ("float32[N, 4*h, w, 3]",)),
    )


class PReLU(Layer):
    """`x` where x > 0, else `alpha · x`, with learnt slopes.

    There is a slope for each place of an item; along `shared_axes` places share theirs.
    Weights: `weight` (alpha). It is of shape (1,) if all share one slope, (C,) if only the channels
    differ. Else it has the sizes of all axes but the batch, 1 where shared; from rank 4 on its
    channels are first.
    Source: `keras.layers.PReLU` (He et al., 2015).
    """

    alpha_initializer: InitializerField = Field(Zeros(), description="Start of the slopes.")
    alpha_regularizer: RegularizerField = Field(None, description="Penalty on the slopes.")
    alpha_constraint: ConstraintField = Field(None, description="What the slopes are kept to.")
    shared_axes: Axes | None = Field(
        None,
        description=(
            "The axis or axes along which places share a slope, counted with the batch axis, which "
            "is 0: [1, 2] for images gives one to each channel."
        ),
    )

    def shared(self, x: TensorType) -> tuple[int, ...]:
        """The axes along which slopes are shared, counted from the front, in order."""
        if self.shared_axes is None:
            return ()
        return feature_axes(self.shared_axes, x.rank, parameter="shared_axes")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 2, "[N, …, C]")
        require_float(x)
        self.weights(x)
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        (x,) = inputs
        shape = self._keras_shape(x)
        canonical, order = _canonical(shape)
        weight = replace(self.declare("alpha", shape), shape=canonical)
        return {"weight": replace(weight, keras_order=order, keras_sizes=shape)}

    def _keras_shape(self, x: TensorType) -> tuple[int, ...]:
        shared = self.shared(x)
        return tuple(1 if axis in shared else _slopes(x, axis) for axis in range(1, x.rank))

    def layout_for(self, *inputs: TensorType) -> Layout:
        """As the weight lies; with slopes for the channels only, whatever comes."""
        (x,) = inputs
        if len(self.weights(x)["weight"].shape) == 1:
            return "any"
        return "channels_first" if x.rank > 3 else "channels_last"

    def flops(self, *inputs: TensorType) -> Size:
        return 2 * inputs[0].elements

    samples = (
        Sample({}, ("float32[N, 7]",), ("float32[N, 7]",), 7),
        Sample({}, ("float32[N, 3, 5, 4]",), ("float32[N, 3, 5, 4]",), 60),
        Sample({}, ("float32[2, 5, 4]",), ("float32[2, 5, 4]",), 20),
        Sample({}, ("float32[2, 2, 3, 2, 4]",), ("float32[2, 2, 3, 2, 4]",), 48),
        Sample({"shared_axes": (1, 2)}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), 4),
        Sample({"shared_axes": 1}, ("float32[N, T, 4]",), ("float32[N, T, 4]",), 4),
        Sample({"shared_axes": 2}, ("float32[N, 3, w, 4]",), ("float32[N, 3, w, 4]",), 12),
        Sample({"shared_axes": (-1, 2)}, ("float32[N, 3, w, C]",), ("float32[N, 3, w, C]",), 3),
        Sample({"shared_axes": (1, 2, 3)}, ("float32[N, h, w, C]",), ("float32[N, h, w, C]",), 1),
        Sample({"shared_axes": 1}, ("float32[N, C]",), ("float32[N, C]",), 1),
        Sample(
            {
                "shared_axes": (1, 2),
                "alpha_initializer": {"constant": {"value": 0.25}},
                "alpha_regularizer": {"l2": 0.01},
                "alpha_constraint": {"max_norm": {"max_value": 0.5, "axis": -1}},
            },
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
            4,
        ),
    )


def _slopes(x: TensorType, axis: int) -> int:
    """The number of slopes along an axis that has its own; refuse a symbol."""
    size = x.shape[axis]
    if isinstance(size, int):
        return size
    name = f" ({x.axis_name(axis)})" if x.axis_name(axis) else ""
    raise Fault(
        "unknown-size",
        f"slopes that differ along axis {axis}{name} need its size as a number, and it is `{size}`",
        input=0,
        help=f"declare the size as a number, or add {axis} to `shared_axes`",
    )


def _canonical(shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape of the weight in PyTorch, from Keras's, and which of its axes Keras's axes are."""
    *places, channels = shape
    if all(size == 1 for size in places):
        return (channels,), (0,) * len(shape)
    if len(places) == 1:
        return shape, (0, 1)
    return (channels, *places), (*range(1, len(shape)), 0)


class Softmax(Layer):
    """`exp(x) / Σ exp(x)`, the sum running over `axis`.

    A second input of booleans, aligned with `x` at the last axis, says what takes part: elsewhere
    the result is 0, and it is 0 everywhere if nothing does.
    Source: `keras.layers.Softmax`.
    """

    primary = "axis"
    arity = (1, 2)
    layout = "any"

    axis: Axes = Field(
        -1, description="The axis or axes that sum to one, counted with the batch axis, which is 0."
    )

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes of `x` that sum to one, counted from the front, in order."""
        return feature_axes(self.axis, x.rank)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        x, *masks = inputs
        require_float(x)
        self.axes(x)
        for mask in masks:
            _require_mask(x, mask)
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        return 3 * inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample({}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",)),
        Sample({"axis": 1}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample({"axis": (1, -2)}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample({}, ("float32[N, 7]", "bool[N, 7]"), ("float32[N, 7]",)),
        Sample({}, ("float32[N, 4, T, 6]", "bool[N, 1, T, 6]"), ("float32[N, 4, T, 6]",)),
        Sample({"axis": 2}, ("float32[2, 3, 5, 4]", "bool[3, 1, 4]"), ("float32[2, 3, 5, 4]",)),
        Sample({"axis": (1, 2)}, ("float32[N, h, w, 4]", "bool[w, 4]"), ("float32[N, h, w, 4]",)),
    )


def _require_mask(x: TensorType, mask: TensorType) -> None:
    """Refuse a mask that is not of booleans, or does not broadcast to `x`."""
    if mask.dtype != "bool":
        raise Fault(
            "dtype-mismatch",
            f"expected a mask of bool, received {mask.dtype}",
            input=1,
            help="declare the input as bool; true is what takes part",
        )
    if mask.rank > x.rank:
        raise Fault(
            "rank-mismatch",
            f"expected a mask of at most {x.rank} axes, received {mask.rank}: "
            f"{shape_text(mask.shape)}",
            input=1,
            help="insert Reshape before it",
        )
    aligned = mask.with_shape((*(1,) * (x.rank - mask.rank), *mask.shape))
    for axis, size in enumerate(aligned.shape):
        if size != 1:
            help = "a mask has the size of the input, or 1, along each axis, from the last"
            require_equal_axis(x, aligned, axis, "the mask does not fit", input=1, help=help)
