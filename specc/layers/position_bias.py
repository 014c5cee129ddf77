"""Learnt biases of attention scores, by where a query and a key stand to each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from specc.initializers import InitializerField, RandomNormal, TruncatedNormal
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.shapes import Positive, require_min_rank
from specc.tensor import TensorType
from specc.windows import Cells2

NumHeads = Annotated[Positive, Field(description="The number of heads, each with its own biases.")]
Start = Annotated[InitializerField, Field(description="Start of the biases.")]


class RelativePositionBias(Layer):
    """A bias `[1, H, T, S]` for scores, learnt for each of a few ranges of distances.

    Inputs: queries `[N, …, T, C]` and keys `[N, …, S, C]`, or one for both, of which only T and S
    matter. Half of the ranges, or all if not `bidirectional`, are for keys before the query or at
    it; half of those are one distance each, the others grow with the distance up to
    `max_distance`, and the last one has all beyond. It goes into `ScaledDotProductAttention`.
    Weights: `weight` (num_buckets, num_heads).
    Source: the relative attention of T5 (Raffel et al., 2019); looked up as by `keras.ops.take`.
    """

    primary = "num_heads"
    arity = (1, 2)

    num_heads: NumHeads
    num_buckets: Annotated[int, Field(ge=4, multiple_of=2, lt=2**31)] = Field(
        32, description="The number of ranges; even."
    )
    max_distance: Positive = Field(128, description="Where the last range begins, at the latest.")
    bidirectional: bool = Field(
        True, description="Whether keys after the query have ranges of their own; else the first."
    )
    initializer: Start = RandomNormal(stddev=0.02)

    def thresholds(self) -> tuple[int, ...]:
        """The least distance of each range but the first, of those for one direction."""
        buckets = self.num_buckets // 2 if self.bidirectional else self.num_buckets
        exact = buckets // 2
        growth, steps = self.max_distance / exact, buckets - exact
        far = (exact * growth ** (step / steps) for step in range(1, steps))
        return (*range(1, exact + 1), *(math.ceil(distance - 1e-9) for distance in far))

    def takes_images(self, index: int, *inputs: TensorType) -> bool:
        return False

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        for index, x in enumerate(inputs):
            require_min_rank(x, 3, "[N, …, T, C]", input=index)
        exact = self.num_buckets // (4 if self.bidirectional else 2)
        if self.max_distance <= exact:
            raise Fault(
                "invalid-parameter",
                f"expected more than {exact}, which have a range each, "
                f"received {self.max_distance}",
                parameter="max_distance",
            )
        rows, columns = inputs[0].shape[-2], inputs[-1].shape[-2]
        return (inputs[0].with_shape((1, self.num_heads, rows, columns)),)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        shape = (self.num_buckets, self.num_heads)
        return {"weight": WeightDecl.as_in_keras(shape, self.initializer)}

    samples = (
        Sample({"num_heads": 2}, ("float32[2, 40, 3]",), ("float32[1, 2, 40, 40]",), 64),
        Sample(
            {"num_heads": 3, "num_buckets": 8, "max_distance": 5},
            ("float32[N, T, 4]", "float32[N, S, 4]"),
            ("float32[1, 3, T, S]",),
            24,
        ),
        Sample(
            {
                "num_heads": 2,
                "num_buckets": 6,
                "max_distance": 20,
                "bidirectional": False,
                "initializer": "ones",
            },
            ("float32[N, 2, T, 4]",),
            ("float32[1, 2, T, T]",),
            12,
        ),
        Sample(
            {"num_heads": 1, "bidirectional": False, "num_buckets": 4, "max_distance": 6},
            ("float32[2, 9, 3]", "float32[2, 12, 3]"),
            ("float32[1, 1, 9, 12]",),
            4,
        ),
    )


class WindowPositionBias(Layer):
    """A bias `[1, H, T, T]` for the scores in a window of an image, learnt for each offset.

    Input: queries `[N, …, T, C]`, the T = height · width cells of a window row by row. The bias of
    a query in row i and column j and a key in row k and column l is that of (i − k, j − l).
    It goes into `ScaledDotProductAttention`.
    Weights: `weight` ((2 · height − 1) · (2 · width − 1), num_heads).
    Source: the relative position bias of Swin (Liu et al., 2021); looked up as by
    `keras.ops.take`.
    """

    num_heads: NumHeads
    window_size: Cells2 = Field(description="Height and width of a window, in cells.")
    initializer: Start = TruncatedNormal(stddev=0.02)

    def takes_images(self, index: int, *inputs: TensorType) -> bool:
        return False

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 3, "[N, …, T, C]")
        height, width = self.window_size
        cells = height * width
        if x.shape[-2] != cells:
            raise Fault(
                "shape-mismatch",
                f"expected {height} × {width} = {cells} cells, received {x.shape[-2]}",
                input=0,
                help="cut the image into windows first: [N · windows, height · width, C]",
            )
        return (x.with_shape((1, self.num_heads, cells, cells)),)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        height, width = self.window_size
        shape = ((2 * height - 1) * (2 * width - 1), self.num_heads)
        return {"weight": WeightDecl.as_in_keras(shape, self.initializer)}

    samples = (
        Sample(
            {"num_heads": 2, "window_size": (2, 3)},
            ("float32[N, 6, 4]",),
            ("float32[1, 2, 6, 6]",),
            30,
        ),
        Sample(
            {"num_heads": 1, "window_size": 2, "initializer": "zeros"},
            ("float32[2, 3, 4, 5]",),
            ("float32[1, 1, 4, 4]",),
            9,
        ),
    )
