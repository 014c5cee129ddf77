"""Windows and their pads, as Keras takes them: explicit ones are a layer of their own."""

from __future__ import annotations

from typing import TypeGuard

from specc.emit.code import Code, argument, call
from specc.windows import PaddingMode, Window

from .site import Site

Pads = tuple[tuple[int, int], ...]


def pair(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number if all axes are alike, as Keras users write it."""
    return values[0] if len(set(values)) == 1 else values


def amount(pads: Pads) -> int | tuple[object, ...]:
    """Pads as short as Keras takes them: `1`, `(1, 2)` or `((1, 2), (3, 4))`."""
    short = tuple(begin for begin, end in pads if begin == end)
    if len(short) < len(pads):
        (first, *others) = pads
        return pads if others else first
    return pair(short)


def is_padded(padding: PaddingMode | Pads) -> TypeGuard[Pads]:
    """Whether there are explicit pads that are not all zero."""
    return not isinstance(padding, str) and any(map(any, padding))


def known_pads(windows: tuple[Window, ...], site: Site) -> Pads | None:
    """The cells added before and after, along each axis; None if that is known at run time only."""
    sizes = site.type.shape[1:-1]
    pads = [window.pads(size) for window, size in zip(windows, sizes, strict=True)]
    known = tuple(pad for pad in pads if pad is not None)
    return known if len(known) == len(pads) else None


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
