"""Normalizations: over a batch, an item, groups, neighbours, by known numbers; a learnt scale."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specc.constraints import ConstraintField
from specc.dims import Size
from specc.initializers import Constant, InitializerField, Ones, Zeros
from specc.layer import Fault, Layer, Layout, Sample, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    Axes,
    Odd,
    Positive,
    as_float,
    feature_axes,
    require_constant,
    require_float,
    require_min_rank,
    require_spatial,
)
from specc.tensor import TensorType

Epsilon = Annotated[
    float, Field(gt=0, description="Added to the variance, which keeps it from zero.")
]
Center = Annotated[bool, Field(description="Whether a learnt shift (beta) is added.")]
Scale = Annotated[bool, Field(description="Whether it is multiplied by a learnt scale (gamma).")]
ShiftInitializer = Annotated[InitializerField, Field(description="Start of the shift.")]
ScaleInitializer = Annotated[InitializerField, Field(description="Start of the scale.")]
ShiftRegularizer = Annotated[RegularizerField, Field(description="Penalty on the shift.")]
ScaleRegularizer = Annotated[RegularizerField, Field(description="Penalty on the scale.")]
ShiftConstraint = Annotated[ConstraintField, Field(description="What the shift is kept to.")]
ScaleConstraint = Annotated[ConstraintField, Field(description="What the scale is kept to.")]


class BatchNormalization(Layer):
    """`(x − mean) / √(variance + epsilon) · gamma + beta`, for each place along `axis`.

    In training, mean and (biased) variance are those of the batch, and the running ones move:
    `running = momentum · running + (1 − momentum) · batch`. At inference they are the running ones.
    Weights, all of shape (C,): `weight` (gamma), `bias` (beta), `running_mean`, `running_var`.
    Source: `keras.layers.BatchNormalization` (Ioffe and Szegedy, 2015).
    """

    axis: int = Field(
        -1, description="The axis to normalize along, counted with the batch axis, which is 0."
    )
    momentum: Annotated[float, Field(ge=0, le=1)] = Field(
        0.99, description="How much of the running values stays at each step, from 0 to 1."
    )
    epsilon: Epsilon = 1e-3
    center: Center = True
    scale: Scale = True
    beta_initializer: ShiftInitializer = Zeros()
    gamma_initializer: ScaleInitializer = Ones()
    moving_mean_initializer: InitializerField = Field(
        Zeros(), description="Start of the running mean."
    )
    moving_variance_initializer: InitializerField = Field(
        Ones(), description="Start of the running variance."
    )
    beta_regularizer: ShiftRegularizer = None
    gamma_regularizer: ScaleRegularizer = None
    beta_constraint: ShiftConstraint = None
    gamma_constraint: ScaleConstraint = None

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The one axis of `x` that is normalized along, counted from the front."""
        return feature_axes(self.axis, x.rank)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        _sizes(x, self.axes(x))
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        (x,) = inputs
        shape = _sizes(x, self.axes(x))
        mean, variance = self.moving_mean_initializer, self.moving_variance_initializer
        return {
            **_affine_weights(self, shape),
            "running_mean": WeightDecl.as_in_keras(shape, mean, trainable=False),
            "running_var": WeightDecl.as_in_keras(shape, variance, trainable=False),
        }

    def layout_for(self, *inputs: TensorType) -> Layout:
        (x,) = inputs
        return _layout_along(self.axes(x), x)

    def flops(self, *inputs: TensorType) -> Size:
        return 2 * inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 16),
        Sample({}, ("float32[8, 3]",), ("float32[8, 3]",), 12),
        Sample({}, ("float32[2, 5, 3]",), ("float32[2, 5, 3]",), 12),
        Sample({}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), 16),
        Sample({"axis": 1}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 12),
        Sample({"axis": -2}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 20),
        Sample({"momentum": 0.9, "epsilon": 1e-5}, ("float32[8, 3]",), ("float32[8, 3]",), 12),
        Sample({"center": False}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 12),
        Sample({"scale": False}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 12),
        Sample({"center": False, "scale": False}, ("float32[8, 3]",), ("float32[8, 3]",), 6),
        Sample(
            {
                "beta_initializer": {"random_normal": {"stddev": 0.1}},
                "gamma_initializer": {"random_uniform": {"minval": 0.5, "maxval": 1.5}},
                "moving_mean_initializer": {"constant": {"value": 0.1}},
                "moving_variance_initializer": {"constant": {"value": 2.0}},
                "beta_regularizer": {"l2": 0.01},
                "gamma_regularizer": {"l1": 0.01},
                "beta_constraint": {"max_norm": 0.5},
                "gamma_constraint": "non_neg",
            },
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
            16,
        ),
    )


