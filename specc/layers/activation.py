"""Activations that take parameters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from specc.dims import Size
from specc.layer import Layer, Sample
from specc.shapes import Axes, feature_axes, require_float
from specc.tensor import TensorType

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


class Softmax(Layer):
    """`exp(x) / Σ exp(x)`, the sum running over `axis`.

    Source: `keras.layers.Softmax`.
    """

    primary = "axis"
    layout = "any"

    axis: Axes = Field(
        -1, description="The axis or axes that sum to one, counted with the batch axis, which is 0."
    )

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes of `x` that sum to one, counted from the front, in order."""
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
        Sample({"axis": 1}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample({"axis": (1, -2)}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
    )
