"""Layers that make one tensor of several."""

from __future__ import annotations

from specc.emit.code import Code, Ref, call, join
from specc.ir import Value
from specc.layers.merging import Add, Concatenate, Multiply

from .site import LOWERINGS, Site


@LOWERINGS.add("Concatenate")
def concatenate(layer: Concatenate, site: Site) -> Code:
    items = join("[", *_separated(site.inputs, ", "), "]")
    return call("torch.cat", items, dim=site.node.inputs[0].axis(layer.axis))


@LOWERINGS.add("Add")
def add(layer: Add, site: Site) -> Code:
    return join(*_separated(_aligned(site), " + "))


@LOWERINGS.add("Multiply")
def multiply(layer: Multiply, site: Site) -> Code:
    return join(*_separated(_aligned(site), " * "))


def _aligned(site: Site) -> tuple[Code, ...]:
    """The inputs with axes of size 1 after the batch: PyTorch would put them before it."""
    rank = max(value.type.rank for value in site.node.inputs)
    return tuple(_with_rank(value, rank) for value in site.node.inputs)


def _with_rank(value: Value, rank: int) -> Code:
    missing = rank - value.type.rank
    return join(Ref(value), f"[:, {', '.join(['None'] * missing)}]") if missing else Ref(value)


def _separated(items: tuple[Code, ...], separator: str) -> tuple[Code, ...]:
    first, *others = items
    return (first, *(part for item in others for part in (separator, item)))