class GroupNormalization(Layer):
    """`(x − mean) / √(variance + epsilon) · gamma + beta`, for each item and group of places.

    The places along `axis` are cut into `groups` of neighbours. Mean and (biased) variance run over
    a group and all other axes but the batch. One group normalizes an item as a whole; a group for
    each place, which is -1, is instance normalization.
    Weights, both of shape (C,): `weight` (gamma) and `bias` (beta).
    Source: `keras.layers.GroupNormalization` (Wu and He, 2018).
    """

    primary = "groups"

    groups: Positive | Literal[-1] = Field(
        32, description="The number of groups, a divisor of the size of `axis`; -1 is that size."
    )
    axis: int = Field(
        -1, description="The axis that is cut, counted with the batch axis, which is 0."
    )
    epsilon: Epsilon = 1e-3
    center: Center = True
    scale: Scale = True
    beta_initializer: ShiftInitializer = Zeros()
    gamma_initializer: ScaleInitializer = Ones()
    beta_regularizer: ShiftRegularizer = None
    gamma_regularizer: ScaleRegularizer = None
    beta_constraint: ShiftConstraint = None
    gamma_constraint: ScaleConstraint = None

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The one axis of `x` that is cut into groups, counted from the front."""
        return feature_axes(self.axis, x.rank)

    def group_count(self, x: TensorType) -> int:
        """The number of groups; raises `Fault` if they cannot be of one size."""
        (axis,) = self.axes(x)
        (size,) = _sizes(x, (axis,))
        groups = size if self.groups == -1 else self.groups
        if size % groups == 0:
            return groups
        raise Fault(
            "not-divisible",
            f"{_axis_text(x, axis)} of {size} cannot be divided into {groups} groups",
            parameter="groups",
            help=f"use a divisor of {size}; -1 makes a group of each",
        )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        self.group_count(x)
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        (x,) = inputs
        return _affine_weights(self, _sizes(x, self.axes(x)))

    def layout_for(self, *inputs: TensorType) -> Layout:
        (x,) = inputs
        return _layout_along(self.axes(x), x)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements * (5 + self.scale + self.center)

    samples = (
        Sample({"groups": 2}, ("float32[2, 3, 5, 6]",), ("float32[2, 3, 5, 6]",), 12),
        Sample({}, ("float32[2, 5, 32]",), ("float32[2, 5, 32]",), 64),
        Sample({"groups": 3}, ("float32[2, 12]",), ("float32[2, 12]",), 24),
        Sample({"groups": 2}, ("float32[N, T, 4]",), ("float32[N, T, 4]",), 8),
        Sample({"groups": 2}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), 8),
        Sample({"groups": 2}, ("float32[N, 2, h, 3, 4]",), ("float32[N, 2, h, 3, 4]",), 8),
        Sample({"groups": 1}, ("float32[N, 4, w, 3]",), ("float32[N, 4, w, 3]",), 6),
        Sample({"groups": -1}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), 8),
        Sample({"groups": 3, "axis": 2}, ("float32[2, 3, 6, 4]",), ("float32[2, 3, 6, 4]",), 12),
        Sample({"groups": 2, "axis": -3}, ("float32[N, 4, w, 3]",), ("float32[N, 4, w, 3]",), 8),
        Sample(
            {"groups": 2, "epsilon": 1e-5, "center": False},
            ("float32[2, 3, 4]",),
            ("float32[2, 3, 4]",),
            4,
        ),
        Sample({"groups": -1, "scale": False}, ("float32[2, 3, 4]",), ("float32[2, 3, 4]",), 4),
        Sample(
            {"groups": 2, "center": False, "scale": False},
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
        ),
        Sample(
            {
                "groups": 2,
                "beta_initializer": {"random_normal": {"stddev": 0.1}},
                "gamma_initializer": {"random_uniform": {"minval": 0.5, "maxval": 1.5}},
                "beta_regularizer": {"l1": 0.01},
                "gamma_regularizer": {"l2": 0.01},
                "beta_constraint": {"max_norm": 0.5},
                "gamma_constraint": "non_neg",
            },
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
            8,
        ),
    )


class InstanceNormalization(Layer):
    """`(x − mean) / √(variance + epsilon) · gamma + beta`, for each item and channel.

    Mean and (biased) variance run over all axes between the batch and the channels. It is
    `GroupNormalization` with a group for each channel, and with ONNX's epsilon.
    Weights, both of shape (C,): `weight` (gamma) and `bias` (beta).
    Source: the ONNX operator `InstanceNormalization` (Ulyanov et al., 2016).
    """

    layout = "channels_first"

    epsilon: Epsilon = 1e-5
    center: Center = True
    scale: Scale = True
    beta_initializer: ShiftInitializer = Zeros()
    gamma_initializer: ScaleInitializer = Ones()
    beta_regularizer: ShiftRegularizer = None
    gamma_regularizer: ScaleRegularizer = None
    beta_constraint: ShiftConstraint = None
    gamma_constraint: ScaleConstraint = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 3, "[N, …, C]")
        require_float(x)
        self.weights(x)
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        (x,) = inputs
        return _affine_weights(self, _sizes(x, (x.rank - 1,)))

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements * (5 + self.scale + self.center)

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 8),
        Sample({}, ("float32[N, T, 4]",), ("float32[N, T, 4]",), 8),
        Sample({}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), 8),
        Sample({}, ("float32[N, 2, h, 3, 4]",), ("float32[N, 2, h, 3, 4]",), 8),
        Sample({}, ("float32[2, 2, 3, 2, 3, 4]",), ("float32[2, 2, 3, 2, 3, 4]",), 8),
        Sample({"epsilon": 1e-3, "center": False}, ("float32[2, 5, 3]",), ("float32[2, 5, 3]",), 3),
        Sample({"scale": False}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 4),
        Sample(
            {"center": False, "scale": False}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)
        ),
        Sample(
            {
                "beta_initializer": {"random_normal": {"stddev": 0.1}},
                "gamma_initializer": {"random_uniform": {"minval": 0.5, "maxval": 1.5}},
                "beta_regularizer": {"l1": 0.01},
                "gamma_regularizer": {"l2": 0.01},
                "beta_constraint": {"max_norm": 0.5},
                "gamma_constraint": "non_neg",
            },
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
            8,
        ),
    )


class LayerNormalization(Layer):
    """`(x − mean) / √(variance + epsilon) · gamma + beta`, for each item of the batch.

    Mean and (biased) variance run over `axis`, and so do the weights.
    Weights: `weight` (gamma) and `bias` (beta), of the sizes of `axis`, in the order of the axes.
    Source: `keras.layers.LayerNormalization` (Ba et al., 2016).
    """

    axis: Axes = Field(
        -1, description="The axis or axes to average over, counted with the batch axis, which is 0."
    )
    epsilon: Epsilon = 1e-3
    center: Center = True
    scale: Scale = True
    beta_initializer: ShiftInitializer = Zeros()
    gamma_initializer: ScaleInitializer = Ones()
    beta_regularizer: ShiftRegularizer = None
    gamma_regularizer: ScaleRegularizer = None
    beta_constraint: ShiftConstraint = None
    gamma_constraint: ScaleConstraint = None

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes of `x` that are averaged over, counted from the front, in order."""
        return feature_axes(self.axis, x.rank)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        self.axes(x)  # checked even where no weight needs them
        self.weights(x)
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        if not (self.scale or self.center):
            return {}  # the sizes may be unknown
        (x,) = inputs
        return _affine_weights(self, _sizes(x, self.axes(x)))

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements * (5 + self.scale + self.center)

    samples = (
        Sample({}, ("float32[2, 5]",), ("float32[2, 5]",), 10),
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 8),
        Sample({}, ("float32[N, T, 4]",), ("float32[N, T, 4]",), 8),
        Sample({"axis": 1}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 6),
        Sample({"axis": (-1, 1)}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 24),
        Sample({"axis": (1, 2, 3)}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 120),
        Sample({"epsilon": 1e-5, "center": False}, ("float32[2, 5]",), ("float32[2, 5]",), 5),
        Sample({"scale": False}, ("float32[2, 5]",), ("float32[2, 5]",), 5),
        Sample(
            {"axis": (1, 2), "center": False, "scale": False},
            ("float32[N, h, w, 4]",),
            ("float32[N, h, w, 4]",),
        ),
        Sample(
            {
                "beta_initializer": {"random_normal": {"stddev": 0.1}},
                "gamma_initializer": {"random_uniform": {"minval": 0.5, "maxval": 1.5}},
                "beta_regularizer": {"l1": 0.01},
                "gamma_regularizer": {"l2": 0.01},
                "beta_constraint": {"max_norm": 0.5},
                "gamma_constraint": "non_neg",
            },
            ("float32[2, 3, 4]",),
            ("float32[2, 3, 4]",),
            8,
        ),
    )


