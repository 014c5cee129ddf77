"""Masks: which elements count. A spec has no hidden ones; they are tensors of bool like others."""

from __future__ import annotations

from pydantic import Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample
from specc.shapes import require_float, require_min_rank, require_value
from specc.tensor import TensorType


class NotEqual(Layer):
    """A mask, element by element: whether `x` differs from `value`, as ids do from padding.

    Source: `keras.ops.not_equal`.
    """

    primary = "value"
    layout = "any"

    value: float = Field(0, description="What is masked: false where `x` equals it.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        if x.dtype == "bool":
            raise Fault("dtype-mismatch", "expected numbers, received bool", input=0)
        require_value(x, self.value, "value")
        return (TensorType(x.shape, "bool"),)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({}, ("int32[N, T]",), ("bool[N, T]",)),
        Sample({"value": 3}, ("int64[2, 5, 4, 3]",), ("bool[2, 5, 4, 3]",)),
        Sample({"value": 0.5}, ("float32[N, 3]",), ("bool[N, 3]",)),
    )


class Masking(Layer):
    """Two outputs of `[N, …, T, C]`: itself, with 0 where it is masked, and the mask `[N, …, T]`.

    A step is masked (false) if all its channels equal `mask_value`. In Keras the mask goes along
    unseen; here it is the second output, for the layers that take one.
    Source: `keras.layers.Masking`.
    """

    primary = "mask_value"

    mask_value: float = Field(0.0, description="The value of all channels of a step to be masked.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 2, "[N, …, C]")
        require_float(x)
        return (x, TensorType(x.shape[:-1], "bool"))

    def flops(self, *inputs: TensorType) -> Size:
        return 2 * inputs[0].elements

    samples = (
        Sample({}, ("float32[N, T, 3]",), ("float32[N, T, 3]", "bool[N, T]")),
        Sample({"mask_value": 1.5}, ("float32[2, 5, 1]",), ("float32[2, 5, 1]", "bool[2, 5]")),
    )
