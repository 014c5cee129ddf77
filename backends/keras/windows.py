"""Windows and their pads, as Keras takes them: explicit ones are a layer of their own."""

from __future__ import annotations

from typing import TypeGuard

from specc.emit.code import Code, argument, call
from specc.windows import PaddingMode, one_if_alike

from .site import Site

Pads = tuple[tuple[int, int], ...]


def amount(pads: Pads) -> int | tuple[object, ...]:
    """Pads as short as Keras takes them: `1`, `(1, 2)` or `((1, 2), (3, 4))`."""
    short = tuple(begin for begin, end in pads if begin == end)
    if len(short) < len(pads):
        (first, *others) = pads
        return pads if others else first
    return one_if_alike(short)


def is_padded(padding: PaddingMode | Pads) -> TypeGuard[Pads]:
    """Whether there are explicit pads that are not all zero."""
    return not isinstance(padding, str) and any(map(any, padding))


def zero_padded(padding: PaddingMode | Pads, site: Site) -> tuple[Code, str]:
    """The input with explicit pads put on by a layer, and the `padding` left to the window."""
    if isinstance(padding, str):
        return site.x, padding
    if not is_padded(padding):
        return site.x, "valid"
    layer = site.layer(
        f"layers.ZeroPadding{len(padding)}D",
        argument(amount(padding), hint="padding"),
        part="pad",
    )
    return call(layer, site.x), "valid"
