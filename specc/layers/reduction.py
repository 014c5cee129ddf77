"""Reductions: one number for all that lie along some axes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from specc.dims import Size
from specc.layer import Layer, Layout, Sample
from specc.shapes import Axes, feature_axes, require_float
from specc.tensor import TensorType

Axis = Annotated[
    Axes, Field(description="The axis or axes that go, counted with the batch axis, which is 0.")
]
KeepDims = Annotated[bool, Field(description="Whether they stay, with size 1.")]


class _Reduction(Layer):
    """What the reductions share."""

    primary = "axis"
    layout = "any"

    axis: Axis
    keepdims: KeepDims = False

    def axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes that go, counted from the front, in order."""
        return feature_axes(self.axis, x.rank)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        axes = self.axes(x)
        if self.keepdims:
            shape = (1 if axis in axes else size for axis, size in enumerate(x.shape))
        else:
            shape = (size for axis, size in enumerate(x.shape) if axis not in axes)
        return (x.with_shape(shape),)

    def layout_for(self, *inputs: TensorType) -> Layout:
        """Channels first if the axes that stay are in the same order whatever the layout."""
        (x,) = inputs
        axes = self.axes(x)
        ordered = self.keepdims or x.rank - 1 in axes or len(axes) == x.rank - 2
        return "any" if ordered else "channels_last"

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({"axis": 1}, ("float32[N, T, 3]",), ("float32[N, 3]",)),
        Sample(
            {"axis": (1, 2), "keepdims": True}, ("float32[2, 3, 5, 4]",), ("float32[2, 1, 1, 4]",)
        ),
        Sample({"axis": (-2, 1)}, ("float32[N, h, w, 3]",), ("float32[N, 3]",)),
        Sample({"axis": -1}, ("float32[N, h, w, 3]",), ("float32[N, h, w]",)),
        Sample({"axis": 2}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 4]",)),
        Sample({"axis": -1, "keepdims": True}, ("float32[2, 5]",), ("float32[2, 1]",)),
        Sample({"axis": (1, 2, 3)}, ("float32[2, 3, 5, 4]",), ("float32[2]",)),
    )


class ReduceMean(_Reduction):
    """The mean along one axis or several.

    Source: the ONNX operator `ReduceMean`, `keras.ops.mean`.
    """


class ReduceSum(_Reduction):
    """The sum along one axis or several.

    Source: the ONNX operator `ReduceSum`, `keras.ops.sum`.
    """


class ReduceMax(_Reduction):
    """The greatest value along one axis or several.

    Source: the ONNX operator `ReduceMax`, `keras.ops.max`.
    """


class ReduceMin(_Reduction):
    """The least value along one axis or several.

    Source: the ONNX operator `ReduceMin`, `keras.ops.min`.
    """
