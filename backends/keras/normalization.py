"""Normalizations."""

from __future__ import annotations

from specc.emit.code import Argument, Code, argument, call, optional, text
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
    RMSNormalization,
    UnitNormalization,
)

from .arguments import axes, initializer, weights
from .helpers import normalization as helpers
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


@LOWERINGS.add("GroupNormalization")
def group_normalization(layer: GroupNormalization, site: Site) -> Code:
    made = site.layer(
        "layers.GroupNormalization",
        groups=optional(layer.groups, 32),
        axis=optional(axes(layer.axes(site.type), site.type), -1),
        epsilon=optional(layer.epsilon, 0.001),
        **_affine(layer),
    )
    _affine_weights(layer, site)
    return call(made, site.x)


@LOWERINGS.add("InstanceNormalization")
def instance_normalization(layer: InstanceNormalization, site: Site) -> Code:
    """Keras has it as the groups of one channel."""
    made = site.layer(
        "layers.GroupNormalization",
        groups=-1,
        epsilon=optional(layer.epsilon, 0.001),
        **_affine(layer),
    )
    _affine_weights(layer, site)
    return call(made, site.x)


@LOWERINGS.add("LayerNormalization")
def layer_normalization(layer: LayerNormalization, site: Site) -> Code:
    """The axes are counted from the front: Keras sorts them before it counts the negative ones.

    Keras on PyTorch normalizes over neighbouring axes only if the last one is among them.
    """
    rank, counted = site.type.rank, layer.axes(site.type)
    if counted[-1] == rank - 1:
        return call(_layer_normalization(layer, counted, site), site.x)
    last = tuple(range(rank - len(counted), rank))
    return _with_last(counted, _layer_normalization(layer, last, site), site)


def _layer_normalization(layer: LayerNormalization, counted: tuple[int, ...], site: Site) -> Code:
    _affine_weights(layer, site)
    return site.layer(
        "layers.LayerNormalization",
        axis=optional(axes(counted, site.type), -1),
        epsilon=optional(layer.epsilon, 0.001),
        **_affine(layer),
    )


@LOWERINGS.add("RMSNormalization")
def rms_normalization(layer: RMSNormalization, site: Site) -> Code:
    """Keras's weight fits only the last axes: others are moved there, and back."""
    rank, counted = site.type.rank, layer.axes(site.type)
    last = tuple(range(rank - len(counted), rank))
    made = site.layer(
        "layers.RMSNormalization",
        axis=optional(axes(last, site.type), -1),
        epsilon=optional(layer.epsilon, 1e-6),
    )
    site.weight("weight", "scale")
    return call(made, site.x) if counted == last else _with_last(counted, made, site)


def _with_last(counted: tuple[int, ...], made: Code, site: Site) -> Code:
    """A layer that works on the last axes, on the axes `counted`."""
    rank = site.type.rank
    order = (*(axis for axis in range(rank) if axis not in counted), *counted)
    x = call(_permute(order, site, part="axes_last"), site.x)
    return call(_permute(tuple(map(order.index, range(rank))), site, "axes_back"), call(made, x))


def _permute(order: tuple[int, ...], site: Site, part: str) -> Code:
    return site.layer("layers.Permute", argument(order[1:], hint="dims"), part=part)


def _affine(layer: Affine) -> dict[str, Argument]:
    """The arguments about the learnt scale and shift."""
    return {
        "center": optional(layer.center, True),
        "scale": optional(layer.scale, True),
        **weights(layer, beta="zeros", gamma="ones"),
    }


def _affine_weights(layer: Affine, site: Site) -> None:
    if layer.scale:
        site.weight("weight", "gamma")
    if layer.center:
        site.weight("bias", "beta")


@LOWERINGS.add("UnitNormalization")
def unit_normalization(layer: UnitNormalization, site: Site) -> Code:
    axis = axes(layer.axes(site.type), site.type)
    return call(site.layer("layers.UnitNormalization", axis=optional(axis, -1)), site.x)


@LOWERINGS.add("Normalization")
def normalization(layer: Normalization, site: Site) -> Code:
    """One number for all needs no axis, whose size Keras would have to know."""
    axis = axes(layer.axes(site.type), site.type) if isinstance(layer.mean, tuple) else None
    made = site.layer(
        "layers.Normalization",
        axis=optional(axis, -1),
        mean=argument(layer.mean, hint="mean"),
        variance=argument(layer.variance, hint="variance"),
        invert=optional(layer.invert, False),
    )
    return call(made, site.x)


@LOWERINGS.add("LayerScale")
def layer_scale(layer: LayerScale, site: Site) -> Code:
    """A product without a sum, which is what this equation says.

    Its axes have names each: with dots, Keras takes the sizes of the others the other way round.
    """
    names = "bdefghi"[: site.type.rank - 1]
    sizes = tuple(size if isinstance(size, int) else None for size in site.type.shape[1:])
    made = site.layer(
        "layers.EinsumDense",
        text(f"{names}c,c->{names}c"),
        output_shape=argument(sizes[0] if len(sizes) == 1 else sizes, hint="sizes"),
        kernel_initializer=call("keras.initializers.Constant", layer.init_values),
    )
    site.weight("weight", "kernel")
    return call(made, site.x)


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
