"""Layers that make training harder so that the network generalizes; the identity at inference."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from specc.layer import Fault, Layer, Sample
from specc.shapes import NonNegative, Positive, require_float
from specc.tensor import TensorType, shape_text


class Dropout(Layer):
    """In training, each element is 0 with probability `rate`, and else divided by `1 − rate`.

    The identity at inference.
    Source: `keras.layers.Dropout`.
    """

    primary = "rate"
    layout = "any"

    rate: Annotated[float, Field(ge=0, le=1)] = Field(
        description="The fraction of the elements to drop, from 0 to 1."
    )
    noise_shape: tuple[Positive | None, ...] | None = Field(
        None,
        description=(
            "The shape of the mask, batch included: along an axis of 1 all elements are dropped or "
            "kept together; null is the input's own size."
        ),
    )
    seed: NonNegative | None = Field(None, description="Seed of the mask; random if absent.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        self._check_noise(x)
        return (x,)

    def _check_noise(self, x: TensorType) -> None:
        if self.noise_shape is None:
            return
        if len(self.noise_shape) != x.rank:
            raise Fault(
                "invalid-parameter",
                f"expected {x.rank} sizes, one for each axis of {shape_text(x.shape)}, "
                f"received {len(self.noise_shape)}",
                parameter="noise_shape",
                help="write 1 to drop along an axis together, null for the input's own size",
            )
        for axis, (noise, size) in enumerate(zip(self.noise_shape, x.shape, strict=True)):
            if noise not in (None, 1, size):
                raise Fault(
                    "invalid-parameter",
                    f"expected null, 1 or {size} for axis {axis}, received {noise}",
                    parameter="noise_shape",
                    help="write 1 to drop along an axis together, null for the input's own size",
                )

    samples = (
        Sample({"rate": 0.5}, ("float32[2, 7]",), ("float32[2, 7]",), training=False),
        Sample({"rate": 0}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample(
            {"rate": 0.2, "seed": 1},
            ("float32[N, h, w, 4]",),
            ("float32[N, h, w, 4]",),
            training=False,
        ),
        Sample(
            {"rate": 0.3, "noise_shape": (None, 1, 1, 4)},
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
            training=False,
        ),
    )
