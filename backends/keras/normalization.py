"""Normalizations."""

from __future__ import annotations

from specc.emit.code import Argument, Code, argument, call, optional
from specc.layers.normalization import (
    BatchNormalization,
    LayerNormalization,
    LocalContrastNormalization,
    LocalResponseNormalization,
)

from . import helpers
from .arguments import axes, initializer, regularizer
from .site import LOWERINGS, Site


@LOWERINGS.add("BatchNormalization")
def batch_normalization(layer: BatchNormalization, site: Site) -> Code:
    made = site.layer(
        "layers.BatchNormalization",
        axis=optional(axes(layer.axes(site.type), site.type), -1),
        momentum=optional(layer.momentum, 0.99),
        epsilon=optional(layer.epsilon, 0.001),
        **_affine(layer),
        moving_mean_initializer=initializer(layer.moving_mean_initializer, "zeros"),
        moving_variance_initializer=initializer(layer.moving_variance_initializer, "ones"),
    )
    _affine_weights(layer, site)
    site.weight("running_mean", "moving_mean")
    site.weight("running_var", "moving_variance")
    return call(made, site.x)


@LOWERINGS.add("LayerNormalization")
def layer_normalization(layer: LayerNormalization, site: Site) -> Code:
    """The axes are counted from the front: Keras sorts them before it counts the negative ones.

    Keras on PyTorch normalizes over neighbouring axes only if the last one is among them.
    """
    rank, counted = site.type.rank, layer.axes(site.type)
    if counted[-1] == rank - 1:
        return call(_layer_normalization(layer, counted, site), site.x)
    order = (*(axis for axis in range(rank) if axis not in counted), *counted)
    last = tuple(range(rank - len(counted), rank))
    x = call(_permute(order, site, part="axes_last"), site.x)
    y = call(_layer_normalization(layer, last, site), x)
    return call(_permute(tuple(map(order.index, range(rank))), site, part="axes_back"), y)


def _layer_normalization(layer: LayerNormalization, counted: tuple[int, ...], site: Site) -> Code:
    _affine_weights(layer, site)
    return site.layer(
        "layers.LayerNormalization",
        axis=optional(axes(counted, site.type), -1),
        epsilon=optional(layer.epsilon, 0.001),
        **_affine(layer),
    )


def _permute(order: tuple[int, ...], site: Site, part: str) -> Code:
    return site.layer("layers.Permute", argument(order[1:], hint="dims"), part=part)


def _affine(layer: BatchNormalization | LayerNormalization) -> dict[str, Argument]:
    """The arguments about the learnt scale and shift."""
    return {
        "center": optional(layer.center, True),
        "scale": optional(layer.scale, True),
        "beta_initializer": initializer(layer.beta_initializer, "zeros"),
        "gamma_initializer": initializer(layer.gamma_initializer, "ones"),
        "beta_regularizer": regularizer(layer.beta_regularizer),
        "gamma_regularizer": regularizer(layer.gamma_regularizer),
    }


def _affine_weights(layer: BatchNormalization | LayerNormalization, site: Site) -> None:
    if layer.scale:
        site.weight("weight", "gamma")
    if layer.center:
        site.weight("bias", "beta")


@LOWERINGS.add("LocalResponseNormalization")
def local_response_normalization(layer: LocalResponseNormalization, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.local_response_normalization),
        argument(layer.size, hint="size"),
        alpha=layer.alpha,
        beta=layer.beta,
        bias=layer.bias,
    )
    return call(made, site.x)


@LOWERINGS.add("LocalContrastNormalization")
def local_contrast_normalization(layer: LocalContrastNormalization, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.local_contrast_normalization),
        argument(layer.size, hint="size"),
        epsilon=layer.epsilon,
    )
    return call(made, site.x)
