"""Masks in ONNX."""

from __future__ import annotations

from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("NotEqual")
def not_equal(build: Builder, x: Tensor) -> Tensor:
    return build.op("Not", _equal(build, x, build.layer.value))


@LOWERINGS.add("Masking")
def masking(build: Builder, x: Tensor) -> tuple[Tensor, Tensor]:
    """ONNX 17 has no reduction of booleans: a step is masked if its least equality is 1."""
    equal = build.cast(_equal(build, x, build.layer.mask_value), "int32")
    masked = build.cast(build.reduce("ReduceMin", equal, (x.type.rank - 1,)), "bool")
    kept = build.op("Where", masked, build.scalar(0, x), x, type=x.type)
    steps = build.squeeze(masked, x.type.rank - 1)
    return kept, build.op("Not", steps, suffix="mask")


def _equal(build: Builder, x: Tensor, value: float) -> Tensor:
    return build.op("Equal", x, build.scalar(value, x), type=TensorType(x.type.shape, "bool"))
