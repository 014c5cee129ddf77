"""Layers that move elements and change none."""

from __future__ import annotations

from specc.emit.code import Argument, Code, Join, Literal, call, join
from specc.layers.reshaping import Flatten, Reshape, ZeroPadding2D

from .site import LOWERINGS, Site


@LOWERINGS.add("ZeroPadding2D")
def zero_padding2d(layer: ZeroPadding2D, site: Site) -> Code:
    """PyTorch lists the pads of the width first."""
    (top, bottom), (left, right) = layer.padding
    pads = (left, right, top, bottom)
    padding = pads if len(set(pads)) > 1 else left
    return call(site.module("nn.ZeroPad2d", Literal(padding, "padding")), site.x)


@LOWERINGS.add("Flatten")
def flatten(layer: Flatten, site: Site) -> Code:
    (value,) = site.node.inputs
    if value.type.rank == 1:
        return call("torch.unsqueeze", site.x, 1)
    return call("torch.flatten", site.x, 1)


@LOWERINGS.add("Reshape")
def reshape(layer: Reshape, site: Site) -> Code:
    """One size may be left to PyTorch: the batch, or else the one that is unknown."""
    sizes = site.node.outputs[0].type.shape[1:]
    if all(isinstance(size, int) for size in sizes):
        target: list[Code] = [Literal(-1, "batch"), *(Literal(size, "size") for size in sizes)]
    else:
        known = (size if isinstance(size, int) else -1 for size in sizes)
        target = [join(site.x, ".shape[0]"), *(Literal(size, "size") for size in known)]
    shape = call("", *(Argument(size) for size in target))
    return Join((site.x, ".reshape", shape))
