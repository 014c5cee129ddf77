"""What Keras's convolutions of all kinds are told, and where they keep their weights."""

from __future__ import annotations

from typing import Any

from specc.emit.code import Argument, argument, optional, text
from specc.windows import one_if_alike

from .activations import keyword
from .arguments import weights
from .site import Site


def kernel_size(layer: Any) -> Argument:
    """The argument that stands without its name."""
    return argument(one_if_alike(layer.kernel_size), hint="kernel_size")


def window(layer: Any, padding: str) -> dict[str, Argument]:
    """The arguments after it; `padding` is what no layer before has put on."""
    return {
        "strides": optional(one_if_alike(layer.strides), 1),
        "padding": optional(text(padding), "valid"),
    }


def affine(layer: Any) -> dict[str, Argument]:
    """The arguments from the activation on, of a layer with one kernel."""
    return {
        "activation": keyword(layer.activation),
        "use_bias": optional(layer.use_bias, True),
        **weights(layer, kernel="glorot_uniform", bias="zeros"),
    }


def bias_weight(layer: Any, site: Site, name: str) -> None:
    """Say where the bias of that name lives, if there is one."""
    if layer.use_bias:
        site.weight(name, "bias")