Affine = BatchNormalization | GroupNormalization | InstanceNormalization | LayerNormalization
"""Normalizations that may have a learnt scale and shift."""


def _affine_weights(layer: Affine, shape: tuple[int, ...]) -> dict[str, WeightDecl]:
    """The learnt scale and shift, as far as the layer has them."""
    weights: dict[str, WeightDecl] = {}
    if layer.scale:
        weights["weight"] = layer.declare("gamma", shape)
    if layer.center:
        weights["bias"] = layer.declare("beta", shape)
    return weights


def _sizes(x: TensorType, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of `axes`, which weights need to be constants."""
    return tuple(require_constant(x.shape[axis], _axis_text(x, axis)) for axis in axes)


def _axis_text(x: TensorType, axis: int) -> str:
    return f"the {x.axis_name(axis)}" if x.axis_name(axis) else f"axis {axis}"


def _layout_along(axes: tuple[int, ...], x: TensorType) -> Layout:
    """Channels first where the one axis is the last: the operators work along axis 1."""
    return "channels_first" if axes == (x.rank - 1,) and x.rank > 2 else "channels_last"


class RMSNormalization(Layer):
    """`x / √(mean(x²) + epsilon) · gamma`, for each item of the batch.

    The mean runs over `axis`, and so does the weight, whatever the axes are: in Keras it fits only
    the last ones.
    Weights: `weight` (gamma), of the sizes of `axis`, in the order of the axes.
    Source: `keras.layers.RMSNormalization` (Zhang and Sennrich, 2019).
    """

    axis: Axes = Field(
        -1, description="The axis or axes to average over, counted with the batch axis, which is 0."
    )
    epsilon: Annotated[
        float, Field(gt=0, description="Added to the mean square, which keeps it from zero.")
    ] = 1e-6

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes of `x` that are averaged over, counted from the front, in order."""
        return feature_axes(self.axis, x.rank)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        self.weights(x)
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        (x,) = inputs
        return {"weight": WeightDecl.as_in_keras(_sizes(x, self.axes(x)), Ones())}

    def flops(self, *inputs: TensorType) -> Size:
        return 4 * inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 5]",), ("float32[2, 5]",), 5),
        Sample({}, ("float32[N, T, 4]",), ("float32[N, T, 4]",), 4),
        Sample({}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), 4),
        Sample({"epsilon": 0.01}, ("float32[2, 5]",), ("float32[2, 5]",), 5),
        Sample({"axis": 1}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 3),
        Sample({"axis": (-1, 1)}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 12),
        Sample({"axis": (2, -1)}, ("float32[N, h, 5, 4]",), ("float32[N, h, 5, 4]",), 20),
    )


