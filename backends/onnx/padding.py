"""Layers that add cells around a tensor, or take some off, in ONNX."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor
from .slicing import sliced


@LOWERINGS.add("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def zero_padding(build: Builder, x: Tensor) -> Tensor:
    return _padded(build, x, (*build.layer.padding, (0, 0)), None, "constant")


@LOWERINGS.add("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    parts = {
        value.axis(axis): slice(begin, -end or None, 1)
        for axis, (begin, end) in enumerate(build.layer.cropping, start=1)
        if begin or end
    }
    return sliced(build, x, parts, build.output) if parts else x


@LOWERINGS.add("Pad")
def pad(build: Builder, x: Tensor) -> Tensor:
    """The value is 0 if none is given."""
    layer, value = build.layer, None
    if layer.mode == "constant" and layer.constant_values:
        value = build.constant(layer.constant_values, "value", x.type.dtype)
    return _padded(build, x, layer.pad_width, value, layer.mode)


def _padded(
    build: Builder,
    x: Tensor,
    borders: tuple[tuple[int, int], ...],
    value: Tensor | None,
    mode: str,
) -> Tensor:
    """Cells around all axes; `borders` are those of the axes beside the batch, as in the spec.

    All axes are named, as they are by default, for the sake of onnxruntime (1.31): it would merge
    these pads into those of a MaxPool behind them, which are no zeros, and when it moves a
    Transpose past a Pad it takes the pads for those of all axes.
    """
    (given,) = build.node.inputs
    order = given.order or range(given.type.rank)
    physical = [((0, 0), *borders)[axis] for axis in order]
    begins, ends = zip(*physical, strict=True)
    pads = build.constant((*begins, *ends), "pads", "int64")
    axes = build.constant(range(given.type.rank), "axes", "int64")
    return build.op("Pad", x, pads, value, axes, type=build.output, mode=mode)
