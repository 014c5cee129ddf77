"""Normalizations."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, join, optional, text
from specc.layers.normalization import (
    Affine,
    BatchNormalization,
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    LayerScale,
    LocalContrastNormalization,
    LocalResponseNormalization,
    Normalization,
    Numbers,
    RMSNormalization,
    UnitNormalization,
    deviation,
)

from .preprocessing import as_float
from .site import LOWERINGS, Site

BATCH_NORMS = {2: "nn.BatchNorm1d", 3: "nn.BatchNorm1d", 4: "nn.BatchNorm2d", 5: "nn.BatchNorm3d"}
INSTANCE_NORMS = {3: "nn.InstanceNorm1d", 4: "nn.InstanceNorm2d", 5: "nn.InstanceNorm3d"}


@LOWERINGS.add("BatchNormalization")
def batch_normalization(layer: BatchNormalization, site: Site) -> Code:
    """PyTorch normalizes along axis 1: another changes places with it, and back.

    In training PyTorch averages the unbiased variance, n / (n - 1) times that of Keras.
    """
    (value,) = site.node.inputs
    (axis,) = layer.axes(value.type)
    place, rank = value.axis(axis), value.type.rank
    module = _batch_norm(layer, site, value.type.shape[axis])
    if rank not in BATCH_NORMS:
        return _flattened(site, module, place)
    return _along(place, module, site.x)


def _along(place: int, module: Code, x: Code) -> Code:
    """The module, which works along axis 1, along the axis at `place`."""
    if place == 1:
        return call(module, x)
    return join(call(module, join(x, f".transpose(1, {place})")), f".transpose(1, {place})")


def _batch_norm(layer: BatchNormalization, site: Site, features: object) -> Code:
    module = site.module(
        BATCH_NORMS.get(site.node.inputs[0].type.rank, "nn.BatchNorm1d"),
        argument(features, hint="in_channels"),
        eps=optional(layer.epsilon, 1e-5, "eps"),
        momentum=optional(round(1 - layer.momentum, 12), 0.1, "momentum"),
        affine=optional(layer.center or layer.scale, True, "affine"),
    )
    _leave_out(layer, site)
    return module


def _flattened(site: Site, module: Code, place: int) -> Code:
    """With more axes than PyTorch has a module for, those after the channels become one."""
    swapped = site.let("swapped", join(site.x, f".transpose(1, {place})"))
    flat = call(module, join(swapped, ".flatten(2)"))
    return join(flat, ".reshape(", swapped, f".shape).transpose(1, {place})")


def _leave_out(layer: Affine, site: Site) -> None:
    """Take the scale or the shift from the module, if the layer has only the other."""
    if layer.center != layer.scale and site.constructor is not None:
        name = "bias" if layer.scale else "weight"
        site.constructor = call(site.helper("without"), site.constructor, text(name))


@LOWERINGS.add("GroupNormalization")
def group_normalization(layer: GroupNormalization, site: Site) -> Code:
    """PyTorch cuts axis 1: another changes places with it, and back."""
    (value,) = site.node.inputs
    (axis,) = layer.axes(value.type)
    return _along(value.axis(axis), _group_norm(layer, site, value.type.shape[axis]), site.x)


def _group_norm(layer: GroupNormalization, site: Site, channels: object) -> Code:
    """With a shift alone PyTorch's module fails to give gradients."""
    sizes = (
        argument(layer.group_count(site.node.inputs[0].type), hint="groups"),
        argument(channels, hint="channels"),
    )
    eps = optional(layer.epsilon, 1e-5, "eps")
    if layer.center and not layer.scale:
        return site.module(site.helper("BiasGroupNorm"), *sizes, eps=eps)
    affine = optional(layer.scale, True, "affine")
    module = site.module("nn.GroupNorm", *sizes, eps=eps, affine=affine)
    _leave_out(layer, site)
    return module


@LOWERINGS.add("InstanceNormalization")
def instance_normalization(layer: InstanceNormalization, site: Site) -> Code:
    """With more axes than PyTorch has a module for, those after the channels become one."""
    (value,) = site.node.inputs
    module = site.module(
        INSTANCE_NORMS.get(value.type.rank, "nn.InstanceNorm1d"),
        argument(value.type.channels, hint="channels"),
        eps=optional(layer.epsilon, 1e-5, "eps"),
        affine=optional(layer.center or layer.scale, False, "affine"),
    )
    _leave_out(layer, site)
    if value.type.rank in INSTANCE_NORMS:
        return call(module, site.x)
    return join(call(module, join(site.x, ".flatten(2)")), ".reshape(", site.x, ".shape)")