class UnitNormalization(Layer):
    """`x / max(‖x‖, 1e-12)`, where ‖x‖ is the root of the sum of squares over `axis`.

    Source: `keras.layers.UnitNormalization`.
    """

    layout = "any"

    axis: Axes = Field(
        -1, description="The axis or axes of the norm, counted with the batch axis, which is 0."
    )

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes of `x` that the norm runs over, counted from the front, in order."""
        return feature_axes(self.axis, x.rank)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        self.axes(x)
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        return 3 * inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample({}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",)),
        Sample({"axis": 1}, ("float32[N, T, 4]",), ("float32[N, T, 4]",)),
        Sample({"axis": (-1, 1)}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
    )


_Row = Annotated[tuple[float, ...], Field(min_length=1)]
_Table = Annotated[tuple[_Row, ...], Field(min_length=1)]
Numbers = float | _Row | _Table | Annotated[tuple[_Table, ...], Field(min_length=1)]
"""One number, or a nested list of up to three axes."""


def numbers_shape(numbers: Numbers) -> tuple[int, ...]:
    """The sizes of a nested list. Raises `ValueError` if its lists differ in length."""
    if not isinstance(numbers, tuple):
        return ()
    shapes = {numbers_shape(each) for each in numbers}
    if len(shapes) > 1:
        raise ValueError("expected lists of one length")
    return (len(numbers), *shapes.pop())


def _rectangular(numbers: Numbers) -> Numbers:
    numbers_shape(numbers)
    return numbers


def _no_negative(numbers: Numbers) -> Numbers:
    """Refuse a variance below zero, wherever it stands."""
    if isinstance(numbers, tuple):
        for each in numbers:
            _no_negative(each)
    elif numbers < 0:
        raise ValueError(f"expected no negative variance, received {numbers}")
    return numbers


class Normalization(Layer):
    """`(x − mean) / max(√variance, 1e-7)`, with numbers known beforehand; integers become float32.

    A spec holds no data to adapt to: `mean` and `variance` are required. They are one number for
    all, or one for each place along `axis`; for several axes, nested lists, which broadcast to the
    sizes of these axes, aligned at the last.
    Source: `keras.layers.Normalization`.
    """

    axis: Axes | None = Field(
        -1,
        description=(
            "The axis or axes with numbers of their own for each place, counted with the batch "
            "axis, which is 0; null has one number for all."
        ),
    )
    mean: Annotated[Numbers, AfterValidator(_rectangular)] = Field(description="Taken from x.")
    variance: Annotated[Numbers, AfterValidator(_rectangular), AfterValidator(_no_negative)] = (
        Field(description="Its root divides what is left; of the same shape as `mean`.")
    )
    invert: bool = Field(
        False, description="Whether the layer does the opposite: `mean + √variance · x`."
    )

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes of `x` with numbers of their own, counted from the front, in order."""
        return () if self.axis is None else feature_axes(self.axis, x.rank)

    def shape(self, x: TensorType) -> tuple[int, ...]:
        """The numbers' sizes, one for each axis of `x`."""
        sizes = dict(zip(reversed(self.axes(x)), reversed(numbers_shape(self.mean)), strict=False))
        return tuple(sizes.get(axis, 1) for axis in range(x.rank))

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        axes, sizes = self.axes(x), numbers_shape(self.mean)
        if numbers_shape(self.variance) != sizes:
            raise Fault(
                "invalid-parameter",
                f"expected as many numbers as in mean, which is of shape {list(sizes)}, "
                f"received shape {list(numbers_shape(self.variance))}",
                parameter="variance",
                help="write one number for both, or a list of one length for each",
            )
        if len(sizes) > len(axes):
            raise Fault(
                "invalid-parameter",
                f"expected numbers for {len(axes)} axes, received shape {list(sizes)}",
                parameter="mean",
                help="name in `axis` the axes with numbers of their own",
            )
        for axis, size in zip(reversed(axes), reversed(sizes), strict=False):
            _require_numbers(x, axis, size)
        return (as_float(x),)

    def layout_for(self, *inputs: TensorType) -> Layout:
        """Whatever comes, unless there are numbers for several axes, which have an order."""
        return "any" if len(numbers_shape(self.mean)) < 2 else "channels_last"

    def flops(self, *inputs: TensorType) -> Size:
        return 2 * inputs[0].elements

    samples = (
        Sample({"mean": 0.5, "variance": 0.25}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample(
            {"mean": (1.0, -2, 0.5), "variance": (4.0, 0.5, 0)},
            ("float32[2, 3, 5, 3]",),
            ("float32[2, 3, 5, 3]",),
        ),
        Sample(
            {"mean": (0.1, 0.2, 0.3), "variance": (0.5, 0.6, 0.7), "invert": True},
            ("float32[N, h, w, 3]",),
            ("float32[N, h, w, 3]",),
        ),
        Sample(
            {"axis": None, "mean": 4, "variance": 9.0}, ("uint8[N, h, C]",), ("float32[N, h, C]",)
        ),
        Sample(
            {"mean": 4.0, "variance": 9.0, "invert": True}, ("float32[N, C]",), ("float32[N, C]",)
        ),
        Sample(
            {"axis": 1, "mean": (0.1, 0.2, 0.3), "variance": (4, 5, 6)},
            ("int32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
        ),
        Sample(
            {
                "axis": (-1, 1),
                "mean": ((0.1, 0.2), (0.3, 0.4), (0.5, 0.6)),
                "variance": ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0)),
            },
            ("float32[N, 3, w, 2]",),
            ("float32[N, 3, w, 2]",),
        ),
        Sample(
            {"axis": (1, 2, 3), "mean": (((0.1,), (0.2,)),), "variance": (((1.0,), (2.0,)),)},
            ("float32[N, 3, 2, 4]",),
            ("float32[N, 3, 2, 4]",),
        ),
    )


