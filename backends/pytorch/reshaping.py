"""Layers that give the same elements another shape, or repeat them."""

from __future__ import annotations

from specc.emit.code import Argument, Code, Join, Literal, call, join
from specc.layers.reshaping import (
    ExpandDims,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    Squeeze,
    Tile,
)

from .site import LOWERINGS, Site


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


@LOWERINGS.add("Permute")
def permute(layer: Permute, site: Site) -> Code:
    (given,), (made,) = site.node.inputs, site.node.outputs
    axes = tuple(given.axis((0, *layer.dims)[axis]) for axis in made.order or range(made.type.rank))
    if axes == tuple(range(len(axes))):
        return site.x
    return join(site.x, ".permute", call("", *axes))


@LOWERINGS.add("RepeatVector")
def repeat_vector(layer: RepeatVector, site: Site) -> Code:
    return join(site.x, call(".unsqueeze", 1), call(".expand", -1, Literal(layer.n, "n"), -1))


@LOWERINGS.add("Tile")
def tile(layer: Tile, site: Site) -> Code:
    (value,) = site.node.inputs
    order = value.order or range(value.type.rank)
    repeats = tuple((1, *layer.repeats)[axis] for axis in order)
    return call("torch.tile", site.x, Literal(repeats, "dims"))


@LOWERINGS.add("ExpandDims")
def expand_dims(layer: ExpandDims, site: Site) -> Code:
    (value,) = site.node.inputs
    return join(site.x, *(call(".unsqueeze", axis) for axis in layer.axes(value.type)))


@LOWERINGS.add("Squeeze")
def squeeze(layer: Squeeze, site: Site) -> Code:
    (value,) = site.node.inputs
    dims = tuple(map(value.axis, layer.axes(value.type)))
    if not dims:
        return site.x
    return call(join(site.x, ".squeeze"), dims[0] if len(dims) == 1 else dims)
