"""Layers that make training harder so that the network generalizes; the identity at inference."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from specc.layer import Fault, Layer, Sample
from specc.shapes import NonNegative, Positive, require_float, require_min_rank, require_spatial
from specc.tensor import TensorType, shape_text

Rate = Annotated[
    float, Field(ge=0, le=1, description="The fraction of the elements to drop, from 0 to 1.")
]
RateBelowOne = Annotated[
    float, Field(ge=0, lt=1, description="The fraction of the elements to drop, from 0 to below 1.")
]
NoiseShape = Annotated[
    tuple[Positive | None, ...] | None,
    Field(
        description=(
            "The shape of the mask, batch included: along an axis of 1 all elements are dropped or "
            "kept together; null is the input's own size."
        )
    ),
]
Seed = Annotated[NonNegative | None, Field(description="Seed of what is drawn; random if absent.")]


def _check_noise(x: TensorType, noise_shape: tuple[int | None, ...] | None) -> None:
    """Refuse a shape of the mask that does not broadcast to `x`."""
    if noise_shape is None:
        return
    help = "write 1 to drop along an axis together, null for the input's own size"
    if len(noise_shape) != x.rank:
        raise Fault(
            "invalid-parameter",
            f"expected {x.rank} sizes, one for each axis of {shape_text(x.shape)}, "
            f"received {len(noise_shape)}",
            parameter="noise_shape",
            help=help,
        )
    for axis, (noise, size) in enumerate(zip(noise_shape, x.shape, strict=True)):
        if noise not in (None, 1, size):
            raise Fault(
                "invalid-parameter",
                f"expected null, 1 or {size} for axis {axis}, received {noise}",
                parameter="noise_shape",
                help=help,
            )


class Dropout(Layer):
    """In training, each element is 0 with probability `rate`, and else divided by `1 − rate`.

    The identity at inference.
    Source: `keras.layers.Dropout`.
    """

    primary = "rate"
    layout = "any"

    rate: Rate
    noise_shape: NoiseShape = None
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        _check_noise(x, self.noise_shape)
        return (x,)

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


class _SpatialDropout(Layer):
    """What the dropouts of whole channels share.

    rank: the number of spatial axes.
    """

    primary = "rate"
    layout = "any"
    rank: ClassVar[int]

    rate: Rate
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_spatial(x, self.rank)
        return (x,)


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of a sequence `[N, T, C]`.

    In training, each channel of each item is 0 with probability `rate`, and else divided by
    `1 − rate`. The identity at inference.
    Source: `keras.layers.SpatialDropout1D` (Tompson et al., 2015).
    """

    rank = 1

    samples = (
        Sample({"rate": 0.5}, ("float32[N, T, 4]",), ("float32[N, T, 4]",), training=False),
        Sample({"rate": 0}, ("float32[2, 5, 3]",), ("float32[2, 5, 3]",)),
        Sample(
            {"rate": 0.2, "seed": 1}, ("float32[2, 5, 3]",), ("float32[2, 5, 3]",), training=False
        ),
    )


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of an image `[N, H, W, C]`.

    In training, each channel of each item is 0 with probability `rate`, and else divided by
    `1 − rate`. The identity at inference.
    Source: `keras.layers.SpatialDropout2D` (Tompson et al., 2015).
    """

    rank = 2

    samples = (
        Sample({"rate": 0.5}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), training=False),
        Sample({"rate": 0}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample(
            {"rate": 0.2, "seed": 1},
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
            training=False,
        ),
    )


class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of a volume `[N, D, H, W, C]`.

    In training, each channel of each item is 0 with probability `rate`, and else divided by
    `1 − rate`. The identity at inference.
    Source: `keras.layers.SpatialDropout3D` (Tompson et al., 2015).
    """

    rank = 3

    samples = (
        Sample(
            {"rate": 0.5}, ("float32[N, 2, h, w, 4]",), ("float32[N, 2, h, w, 4]",), training=False
        ),
        Sample({"rate": 0}, ("float32[2, 2, 3, 5, 4]",), ("float32[2, 2, 3, 5, 4]",)),
        Sample(
            {"rate": 0.2, "seed": 1},
            ("float32[2, 2, 3, 5, 4]",),
            ("float32[2, 2, 3, 5, 4]",),
            training=False,
        ),
    )