@LOWERINGS.add("LayerNormalization")
def layer_normalization(layer: LayerNormalization, site: Site) -> Code:
    """A module if there are weights, whose sizes are known; else a function."""
    x, back = _moved_last(layer, site)
    eps = optional(layer.epsilon, 1e-5, "eps")
    if site.node.weights:
        module = site.module("nn.LayerNorm", _normalized_shape(layer, site), eps=eps)
        _leave_out(layer, site)
        return join(call(module, x), *back)
    (value,) = site.node.inputs
    shape = join(x, f".shape[-{len(layer.axes(value.type))}:]")
    return join(call("F.layer_norm", x, shape, eps=eps), *back)


@LOWERINGS.add("RMSNormalization")
def rms_normalization(layer: RMSNormalization, site: Site) -> Code:
    x, back = _moved_last(layer, site)
    eps = Literal(layer.epsilon, "eps")
    module = site.module("nn.RMSNorm", _normalized_shape(layer, site), eps=eps)
    return join(call(module, x), *back)


def _moved_last(
    layer: LayerNormalization | RMSNormalization, site: Site
) -> tuple[Code, tuple[Code, ...]]:
    """The input with the axes of the layer last, as PyTorch wants them, and the way back."""
    (value,) = site.node.inputs
    axes, rank = layer.axes(value.type), value.type.rank
    last = tuple(range(rank - len(axes), rank))
    if axes == last:
        return site.x, ()
    moved = site.let("moved", join(site.x, call(".movedim", axes, last)))
    return moved, (call(".movedim", last, axes),)


def _normalized_shape(layer: LayerNormalization | RMSNormalization, site: Site) -> Literal:
    (value,) = site.node.inputs
    sizes = tuple(value.type.shape[axis] for axis in layer.axes(value.type))
    return Literal(sizes[0] if len(sizes) == 1 else sizes, "normalized_shape")


@LOWERINGS.add("UnitNormalization")
def unit_normalization(layer: UnitNormalization, site: Site) -> Code:
    (value,) = site.node.inputs
    dims = tuple(sorted(value.axis(axis) for axis in layer.axes(value.type)))
    return call("F.normalize", site.x, dim=dims[0] if len(dims) == 1 else dims)


@LOWERINGS.add("Normalization")
def normalization(layer: Normalization, site: Site) -> Code:
    """Several numbers need a module, since they move to the device with it."""
    means, deviations = _flat(layer.mean), tuple(map(deviation, _flat(layer.variance)))
    if isinstance(layer.mean, tuple):
        module = site.module(
            site.helper("Normalize"),
            mean=Literal(means, "mean"),
            std=Literal(deviations, "std"),
            shape=_places(layer, site),
            invert=optional(layer.invert, False, "invert"),
        )
        return call(module, as_float(site))
    mean, std = Literal(means[0], "mean"), Literal(deviations[0], "std")
    if layer.invert:
        return join(as_float(site), " * ", std, " + ", mean)
    return join("(", as_float(site), " - ", mean, ") / ", std)


def _flat(numbers: Numbers) -> tuple[float, ...]:
    """The numbers of a nested list, in order; of one number, itself."""
    if not isinstance(numbers, tuple):
        return (numbers,)
    return tuple(each for part in numbers for each in _flat(part))


def _places(layer: Normalization, site: Site) -> tuple[int, ...]:
    """The shape that puts the numbers along their axes in memory; their first axis is -1."""
    (value,) = site.node.inputs
    sizes = layer.shape(value.type)
    order = value.order or range(value.type.rank)
    shape = [sizes[axis] for axis in order]
    first = next((place for place, size in enumerate(shape) if size > 1), len(shape) - 1)
    return (-1, *shape[first + 1 :])


@LOWERINGS.add("LayerScale")
def layer_scale(layer: LayerScale, site: Site) -> Code:
    (value,) = site.node.inputs
    after = value.type.rank - 1 - value.axis(-1)
    module = site.module(
        site.helper("LayerScale"),
        argument(value.type.channels, hint="channels"),
        shape=optional((-1, *[1] * after), (-1,), "shape"),
    )
    return call(module, site.x)


@LOWERINGS.add("LocalResponseNormalization")
def local_response_normalization(layer: LocalResponseNormalization, site: Site) -> Code:
    module = site.module(
        "nn.LocalResponseNorm",
        argument(layer.size, hint="size"),
        alpha=optional(layer.alpha, 1e-4, "alpha"),
        beta=optional(layer.beta, 0.75, "beta"),
        k=optional(layer.bias, 1.0, "k"),
    )
    return call(module, site.x)


@LOWERINGS.add("LocalContrastNormalization")
def local_contrast_normalization(layer: LocalContrastNormalization, site: Site) -> Code:
    module = site.module(
        site.helper("LocalContrastNorm"),
        argument(layer.size, hint="size"),
        eps=Literal(layer.epsilon, "eps"),
    )
    return call(module, site.x)
