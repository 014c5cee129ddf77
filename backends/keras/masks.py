"""Masks, which a spec has as tensors and Keras hides on its own."""

from __future__ import annotations

from specc.emit.code import Argument, Call, Code, Literal, text

from . import helpers
from .site import Site

INNER = "layer"
"""The name of a layer in the small model that keeps its mask from going on."""


def masked(site: Site, made: Call) -> Code:
    """The layer that `made` makes, to be called on a list of the node's inputs.

    The second of them is the mask.
    """
    name = site.helper(helpers.masked)
    inner = (Argument(text(INNER), "name"), *site.dtype(str(made.function)))
    shapes = tuple(
        tuple(size if isinstance(size, int) else None for size in value.type.shape[1:])
        for value in site.node.inputs
    )
    layer = Call(made.function, (*made.arguments, *inner))
    return site.layer(name, Argument(layer), Argument(Literal(shapes, "shapes")))
