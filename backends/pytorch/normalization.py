"""Normalizations."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, join, optional, text
from specc.layers.normalization import (
    BatchNormalization,
    LayerNormalization,
    LocalContrastNormalization,
    LocalResponseNormalization,
)

from .site import LOWERINGS, Site

BATCH_NORMS = {2: "nn.BatchNorm1d", 3: "nn.BatchNorm1d", 4: "nn.BatchNorm2d", 5: "nn.BatchNorm3d"}


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
    if place == 1:
        return call(module, site.x)
    return join(call(module, join(site.x, f".transpose(1, {place})")), f".transpose(1, {place})")


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


def _leave_out(layer: BatchNormalization | LayerNormalization, site: Site) -> None:
    """Take the scale or the shift from the module, if the layer has only the other."""
    if layer.center != layer.scale and site.constructor is not None:
        name = "bias" if layer.scale else "weight"
        site.constructor = call(site.helper("without"), site.constructor, text(name))


@LOWERINGS.add("LayerNormalization")
def layer_normalization(layer: LayerNormalization, site: Site) -> Code:
    """PyTorch normalizes over the last axes: others are moved there, and back."""
    (value,) = site.node.inputs
    axes, rank = layer.axes(value.type), value.type.rank
    last = tuple(range(rank - len(axes), rank))
    if axes == last:
        return _over_last(layer, site, site.x)
    moved = site.let("moved", join(site.x, call(".movedim", axes, last)))
    return join(_over_last(layer, site, moved), call(".movedim", last, axes))


def _over_last(layer: LayerNormalization, site: Site, x: Code) -> Code:
    """A module if there are weights, whose sizes are known; else a function."""
    (value,) = site.node.inputs
    axes = layer.axes(value.type)
    if not site.node.weights():
        shape = join(x, f".shape[-{len(axes)}:]")
        return call("F.layer_norm", x, shape, eps=optional(layer.epsilon, 1e-5, "eps"))
    sizes = tuple(value.type.shape[axis] for axis in axes)
    shape = sizes[0] if len(sizes) == 1 else sizes
    eps = optional(layer.epsilon, 1e-5, "eps")
    module = site.module("nn.LayerNorm", Literal(shape, "normalized_shape"), eps=eps)
    _leave_out(layer, site)
    return call(module, x)


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
