"""Poolings over whole sequences, images and volumes: one value for each channel."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specc.dims import Size
from specc.layer import Layer, Sample
from specc.shapes import require_spatial, require_step_mask
from specc.tensor import TensorType


class _GlobalPooling(Layer):
    """What the poolings over all spatial axes share.

    rank: the number of those axes.
    """

    layout = "channels_first"
    rank: ClassVar[int]

    keepdims: bool = Field(False, description="Whether the spatial axes stay, with size 1.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        x = inputs[0]
        require_spatial(x, self.rank)
        spatial = (1,) * self.rank if self.keepdims else ()
        return (x.with_shape((x.shape[0], *spatial, x.channels)),)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements


SEQUENCES = (
    Sample({}, ("float32[2, 5, 3]",), ("float32[2, 3]",)),
    Sample({"keepdims": True}, ("float32[2, 5, 3]",), ("float32[2, 1, 3]",)),
    Sample({}, ("float32[N, T, 3]",), ("float32[N, 3]",)),
)

IMAGES = (
    Sample({}, ("float32[2, 5, 7, 3]",), ("float32[2, 3]",)),
    Sample({"keepdims": True}, ("float32[2, 5, 7, 3]",), ("float32[2, 1, 1, 3]",)),
    Sample({}, ("float32[N, h, w, 3]",), ("float32[N, 3]",)),
)

VOLUMES = (
    Sample({}, ("float32[2, 2, 5, 4, 3]",), ("float32[2, 3]",)),
    Sample({"keepdims": True}, ("float32[2, 2, 5, 4, 3]",), ("float32[2, 1, 1, 1, 3]",)),
    Sample({}, ("float32[N, d, h, w, 3]",), ("float32[N, 3]",)),
)


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel of a sequence `[N, T, C]`.

    A second input is a mask `bool[N, T]`: only steps at which it is true count. A sequence without
    any has no mean (NaN), as in Keras.
    Source: `keras.layers.GlobalAveragePooling1D`.
    """

    arity = (1, 2)
    layout = "any"
    rank = 1

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        outputs = super().infer(*inputs)
        if len(inputs) == 2:
            require_step_mask(*inputs)
        return outputs

    samples = (
        *SEQUENCES,
        Sample({}, ("float32[2, 5, 3]", "bool[2, 5]"), ("float32[2, 3]",)),
        Sample({"keepdims": True}, ("float32[N, T, 3]", "bool[N, T]"), ("float32[N, 1, 3]",)),
    )


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel of an image `[N, H, W, C]`.

    Source: `keras.layers.GlobalAveragePooling2D`.
    """

    rank = 2
    samples = IMAGES


class GlobalAveragePooling3D(_GlobalPooling):
    """The mean of each channel of a volume `[N, D, H, W, C]`.

    Source: `keras.layers.GlobalAveragePooling3D`.
    """

    rank = 3
    samples = VOLUMES


class GlobalMaxPooling1D(_GlobalPooling):
    """The greatest value of each channel of a sequence `[N, T, C]`.

    Source: `keras.layers.GlobalMaxPooling1D`.
    """

    layout = "any"
    rank = 1
    samples = SEQUENCES


class GlobalMaxPooling2D(_GlobalPooling):
    """The greatest value of each channel of an image `[N, H, W, C]`.

    Source: `keras.layers.GlobalMaxPooling2D`.
    """

    rank = 2
    samples = IMAGES


class GlobalMaxPooling3D(_GlobalPooling):
    """The greatest value of each channel of a volume `[N, D, H, W, C]`.

    Source: `keras.layers.GlobalMaxPooling3D`.
    """

    rank = 3
    samples = VOLUMES
