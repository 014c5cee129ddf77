"""Masks, which a spec has as tensors and Keras hides on its own."""

from __future__ import annotations

from collections.abc import Iterator

from specc.emit.code import Argument, Call, Code, Literal, text
from specc.ir import Node

from .helpers import masks as helpers
from .site import Site

INNER = "layer"
"""The name of a layer in the small model that keeps its mask from going on."""


def masked(site: Site, made: Call, use: Node | None = None) -> Code:
    """The layer that `made` makes, to be called on a list: a tensor, its mask and what follows.

    use: one that has a mask, if the node has none itself.
    """
    name = site.helper(helpers.masked)
    inner = (Argument(text(INNER), "name"), *site.dtype(str(made.function)))
    layer = Call(made.function, (*made.arguments, *inner))
    site.variables = [
        each._replace(attribute=f"{INNER}.{each.attribute}") for each in site.variables
    ]
    shapes = tuple(_shapes(use or site.node, shared=len(site.uses) > 1))
    return site.layer(name, Argument(layer), Argument(Literal(shapes, "shapes")))


def _shapes(use: Node, *, shared: bool) -> Iterator[tuple[int | None, ...]]:
    """The shapes of the inputs, without the batch; uses may differ in how many steps they have."""
    for index, value in enumerate(use.inputs):
        sizes = [size if isinstance(size, int) else None for size in value.type.shape[1:]]
        yield (None, *sizes[1:]) if shared and index < 2 else tuple(sizes)


def everywhere(site: Site) -> Code:
    """A mask of all steps of the sequence, for a use of a layer that has one elsewhere."""
    sequence, *_ = site.inputs
    rank = Argument(Literal(site.node.inputs[0].type.rank, "rank"))
    return Call(
        site.layer(site.helper(helpers.every_step), rank, part="mask"), (Argument(sequence),)
    )
