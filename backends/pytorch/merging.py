"""Layers that make one tensor of several."""

from __future__ import annotations

from specc.einsum import dot_equation
from specc.emit.code import Code, Literal, Ref, call, join, listed, separated, text
from specc.ir import Value
from specc.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)

from .site import LOWERINGS, Site


@LOWERINGS.add("Concatenate")
def concatenate(layer: Concatenate, site: Site) -> Code:
    items = listed(site.inputs)
    return call("torch.cat", items, dim=site.node.inputs[0].axis(layer.axis))


@LOWERINGS.add("Add")
def add(layer: Add, site: Site) -> Code:
    return separated(_aligned(site), " + ")


@LOWERINGS.add("Multiply")
def multiply(layer: Multiply, site: Site) -> Code:
    return separated(_aligned(site), " * ")


@LOWERINGS.add("Subtract")
def subtract(layer: Subtract, site: Site) -> Code:
    return separated(_aligned(site), " - ")


@LOWERINGS.add("Average")
def average(layer: Average, site: Site) -> Code:
    count = Literal(len(site.inputs), "count")
    return join("(", separated(_aligned(site), " + "), ") / ", count)


@LOWERINGS.add("Maximum")
def maximum(layer: Maximum, site: Site) -> Code:
    return _pairwise("torch.maximum", site)


@LOWERINGS.add("Minimum")
def minimum(layer: Minimum, site: Site) -> Code:
    return _pairwise("torch.minimum", site)


def _pairwise(function: str, site: Site) -> Code:
    """A function of two tensors, for as many as there are."""
    first, *others = _aligned(site)
    for other in others:
        first = call(function, first, other)
    return first


@LOWERINGS.add("Dot")
def dot(layer: Dot, site: Site) -> Code:
    a, b = (value.type for value in site.node.inputs)
    axes = layer.axes_of(a, b)
    if a.rank == b.rank == 2:
        return _dot_of_vectors(layer, site)
    inputs = site.inputs
    if layer.normalize:
        inputs = tuple(_normalized(*given) for given in zip(inputs, axes, strict=True))
    return call("torch.einsum", text(dot_equation(a.rank, b.rank, axes), "equation"), *inputs)


def _dot_of_vectors(layer: Dot, site: Site) -> Code:
    a, b = site.inputs
    if layer.normalize:
        return join(call("F.cosine_similarity", a, b, dim=1, eps=1e-7), "[:, None]")
    return join("(", a, " * ", b, ").sum(dim=1, keepdim=True)")


def _normalized(x: Code, axis: int) -> Code:
    return call("F.normalize", x, dim=axis, eps=1e-7)


@LOWERINGS.add("MatMul")
def matmul(layer: MatMul, site: Site) -> Code:
    flags = (layer.transpose_a, layer.transpose_b)
    a, b = (join(x, ".mT") if flag else x for x, flag in zip(site.inputs, flags, strict=True))
    return join(a, " @ ", b)


def _aligned(site: Site) -> tuple[Code, ...]:
    """The inputs with axes of size 1 after the batch: PyTorch would put them before it."""
    rank = max(value.type.rank for value in site.node.inputs)
    return tuple(_with_rank(value, rank) for value in site.node.inputs)


def _with_rank(value: Value, rank: int) -> Code:
    missing = rank - value.type.rank
    return join(Ref(value), f"[:, {', '.join(['None'] * missing)}]") if missing else Ref(value)
