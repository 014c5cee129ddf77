"""Layers that take tensors apart, or put parts of one in another place."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, join, separated
from specc.layers.slicing import Flip, Part, Roll, Slice, Split, Take

from .helpers import slicing as helpers
from .site import LOWERINGS, Helper, Site


@LOWERINGS.add("Slice")
def slice_(layer: Slice, site: Site) -> Code:
    parts = layer.parts(site.type)
    items = [
        _part(parts[axis]) if axis in parts else "slice(None)" for axis in range(1 + max(parts))
    ]
    key = join("(", separated(items, ", "), ")")
    return applied(site, helpers.getitem, key)


def _part(part: Part) -> Code:
    """`slice(stop)`, `slice(start, stop)` or with a step, as short as it can be."""
    start, stop = Literal(part.start, "start"), Literal(part.stop, "stop")
    if part.step != 1:
        return call("slice", start, stop, Literal(part.step, "step"))
    return call("slice", start, stop)


@LOWERINGS.add("Take")
def take(layer: Take, site: Site) -> Code:
    return applied(site, helpers.take, Literal(layer.indices, "indices"), axis=layer.axis)


@LOWERINGS.add("Split")
def split(layer: Split, site: Site) -> Code:
    """The axis is counted from the front, since what is before it is taken whole."""
    sections = Literal(layer.sections, "sections")
    return applied(site, helpers.split, sections, axis=layer.axis % site.type.rank)


@LOWERINGS.add("Flip")
def flip(layer: Flip, site: Site) -> Code:
    return applied(site, helpers.flip, Literal(layer.axis, "axis"))


@LOWERINGS.add("Roll")
def roll(layer: Roll, site: Site) -> Code:
    shifts = layer.shifts(site.type)
    shift, axis = tuple(shifts.values()), tuple(shifts)
    if len(axis) == 1:
        return applied(site, helpers.roll, Literal(shift[0], "shift"), axis=axis[0])
    return applied(site, helpers.roll, Literal(shift, "shift"), axis=axis)


def applied(site: Site, helper: Helper, *given: object, **keywords: object) -> Code:
    """A small model on the input, whose rank it is told."""
    rank = argument(site.type.rank, hint="rank")
    return call(site.layer(site.helper(helper), rank, *given, **keywords), site.x)
