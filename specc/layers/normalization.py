"""Normalizations: over a batch, over one item, over neighbouring channels, over a neighbourhood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from specc.dims import Size
from specc.initializers import InitializerField, Ones, Zeros
from specc.layer import Layer, Layout, Sample, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    Axes,
    Odd,
    feature_axes,
    require_constant,
    require_float,
    require_rank,
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
        """Channels first where the last axis is normalized: the operators take axis 1."""
        (x,) = inputs
        last = self.axes(x) == (x.rank - 1,)
        return "channels_first" if last and x.rank > 2 else "channels_last"

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
            },
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
            16,
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
            },
            ("float32[2, 3, 4]",),
            ("float32[2, 3, 4]",),
            8,
        ),
    )


def _affine_weights(
    layer: BatchNormalization | LayerNormalization, shape: tuple[int, ...]
) -> dict[str, WeightDecl]:
    """The learnt scale and shift, as far as the layer has them."""
    weights: dict[str, WeightDecl] = {}
    if layer.scale:
        weights["weight"] = WeightDecl.as_in_keras(
            shape, layer.gamma_initializer, layer.gamma_regularizer
        )
    if layer.center:
        weights["bias"] = WeightDecl.as_in_keras(
            shape, layer.beta_initializer, layer.beta_regularizer
        )
    return weights


def _sizes(x: TensorType, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of `axes`, which weights need to be constants."""
    return tuple(require_constant(x.shape[axis], _axis_text(x, axis)) for axis in axes)


def _axis_text(x: TensorType, axis: int) -> str:
    return f"the {x.axis_name(axis)}" if x.axis_name(axis) else f"axis {axis}"


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
        require_rank(x, 4, "[N, H, W, C]")
        require_float(x)
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
        require_rank(x, 4, "[N, H, W, C]")
        require_float(x)
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
