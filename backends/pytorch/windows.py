"""Windows over spatial axes, and their pads, as PyTorch takes them."""

from __future__ import annotations

from dataclasses import dataclass

from specc.dims import Size
from specc.emit.code import Argument, Code, Literal, argument, call, join, optional
from specc.ir import Node
from specc.windows import Unfolding, Window, known_pads, one_if_alike

from .site import Site

Pads = tuple[tuple[int, int], ...]


def sizes(site: Site, filters: object, kernel_size: object) -> tuple[Argument, ...]:
    """The arguments that all convolutions begin with."""
    return (
        argument(site.node.inputs[0].type.channels, hint="in_channels"),
        argument(filters, hint="out_channels"),
        argument(kernel_size, hint="kernel_size"),
    )


@dataclass(frozen=True, slots=True)
class Sliding:
    """The windows of one node over the spatial axes of its input.

    pads: (begin, end) for each; None if they depend on a size known at run time only.
    """

    site: Site
    windows: tuple[Window, ...]

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The spatial sizes of the input."""
        return self.site.node.inputs[0].type.shape[1:-1]

    @property
    def pads(self) -> Pads | None:
        return self._pads_of(self.site.node)

    def _pads_of(self, node: Node) -> Pads | None:
        return known_pads(self.windows, node.inputs[0].type)

    @property
    def kernel_size(self) -> int | tuple[int, ...]:
        return one_if_alike(tuple(window.kernel for window in self.windows))

    @property
    def stride(self) -> int | tuple[int, ...]:
        return one_if_alike(tuple(window.stride for window in self.windows))

    @property
    def dilation(self) -> int | tuple[int, ...]:
        return one_if_alike(tuple(window.dilation for window in self.windows))

    def symmetric(self) -> int | tuple[int, ...] | None:
        """The pads as a convolution of PyTorch adds them; None if it cannot.

        One module serves all uses of the weights, so they must all be padded alike.
        """
        pads = self.pads
        if pads is None or any(begin != end for begin, end in pads):
            return None
        if any(self._pads_of(use) != pads for use in self.site.uses):
            return None
        return one_if_alike(tuple(begin for begin, _ in pads))

    def keywords(self) -> dict[str, Argument]:
        """The arguments of a convolution about its windows."""
        return {
            "stride": optional(self.stride, 1, "stride"),
            "padding": optional(self.symmetric() or 0, 0, "padding"),
            "dilation": optional(self.dilation, 1, "dilation"),
        }

    def padded(self) -> Code:
        """The input of a convolution, with the pads that it cannot add itself."""
        x = self.site.x
        return x if self.symmetric() is not None else call("F.pad", x, self.explicit())

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
            return one_if_alike(begins), False
        cells = zip(self.windows, self.sizes, begins, strict=True)
        return (
            (one_if_alike(begins), True) if all(_reached_by_ceil(*cell) for cell in cells) else None
        )

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
    ceil = Window(window.kernel, window.stride, 1, (begin, begin), ceil_mode=True)
    return ceil.output(size) == window.output(size)


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a transposed convolution of PyTorch cuts one axis.

    padding: what its module cuts off both ends. output_padding: what it gives back at the end.
    begin, end: what is left to be cut off after it.
    """

    padding: int
    output_padding: int
    begin: int = 0
    end: int = 0


def _cut(unfolding: Unfolding) -> _Cut:
    begin, end = unfolding.crop
    if end > begin:
        return _Cut(begin, 0, end=end - begin)
    if begin - end < unfolding.stride:
        return _Cut(begin, begin - end)
    return _Cut(max(end, 0), max(-end, 0), begin=begin - max(end, 0))


@dataclass(frozen=True, slots=True)
class Cropping:
    """What the windows of a transposed convolution cut off, along all spatial axes."""

    unfoldings: tuple[Unfolding, ...]

    @property
    def padding(self) -> int | tuple[int, ...]:
        return one_if_alike(tuple(_cut(each).padding for each in self.unfoldings))

    @property
    def output_padding(self) -> int | tuple[int, ...]:
        return one_if_alike(tuple(_cut(each).output_padding for each in self.unfoldings))

    def cropped(self, x: Code) -> Code:
        """`x` without the cells that the module cannot cut off: those of one end only."""
        slices = [_slice(_cut(each)) for each in self.unfoldings]
        if all(each == ":" for each in slices):
            return x
        return join(x, f"[..., {', '.join(slices)}]")


def _slice(cut: _Cut) -> str:
    return f"{cut.begin or ''}:{-cut.end if cut.end else ''}"
