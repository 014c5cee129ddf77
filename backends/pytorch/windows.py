"""Pads of sliding windows, as PyTorch takes them."""

from __future__ import annotations

from specc.emit.code import Code, argument, call
from specc.shapes import Window

from .site import Site


def pair(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number if height and width are alike, as PyTorch users write it."""
    return values[0] if len(set(values)) == 1 else values


def symmetric_pads(site: Site, windows: tuple[Window, ...]) -> tuple[Code, int | tuple[int, ...]]:
    """The input, padded here if it must be, and the pads that the module itself can add."""
    spatial = site.node.inputs[0].type.shape[1:-1]
    pads = [window.pads(size) for window, size in zip(windows, spatial, strict=True)]
    known = [pad for pad in pads if pad is not None]
    if len(known) < len(pads):
        raise NotImplementedError
    if all(begin == end for begin, end in known):
        return site.x, pair(tuple(begin for begin, _ in known))
    flat = tuple(cell for pad in reversed(known) for cell in pad)
    return call("F.pad", site.x, argument(flat, hint="pad")), 0
