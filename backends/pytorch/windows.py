"""Pads of sliding windows, as PyTorch takes them."""

from __future__ import annotations

from dataclasses import dataclass

from specc.dims import Size
from specc.emit.code import Code, Literal, call
from specc.ir import Node
from specc.shapes import Window

from .site import Site

Pads = tuple[tuple[int, int], ...]


def pair(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number if height and width are alike, as PyTorch users write it."""
    return values[0] if len(set(values)) == 1 else values


@dataclass(frozen=True, slots=True)
class Sliding:
    """The windows of one node over the height and the width of its input.

    pads: (begin, end) for each; None if they depend on a size known at run time only.
    """

    site: Site
    windows: tuple[Window, ...]

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The height and the width of the input."""
        return self.site.node.inputs[0].type.shape[1:-1]

    @property
    def pads(self) -> Pads | None:
        return self._pads_of(self.site.node)

    def _pads_of(self, node: Node) -> Pads | None:
        sizes = node.inputs[0].type.shape[1:-1]
        found = [window.pads(size) for window, size in zip(self.windows, sizes, strict=True)]
        known = tuple(pad for pad in found if pad is not None)
        return known if len(known) == len(found) else None

    @property
    def kernel_size(self) -> int | tuple[int, ...]:
        return pair(tuple(window.kernel for window in self.windows))

    @property
    def stride(self) -> int | tuple[int, ...]:
        return pair(tuple(window.stride for window in self.windows))

    def symmetric(self) -> int | tuple[int, ...] | None:
        """The pads as a convolution of PyTorch adds them; None if it cannot.

        One module serves all uses of the weights, so they must all be padded alike.
        """
        pads = self.pads
        if pads is None or any(begin != end for begin, end in pads):
            return None
        if any(self._pads_of(use) != pads for use in self.site.uses):
            return None
        return pair(tuple(begin for begin, _ in pads))

    def pooled(self) -> tuple[int | tuple[int, ...], bool] | None:
        """The pads as a pooling of PyTorch adds them, and its `ceil_mode`; None if it cannot.

        A pooling pads at most half a window. In `ceil_mode` the last window may reach beyond the
        end, and what is there does not count: so the end needs no pad.
        """
        pads = self.pads
        if pads is None:
            return None
        begins = tuple(begin for begin, _ in pads)
        if any(2 * pad > window.kernel for pad, window in zip(begins, self.windows, strict=True)):
            return None
        if all(begin == end for begin, end in pads):
            return pair(begins), False
        cells = zip(self.windows, self.sizes, begins, strict=True)
        return (pair(begins), True) if all(_reached_by_ceil(*cell) for cell in cells) else None

    def explicit(self) -> Code:
        """The pads as `F.pad` takes them, the last axis first."""
        if self.pads is not None:
            flat = tuple(cell for pad in reversed(self.pads) for cell in pad)
            return Literal(flat, "pad")
        extents = tuple(window.extent for window in self.windows)
        strides = tuple(window.stride for window in self.windows)
        return call(
            self.site.helper("same_pads"),
            self.site.x,
            Literal(extents, "kernel_size"),
            Literal(strides, "stride"),
        )


def _reached_by_ceil(window: Window, size: Size, begin: int) -> bool:
    """Whether a pooling with `begin` at both ends and `ceil_mode` has the window's outputs."""
    if not isinstance(size, int):
        return False
    count = -(-(size + 2 * begin - window.kernel) // window.stride) + 1
    if (count - 1) * window.stride >= size + begin:
        count -= 1
    return count == window.output(size)