class StochasticDepth(Layer):
    """Dropout of whole items of the batch: at the end of a residual branch, it drops the branch.

    In training, each item is 0 with probability `rate`, and else divided by `1 − rate`. The
    identity at inference. Also called drop path.
    Source: Huang et al. (2016), with the division of `torchvision.ops.StochasticDepth`.
    """

    primary = "rate"
    layout = "any"

    rate: Annotated[
        float, Field(ge=0, le=1, description="The fraction of the items to drop, from 0 to 1.")
    ]
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 1, "[N, …]")
        require_float(x)
        return (x,)

    samples = (
        Sample({"rate": 0.5}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), training=False),
        Sample({"rate": 0}, ("float32[2, 5, 4]",), ("float32[2, 5, 4]",)),
        Sample({"rate": 0.2, "seed": 1}, ("float32[N, 7]",), ("float32[N, 7]",), training=False),
    )


class AlphaDropout(Layer):
    """Dropout that keeps the mean 0 and the variance 1, after `selu`.

    In training, each element becomes `a · x + b`, where with probability `rate` the limit of selu,
    `s = -1.7580993408473766`, stands for x. With a = 1 / √((1 − rate) · (1 + rate · s²)) and
    b = −a · s · rate, mean and variance stay. The identity at inference.
    Source: `keras.layers.AlphaDropout` (Klambauer et al., 2017).
    """

    primary = "rate"
    layout = "any"

    rate: RateBelowOne
    noise_shape: NoiseShape = None
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        _check_noise(x, self.noise_shape)
        return (x,)

    samples = (
        Sample({"rate": 0.5}, ("float32[N, 7]",), ("float32[N, 7]",), training=False),
        Sample({"rate": 0}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample(
            {"rate": 0.3, "noise_shape": (None, 1, 1, 4)},
            ("float32[2, 3, 5, 4]",),
            ("float32[2, 3, 5, 4]",),
            training=False,
        ),
        Sample(
            {"rate": 0.3, "noise_shape": (None, 1, 4), "seed": 1},
            ("float32[2, 5, 4]",),
            ("float32[2, 5, 4]",),
            training=False,
        ),
    )


class GaussianDropout(Layer):
    """In training, each element is multiplied by a normal number of mean 1.

    Its variance is `rate / (1 − rate)`, as in dropout of that rate. The identity at inference.
    Source: `keras.layers.GaussianDropout` (Srivastava et al., 2014).
    """

    primary = "rate"
    layout = "any"

    rate: Annotated[
        float, Field(ge=0, lt=1, description="The rate of a dropout as strong, from 0 to below 1.")
    ]
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        return (x,)

    samples = (
        Sample({"rate": 0.5}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), training=False),
        Sample({"rate": 0}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample({"rate": 0.2, "seed": 1}, ("float32[2, 7]",), ("float32[2, 7]",), training=False),
    )


class GaussianNoise(Layer):
    """In training, a normal number of mean 0 is added to each element.

    The identity at inference.
    Source: `keras.layers.GaussianNoise`.
    """

    primary = "stddev"
    layout = "any"

    stddev: Annotated[float, Field(ge=0, le=1)] = Field(
        description="Standard deviation of what is added, from 0 to 1."
    )
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        return (x,)

    samples = (
        Sample({"stddev": 0.5}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",), training=False),
        Sample({"stddev": 0}, ("float32[2, 7]",), ("float32[2, 7]",)),
        Sample({"stddev": 0.2, "seed": 1}, ("float32[2, 7]",), ("float32[2, 7]",), training=False),
    )
