"""Categories as numbers: which range a number lies in, and ids as zeros and ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from specc.dims import Size
from specc.layer import Layer, Layout, Sample
from specc.shapes import Positive, require_float, require_ids, require_min_rank, require_rank
from specc.tensor import TensorType

Encoding = Literal["one_hot", "multi_hot", "count"]


def encoded(ids: TensorType, mode: Encoding, depth: int) -> TensorType:
    """The type of ids after encoding: each as `depth` numbers, or all of `[N, T]` as such."""
    if mode != "one_hot":
        require_rank(ids, 2, "[N, T]")
        return TensorType((ids.shape[0], depth))
    require_min_rank(ids, 1, "[N, …]")
    if ids.rank > 1 and ids.shape[-1] == 1:
        return TensorType((*ids.shape[:-1], depth))
    return TensorType((*ids.shape, depth))


class CategoryEncoding(Layer):
    """Ids below `num_tokens`, int32 or int64, as zeros and ones in float32.

    `one_hot`: each id becomes `num_tokens` numbers, of which that of the id is 1; `[N, T]` becomes
    `[N, T, num_tokens]`, and `[N, 1]` becomes `[N, num_tokens]`. `multi_hot` and `count`: the T
    ids of `[N, T]` become `[N, num_tokens]`, whether and how often each id is among them.
    Source: `keras.layers.CategoryEncoding`.
    """

    primary = "num_tokens"

    num_tokens: Positive = Field(description="The number of ids: the largest one plus 1.")
    output_mode: Encoding = Field("multi_hot", description="What the numbers say: see above.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (ids,) = inputs
        require_ids(ids)
        return (encoded(ids, self.output_mode, self.num_tokens),)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements * self.num_tokens

    samples = (
        Sample({"num_tokens": 10}, ("int32[N, T]",), ("float32[N, 10]",)),
        Sample({"num_tokens": 12, "output_mode": "count"}, ("int64[2, 5]",), ("float32[2, 12]",)),
        Sample({"num_tokens": 10, "output_mode": "one_hot"}, ("int64[N, 1]",), ("float32[N, 10]",)),
        Sample(
            {"num_tokens": 11, "output_mode": "one_hot"}, ("int32[2, 5]",), ("float32[2, 5, 11]",)
        ),
        Sample({"num_tokens": 10, "output_mode": "one_hot"}, ("int32[N]",), ("float32[N, 10]",)),
    )


def _ascending(values: tuple[float, ...]) -> tuple[float, ...]:
    if list(values) == sorted(set(values)):
        return values
    raise ValueError("expected numbers that ascend")


class Discretization(Layer):
    """The range each number lies in, from 0, as int32: the number of boundaries it reaches.

    In the other modes ranges are encoded as `CategoryEncoding` encodes ids, as float32 numbers of
    which there are one more than boundaries.
    Source: `keras.layers.Discretization`.
    """

    primary = "bin_boundaries"
    continuous = False
    only_keras: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("num_bins", "epsilon"), "a spec learns nothing from data: write `bin_boundaries`"
    )

    bin_boundaries: Annotated[
        tuple[float, ...], Field(min_length=1), AfterValidator(_ascending)
    ] = Field(description="Where each range but the first begins, in ascending order.")
    output_mode: Literal["int"] | Encoding = Field(
        "int", description="`int` gives the number of the range; what the others say, see above."
    )

    @property
    def depth(self) -> int:
        """The number of ranges."""
        return len(self.bin_boundaries) + 1

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        if self.output_mode == "int":
            return (TensorType(x.shape, "int32"),)
        return (encoded(x, self.output_mode, self.depth),)

    def layout_for(self, *inputs: TensorType) -> Layout:
        """Whatever comes, unless the encoding adds an axis, which is the last."""
        return "any" if self.output_mode == "int" else "channels_last"

    def flops(self, *inputs: TensorType) -> Size:
        elements = inputs[0].elements
        encoding = 0 if self.output_mode == "int" else elements * self.depth
        return elements * len(self.bin_boundaries) + encoding

    samples = (
        Sample({"bin_boundaries": (-0.5, 0.0, 1.0)}, ("float32[N, 3]",), ("int32[N, 3]",)),
        Sample({"bin_boundaries": (0.25,)}, ("float32[2, 3, 5, 4]",), ("int32[2, 3, 5, 4]",)),
        Sample(
            {"bin_boundaries": (-0.5, 0.5), "output_mode": "one_hot"},
            ("float32[N, h, w, 4]",),
            ("float32[N, h, w, 4, 3]",),
        ),
        Sample(
            {"bin_boundaries": (-0.5, 0.5), "output_mode": "one_hot"},
            ("float32[N, 1]",),
            ("float32[N, 3]",),
        ),
        Sample(
            {"bin_boundaries": (0.0,), "output_mode": "multi_hot"},
            ("float32[N, T]",),
            ("float32[N, 2]",),
        ),
        Sample(
            {"bin_boundaries": (0.0, 1.0), "output_mode": "count"},
            ("float32[2, 5]",),
            ("float32[2, 3]",),
        ),
    )
