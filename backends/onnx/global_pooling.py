"""Poolings over all cells in ONNX, channels first."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("GlobalAveragePooling1D")
def global_average_pooling_1d(build: Builder, x: Tensor, mask: Tensor | None = None) -> Tensor:
    """The steps may lie on either side of the channels; beside a mask, they lie as in the spec."""
    if mask is None:
        return _over_steps(build, "ReduceMean", x)
    kept = build.unsqueeze(mask, 2, suffix="kept")
    given = build.op("Where", kept, x, build.scalar(0, x), type=x.type, suffix="given")
    count = _over_steps(build, "ReduceSum", build.cast(kept, x.type.dtype), suffix="count")
    return build.op("Div", _over_steps(build, "ReduceSum", given, suffix="sum"), count)


@LOWERINGS.add("GlobalMaxPooling1D")
def global_max_pooling_1d(build: Builder, x: Tensor) -> Tensor:
    return _over_steps(build, "ReduceMax", x)


def _over_steps(build: Builder, kind: str, x: Tensor, suffix: str = "") -> Tensor:
    axis, keepdims = build.node.inputs[0].axis(1), build.layer.keepdims
    shape = [*x.type.shape[:axis], *[1] * keepdims, *x.type.shape[axis + 1 :]]
    axes = build.constant([axis], "axes", "int64")
    type = x.type.with_shape(shape)
    return build.op(kind, x, axes, type=type, suffix=suffix, keepdims=int(keepdims))


@LOWERINGS.add("GlobalAveragePooling2D", "GlobalAveragePooling3D")
def global_average_pooling(build: Builder, x: Tensor) -> Tensor:
    return _global(build, "GlobalAveragePool" if build.layer.keepdims else "ReduceMean", x)


@LOWERINGS.add("GlobalMaxPooling2D", "GlobalMaxPooling3D")
def global_max_pooling(build: Builder, x: Tensor) -> Tensor:
    return _global(build, "GlobalMaxPool" if build.layer.keepdims else "ReduceMax", x)


def _global(build: Builder, kind: str, x: Tensor) -> Tensor:
    """A pooling keeps the axes; a reduction does away with them, too."""
    if build.layer.keepdims:
        return build.op(kind, x, type=build.output)
    axes = build.constant(range(2, x.type.rank), "axes", "int64")
    return build.op(kind, x, axes, type=build.output, keepdims=0)
