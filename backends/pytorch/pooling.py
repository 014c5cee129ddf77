"""Poolings over windows: modules of `nn` where they can pad so, and `F.pad` where not."""

from __future__ import annotations

from specc.emit.code import Argument, Code, Literal, argument, call, optional
from specc.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)

from .site import LOWERINGS, Site
from .windows import Sliding


@LOWERINGS.add("MaxPooling1D", "MaxPooling2D", "MaxPooling3D")
def max_pooling(layer: MaxPooling1D | MaxPooling2D | MaxPooling3D, site: Site) -> Code:
    """Where the module cannot pad so, the padding is -inf, which never wins."""
    sliding = Sliding(site, layer.windows)
    pooled = sliding.pooled()
    module = site.module(f"nn.MaxPool{layer.rank}d", *_window(sliding), **_padding(pooled))
    if pooled is not None:
        return call(module, site.x)
    return call(module, call("F.pad", site.x, sliding.explicit(), value=float("-inf")))


@LOWERINGS.add("AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
def average_pooling(
    layer: AveragePooling1D | AveragePooling2D | AveragePooling3D, site: Site
) -> Code:
    """Cells of the padding never count."""
    sliding = Sliding(site, layer.windows)
    pooled = sliding.pooled()
    if pooled is None:
        helper = site.helper("avg_pool")
        kernel_size = Literal(sliding.kernel_size, "kernel_size")
        stride = Literal(sliding.stride, "stride")
        return call(helper, site.x, kernel_size, stride, sliding.explicit())
    keywords = _padding(pooled)
    if pooled[0] != 0:
        keywords["count_include_pad"] = argument(False)
    return call(site.module(f"nn.AvgPool{layer.rank}d", *_window(sliding), **keywords), site.x)


def _window(sliding: Sliding) -> tuple[Argument, ...]:
    """The window, and its stride if that is another number, as PyTorch's default is the window."""
    kernel_size = argument(sliding.kernel_size, hint="kernel_size")
    if sliding.stride == sliding.kernel_size:
        return (kernel_size,)
    return kernel_size, argument(sliding.stride, "stride")


def _padding(pooled: tuple[int | tuple[int, ...], bool] | None) -> dict[str, Argument]:
    padding, ceil_mode = pooled or (0, False)
    return {
        "padding": optional(padding, 0, "padding"),
        "ceil_mode": optional(ceil_mode, False, "ceil_mode"),
    }
