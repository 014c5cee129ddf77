"""Sliding windows and their pads, as Keras takes them: explicit ones are a layer of their own."""

from __future__ import annotations

from typing import Literal, TypeGuard

from specc.emit.code import Code, argument, call
from specc.shapes import ExplicitPads, Window

from .site import Site

Padding = Literal["valid", "same"] | ExplicitPads


def pair(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number if height and width are alike, as Keras users write it."""
    return values[0] if len(set(values)) == 1 else values


def amount(pads: ExplicitPads) -> int | tuple[object, ...]:
    """Pads as short as Keras takes them: `1`, `(1, 2)` or `((1, 2), (3, 4))`."""
    rows, columns = map(pair, pads)
    if not (isinstance(rows, int) and isinstance(columns, int)):
        return pads
    return pair((rows, columns))


def is_padded(padding: Padding) -> TypeGuard[ExplicitPads]:
    """Whether there are explicit pads that are not all zero."""
    return not isinstance(padding, str) and any(map(any, padding))


def is_symmetric(windows: tuple[Window, ...], site: Site) -> bool:
    """Whether as many cells are surely added before the images as after them, along each axis."""
    sizes = site.type.shape[1:-1]
    pads = [window.pads(size) for window, size in zip(windows, sizes, strict=True)]
    return all(pad is not None and pad[0] == pad[1] for pad in pads)


def zero_padded(padding: Padding, site: Site) -> tuple[Code, str]:
    """The input with explicit pads put on by a layer, and the `padding` left to the window."""
    if is_padded(padding):
        layer = site.layer(
            "layers.ZeroPadding2D", argument(amount(padding), hint="padding"), part="pad"
        )
        return call(layer, site.x), "valid"
    return site.x, "same" if padding == "same" else "valid"