def _require_numbers(x: TensorType, axis: int, size: int) -> None:
    """Refuse `size` numbers along an axis of another size; one number serves all places."""
    place = _axis_text(x, axis)
    if size in (1, require_constant(x.shape[axis], place)):
        return
    raise Fault(
        "invalid-parameter",
        f"expected {x.shape[axis]} numbers for {place}, received {size}",
        parameter="mean",
        help="write one number if all places share it",
    )


def deviation(variance: float) -> float:
    """What `Normalization` divides by: the root of the variance, at least Keras's epsilon."""
    return max(sqrt(variance), 1e-7)


class LayerScale(Layer):
    """`x · gamma`, with a learnt factor for each channel.

    At the end of a residual branch, small factors begin near the identity.
    Weights: `weight` (gamma), of shape (C,).
    Source: Touvron et al. (2021).
    """

    primary = "init_values"
    layout = "any"

    init_values: float = Field(1e-5, description="Start of all factors.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 2, "[N, …, C]")
        require_float(x)
        self.weights(x)
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        (x,) = inputs
        shape = _sizes(x, (x.rank - 1,))
        return {"weight": WeightDecl.as_in_keras(shape, Constant(value=self.init_values))}

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",), 4),
        Sample({"init_values": 0.1}, ("float32[N, T, 4]",), ("float32[N, T, 4]",), 4),
        Sample({"init_values": 1}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), 4),
        Sample({}, ("float32[N, 7]",), ("float32[N, 7]",), 7),
    )


