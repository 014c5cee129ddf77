"""Layers that take tensors apart, or put parts of one in another place."""

from __future__ import annotations

from collections.abc import Mapping

from specc.dims import Size
from specc.emit.code import Code, Literal, call, join, listed, separated
from specc.layers.slicing import Flip, Roll, Slice, Split, Take

from .site import LOWERINGS, Site


@LOWERINGS.add("Slice")
def slice_(layer: Slice, site: Site) -> Code:
    (value,) = site.node.inputs
    parts = layer.parts(value.type).items()
    return sliced(site.x, {value.axis(axis): part(p.start, p.stop, p.step) for axis, p in parts})


@LOWERINGS.add("Take")
def take(layer: Take, site: Site) -> Code:
    (value,) = site.node.inputs
    indices = [*layer.indices] if isinstance(layer.indices, tuple) else layer.indices
    return sliced(site.x, {value.axis(layer.axis): Literal(indices, "index")})


@LOWERINGS.add("Split")
def split(layer: Split, site: Site) -> Code:
    (value,) = site.node.inputs
    axis = value.axis(layer.axis)
    if isinstance(layer.sections, int):
        chunks = Literal(layer.sections, "chunks")
        return call(join(site.x, ".chunk"), chunks, dim=axis)
    sizes = layer.sizes(value.type.shape[layer.axis])
    known = tuple(size for size in sizes if isinstance(size, int))
    lengths: Code = Literal(known, "sizes")
    if len(known) < len(sizes):
        lengths = _lengths(sizes, join(site.x, f".shape[{axis}] - {sum(known)}"))
    return call(join(site.x, ".split"), lengths, dim=axis)


def _lengths(sizes: tuple[Size, ...], rest: Code) -> Code:
    """The lengths of the parts, one of which is known at run time only."""
    lengths = [Literal(size, "size") if isinstance(size, int) else rest for size in sizes]
    return join("(", separated(lengths, ", "), ")")


@LOWERINGS.add("Flip")
def flip(layer: Flip, site: Site) -> Code:
    (value,) = site.node.inputs
    axes = layer.axis if isinstance(layer.axis, tuple) else (layer.axis,)
    return call("torch.flip", site.x, Literal(tuple(map(value.axis, axes)), "dims"))


@LOWERINGS.add("Roll")
def roll(layer: Roll, site: Site) -> Code:
    (value,) = site.node.inputs
    shifts = layer.shifts(value.type)
    dims = tuple(map(value.axis, shifts))
    return call(
        "torch.roll",
        site.x,
        Literal(_one_or_all(tuple(shifts.values())), "shifts"),
        dims=_one_or_all(dims),
    )


def _one_or_all(values: tuple[int, ...]) -> int | tuple[int, ...]:
    return values[0] if len(values) == 1 else values


def part(start: int, stop: int | None, step: int = 1) -> Code:
    """`start:stop:step`, without what is at its default."""
    first = Literal(start, "start") if start else ""
    last = "" if stop is None else Literal(stop, "stop")
    return (
        join(first, ":", last) if step == 1 else join(first, ":", last, ":", Literal(step, "step"))
    )


def sliced(x: Code, parts: Mapping[int, Code]) -> Code:
    """`x` with the parts of its axes, as `x[:, 1:]`; `x` itself if there are none."""
    if not parts:
        return x
    items = (parts.get(axis, ":") for axis in range(max(parts) + 1))
    return join(x, listed(items))
