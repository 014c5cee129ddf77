"""Layers that apply another one in a way of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.nesting import Nested
from specc.shapes import require_min_rank
from specc.tensor import TensorType

NOT_IN_KERAS = {
    "MultiHeadAttention": "it takes [N, …, T, C] by itself: leave `TimeDistributed` out",
    "GroupQueryAttention": "write `MultiHeadAttention`, which takes [N, …, T, C] by itself",
    "Equalization": "apply it to the images before they become a sequence",
}
"""Layers that Keras fails to apply to each step, and what to write instead."""


class TimeDistributed(Layer):
    """The same layer at every step of a sequence `[N, T, …]`, each step taken for an item.

    Steps are items of one larger batch, [N·T, …], so that a layer for images works on videos. A
    layer with moving averages is refused: those of a step would differ from those of all.
    Weights: those of the layer.
    Source: `keras.layers.TimeDistributed`.
    """

    primary = "layer"

    layer: Annotated[Layer, Nested()] = Field(description="What is applied to each step.")

    def step(self, x: TensorType) -> TensorType:
        """The type of the steps as items of one batch."""
        return x.with_shape((x.shape[0] * x.shape[1], *x.shape[2:]))

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 3, "[N, T, …]")
        if self.layer.arity[0] > 1:
            raise self._refusal("of one input")
        name = type(self.layer).__name__
        if name in NOT_IN_KERAS:
            raise self._refusal("that Keras can distribute", help=NOT_IN_KERAS[name])
        step = self.step(x)
        outputs = self.layer.infer(step)
        if len(outputs) != 1:
            raise self._refusal("of one output", f" with {len(outputs)}")
        (y,) = outputs
        if y.shape[:1] != step.shape[:1]:
            raise self._refusal("that gives something for each item", f", which gives {y}")
        if any(not weight.trainable for weight in self.weights(x).values()):
            help = "such a layer takes sequences by itself, and averages over the steps too"
            raise self._refusal("without moving averages", help=help)
        return (y.with_shape((*x.shape[:2], *y.shape[1:])),)

    def _refusal(self, wanted: str, received: str = "", help: str = "") -> Fault:
        message = f"expected a layer {wanted}, received {type(self.layer).__name__}{received}"
        return Fault("invalid-parameter", message, parameter="layer", help=help)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        return self.layer.weights(*map(self.step, inputs))

    def flops(self, *inputs: TensorType) -> Size:
        return self.layer.flops(*map(self.step, inputs))

    samples = (
        Sample({"layer": {"Dense": 4}}, ("float32[2, 5, 3]",), ("float32[2, 5, 4]",), 16),
        Sample(
            {"layer": {"Dense": {"units": 4}}}, ("float32[N, T, 3]",), ("float32[N, T, 4]",), 16
        ),
        Sample(
            {"layer": {"Conv2D": {"filters": 4, "kernel_size": 3, "strides": 2}}},
            ("float32[N, 3, 7, 6, 2]",),
            ("float32[N, 3, 3, 2, 4]",),
            76,
        ),
        Sample(
            {
                "layer": {
                    "Conv2D": {
                        "filters": 4,
                        "kernel_size": 3,
                        "padding": ((1, 0), (0, 2)),
                        "activation": "softmax",
                    }
                }
            },
            ("float32[2, T, h, 6, 2]",),
            ("float32[2, T, h-1, 6, 4]",),
            76,
        ),
        Sample({"layer": "Flatten"}, ("float32[N, T, 3, 2]",), ("float32[N, T, 6]",)),
        Sample(
            {"layer": {"LSTM": {"units": 4, "return_sequences": True}}},
            ("float32[N, 3, T, 2]",),
            ("float32[N, 3, T, 4]",),
            112,
        ),
        Sample(
            {"layer": {"MaxPooling2D": 2}}, ("float32[N, T, 5, 4, 3]",), ("float32[N, T, 2, 2, 3]",)
        ),
        Sample({"layer": {"Activation": "relu"}}, ("float32[N, T, 4]",), ("float32[N, T, 4]",)),
    )