class LocalResponseNormalization(Layer):
    """Each channel c of an image `[N, H, W, C]`, divided by the strength of its neighbours.

    `y[c] = x[c] / (bias + alpha / size · Σ x[i]²) ^ beta`, the sum running over the channels i from
    c − (size − 1) / 2 to c + (size − 1) / 2 that exist. `alpha` is divided by `size`, at the edges
    too. An even `size` is refused: PyTorch and ONNX disagree on which side has one neighbour more.
    Source: the ONNX operator `LRN` (Krizhevsky et al., 2012).
    """

    primary = "size"
    layout = "channels_first"

    size: Odd = Field(description="The number of channels in the sum; odd.")
    alpha: Annotated[float, Field(ge=0)] = Field(1e-4, description="Factor of the mean square.")
    beta: Annotated[float, Field(ge=0)] = Field(0.75, description="Exponent of the divisor.")
    bias: Annotated[float, Field(gt=0)] = Field(1.0, description="Added to the mean square.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_spatial(x, 2)
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements * (self.size + 4)

    samples = (
        Sample({"size": 5}, ("float32[2, 3, 5, 7]",), ("float32[2, 3, 5, 7]",)),
        Sample({"size": 9}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample(
            {"size": 3, "alpha": 0.5, "beta": 0.6, "bias": 2.0},
            ("float32[2, 3, 5, 7]",),
            ("float32[2, 3, 5, 7]",),
        ),
        Sample({"size": 1}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",)),
    )


class LocalContrastNormalization(Layer):
    """An image `[N, H, W, C]` less its local mean, divided by its local standard deviation.

    With M(z)[n, i, j] the mean of z[n, i + p, j + q, c] over all channels c and over the offsets
    p, q from −(size − 1) / 2 to (size − 1) / 2 whose cells exist (at the edges over fewer cells):

        d = x − M(x)
        y = d / √(M(d²) + epsilon)

    Source: Jarrett et al. (2009), with a flat window for their Gaussian one, and with epsilon under
    the root for their lower bound on the deviation, so that the gradient is finite everywhere.
    """

    primary = "size"
    layout = "channels_first"

    size: Odd = Field(9, description="Height and width of the window, in cells; odd.")
    epsilon: Epsilon = 1e-4

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_spatial(x, 2)
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        """Two means over the window, then subtract, square, add, root and divide."""
        return inputs[0].elements * (2 * self.size**2 + 5)

    samples = (
        Sample({}, ("float32[2, 12, 11, 3]",), ("float32[2, 12, 11, 3]",)),
        Sample({"size": 3, "epsilon": 0.01}, ("float32[2, 5, 7, 1]",), ("float32[2, 5, 7, 1]",)),
        Sample({"size": 7}, ("float32[2, 4, 5, 3]",), ("float32[2, 4, 5, 3]",)),
        Sample({"size": 5}, ("float32[N, h, w, 3]",), ("float32[N, h, w, 3]",)),
    )
